"""The case before the call: read by the seat that will have it, masked, and kept in the log (WB-20)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from appointments.models import Appointment
from appointments.selectors import punctuality, todays_for_seat
from audit.models import AuditEntry
from interviews import services as interviews
from interviews.models import InterviewTask
from interviews.states import Verdict
from queueing import services as queueing
from queueing.models import Offer
from queueing.selectors import live_offer_of, queue_snapshot
from tests.queueing.test_transfer import booked_and_calling, ready_seat
from tests.support.factories import SEAT_ACTOR, make_case, make_ended_call, make_seat, make_task
from tests.workbench.test_reveal import logged_in

pytestmark = pytest.mark.django_db


def path(task):
    return f"/workbench/tasks/{task.pk}/case.json"


def booked(seat, days=0, contract_no=None):
    task = make_task(contract_no=contract_no)
    make_case(task.contract_no)
    start = timezone.localtime().replace(hour=12, minute=0) + dt.timedelta(days=days)
    return Appointment.objects.create(
        task=task, seat=seat, slot=(start, start + dt.timedelta(minutes=30)), booked_by="t"
    )


def test_the_seat_reads_its_case_of_today_masked_and_that_is_kept():
    seat = make_seat()
    before = make_ended_call()
    interviews.file_verdict(before.pk, verdict=Verdict.DOUBT, note="证件反光", actor=SEAT_ACTOR)
    task = booked(seat, contract_no=before.task.contract_no).task

    answer = logged_in(seat, "workbench.reveal").get(path(task))

    view = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert view["parties"][0]["rows"][0][1] == "138****1234"
    assert "13800001234" not in answer.content.decode()
    assert "410105198803121234" not in answer.content.decode()
    assert [field["now_shown"] for field in view["loan"]["fields"]][1] == "420,000.00"
    [earlier] = view["earlier"]
    assert (earlier["result"], earlier["note"]) == ("存疑", "证件反光")
    entry = AuditEntry.objects.get(action="case.read_ahead")
    assert (entry.actor_name, entry.object_id) == (seat.staff_no, str(task.pk))


def test_nobody_else_and_no_other_day_and_nothing_is_kept():
    seat = make_seat()
    client = logged_in(seat)

    assert client.get(path(booked(make_seat()).task)).status_code == 404
    assert client.get(path(booked(seat, days=1).task)).status_code == 404
    gone = booked(seat)
    Appointment.objects.filter(pk=gone.pk).update(state="CANCELLED")
    assert client.get(path(gone.task)).status_code == 404

    assert not AuditEntry.objects.filter(action="case.read_ahead").exists()


def test_who_it_rings_at_reads_it_as_long_as_it_rings():
    seat = ready_seat()
    task = make_task()
    make_case(task.contract_no)
    client = logged_in(seat)
    assert client.get(path(task)).status_code == 404

    request, _appointment = booked_and_calling(seat)
    make_case(request.task.contract_no)
    Appointment.objects.all().delete()
    queueing.dispatch_waiting()
    offer = Offer.objects.get(seat=seat)
    assert client.get(path(request.task)).status_code == 200
    queueing.decline_offer(offer.pk, seat_id=seat.pk, actor=SEAT_ACTOR)

    assert client.get(path(request.task)).status_code == 404


def test_the_lists_and_the_bell_say_amount_people_time_and_what_was_before():
    seat = ready_seat()
    request, appointment = booked_and_calling(seat)
    InterviewTask.objects.update(loan_amount=Decimal("420000.50"))
    queueing.dispatch_waiting()

    [row] = todays_for_seat(seat.pk)
    [item] = queue_snapshot()["items"]
    offer = live_offer_of(seat.pk)

    start, end = (timezone.localtime(moment) for moment in appointment.bounds)
    slot = f"{start:%H:%M}–{end:%H:%M} "
    assert offer is not None
    for shown in (row, item, offer):
        assert shown["amount"] == "420,000.50 元"
        assert shown["earlier_calls"] == 0
    assert (row["parties"], item["parties"]) == (1, 1)
    assert offer["parties"] == [f"{request.party.name}（主借人）"]
    assert item["slot"].startswith(slot)
    assert offer["slot"] == item["slot"]
    assert row["punctuality"] == item["slot"].removeprefix(slot)


def test_early_in_time_and_late_are_told_in_whole_minutes():
    start = timezone.now()

    def told(**minutes):
        return punctuality(start, start + dt.timedelta(**minutes))

    assert told(minutes=-4) == "早到 4 分"
    assert told(seconds=0) == "准时"
    assert told(minutes=4, seconds=59) == "准时"
    assert told(minutes=12) == "迟到 12 分"
