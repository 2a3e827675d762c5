"""The customer's socket through the real ASGI application and the real channel layer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction

from channels_admin.models import Channel
from common.push import call_group, push
from customer_sdk import policy, selectors
from customer_sdk import protocol as p
from interviews import services as interviews
from interviews.models import Call, Participant, Party
from interviews.states import ParticipantState
from media_worker import protocol as media
from parameters.models import Scope
from parameters.services import set_value
from queueing import services as queueing
from queueing.models import CallRequest
from tests.support.customers import Admitted, admit
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, make_seat, make_task
from tests.support.fake_worker import fake_worker
from tests.support.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def no_connection_stays() -> AsyncIterator[None]:
    """Consumers work in a thread of their own, whose connection would outlive the test."""
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def socket(*headers: tuple[bytes, bytes]) -> AsyncIterator[Socket]:
    from interview_site.asgi import application

    communicator = Socket(application, "/ws/sdk/v1/", headers=[(b"host", b"testserver"), *headers])
    assert await communicator.open()
    try:
        yield communicator
    finally:
        await communicator.leave()
        # The pub/sub layer keeps a connection per event loop; this loop ends with the test.
        layer = get_channel_layer()
        assert layer is not None
        await layer.flush()


async def hello(communicator: Socket, secret: str) -> dict[str, Any]:
    """Say hello; the first state."""
    await communicator.tell({"type": "hello", "id": "h", "token": secret})
    assert await communicator.hear(5) == {"type": "done", "id": "h", "result": {}}
    return await next_of(communicator, "state")


async def next_of(communicator: Socket, kind: str) -> dict[str, Any]:
    """The next frame of a kind; others that come before it are let go."""
    async with asyncio.timeout(5):
        while True:
            frame: dict[str, Any] = await communicator.hear(5)
            if frame["type"] == kind:
                return frame


async def state_in(communicator: Socket, phase: str) -> dict[str, Any]:
    while True:
        frame = await next_of(communicator, "state")
        if frame["state"]["phase"] == phase:
            return frame["state"]


async def close_code(communicator: Socket) -> int:
    async with asyncio.timeout(5):
        while True:
            message = await communicator.receive_output(5)
            if message["type"] == "websocket.close":
                return int(message["code"])


@sync_to_async
def waiting(customer: Admitted) -> None:
    customer.agree()
    customer.call_in()


@sync_to_async
def accepted(customer: Admitted) -> Call:
    """The seat accepts, as the dispatcher does it."""
    request = CallRequest.objects.get(party_id=customer.token.party_id)
    with transaction.atomic():
        call = interviews.open_call(
            request.task_id, seat=make_seat(), party_id=request.party_id, actor=SEAT_ACTOR
        )
        CallRequest.objects.filter(pk=request.pk).update(state="CONNECTED", call=call)
        push(f"request.{request.pk}", "request.changed")
    return call


@sync_to_async
def place_of(call: Call) -> Participant:
    return Participant.objects.get(call=call, role="customer")


async def test_after_hello_the_whole_state_comes_numbered(customer: Admitted):
    async with socket() as ws:
        frame = await hello(ws, customer.secret)

    assert frame["seq"] == 1
    state = frame["state"]
    assert (state["phase"], state["call"], state["participant_id"]) == ("ready", None, None)
    assert state["labels"]["product"] == "永续贷"


async def test_line_call_and_end_reach_the_customer_by_themselves(customer: Admitted):
    await waiting(customer)
    async with socket() as ws:
        assert (await hello(ws, customer.secret))["state"]["phase"] == "waiting"

        call = await accepted(customer)
        connecting = await state_in(ws, "connecting")
        place = await place_of(call)
        assert connecting["participant_id"] == str(place.pk)
        assert connecting["call"]["id"] == str(call.pk)

        await sync_to_async(interviews.end_call)(call.pk, actor=SEAT_ACTOR, reason="seat")
        ended = await state_in(ws, "ended")
        told = await next_of(ws, "ended")

    assert told["message"] == "本次面谈已结束，感谢您的配合。"
    assert told["receipt_no"] == ended["ended"]["receipt_no"] == selectors.receipt_no(call)
    assert [who["name"] for who in ended["ended"]["missing"]] == ["张*明", "李*静"]


async def test_calling_in_reaches_a_socket_that_was_open_before(customer: Admitted):
    async with socket() as ws:
        assert (await hello(ws, customer.secret))["state"]["phase"] == "ready"
        await waiting(customer)

        state = await state_in(ws, "waiting")

    assert state["request"]["state"] == "WAITING"


async def test_a_new_socket_of_the_same_token_is_in_the_call_at_once(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)

    async with socket() as ws:
        state = (await hello(ws, customer.secret))["state"]

    assert (state["phase"], state["call"]["id"]) == ("connecting", str(call.pk))


async def test_a_lost_place_shows_until_when_it_is_kept(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    place = await place_of(call)
    await sync_to_async(Participant.objects.filter(pk=place.pk).update)(state=ParticipantState.LOST)

    async with socket() as ws:
        state = (await hello(ws, customer.secret))["state"]

    assert state["phase"] == "reconnecting"
    assert "reconnect_until_unix_ms" in state["call"]["participants"][0]


async def test_slots_of_another_connection_are_not_told(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        tell = sync_to_async(push)
        await tell(call_group(call.pk), "call.slots", leg_id="other", payload={"slots": []})
        await tell(call_group(call.pk), "call.reconnect_media", payload={"media_epoch": 2})

        frame = await ws.hear(5)
        while frame["type"] == "state":
            frame = await ws.hear(5)

    assert frame["type"] == "media.reconnect"
    assert frame["media_epoch"] == 2


@sync_to_async
def media_made(call: Call, place: Participant) -> str:
    """The party's media comes up; the connection's id."""
    with fake_worker(Call.objects.get(pk=call.pk)):
        answer = interviews.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
    return str(answer["leg_id"])


@sync_to_async
def worker_tells(call: Call, kind: str, leg_id: str, **payload: Any) -> None:
    body = {"id": uuid4().hex, "call_id": str(call.pk), "epoch": 1, "kind": kind, "at_ms": 5000}
    told = media.Event.model_validate({**body, "leg_id": leg_id, "payload": payload})
    interviews.apply_media_events([told])


SEEN = [{"slot": 0, "participant_id": "seat"}]
NOT_SEEN = [{"slot": 0, "participant_id": None}]


async def test_a_socket_alone_comes_back_and_hears_of_the_media_that_stayed(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    leg_id = await media_made(call, await place_of(call))
    async with socket() as ws:
        await hello(ws, customer.secret)
        await worker_tells(call, "slots.changed", leg_id, slots=SEEN)
        slots = await next_of(ws, "slots")
        await worker_tells(call, "quality", leg_id, loss_up=0.1, loss_down=0.2, rtt_ms=80)
        quality = await next_of(ws, "quality")

    assert (slots["leg_id"], slots["slots"]) == (leg_id, SEEN)
    assert (quality["loss_up"], quality["loss_down"], quality["rtt_ms"]) == (0.1, 0.2, 80)


async def test_what_changed_in_the_slots_while_the_socket_was_away_is_told(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    leg_id = await media_made(call, await place_of(call))
    async with socket() as ws:
        await hello(ws, customer.secret)
        await worker_tells(call, "slots.changed", leg_id, slots=SEEN)
        await next_of(ws, "slots")
    await worker_tells(call, "slots.changed", leg_id, slots=NOT_SEEN)

    async with socket() as ws:
        await hello(ws, customer.secret)
        slots = await next_of(ws, "slots")

    assert (slots["leg_id"], slots["slots"]) == (leg_id, NOT_SEEN)


async def test_an_offer_before_the_call_is_refused(customer: Admitted):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "media.offer", "id": "1", "sdp": "v=0"})
        refused = await next_of(ws, "refused")

    assert (refused["id"], refused["code"]) == ("1", "not_in_call")


async def test_an_offer_that_was_on_its_way_does_not_bring_back_who_has_left(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "leave", "id": "1"})
        await ws.tell({"type": "media.offer", "id": "2", "sdp": "v=0"})
        refused = await next_of(ws, "refused")

    assert (refused["id"], refused["code"]) == ("2", "not_in_call")
    assert (await place_of(call)).state == ParticipantState.LEFT


async def test_an_offer_without_a_media_worker_can_be_tried_again(customer: Admitted):
    await waiting(customer)
    await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "media.offer", "id": "1", "sdp": "v=0"})
        refused = await next_of(ws, "refused")

    assert (refused["code"], refused["retryable"]) == ("media_unavailable", True)


async def test_a_message_comes_back_in_everybodys_state(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "chat.send", "id": "1", "text": "听不清"})
        await next_of(ws, "done")
        state = (await next_of(ws, "state"))["state"]

    place = await place_of(call)
    assert [(m["text"], m["participant_id"]) for m in state["messages"]] == [
        ("听不清", str(place.pk))
    ]


async def test_what_the_seat_reads_and_frames_is_on_the_screen(customer: Admitted):
    await waiting(customer)
    call = await accepted(customer)
    add = sync_to_async(interviews.add_event)
    await add(call.pk, kind="script_step", payload={"text": "请出示身份证"}, actor=SEAT_ACTOR)
    await add(call.pk, kind="guide_frame", payload={"frame": "face"}, actor=SEAT_ACTOR)

    async with socket() as ws:
        state = (await hello(ws, customer.secret))["state"]

    assert (state["script"], state["guide"]) == ("请出示身份证", "face")


async def test_leaving_the_line_gives_the_place_up(customer: Admitted):
    await waiting(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "leave", "id": "1"})
        await state_in(ws, "ready")

    request = await sync_to_async(CallRequest.objects.get)()
    assert request.state == "ABANDONED"


async def test_another_party_of_the_case_sees_nothing_of_a_neighbours_line(
    customer: Admitted, party: Party
):
    await waiting(customer)
    neighbour = await sync_to_async(
        lambda: admit(Party.objects.exclude(pk=party.pk).get(task_id=party.task_id))
    )()

    async with socket() as ws:
        state = (await hello(ws, neighbour.secret))["state"]

    assert (state["phase"], state["request"]) == ("ready", None)


@pytest.mark.parametrize(
    "first",
    [
        {"type": "heartbeat", "id": "1"},
        {"type": "hello", "id": "1", "token": "t", "extra": 1},
        {"type": "hello"},
        [],
        None,
    ],
)
async def test_whatever_is_not_a_hello_closes_the_socket(first: object):
    async with socket() as ws:
        await ws.tell(first)

        assert await close_code(ws) == p.BAD_HELLO


async def test_a_wrong_token_is_refused_and_the_socket_closed():
    async with socket() as ws:
        await ws.tell({"type": "hello", "id": "1", "token": "guess"})

        assert (await ws.hear(5))["code"] == "session_refused"
        assert await close_code(ws) == p.NOT_ADMITTED


async def test_silence_instead_of_hello_closes_the_socket(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "HELLO_WITHIN_S", 0.05)
    async with socket() as ws:
        assert await close_code(ws) == p.NOT_ADMITTED


async def test_missing_heartbeats_close_the_socket(
    customer: Admitted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(policy, "SILENT_AFTER_S", 0.05)
    async with socket() as ws:
        await hello(ws, customer.secret)

        assert await close_code(ws) == p.SILENT


async def test_a_revoked_token_ends_at_the_next_frame(customer: Admitted):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await sync_to_async(_revoke)(customer.token.pk)
        await ws.tell({"type": "heartbeat", "id": "1"})

        assert await close_code(ws) == p.NOT_ADMITTED


def _revoke(token_id: UUID) -> None:
    from customer_sdk.models import CallToken

    CallToken.objects.filter(pk=token_id).update(revoked_at="2026-01-01T00:00:00Z")


async def test_a_strange_page_cannot_open_the_socket():
    async with socket((b"origin", b"https://evil.example")) as ws:
        assert await close_code(ws) == p.BAD_ORIGIN


async def test_our_own_page_can(customer: Admitted):
    async with socket((b"origin", b"http://testserver")) as ws:
        assert (await hello(ws, customer.secret))["seq"] == 1


async def test_a_frame_that_is_too_large_closes_the_socket(customer: Admitted):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell_text("x" * (policy.MAX_FRAME_BYTES + 1))

        assert await close_code(ws) == p.TOO_LARGE


async def test_a_bad_frame_after_hello_is_refused_and_the_socket_stays(customer: Admitted):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell({"type": "chat.send", "id": "7", "text": ""})
        refused = await ws.hear(5)
        await ws.tell({"type": "heartbeat", "id": "8"})

        assert (refused["id"], refused["code"]) == ("7", "bad_frame")
        assert (await ws.hear(5))["id"] == "8"


def waiting_in_line() -> Admitted:
    customer = admit(make_task().parties.get())
    customer.agree()
    customer.call_in()
    return customer


async def test_who_waits_hears_that_somebody_before_him_has_gone(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customer_sdk.places.FRESH_S", 0.0)
    await sync_to_async(set_value)("queue_display", 1, scope=Scope.GLOBAL, by="test")
    first, second = [await sync_to_async(waiting_in_line)() for _ in range(2)]

    async with socket() as ws:
        told = (await hello(ws, second.secret))["state"]["request"]["queue"]
        assert (told["position"], told["waiting"]) == (2, 2)
        assert first.token.request_id is not None
        await sync_to_async(queueing.abandon)(first.token.request_id, actor=PARTY_ACTOR)
        await ws.tell({"type": "heartbeat", "id": "1"})
        place = await next_of(ws, "place")
        assert (place["queue"]["position"], place["queue"]["waiting"]) == (1, 1)

        # Told once: the next beat says nothing.
        await ws.tell({"type": "heartbeat", "id": "2"})
        await ws.tell({"type": "heartbeat", "id": "3"})
        assert [(await ws.hear())["type"] for _ in range(3)] == ["done", "done", "done"]
