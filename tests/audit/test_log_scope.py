"""Whose entries are open to whom: by and about people of the own data scope (ACC-3)."""

import pytest
from django.test import Client

from accounts.models import Institution, Role, User
from accounts.selectors import actor_of
from audit import services as audit
from audit.models import AuditEntry
from common.actor import SYSTEM, Actor, ActorKind
from common.spreadsheet import read_table
from tests.support.factories import make_call, make_seat, make_task

LIST = "/admin/audit/auditentry/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    """Head → Shanghai, Beijing; a seat and a boss in each; calls of both."""
    head = Institution.objects.create(code="1", name="总行")
    found = {}
    for code, name in (("2", "上海"), ("3", "北京")):
        branch = Institution.objects.create(code=code, name=name, parent=head)
        seat = make_seat(f"S{code}")
        User.objects.filter(pk=seat.user_id).update(institution=branch)
        task = make_task(contract_no=f"YXD-{code}")
        make_call(task, seat)
        boss = User.objects.create_user(f"M{code}", "test-password", name="主管")
        boss.institution = branch
        boss.save()
        found[code] = (branch, seat, task, boss)
        audit.record("role.changed", actor=actor_of(boss), object_type="role", object_id=code)
        audit.record("seat.enabled", actor=SYSTEM, object_type="seat", object_id=seat.pk)
        audit.record("user.locked", actor=SYSTEM, object_type="user", object_id=seat.user_id)
        audit.record(
            "participant.joined",
            actor=Actor(ActorKind.PARTY, "p"),
            object_type="participant",
            object_id="p",
            chain=audit.interview_chain(task.pk),
        )
    return found


def auditor(scope, institution=None):
    user = User.objects.create_user("A1", "test-password", name="审计", is_staff=True)
    user.institution = institution
    user.save()
    user.roles.add(Role.objects.create(code="a", name="a", operations=["audit.view"], scope=scope))
    client = Client()
    client.force_login(user)
    return client


def listed(client, **asked):
    return [row["entry"] for row in client.get(LIST, asked).context["rows"]]


def test_an_institutions_auditor_sees_what_its_people_did_and_what_was_done_about_them(bank):
    branch, seat, _task, boss = bank["2"]
    other = bank["3"]
    client = auditor("institution", branch)

    seen = listed(client)

    told = {(entry.action, entry.object_id) for entry in seen}
    assert ("role.changed", "2") in told
    assert ("seat.enabled", str(seat.pk)) in told
    assert ("user.locked", str(seat.user_id)) in told
    assert ("role.changed", "3") not in told
    assert ("seat.enabled", str(other[1].pk)) not in told
    assert ("user.locked", str(other[1].user_id)) not in told
    assert listed(client, person="M3") == []
    assert [entry.actor_name for entry in listed(client, person=boss.staff_no)] == ["M2"]


def test_an_interview_is_open_as_a_whole_to_who_may_see_its_seat(bank):
    client = auditor("institution", bank["2"][0])
    whole = AuditEntry.objects.filter(chain=audit.interview_chain(bank["2"][2].pk))
    own = whole.get(action="participant.joined")
    foreign = AuditEntry.objects.get(
        action="participant.joined", chain=audit.interview_chain(bank["3"][2].pk)
    )

    assert {entry.pk for entry in listed(client, contract_no="YXD-2")} == set(
        whole.values_list("pk", flat=True)
    )
    assert own.pk in {entry.pk for entry in listed(client, contract_no="YXD-2")}
    assert listed(client, contract_no="YXD-3") == []
    assert client.get(f"{LIST}{own.pk}/change/").status_code == 200
    assert client.get(f"{LIST}{foreign.pk}/change/").status_code == 302  # there is none


def test_the_file_holds_what_the_list_shows(bank):
    client = auditor("institution", bank["2"][0])
    asked = {"source": "audit", "query": f"{LIST}?action=role.changed", "form": "csv"}

    answer = client.post("/exports/new", asked)

    assert [row[2] for row in read_table("x.csv", answer.content)[1:]] == ["M2"]


def test_own_means_oneself_and_all_means_everybody(bank):
    own = auditor("own")
    assert listed(own) == []

    Role.objects.update(scope="all")

    assert {entry.object_id for entry in listed(own, action="role.changed")} == {"2", "3"}
