"""What media workers tell: applied once, in order, and only by the worker that has the call."""

import datetime as dt
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from common.errors import DomainError
from interviews import services
from interviews.models import Call, TimelineEvent
from interviews.selectors import connected_leg
from interviews.states import ParticipantState
from media_worker import protocol as p
from media_worker.models import MediaWorker
from media_worker.selectors import choose_worker
from media_worker.services import record_heartbeat
from queueing import services as queueing
from queueing.models import CallRequest, Offer
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.factories import (
    PARTY_ACTOR,
    SEAT_ACTOR,
    consent,
    heartbeat,
    make_call,
    make_seat,
    make_task,
)
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db(transaction=True)


def event(call: Call, kind: str, at_ms: int, *, epoch: int = 1, **fields: object) -> p.Event:
    body = {"id": uuid4().hex, "call_id": str(call.pk), "epoch": epoch, "kind": kind}
    return p.Event.model_validate({**body, "at_ms": at_ms, **fields})


def beat(worker_id: str = "w", **fields: object) -> p.Heartbeat:
    return heartbeat(worker_id, control_url="http://127.0.0.1:9", **fields)


def test_a_degraded_recording_is_a_stretch_of_the_timeline() -> None:
    call = make_call()

    services.apply_media_events(
        [
            event(call, "recording.degraded", 5000, payload={"reason": "disk_full"}),
            event(call, "recording.restored", 9000),
        ]
    )

    stretch = TimelineEvent.objects.get(call=call, kind="recording.degraded")
    assert (stretch.at_ms, stretch.until_ms) == (5000, 9000)


def test_what_a_worker_says_that_the_call_has_left_changes_nothing() -> None:
    call = make_call()
    with fake_worker(call):
        Call.objects.filter(pk=call.pk).update(media_epoch=3)

        services.apply_media_events([event(call, "recording.stalled", 5000, epoch=2)])
        assert not TimelineEvent.objects.filter(call=call).exists()

        services.apply_media_events([event(call, "recording.stalled", 6000, epoch=3)])
        assert TimelineEvent.objects.get(call=call).at_ms == 6000


def test_the_last_heartbeat_of_a_worker_that_stops_strands_its_calls_at_once() -> None:
    call = make_call()
    place = call.participants.get(role="seat")
    place.state = ParticipantState.PRESENT
    place.save()
    with fake_worker(call) as other:
        record_heartbeat(beat("old"))
        old = MediaWorker.objects.get(worker_id="old")
        Call.objects.filter(pk=call.pk).update(
            media_worker="old", media_worker_started_at=old.started_at
        )
        assert services.move_stranded_calls() == 0

        record_heartbeat(beat("old", draining=True, stopping=True))
        assert services.move_stranded_calls() == 1

        call.refresh_from_db()
        place.refresh_from_db()
        assert (call.media_worker, call.media_epoch) == ("fake", 2)
        assert place.state == ParticipantState.LOST
        assert place.reconnect_until is not None
        assert place.reconnect_until > timezone.now() + dt.timedelta(seconds=170)
        assert other.told("open")[0]["epoch"] == 2


def test_a_worker_that_refuses_the_moved_call_does_not_stop_the_others_from_moving() -> None:
    call = make_call()
    with fake_worker(call) as worker:
        worker.refuses = "call_held_by_another_worker"
        Call.objects.filter(pk=call.pk).update(media_worker="gone")

        assert services.move_stranded_calls() == 1

        call.refresh_from_db()
        assert call.media_worker == "fake"


def test_a_call_whose_recording_no_disk_can_hold_is_refused_with_the_reason() -> None:
    task = make_task()
    party = task.parties.get()
    consent(party)
    record_heartbeat(beat(holds_another=False))

    with pytest.raises(DomainError) as refusal:
        queueing.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)

    assert refusal.value.code == "spool_full"
    assert not CallRequest.objects.exists()


