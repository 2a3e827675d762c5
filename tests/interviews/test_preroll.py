"""What plays by itself on connection: in order, once, and the seat is heard afterwards (MKT-2)."""

from pathlib import Path

import pytest

from interviews import services
from interviews.models import Call, Leg, PlayOut
from interviews.services import preroll
from interviews.services.calls import call_ms
from interviews.services.media_events import apply_media_events
from interviews.states import CallState
from marketing_media.models import ProductMedia
from media_worker.gateway import ItemNotFetched, ItemOnItsWay
from media_worker.protocol import Event
from outbox.models import OutboxMessage
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker
from tests.support.media import put_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_items(tmp_path: Path, settings):
    settings.STORAGE_DIR = tmp_path
    items = [
        put_item(tmp_path, product_code="YXD", title=title, seconds=1, no_skip=no_skip)
        for title, no_skip in (("风险提示", True), ("产品介绍", False))
    ]
    for order, item in enumerate(items):
        ProductMedia.objects.filter(item=item).update(auto_play=True, order=order)
    return items


@pytest.fixture
def call():
    return make_call()


@pytest.fixture
def worker(call):
    with fake_worker(call) as fake:
        yield fake


def connect_both(call: Call) -> None:
    for place in call.participants.all():
        leg = Leg.objects.create(participant=place, number=1, media_epoch=1)
        apply_media_events([_event(call, "leg.connected", str(leg.pk), str(place.pk))])
    call.refresh_from_db()


def _event(call: Call, kind: str, leg_id: str, participant_id: str, **payload: object) -> Event:
    return Event(
        id=f"{kind}-{leg_id}",
        call_id=str(call.pk),
        epoch=1,
        kind=kind,
        at_ms=5000,
        participant_id=participant_id,
        leg_id=leg_id,
        payload=payload,
    )


def comes_to_its_end(call: Call) -> None:
    play = PlayOut.objects.get(call=call, state="PLAYING")
    apply_media_events(
        [_event(call, "playout.ended", str(play.pk), "media", outcome="ended", position_ms=1000)]
    )


def mutes(worker) -> list[bool]:
    return [told["muted"] for told in worker.told("mute")]


def test_without_such_items_the_call_is_live_at_once(call, worker):
    connect_both(call)

    assert call.state == CallState.LIVE
    assert call.live_at is not None
    assert not worker.asked


def test_items_play_in_their_order_and_then_the_seat_is_heard(call, worker, two_items):
    connect_both(call)
    assert (call.state, call.live_at) == (CallState.PREROLL, None)
    assert OutboxMessage.objects.filter(topic="call.preroll").count() == 1

    preroll.play_next(call.pk)
    preroll.play_next(call.pk)
    comes_to_its_end(call)
    assert OutboxMessage.objects.filter(topic="call.preroll").count() == 2
    preroll.play_next(call.pk)
    comes_to_its_end(call)
    assert set(mutes(worker)) == {True}
    preroll.play_next(call.pk)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert call.live_at is not None
    assert [told["title"] for told in worker.told("play")] == ["风险提示", "产品介绍"]
    assert mutes(worker)[-1] is False


def test_the_seats_own_mute_holds_after_the_items_and_none_of_its_acts_opens_it_before(
    call, worker, two_items
):
    connect_both(call)
    seat = call.participants.get(role="seat")
    services.set_muted(call.pk, seat.pk, muted=False, actor=SEAT_ACTOR)
    assert mutes(worker) == [True]
    services.set_muted(call.pk, seat.pk, muted=True, actor=SEAT_ACTOR)
    for item in two_items:
        ProductMedia.objects.filter(item=item).delete()

    preroll.play_next(call.pk)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert mutes(worker)[-1] is True


def test_an_item_that_cannot_be_played_holds_nobody_up(call, worker, two_items):
    connect_both(call)
    worker.refuses_plays = True

    preroll.play_next(call.pk)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert call.events.filter(kind="media.failed").count() == 2


@pytest.mark.parametrize("reason", ["item_unavailable", "spool_unwritable"])
def test_an_item_that_cannot_be_fetched_is_tried_again_for_a_while_and_then_passed_over(
    call, worker, two_items, reason
):
    connect_both(call)
    worker.fails_items = reason

    with pytest.raises(ItemNotFetched):
        preroll.play_next(call.pk, since_ms=call_ms(call))
    assert not call.events.filter(kind="media.failed").exists()
    preroll.play_next(call.pk, since_ms=call_ms(call) - preroll.TRIED_FOR_MS)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert [mark.payload["title"] for mark in call.events.filter(kind="media.failed")] == [
        "风险提示",
        "产品介绍",
    ]
    assert not worker.told("play/act")  # nothing plays that would have to be stopped
    asked = OutboxMessage.objects.get(topic="call.preroll").payload
    assert call_ms(call) - asked["at_ms"] < 60_000


def test_an_item_that_failed_is_not_waited_for_again_after_the_next_one(call, worker, two_items):
    connect_both(call)
    worker.fails_items, worker.failing = "item_unavailable", [two_items[0].pk]
    preroll.play_next(call.pk, since_ms=-preroll.TRIED_FOR_MS)
    comes_to_its_end(call)

    preroll.play_next(call.pk)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert [told["title"] for told in worker.told("play")] == ["产品介绍"]
    assert call.events.filter(kind="media.failed").count() == 1


def test_an_item_on_its_way_is_waited_for_longer_and_not_for_ever(call, worker, two_items):
    connect_both(call)
    worker.here_percent = 50
    with pytest.raises(ItemOnItsWay):
        preroll.play_next(call.pk, since_ms=call_ms(call) - preroll.TRIED_FOR_MS)

    preroll.play_next(call.pk, since_ms=call_ms(call) - preroll.AWAITED_FOR_MS)

    call.refresh_from_db()
    assert call.state == CallState.LIVE
    assert call.events.filter(kind="media.failed").count() == 2


def test_a_skippable_item_that_is_stopped_gives_way_to_the_next(call, worker, two_items):
    connect_both(call)
    preroll.play_next(call.pk)
    comes_to_its_end(call)
    preroll.play_next(call.pk)

    services.control_play(call.pk, "stop", actor=SEAT_ACTOR)

    assert OutboxMessage.objects.filter(topic="call.preroll").count() == 3
    preroll.play_next(call.pk)
    call.refresh_from_db()
    assert call.state == CallState.LIVE
