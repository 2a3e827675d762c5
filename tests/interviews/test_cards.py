"""确认卡: shown, answered once by each, journalled with hash and time."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from common.actor import Actor, ActorKind
from interviews import services
from interviews.errors import CallOver, CardAnswered, CardChanged, CardUnfit
from interviews.models import Call, ConfirmAnswer, ConfirmCard, Participant, TimelineEvent
from interviews.selectors import call_view, card_for
from interviews.states import CallState
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import FakeWorker, fake_worker

LINES = [["贷款金额", "380,000.00 元"], ["贷款期限", "60 个月"], ["执行年利率", "4.35%"]]


@pytest.fixture
def call(db: None) -> Call:
    made = make_call()
    made.state = CallState.LIVE
    made.save()
    return made


@pytest.fixture
def worker(call: Call) -> Iterator[FakeWorker]:
    with fake_worker(call) as fake:
        yield fake


@pytest.fixture
def customer(call: Call) -> Participant:
    return call.participants.get(role="customer")


def show(call: Call) -> ConfirmCard:
    return services.show_card(call.pk, title="请确认贷款信息", lines=LINES, actor=SEAT_ACTOR)


def answer(card: ConfirmCard, place: Participant, *, accepted: bool = True, sha256: str = ""):
    return services.answer_card(
        card.pk,
        participant_id=place.pk,
        accepted=accepted,
        sha256=sha256 or card.sha256,
        actor=Actor(ActorKind.PARTY, str(place.party_id)),
    )


def test_a_confirmed_card_is_on_the_journal_with_its_hash_and_time(
    call: Call, worker: FakeWorker, customer: Participant
):
    card = show(call)

    given = answer(card, customer)

    shown, confirmed = worker.told("journal")
    assert shown["kind"] == "confirm.card"
    assert shown["payload"]["lines"] == LINES
    assert shown["payload"]["sha256"] == services.card_hash("请确认贷款信息", LINES)
    assert confirmed["kind"] == "confirm.answer"
    assert confirmed["id"] == str(given.event_id)
    assert confirmed["at_ms"] == given.at_ms
    assert confirmed["payload"] == {
        "card_id": str(card.pk),
        "sha256": card.sha256,
        "accepted": True,
        "by": "party",
    }
    event = TimelineEvent.objects.get(kind="confirm.answer")
    assert (event.pk, event.participant_id) == (given.event_id, customer.pk)


def test_seat_and_customer_see_the_card_and_the_answer(
    call: Call, worker: FakeWorker, customer: Participant
):
    card = show(call)
    before = card_for(customer)
    answer(card, customer, accepted=False)

    assert before == {
        "id": str(card.pk),
        "title": "请确认贷款信息",
        "lines": LINES,
        "sha256": card.sha256,
        "accepted": None,
    }
    after = card_for(customer)
    assert after is not None
    assert after["accepted"] is False
    seen = call_view(call.pk, for_seat=True)["card"]
    assert [(row["participant_id"], row["accepted"]) for row in seen["answers"]] == [
        (str(customer.pk), False)
    ]


def test_the_same_answer_again_is_one_answer_and_another_is_refused(
    call: Call, worker: FakeWorker, customer: Participant
):
    card = show(call)
    first = answer(card, customer)

    assert answer(card, customer).pk == first.pk
    with pytest.raises(CardAnswered):
        answer(card, customer, accepted=False)
    assert ConfirmAnswer.objects.count() == 1
    assert TimelineEvent.objects.filter(kind="confirm.answer").count() == 1


def test_what_was_shown_is_what_is_confirmed(call: Call, worker: FakeWorker, customer: Participant):
    old = show(call)
    with pytest.raises(CardChanged):
        answer(old, customer, sha256="0" * 64)
    new = show(call)

    with pytest.raises(CardChanged):
        answer(old, customer)
    answer(new, customer)
    services.withdraw_card(call.pk, actor=SEAT_ACTOR)

    assert card_for(customer) is None
    assert list(ConfirmAnswer.objects.values_list("card_id", flat=True)) == [new.pk]


def test_a_card_of_another_call_cannot_be_answered(
    call: Call, worker: FakeWorker, customer: Participant
):
    stranger = make_call().participants.get(role="customer")
    card = show(call)

    with pytest.raises(CardChanged):
        answer(card, stranger)
    assert not ConfirmAnswer.objects.exists()


@pytest.mark.parametrize("lines", [[], [["只有标签"]], [["x", ""]], [["x", "y"]] * 9])
def test_an_unfit_card_is_refused(call: Call, lines: list[list[str]]):
    with pytest.raises(CardUnfit):
        services.show_card(call.pk, title="确认", lines=lines, actor=SEAT_ACTOR)
    assert not ConfirmCard.objects.exists()


def test_after_the_call_nothing_is_shown_or_confirmed(
    call: Call, worker: FakeWorker, customer: Participant
):
    card = show(call)
    Call.objects.filter(pk=call.pk).update(state=CallState.ENDED)

    with pytest.raises(CallOver):
        show(call)
    with pytest.raises(CallOver):
        answer(card, customer)
    assert not ConfirmAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_are_one_answer():
    call = make_call()
    customer = call.participants.get(role="customer")
    with fake_worker(call):
        card = show(call)
        barrier = threading.Barrier(4)

        def press() -> None:
            barrier.wait()
            try:
                answer(card, customer)
            finally:
                connection.close()

        presses = [threading.Thread(target=press) for _ in range(4)]
        for thread in presses:
            thread.start()
        for thread in presses:
            thread.join()

    assert ConfirmAnswer.objects.count() == 1
    assert TimelineEvent.objects.filter(kind="confirm.answer").count() == 1
