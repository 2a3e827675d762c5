"""坐席管理: the list, the calendar, reassignment with its preview, the guard of 停用 (SEAT-1…5)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from appointments import selectors, services
from appointments.models import Appointment, SlotHold
from audit.models import AuditEntry
from interviews.models import InterviewTask
from seats.models import Seat, SeatPresence, WorkTime
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_seat, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def seat_role():
    return Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])


@pytest.fixture
def manager():
    return entered("M1", "seats.view", "seats.manage")


def entered(staff_no, *operations):
    user = User.objects.create_user(staff_no, "test-password", name=staff_no)
    user.roles.add(
        Role.objects.create(code=staff_no, name="r", operations=list(operations), scope="all")
    )
    client = Client()
    client.force_login(user)
    return client


def working(seat_role, **hours):
    seat = make_seat()
    seat.user.roles.add(seat_role)
    for weekday in range(7):
        WorkTime.objects.create(
            seat=seat, weekday=weekday, start=dt.time(9), end=dt.time(17), **hours
        )
    return seat


def booked(seat, task=None):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    slot = selectors.free_slots(first_day=tomorrow, last_day=tomorrow, seat_id=seat.pk)[0]
    return services.book(
        (task or make_task()).pk, seat_id=seat.pk, start=slot.start, actor=SEAT_ACTOR
    )


def test_the_list_shows_everybody_with_the_role_and_their_load(seat_role, manager):
    seat = working(seat_role)
    booked(seat)
    newcomer = User.objects.create_user("800999", "test-password", name="新人")
    newcomer.roles.add(seat_role)

    page = manager.get(reverse("appointments:index")).content.decode()

    assert seat.staff_no in page
    assert "新人" in page
    manager.post(reverse("appointments:enable", args=[newcomer.pk]))
    assert Seat.objects.get(user=newcomer).enabled


def test_a_seat_is_found_by_words_and_state_and_the_list_has_pages(seat_role, manager, monkeypatch):
    monkeypatch.setattr("appointments.views.PAGE_SIZE", 2)
    seats_there = [working(seat_role) for _ in range(3)]
    SeatPresence.objects.create(seat=seats_there[1], state=Presence.READY)
    url = reverse("appointments:index")

    def shown(**asked):
        return [row.user.staff_no for row in manager.get(url, asked).context["rows"]]

    numbers = [seat.staff_no for seat in seats_there]
    assert shown() == numbers[:2]
    assert shown(page=2) == numbers[2:]
    assert shown(words=numbers[2]) == numbers[2:]
    assert shown(state="READY") == [numbers[1]]
    assert shown(state="SIGNED_OUT") == [numbers[0], numbers[2]]
    assert shown(words=numbers[0], state="READY") == []
    assert "没有符合条件的坐席。" in manager.get(url, {"words": "无此人"}).content.decode()


def test_the_calendar_tells_what_is_held_from_what_is_free_and_says_the_amount(seat_role, manager):
    seat = working(seat_role)
    task = make_task()
    InterviewTask.objects.filter(pk=task.pk).update(loan_amount=Decimal("380000.00"))
    appointment = booked(seat, task)
    free = selectors.free_slots(
        first_day=timezone.localdate() + dt.timedelta(days=1),
        last_day=timezone.localdate() + dt.timedelta(days=1),
        seat_id=seat.pk,
    )
    services.hold(seat.pk, start=free[0].start, holder="YXD-1", actor=SEAT_ACTOR)
    SlotHold.objects.create(
        seat=seat,
        slot=(free[1].start, free[1].end),
        holder="gone",
        expires_at=timezone.now() - dt.timedelta(minutes=1),
    )

    page = manager.get(reverse("appointments:month", args=[seat.pk]))

    day = next(day for day in page.context["days"] if day.date == free[0].start.astimezone().date())
    by_start = {cell.start: cell for cell in day.cells}
    assert by_start[appointment.bounds[0]].appointment == appointment
    assert by_start[free[0].start].held > timezone.now()
    assert by_start[free[1].start].held is None  # its time is over: it is nothing
    assert len([cell for cell in day.cells if cell.held]) == 1
    assert "380,000 元" in page.content.decode()


def test_the_calendar_opens_a_booking_with_customer_and_manager(seat_role, manager):
    seat = working(seat_role)
    task = make_task()
    task.manager_name = "赵启航"
    task.save()
    appointment = booked(seat, task)
    url = reverse("appointments:month", args=[seat.pk])

    calendar = manager.get(url).content.decode()
    opened = manager.get(url, {"open": appointment.pk}).content.decode()

    assert task.customer_name in calendar
    assert "赵启航" not in calendar
    assert "赵启航" in opened
    assert task.contract_no in opened


def test_a_preview_changes_nothing_and_its_plan_is_what_is_applied(seat_role, manager):
    seat, other = working(seat_role), working(seat_role)
    appointment = booked(seat)
    url = reverse("appointments:month", args=[seat.pk])

    preview = manager.get(url, {"move": appointment.pk, "how": "random"}).content.decode()
    appointment.refresh_from_db()
    assert appointment.seat == seat
    assert other.name in preview
    manager.post(
        reverse("appointments:reassign", args=[seat.pk]), {f"to_{appointment.pk}": other.pk}
    )

    appointment.refresh_from_db()
    assert appointment.seat == other
    assert AuditEntry.objects.filter(action="appointment.reassigned").count() == 1


def test_what_cannot_be_placed_says_why_and_what_to_do(seat_role, manager):
    seat = working(seat_role)
    appointment = booked(seat)

    preview = manager.get(
        reverse("appointments:month", args=[seat.pk]), {"move": appointment.pk, "how": "random"}
    ).content.decode()

    assert "请联系主借人在原银在线改约" in preview


def test_another_seats_appointment_is_not_moved_from_here(seat_role, manager):
    seat, other = working(seat_role), working(seat_role)
    foreign = booked(other)

    manager.post(reverse("appointments:reassign", args=[seat.pk]), {f"to_{foreign.pk}": seat.pk})

    assert Appointment.objects.get(pk=foreign.pk).seat == other


def test_a_seat_with_open_appointments_is_not_disabled_from_any_page(seat_role, manager):
    seat = working(seat_role)
    booked(seat)
    url = reverse("appointments:disable", args=[seat.pk])

    refused = manager.post(url, follow=True).content.decode()
    seat.refresh_from_db()
    assert seat.enabled
    assert "hint--risk" in refused
    User.objects.filter(staff_no="M1").update(is_staff=True)
    manager.post(
        reverse("admin:seats_seat_change", args=[seat.pk]),
        {"work_times-TOTAL_FORMS": "0", "work_times-INITIAL_FORMS": "0"},
    )
    seat.refresh_from_db()
    assert seat.enabled

    Appointment.objects.all().delete()
    manager.post(url)
    seat.refresh_from_db()
    assert not seat.enabled


def test_a_supervisor_signs_a_seat_out_with_a_reason(seat_role, manager):
    seat = working(seat_role)
    SeatPresence.objects.create(seat=seat, state=Presence.READY, heartbeat_at=timezone.now())

    manager.post(reverse("appointments:sign_out", args=[seat.pk]), {"reason": "下班未签出"})

    seat.presence.refresh_from_db()
    assert seat.presence.state == Presence.SIGNED_OUT


def test_who_only_looks_changes_nothing_and_a_stranger_sees_nothing(seat_role):
    seat = working(seat_role)
    viewer, stranger = entered("V1", "seats.view"), entered("X1")
    month = reverse("appointments:month", args=[seat.pk])

    assert viewer.get(month).status_code == 200
    for name in ("disable", "sign_out", "reassign"):
        url = reverse(f"appointments:{name}", args=[seat.pk])
        assert viewer.post(url).status_code == 404
        assert stranger.post(url).status_code == 404
    assert stranger.get(month).status_code == 404
    assert stranger.get(reverse("appointments:index")).status_code == 404
    seat.refresh_from_db()
    assert seat.enabled
