"""One decision, whoever is quick, and none at all when the process dies on the way (QC-2)."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from audit.models import AuditEntry
from common.errors import DomainError
from interviews import services as interviews
from interviews.states import TaskState, Verdict
from outbox.models import OutboxMessage
from qc import selectors, services
from qc.models import QcReview
from qc.states import ReviewMove, ReviewState
from tests.support.factories import SEAT_ACTOR, make_ended_call

pytestmark = pytest.mark.django_db(transaction=True)


def claimed_review(reviewer):
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    review = services.open_review(call.pk, doubt="反光")
    return services.claim(review.pk, reviewer=reviewer)


def reviewer_of(staff_no="Q1"):
    return User.objects.create_user(staff_no, "test-password", name=staff_no)


def at_once(*acts):
    """What came of each act, all begun at the same moment."""
    gate = threading.Barrier(len(acts))
    results: list[str] = [""] * len(acts)

    def run(place, act):
        gate.wait(10)
        try:
            act()
            results[place] = "done"
        except DomainError as refusal:
            results[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_tabs_of_one_reviewer_decide_once():
    reviewer = reviewer_of()
    reasons = selectors.reject_reasons()[:1]
    for _ in range(5):
        review = claimed_review(reviewer)

        results = at_once(
            lambda pk=review.pk: services.decide(pk, ReviewMove.PASS, reviewer=reviewer),
            lambda pk=review.pk: services.decide(
                pk, ReviewMove.REJECT, reviewer=reviewer, reasons=reasons
            ),
        )

        assert sorted(results) == ["done", "illegal_move"]
        review.refresh_from_db()
        passed = review.state == ReviewState.PASSED
        assert review.call.task.state == (TaskState.PASSED if passed else TaskState.REJECTED)
        told = OutboxMessage.objects.filter(
            topic="task.state_changed", payload__task_id=str(review.call.task_id)
        )
        assert {message.payload["state"] for message in told} == {review.call.task.state}


def test_two_reviewers_claim_once():
    one, other = reviewer_of("Q1"), reviewer_of("Q2")
    call = make_ended_call()
    review = services.open_review(call.pk, doubt="反光")

    results = at_once(
        lambda: services.claim(review.pk, reviewer=one),
        lambda: services.claim(review.pk, reviewer=other),
    )

    assert sorted(results) == ["done", "illegal_move"]
    assert AuditEntry.objects.filter(action="qc.claimed").count() == 1


DECIDER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "interview_site.settings.test"
django.setup()
from accounts.models import User
from qc.services import reviews
from qc.states import ReviewMove
true_note = reviews.note_review
def note(*given, **named):
    true_note(*given, **named)
    print("all written, nothing committed", flush=True)
    sys.stdin.read()
reviews.note_review = note
reviews.decide(int(sys.argv[1]), ReviewMove.PASS, reviewer=User.objects.get(pk=int(sys.argv[2])))
"""


@pytest.mark.fault
def test_a_decision_whose_process_is_killed_has_never_been_and_can_be_taken_again():
    reviewer = reviewer_of()
    review = claimed_review(reviewer)
    before = OutboxMessage.objects.count(), AuditEntry.objects.count()
    database = settings.DATABASES["default"]
    process = subprocess.Popen(
        [sys.executable, "-c", DECIDER, str(review.pk), str(reviewer.pk)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
        },
        cwd=settings.BASE_DIR,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"all written, nothing committed\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    process.stdin.close()

    review = QcReview.objects.get(pk=review.pk)
    assert review.state == ReviewState.CLAIMED
    assert review.call.task.state == TaskState.PENDING
    assert (OutboxMessage.objects.count(), AuditEntry.objects.count()) == before
    services.decide(review.pk, ReviewMove.PASS, reviewer=reviewer)
    review.refresh_from_db()
    assert review.call.task.state == TaskState.PASSED
