"""To whom an item plays: never to nobody, and who saw which stretch is written down (MKT-3)."""

from pathlib import Path

import pytest

from interviews import services
from interviews.models import Call, Leg, Participant, PlayOut
from interviews.selectors import call_view
from interviews.services.content import interrupt_content
from interviews.services.media_events import apply_media_events
from interviews.states import CallState, PlayState
from media_worker.protocol import Event
from outbox.services import deliver_one
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_call, make_task, person
from tests.support.fake_worker import FakeWorker, fake_worker
from tests.support.media import put_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def call() -> Call:
    return make_call(make_task(person("张晓明"), person("李红", "CO_BORROWER")))


@pytest.fixture
def worker(call: Call):
    with fake_worker(call) as fake:
        yield fake


@pytest.fixture
def item(tmp_path: Path, settings):
    settings.STORAGE_DIR = tmp_path
    return put_item(tmp_path, product_code="YXD", title="必看", seconds=1, no_skip=True)


def told(call: Call, kind: str, place: Participant, at_ms: int) -> None:
    leg = place.legs.filter(closed_at=None).first() or Leg.objects.create(
        participant=place, number=1, media_epoch=1
    )
    apply_media_events(
        [
            Event(
                id=f"{kind}-{leg.pk}-{at_ms}",
                call_id=str(call.pk),
                epoch=1,
                kind=kind,
                at_ms=at_ms,
                participant_id=str(place.pk),
                leg_id=str(leg.pk),
            )
        ]
    )


def both_there(call: Call) -> Participant:
    """Seat and the one customer are connected. Gives the customer."""
    for place in call.participants.all():
        told(call, "leg.connected", place, 0)
    call.refresh_from_db()
    assert call.state == CallState.LIVE
    return call.participants.get(role="customer")


def ends(call: Call, play: PlayOut, at_ms: int) -> None:
    apply_media_events(
        [
            Event(
                id=f"ended-{play.pk}",
                call_id=str(call.pk),
                epoch=1,
                kind="playout.ended",
                at_ms=at_ms,
                participant_id="media",
                leg_id=str(play.pk),
                payload={"outcome": "ended", "position_ms": 1000},
            )
        ]
    )


def deliver() -> None:
    while deliver_one():
        pass


def acts(worker: FakeWorker) -> list[str]:
    return [body["act"] for body in worker.told("play/act")]


def test_what_plays_halts_with_the_last_customer_and_goes_on_with_the_first(call, worker, item):
    customer = both_there(call)
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    deliver()
    assert acts(worker) == []

    told(call, "leg.lost", customer, 900_000)
    deliver()

    play.refresh_from_db()
    assert (acts(worker), play.state, play.held) == (["pause"], PlayState.PAUSED, True)
    assert call_view(call.pk, for_seat=True)["playout"]["state_label"] == "客户不在场，已暂停"
    told(call, "leg.recovered", customer, 960_000)
    deliver()
    play.refresh_from_db()
    assert (acts(worker), play.state, play.held) == (
        ["pause", "resume"],
        PlayState.PLAYING,
        False,
    )


def test_who_saw_which_stretch_is_kept_with_the_item(call, worker, item):
    first = both_there(call)
    party = call.task.parties.exclude(pk=first.party_id).get()
    consent(party)
    second = services.join_call(call.task_id, party_id=party.pk, actor=PARTY_ACTOR)
    assert second is not None
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    begun = call.events.get(kind="media").at_ms

    told(call, "leg.connected", second, begun + 200)
    told(call, "leg.lost", first, begun + 500)
    deliver()
    ends(call, play, begun + 1000)

    seen = call.events.get(kind="media").payload["audience"]
    assert [(s["participant_id"], s["from_ms"] - begun, s["until_ms"] - begun) for s in seen] == [
        (str(first.pk), pytest.approx(0, abs=50), 500),
        (str(second.pk), 200, 1000),
    ]
    assert acts(worker) == []  # one was there all the time
    play.refresh_from_db()
    assert play.audience == seen


def test_what_the_seat_paused_does_not_go_on_by_itself(call, worker, item):
    customer = both_there(call)
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    services.control_play(call.pk, "pause", actor=SEAT_ACTOR)

    told(call, "leg.lost", customer, 900_000)
    told(call, "leg.recovered", customer, 960_000)
    deliver()

    play.refresh_from_db()
    assert (acts(worker), play.state) == (["pause"], PlayState.PAUSED)


def test_what_the_seat_takes_up_for_nobody_is_halted_again(call, worker, item):
    customer = both_there(call)
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    told(call, "leg.lost", customer, 900_000)
    deliver()

    services.control_play(call.pk, "resume", actor=SEAT_ACTOR)
    deliver()

    play.refresh_from_db()
    assert (acts(worker), play.held) == (["pause", "resume", "pause"], True)


def test_after_a_workers_death_it_goes_on_when_a_customer_is_back(call, worker, item):
    customer = both_there(call)
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    told(call, "leg.lost", customer, 900_000)
    worker.plays.clear()
    interrupt_content(call)
    deliver()
    assert worker.told("play")[1:] == []

    told(call, "leg.recovered", customer, 960_000)
    deliver()

    play.refresh_from_db()
    assert len(worker.told("play")) == 2
    assert (play.state, play.held) == (PlayState.PLAYING, False)
