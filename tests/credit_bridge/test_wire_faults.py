"""Each switch of the simulator: nothing lost, nothing doubled, order kept (W7, K1…K8)."""

import datetime as dt
import json
import time

import httpx
import pytest
from django.utils import timezone

from credit_bridge import handlers, signing
from credit_bridge.breaker import CircuitBreaker
from credit_bridge.contract import OPERATIONS
from credit_bridge.errors import BankRefused, CreditUnavailable
from credit_bridge.models import CreditTask, SmsMessage
from credit_bridge.ports import Sms
from credit_bridge.simulator import Fault
from interviews import services as interviews
from interviews.states import TaskState
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from tests.support.bank import KEY_ID, SECRET, credit_case, http_bank, simulated
from tests.support.factories import SEAT_ACTOR, make_task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


@pytest.fixture
def wire(monkeypatch):
    """The handlers speak to a simulator; a patient breaker leaves the fault to the outbox."""
    breaker = CircuitBreaker(failures=1000)
    with simulated() as (simulator, url), http_bank(url, answer_s=0.5, breaker=breaker) as client:
        monkeypatch.setattr(handlers, "bank", lambda: client)
        yield simulator, client, url


def settled_case(passed=True):
    """Two states are to be told: 待面谈, then the end."""
    case = credit_case()
    task = make_task(contract_no=case.contract_no)
    interviews.settle_task(task.pk, passed=passed, actor=SEAT_ACTOR)
    return case


def deliver_all(rounds=20):
    """As time goes by: what waits becomes due, until nothing waits."""
    for _ in range(rounds):
        OutboxMessage.objects.filter(state=MessageState.PENDING).update(due_at=timezone.now())
        while deliver_one():
            pass
        if not OutboxMessage.objects.filter(state=MessageState.PENDING).exists():
            return


def applied(simulator):
    """Messages as the bank took them, the first time each."""
    return list(dict.fromkeys(entry["message_id"] for entry in simulator.log))


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (Fault.ERROR, 4),
        (Fault.DOWN, 4),
        (Fault.DUPLICATE, 2),
        (Fault.OUT_OF_ORDER, 1),
        (Fault.COMMIT_THEN_SILENCE, 2),
        (Fault.UNSIGNED, 2),
    ],
)
def test_every_fault_ends_with_the_right_state_told_once_in_order(wire, fault, count):
    simulator, _client, _url = wire
    simulator.set(fault, count=count)

    case = settled_case()
    deliver_all()

    task = CreditTask.objects.get(case=case)
    assert (task.generation, task.state) == (1, "PASSED")
    told = OutboxMessage.objects.filter(handler__endswith=".tell_credit_system")
    sent = list(told.order_by("pk").values_list("pk", flat=True))
    assert len(sent) == 2
    assert applied(simulator) == [f"outbox-{pk}" for pk in sent]
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_a_slow_bank_costs_a_bounded_time_and_nothing_else(wire):
    simulator, client, _url = wire
    case = credit_case()
    simulator.set(Fault.DELAY, count=3, seconds=1.0)

    started = time.monotonic()
    with pytest.raises(CreditUnavailable):
        client.case_details(case.contract_no)

    assert time.monotonic() - started < 3 * 0.5 + 1.0
    simulator.clear()
    assert client.case_details(case.contract_no).contract_no == case.contract_no


def test_a_read_survives_two_errors_by_asking_again(wire):
    simulator, client, _url = wire
    case = credit_case()
    simulator.set(Fault.ERROR, count=2)

    assert client.case_details(case.contract_no).contract_no == case.contract_no


def test_a_refusal_is_parked_holds_its_contract_back_and_no_other(wire):
    simulator, _client, _url = wire
    simulator.set(Fault.REFUSE, count=1)
    refused = settled_case()
    other = settled_case()

    deliver_all()

    parked = OutboxMessage.objects.get(state=MessageState.PARKED)
    assert (parked.key, parked.last_error) == (refused.contract_no, "bank_refused")
    assert not CreditTask.objects.filter(case=refused).exists()
    assert CreditTask.objects.get(case=other).state == "PASSED"
    assert OutboxMessage.objects.filter(state=MessageState.PENDING).count() == 1


