"""Second opinions are drawn reproducibly, given blind, and measured (QC-1)."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from interviews import services as interviews
from interviews.states import TaskState, Verdict
from qc import selectors, services
from qc.agreement import agreement_of
from qc.errors import NotYours, UnknownReason, WrongCourse
from qc.models import QcReview, ScoreForm, SecondOpinion
from qc.sampling import is_chosen
from qc.states import ReviewMove, ReviewState
from tests.qc.test_pages import client_of, person
from tests.support.factories import SEAT_ACTOR, make_ended_call, make_task

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def user(staff_no):
    return User.objects.create_user(staff_no, "test-password", name=staff_no)


def claimed(reviewer):
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    return services.claim(services.open_review(call.pk, doubt="反光").pk, reviewer=reviewer)


def decided(reviewer, move=ReviewMove.PASS, met=None):
    review = claimed(reviewer)
    reasons = selectors.reject_reasons()[:1] if move is ReviewMove.REJECT else ()
    return services.decide(review.pk, move, reviewer=reviewer, reasons=reasons, met_items=met)


def ask(percent="100", seed=None):
    return services.ask_second_opinions(
        QcReview.objects.all(), TODAY, TODAY, Decimal(percent), actor=SEAT_ACTOR, seed=seed
    )


def take(reviewer):
    return services.take_second_opinion(QcReview.objects.all(), reviewer=reviewer)


def test_the_draw_is_what_the_seed_says_and_nothing_is_drawn_twice():
    first = user("Q1")
    reviews = [decided(first) for _ in range(8)]

    ask("50", seed="s")

    drawn = set(SecondOpinion.objects.values_list("review_id", flat=True))
    assert drawn == {r.pk for r in reviews if is_chosen("s", r.pk, Decimal(50))}
    assert set(SecondOpinion.objects.values_list("seed", "percent")) == {("s", Decimal(50))}
    assert ask("100") == 8 - len(drawn)
    assert ask("100") == 0


def test_neither_the_first_reviewer_nor_the_seat_gives_it_and_it_changes_nothing():
    first, second = user("Q1"), user("Q2")
    review = decided(first, ReviewMove.REJECT)
    ask()

    assert take(first) is None
    assert take(review.call.seat.user) is None
    opinion = take(second)
    assert take(second) == opinion  # one at a time
    services.give_second_opinion(opinion.pk, ReviewMove.PASS, reviewer=second, note="材料齐全")

    review.refresh_from_db()
    assert review.state == ReviewState.REJECTED
    assert review.call.task.state == TaskState.REJECTED
    with pytest.raises(NotYours):
        services.give_second_opinion(opinion.pk, ReviewMove.PASS, reviewer=second)
    assert AuditEntry.objects.filter(action="qc.second_given").count() == 1


def test_a_second_opinion_follows_the_same_courses_and_reasons():
    second = user("Q2")
    decided(user("Q1"))
    ask()
    opinion = take(second)

    with pytest.raises(WrongCourse):
        services.give_second_opinion(opinion.pk, ReviewMove.FLAG, reviewer=second, reasons=["x"])
    with pytest.raises(UnknownReason):
        services.give_second_opinion(opinion.pk, ReviewMove.REJECT, reviewer=second, reasons=["x"])
    opinion.refresh_from_db()
    assert (opinion.move, opinion.decided_at) == ("", None)


def test_the_first_decision_is_out_of_sight_until_the_second_is_given():
    first, second = user("Q1"), user("Q2")
    reason = selectors.reject_reasons()[0]
    review = decided(first, ReviewMove.REJECT)
    review.note = "首次意见的原话"
    review.save()
    ask()
    client = client_of(second, "qc.review")
    blind = client.post(reverse("qc:take_second"), follow=True)
    direct = client.get(reverse("qc:review", args=[review.pk]))

    page = blind.content.decode()
    assert "首次意见的原话" not in page
    assert "复评（不显示首次结论）" in page
    # What the first decision made of the case would tell it too.
    assert "任务状态" not in page
    assert "发往其他系统的消息" not in page
    assert page.count("面谈拒绝") == 1, "the course that may be chosen"
    detail = f'href="{reverse("recordings:detail", args=[review.call_id])}"'
    assert detail not in page
    assert reverse("qc:second", args=[review.second.pk]) == direct.headers["Location"]
    client.post(
        reverse("qc:second", args=[review.second.pk]), {"move": "reject", "reasons": [reason]}
    )
    after = client.get(reverse("qc:review", args=[review.pk])).content.decode()
    assert "首次意见的原话" in after
    assert "任务状态" in after
    assert detail in after


@pytest.mark.parametrize("is_taken", [False, True])
def test_lists_and_other_pages_do_not_tell_what_was_decided_first(is_taken):
    first, second, watcher = user("Q1"), user("Q2"), user("M1")
    review = decided(first, ReviewMove.REJECT)
    other = decided(first)
    review.clips.create(call=review.call, from_ms=0, to_ms=1, title="问题", made_by=first)
    services.ask_second_opinions(
        QcReview.objects.filter(pk=review.pk), TODAY, TODAY, Decimal(100), actor=SEAT_ACTOR
    )
    if is_taken:
        take(second)
    again = make_ended_call(make_task(contract_no=review.call.task.contract_no))

    def listed(client, shown="decided"):
        page = client.get(reverse("qc:queue"), {"shown": shown})
        return [row.pk for row in page.context["page"]], page.context["counts"][shown]

    reviewer = client_of(second, "qc.review", "videos.view")
    clips = reviewer.get(reverse("qc:clips")).context["page"]

    assert listed(reviewer) == ([other.pk], 1)
    assert list(clips) == []
    for client in (client_of(first, "qc.review"), client_of(watcher, "qc.view")):
        assert listed(client) == ([other.pk, review.pk], 2)
    # The recording's page tells of the task, its messages to the bank and its other calls.
    opened = [reviewer.get(reverse("recordings:detail", args=[c.pk])) for c in (review.call, again)]
    if is_taken:
        blind = reverse("qc:second", args=[review.second.pk])
        assert [page.headers["Location"] for page in opened] == [blind, blind]
        services.give_second_opinion(review.second.pk, ReviewMove.PASS, reviewer=second)
        assert reviewer.get(reverse("recordings:detail", args=[again.pk])).status_code == 200
        assert listed(reviewer) == ([other.pk, review.pk], 2)
        assert len(reviewer.get(reverse("qc:clips")).context["page"]) == 1


def test_agreement_is_shown_as_a_whole_by_pair_and_by_item():
    form = ScoreForm.objects.create(title="评分表", is_current=True)
    items = [form.items.create(text=text, weight=10).pk for text in ("核身", "用途")]
    first, second = user("Q1"), user("Q2")
    for move, other, met in (
        (ReviewMove.PASS, ReviewMove.PASS, items),
        (ReviewMove.REJECT, ReviewMove.PASS, items[:1]),
    ):
        decided(first, move, met=items)
        ask()
        services.give_second_opinion(take(second).pk, other, reviewer=second, met_items=met)

    supervisor = user("M1")
    client = client_of(supervisor, "qc.view")
    found = selectors.agreement(supervisor, TODAY, TODAY)

    assert (found["whole"].pairs, found["whole"].same, found["whole"].share) == (2, 1, 0.5)
    assert [names for names, _pair in found["by_pair"]] == [("Q1", "Q2")]
    assert found["points_apart"] == 25
    assert dict(found["items"])["用途"].share == 0.5
    assert len(found["apart"]) == 1
    page = client.get(reverse("qc:agreement")).content.decode()
    assert "50.0 %" in page
    assert client.post(reverse("qc:ask_second"), {}).status_code == 404
    assert person("S1", "workbench.use").get(reverse("qc:agreement")).status_code == 404


@pytest.mark.parametrize(
    ("pairs", "share", "kappa"),
    [
        ([("a", "a")] * 4 + [("b", "b")] * 4 + [("a", "b")] * 2, 0.8, 0.6154),
        ([("a", "b"), ("b", "a")], 0.0, -1.0),
        ([("a", "a")] * 3, 1.0, None),
        ([], None, None),
    ],
)
def test_kappa_is_what_is_left_beyond_chance(pairs, share, kappa):
    found = agreement_of(Counter(pairs))

    assert found.share == share
    assert found.kappa == (None if kappa is None else pytest.approx(kappa, abs=1e-4))


def test_a_case_that_was_taken_and_left_is_given_to_another():
    decided(user("Q1"))
    ask()
    left = take(user("Q2"))
    other = user("Q3")
    assert take(other) is None
    SecondOpinion.objects.update(taken_at=timezone.now() - dt.timedelta(hours=9))

    assert take(other) == left
