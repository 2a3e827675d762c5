"""One set of promises, kept by the embedded bank and by the wire to the simulator alike."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from common.crypto import blind_index
from credit_bridge.embedded import REJECT_REASONS, EmbeddedBank
from credit_bridge.errors import (
    CaseUnknown,
    InProvince,
    NotPassed,
    ProposalGone,
    ProposalUndecided,
    WrongStep,
)
from credit_bridge.models import AccountHolder, CreditImage, CreditProposal, SmsMessage
from credit_bridge.ports import AppointmentMessage, ProposalMessage, Sms, StateMessage
from tests.support.bank import INSIDE, credit_case, http_bank, simulated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["embedded", "http"])
def bank(request):
    if request.param == "embedded":
        yield EmbeddedBank()
        return
    with simulated() as (_simulator, url), http_bank(url) as client:
        yield client


def told(bank, case, state, *, sequence, generation=1, reasons=()):
    bank.send_state(
        StateMessage(f"m{sequence}", case.contract_no, generation, state, tuple(reasons), sequence)
    )


def appointed(bank, case, hour, *, sequence, state="BOOKED"):
    start = dt.datetime(2026, 12, 1, hour, tzinfo=timezone.get_current_timezone())
    bank.send_appointment(
        AppointmentMessage(
            message_id=f"m{sequence}",
            sequence=sequence,
            contract_no=case.contract_no,
            generation=1,
            staff_no="S1",
            slot_start=start,
            slot_end=start + dt.timedelta(minutes=40),
            state=state,
        )
    )
    return start


def proposed(bank, case, changes, *, sequence):
    bank.send_proposal(
        ProposalMessage(f"p{sequence}", sequence, case.contract_no, 1, changes, "S1")
    )


def test_a_case_comes_whole_with_exact_types_and_one_party_per_person(bank):
    case = credit_case(
        people=(
            ("张晓明", ("PRIMARY_BORROWER", "CO_OWNER")),
            ("李文静", ("SPOUSE", "CO_BORROWER", "CO_OWNER")),
            ("周安然", ("GUARANTOR",)),
        )
    )

    found = bank.case_details(case.contract_no)

    assert [party.role_codes for party in found.parties] == [
        ("PRIMARY_BORROWER", "CO_OWNER"),
        ("SPOUSE", "CO_BORROWER", "CO_OWNER"),
        ("GUARANTOR",),
    ]
    assert found.loan.amount == Decimal("420000.00")
    assert found.applied_on == dt.date(2026, 3, 18)
    assert (found.in_province, found.node, found.tasks) == (False, "INTERVIEW", ())
    assert [node.state for node in found.nodes] == ["done"] * 3 + ["now"] + ["next"] * 4
    assert found == EmbeddedBank().case_details(case.contract_no)


def test_a_picture_arrives_byte_for_byte(bank):
    case = credit_case()
    image = CreditImage.objects.create(
        case=case, kind="id", title="身份证", person="张晓明", content=bytes(range(256)) * 9
    )

    picture = bank.image(case.contract_no, str(image.pk))

    assert picture.content == bytes(range(256)) * 9
    assert picture.media_type == "image/jpeg"


def test_an_unknown_contract_is_refused_as_unknown(bank):
    for ask in (
        lambda: bank.case_details("none"),
        lambda: bank.progress("none"),
        lambda: bank.submit_signing("none"),
        lambda: bank.send_state(StateMessage("m", "none", 1, "PASSED", (), 1)),
    ):
        with pytest.raises(CaseUnknown):
            ask()


def test_lists_by_manager_and_by_the_borrowers_phone(bank):
    mine = credit_case(manager_no="M1", phone="13912345678")
    credit_case(manager_no="M2")

    assert [row.contract_no for row in bank.cases_of_manager("M1")] == [mine.contract_no]
    (row,) = bank.cases_of_phone("13912345678")
    assert (row.contract_no, row.customer_name, row.state) == (mine.contract_no, "张晓明", "")
    assert bank.cases_of_phone("13900000000") == ()


def test_reasons_are_the_documents_list(bank):
    assert bank.reject_reasons() == REJECT_REASONS


def test_a_message_told_twice_has_one_effect_and_a_late_one_none(bank):
    case = credit_case()
    told(bank, case, "PENDING", sequence=1)
    told(bank, case, "REJECTED", sequence=5, reasons=["客户主动放弃"])
    told(bank, case, "REJECTED", sequence=5, reasons=["客户主动放弃"])

    told(bank, case, "PENDING", sequence=3)

    (known,) = bank.known_states([case.contract_no])
    assert (known.generation, known.state, known.reasons) == (1, "REJECTED", ("客户主动放弃",))


def test_the_newest_time_stands_whatever_order_they_come_in(bank):
    case = credit_case()
    told(bank, case, "PENDING", sequence=1)
    newest = appointed(bank, case, 15, sequence=9)

    appointed(bank, case, 10, sequence=4)

    (known,) = bank.known_states([case.contract_no])
    assert (known.slot_start, known.staff_no, known.slot_state) == (newest, "S1", "BOOKED")


def test_signing_opens_with_passed_only(bank):
    case = credit_case()
    for sequence, state in ((1, "PENDING"), (2, "REJECTED")):
        told(bank, case, state, sequence=sequence)
        with pytest.raises(NotPassed):
            bank.submit_signing(case.contract_no)

    told(bank, case, "PASSED", sequence=3)
    bank.submit_signing(case.contract_no)
    bank.submit_signing(case.contract_no)

    assert bank.case_details(case.contract_no).node == "SIGNING"


def test_the_nodes_after_signing_come_one_after_the_other(bank):
    case = credit_case()
    told(bank, case, "PASSED", sequence=1)
    with pytest.raises(WrongStep):
        bank.reach_node(case.contract_no, "NOTARISED")
    bank.submit_signing(case.contract_no)
    with pytest.raises(WrongStep):
        bank.reach_node(case.contract_no, "LIEN")

    for node in ("NOTARISED", "LIEN", "DISBURSED"):
        bank.reach_node(case.contract_no, node)

    steps = bank.progress(case.contract_no)
    assert [step.state for step in steps] == ["done"] * 8
    assert all(step.at is not None for step in steps)


def test_the_next_generation_puts_the_case_back_to_the_interview_and_keeps_the_old(bank):
    case = credit_case()
    told(bank, case, "PASSED", sequence=1)
    bank.submit_signing(case.contract_no)

    told(bank, case, "PENDING", sequence=2, generation=2)
    told(bank, case, "REJECTED", sequence=3, generation=1)

    found = bank.case_details(case.contract_no)
    assert found.node == "INTERVIEW"
    assert [(task.generation, task.state) for task in found.tasks] == [
        (1, "REJECTED"),
        (2, "PENDING"),
    ]
    assert bank.known_states([case.contract_no])[0].state == "PENDING"
    with pytest.raises(NotPassed):
        bank.submit_signing(case.contract_no)


def test_contract_information_is_submitted_in_province_only(bank):
    inside, outside = credit_case(province=INSIDE), credit_case()

    bank.submit_contract(inside.contract_no)

    assert bank.case_details(inside.contract_no).node == "SIGNING"
    with pytest.raises(WrongStep):
        bank.submit_contract(outside.contract_no)
    with pytest.raises(InProvince):
        bank.submit_signing(inside.contract_no)


def test_a_confirmed_proposal_changes_the_loan_and_a_refused_one_does_not(bank):
    case = credit_case()
    told(bank, case, "PASSED", sequence=1)
    proposed(bank, case, {"amount": "380000.00", "repayment_day": "15"}, sequence=2)
    with pytest.raises(ProposalUndecided):
        bank.submit_signing(case.contract_no)

    bank.decide_proposal(case.contract_no, "p2", True)
    bank.decide_proposal(case.contract_no, "p2", True)
    proposed(bank, case, {"amount": "100000.00"}, sequence=3)
    bank.decide_proposal(case.contract_no, "p3", False)

    loan = bank.case_details(case.contract_no).loan
    assert (loan.amount, loan.repayment_day) == (Decimal("380000.00"), 15)
    with pytest.raises(ProposalGone):
        bank.decide_proposal(case.contract_no, "p3", True)


def test_the_newest_proposal_replaces_the_open_one(bank):
    case = credit_case()
    proposed(bank, case, {"amount": "380000.00"}, sequence=5)
    proposed(bank, case, {"amount": "390000.00"}, sequence=6)
    proposed(bank, case, {"amount": "370000.00"}, sequence=4)

    states = {row.id: row.state for row in bank.case_details(case.contract_no).proposals}

    assert states == {"p4": "REPLACED", "p5": "REPLACED", "p6": "OPEN"}
    assert CreditProposal.objects.count() == 3


def test_an_sms_is_sent_once_and_its_result_can_be_asked(bank):
    case = credit_case()
    for phone, party in (("13812345678", "one"), ("13800000000", "two")):
        sms = Sms(f"m/{party}", phone, "尊敬的客户", case.contract_no, party)
        bank.send_sms(sms)
        bank.send_sms(sms)

    results = {row.party_ref: row.state for row in bank.sms_results(case.contract_no)}

    assert results == {"one": "SENT", "two": "FAILED"}
    assert SmsMessage.objects.count() == 2


def test_who_has_an_account_is_known(bank):
    AccountHolder.objects.create(phone_index=blind_index("13912345678"))

    assert bank.has_account("13912345678") is True
    assert bank.has_account("13900000000") is False