def test_nobody_is_rung_while_every_worker_is_full_and_somebody_is_as_soon_as_one_is_not() -> None:
    seat = make_seat()
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())
    task = make_task()
    party = task.parties.get()
    consent(party)
    record_heartbeat(beat(calls=10))

    queueing.call_in(task.pk, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    assert not Offer.objects.exists()
    with pytest.raises(DomainError) as refusal:
        services.open_call(task.pk, seat=seat, party_id=party.pk, actor=SEAT_ACTOR)
    assert refusal.value.code == "media_busy"

    record_heartbeat(beat(calls=9))
    assert queueing.dispatch_waiting() == 1
    assert choose_worker().worker_id == "w"


def test_who_has_no_devices_is_there_with_a_gap_that_ends_with_the_first_packet() -> None:
    call = make_call()
    place = call.participants.get(role="seat")
    leg = place.legs.create(number=1, media_epoch=1)

    def tell(kind: str, at_ms: int) -> None:
        about = {"participant_id": str(place.pk), "leg_id": str(leg.pk)}
        services.apply_media_events([event(call, kind, at_ms, epoch=1, **about)])

    tell("leg.connected", 1000)
    tell("leg.quiet", 5000)

    place.refresh_from_db()
    assert (place.state, place.reconnect_until) == (ParticipantState.PRESENT, None)
    gap = TimelineEvent.objects.get(call=call, kind="gap")
    assert (gap.at_ms, gap.until_ms, gap.payload) == (5000, None, {"cause": "devices"})

    # The connection is lost as well: one gap, not two.
    tell("leg.lost", 7000)
    tell("leg.recovered", 9000)
    gap = TimelineEvent.objects.get(call=call, kind="gap")
    assert (gap.at_ms, gap.until_ms) == (5000, 9000)


def test_an_unmute_ends_the_stretch_of_the_mute() -> None:
    call = make_call()
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        services.set_muted(call.pk, place.pk, muted=True, actor=SEAT_ACTOR)
        services.set_muted(call.pk, place.pk, muted=False, actor=SEAT_ACTOR)

        assert [body["muted"] for body in worker.told("mute")] == [True, False]
    stretch = TimelineEvent.objects.get(call=call, kind="mute")
    end = TimelineEvent.objects.get(call=call, kind="unmute")
    assert stretch.until_ms == end.at_ms


def test_the_connection_that_is_up_is_named_whichever_device_made_it() -> None:
    call = make_call()
    place = call.participants.get(role="customer")
    with fake_worker(call):
        first = services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
        assert connected_leg(place.pk) is None
        services.apply_media_events(
            [event(call, "leg.connected", 10, leg_id=first["leg_id"], participant_id=str(place.pk))]
        )
        assert connected_leg(place.pk) == first["leg_id"]

        second = services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
        assert connected_leg(place.pk) is None
        services.apply_media_events(
            [
                event(
                    call, "leg.connected", 20, leg_id=second["leg_id"], participant_id=str(place.pk)
                )
            ]
        )
        assert connected_leg(place.pk) == second["leg_id"]


def tell(events: list[p.Event], settings: Settings) -> int:
    """The status of the answer to a worker."""
    token = {"Authorization": f"Bearer {settings.MEDIA_CONTROL_TOKEN}"}
    answer = Client(raise_request_exception=False).post(
        p.EVENTS_PATH,
        p.EventBatch(worker_id="w", events=events).model_dump_json(),
        content_type="application/json",
        headers=token,
    )
    return answer.status_code


def test_an_event_that_can_never_be_applied_is_refused_for_good_after_those_before_it(
    settings: Settings,
) -> None:
    call = make_call()
    good = event(call, "recording.stalled", 5000)
    poison = event(call, "track.part_closed", 5100)  # of which file?
    later = event(call, "recording.resumed", 6000)

    assert tell([good, poison, later], settings) == 422
    assert call.events.get(kind="recording.stalled").until_ms is None

    assert tell([poison], settings) == 422
    assert tell([good, later], settings) == 200
    assert call.events.get(kind="recording.stalled").until_ms == 6000


def test_what_fails_because_redis_is_away_may_be_sent_again(settings: Settings) -> None:
    call = make_call()
    proof = event(call, "proof", 5000, payload={"tracks": []})
    real = settings.CACHES["default"]["LOCATION"]
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}

    assert tell([proof], settings) == 500

    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": real}}
    assert tell([proof], settings) == 200
