"""The line as a state machine: whatever happens in whatever order, the invariants of the design hold.

Every example runs in a transaction that is rolled back, so nothing is dispatched by itself: the
dispatcher is one of the things that happen.
"""

import contextlib
import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from appointments import services as appointments
from appointments.selectors import due_appointments
from common.errors import DomainError
from interviews import services as interviews
from interviews.models import Call, InterviewTask
from interviews.states import CallState, Verdict
from operations.invariants import check
from queueing import services
from queueing.models import CallRequest, Offer
from queueing.rules import DEFAULT
from queueing.selectors import candidates_now, waiting_now, waiting_views
from queueing.states import OfferState, RequestState
from seats import services as seats
from seats.models import Seat, SeatPresence, WorkTime
from seats.states import Presence
from tests.support.factories import (
    PARTY_ACTOR,
    SEAT_ACTOR,
    consent,
    make_seat,
    make_task,
    person,
)

PICK = st.integers(0, 7)


class Killed(Exception):
    """The process died in the middle of it."""


def chosen(rows, number):
    found = list(rows)
    return found[number % len(found)] if found else None


class LineMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.dispatched = False
        for _ in range(3):
            seat = make_seat()
            for weekday in range(7):
                WorkTime.objects.create(
                    seat=seat, weekday=weekday, start=dt.time(0), end=dt.time(23, 59)
                )
            presence = seats.pass_device_check(seat.pk, actor=SEAT_ACTOR, report={})
            assert presence.state == Presence.SIGNED_OUT
            seats.sign_in(seat.pk, actor=SEAT_ACTOR)

    def teardown(self):
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def act(self, what, *args, **facts):
        """A refusal is an answer; it must have changed nothing."""
        self.dispatched = False
        with contextlib.suppress(DomainError), transaction.atomic():
            what(*args, **facts)

    # --- customers

    @rule(two=st.booleans(), booked=st.booleans(), seat=PICK)
    def arrive(self, two, booked, seat):
        people = [person("张晓明"), person("周安然", "GUARANTOR")][: 1 + two]
        task = make_task(*people)
        if booked:
            self.act(
                appointments.book,
                task.pk,
                seat_id=chosen(Seat.objects.order_by("pk"), seat).pk,
                start=timezone.now() - dt.timedelta(minutes=5),
                minutes=30,
                actor=SEAT_ACTOR,
            )
        for party in task.parties.all():
            consent(party)
            self.act(
                services.call_in,
                task.pk,
                party_id=party.pk,
                channel_code="APP",
                actor=PARTY_ACTOR,
            )

    @rule(number=PICK)
    def call_in_again(self, number):
        request = chosen(CallRequest.objects.order_by("arrived_at"), number)
        if request is not None:
            self.act(
                services.call_in,
                request.task_id,
                party_id=request.party_id,
                channel_code="APP",
                actor=PARTY_ACTOR,
            )

    @rule(number=PICK)
    def leave(self, number):
        request = chosen(CallRequest.objects.order_by("arrived_at"), number)
        if request is not None:
            self.act(services.abandon, request.pk, actor=PARTY_ACTOR)

    @rule(number=PICK)
    def fall_silent(self, number):
        request = chosen(CallRequest.objects.order_by("arrived_at"), number)
        if request is not None:
            CallRequest.objects.filter(pk=request.pk).update(
                seen_at=timezone.now() - dt.timedelta(minutes=2)
            )
            self.act(services.sweep)

    @rule(number=PICK)
    def supersede(self, number):
        task = chosen(InterviewTask.objects.filter(superseded_at=None).order_by("pk"), number)
        if task is not None:
            self.act(interviews.supersede_task, task.contract_no, actor=SEAT_ACTOR)
            self.act(services.sweep)

    # --- the line

    @rule()
    def dispatch(self):
        services.dispatch_waiting()
        self.dispatched = True

    @rule(number=PICK)
    def accept(self, number):
        offer = chosen(Offer.objects.order_by("offered_at"), number)
        if offer is not None:
            self.act(services.accept_offer, offer.pk, seat_id=offer.seat_id, actor=SEAT_ACTOR)

    @rule(number=PICK)
    def decline(self, number):
        offer = chosen(Offer.objects.order_by("offered_at"), number)
        if offer is not None:
            self.act(services.decline_offer, offer.pk, seat_id=offer.seat_id, actor=SEAT_ACTOR)

    @rule(number=PICK, to=st.one_of(st.none(), PICK))
    def hand_over(self, number, to):
        offer = chosen(Offer.objects.order_by("offered_at"), number)
        if offer is not None:
            taker = None if to is None else chosen(Seat.objects.order_by("pk"), to).pk
            self.act(
                services.transfer_offer,
                offer.pk,
                seat_id=offer.seat_id,
                to_seat_id=taker,
                actor=SEAT_ACTOR,
            )

    @rule()
    def ring_out(self):
        Offer.objects.filter(state=OfferState.RINGING).update(
            deadline_at=timezone.now() - dt.timedelta(seconds=1)
        )
        self.act(services.sweep)

    # --- seats

    @rule(
        number=PICK,
        what=st.sampled_from(["sign_in", "sign_out", "ready", "pause", "force", "silent"]),
    )
    def change_presence(self, number, what):
        seat = chosen(Seat.objects.order_by("pk"), number)
        match what:
            case "sign_in":
                self.act(seats.sign_in, seat.pk, actor=SEAT_ACTOR)
            case "sign_out":
                self.act(seats.sign_out, seat.pk, actor=SEAT_ACTOR)
            case "ready":
                self.act(seats.ready, seat.pk, actor=SEAT_ACTOR)
            case "pause":
                self.act(seats.pause, seat.pk, reason="小休", actor=SEAT_ACTOR)
            case "force":
                self.act(seats.force_sign_out, seat.pk, reason="主管", actor=SEAT_ACTOR)
            case _:
                SeatPresence.objects.filter(seat=seat).update(
                    heartbeat_at=timezone.now() - dt.timedelta(minutes=5)
                )
                self.act(seats.lose_silent)

    @rule(number=PICK)
    def hang_up(self, number):
        call = chosen(Call.objects.order_by("clock_started_at"), number)
        if call is not None:
            self.act(interviews.end_call, call.pk, actor=SEAT_ACTOR, reason="seat")

    @rule(number=PICK)
    def file(self, number):
        call = chosen(
            Call.objects.filter(state=CallState.ENDED).order_by("clock_started_at"), number
        )
        if call is not None:
            self.act(
                interviews.file_verdict,
                call.pk,
                verdict=Verdict.DOUBT,
                note="说明",
                actor=SEAT_ACTOR,
            )
            self.act(seats.finish_wrap_up, call.seat_id, actor=SEAT_ACTOR)

    @precondition(lambda self: Offer.objects.filter(state=OfferState.RINGING).exists())
    @rule(answers=st.booleans())
    def die_in_the_middle(self, answers):
        """The process is killed before its transaction ends: as if nothing had happened."""
        offer = Offer.objects.filter(state=OfferState.RINGING).first()
        assert offer is not None
        before = sorted(CallRequest.objects.values_list("pk", "state"))
        with contextlib.suppress(Killed, DomainError), transaction.atomic():
            act = services.accept_offer if answers else services.decline_offer
            act(offer.pk, seat_id=offer.seat_id, actor=SEAT_ACTOR)
            raise Killed
        assert sorted(CallRequest.objects.values_list("pk", "state")) == before

    # --- what must hold

    @invariant()
    def the_database_is_consistent(self):
        broken = [(r.key, r.broken) for r in check(["I1", "I2", "I7", "W1", "W2"]) if r.count]
        assert broken == []

    @invariant()
    def nobody_waits_beside_a_free_seat_after_a_dispatch(self):
        if not self.dispatched:
            return
        due = due_appointments(timezone.now())
        free = [seat for seat in candidates_now(due) if not seat.held_for]
        line = waiting_views(waiting_now(), [DEFAULT], due)
        assert not (free and any(who.appointed_seat is None for who in line))

    @invariant()
    def a_booked_customer_rings_at_the_booked_seat_only(self):
        due = {
            d.appointment.task_id: d.appointment.seat_id for d in due_appointments(timezone.now())
        }
        for task_id, seat_id in Offer.objects.filter(state=OfferState.RINGING).values_list(
            "request__task_id", "seat_id"
        ):
            assert due.get(task_id, seat_id) == seat_id

    @invariant()
    def one_of_a_task_rings(self):
        ringing = list(
            CallRequest.objects.filter(state=RequestState.OFFERED).values_list("task_id", flat=True)
        )
        assert len(ringing) == len(set(ringing))


@pytest.mark.django_db
def test_the_line_keeps_its_invariants_whatever_happens():
    run_machine(
        LineMachine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
