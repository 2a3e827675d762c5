"""A mute is what the room does: the timeline tells it when it is so, and only then (WB-5)."""

import pytest

from audit.models import AuditEntry
from common.errors import DomainError
from interviews import services
from interviews.models import Call
from interviews.services.calls import set_muted_row
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call() -> Call:
    return make_call()


def test_who_is_muted_before_the_worker_knows_him_is_muted_from_the_first_packet(
    call: Call,
) -> None:
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        worker.refuses = "no_such_participant"
        services.set_muted(call.pk, place.pk, muted=True, actor=SEAT_ACTOR)
        worker.refuses = ""
        services.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)

    assert worker.told("legs")[0]["muted"] is True
    assert call.events.filter(kind="mute", participant=place).count() == 1


def test_who_connects_while_the_mute_is_written_down_is_muted_with_it(call: Call) -> None:
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:

        def known_from_the_second(_words: str) -> None:
            worker.refuses = "no_such_participant" if len(worker.asked) == 1 else ""

        worker.before_answering = known_from_the_second
        services.set_muted(call.pk, place.pk, muted=True, actor=SEAT_ACTOR)

    assert [told["muted"] for told in worker.told("mute")] == [True, True]
    assert call.events.filter(kind="mute", participant=place).count() == 1


def test_who_is_muted_while_the_worker_answers_his_offer_is_muted_after_it(call: Call) -> None:
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:

        def mute_meanwhile(words: str) -> None:
            if words == "legs":
                set_muted_row(place.pk, muted=True, actor=SEAT_ACTOR)

        worker.before_answering = mute_meanwhile
        services.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)

    assert worker.told("legs")[0]["muted"] is False
    assert [told["muted"] for told in worker.told("mute")] == [True]


@pytest.mark.parametrize("refusal", ["bad_request", "item_unavailable"])
def test_a_mute_that_the_worker_refuses_is_on_no_timeline(call: Call, refusal: str) -> None:
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        worker.refuses = refusal
        with pytest.raises(DomainError):
            services.set_muted(call.pk, place.pk, muted=True, actor=SEAT_ACTOR)

    place.refresh_from_db()
    assert not place.muted
    assert not call.events.filter(kind="mute").exists()


def test_what_is_so_already_is_told_to_the_worker_and_not_to_the_timeline(call: Call) -> None:
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        for muted in (False, True, True, False):
            services.set_muted(call.pk, place.pk, muted=muted, actor=SEAT_ACTOR)

    assert [told["muted"] for told in worker.told("mute")] == [False, True, True, False]
    marks = call.events.filter(kind__in=["mute", "unmute"]).order_by("created_at")
    assert [mark.kind for mark in marks] == ["mute", "unmute"]
    said = AuditEntry.objects.filter(action__in=["participant.muted", "participant.unmuted"])
    assert said.count() == 2