def test_the_banks_words_come_with_a_refusal_it_alone_knows(wire):
    simulator, client, _url = wire
    simulator.set(Fault.REFUSE, code="some_new_code")

    with pytest.raises(BankRefused) as refusal:
        client.progress("any")

    assert refusal.value.text == "信贷系统未受理：演示：信贷系统拒绝"


def test_a_dead_bank_is_left_alone_and_everything_goes_out_when_it_returns(monkeypatch):
    from outbox.services import hurry

    now = [0.0]
    breaker = CircuitBreaker(failures=3, rest_s=10, clock=lambda: now[0])
    with simulated() as (simulator, url), http_bank(url, breaker=breaker) as client:
        client._on_return = lambda: hurry(["credit_bridge.handlers.tell_credit_system"])
        monkeypatch.setattr(handlers, "bank", lambda: client)
        simulator.set(Fault.DOWN, count=1000)
        cases = [settled_case() for _ in range(6)]
        while deliver_one():
            pass
        assert breaker.is_open
        left = simulator.switches[0].count
        assert left == 1000 - 3, "after three failures nobody was asked any more"

        simulator.clear()
        now[0] = 11.0
        OutboxMessage.objects.filter(pk=OutboxMessage.objects.earliest("pk").pk).update(
            due_at=timezone.now()
        )
        while deliver_one():
            pass

    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}
    assert [CreditTask.objects.get(case=case).state for case in cases] == ["PASSED"] * 6


def test_an_unavailable_bank_is_never_given_up(wire):
    simulator, _client, _url = wire
    settled_case()
    OutboxMessage.objects.update(attempts=500)
    simulator.set(Fault.ERROR, count=1)

    assert deliver_one()

    assert OutboxMessage.objects.earliest("pk").state == MessageState.PENDING
    deliver_all()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"done"}


def test_a_reverse_flow_during_an_outage_arrives_as_it_happened(wire):
    simulator, _client, _url = wire
    simulator.set(Fault.DOWN, count=3)
    case = settled_case(passed=False)
    make_task(contract_no=case.contract_no)

    deliver_all()

    assert list(CreditTask.objects.values_list("generation", "state")) == [
        (1, TaskState.REJECTED),
        (2, TaskState.PENDING),
    ]
    case.refresh_from_db()
    assert (case.interview_generation, case.interview_state) == (2, "PENDING")


def signed(path, body, *, date_s=None, nonce="a" * 32, secret=SECRET):
    return signing.authorization(
        key_id=KEY_ID,
        secret=secret,
        method="POST",
        path=path,
        body=body,
        date_s=int(time.time()) if date_s is None else date_s,
        nonce=nonce,
    )


def test_replayed_altered_stale_and_foreign_requests_are_refused(wire):
    _simulator, _client, url = wire
    case = credit_case()
    path = OPERATIONS["progress"].path
    body = json.dumps({"contract_no": case.contract_no}).encode()

    def post(header, content=body, to=path):
        return httpx.post(url + to, content=content, headers={"Authorization": header}).status_code

    genuine = signed(path, body)
    assert post(genuine) == 200
    assert post(genuine) == 401, "a replay"
    assert post(signed(path, body, nonce="b" * 32), content=body + b" ") == 401
    assert post(signed(path, body, nonce="c" * 32), to=OPERATIONS["reject_reasons"].path) == 401
    for seconds in (-301, 301):
        date_s = int((timezone.now() + dt.timedelta(seconds=seconds)).timestamp())
        assert post(signed(path, body, date_s=date_s, nonce="d" * 32)) == 401
    assert post(signed(path, body, nonce="e" * 32, secret="guessed")) == 401
    assert post("") == 401


def test_a_bank_with_another_secret_is_not_believed():
    sms = Sms("m1", "13900000000", "text")
    with (
        simulated() as (_simulator, url),
        http_bank(url, secret="other") as client,
        pytest.raises(CreditUnavailable),
    ):
        client.send_sms(sms)
    assert not SmsMessage.objects.exists()


def test_fields_the_bank_adds_are_ignored_and_missing_ones_are_trouble():
    operation = OPERATIONS["known_states"]
    row = {"contract_no": "C", "generation": 1, "state": "PENDING"}

    with_more = operation.answer.validate_json(json.dumps({"value": [{**row, "new": 1}], "x": 2}))

    assert with_more.value[0].contract_no == "C"
    del row["state"]
    with pytest.raises(ValueError, match="state"):
        operation.answer.validate_json(json.dumps({"value": [row]}))
