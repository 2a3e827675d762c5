"""The seat's own day and what it should know before the next call (WB-19)."""

import datetime as dt

import pytest
from django.utils import timezone

from interviews import services as interviews
from interviews.states import Verdict
from qc.models import QcReview
from qc.states import ReviewState
from recordings.models import Recording
from recordings.states import Stage
from seats.models import PresenceHistory
from seats.selectors import presence_of
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_call, make_seat
from workbench.day import figures_of, news_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def noon(monkeypatch):
    """A moment well inside a day: stretches of hours do not cross midnight."""
    moment = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    return moment


def spent(seat, state, until, seconds):
    PresenceHistory.objects.create(
        seat=seat, state=state, since=until - dt.timedelta(seconds=seconds), until=until
    )


def signed_out(seat, since):
    presence = presence_of(seat.pk)
    presence.state, presence.since = Presence.SIGNED_OUT, since
    presence.save()
    return presence


def test_a_seat_that_did_nothing_today_has_no_figures(noon):
    seat = make_seat()

    assert figures_of(seat, signed_out(seat, noon)) == {
        "filed": 0,
        "talk_s": None,
        "wrap_s": None,
        "occupancy": None,
    }


def test_means_and_occupancy_come_from_the_stretches_of_today(noon):
    seat = make_seat()
    hour = dt.timedelta(hours=1)
    for state, seconds in (
        (Presence.IN_CALL, 600),
        (Presence.IN_CALL, 300),
        (Presence.WRAP_UP, 120),
        (Presence.OFFERED, 30),
        (Presence.READY, 1050),
        (Presence.PAUSED, 3000),  # a pause is no work
    ):
        spent(seat, state, noon - hour, seconds)
    spent(make_seat(), Presence.IN_CALL, noon - hour, 9999)

    assert figures_of(seat, signed_out(seat, noon)) == {
        "filed": 0,
        "talk_s": 450,
        "wrap_s": 120,
        "occupancy": 50,
    }


def test_the_present_state_counts_and_yesterday_does_not(noon):
    seat = make_seat()
    spent(seat, Presence.IN_CALL, noon.replace(hour=0), 3600)  # ended with yesterday
    spent(seat, Presence.READY, noon.replace(hour=0) + dt.timedelta(seconds=60), 3600)
    presence = presence_of(seat.pk)
    presence.state, presence.since = Presence.IN_CALL, noon - dt.timedelta(seconds=180)
    presence.save()

    figures = figures_of(seat, presence)

    assert (figures["talk_s"], figures["occupancy"]) == (180, 75)


def filed(seat=None):
    call = make_call(seat=seat)
    call.participants.update(joined_at=timezone.now())
    call.task.parties.update(interviewed_at=timezone.now())
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    interviews.file_verdict(call.pk, verdict=Verdict.PASS, note="", actor=SEAT_ACTOR)
    call.refresh_from_db()
    return call


def recording_of(call, **fields):
    recording = Recording.objects.filter(call=call).first() or Recording(
        call=call, day=timezone.localdate(), serial=1, download_name="x.mp4"
    )
    for name, value in fields.items():
        setattr(recording, name, value)
    recording.save()
    return recording


def test_a_filed_case_counts_and_its_recording_on_the_way_is_news():
    call = filed()
    recording_of(call, stage=Stage.PROBED, progress=0.5)

    assert figures_of(call.seat, presence_of(call.seat_id))["filed"] == 1
    assert [(n["level"], n["title"], n["text"]) for n in news_of(call.seat)] == [
        ("info", "张晓明的录像正在入库", "已完成 32%，不影响接听。")
    ]


def test_an_error_on_the_way_is_said_and_a_stored_recording_is_no_news():
    call = filed()
    recording = recording_of(call, stage=Stage.COMPOSED, error="store away")
    assert news_of(call.seat)[0]["level"] == "risk"
    assert "自动重试" in news_of(call.seat)[0]["text"]

    recording.stage = Stage.STORED
    recording.save()

    assert news_of(call.seat) == []


@pytest.mark.parametrize(
    ("state", "level", "text"),
    [
        (ReviewState.PASSED, "good", "无评语。"),
        (ReviewState.REJECTED, "risk", "身份存疑、口径不一"),
    ],
)
def test_what_reviewers_decided_is_news_for_two_days(state, level, text):
    call = filed()
    recording_of(call, stage=Stage.STORED)
    reasons = [] if state == ReviewState.PASSED else ["身份存疑", "口径不一"]
    review = QcReview.objects.create(
        call=call, state=state, reasons=reasons, decided_at=timezone.now()
    )

    [news] = news_of(call.seat)
    assert (news["level"], news["text"]) == (level, text)
    assert "张晓明" in news["title"]
    assert news_of(make_seat()) == []

    review.decided_at = timezone.now() - dt.timedelta(days=2, minutes=1)
    review.save()
    assert news_of(call.seat) == []
