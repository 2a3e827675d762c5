"""Pages of quality control and of the figures ask the database as often for many rows as for few."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from qc import services
from qc.models import CoachingClip
from qc.selectors import reject_reasons
from qc.states import ReviewMove
from tests.analytics.test_reports import a_call
from tests.qc.test_pages import person
from tests.qc.test_second import ask, decided, take, user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def asked_for(client, name, **query):
    """How many queries the page takes, and its text."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(reverse(name), query)
    assert page.status_code == 200
    return len(queries), page.content.decode()


def a_second_opinion(first, second):
    decided(first)
    ask()
    taken = take(second)
    services.give_second_opinion(
        taken.pk, ReviewMove.REJECT, reviewer=second, reasons=reject_reasons()[:1]
    )


def a_clip(reviewer):
    review = decided(reviewer)
    CoachingClip.objects.create(
        review=review, call=review.call, from_ms=0, to_ms=1000, title="要点", made_by=reviewer
    )


@pytest.mark.parametrize(
    ("make", "name", "at_most"),
    [
        ("clip", "qc:clips", 12),
        ("second", "qc:agreement", 14),
        ("call", "analytics:overview", 16),
    ],
)
def test_more_rows_are_no_more_queries(make, name, at_most):
    first, second = user("Q1"), user("Q2")
    client = person("M1", "qc.view", "reports.view")
    makers = {
        "clip": lambda: a_clip(first),
        "second": lambda: a_second_opinion(first, second),
        "call": a_call,
    }
    makers[make]()
    asked_for(client, name)  # what is kept from then on
    few, _page = asked_for(client, name)
    for _more in range(3):
        makers[make]()

    many, _page = asked_for(client, name)

    assert many == few
    assert many <= at_most


@pytest.mark.parametrize("name", ["qc:report", "qc:agreement", "analytics:overview"])
def test_the_days_of_a_report_stand_in_the_form_as_a_browser_reads_them(name):
    _asked, page = asked_for(person("M1", "qc.view", "reports.view"), name)

    assert f'value="{TODAY:%Y-%m-%d}"' in page
    assert f'value="{TODAY - dt.timedelta(days=29):%Y-%m-%d}"' in page
