"""Samples of passes are drawn once, by a rule anybody can follow again (QC-1)."""

import datetime as dt
import threading
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from interviews import services as interviews
from interviews.models import Call, Party
from interviews.states import Verdict
from qc import selectors, services
from qc.models import QcReview, SamplingPlan, SamplingRun
from qc.sampling import is_chosen
from qc.scoring import Item, Score, score_of
from qc.states import ReviewOrigin
from tests.qc.test_pages import person
from tests.support.factories import SEAT_ACTOR, make_call


def passed_yesterday(count):
    yesterday = timezone.now() - dt.timedelta(days=1)
    calls = []
    for _ in range(count):
        call = make_call()
        interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
        Party.objects.filter(task=call.task).update(interviewed_at=yesterday)
        interviews.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)
        calls.append(call)
    Call.objects.update(filed_at=yesterday)
    return calls


def yesterday():
    return timezone.localdate() - dt.timedelta(days=1)


@pytest.mark.django_db
def test_a_sample_is_drawn_once_and_can_be_derived_again():
    passed_yesterday(6)
    plan = SamplingPlan.objects.create(name="日常", percent=50, seed="a seed")

    assert services.draw_due_samples() == 1
    assert services.draw_due_samples() == 0

    run = SamplingRun.objects.get(plan=plan)
    sampled = set(QcReview.objects.values_list("call_id", flat=True))
    assert run.population == 6
    assert set(selectors.derived_sample(run)) == sampled
    assert run.chosen == len(sampled)
    assert [selectors.run_holds(run) for run in selectors.latest_runs()] == [True]


@pytest.mark.django_db
def test_the_page_derives_anew_only_the_run_that_is_asked_for(django_assert_max_num_queries):
    passed_yesterday(2)
    plans = [SamplingPlan.objects.create(name=f"{n}", percent=100, seed=f"{n}") for n in range(3)]
    services.draw_due_samples()
    viewer = person("M1", "qc.view")

    with django_assert_max_num_queries(8):
        page = viewer.get(reverse("qc:samples")).text
    run = SamplingRun.objects.get(plan=plans[1])
    asked = viewer.get(reverse("qc:samples"), {"check": run.pk}).text

    assert (page.count("?check="), page.count("一致</span>")) == (3, 0)
    assert (asked.count("?check="), asked.count('is-idle">一致</span>')) == (2, 1)


@pytest.mark.django_db
def test_days_nobody_drew_are_made_up_for_oldest_first_and_no_more_than_two_weeks():
    for call, ago in zip(passed_yesterday(4), (40, 3, 2, 1), strict=True):
        filed_at = timezone.now() - dt.timedelta(days=ago)
        Call.objects.filter(pk=call.pk).update(filed_at=filed_at)
    plan = SamplingPlan.objects.create(name="日常", percent=100)
    services.draw_sample(plan.pk, timezone.localdate() - dt.timedelta(days=4))

    assert services.draw_due_samples() == 3
    assert services.draw_due_samples() == 0

    runs = SamplingRun.objects.order_by("pk").values_list("day", "population")
    assert [((timezone.localdate() - day).days, found) for day, found in runs] == [
        (4, 0),
        (3, 1),
        (2, 1),
        (1, 1),
    ]
    assert all(selectors.run_holds(run) for run in selectors.latest_runs())

    long_ago = SamplingPlan.objects.create(name="久停", percent=100)
    services.draw_sample(long_ago.pk, timezone.localdate() - dt.timedelta(days=41))
    assert services.draw_due_samples() == 14


@pytest.mark.django_db
def test_a_new_plan_begins_with_the_day_before_it_was_made():
    plan = SamplingPlan.objects.create(name="日常", percent=100)
    SamplingPlan.objects.update(created_at=timezone.now() - dt.timedelta(days=2))

    assert services.draw_due_samples() == 3

    days = plan.samplingrun_set.order_by("day").values_list("day", flat=True)
    assert [(timezone.localdate() - day).days for day in days] == [3, 2, 1]


