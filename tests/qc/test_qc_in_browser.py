"""质检管理 in a real browser: cases change hands, a seat's faults are named, what is over says so."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role, User
from interviews import services as interviews
from interviews.states import Verdict
from qc import services
from qc.models import QcReview, ReasonList, SeatDefect
from qc.states import ReviewOrigin, ReviewState
from tests.qc.test_pages import client_of, person
from tests.support.desk import IN_BROWSER, at_desk, out_of_place, wrong_with
from tests.support.factories import SEAT_ACTOR, make_ended_call

pytestmark = IN_BROWSER


def reviewer(staff_no, name):
    user = User.objects.create_user(staff_no, "test-password", name=name)
    user.roles.add(
        Role.objects.create(code=staff_no, name="复核", operations=["qc.review"], scope="all")
    )
    return user


def test_a_supervisor_sees_who_has_what_since_when_hands_it_on_and_takes_it_back(base_url, review):
    first, other = reviewer("Q1", "何雨桐"), reviewer("Q2", "罗文清")
    services.claim(review.pk, reviewer=first)
    QcReview.objects.update(claimed_at=timezone.now() - dt.timedelta(hours=5))

    with at_desk(base_url, person("M1", "qc.view", "qc.manage")) as page:
        page.goto(reverse("qc:queue"))
        row = page.locator("#reviews tbody tr")
        expect(row).to_contain_text("何雨桐")
        expect(row).to_contain_text("已认领 5")
        wrong = wrong_with(page)
        row.get_by_role("link", name="复核", exact=True).click()
        page.get_by_label("改派给").select_option("Q2")
        wrong += out_of_place(page)
        page.get_by_role("button", name="改派").click()
        expect(row).to_contain_text("罗文清")
        row.get_by_role("button", name="收回").click()
        expect(row).to_contain_text("待复核")
        expect(row).not_to_contain_text("罗文清")

    assert wrong == []
    review.refresh_from_db()
    assert (review.state, review.reviewer) == (ReviewState.OPEN, None)
    assert other.qcreview_set.count() == 0


def test_a_sampled_pass_is_found_wanting_in_what_the_seat_did(base_url):
    for text in ("未逐项确认利率", "代答"):
        SeatDefect.objects.create(text=text)
    user = reviewer("Q1", "何雨桐")
    review = services.open_review(make_ended_call().pk, origin=ReviewOrigin.SAMPLE)

    with at_desk(base_url, client_of(user, "videos.view")) as page:
        page.goto(reverse("qc:queue"))
        page.get_by_role("button", name="认领下一件").click()
        page.set_viewport_size({"width": 1280, "height": 720})
        page.get_by_role("radio", name="抽检不合格").check()
        expect(page.get_by_role("button", name="提交结论")).to_be_in_viewport(ratio=1)
        page.get_by_label("代答").check()
        wrong = out_of_place(page)
        page.get_by_role("button", name="提交结论").click()
        expect(page.get_by_text("抽检不合格").first).to_be_visible()
        page.goto(reverse("qc:clips"))
        expect(page.locator("#clips tbody tr")).to_contain_text("代答")

    assert wrong == []
    review.refresh_from_db()
    assert (review.state, review.reasons) == (ReviewState.FLAGGED, ["代答"])


def test_an_old_list_and_a_case_that_is_over_say_so(base_url, review):
    user = reviewer("Q1", "何雨桐")
    services.claim(review.pk, reviewer=user)
    old = timezone.now() - dt.timedelta(days=2)
    ReasonList.objects.update(asked_at=old)

    with at_desk(base_url, client_of(user, "videos.view")) as page:
        page.goto(reverse("qc:review", args=[review.pk]))
        page.get_by_role("radio", name="拒件").check()
        expect(page.get_by_text("信贷系统此后未答复")).to_be_visible()
        wrong = out_of_place(page)
        call = make_ended_call(review.call.task)
        interviews.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)
        page.locator("[name=reasons]").first.check()
        page.get_by_role("button", name="提交结论").click()
        expect(page.get_by_text("该案件已另行结论")).to_be_visible()
        expect(page.get_by_text("案件已由另一次面谈或复核得出结论")).to_be_visible()
        wrong += out_of_place(page)

    assert wrong == []
    review.refresh_from_db()
    assert review.state == ReviewState.OVERTAKEN
