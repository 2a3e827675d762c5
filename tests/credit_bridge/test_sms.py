"""Customers are told of their appointment, once each, on every change (MSG-1)."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from appointments import selectors, services
from credit_bridge.models import SmsMessage
from credit_bridge.sms import Facts, Occasion, text_of
from interviews import services as interviews
from outbox.models import OutboxMessage
from outbox.services import deliver_one
from seats.models import WorkTime
from tests.support.factories import SEAT_ACTOR, make_seat, make_task, person

NEWS = "credit_bridge.handlers."


def working():
    seat = make_seat()
    for weekday in range(7):
        WorkTime.objects.create(seat=seat, weekday=weekday, start=dt.time(9), end=dt.time(17))
    return seat


def deliver_all():
    while deliver_one():
        pass


def free(seat, index=0):
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    return selectors.free_slots(first_day=tomorrow, last_day=tomorrow, seat_id=seat.pk)[index].start


def told():
    return [sms.text for sms in SmsMessage.objects.order_by("sent_at")]


def test_the_invitation_is_the_documents_template():
    zone = timezone.get_current_timezone()
    facts = Facts(
        "张晓明",
        "永续贷",
        dt.date(2026, 3, 18),
        (
            dt.datetime(2026, 11, 25, 10, 0, tzinfo=zone),
            dt.datetime(2026, 11, 25, 10, 40, tzinfo=zone),
        ),
    )

    assert text_of(Occasion.BOOKED, facts) == (
        "尊敬的张晓明，您于20260318在我行申请的永续贷产品已进入面谈环节，"
        "请于20261125 10:00至20261125 10:40期间登录【原银在线】APP完成面谈任务或改约。"
    )


@pytest.mark.django_db(transaction=True)
def test_everybody_of_the_case_is_invited_once_and_told_of_every_change():
    seat, other = working(), working()
    task = make_task(person("张晓明"), person("李文静", "GUARANTOR"))
    appointment = services.book(task.pk, seat_id=seat.pk, start=free(seat), actor=SEAT_ACTOR)
    deliver_all()
    assert len(told()) == 2
    assert all("已进入面谈环节" in text for text in told())

    services.reassign({appointment.pk: other.pk}, actor=SEAT_ACTOR)
    services.move(task.pk, seat_id=seat.pk, start=free(seat, 3), actor=SEAT_ACTOR)
    services.cancel(task.pk, actor=SEAT_ACTOR)
    deliver_all()

    for words in ("时间不变", "面谈时间已更新", "面谈预约已取消"):
        assert sum(words in text for text in told()) == 2, words
    assert {sms.phone for sms in SmsMessage.objects.all()} == set(
        task.parties.values_list("phone", flat=True)
    )


@pytest.mark.django_db(transaction=True)
def test_the_primary_borrower_is_asked_for_a_second_interview():
    task = make_task(person("张晓明"), person("李文静", "GUARANTOR"))
    with transaction.atomic():
        interviews.return_task(task.pk, review_id=1)
    deliver_all()

    assert told() == [
        "尊敬的张晓明，您在我行申请的永续贷产品需要再次面谈，请登录【原银在线】APP重新预约面谈时间。"
    ]
    assert SmsMessage.objects.get().phone == task.parties.get(name="张晓明").phone


@pytest.mark.django_db(transaction=True)
def test_a_message_delivered_twice_is_one_sms():
    seat = working()
    services.book(make_task().pk, seat_id=seat.pk, start=free(seat), actor=SEAT_ACTOR)
    deliver_all()

    OutboxMessage.objects.filter(handler=NEWS + "tell_parties").update(
        state="pending", done_at=None
    )
    deliver_all()

    assert len(told()) == 1


@pytest.mark.django_db(transaction=True)
def test_name_and_number_are_not_readable_in_the_table():
    from django.db import connection

    seat = working()
    task = make_task()
    services.book(task.pk, seat_id=seat.pk, start=free(seat), actor=SEAT_ACTOR)
    deliver_all()

    with connection.cursor() as cursor:
        cursor.execute("SELECT phone, text FROM credit_bridge_smsmessage")
        row = str(cursor.fetchall())
    assert task.customer_name not in row
    assert task.parties.get().phone not in row
