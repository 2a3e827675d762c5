"""What may be tried against the customer's socket (W1…W6, C2, L1)."""

import json
from typing import Any

import pytest

from customer_sdk import policy
from customer_sdk import protocol as p
from interviews.models import TimelineEvent
from tests.customer_sdk.test_sdk_socket import (
    accepted,
    close_code,
    hello,
    no_connection_stays,
    socket,
    waiting,
)
from tests.support.customers import Admitted
from workbench import protocol as seat

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["no_connection_stays"]


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"https://testserver.evil.example",
        b"http://testserver:81",
        b"http://testserver@evil.example",
        b"file://",
    ],
)
async def test_no_other_page_opens_the_socket_though_it_knows_the_token(
    customer: Admitted, origin: bytes
):
    async with socket((b"origin", origin)) as ws:
        assert await close_code(ws) == p.BAD_ORIGIN


async def test_a_listed_page_does(customer: Admitted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "ALLOWED_ORIGINS", ("https://app.bank.example",))
    async with socket((b"origin", b"https://app.bank.example")) as ws:
        assert (await hello(ws, customer.secret))["type"] == "state"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "chat.send", "id": "1", "text": "' + "x" * 501 + '"}',
        '{"type": "chat.send", "id": "1", "text": "a\\u0000b"}',
        '{"type": "chat.send", "id": "1", "text": "\\ud800"}',
        '{"type": "chat.send", "id": "1", "text": NaN}',
        '{"type": "chat.send", "id": 9e999, "text": "x"}',
        '{"type": "media.offer", "id": "1", "sdp": 123456789012345678901234567890}',
        '{"type": "device.report", "id": "1", "what": "camera_back", "reason": "<script>"}',
        '{"type": "heartbeat", "id": "1", "extra": true}',
        '{"type": "nothing", "id": "1"}',
        '{"id": "1"}',
    ],
)
async def test_a_frame_that_does_not_fit_is_refused_and_changes_nothing(
    customer: Admitted, frame: str
):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell_text(frame)
        refused = await ws.hear(5)
        await ws.tell({"type": "heartbeat", "id": "ok"})

        assert (refused["type"], refused["code"]) == ("refused", "bad_frame")
        assert (await ws.hear(5))["id"] == "ok"


@pytest.mark.parametrize(
    "frame", ["[" * 50_000, "not json", "[]", '"hello"', "123", "null", "\ufeff{}"]
)
async def test_what_is_no_object_closes_the_socket(customer: Admitted, frame: str):
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell_text(frame)

        refused_or_closed = await ws.receive_output(5)
        if refused_or_closed["type"] == "websocket.send":
            assert json.loads(refused_or_closed["text"])["code"] == "bad_frame"
        else:
            assert refused_or_closed["code"] == p.BAD_HELLO


def seat_frames() -> list[dict[str, Any]]:
    """Every verb that only a seat has."""
    own = {"hello", "media.offer", "chat.send", "device.report", "leave", "heartbeat"}
    verbs = [kind.model_fields["type"].annotation.__args__[0] for kind in seat.Incoming.__args__]
    return [{"type": verb, "id": "1"} for verb in verbs if verb not in own]


async def test_a_customer_has_none_of_the_seats_verbs(customer: Admitted):
    frames = seat_frames()
    assert len(frames) > 20
    async with socket() as ws:
        await hello(ws, customer.secret)
        for frame in frames[:30]:
            await ws.tell(frame)
            assert (await ws.hear(5))["code"] == "bad_frame"


async def test_a_flood_of_frames_ends_the_socket(
    customer: Admitted, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(policy.LIMITS, "frames", (5, 60))
    async with socket() as ws:
        await hello(ws, customer.secret)
        for number in range(6):
            await ws.tell({"type": "heartbeat", "id": str(number)})

        assert await close_code(ws) == p.TOO_MANY


async def test_nameless_sockets_of_one_address_are_counted(
    customer: Admitted, monkeypatch: pytest.MonkeyPatch
):
    from customer_sdk import consumers
    from customer_sdk.frame_budget import Pending

    monkeypatch.setattr(consumers, "PENDING", Pending(2))
    async with socket(), socket(), socket() as third:
        assert await close_code(third) == p.TOO_MANY
    async with socket() as named:
        await hello(named, customer.secret)
        async with socket() as one, socket() as two:
            await one.tell({"type": "hello", "id": "h", "token": "wrong"})
            assert (await one.hear(5))["code"] == "session_refused"
            assert await two.receive_nothing()


async def test_chat_is_five_a_second(customer: Admitted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(policy.LIMITS, "chat", (2, 3600))
    await waiting(customer)
    await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        answers = []
        for number in range(3):
            await ws.tell({"type": "chat.send", "id": f"c{number}", "text": "你好"})
            while True:
                frame = await ws.hear(5)
                if frame.get("id") == f"c{number}":
                    answers.append(frame)
                    break

    assert [frame["type"] for frame in answers] == ["done", "done", "refused"]
    assert answers[2]["code"] == "rate_limited"
    assert await TimelineEvent.objects.filter(kind="chat").acount() == 2


async def test_the_token_is_no_part_of_the_address(customer: Admitted):
    """A token in the query string opens nothing: it would stand in every log on the way."""
    from interview_site.asgi import application
    from tests.support.sockets import Socket

    ws = Socket(application, f"/ws/sdk/v1/?token={customer.secret}", headers=[(b"host", b"t")])
    ws.scope["query_string"] = f"token={customer.secret}".encode()
    ws.scope["path"] = "/ws/sdk/v1/"
    assert await ws.open()
    await ws.tell({"type": "heartbeat", "id": "1"})

    assert await close_code(ws) == p.BAD_HELLO


async def test_a_check_token_opens_no_socket(customer: Admitted):
    from customer_sdk.models import CallToken

    await CallToken.objects.aupdate(purpose="check")
    async with socket() as ws:
        await ws.tell({"type": "hello", "id": "h", "token": customer.secret})
        refused = await ws.hear(5)

        assert refused["code"] == "check_only"
        assert await close_code(ws) == p.NOT_ADMITTED


async def test_the_seat_is_told_what_took_the_camera(customer: Admitted):
    await waiting(customer)
    await accepted(customer)
    async with socket() as ws:
        await hello(ws, customer.secret)
        await ws.tell(
            {
                "type": "device.report",
                "id": "d",
                "what": "camera_interrupted",
                "reason": "hidden",
            }
        )
        while (await ws.hear(5)).get("id") != "d":
            pass

    event = await TimelineEvent.objects.aget(kind="device")
    assert event.payload == {
        "what": "camera_interrupted",
        "reason": "hidden",
        "text": "客户端画面中断：来电、切换应用或锁屏",
    }
