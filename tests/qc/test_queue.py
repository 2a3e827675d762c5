"""The queue finds what 视频管理 finds, and one click leads to the doubtful second (QC-1)."""

from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from interviews.states import Verdict
from qc import selectors, services
from qc.models import QcReview, SamplingPlan, ScoreForm, SeatDefect
from qc.states import ReviewMove, ReviewOrigin
from tests.qc.test_pages import person
from tests.qc.test_second import claimed, decided, user
from tests.support.factories import make_ended_call

pytestmark = pytest.mark.django_db


def test_the_first_doubt_is_one_click_away(review):
    review.call.events.create(kind="tag", at_ms=495_000, payload={"kind": "key_point"})
    review.call.events.create(kind="tag", at_ms=618_000, payload={"kind": "identity"})
    review.call.events.create(kind="gap", at_ms=1000, payload={})

    page = person("Q1", "qc.review").get(reverse("qc:queue")).content.decode()

    assert f"{reverse('qc:review', args=[review.pk])}#ms=618000" in page
    assert "2 / 1" in page


@pytest.mark.parametrize(
    ("field", "hit", "miss"),
    [("customer", "晓明", "晓张"), ("customer", "明", "红"), ("seat_no", "", "nobody")],
)
def test_the_search_is_that_of_the_archive(review, field, hit, miss):
    client = person("Q1", "qc.review")
    hit = hit or review.call.seat.user.staff_no

    found = [
        client.get(reverse("qc:queue"), {field: value}).context["page"].paginator.count
        for value in (hit, miss)
    ]

    assert found == [1, 0]


def test_the_queue_takes_a_fixed_number_of_queries(review, django_assert_num_queries):
    client = person("Q1", "qc.review")
    first = user("Q9")
    url = reverse("qc:queue")
    for _ in range(3):
        decided(first)

    for shown in ("open", "decided"):
        with django_assert_num_queries(QUERIES):
            client.get(url, {"shown": shown})


# Session, person, what is open, scopes, loan types to choose from, counts of the tabs, count and rows
# of the page, second opinions, the bar's modules: none of them grows with the rows.
QUERIES = 8


FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO qc_qcreview (call_id, origin, state, is_urgent, doubt, reasons, note, met_items,
  seat_comment, opened_at, decided_at)
SELECT md5(n::text)::uuid, 'SAMPLE', CASE WHEN n % 1000 = 0 THEN 'OPEN' ELSE 'PASSED' END, false, '',
  '{}', '', '{}', '', now() - n * interval '10 minutes',
  CASE WHEN n % 1000 = 0 THEN NULL ELSE now() - n * interval '10 minutes' END
FROM generate_series(1, 20000) AS n;
ANALYZE qc_qcreview;
"""


def test_the_queue_and_its_counts_do_not_read_all_that_was_ever_decided():
    with connection.cursor() as cursor:
        cursor.execute(FILL)
    plans = {
        "open": QcReview.objects.filter(selectors._tab("open", user("Q1"))),
        "decided": QcReview.objects.filter(
            selectors._tab("decided", user("Q2")), decided_at__gte=selectors._past_since()
        ).order_by("-decided_at", "-pk")[:25],
    }

    texts = {name: rows.explain() for name, rows in plans.items()}

    assert {name: text for name, text in texts.items() if "Seq Scan" in text} == {}


# --- risk sampling and the report ------------------------------------------------------------


def test_a_plan_may_draw_only_passes_the_seat_had_doubts_about(django_user_model):
    from interviews import services as interviews
    from tests.support.factories import SEAT_ACTOR, make_call

    calls = []
    for kinds in ((), ("key_point",), ("identity",), ("risk", "income")):
        call = make_call()
        interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
        for kind in kinds:
            call.events.create(kind="tag", at_ms=1, payload={"kind": kind})
        call.task.parties.update(interviewed_at=timezone.now())
        interviews.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)
        calls.append(call)
    calls[0].events.create(kind="tag", at_ms=1, payload={"kind": "risk"})  # after the opinion
    plan = SamplingPlan.objects.create(name="风险", percent=Decimal(100), min_risk_tags=1)

    run = services.draw_sample(plan.pk, timezone.localdate())

    assert set(selectors.derived_sample(run)) == {calls[2].pk, calls[3].pk}
    assert (run.population, run.chosen) == (2, 2)
    assert run.rule["min_risk_tags"] == 1


def test_the_report_counts_by_seat_product_reviewer_and_reason_and_exports():
    first = user("Q1")
    decided(first)
    decided(first, ReviewMove.REJECT)
    client = person("M1", "qc.view")
    url = reverse("qc:report")

    page = client.get(url)
    report = page.context["report"]

    assert report.total == 2
    assert [(row["staff_no"], row["total"], row["passed"]) for row in report.by_reviewer] == [
        ("Q1", 2, 1)
    ]
    assert report.reasons == [(selectors.reject_reasons()[0], 1)]
    assert [row["total"] for row in report.by_day] == [2]
    assert "<rect" in page.content.decode()
    body = client.get(url, {"csv": 1}).content.decode()
    assert "复核岗,Q1,Q1,2,1,1,0,0," in body


def test_the_report_tells_what_doubts_were_rejected_for_from_what_seats_did_badly():
    form = ScoreForm.objects.create(title="评分表", is_current=True)
    greeting, purpose = (form.items.create(text=text).pk for text in ("问候", "用途"))
    SeatDefect.objects.create(text="代答")
    first = user("Q1")
    listed = selectors.reject_reasons()[:2]
    for reasons, met in ((listed, [greeting]), (listed[:1], [greeting, purpose])):
        services.decide(
            claimed(first).pk, ReviewMove.REJECT, reviewer=first, reasons=reasons, met_items=met
        )
    sample = services.open_review(make_ended_call().pk, origin=ReviewOrigin.SAMPLE)
    services.claim(sample.pk, reviewer=first)
    services.decide(
        sample.pk, ReviewMove.FLAG, reviewer=first, reasons=["代答"], met_items=[greeting]
    )
    client = person("M1", "qc.view")

    report = client.get(reverse("qc:report")).context["report"]

    assert report.reasons == [(listed[0], 2), (listed[1], 1)]
    assert report.defects == [("代答", 1)]
    assert [(item["text"], item["met"], item["asked"]) for item in report.items] == [
        ("用途", 1, 3),
        ("问候", 3, 3),
    ]
    body = client.get(reverse("qc:report"), {"csv": 1}).content.decode()
    assert f"拒件原因,,{listed[0]},2," in body
    assert "抽检问题,,代答,1," in body
