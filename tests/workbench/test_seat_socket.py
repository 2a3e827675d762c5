"""The seat's socket through the real ASGI application and the real channel layer."""

from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections
from django.test import Client

from accounts.models import Role
from tests.support.factories import make_seat
from tests.support.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
HOST = (b"host", b"testserver")
ORIGIN = (b"origin", b"http://testserver")


@pytest.fixture(autouse=True)
async def no_connection_stays():
    """Consumers work in a thread of their own, whose connection would outlive the test."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def seat():
    made = make_seat()
    role = Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])
    made.user.roles.set([role])
    return made


def cookie_of(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return (
        b"cookie",
        f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode(),
    )


@asynccontextmanager
async def workbench(*headers):
    from interview_site.asgi import application

    socket = Socket(application, "/ws/workbench/", headers=[HOST, *headers])
    assert await socket.open()
    try:
        yield socket
    finally:
        await socket.leave()
        layer = get_channel_layer()
        assert layer is not None
        await layer.flush()


async def closed_with(socket):
    message = await socket.receive_output(5)
    assert message["type"] == "websocket.close", message
    return message["code"]


async def answer_to(socket, frame):
    await socket.tell(frame)
    while True:
        heard = await socket.hear()
        if heard["type"] in {"done", "refused"}:
            return heard


async def test_whoever_is_not_logged_in_is_turned_away():
    async with workbench(ORIGIN) as socket:
        assert await closed_with(socket) == 4401


async def test_another_sites_page_cannot_use_the_seats_cookie(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, (b"origin", b"http://testserver.evil")) as socket:
        assert await closed_with(socket) == 4403


async def test_a_user_without_the_operation_is_turned_away(seat):
    await sync_to_async(seat.user.roles.clear)()
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN) as socket:
        assert await closed_with(socket) == 4403


async def test_the_seat_gets_the_whole_state_and_signs_in_after_the_device_check(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN) as socket:
        first = await socket.hear()
        assert (first["type"], first["seq"]) == ("snapshot", 1)
        assert first["state"]["presence"]["state"] == "SIGNED_OUT"

        early = await answer_to(socket, {"type": "presence.sign_in", "id": "1"})
        assert (early["type"], early["code"]) == ("refused", "device_check_needed")
        check = {"camera": "c", "microphone": "m", "width": 640, "height": 480, "level": 0.4}
        passed = await answer_to(socket, {"type": "device_check.pass", "id": "2", **check})
        assert passed["type"] == "done"
        assert (await answer_to(socket, {"type": "presence.sign_in", "id": "3"}))["type"] == "done"

        while (heard := await socket.hear())["type"] != "snapshot" or (
            heard["state"]["presence"]["state"] != "READY"
        ):
            continue
        assert heard["state"]["presence"]["signed_in"] is True


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "no.such", "id": "7"},
        {"type": "call.tag", "id": "7", "kind": "nonsense"},
        {"type": "presence.pause", "id": "7"},
        {"type": "heartbeat", "id": "7", "extra": 1},
    ],
)
async def test_what_is_not_understood_is_refused_and_the_socket_lives(seat, frame):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN) as socket:
        refused = await answer_to(socket, frame)

        assert (refused["id"], refused["code"]) == ("7", "bad_frame")
        assert (await answer_to(socket, {"type": "heartbeat", "id": "8"}))["type"] == "done"


async def test_a_second_window_takes_over_and_the_first_is_told(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN) as first:
        assert (await first.hear())["type"] == "snapshot"
        async with workbench(cookie, ORIGIN) as second:
            assert (await second.hear())["type"] == "snapshot"
            assert await closed_with(first) == 4409
