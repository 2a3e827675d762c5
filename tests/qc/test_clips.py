"""Defects reach the supervisor as stretches to look at, and the seat sees its own (QC-2)."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from interviews import services as interviews
from interviews.models import Call
from interviews.states import TaskState, Verdict
from qc import services
from qc.errors import BadClip, NotYours
from qc.models import CoachingClip, SeatDefect
from qc.states import ReviewMove, ReviewOrigin
from tests.qc.test_pages import client_of, person
from tests.support.factories import SEAT_ACTOR, make_call

pytestmark = pytest.mark.django_db
SECONDS = 600


@pytest.fixture
def reviewer():
    return User.objects.create_user("Q1", "test-password", name="何雨桐")


@pytest.fixture
def review(reviewer):
    """A sampled pass of ten minutes in the reviewer's hands."""
    call = make_call()
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    began = timezone.now() - dt.timedelta(hours=1)
    Call.objects.filter(pk=call.pk).update(
        clock_started_at=began, ended_at=began + dt.timedelta(seconds=SECONDS)
    )
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="x", actor=SEAT_ACTOR)
    review = services.open_review(call.pk, origin=ReviewOrigin.SAMPLE)
    return services.claim(review.pk, reviewer=reviewer)


def test_a_stretch_is_cut_by_the_reviewer_and_shown_to_supervisor_and_seat(review, reviewer):
    client = client_of(reviewer, "qc.review")

    answer = client.post(
        reverse("qc:cut_clip", args=[review.pk]),
        {"from_ms": 12_000, "to_ms": 40_000, "title": "未核对有效期"},
    )

    assert "00:00:12 – 00:00:40" in answer.content.decode()
    page = person("M1", "qc.view").get(reverse("qc:clips")).content.decode()
    assert "未核对有效期" in page
    assert f"{reverse('recordings:detail', args=[review.call_id])}#ms=12000-40000" in page
    own = client_of(review.call.seat.user, "workbench.use")
    assert "未核对有效期" in own.get(reverse("qc:clips")).content.decode()
    assert (
        "未核对有效期"
        not in person("S9", "workbench.use").get(reverse("qc:clips")).content.decode()
    )


@pytest.mark.parametrize(
    ("span", "title"),
    [
        ((5_000, 5_000), "x"),
        ((9_000, 4_000), "x"),
        ((0, SECONDS * 1000 + 1), "x"),
        ((0, 1000), "  "),
    ],
)
def test_an_unfit_stretch_is_refused_and_nothing_is_kept(review, reviewer, span, title):
    with pytest.raises(BadClip):
        services.cut_clip(review.pk, *span, title=title, reviewer=reviewer)

    assert not CoachingClip.objects.exists()


def test_a_defect_without_a_cut_is_told_as_the_whole_call(review, reviewer):
    for text in ("未核实用途", "语速"):
        SeatDefect.objects.create(text=text)
    services.decide(review.pk, ReviewMove.FLAG, reviewer=reviewer, reasons=["未核实用途", "语速"])

    clip = CoachingClip.objects.get()
    assert (clip.from_ms, clip.to_ms) == (0, SECONDS * 1000)
    assert clip.title == "未核实用途、语速"
    assert review.call.task.state == TaskState.PENDING  # told, not flipped


def test_a_defect_with_cuts_keeps_those(review, reviewer):
    SeatDefect.objects.create(text="语速")
    services.cut_clip(review.pk, 1000, 2000, title="语速", reviewer=reviewer)

    services.decide(review.pk, ReviewMove.FLAG, reviewer=reviewer, reasons=["语速"])

    assert CoachingClip.objects.get().to_ms == 2000


def test_coached_and_seen_are_noted_by_whom_they_concern_and_then_it_stays(review, reviewer):
    clip = services.cut_clip(review.pk, 1000, 2000, title="语速", reviewer=reviewer)
    url = reverse("qc:note_clip", args=[clip.pk])
    seat = client_of(review.call.seat.user, "workbench.use")

    assert person("S9", "workbench.use").post(url, {"seen": 1}).status_code == 404
    person("M1", "qc.view").post(url, {"coached": 1})
    seat.post(url, {"coached": 1})

    clip.refresh_from_db()
    assert clip.coached_by == "M1"
    assert clip.seen_at is not None
    with pytest.raises(NotYours):
        services.drop_clip(clip.pk, reviewer=reviewer)
    assert set(
        AuditEntry.objects.filter(object_type="coaching_clip").values_list("action", flat=True)
    ) == {"qc.clip_cut", "qc.clip_coached", "qc.clip_seen"}


def test_only_the_reviewer_in_hand_cuts_and_drops(review, reviewer):
    other = User.objects.create_user("Q2", "test-password", name="另一位")
    with pytest.raises(NotYours):
        services.cut_clip(review.pk, 1000, 2000, title="x", reviewer=other)
    clip = services.cut_clip(review.pk, 1000, 2000, title="x", reviewer=reviewer)
    with pytest.raises(NotYours):
        services.drop_clip(clip.pk, reviewer=other)

    services.drop_clip(clip.pk, reviewer=reviewer)

    assert not CoachingClip.objects.exists()


def test_clips_are_found_by_seat_what_was_found_and_time(review, reviewer):
    client = client_of(reviewer, "qc.review")
    clips = {}
    for title, days in (("未核对有效期", 0), ("语速过快", 3)):
        clips[title] = services.cut_clip(review.pk, 1000, 2000, title=title, reviewer=reviewer)
        made_at = timezone.now() - dt.timedelta(days=days)
        CoachingClip.objects.filter(pk=clips[title].pk).update(made_at=made_at)
    today = timezone.localdate()

    def found(**query):
        page = client.get(reverse("qc:clips"), query)
        return {clip.title for clip in page.context["page"]}

    assert found() == set(clips)
    assert found(seat_no=review.call.seat.user.staff_no) == set(clips)
    assert found(seat_no="NOBODY") == set()
    assert found(words="有效期") == {"未核对有效期"}
    assert found(first=today - dt.timedelta(days=1)) == {"未核对有效期"}
    assert found(last=today - dt.timedelta(days=1)) == {"语速过快"}
    page = client.get(reverse("qc:clips"), {"first": today, "last": today - dt.timedelta(days=1)})
    assert "早于起始日期" in page.content.decode()


def test_clips_are_found_by_the_defect_that_was_decided_whatever_the_clip_is_called(
    review, reviewer
):
    SeatDefect.objects.create(text="语速", order=0)
    SeatDefect.objects.create(text="未核实用途")
    SeatDefect.objects.create(text="代答", order=0, is_enabled=False)
    services.cut_clip(review.pk, 1000, 2000, title="从这里开始", reviewer=reviewer)
    services.decide(review.pk, ReviewMove.FLAG, reviewer=reviewer, reasons=["语速"])
    client = client_of(reviewer, "qc.review")

    def found(defect):
        page = client.get(reverse("qc:clips"), {"defect": defect})
        return {clip.title for clip in page.context["page"]}

    assert found("语速") == {"从这里开始"}
    assert found("未核实用途") == set()
    page = client.get(reverse("qc:clips"), {"defect": "从未有过"})
    assert page.context["form"].errors["defect"]
    labels = [str(label) for _value, label in page.context["form"].fields["defect"].choices]
    assert (labels[:2], labels[-1]) == (["全部", "语速"], "代答（停用）")
