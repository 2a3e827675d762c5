"""The embedded credit book takes each message once, and never an older generation's."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from appointments.selectors import due_appointments
from credit_bridge.embedded import EmbeddedBank as EmbeddedCredit
from credit_bridge.errors import CaseUnknown
from credit_bridge.models import CreditCase, CreditParty
from credit_bridge.ports import StateMessage
from credit_bridge.services.cases import draft_of
from interviews import services as interviews
from queueing.models import CallRequest
from queueing.selectors import policy_in_force, waiting_now, waiting_views
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return CreditCase.objects.create(
        contract_no="C1",
        case_no="AJ1",
        product_code="YXD",
        product_name="永续贷",
        manager_no="600318",
        manager_name="赵启航",
        property_address="浙江省 湖州市",
        applied_on=dt.date(2026, 3, 18),
        amount=Decimal("420000.00"),
        term_months=60,
        annual_rate=Decimal("4.35"),
        disbursement="自主支付",
        repayment_bank="示例银行",
        repayment_account="6200123412341087",
        repayment_day=20,
    )


def told(message_id, state, generation=1, contract_no="C1", reasons=()):
    EmbeddedCredit().send_state(
        StateMessage(message_id, contract_no, generation, state, tuple(reasons))
    )


def test_a_message_told_twice_has_one_effect(case):
    told("m1", "REJECTED", reasons=["客户主动放弃"])
    told("m2", "PENDING", generation=2)

    told("m1", "REJECTED", reasons=["客户主动放弃"])

    case.refresh_from_db()
    assert (case.interview_state, case.interview_generation) == ("PENDING", 2)


def test_a_late_message_of_an_older_generation_changes_nothing(case):
    told("m1", "PENDING", generation=2)

    told("m2", "PASSED", generation=1)

    case.refresh_from_db()
    assert (case.interview_state, case.interview_generation) == ("PENDING", 2)


def test_an_unknown_contract_is_refused():
    with pytest.raises(CaseUnknown):
        told("m1", "PASSED", contract_no="none")


def test_a_person_of_several_roles_is_one_party(case):
    for role in ("PRIMARY_BORROWER", "CO_OWNER"):
        CreditParty.objects.create(
            case=case, role=role, name="张晓明", phone="13800000001", id_no="410105198803121234"
        )

    (party,) = EmbeddedCredit().case_details("C1").parties

    assert party.roles == ("主借人", "共有人")
    assert party.property_location == "浙江省 湖州市"


@pytest.mark.parametrize(
    ("told_type", "becomes"), [("vip", "vip"), ("whitelist", "whitelist"), ("platinum", "ordinary")]
)
def test_the_customers_type_comes_with_the_case_to_the_rules_of_dispatch(case, told_type, becomes):
    CreditCase.objects.filter(pk=case.pk).update(customer_type=told_type)
    CreditParty.objects.create(
        case=case,
        role="PRIMARY_BORROWER",
        name="张晓明",
        phone="13800001234",
        id_no="410105198803121234",
    )

    task = interviews.create_task(draft_of("C1"), actor=SEAT_ACTOR)
    CallRequest.objects.create(task=task, party=task.parties.get())

    assert task.customer_type == becomes
    now = timezone.now()
    [waiting] = waiting_views(waiting_now(), [policy_in_force()], due_appointments(now))
    assert waiting.customer_type == becomes
