"""Who has gone is neither relayed nor recorded, whatever his client does."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from interviews import services
from interviews.errors import NotAdmitted
from interviews.models import Call, Leg, Participant
from interviews.states import ParticipantState
from media_worker import gateway
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker
from tests.support.real_worker import registered_worker
from tests.support.rtc import Peer, WorkerProcess, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    async with registered_worker() as process:
        yield process
    await sync_to_async(connections.close_all)()


def customer_of(call: Call) -> Participant:
    return call.participants.get(role="customer")


def connected(call: Call) -> Leg:
    place = customer_of(call)
    services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
    return Leg.objects.get(participant=place)


async def test_a_client_that_goes_on_sending_after_it_left_is_cut_off(
    worker: WorkerProcess,
) -> None:
    call = await sync_to_async(make_call)()
    seat, customer = Peer(), Peer()
    try:
        for peer, role in ((seat, "seat"), (customer, "customer")):
            place = await call.participants.aget(role=role)
            answer: dict[str, Any] = await sync_to_async(services.connect_media)(
                place.pk, offer_sdp=await peer.offer(), actor=SEAT_ACTOR
            )
            await peer.accept(answer["answer_sdp"])
        for peer in (seat, customer):
            await peer.seen[0].wait_for(pictures=5)

        await sync_to_async(services.leave_call)(place.pk, actor=PARTY_ACTOR, reason="left")

        proof = await gateway.aproof(worker.control_url, str(call.pk))
        assert {track.participant_id for track in proof.tracks} == {
            str((await call.participants.aget(role="seat")).pk)
        }
        await until(lambda: customer.connection.connectionState == "closed", "it is cut off")
        shown, now = len(seat.seen[0].pictures), seat.camera.number
        await until(lambda: seat.camera.number > now + 15, "a second goes by")
        assert len(seat.seen[0].pictures) == shown
    finally:
        await seat.close()
        await customer.close()


def test_a_worker_that_could_not_be_asked_is_asked_again_until_it_is_done() -> None:
    call = make_call()
    with fake_worker(call) as worker:
        leg = connected(call)
        words = f"legs/{leg.pk}/close"
        worker.acts_but_is_not_heard_on = words

        services.leave_call(leg.participant_id, actor=PARTY_ACTOR, reason="left")
        assert worker.told(words) == [{"reason": "left"}]
        worker.acts_but_is_not_heard_on = ""
        OutboxMessage.objects.exclude(topic="participant.left").delete()
        assert deliver_one()

        assert worker.told(words) == [{"reason": "left"}] * 2
        assert OutboxMessage.objects.get().state == MessageState.DONE


def test_a_connection_that_was_taken_over_by_one_that_never_came_is_closed_too() -> None:
    call = make_call()
    with fake_worker(call) as worker:
        first = connected(call)
        services.connect_media(first.participant_id, offer_sdp="v=0", actor=PARTY_ACTOR)

        services.leave_call(first.participant_id, actor=PARTY_ACTOR, reason="left")

        for leg in Leg.objects.filter(participant=first.participant_id):
            assert worker.told(f"legs/{leg.pk}/close") == [{"reason": "left"}]


def test_whose_time_to_come_back_is_over_is_let_go_at_the_worker() -> None:
    call = make_call()
    with fake_worker(call) as worker:
        leg = connected(call)
        Participant.objects.filter(pk=leg.participant_id).update(
            state=ParticipantState.LOST,
            reconnect_until=timezone.now() - dt.timedelta(seconds=1),
        )

        assert services.expire_reconnects() == 1

        assert worker.told(f"legs/{leg.pk}/close") == [{"reason": "reconnect_expired"}]


def test_who_leaves_while_the_worker_answers_gets_no_connection() -> None:
    call = make_call()
    place = customer_of(call)
    with fake_worker(call) as worker:

        def leave(words: str) -> None:
            if words == "legs":
                services.leave_call(place.pk, actor=PARTY_ACTOR, reason="left")
                connections.close_all()

        worker.before_answering = leave
        with pytest.raises(NotAdmitted):
            services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)

        [leg] = Leg.objects.filter(participant=place)
        # Once when he left, when the worker did not have it yet, and once when it had.
        assert worker.told(f"legs/{leg.pk}/close") == [{"reason": "left"}] * 2


def test_news_of_who_left_long_ago_asks_nobody_when_the_call_is_over() -> None:
    call = make_call()
    with fake_worker(call) as worker:
        leg = connected(call)
        services.leave_call(leg.participant_id, actor=PARTY_ACTOR, reason="left")
        services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
        asked = len(worker.asked)

        while deliver_one():
            pass

        assert len(worker.asked) == asked
