"""A supervisor's socket into one call: who may, what is shown, and when the stay ends."""

from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connections
from django.test import Client

from accounts.models import Institution, Role, User
from interviews import services as interviews
from interviews.models import Participant
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker
from tests.support.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
HEADERS = [(b"host", b"testserver"), (b"origin", b"http://testserver")]


@pytest.fixture(autouse=True)
async def no_connection_stays():
    yield
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
    await sync_to_async(connections.close_all)()


@pytest.fixture
def branch():
    return Institution.objects.create(code="B1", name="一支行")


@pytest.fixture
def call(branch):
    made = make_call()
    User.objects.filter(pk=made.seat.user_id).update(institution=branch)
    return made


@pytest.fixture
def worker(call):
    with fake_worker(call) as answering:
        yield answering


def supervisor_of(institution, staff_no="M9001"):
    role, _ = Role.objects.get_or_create(
        code="head",
        defaults={"name": "主管", "operations": ["seats.supervise"], "scope": "institution"},
    )
    user = User.objects.create_user(staff_no, "p", name=f"韩{staff_no}", institution=institution)
    user.roles.set([role])
    return user


def cookie_of(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    return (b"cookie", f"{name}={client.cookies[name].value}".encode())


@asynccontextmanager
async def supervision(call, user=None):
    from interview_site.asgi import application

    headers = [*HEADERS, *([await sync_to_async(cookie_of)(user)] if user else [])]
    socket = Socket(application, f"/ws/supervision/{call.pk}/", headers=headers)
    assert await socket.open()
    try:
        yield socket
    finally:
        await socket.leave()


async def closed_with(socket):
    while (message := await socket.receive_output(5))["type"] == "websocket.send":
        pass
    return message["code"]


async def answer_to(socket, kind, **body):
    await socket.tell({"type": kind, "id": "1", **body})
    while (heard := await socket.hear())["type"] not in {"done", "refused"}:
        pass
    return heard


async def state_where(socket, is_wanted):
    while (heard := await socket.hear())["type"] != "snapshot" or not is_wanted(heard["state"]):
        pass
    return heard["state"]


def places():
    return list(Participant.objects.filter(role="supervisor").values_list("state", flat=True))


async def test_nobody_without_login_right_or_scope_comes_in(call, branch):
    other = await Institution.objects.acreate(code="B2", name="二支行")
    stranger = await sync_to_async(supervisor_of)(other, "M9002")
    seat = await sync_to_async(lambda: call.seat.user)()

    for user, code in ((None, 4401), (stranger, 4403), (seat, 4403)):
        async with supervision(call, user) as socket:
            assert await closed_with(socket) == code


async def test_before_the_stay_the_page_knows_which_call_but_no_customer(call, branch):
    user = await sync_to_async(supervisor_of)(branch)

    async with supervision(call, user) as socket:
        state = (await socket.hear())["state"]

        assert (state["is_running"], state["own"], state["call"]) == (True, None, None)
        refused = await answer_to(socket, "media.offer", sdp="v=0")
        assert refused["code"] == "not_found"
        begun = await answer_to(socket, "supervision.start", silent=True)
        assert begun["result"]["remote_slots"] == 5
        assert begun["result"]["video"]["preference"] == "balanced"
        state = await state_where(socket, lambda state: state["own"])
        assert state["own"]["silent"] is True
        assert {person["role"] for person in state["call"]["participants"]} == {"seat", "customer"}


async def test_the_stay_ends_with_the_socket_but_not_when_a_newer_page_takes_over(call, branch):
    user = await sync_to_async(supervisor_of)(branch)

    async with supervision(call, user) as first:
        await answer_to(first, "supervision.start", silent=True)
        async with supervision(call, user) as second:
            assert await closed_with(first) == 4409
            state = await state_where(second, lambda state: True)
            assert state["own"] is not None
            assert await sync_to_async(places)() == ["INVITED"]

    assert await sync_to_async(places)() == ["LEFT"]


async def test_another_supervisor_may_ask_one_out_and_nobody_else_can_be_removed(call, branch):
    user = await sync_to_async(supervisor_of)(branch)
    other = await sync_to_async(supervisor_of)(branch, "M9002")
    customer = await Participant.objects.aget(call=call, role="customer")

    async with supervision(call, user) as mine, supervision(call, other) as theirs:
        begun = await answer_to(theirs, "supervision.start", silent=False)
        out = await answer_to(mine, "supervision.end", participant_id=str(customer.pk))
        assert out["code"] == "not_found"
        gone = begun["result"]["participant_id"]
        assert (await answer_to(mine, "supervision.end", participant_id=gone))["type"] == "done"

        assert (await state_where(theirs, lambda state: not state["own"]))["call"] is None


async def test_a_lost_right_ends_the_stay_and_closes_the_connection(
    call, branch, worker, monkeypatch
):
    monkeypatch.setattr("workbench.live.RECHECK_S", 0.05)
    user = await sync_to_async(supervisor_of)(branch)

    async with supervision(call, user) as socket:
        await answer_to(socket, "supervision.start", silent=True)
        await answer_to(socket, "media.offer", sdp="v=0")
        await Role.objects.filter(code="head").aupdate(operations=[])
        assert await closed_with(socket) == 4403

    assert await sync_to_async(places)() == ["LEFT"]
    assert any(asked.endswith("/close") for asked, _ in worker.asked)


async def test_the_end_of_the_call_is_shown(call, branch):
    user = await sync_to_async(supervisor_of)(branch)

    async with supervision(call, user) as socket:
        await answer_to(socket, "supervision.start", silent=True)
        await sync_to_async(interviews.end_call)(call.pk, actor=SEAT_ACTOR, reason="seat")

        state = await state_where(socket, lambda state: not state["is_running"])
        assert (state["state"], state["own"]) == ("ENDED", None)
