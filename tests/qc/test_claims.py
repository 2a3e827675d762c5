"""A case lies in no hand for ever: it lapses, is taken back, or goes to somebody else (QC-1)."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Institution, Role, User
from audit.models import AuditEntry
from audit.sentences import sentence
from common.actor import SYSTEM
from common.errors import IllegalMove
from interviews.states import ParticipantRole
from parameters.models import Parameter
from qc import services
from qc.errors import NotAReviewer, NotYours
from qc.models import QcReview
from qc.selectors import reviewers_of
from qc.states import ReviewMove, ReviewState
from tests.qc.test_pages import client_of, person
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db


def reviewer(staff_no, *, scope="all", institution=None):
    user = User.objects.create_user(
        staff_no, "test-password", name=staff_no, institution=institution
    )
    role = Role.objects.create(
        code=f"q{user.pk}", name="复核", operations=["qc.review"], scope=scope
    )
    user.roles.add(role)
    return user


def taken_ago(review, **ago):
    QcReview.objects.filter(pk=review.pk).update(claimed_at=timezone.now() - dt.timedelta(**ago))


def in_hand_of(review):
    review.refresh_from_db()
    return review.state, review.reviewer, review.claimed_at is not None


NOBODY = (ReviewState.OPEN, None, False)


def said(action):
    return sentence(AuditEntry.objects.get(action=action))


def test_a_case_that_lies_too_long_goes_back_into_the_queue(review):
    absent = reviewer("Q1")
    services.claim(review.pk, reviewer=absent)
    opened_at = review.opened_at
    taken_ago(review, hours=7)

    assert services.give_back_lapsed() == 0
    taken_ago(review, hours=9)
    assert services.give_back_lapsed() == 1

    assert in_hand_of(review) == NOBODY
    assert review.opened_at == opened_at
    assert "超时未结论" in said("qc.lapsed")
    assert "原复核岗：Q1" in said("qc.lapsed")
    with pytest.raises(NotYours):
        services.decide(review.pk, ReviewMove.PASS, reviewer=absent)


def test_how_long_is_the_banks_to_say(review):
    Parameter.objects.create(key="qc_claim_hours", value=24)
    services.claim(review.pk, reviewer=reviewer("Q1"))
    taken_ago(review, hours=9)

    assert services.give_back_lapsed() == 0


@pytest.mark.parametrize("leaving", ["disabled", "other work"])
def test_who_reviews_no_more_holds_no_case(review, leaving):
    absent = reviewer("Q1")
    services.claim(review.pk, reviewer=absent)
    User.objects.create_superuser("A1", "test-password", name="管理员")

    if leaving == "disabled":
        accounts.disable_user(absent.pk, actor=SEAT_ACTOR)
    else:
        absent.roles.clear()

    assert services.give_back_lapsed() == 1
    assert in_hand_of(review) == NOBODY


def test_a_case_is_taken_back_and_handed_on_and_the_log_says_from_whom(review):
    first, other = reviewer("Q1"), reviewer("Q2")
    services.claim(review.pk, reviewer=first)

    services.assign(review.pk, to=other, actor=SEAT_ACTOR)
    assert in_hand_of(review) == (ReviewState.CLAIMED, other, True)
    assert "原复核岗：Q1；复核岗：Q2" in said("qc.assigned")
    services.take_back(review.pk, actor=SEAT_ACTOR)
    assert in_hand_of(review) == NOBODY
    assert "原复核岗：Q2" in said("qc.taken_back")
    services.assign(review.pk, to=first, actor=SEAT_ACTOR)

    assert in_hand_of(review) == (ReviewState.CLAIMED, first, True)
    services.decide(review.pk, ReviewMove.PASS, reviewer=first)
    for act in (
        lambda: services.take_back(review.pk, actor=SEAT_ACTOR),
        lambda: services.assign(review.pk, to=other, actor=SEAT_ACTOR),
    ):
        with pytest.raises(IllegalMove):
            act()
    assert in_hand_of(review) == (ReviewState.PASSED, first, True)


def test_handing_a_case_to_who_has_it_begins_no_new_time(review):
    holder = reviewer("Q1")
    services.claim(review.pk, reviewer=holder)
    taken_ago(review, hours=7)
    before = QcReview.objects.get().claimed_at

    services.assign(review.pk, to=holder, actor=SEAT_ACTOR)

    assert QcReview.objects.get().claimed_at == before
    assert not AuditEntry.objects.filter(action="qc.assigned").exists()


def test_a_case_is_given_only_to_who_reviews_sees_and_had_no_part_in_it(review):
    bank = Institution.objects.create(code="0", name="总行")
    here = Institution.objects.create(code="1", name="郑州", parent=bank)
    elsewhere = Institution.objects.create(code="2", name="洛阳", parent=bank)
    seat = review.call.seat.user
    seat.institution = here
    seat.save()
    seat.roles.add(Role.objects.create(code="s", name="s", operations=["qc.review"], scope="all"))
    joined = reviewer("Q5")
    review.call.participants.create(role=ParticipantRole.SUPERVISOR, user=joined)
    fit = {
        reviewer("Q1"),
        reviewer("Q2", scope="institution", institution=bank),
        reviewer("Q3", scope="institution", institution=here),
    }
    gone = reviewer("Q6")
    gone.is_active = False
    gone.save()
    unfit = {
        seat,
        joined,
        gone,
        reviewer("Q4", scope="institution", institution=elsewhere),
        reviewer("Q7", scope="own", institution=here),
        User.objects.create_user("Q8", "test-password", name="无角色"),
    }

    assert set(reviewers_of(review)) == fit
    for user in unfit:
        with pytest.raises(NotAReviewer):
            services.assign(review.pk, to=user, actor=SYSTEM)
    assert in_hand_of(review) == NOBODY


def test_a_supervisor_hands_cases_on_from_the_page_and_takes_them_back_from_the_queue(
    review,
):
    first, other = reviewer("Q1"), reviewer("Q2")
    services.claim(review.pk, reviewer=first)
    taken_ago(review, hours=3)
    manager = person("M1", "qc.view", "qc.manage")
    url = reverse("qc:assign", args=[review.pk])

    queue = manager.get(reverse("qc:queue"), {"reviewer_no": "Q1"}).content.decode()
    page = manager.get(reverse("qc:review", args=[review.pk])).content.decode()
    unnamed = manager.post(url, {"reviewer": ""}, follow=True).content.decode()
    manager.post(url, {"reviewer": "Q2"})

    assert "已认领 3 小时" in queue.replace("\xa0", " ")
    assert f'action="{url}?reviewer_no=Q1"' in queue
    assert 'value="Q2"' in page
    assert "请选择能看到该案件的复核岗" in unnamed
    assert in_hand_of(review)[1] == other
    assert manager.post(f"{url}?reviewer_no=Q2", {"take_back": "1"}).url.endswith("?reviewer_no=Q2")
    assert in_hand_of(review) == NOBODY
    for client in (client_of(first, "videos.view"), person("M2", "qc.view")):
        assert client.post(url, {"reviewer": "Q1"}).status_code == 404
        assert url not in client.get(reverse("qc:queue")).content.decode()
    assert in_hand_of(review) == NOBODY
