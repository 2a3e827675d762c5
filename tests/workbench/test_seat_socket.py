"""The seat's socket through the real ASGI application and the real channel layer."""

from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts import sessions
from accounts.models import Role, User
from common.actor import Actor, ActorKind
from interviews import services as interviews
from media_worker import protocol as media
from queueing import services as queueing
from seats.models import SeatPresence
from tests.support.factories import (
    PARTY_ACTOR,
    SEAT_ACTOR,
    consent,
    make_call,
    make_seat,
    make_task,
)
from tests.support.fake_worker import fake_worker
from tests.support.sockets import Socket
from workbench.selectors import workbench_state

pytestmark = pytest.mark.django_db(transaction=True)
HOST = (b"host", b"testserver")
ORIGIN = (b"origin", b"http://testserver")


@pytest.fixture(autouse=True)
async def no_connection_stays():
    """Consumers work in a thread of their own, whose connection would outlive the test."""
    yield
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
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
async def workbench(*headers, query=""):
    from interview_site.asgi import application

    socket = Socket(application, "/ws/workbench/", headers=[HOST, *headers], query=query)
    assert await socket.open()
    try:
        yield socket
    finally:
        await socket.leave()


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


async def test_a_second_window_is_kept_out_until_it_takes_over_and_the_first_is_told(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN, query="page=one") as first:
        assert (await first.hear())["type"] == "snapshot"
        async with workbench(cookie, ORIGIN, query="page=two") as second:
            assert await closed_with(second) == 4423
        async with workbench(cookie, ORIGIN, query="page=two&take_over=1") as second:
            assert (await second.hear())["type"] == "snapshot"
            assert await closed_with(first) == 4409


async def test_a_page_that_comes_back_need_not_take_over_from_itself(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN, query="page=one") as lost:
        assert (await lost.hear())["type"] == "snapshot"
        async with workbench(cookie, ORIGIN, query="page=one") as back:
            assert (await back.hear())["type"] == "snapshot"


async def test_a_page_that_is_closed_keeps_nobody_out(seat):
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN, query="page=one") as first:
        assert (await first.hear())["type"] == "snapshot"
    async with workbench(cookie, ORIGIN, query="page=two") as second:
        assert (await second.hear())["type"] == "snapshot"


@pytest.mark.parametrize("how", ["logged_out", "disabled", "role_taken", "password_reset"])
async def test_a_login_that_ends_closes_the_page_at_once(seat, how):
    root = await sync_to_async(User.objects.create_superuser)("root", "test-password", name="r")
    actor = Actor(ActorKind.USER, str(root.pk), "root")
    client = Client()
    await sync_to_async(client.force_login)(seat.user)
    name = settings.SESSION_COOKIE_NAME
    cookie = (b"cookie", f"{name}={client.cookies[name].value}".encode())

    async with workbench(cookie, ORIGIN) as socket:
        await socket.hear()
        if how == "logged_out":
            await sync_to_async(client.post)("/logout")
        elif how == "disabled":
            await sync_to_async(accounts.disable_user)(seat.user_id, actor=actor)
        elif how == "role_taken":
            role = await Role.objects.aget(code="seat")
            role.operations = []
            await sync_to_async(accounts.save_role)(role, actor=actor)
        else:
            await sync_to_async(accounts.reset_password)(seat.user_id, actor=actor)

        assert await close_code(socket) == (4403 if how == "role_taken" else 4401)


async def test_news_that_got_lost_is_found_out(seat, monkeypatch):
    monkeypatch.setattr("workbench.live.RECHECK_S", 0.05)
    cookie = await sync_to_async(cookie_of)(seat.user)

    async with workbench(cookie, ORIGIN) as socket:
        await socket.hear()
        await User.objects.filter(pk=seat.user_id).aupdate(auth_epoch=9)

        assert await close_code(socket) == 4401


async def test_a_page_nobody_works_on_is_closed_until_it_is_unlocked(seat, monkeypatch):
    monkeypatch.setattr("workbench.live.RECHECK_S", 0.05)
    cookie = await sync_to_async(cookie_of)(seat.user)
    session = SessionStore(cookie[1].split(b"=")[1].decode())

    def idle_for(seconds):
        session[sessions.SEEN] = timezone.now().timestamp() - seconds
        session.save()

    async with workbench(cookie, ORIGIN) as socket:
        await socket.hear()
        await sync_to_async(idle_for)(3600)
        assert await close_code(socket) == 4418
    async with workbench(cookie, ORIGIN) as socket:
        assert await closed_with(socket) == 4418
    await sync_to_async(idle_for)(0)
    async with workbench(cookie, ORIGIN) as socket:
        assert (await socket.hear())["type"] == "snapshot"


