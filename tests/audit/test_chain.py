"""The operation log cannot be changed, and a change by force is found."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit import services
from audit.chain import check_chain
from audit.models import AuditEntry
from common.actor import SYSTEM

pytestmark = pytest.mark.django_db


def note(action, chain="interview:1"):
    services.record(
        action, actor=SYSTEM, object_type="call", object_id="1", chain=chain, amount="1.00"
    )


def verify(chain="interview:1"):
    found = check_chain(chain)
    return found.holds, found.entries, found.broken_seq


def by_force(sql):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_entries_are_numbered_and_chained_per_interview():
    for action in ("a", "b", "c"):
        note(action)
    note("x", chain="interview:2")

    rows = AuditEntry.objects.filter(chain="interview:1").order_by("seq")

    assert list(rows.values_list("seq", "action")) == [(1, "a"), (2, "b"), (3, "c")]
    assert bytes(rows[1].prev) == bytes(rows[0].hash)
    assert verify() == (True, 3, None)


@pytest.mark.parametrize(
    "act",
    [lambda rows: rows.update(action="b"), lambda rows: rows.delete()],
    ids=["update", "delete"],
)
def test_an_entry_can_be_neither_changed_nor_deleted(act):
    note("a")

    with pytest.raises(DatabaseError), transaction.atomic():
        act(AuditEntry.objects.all())

    assert AuditEntry.objects.get().action == "a"


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_auditentry SET actor_name = 'else' WHERE seq = 2",
        "UPDATE audit_auditentry SET payload = '{}' WHERE seq = 2",
        "DELETE FROM audit_auditentry WHERE seq = 2",
    ],
)
def test_tampering_by_force_is_found(tampering):
    for action in ("a", "b", "c"):
        note(action)

    by_force(tampering)

    assert verify()[0] is False


def test_a_tail_cut_off_is_found():
    for action in ("a", "b", "c"):
        note(action)

    by_force("DELETE FROM audit_auditentry WHERE seq = 3")

    assert verify()[0] is False
