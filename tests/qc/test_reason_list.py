"""The credit system's reasons are kept here: quality control works while the bank is away (QC-2)."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from credit_bridge import selectors as bridge
from credit_bridge.breaker import CircuitBreaker
from credit_bridge.embedded import REJECT_REASONS
from credit_bridge.simulator import Fault
from interviews.states import TaskState
from qc import selectors, services
from qc.models import ReasonList
from qc.states import ReviewState
from tests.qc.test_pages import person
from tests.support.bank import http_bank, simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[Fault.DOWN, Fault.DELAY])
def bank_away(request, monkeypatch):
    """The bank over the wire, cut off or slower than anybody waits; what was asked of it."""
    patient = CircuitBreaker(failures=1000)
    with simulated() as (simulator, url), http_bank(url, answer_s=0.2, breaker=patient) as client:
        simulator.set(request.param, count=1000, seconds=0.5)
        asked, ask = [], client.ask

        def note(name, **facts):
            asked.append(name)
            return ask(name, **facts)

        monkeypatch.setattr(client, "ask", note)
        monkeypatch.setattr(bridge, "bank", lambda: client)
        yield asked


def reject(client, review, reason):
    return client.post(
        reverse("qc:decide", args=[review.pk]), {"move": "reject", "reasons": [reason]}, follow=True
    )


def test_a_case_is_looked_at_and_rejected_while_the_bank_is_away(review, bank_away):
    reviewer = person("Q1", "qc.review")
    reviewer.post(reverse("qc:claim", args=[review.pk]))

    page = reviewer.get(reverse("qc:review", args=[review.pk]))
    reject(reviewer, review, REJECT_REASONS[0])

    assert REJECT_REASONS[0] in page.content.decode()
    review.refresh_from_db()
    assert review.state == ReviewState.REJECTED
    assert review.call.task.state == TaskState.REJECTED
    assert bank_away == [], "no page waits for the bank"


def test_a_list_that_cannot_be_asked_for_stays_what_it_was_and_its_age_is_said(
    review,
    bank_away,
):
    old = timezone.now() - dt.timedelta(days=2)
    ReasonList.objects.update(asked_at=old)
    reviewer = person("Q1", "qc.review")
    reviewer.post(reverse("qc:claim", args=[review.pk]))

    assert services.refresh_reasons() is False

    assert "reject_reasons" in bank_away, "it was asked"
    assert ReasonList.objects.get().asked_at == old
    assert selectors.reject_reasons() == REJECT_REASONS
    page = reviewer.get(reverse("qc:review", args=[review.pk])).content.decode()
    assert f"{timezone.localtime(old):%Y-%m-%d %H:%M}" in page


def test_without_a_list_a_case_is_looked_at_and_passed_and_the_page_says_what_lacks(
    review,
    bank_away,
):
    ReasonList.objects.all().delete()
    reviewer = person("Q1", "qc.review")
    reviewer.post(reverse("qc:claim", args=[review.pk]))

    page = reviewer.get(reverse("qc:review", args=[review.pk])).content.decode()
    refused = reject(reviewer, review, REJECT_REASONS[0]).content.decode()
    reviewer.post(reverse("qc:decide", args=[review.pk]), {"move": "pass"})

    assert "拒件原因尚未从信贷系统取得" in page
    assert "hint--risk" in refused
    review.refresh_from_db()
    assert review.state == ReviewState.PASSED


def test_the_list_is_asked_for_again_when_its_time_has_come():
    ReasonList.objects.update(reasons=["从前的原因"])
    assert services.refresh_reasons() is False, "it is fresh"
    assert selectors.reject_reasons() == ("从前的原因",)

    ReasonList.objects.update(asked_at=timezone.now() - dt.timedelta(minutes=16))

    assert services.refresh_reasons() is True
    assert selectors.reject_reasons() == REJECT_REASONS
    assert timezone.now() - ReasonList.objects.get().asked_at < dt.timedelta(minutes=1)


def test_an_empty_answer_takes_no_reasons_away(settings):
    settings.REJECT_REASONS_SOURCE = "tests.qc.test_reason_list.no_reasons"
    ReasonList.objects.update(asked_at=timezone.now() - dt.timedelta(days=1))

    assert services.refresh_reasons() is False
    assert selectors.reject_reasons() == REJECT_REASONS


def no_reasons():
    return ()
