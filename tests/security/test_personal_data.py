"""Personal data at rest: a dump shows numbers of nobody, a moved value does not open (S:D1, NFR-3)."""

import base64
import datetime as dt
import re

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from appointments.selectors import free_slots
from appointments.services import book
from common.crypto import blind_index, decrypt, encrypt
from credit_bridge.models import SmsMessage
from outbox.services import deliver_one
from seats.models import WorkTime
from tests.support.factories import SEAT_ACTOR, make_call, make_seat, make_task, person

# Eighteen digits of a resident's number, a mobile number, an account number, as a word of their own.
NUMBERS = re.compile(r"(?<![\w.-])(\d{17}[\dXx]|1[3-9]\d{9}|62\d{14,17})(?![\w.-])")


def dump() -> dict[str, str]:
    """Every row of every table as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = {}
        for table in tables:
            cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')  # noqa: S608
            rows[table] = cursor.fetchone()[0] or ""
    return rows


@pytest.mark.django_db(transaction=True)
def test_no_number_of_a_person_is_readable_in_a_dump() -> None:
    """With the demo's cases in it, a booking of which people were told, and a call."""
    call_command("load_demo")
    seat = make_seat()
    for weekday in range(7):
        WorkTime.objects.create(seat=seat, weekday=weekday, start=dt.time(9), end=dt.time(17))
    task = make_task(person("张晓明"), person("李文静", "GUARANTOR"))
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    slot = free_slots(first_day=tomorrow, last_day=tomorrow, seat_id=seat.pk)[0]
    book(task.pk, seat_id=seat.pk, start=slot.start, actor=SEAT_ACTOR)
    while deliver_one():
        pass
    assert SmsMessage.objects.filter(contract_no=task.contract_no).count() == 2
    make_call(make_task())

    rows = dump()

    assert "李文静" in rows["interviews_party"]  # it is a dump of what is there
    found = {table: NUMBERS.findall(text)[:3] for table, text in rows.items()}

    assert {table: numbers for table, numbers in found.items() if numbers} == {}


def test_a_value_moved_to_another_column_does_not_open() -> None:
    stored = encrypt("330102199001011234", "interviews_party.id_no")

    assert "330102" not in stored
    assert decrypt(stored, "interviews_party.id_no") == "330102199001011234"
    with pytest.raises(InvalidTag):
        decrypt(stored, "interviews_party.phone")


def test_one_value_is_never_stored_the_same_twice() -> None:
    assert encrypt("330102199001011234", "t.c") != encrypt("330102199001011234", "t.c")


def test_a_new_key_leaves_what_is_stored_readable_and_findable(settings: Settings) -> None:
    stored, index = encrypt("330102199001011234", "t.c"), blind_index("330102199001011234")

    newer = base64.b64encode(bytes(32)).decode()
    settings.FIELD_ENCRYPTION_KEYS = {"newer": newer, **settings.FIELD_ENCRYPTION_KEYS}

    assert decrypt(stored, "t.c") == "330102199001011234"
    assert encrypt("330102199001011234", "t.c").startswith("newer:")
    assert blind_index("330102199001011234") == index