@pytest.mark.django_db
def test_days_on_which_a_plan_was_switched_off_are_not_drawn_when_it_is_on_again():
    plan = SamplingPlan.objects.create(name="日常", percent=100)
    services.draw_sample(plan.pk, timezone.localdate() - dt.timedelta(days=4))
    client = person("M1", "qc.view", "qc.manage")
    User.objects.update(is_staff=True)
    form = {"name": "日常", "percent": "100", "seat_no": "", "product_code": ""}
    url = reverse("admin:qc_samplingplan_change", args=[plan.pk])

    assert client.post(url, form).status_code == 302
    assert client.post(url, form | {"is_enabled": "on"}).status_code == 302

    assert services.draw_due_samples() == 0
    assert SamplingRun.objects.count() == 1
    SamplingPlan.objects.update(enabled_at=timezone.now() - dt.timedelta(days=2))
    assert services.draw_due_samples() == 2, "since the day it was on again"
    assert client.post(url, form | {"is_enabled": "on", "percent": "50"}).status_code == 302
    since = timezone.now() - dt.timedelta(days=1)
    assert SamplingPlan.objects.filter(enabled_at__lt=since).exists(), "it was on already"


@pytest.mark.django_db
def test_a_sample_that_was_tampered_with_shows():
    passed_yesterday(3)
    SamplingPlan.objects.create(name="全部", percent=100)
    services.draw_due_samples()

    QcReview.objects.filter(origin=ReviewOrigin.SAMPLE)[0].delete()

    assert [selectors.run_holds(run) for run in selectors.latest_runs()] == [False]


@pytest.mark.django_db
def test_a_plan_for_a_seat_leaves_the_others_alone():
    mine, _other = passed_yesterday(2)
    SamplingPlan.objects.create(name="一人", percent=100, seat_no=mine.seat.user.staff_no)

    services.draw_due_samples()

    assert [review.call_id for review in QcReview.objects.all()] == [mine.pk]


@pytest.mark.django_db
def test_two_plans_that_choose_the_same_call_review_it_once():
    passed_yesterday(2)
    SamplingPlan.objects.create(name="甲", percent=100)
    SamplingPlan.objects.create(name="乙", percent=100)

    assert services.draw_due_samples() == 2

    assert QcReview.objects.count() == 2
    assert all(selectors.run_holds(run) for run in selectors.latest_runs())


@pytest.mark.django_db(transaction=True)
def test_two_workers_draw_one_sample():
    passed_yesterday(3)
    plan = SamplingPlan.objects.create(name="全部", percent=100)
    barrier, runs = threading.Barrier(2), []

    def draw():
        barrier.wait()
        runs.append(services.draw_sample(plan.pk, yesterday()).pk)
        connection.close()

    threads = [threading.Thread(target=draw) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(runs) == 2
    assert len(set(runs)) == 1
    assert QcReview.objects.count() == 3


@given(seed=st.text(max_size=20), call=st.uuids())
def test_nothing_is_chosen_at_none_and_everything_at_all(seed: str, call: UUID):
    assert not is_chosen(seed, call, Decimal(0))
    assert is_chosen(seed, call, Decimal(100))


@given(
    seed=st.text(max_size=20),
    call=st.uuids(),
    rates=st.tuples(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2)),
)
def test_a_higher_rate_only_adds_to_the_sample(seed, call, rates):
    lower, higher = sorted(rates)

    assert is_chosen(seed, call, lower) <= is_chosen(seed, call, higher)


def test_the_rate_is_kept_over_many_calls():
    calls = [UUID(int=number) for number in range(20_000)]

    chosen = sum(is_chosen("seed", call, Decimal("12.5")) for call in calls)

    assert abs(chosen / len(calls) - 0.125) < 0.01


ITEMS = st.lists(
    st.builds(Item, st.uuids().map(str), st.integers(1, 50), st.booleans()), min_size=1, max_size=8
)


@given(items=ITEMS, data=st.data())
def test_a_score_is_nothing_when_a_fatal_item_is_missed_and_grows_with_what_is_met(items, data):
    met = {item.code: data.draw(st.booleans()) for item in items}
    score = score_of(items, met)
    best = score_of(items, {item.code: True for item in items})

    assert score is not None
    assert best == Score(100, has_fatal=False)
    fatal_missed = any(item.is_fatal and not met[item.code] for item in items)
    assert score.has_fatal is fatal_missed
    assert (score.points == 0) or not fatal_missed
    assert 0 <= score.points <= 100


def test_a_form_without_weight_gives_no_score():
    assert score_of([], {}) is None
