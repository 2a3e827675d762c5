"""A party's number in full: for a reason, for the seat's own case, a few a day (NFR-3)."""

import json

import pytest
from django.test import Client

from accounts.models import Role
from audit.models import AuditEntry
from credit_bridge.models import CreditParty
from parameters import services as parameters
from tests.support.factories import make_call, make_case, make_seat

pytestmark = pytest.mark.django_db
FULL = {"id_no": "410105198803121234", "phone": "13800001234"}


@pytest.fixture
def call():
    made = make_call()
    make_case(made.task.contract_no)
    return made


def logged_in(seat, *operations):
    role = Role.objects.create(
        code=f"seat-{seat.pk}", name="坐席", operations=["workbench.use", *operations]
    )
    seat.user.roles.set([role])
    client = Client()
    client.force_login(seat.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def reveal(client, call, **fields):
    asked = {"party": "张晓明", "field": "id_no", "reason": "与证件原件核对"} | fields
    return client.post(f"/workbench/calls/{call.pk}/reveal", asked)


@pytest.mark.parametrize("field", ["id_no", "phone"])
def test_a_reason_shows_the_number_once_and_the_log_keeps_the_reason_but_not_the_number(
    call, field
):
    answer = reveal(logged_in(call.seat, "workbench.reveal"), call, field=field, reason=" 核对 ")

    assert answer.json() == {"value": FULL[field]}
    assert answer["Cache-Control"] == "no-store"
    entry = AuditEntry.objects.get(action="personal.revealed")
    assert (entry.object_id, entry.actor_name) == (str(call.pk), call.seat.staff_no)
    noted = json.dumps(entry.payload, ensure_ascii=False)
    assert "核对" in noted
    assert FULL[field] not in noted


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_shown_and_nothing_is_noted(call, reason):
    answer = reveal(logged_in(call.seat, "workbench.reveal"), call, reason=reason)

    assert answer.status_code == 400
    assert answer.json()["code"] == "reason_required"
    assert FULL["id_no"] not in answer.content.decode()
    assert not AuditEntry.objects.filter(action="personal.revealed").exists()


def test_the_operation_is_needed_and_a_colleague_finds_no_such_call(call):
    assert reveal(logged_in(call.seat), call).status_code == 403
    assert reveal(logged_in(make_seat(), "workbench.reveal"), call).status_code == 404
    assert reveal(Client(), call).status_code == 302
    assert not AuditEntry.objects.filter(action="personal.revealed").exists()


@pytest.mark.parametrize(
    "fields",
    [{"field": "repayment_account"}, {"field": ""}, {"party": "别人"}, {"party": ""}],
)
def test_only_numbers_of_parties_of_this_case_can_be_asked_for(call, fields):
    answer = reveal(logged_in(call.seat, "workbench.reveal"), call, **fields)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_party_of_another_case_is_not_found(call):
    other = make_call()
    case = make_case(other.task.contract_no)
    CreditParty.objects.filter(case=case).update(name="别案当事人")

    answer = reveal(logged_in(call.seat, "workbench.reveal"), call, party="别案当事人")

    assert answer.status_code == 404


def test_a_day_has_its_limit_for_each_seat(call):
    parameters.set_value("reveals_per_day", 2, scope="global", by="test")
    client = logged_in(call.seat, "workbench.reveal")

    answers = [reveal(client, call).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert reveal(client, call).json()["code"] == "too_many_reveals"
    assert AuditEntry.objects.filter(action="personal.revealed").count() == 2
    mine = make_call()
    make_case(mine.task.contract_no)
    assert reveal(logged_in(mine.seat, "workbench.reveal"), mine).status_code == 200
