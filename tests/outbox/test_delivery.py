"""Messages: in order per key, once in effect, never silently lost."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from common.errors import DomainError
from outbox import registry, services
from outbox.models import MessageState, OutboxMessage
from outbox.tasks import AT_ONCE, deliver_due

pytestmark = pytest.mark.django_db(transaction=True)


class Refused(DomainError):
    code = "refused_for_good"


@pytest.fixture
def inbox(monkeypatch):
    """A topic with one handler that notes what it gets, and fails as it is told."""
    got: list[int] = []
    answers: dict[int, Exception] = {}
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(services, "_knock", lambda: None)

    @registry.handles("letter")
    def take(message_id, payload):
        error = answers.get(payload["n"])
        if error is not None:
            raise error
        got.append(payload["n"])

    return got, answers


def send(key, n):
    with transaction.atomic():
        services.publish("letter", key=key, n=n)


def deliver_all():
    while services.deliver_one():
        pass


def test_messages_of_a_key_arrive_in_order(inbox):
    for n in range(5):
        send("a", n)

    deliver_all()

    assert inbox[0] == [0, 1, 2, 3, 4]


def test_nothing_is_sent_of_a_change_that_was_undone(inbox):
    with transaction.atomic():
        services.publish("letter", key="a", n=1)
        transaction.set_rollback(True)

    deliver_all()

    assert inbox[0] == []


def test_a_failure_waits_and_holds_back_its_own_key_only(inbox):
    got, answers = inbox
    answers[1] = ConnectionError()
    send("a", 1)
    send("a", 2)
    send("b", 3)

    deliver_all()

    assert got == [3]
    first = OutboxMessage.objects.get(payload__n=1)
    assert (first.state, first.last_error) == (MessageState.PENDING, "ConnectionError")
    assert first.due_at > timezone.now()
    answers.clear()
    OutboxMessage.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    deliver_all()
    assert got == [3, 1, 2]


def test_a_final_refusal_is_parked_until_an_operator_sends_it_again(inbox):
    got, answers = inbox
    answers[1] = Refused()
    send("a", 1)
    send("a", 2)

    deliver_all()

    parked = OutboxMessage.objects.get(payload__n=1)
    assert (parked.state, parked.last_error) == (MessageState.PARKED, "refused_for_good")
    assert got == []
    answers.clear()
    services.requeue(parked.pk)
    deliver_all()
    assert got == [1, 2]


def test_a_message_whose_worker_died_goes_out_again(inbox):
    send("a", 1)
    assert services._claim() is not None  # and the process is gone

    deliver_all()
    assert inbox[0] == []
    OutboxMessage.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    deliver_all()

    assert inbox[0] == [1]


def test_eight_workers_deliver_each_message_once_and_in_order(inbox):
    for n in range(40):
        send(f"key{n % 4}", n)

    def work():
        try:
            deliver_all()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver_all()

    got = inbox[0]
    assert sorted(got) == list(range(40))
    for key in range(4):
        mine = [n for n in got if n % 4 == key]
        assert mine == sorted(mine)


def test_handlers_that_keep_everybody_waiting_leave_threads_to_the_deadlines(inbox):
    answered = threading.Event()
    begun = threading.Semaphore(0)

    @registry.handles("slow letter")
    def wait(message_id, payload):
        begun.release()
        answered.wait(30)

    for n in range(AT_ONCE + 2):
        with transaction.atomic():
            services.publish("slow letter", key=f"key{n}", n=n)

    def work():
        try:
            deliver_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    assert all(begun.acquire(timeout=10) for _ in range(AT_ONCE))

    deliver_due()  # comes back at once, whatever waits

    assert OutboxMessage.objects.filter(leased_until=None).count() == 2
    answered.set()
    for thread in threads:
        thread.join()
    assert not OutboxMessage.objects.exclude(state=MessageState.DONE).exists()
