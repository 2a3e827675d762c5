"""The pages of 质检管理: who sees what, and a decision from the form."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import AuditEntry
from credit_bridge.models import CreditImage
from interviews.states import TaskState
from qc import services
from qc.models import ScoreForm, SeatDefect
from qc.selectors import reject_reasons
from qc.states import ReviewOrigin, ReviewState
from tests.support.factories import make_case, make_ended_call

pytestmark = pytest.mark.django_db


def client_of(user, *operations):
    role = Role.objects.create(
        code=f"r{user.pk}", name="r", operations=list(operations), scope="all"
    )
    user.roles.add(role)
    client = Client()
    client.force_login(user)
    return client


def person(staff_no, *operations):
    return client_of(
        User.objects.create_user(staff_no, "test-password", name=staff_no), *operations
    )


def test_the_queue_is_for_reviewers_and_those_who_look(review):
    url = reverse("qc:queue")

    assert "证件反光" in person("Q1", "qc.review").get(url).content.decode()
    assert person("M1", "qc.view").get(url).status_code == 200
    assert person("S9", "workbench.use").get(url).status_code == 404


def test_the_page_of_a_review_shows_all_that_is_known_of_the_case(review):
    call = review.call
    make_case(call.task.contract_no)
    call.events.create(kind="chat", at_ms=700, payload={"text": "请把身份证拿近一些"})
    url = reverse("qc:review", args=[review.pk])

    client = person("Q1", "qc.review")
    page = client.get(url).content.decode()
    page += client.get(reverse("qc:panel", args=[review.pk, "case"])).content.decode()

    for words in ("贷款金额", "420,000.00", "影像资料", "干系人", "请把身份证拿近一些", "通话日志"):
        assert words in page
    assert reverse("credit_bridge:image", args=[call.pk, CreditImage.objects.get().pk]) in page
    party = call.task.parties.first()
    assert party.id_no not in page


def test_what_the_bank_has_of_a_case_is_shown_to_whom_the_review_is_open(review):
    make_case(review.call.task.contract_no)
    url = reverse("qc:panel", args=[review.pk, "case"])
    looks, own = person("M1", "qc.view"), client_of(review.call.seat.user, "workbench.use")

    assert url in looks.get(reverse("qc:review", args=[review.pk])).content.decode()
    assert "420,000.00" in looks.get(url).content.decode()
    assert own.get(url).status_code == 404  # not decided yet
    assert looks.get(reverse("qc:panel", args=[review.pk, "dispatch"])).status_code == 404


def test_a_search_narrows_the_queue(review):
    client = person("Q1", "qc.review")

    found = client.get(reverse("qc:queue"), {"contract_no": review.call.task.contract_no})
    other = client.get(reverse("qc:queue"), {"contract_no": "ANOTHER"})

    assert "证件反光" in found.content.decode()
    assert "证件反光" not in other.content.decode()


def test_a_reviewer_takes_the_next_case_and_rejects_it_with_a_listed_reason(review):
    client = person("Q1", "qc.review")
    taken = client.post(reverse("qc:next"))
    page = client.get(taken.url)
    reason = reject_reasons()[0]

    client.post(
        reverse("qc:decide", args=[review.pk]),
        {"move": "reject", "reasons": [reason], "note": "已与客户经理核实"},
    )

    assert reason in page.content.decode()
    review.refresh_from_db()
    assert review.state == ReviewState.REJECTED
    assert review.call.task.state == TaskState.REJECTED
    assert AuditEntry.objects.filter(action="qc.reject").count() == 1


def test_a_sampled_pass_is_found_wanting_in_what_a_seat_does_not_what_a_customer_is():
    SeatDefect.objects.create(text="未逐项确认利率")
    review = services.open_review(make_ended_call().pk, origin=ReviewOrigin.SAMPLE)
    client = person("Q1", "qc.review")
    client.post(reverse("qc:claim", args=[review.pk]))
    page = client.get(reverse("qc:review", args=[review.pk])).content.decode()
    url = reverse("qc:decide", args=[review.pk])

    client.post(url, {"move": "flag", "reasons": [reject_reasons()[0]]})
    review.refresh_from_db()
    assert review.state == ReviewState.CLAIMED
    client.post(url, {"move": "flag", "reasons": ["未逐项确认利率"]})

    assert reject_reasons()[0] not in page
    assert "未逐项确认利率" in page
    review.refresh_from_db()
    assert (review.state, review.reasons) == (ReviewState.FLAGGED, ["未逐项确认利率"])
    assert review.clips.get().title == "未逐项确认利率"


def test_a_rejection_without_reason_changes_nothing_and_says_so(review):
    client = person("Q1", "qc.review")
    client.post(reverse("qc:claim", args=[review.pk]))

    answer = client.post(reverse("qc:decide", args=[review.pk]), {"move": "reject"}, follow=True)

    review.refresh_from_db()
    assert review.state == ReviewState.CLAIMED
    assert "hint--risk" in answer.content.decode()


def test_who_claims_stays_where_the_player_stood_or_begins_at_the_first_doubt(review):
    client = person("Q1", "qc.review")
    page = reverse("qc:review", args=[review.pk])
    claim, urgent = (reverse(f"qc:{name}", args=[review.pk]) for name in ("claim", "urgent"))

    assert client.post(urgent, {"at_ms": ""}).url == page
    review.call.events.create(kind="tag", at_ms=618_000, payload={"kind": "identity"})

    assert client.post(urgent, {"at_ms": "0"}).url == f"{page}#ms=618000"
    assert client.post(urgent, {"at_ms": "/evil"}).url == f"{page}#ms=618000"
    assert client.post(claim, {"at_ms": "497123"}).url == f"{page}#ms=497123"
    refused = client.post(
        reverse("qc:decide", args=[review.pk]), {"move": "reject", "at_ms": "500000"}
    )
    assert refused.url == f"{page}#ms=500000"


def test_the_next_case_begins_at_its_first_doubt(review):
    review.call.events.create(kind="tag", at_ms=618_000, payload={"kind": "identity"})

    taken = person("Q1", "qc.review").post(reverse("qc:next"))

    assert taken.url == f"{reverse('qc:review', args=[review.pk])}#ms=618000"


def test_each_doubt_is_named_with_or_without_a_note(review):
    events = review.call.events
    events.create(kind="tag", at_ms=61_000, payload={"kind": "identity"})
    events.create(kind="tag", at_ms=62_000, payload={"kind": "identity", "note": "说不出生日"})
    events.create(kind="gap", at_ms=63_000, payload={})

    page = person("Q1", "qc.review").get(reverse("qc:review", args=[review.pk])).content.decode()

    for at_ms in (61_000, 62_000, 63_000):
        assert f'href="#ms={at_ms}"' in page
    assert "说不出生日" in page


def test_that_there_is_no_doubt_on_the_timeline_is_said(review):
    review.call.events.create(kind="chat", at_ms=700, payload={"text": "请把身份证拿近一些"})
    review.call.events.create(kind="mute", at_ms=800, payload={})

    page = person("Q1", "qc.review").get(reverse("qc:review", args=[review.pk])).content.decode()

    assert "没有标签，也没有中断。" in page


def test_who_was_not_interviewed_is_said_before_the_pass(review):
    client = person("Q1", "qc.review")
    client.post(reverse("qc:claim", args=[review.pk]))
    url = reverse("qc:review", args=[review.pk])
    said = "不能选择“通过”：张晓明"
    assert said not in client.get(url).content.decode()
    review.call.task.parties.update(interviewed_at=None)

    page = client.get(url).content.decode()

    assert said in page
    assert re.search(r'value="pass"\s+required\s+disabled', page)


def test_those_who_only_look_cannot_claim_or_decide(review):
    client = person("M1", "qc.view")

    for name in ("claim", "decide", "urgent"):
        assert client.post(reverse(f"qc:{name}", args=[review.pk])).status_code == 404
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN


def test_a_seat_sees_its_own_result_once_it_is_there(review):
    seat = client_of(review.call.seat.user, "workbench.use")
    url = reverse("qc:review", args=[review.pk])
    assert seat.get(url).status_code == 404

    reviewer = person("Q1", "qc.review")
    reviewer.post(reverse("qc:claim", args=[review.pk]))
    reviewer.post(reverse("qc:decide", args=[review.pk]), {"move": "return", "note": "请重新面谈"})

    results = seat.get(reverse("qc:results"))
    assert "请重新面谈" in results.content.decode()
    assert (results.context["figures"]["total"], results.context["figures"]["returned"]) == (1, 1)
    page = seat.get(url).content.decode()
    assert f'href="{reverse("qc:results")}"' in page
    assert f'href="{reverse("qc:queue")}"' not in page
    assert person("S8", "workbench.use").get(url).status_code == 404


def test_the_score_is_counted_by_the_server(review):
    form = ScoreForm.objects.create(title="面谈质量", is_current=True)
    greeting = form.items.create(text="规范问候", weight=20)
    form.items.create(text="核对证件", weight=60, order=2)
    client = person("Q1", "qc.review")
    client.post(reverse("qc:claim", args=[review.pk]))

    client.post(
        reverse("qc:decide", args=[review.pk]),
        {"move": "pass", "scored": "1", "met": [greeting.pk]},
    )

    review.refresh_from_db()
    assert review.points == 25
    assert review.met_items == [greeting.pk]


def test_samples_and_report_open_for_those_who_look():
    viewer, reviewer = person("M1", "qc.view"), person("Q1", "qc.review")

    for name in ("samples", "report"):
        assert viewer.get(reverse(f"qc:{name}")).status_code == 200
        assert reviewer.get(reverse(f"qc:{name}")).status_code == 404


def test_a_report_is_of_a_year_at_most():
    viewer = person("M1", "qc.view")
    for name in ("report", "agreement"):
        page = viewer.get(reverse(f"qc:{name}"), {"first": "2024-01-01", "last": "2025-01-01"})
        assert "时间范围须为 1 至 366 天" in page.content.decode()
        assert page.context["form"].is_valid() is False
        year = viewer.get(reverse(f"qc:{name}"), {"first": "2024-01-01", "last": "2024-12-31"})
        assert year.context["form"].is_valid() is True


def test_what_was_watched_is_audited_in_joined_spans(review):
    client = person("Q1", "qc.review")
    url = reverse("recordings:watched", args=[review.call_id])

    sent = client.post(
        url, {"spans": [[0, 900], [900, 4000], [9000, 9500]]}, content_type="application/json"
    )
    junk = [
        client.post(url, body, content_type="application/json").status_code
        for body in (
            '{"spans": "x"}',
            '{"spans": [[5, 1]]}',
            "[]",
            "no json",
            '{"spans": [[-1, 2]]}',
        )
    ]

    assert sent.status_code == 204
    assert junk == [400] * 5
    entry = AuditEntry.objects.get(action="recording.watched")
    assert entry.payload == '{"spans_s":[[0,4],[9,10]]}'
    assert person("S8", "workbench.use").post(url, {}, "application/json").status_code == 404
