"""A doubtful case as a state machine: interviews, decisions, hands and returns in whatever order."""

import contextlib
import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from accounts.models import Role, User
from appointments import services as appointments
from appointments.models import Appointment
from appointments.states import AppointmentState
from common.errors import DomainError
from interviews import services as interviews
from interviews.errors import TaskClosed
from interviews.models import InterviewTask
from interviews.states import TaskState, Verdict
from operations.invariants import check
from outbox.models import OutboxMessage
from outbox.registry import handler_named
from qc import selectors, services
from qc.models import QcReview
from qc.states import UNDECIDED, ReviewMove, ReviewOrigin, ReviewState
from tests.support.factories import SEAT_ACTOR, make_ended_call, make_seat, make_task

PICK = st.integers(0, 3)
MOVES = [ReviewMove.PASS, ReviewMove.REJECT, ReviewMove.RETURN]


class DoubtMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        services.refresh_reasons()
        role = Role.objects.create(code="q", name="复核", operations=["qc.review"], scope="all")
        self.reviewers = [User.objects.create_user(f"Q{n}", "test-password") for n in range(2)]
        for reviewer in self.reviewers:
            reviewer.roles.add(role)
        self.contract_no = make_task().contract_no
        self.told = 0

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @property
    def task(self):
        return InterviewTask.objects.get(contract_no=self.contract_no, superseded_at=None)

    def review(self, number):
        found = list(QcReview.objects.order_by("pk"))
        return found[number % len(found)].pk if found else None

    @rule(verdict=st.sampled_from(Verdict))
    def interview(self, verdict):
        """Nobody calls in for a case that is over."""
        if self.task.state == TaskState.PENDING:
            call = make_ended_call(self.task)
            interviews.file_verdict(call.pk, verdict=verdict, note="疑点", actor=SEAT_ACTOR)

    @rule()
    def book_again(self):
        start = timezone.now() + dt.timedelta(days=1)
        with contextlib.suppress(DomainError), transaction.atomic():
            appointments.book(
                self.task.pk, seat_id=make_seat().pk, start=start, minutes=30, actor=SEAT_ACTOR
            )

    @rule()
    def come_back_as_a_new_task(self):
        make_task(contract_no=self.contract_no)

    @rule()
    def deliver(self):
        """What quality control and the calendar are told, in the order it was written."""
        for message in OutboxMessage.objects.filter(pk__gt=self.told).order_by("pk"):
            self.told = message.pk
            if message.handler.startswith(("qc.", "appointments.")):
                handler_named(message.handler)(str(message.pk), message.payload)

    @rule(number=PICK, who=st.integers(0, 1), what=st.sampled_from(["claim", "assign", "back"]))
    def pass_on(self, number, who, what):
        pk, person = self.review(number), self.reviewers[who]
        acts = {
            "claim": lambda: services.claim(pk, reviewer=person),
            "assign": lambda: services.assign(pk, to=person, actor=SEAT_ACTOR),
            "back": lambda: services.take_back(pk, actor=SEAT_ACTOR),
        }
        if pk is not None:
            with contextlib.suppress(DomainError), transaction.atomic():
                acts[what]()

    @rule(number=PICK, who=st.integers(0, 1), move=st.sampled_from(MOVES))
    def decide(self, number, who, move):
        pk = self.review(number)
        if pk is None:
            return
        try:
            services.decide(
                pk,
                move,
                reviewer=self.reviewers[who],
                reasons=selectors.reject_reasons()[:1],
            )
        except TaskClosed as shown:
            raise AssertionError("a reviewer was shown a closed task") from shown
        except DomainError:
            pass

    @invariant()
    def what_is_in_nobodys_hand_says_so(self):
        for review in QcReview.objects.all():
            in_hand = review.state not in {ReviewState.OPEN, ReviewState.OVERTAKEN}
            assert (review.reviewer_id is not None) is in_hand
            assert (review.decided_at is None) is (review.review_state in UNDECIDED)

    @invariant()
    def the_book_holds(self):
        assert [result for result in check(["I2", "I7"]) if result.count] == []

    @precondition(lambda self: self.told == newest_message())
    @invariant()
    def once_all_was_told_no_closed_case_waits(self):
        waiting = QcReview.objects.filter(origin=ReviewOrigin.DOUBT, state__in=UNDECIDED)
        closed = InterviewTask.objects.exclude(state=TaskState.PENDING, superseded_at=None)
        assert not waiting.filter(call__task__in=closed).exists()
        assert not Appointment.objects.filter(
            task__in=closed, state=AppointmentState.BOOKED
        ).exists()


def newest_message():
    return OutboxMessage.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@pytest.mark.django_db
def test_a_doubt_ends_once_and_leaves_nothing_behind():
    run_machine(
        DoubtMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
