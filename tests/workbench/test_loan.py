"""Changes of the loan made in an interview, as the seat sees them (WB-14)."""

import threading

import pytest
from django.db import connections

from audit.models import AuditEntry
from credit_bridge.errors import CreditUnavailable, ProposalWrong
from credit_bridge.models import CreditProposal, LoanProposal
from credit_bridge.selectors import proposal_changes
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from tests.support.factories import SEAT_ACTOR, make_call, make_case
from workbench import services
from workbench.selectors import case_view


@pytest.fixture
def call(db):
    made = make_call()
    make_case(made.task.contract_no)
    return made


def field(call, name):
    return next(f for f in case_view(call.task)["loan"]["fields"] if f["name"] == name)


def deliver_all():
    while deliver_one():
        pass


def test_a_change_stands_beside_the_credit_systems_value_until_it_is_there(call):
    services.change_loan(call.seat_id, field="amount", value="380,000.00", actor=SEAT_ACTOR)

    waiting = field(call, "amount")
    assert (waiting["shown"], waiting["now_shown"]) == ("420,000.00", "380,000.00")
    assert waiting["difference"] == "-40,000.00（-9.52%）"
    assert waiting["sync"] == {"state": "waiting", "text": "同步中…"}

    deliver_all()

    assert field(call, "amount")["sync"]["state"] == "synced"
    assert CreditProposal.objects.count() == 1
    assert call.events.get(kind="loan_changed").payload["field"] == "amount"
    assert AuditEntry.objects.filter(action="loan.proposed").count() == 1


def test_a_second_field_keeps_the_first_and_each_says_how_far_it_is(call):
    services.change_loan(call.seat_id, field="amount", value="380000", actor=SEAT_ACTOR)
    deliver_all()
    services.change_loan(call.seat_id, field="repayment_day", value="15", actor=SEAT_ACTOR)

    assert proposal_changes(call.task_id) == {"amount": "380000", "repayment_day": "15"}
    assert field(call, "amount")["sync"]["state"] == "synced"
    assert field(call, "repayment_day")["sync"]["state"] == "waiting"


def test_what_the_credit_system_did_not_take_says_so_and_goes_out_again_on_request(
    call, monkeypatch
):
    def away(*_args, **_kwargs):
        raise CreditUnavailable

    services.change_loan(call.seat_id, field="amount", value="380000", actor=SEAT_ACTOR)
    with monkeypatch.context() as broken:
        broken.setattr("credit_bridge.embedded.EmbeddedBank.send_proposal", away)
        deliver_all()
    assert field(call, "amount")["sync"] == {"state": "failed", "text": "同步失败 · 第 1 次"}
    assert "loan.proposed" in set(
        OutboxMessage.objects.filter(state=MessageState.PENDING).values_list("topic", flat=True)
    )

    services.retry_loan(call.seat_id, actor=SEAT_ACTOR)
    deliver_all()

    assert field(call, "amount")["sync"]["state"] == "synced"
    assert CreditProposal.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount", "-1"), ("amount", "三十八万"), ("repayment_day", "32"), ("no_such", "1")],
)
def test_nonsense_is_refused_and_nothing_is_kept(call, name, value):
    with pytest.raises(ProposalWrong):
        services.change_loan(call.seat_id, field=name, value=value, actor=SEAT_ACTOR)

    assert not LoanProposal.objects.exists()
    assert not call.events.filter(kind="loan_changed").exists()


def test_the_same_value_again_is_no_change(call):
    for _ in range(2):
        services.change_loan(call.seat_id, field="amount", value="380000", actor=SEAT_ACTOR)

    assert LoanProposal.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_are_both_kept():
    call = make_call()
    make_case(call.task.contract_no)
    barrier = threading.Barrier(2)

    def change(name, value):
        barrier.wait()
        services.change_loan(call.seat_id, field=name, value=value, actor=SEAT_ACTOR)
        connections.close_all()

    threads = [
        threading.Thread(target=change, args=arguments)
        for arguments in (("amount", "380000"), ("repayment_day", "15"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert proposal_changes(call.task_id) == {"amount": "380000", "repayment_day": "15"}
