"""What the seat plays and shares: rows, timeline, refusals, and what is left when a worker dies."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from audit.models import AuditEntry
from interviews import services
from interviews.errors import (
    AlreadyPlaying,
    CallOver,
    ItemUnavailable,
    NoSkip,
    NotConnected,
    NothingPlaying,
)
from interviews.models import Call, PlayOut
from interviews.selectors import call_view
from interviews.services.content import interrupt_content
from interviews.services.media_events import apply_media_events
from interviews.services.playout import item_key
from interviews.states import CallState, PlayState
from media_worker.gateway import ItemOnItsWay, MediaRefused, MediaUnavailable
from media_worker.protocol import Event
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker
from tests.support.media import put_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def storage(tmp_path: Path, settings) -> Path:
    settings.STORAGE_DIR = tmp_path
    return tmp_path


@pytest.fixture
def call():
    made = make_call()
    made.state = CallState.LIVE
    made.save()
    return made


@pytest.fixture
def worker(call):
    with fake_worker(call) as fake:
        yield fake


@pytest.fixture
def item(storage):
    return put_item(storage, product_code="YXD", title="风险提示", seconds=1)


@pytest.fixture
def whole_item(storage):
    return put_item(storage, product_code="YXD", title="必看", seconds=1, no_skip=True)


def event(call: Call, kind: str, leg_id: str, at_ms: int = 9000, **more) -> Event:
    return Event(
        id=f"{kind}-{leg_id}-{at_ms}",
        call_id=str(call.pk),
        epoch=1,
        kind=kind,
        at_ms=at_ms,
        participant_id=more.pop("participant_id", "media"),
        leg_id=leg_id,
        payload=more,
    )


def test_an_item_plays_is_paused_goes_on_and_comes_to_its_end(call, worker, item):
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    assert worker.told("play")[0]["item_key"] == item_key(item.pk, item.play_sha256)
    apply_media_events([event(call, "playout.progress", str(play.pk), position_ms=400)])
    assert services.control_play(call.pk, "pause", actor=SEAT_ACTOR).state == PlayState.PAUSED
    shown = call_view(call.pk, for_seat=False)["playout"]
    assert (shown["title"], shown["state"], shown["position_ms"]) == ("风险提示", "PAUSED", 400)
    services.control_play(call.pk, "resume", actor=SEAT_ACTOR)

    ended = event(call, "playout.ended", str(play.pk), outcome="ended", position_ms=990)
    apply_media_events([ended, ended])

    play.refresh_from_db()
    assert (play.state, play.position_ms) == (PlayState.ENDED, 1000)
    on_timeline = call.events.filter(kind__startswith="media").order_by("at_ms", "created_at")
    assert [mark.kind for mark in on_timeline] == ["media", "media.paused", "media.resumed"]
    stretch = call.events.get(kind="media")
    assert (stretch.until_ms, stretch.payload["outcome"]) == (9000, "ENDED")
    assert call_view(call.pk, for_seat=True)["playout"] is None
    noted = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"playout.started", "playout.pause", "playout.resume"} <= noted


def test_what_must_be_seen_whole_cannot_be_stopped(call, worker, whole_item):
    services.start_play(call.pk, whole_item.pk, actor=SEAT_ACTOR)

    with pytest.raises(NoSkip):
        services.control_play(call.pk, "stop", actor=SEAT_ACTOR)

    assert not worker.told("play/act")
    assert PlayOut.objects.get(call=call).state == PlayState.PLAYING


def test_another_item_can_be_stopped(call, worker, item):
    services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)

    assert services.control_play(call.pk, "stop", actor=SEAT_ACTOR).state == PlayState.STOPPED

    with pytest.raises(NothingPlaying):
        services.control_play(call.pk, "stop", actor=SEAT_ACTOR)


def test_one_item_at_a_time(call, worker, item, whole_item):
    services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)

    with pytest.raises(AlreadyPlaying):
        services.start_play(call.pk, whole_item.pk, actor=SEAT_ACTOR)

    assert PlayOut.objects.filter(call=call).count() == 1
    assert call.events.filter(kind="media").count() == 1


def test_nobody_sees_an_item_before_the_worker_has_it_and_the_seat_is_told_how_far_it_is(
    call, worker, item
):
    worker.here_percent = 45

    with pytest.raises(ItemOnItsWay) as coming:
        services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)

    assert coming.value.text == "素材正在传送（已完成 45%），传完即播放。"
    assert not worker.told("play")
    assert not PlayOut.objects.exists()
    assert not call.events.filter(kind="media").exists()
    worker.here_percent = 100
    assert services.start_play(call.pk, item.pk, actor=SEAT_ACTOR).state == PlayState.PLAYING


def test_an_item_the_worker_cannot_play_leaves_nothing(call, worker, item):
    worker.refuses = "item_unusable"

    with pytest.raises(MediaRefused):
        services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)

    assert not PlayOut.objects.exists()
    assert not call.events.filter(kind="media").exists()


def test_a_play_whose_answer_was_lost_is_stopped_where_it_may_be_running(call, worker, item):
    worker.acts_but_is_not_heard_on = "play"

    with pytest.raises(MediaUnavailable):
        services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)

    [play_id] = worker.plays
    assert worker.told("play/act") == [{"play_id": play_id, "act": "stop"}]
    assert not PlayOut.objects.exists()


def test_only_items_of_the_calls_product_play_and_only_once_both_are_there(call, worker, storage):
    other = put_item(storage, product_code="OTHER", title="别的产品", seconds=1)
    own = put_item(storage, product_code="YXD", title="本产品", seconds=1)
    with pytest.raises(ItemUnavailable):
        services.start_play(call.pk, other.pk, actor=SEAT_ACTOR)
    call.state = CallState.CONNECTING
    call.save()

    with pytest.raises(NotConnected):
        services.start_play(call.pk, own.pk, actor=SEAT_ACTOR)

    assert not PlayOut.objects.exists()


def test_after_a_workers_death_the_item_waits_and_goes_on_where_it_was_seen(call, worker, item):
    play = services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    apply_media_events([event(call, "playout.progress", str(play.pk), position_ms=700)])
    worker.plays.clear()

    interrupt_content(call)
    play.refresh_from_db()
    assert play.state == PlayState.PAUSED
    services.control_play(call.pk, "resume", actor=SEAT_ACTOR)

    assert [told["start_ms"] for told in worker.told("play")] == [0, 700]
    play.refresh_from_db()
    assert play.state == PlayState.PLAYING


def test_the_end_of_the_call_ends_what_is_shown(call, worker, item):
    services.start_play(call.pk, item.pk, actor=SEAT_ACTOR)
    services.start_share(call.pk, title="贷款", offer_sdp="v=0", actor=SEAT_ACTOR)

    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")

    assert PlayOut.objects.get(call=call).state == PlayState.STOPPED
    assert not call.events.filter(kind__in=["media", "share"], until_ms=None).exists()


def test_a_share_is_a_stretch_of_the_timeline(call, worker):
    answer = services.start_share(call.pk, title="贷款方案", offer_sdp="v=0", actor=SEAT_ACTOR)
    leg = worker.told("legs")[0]
    assert (leg["participant_id"], leg["role"], leg["media"]) == (
        "share",
        "share",
        {"audio": False, "video": True},
    )
    assert call_view(call.pk, for_seat=False)["share"]["title"] == "贷款方案"

    services.stop_share(call.pk, actor=SEAT_ACTOR)
    services.stop_share(call.pk, actor=SEAT_ACTOR)

    assert [asked for asked, _ in worker.asked] == ["legs", f"legs/{answer['leg_id']}/close"]
    assert call.events.get(kind="share").until_ms is not None
    assert call_view(call.pk, for_seat=False)["share"] is None


@pytest.mark.django_db(transaction=True)
def test_a_share_that_is_answered_after_the_call_has_ended_is_no_share(call, worker):
    def ended(words):
        if words == "legs":
            services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
            connection.close()

    worker.before_answering = ended

    with pytest.raises(CallOver):
        services.start_share(call.pk, title="贷款方案", offer_sdp="v=0", actor=SEAT_ACTOR)

    assert not call.events.filter(kind="share").exists()
    leg = worker.told("legs")[0]["leg_id"]
    assert worker.asked[-1] == (f"legs/{leg}/close", {"reason": "call_over"})


def test_a_share_whose_connection_is_lost_is_over_but_an_older_ones_news_changes_nothing(
    call, worker
):
    old = services.start_share(call.pk, title="一", offer_sdp="v=0", actor=SEAT_ACTOR)
    new = services.start_share(call.pk, title="二", offer_sdp="v=0", actor=SEAT_ACTOR)

    apply_media_events([event(call, "leg.closed", old["leg_id"], participant_id="share")])
    assert call_view(call.pk, for_seat=True)["share"]["title"] == "二"
    apply_media_events([event(call, "leg.lost", new["leg_id"], participant_id="share")])

    assert call_view(call.pk, for_seat=True)["share"] is None


def test_only_a_media_worker_gets_an_items_file_and_only_by_its_content(item, settings):
    key = item_key(item.pk, item.play_sha256)
    token = {"Authorization": f"Bearer {settings.MEDIA_CONTROL_TOKEN}"}
    address = "/internal/media/v1/items/"

    assert Client().get(address + key).status_code == 401
    assert Client().get(f"{address}{item.pk}-other", headers=token).status_code == 404
    answer = Client().get(address + key, headers={**token, "Range": "bytes=100-"})
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes 100-{item.play_bytes - 1}/{item.play_bytes}"
    assert answer.content == item.play_file.read_bytes()[100:]