async def close_code(socket):
    """The code, after whatever was told before."""
    while (message := await socket.receive_output(5))["type"] == "websocket.send":
        pass
    return message["code"]


def worker_tells(call, kind, leg_id, **payload):
    body = {"id": uuid4().hex, "call_id": str(call.pk), "epoch": 1, "kind": kind, "at_ms": 5000}
    told = media.Event.model_validate({**body, "leg_id": leg_id, "payload": payload})
    interviews.apply_media_events([told])


async def next_of(socket, kind):
    while (heard := await socket.hear(5))["type"] != kind:
        pass
    return heard


async def test_a_page_that_comes_back_hears_of_the_media_that_stayed(seat):
    def call_with_media():
        made = make_call(seat=seat)
        place = made.participants.get(role="seat")
        with fake_worker(made):
            return made, interviews.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)

    call, answer = await sync_to_async(call_with_media)()
    cookie = await sync_to_async(cookie_of)(seat.user)
    tell = sync_to_async(worker_tells)
    seen, not_seen = ([{"slot": 0, "participant_id": who}] for who in ("cust", None))

    async with workbench(cookie, ORIGIN, query="page=one") as socket:
        await next_of(socket, "snapshot")
        await tell(call, "slots.changed", answer["leg_id"], slots=seen)
        heard = await next_of(socket, "slots")
    await tell(call, "slots.changed", answer["leg_id"], slots=not_seen)
    async with workbench(cookie, ORIGIN, query="page=one") as socket:
        missed = await next_of(socket, "slots")

    assert (heard["leg_id"], heard["payload"]) == (answer["leg_id"], {"slots": seen})
    assert (missed["leg_id"], missed["payload"]) == (answer["leg_id"], {"slots": not_seen})


async def test_a_call_without_a_customer_shows_when_it_ends_and_the_seat_may_wait(seat):
    def deserted():
        made = make_call(seat=seat)
        customer = made.participants.get(role="customer")
        interviews.leave_call(customer.pk, actor=PARTY_ACTOR, reason="customer")
        return made

    call = await sync_to_async(deserted)()
    cookie = await sync_to_async(cookie_of)(seat.user)
    async with workbench(cookie, ORIGIN, query="page=one") as socket:
        first = await next_of(socket, "snapshot")
        answer = await answer_to(socket, {"type": "call.await_customers", "id": "1"})
        await sync_to_async(call.refresh_from_db)()

    shown = first["state"]["call"]["deserted_until_unix_ms"]
    left_s = (shown - first["state"]["now_unix_ms"]) / 1000
    assert left_s == pytest.approx(60, abs=10)
    assert answer["type"] == "done"
    assert call.deserted_until.timestamp() * 1000 > shown + 100_000


async def test_a_call_rings_and_goes_away_without_the_rest_of_the_page(seat):
    def call_in():
        SeatPresence.objects.filter(seat=seat).update(state="READY", heartbeat_at=timezone.now())
        party = make_task().parties.get()
        consent(party)
        return queueing.call_in(
            party.task_id, party_id=party.pk, channel_code="APP", actor=PARTY_ACTOR
        ).request_id

    cookie = await sync_to_async(cookie_of)(seat.user)
    async with workbench(cookie, ORIGIN) as socket:
        await next_of(socket, "snapshot")
        request_id = await sync_to_async(call_in)()
        rings = await next_of(socket, "ring")
        whole = await sync_to_async(workbench_state)(seat)
        await sync_to_async(queueing.abandon)(request_id, actor=PARTY_ACTOR)
        over = await next_of(socket, "ring")

    # A page that puts it over what it had shows what a page read anew would show.
    assert rings["state"].keys() == {"now_unix_ms", "presence", "offer"}
    assert {key: rings["state"][key] for key in ("presence", "offer")} == {
        key: whole[key] for key in ("presence", "offer")
    }
    assert (over["state"]["presence"]["state"], over["state"]["offer"]) == ("READY", None)
