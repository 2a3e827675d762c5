"""Calls whose worker died or refused them: all find another one, evenly, whatever one of them does."""

import datetime as dt
from collections import Counter
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from common.actor import Actor
from common.errors import DomainError
from interviews import services
from interviews.models import Call, Leg, Participant, TimelineEvent
from interviews.proof import remember_proof
from interviews.services.content import interrupt_content
from interviews.states import ParticipantState
from media_worker.models import MediaWorker
from tests.support.factories import PARTY_ACTOR, heartbeat, make_call
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db(transaction=True)


def stranded(count: int = 1) -> list[Call]:
    """Running calls of a worker that is heard no more."""
    calls = [make_call() for _ in range(count)]
    Call.objects.update(media_worker="gone", media_worker_started_at=timezone.now(), media_epoch=1)
    return calls


@pytest.mark.parametrize(
    "state", [{"calls": 10}, {"lagging": True}, {"holds_another": False}], ids=str
)
def test_a_running_call_moves_to_a_worker_that_takes_no_new_one(state: dict[str, object]) -> None:
    [call] = stranded()
    with fake_worker() as worker:
        MediaWorker.objects.update(**state)

        assert services.move_stranded_calls() == 1

        assert worker.told("open")[0]["epoch"] == 2
    call.refresh_from_db()
    assert call.media_worker == "fake"


@pytest.mark.parametrize(("proof", "begins_ms"), [(True, 300_000), (False, 302_000)])
def test_the_gap_begins_with_the_last_proof_of_the_dead_worker_not_when_that_was_noticed(
    proof: bool, begins_ms: int
) -> None:
    [call] = stranded()
    told_at = timezone.now()
    Call.objects.update(clock_started_at=told_at - dt.timedelta(minutes=5))
    call.participants.update(state=ParticipantState.PRESENT)
    seat, customer = call.participants.order_by("-role")
    call.events.create(kind="gap", participant=customer, at_ms=200_000, until_ms=300_300)
    with fake_worker():
        with time_machine.travel(told_at, tick=False):
            if proof:
                remember_proof(str(call.pk), {"recording": True, "tracks": []})
        with time_machine.travel(told_at + dt.timedelta(seconds=2), tick=False):
            services.move_stranded_calls()

    gaps = TimelineEvent.objects.filter(kind="gap", until_ms=None)
    assert dict(gaps.values_list("participant_id", "at_ms")) == {
        seat.pk: begins_ms,
        customer.pk: max(begins_ms, 300_300),  # the one before had just ended
    }


def test_many_calls_of_a_dead_worker_are_shared_among_those_that_are_left() -> None:
    stranded(12)
    with fake_worker(worker_id="one"), fake_worker(worker_id="two"):
        MediaWorker.objects.filter(worker_id="two").update(calls=2)

        assert services.move_stranded_calls() == 12

    assert Counter(Call.objects.values_list("media_worker", flat=True)) == {"one": 7, "two": 5}
    assert dict(MediaWorker.objects.values_list("worker_id", "calls")) == {"one": 7, "two": 7}


def test_a_heartbeat_is_answered_before_any_call_is_moved(settings) -> None:
    [call] = stranded()
    with fake_worker() as worker:
        beat = heartbeat("fake", control_url=MediaWorker.objects.get().control_url)
        answer = Client().post(
            "/internal/media/v1/heartbeat",
            beat.model_dump_json(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {settings.MEDIA_CONTROL_TOKEN}"},
        )

        assert answer.status_code == 200
        assert worker.asked == []
    call.refresh_from_db()
    assert call.media_worker == "gone"


@pytest.mark.parametrize("refusal", ["disk_full", "lagging", "draining"])
def test_a_call_that_its_worker_refuses_to_open_goes_to_another(refusal: str) -> None:
    call = make_call()
    place = call.participants.get(role="customer")
    with fake_worker(call) as first, fake_worker(worker_id="other") as other:
        first.refuses = refusal

        answer = services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)

        assert [body["epoch"] for body in other.told("open")] == [2]
        assert len(other.told("legs")) == 1
    call.refresh_from_db()
    leg = Leg.objects.get(participant=place)
    assert (call.media_worker, call.media_epoch) == ("other", 2)
    assert (leg.media_epoch, leg.closed_at, answer["media_epoch"]) == (2, None, 2)


def test_a_call_that_no_worker_opens_is_refused_with_the_reason_and_may_be_tried_again() -> None:
    call = make_call()
    place = call.participants.get(role="customer")
    with fake_worker(call) as first, fake_worker(worker_id="other") as other:
        first.refuses = other.refuses = "disk_full"
        with pytest.raises(DomainError) as refusal:
            services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
        assert refusal.value.retryable
        assert not Leg.objects.filter(closed_at=None).exists()

        first.refuses = ""
        services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)

    call.refresh_from_db()
    assert call.media_worker == "fake"


def test_a_call_in_which_somebody_is_stays_where_it_is_when_its_worker_refuses() -> None:
    call = make_call()
    seat, customer = call.participants.order_by("-role")
    with fake_worker(call) as first, fake_worker(worker_id="other") as other:
        Leg.objects.create(participant=seat, number=1, media_epoch=1, connected_at=timezone.now())
        first.refuses = "draining"

        with pytest.raises(DomainError):
            services.connect_media(customer.pk, offer_sdp="v=0", actor=PARTY_ACTOR)

        assert other.asked == []
    call.refresh_from_db()
    assert (call.media_worker, call.media_epoch) == ("fake", 1)


def test_a_moved_call_that_its_new_worker_refuses_goes_on_to_the_next() -> None:
    [call] = stranded()
    with fake_worker(worker_id="one") as one, fake_worker(worker_id="two") as two:
        one.refuses = "draining"

        assert services.move_stranded_calls() == 1

        assert [body["epoch"] for body in two.told("open")] == [3]
    call.refresh_from_db()
    assert (call.media_worker, call.media_epoch) == ("two", 3)


# --- one that fails stops no other ----------------------------------------------------------


def test_a_call_that_cannot_be_moved_does_not_keep_the_others_from_moving(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = stranded(3)
    true = interrupt_content

    def broken(call: Call) -> None:
        if call.pk == calls[0].pk:
            raise RuntimeError("this one only")
        true(call)

    monkeypatch.setattr("interviews.services.media.interrupt_content", broken)
    with fake_worker():
        assert services.move_stranded_calls() == 2

    moved = Call.objects.exclude(media_worker="gone").values_list("pk", flat=True)
    assert set(moved) == {call.pk for call in calls[1:]}
    assert f"call={calls[0].pk} was not moved" in caplog.text


def test_a_place_that_cannot_be_given_up_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    places = [make_call().participants.get(role="customer") for _ in range(3)]
    Participant.objects.filter(pk__in=[place.pk for place in places]).update(
        state=ParticipantState.LOST, reconnect_until=timezone.now() - dt.timedelta(seconds=1)
    )

    def broken(participant_id: UUID, *, actor: Actor, reason: str) -> None:
        if participant_id == places[0].pk:
            raise RuntimeError("this one only")
        services.leave_call(participant_id, actor=actor, reason=reason)

    monkeypatch.setattr("interviews.services.sweeps.leave_call", broken)

    assert services.expire_reconnects() == 2

    left = Participant.objects.filter(state=ParticipantState.LEFT).values_list("pk", flat=True)
    assert set(left) == {place.pk for place in places[1:]}
    assert f"{places[0].pk}: _give_up failed" in caplog.text
