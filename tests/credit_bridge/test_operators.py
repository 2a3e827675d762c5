"""Operators see what the bank refused, send it again or give it up with a reason, and reconcile."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import DataScope, Role, User
from appointments import services as appointments
from audit.models import AuditEntry
from common.actor import SYSTEM
from credit_bridge import handlers, services
from credit_bridge.embedded import EmbeddedBank
from credit_bridge.errors import BankRefused, CreditUnavailable
from credit_bridge.models import CreditTask, Reconciliation
from interviews import services as interviews
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from tests.support.bank import credit_case
from tests.support.calendars import booked, free_tomorrow, working_seat
from tests.support.factories import SEAT_ACTOR, make_task

pytestmark = pytest.mark.django_db
LANE = "credit_bridge.handlers.tell_credit_system"


class Stubborn(EmbeddedBank):
    """Refuses states until told otherwise."""

    refuses = True

    def send_state(self, message):
        if self.refuses:
            raise BankRefused(reason="demo")
        super().send_state(message)


@pytest.fixture
def bank(monkeypatch):
    bank = Stubborn()
    monkeypatch.setattr(handlers, "bank", lambda: bank)
    return bank


@pytest.fixture
def operator(client):
    user = User.objects.create_user("O1", "test-password", name="运维")
    role = Role.objects.create(
        code="ops",
        name="运维",
        scope=DataScope.ALL,
        operations=["operations.view", "operations.manage"],
    )
    user.roles.set([role])
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def deliver_all():
    OutboxMessage.objects.filter(state=MessageState.PENDING).update(due_at=timezone.now())
    while deliver_one():
        pass


def refused_case():
    case = credit_case()
    task = make_task(contract_no=case.contract_no)
    interviews.settle_task(task.pk, passed=True, actor=SEAT_ACTOR)
    deliver_all()
    return case, OutboxMessage.objects.get(state=MessageState.PARKED, key=case.contract_no)


def act(client, message, todo, reason="信贷已修复"):
    return client.post(
        reverse("credit_bridge:act", args=[message.pk]), {"act": todo, "reason": reason}
    )


def test_a_refused_message_is_shown_and_sent_again_with_a_reason(bank, operator):
    case, parked = refused_case()
    page = operator.get(reverse("credit_bridge:messages")).content.decode()
    assert case.contract_no in page
    assert "bank_refused" in page
    bank.refuses = False

    act(operator, parked, "retry")
    deliver_all()

    assert CreditTask.objects.get(case=case).state == "PASSED"
    entry = AuditEntry.objects.get(action="outbox.retried")
    assert (entry.actor_name, entry.object_id) == ("O1", str(parked.pk))
    assert "信贷已修复" in entry.payload


def test_a_skipped_message_lets_the_later_ones_go_on(bank, operator):
    case, parked = refused_case()
    bank.refuses = False

    act(operator, parked, "skip")
    deliver_all()

    parked.refresh_from_db()
    assert parked.state == MessageState.SKIPPED
    assert CreditTask.objects.get(case=case).state == "PASSED"
    assert AuditEntry.objects.filter(action="outbox.skipped").count() == 1


def test_without_a_reason_or_the_right_nothing_happens(bank, operator, client):
    _case, parked = refused_case()

    act(operator, parked, "skip", reason=" ")
    Role.objects.update(operations=["operations.view"])
    assert act(operator, parked, "skip").status_code == 404
    Role.objects.update(operations=["seats.view"])
    assert operator.get(reverse("credit_bridge:messages")).status_code == 404
    assert operator.get(reverse("credit_bridge:reconciliation")).status_code == 404

    parked.refresh_from_db()
    assert parked.state == MessageState.PARKED
    assert not AuditEntry.objects.filter(action="outbox.skipped").exists()


def test_books_that_agree_have_no_differences():
    seat = working_seat()
    case = credit_case()
    booked(seat, free_tomorrow(seat)[0].start, make_task(contract_no=case.contract_no))
    deliver_all()

    run = services.reconcile(actor=SYSTEM)

    assert (run.compared, run.differences.count(), run.trouble) == (1, 0, "")


def test_every_kind_of_difference_is_named():
    seat = working_seat()
    cases = [credit_case() for _ in range(3)]
    tasks = [make_task(contract_no=case.contract_no) for case in cases]
    booked(seat, free_tomorrow(seat)[0].start, tasks[0])
    deliver_all()
    later = timezone.now() + dt.timedelta(days=3)
    CreditTask.objects.filter(case=cases[0]).update(
        state="REJECTED", slot_start=later, staff_no="X", slot_state="EXPIRED"
    )
    CreditTask.objects.filter(case=cases[1]).update(generation=7)
    CreditTask.objects.filter(case=cases[2]).delete()

    run = services.reconcile(actor=SYSTEM)

    found = {(row.contract_no, row.field) for row in run.differences.all()}
    assert found == {
        *((cases[0].contract_no, field) for field in ("state", "slot", "seat", "slot_state")),
        (cases[1].contract_no, "generation"),
        (cases[2].contract_no, "generation"),
    }
    assert not run.differences.filter(on_its_way=True).exists()


def test_a_message_on_its_way_is_said_to_be_so(bank):
    refused_case()

    run = services.reconcile(actor=SYSTEM)

    assert [row.on_its_way for row in run.differences.all()] == [True]
    assert run.parked == 1


def test_the_days_run_happens_once_and_again_after_trouble(monkeypatch):
    from credit_bridge.services import reconciling

    class Away(EmbeddedBank):
        def known_states(self, contract_nos):
            raise CreditUnavailable

    make_task()
    monkeypatch.setattr(reconciling, "bank", Away)
    assert services.reconcile_once_a_day()
    assert Reconciliation.objects.get().trouble != ""
    monkeypatch.setattr(reconciling, "bank", EmbeddedBank)

    assert services.reconcile_once_a_day()
    assert not services.reconcile_once_a_day()


def test_the_report_can_be_seen_run_by_hand_and_taken_along(operator):
    make_task()

    operator.post(reverse("credit_bridge:reconciliation"))

    run = Reconciliation.objects.get()
    page = operator.get(reverse("credit_bridge:reconciliation")).content.decode()
    assert "任务代次" in page
    report = operator.get(reverse("credit_bridge:report", args=[run.pk]))
    assert report.headers["Content-Type"].startswith("text/csv")
    assert run.asked_by == "O1"


def test_a_cancelled_time_is_told_as_cancelled():
    seat = working_seat()
    case = credit_case()
    task = make_task(contract_no=case.contract_no)
    booked(seat, free_tomorrow(seat)[0].start, task)
    appointments.cancel(task.pk, actor=SYSTEM)
    deliver_all()

    assert CreditTask.objects.get(case=case).slot_state == "CANCELLED"
    assert not OutboxMessage.objects.filter(handler=LANE).exclude(state="done").exists()


def test_what_lies_aside_is_counted_to_a_bound_and_none_is_no_badge(bank, operator, monkeypatch):
    def tabs():
        page = operator.get(reverse("credit_bridge:messages")).text
        return page.split('class="tabs"')[1].split("</nav>")[0]

    assert "badge" not in tabs()

    refused_case()
    assert '<span class="badge is-down">1</span>' in tabs()
    for module in ("selectors", "views"):
        monkeypatch.setattr(f"credit_bridge.{module}.MOST_ROWS", 1)
    assert '<span class="badge is-down">1+</span>' in tabs()
