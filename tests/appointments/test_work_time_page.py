"""工作时间: entered, previewed, applied as previewed, for one seat or many (SEAT-3)."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import DataScope, Institution, Role, User
from audit.models import AuditEntry
from seats.models import DayOff, Seat, WorkTime
from tests.support.calendars import booked, free_tomorrow, tomorrow, working_seat
from tests.support.factories import make_seat

pytestmark = pytest.mark.django_db


def supervisor(scope=DataScope.ALL, institution=None, operations=("seats.view", "seats.manage")):
    user = User.objects.create_user("M1", "test-password", name="主管", institution=institution)
    user.roles.add(
        Role.objects.create(code="M1", name="r", operations=list(operations), scope=scope)
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager():
    return supervisor()


def send(client, act, seats, **fields):
    """What the page sends; `seen` is what its preview carried."""
    answer = client.post(
        reverse("appointments:work_time"),
        {"act": act, "seat": [seat.pk for seat in seats], **fields},
        follow=True,
    )
    return answer, answer.content.decode()


def previewed(client, seats, **fields):
    answer, page = send(client, "preview", seats, **fields)
    seen = re.search(r'name="seen" value="(\w+)"', page)
    return answer, page, seen[1] if seen else ""


def applied(client, seats, **fields):
    _answer, _page, seen = previewed(client, seats, **fields)
    return send(client, "apply", seats, seen=seen, **fields)


def week(text):
    return {"parts": ["week"]} | {f"week_{day}": text for day in range(7)}


def starts(seat):
    return [f"{timezone.localtime(slot.start):%H:%M}" for slot in free_tomorrow(seat)]


def test_a_week_is_previewed_and_then_set_for_many_seats(manager):
    one, two = working_seat(), make_seat()
    fields = week("09:00 – 10:20、13：00-14:00")

    answer, page, seen = previewed(manager, [one, two], **fields)

    days, hours = "周一、周二、周三、周四、周五、周六、周日", "09:00–10:20、13:00–14:00"
    assert [(group.seats, group.lines) for group in answer.context["preview"].groups] == [
        ((one,), ((days, "09:00–12:00", hours),)),
        ((two,), ((days, "", hours),)),
    ]
    assert hours in page
    assert starts(two) == []
    assert not AuditEntry.objects.filter(action="seat.week_set").exists()
    send(manager, "apply", [one, two], seen=seen, **fields)
    assert starts(one) == starts(two) == ["09:00", "09:40", "13:00"]
    assert AuditEntry.objects.filter(action="seat.week_set").count() == 2


def test_the_form_opens_with_what_the_chosen_seats_have_in_common(manager):
    one, two = working_seat(9, 12), working_seat(9, 17)
    Seat.objects.update(daily_cases=7)

    url = reverse("appointments:work_time")
    alone = manager.get(url, {"seat": one.pk})
    both = manager.get(url, {"seat": [one.pk, two.pk]})

    assert 'value="09:00-12:00"' in alone.content.decode()
    assert not alone.context["differ"]
    assert 'value="09:00-12:00"' not in both.content.decode()
    assert both.context["differ"]
    assert 'value="7"' in both.content.decode()


def test_every_part_is_applied_in_one_go_and_an_unticked_part_is_left_alone(manager):
    seat, day = working_seat(), tomorrow()

    applied(
        manager,
        [seat],
        parts=["day", "grid", "cases", "off"],
        week_0="nonsense",
        day_first=f"{day:%F}",
        day_hours="14:00-16:00",
        slot_min="60",
        gap_min="0",
        daily_cases="5",
        off_first=f"{day + dt.timedelta(days=1):%F}",
        off_note="年假",
    )

    seat.refresh_from_db()
    assert (seat.slot_min, seat.gap_min, seat.daily_cases) == (60, 0, 5)
    assert starts(seat) == ["14:00", "15:00"]
    assert WorkTime.objects.filter(seat=seat, date=None).count() == 7
    assert DayOff.objects.get(seat=seat).note == "年假"
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "seat.day_set",
        "seat.grid_set",
        "seat.capacity_set",
        "seat.day_off_added",
    }


def test_a_booking_that_falls_outside_stays_and_leads_to_its_reassignment(manager):
    seat = working_seat()
    appointment = booked(seat, free_tomorrow(seat)[0].start)
    fields = {"parts": ["off"], "off_first": f"{tomorrow():%F}", "off_note": "病假"}
    link = f"how=hand&amp;move={appointment.pk}"

    answer, page, _seen = previewed(manager, [seat], **fields)

    assert [(item.appointment, item.new) for item in answer.context["preview"].outside] == [
        (appointment, True)
    ]
    assert link in page
    _answer, after = applied(manager, [seat], **fields)
    appointment.refresh_from_db()
    assert appointment.state == "BOOKED"
    assert link in after


def test_what_was_not_shown_is_not_applied(manager):
    seat = working_seat()
    free = free_tomorrow(seat)[0].start
    fields = {"parts": ["off"], "off_first": f"{tomorrow():%F}", "off_note": "病假"}
    _answer, _page, seen = previewed(manager, [seat], **fields)
    booked(seat, free)

    answer, page = send(manager, "apply", [seat], seen=seen, **fields)

    assert not DayOff.objects.exists()
    assert "预览后有变动" in page
    assert len(answer.context["preview"].outside) == 1
    send(manager, "apply", [seat], seen=answer.context["preview"].digest, **fields)
    assert DayOff.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        week("9-12 11-13"),
        week("12:00-09:00"),
        week("25:00-26:00"),
        week("早上"),
        {"parts": ["day"], "day_hours": "9-12"},
        {"parts": ["off"], "off_first": "2030-01-02", "off_last": "2030-01-01", "off_note": "x"},
        {"parts": ["off"], "off_first": "2030-01-02"},
        {"parts": ["grid"], "slot_min": "5"},
        {"parts": ["cases"], "daily_cases": "0"},
        {"parts": []},
    ],
)
def test_what_is_not_right_is_said_and_changes_nothing(manager, fields):
    seat = working_seat()

    answer, page = send(manager, "apply", [seat], seen="", **fields)

    assert answer.status_code == 200
    assert 'role="alert"' in page
    assert WorkTime.objects.filter(seat=seat).count() == 7
    assert not AuditEntry.objects.filter(action__startswith="seat.").exists()


def test_a_holiday_is_for_all_and_can_be_taken_back(manager):
    one, two = working_seat(), working_seat()
    fields = {
        "parts": ["off"],
        "off_first": f"{tomorrow():%F}",
        "off_note": "元旦",
        "everyone": "on",
    }

    applied(manager, [], **fields)
    assert starts(one) == starts(two) == []
    applied(manager, [], remove=[DayOff.objects.get(seat=None).pk])

    assert starts(one) == starts(two) != []


def test_the_week_is_copied_from_monday_to_friday(manager):
    answer, _page = send(manager, "same", [make_seat()], week_0="9-17", week_5="10-11")

    values = [answer.context["form"][f"week_{day}"].value() for day in range(7)]
    assert values == ["9-17"] * 5 + ["10-11", None]


def test_seats_and_days_off_of_others_are_not_there():
    here = Institution.objects.create(code="H", name="此地")
    client = supervisor(DataScope.INSTITUTION, here)
    mine, foreign = working_seat(), working_seat()
    User.objects.filter(pk=mine.user_id).update(institution=here)
    day = tomorrow()
    leave = DayOff.objects.create(seat=foreign, first_day=day, last_day=day, note="年假")
    holiday = DayOff.objects.create(first_day=day, last_day=day, note="元旦")
    url = reverse("appointments:work_time")

    page = client.get(url, {"seat": mine.pk})
    assert page.status_code == 200
    assert foreign.staff_no not in page.content.decode()
    assert client.get(url, {"seat": foreign.pk}).status_code == 404
    assert send(client, "apply", [mine, foreign], **week("9-10"))[0].status_code == 404
    for row in (leave, holiday):
        assert send(client, "apply", [mine], remove=[row.pk])[0].status_code == 404
    everyone = {"parts": ["off"], "off_first": f"{day:%F}", "off_note": "x", "everyone": "on"}
    assert send(client, "apply", [mine], **everyone)[0].status_code == 404
    assert DayOff.objects.count() == 2
    assert WorkTime.objects.filter(seat=mine).count() == 7


def test_the_back_office_shows_days_off_and_working_time_and_changes_neither():
    here = Institution.objects.create(code="H", name="此地")
    client = supervisor(DataScope.INSTITUTION, here)
    mine, day = working_seat(), tomorrow()
    User.objects.filter(pk=mine.user_id).update(institution=here)
    User.objects.filter(staff_no="M1").update(is_staff=True)
    holiday = DayOff.objects.create(first_day=day, last_day=day, note="元旦")
    days_off = "/admin/seats/dayoff/"
    seat_page = reverse("admin:seats_seat_change", args=[mine.pk])
    first = WorkTime.objects.filter(seat=mine).earliest("pk")

    client.post(
        seat_page,
        {
            "work_times-TOTAL_FORMS": "1",
            "work_times-INITIAL_FORMS": "1",
            "work_times-0-id": first.pk,
            "work_times-0-seat": mine.pk,
            "work_times-0-DELETE": "on",
        },
    )
    answers = [
        client.post(f"{days_off}{holiday.pk}/delete/", {"post": "yes"}),
        client.post(f"{days_off}{holiday.pk}/change/", {"note": "x"}),
        client.post(f"{days_off}add/", {"first_day": f"{day:%F}", "last_day": f"{day:%F}"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "元旦" in client.get(days_off).content.decode()
    assert client.get(seat_page).status_code == 200
    assert DayOff.objects.get() == holiday
    assert WorkTime.objects.filter(seat=mine).count() == 7


def test_who_only_looks_has_no_such_page():
    client = supervisor(operations=("seats.view",))

    assert client.get(reverse("appointments:work_time")).status_code == 404
    assert "工作时间与休假" not in client.get(reverse("appointments:index")).content.decode()
