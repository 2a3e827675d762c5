"""A process dies at every point of booking and of dispatch: the next one goes on, nothing is twice."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from django.db.models import Model
from django.utils import timezone

from appointments import selectors
from appointments import services as appointments
from appointments.models import Appointment, AppointmentPerson, SlotHold
from appointments.states import AppointmentState
from audit.models import AuditEntry
from interviews.models import Call, InterviewTask
from operations.invariants import check
from queueing import services
from queueing.models import CallRequest, Offer
from queueing.states import OfferState, RequestState
from seats import services as seats
from seats.models import Seat, SeatPresence, WorkTime
from seats.states import Presence
from tests.support.deaths import Life, die_at_each_point, points
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_seat, make_task, person
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]


def begin() -> UUID:
    """Two seats at their desks and a case of two people."""
    Seat.objects.update(enabled=False)  # those of the life before
    for seat in (make_seat(), make_seat()):
        WorkTime.objects.bulk_create(
            WorkTime(seat=seat, weekday=day, start=dt.time(9), end=dt.time(12)) for day in range(7)
        )
    task = make_task(person("张晓明"), person("周安然", "GUARANTOR"))
    for party in task.parties.all():
        consent(party)
    return task.pk


def told(rows: Iterable[Model], *actions: str) -> Counter[str]:
    """How often the log tells each of these rows' acts."""
    found = AuditEntry.objects.filter(object_id__in=[str(r.pk) for r in rows], action__in=actions)
    return Counter(found.values_list("action", flat=True))


def nothing_is_broken() -> None:
    keys = ["I1", "I2", "I6", "I7", "W1", "W2"]
    assert [result.broken for result in check(keys) if result.count] == []


# --- booking ------------------------------------------------------------------------------------


def book(task_id: UUID) -> None:
    """Held, booked, moved to a later time, given to the other seat, cancelled."""
    holder = InterviewTask.objects.get(pk=task_id).contract_no
    own, other = Seat.objects.filter(enabled=True).order_by("pk")
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    first, later = selectors.free_slots(
        first_day=tomorrow, last_day=tomorrow, seat_id=own.pk, holder=holder
    )[:2]
    mine = Appointment.objects.filter(task_id=task_id)
    if not mine.exists():
        appointments.hold(own.pk, start=first.start, holder=holder, actor=SEAT_ACTOR)
        appointments.book(task_id, seat_id=own.pk, start=first.start, actor=SEAT_ACTOR)
    if not mine.filter(state=AppointmentState.MOVED).exists():
        appointments.move(task_id, seat_id=own.pk, start=later.start, actor=SEAT_ACTOR)
    for booked in mine.filter(state=AppointmentState.BOOKED):
        (placement,) = appointments.reassign({booked.pk: other.pk}, actor=SEAT_ACTOR)
        assert placement.seat == other
    appointments.cancel(task_id, actor=SEAT_ACTOR)


def booked_once(task_id: UUID) -> None:
    own, other = Seat.objects.filter(enabled=True).order_by("pk")
    moved, cancelled = Appointment.objects.filter(task_id=task_id).order_by("pk")
    assert (moved.state, moved.seat) == (AppointmentState.MOVED, own)
    assert (cancelled.state, cancelled.seat) == (AppointmentState.CANCELLED, other)
    assert cancelled.moved_from == moved
    people = AppointmentPerson.objects.filter(appointment__task_id=task_id)
    assert (people.filter(live=True).count(), people.count()) == (0, 4)
    assert not SlotHold.objects.exists()
    assert told([moved, cancelled], "appointment.booked", "appointment.reassigned") == {
        "appointment.booked": 2,
        "appointment.reassigned": 1,
    }
    assert told([own], "appointment.held") == {"appointment.held": 1}
    nothing_is_broken()


# --- the line -----------------------------------------------------------------------------------


def rings(task_id: UUID) -> Offer:
    """The case rings somewhere; a dispatcher that died did its part or nothing of it."""

    def ringing() -> Offer | None:
        # A dead dispatcher's place is free as soon as the database has noticed.
        services.sweep()
        return Offer.objects.filter(request__task_id=task_id, state=OfferState.RINGING).first()

    offer = wait_for(ringing, within_s=30, what="the case rings")
    Offer.objects.filter(pk=offer.pk).update(deadline_at=timezone.now() + dt.timedelta(hours=1))
    return offer


def answer(task_id: UUID) -> None:
    """Both call in; the seat hands it on, the other declines, comes back and takes it."""
    task = InterviewTask.objects.get(pk=task_id)
    for seat in Seat.objects.filter(enabled=True):
        presence, _new = SeatPresence.objects.get_or_create(seat=seat)
        SeatPresence.objects.filter(pk=presence.pk).update(heartbeat_at=timezone.now())
        if presence.state == Presence.SIGNED_OUT:
            SeatPresence.objects.filter(pk=presence.pk).update(state=Presence.READY)
        elif presence.state == Presence.PAUSED:
            seats.ready(seat.pk, actor=SEAT_ACTOR)
    if Call.objects.filter(task=task).exists():
        return
    for party in task.parties.order_by("name"):
        services.call_in(task_id, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR)
    offers = Offer.objects.filter(request__task=task)
    for state, act in (
        (OfferState.TRANSFERRED, partial(services.transfer_offer, to_seat_id=None)),
        (OfferState.DECLINED, services.decline_offer),
        (OfferState.ACCEPTED, services.accept_offer),
    ):
        if not offers.filter(state=state).exists():
            offer = rings(task_id)
            act(offer.pk, seat_id=offer.seat_id, actor=SEAT_ACTOR)


def answered_once(task_id: UUID) -> None:
    call = Call.objects.get(task_id=task_id)
    requests = CallRequest.objects.filter(task_id=task_id)
    assert set(requests.values_list("state", "call")) == {(RequestState.CONNECTED, call.pk)}
    assert requests.count() == call.participants.filter(role="customer").count() == 2
    offers = Offer.objects.filter(request__in=requests)
    ended = Counter(offers.values_list("state", flat=True))
    assert ended == {OfferState.TRANSFERRED: 1, OfferState.DECLINED: 1, OfferState.ACCEPTED: 1}
    # Each offer was made by the dispatcher, except the one that was handed on.
    assert told(offers, "offer.made", "offer.accepted") == {
        "offer.made": 2,
        "offer.accepted": 1,
    }
    assert told(requests, "request.entered") == {"request.entered": 2}
    nothing_is_broken()


@pytest.mark.parametrize(
    "life",
    [
        pytest.param(Life(points("appointments"), begin, book, booked_once), id="booking"),
        pytest.param(Life(points("queueing"), begin, answer, answered_once), id="line"),
    ],
)
def test_death_at_any_point_leaves_the_whole_act_or_nothing_of_it(
    life: Life, tmp_path: Path
) -> None:
    die_at_each_point(life, tmp_path / "trace")
