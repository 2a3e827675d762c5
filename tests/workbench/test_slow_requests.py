"""A media worker that hangs holds up the act that asks it, and nothing else."""

import threading
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from accounts.models import Role
from tests.support.factories import make_seat
from tests.workbench.test_seat_socket import (
    ORIGIN,
    answer_to,
    cookie_of,
    no_connection_stays,
    workbench,
)
from workbench import services

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["no_connection_stays"]
PICTURE = {"type": "call.snapshot", "id": "picture", "participant_id": str(uuid4())}


def signed_in_seat():
    role, _made = Role.objects.get_or_create(
        code="seat", defaults={"name": "坐席", "operations": ["workbench.use"]}
    )
    seat = make_seat()
    seat.user.roles.set([role])
    return seat, cookie_of(seat.user)


@pytest.fixture
def worker(monkeypatch):
    """Hangs with every picture until it is let go; tells who asked, in order."""
    let_go, began = threading.Event(), []

    def take_snapshot(_seat_id, _participant_id, **_how):
        began.append("picture")
        assert let_go.wait(30)
        return {"snapshot_id": str(uuid4())}

    def set_muted(_seat_id, *, muted, **_how):
        began.append("muted" if muted else "heard")

    monkeypatch.setattr(services, "take_snapshot", take_snapshot)
    monkeypatch.setattr(services, "set_muted", set_muted)
    yield let_go, began
    let_go.set()


async def test_no_other_socket_waits(worker):
    let_go, _began = worker
    _seat, cookie = await sync_to_async(signed_in_seat)()
    _other, other_cookie = await sync_to_async(signed_in_seat)()

    async with workbench(cookie, ORIGIN) as slow, workbench(other_cookie, ORIGIN) as other:
        await slow.tell(PICTURE)
        beat = await answer_to(other, {"type": "heartbeat", "id": "beat"})
        let_go.set()
        picture = await answer_to(slow, {"type": "heartbeat", "id": "late"})
        if picture["id"] == "late":
            picture = await answer_to(slow, {"type": "heartbeat", "id": "later"})

    assert (beat["type"], beat["id"]) == ("done", "beat")
    assert (picture["type"], picture["id"]) == ("done", "picture")


async def test_the_same_page_mutes_in_order_and_beats_meanwhile(worker):
    let_go, began = worker
    _seat, cookie = await sync_to_async(signed_in_seat)()

    async with workbench(cookie, ORIGIN) as page:
        await page.tell(PICTURE)
        first = await answer_to(page, {"type": "call.mute", "id": "mute", "muted": True})
        second = await answer_to(page, {"type": "call.mute", "id": "hear", "muted": False})
        beat = await answer_to(page, {"type": "heartbeat", "id": "beat"})
        let_go.set()

    assert [each["id"] for each in (first, second, beat)] == ["mute", "hear", "beat"]
    assert began == ["picture", "muted", "heard"]


async def test_a_page_that_asks_without_waiting_is_told_so(worker):
    let_go, _began = worker
    _seat, cookie = await sync_to_async(signed_in_seat)()

    async with workbench(cookie, ORIGIN) as page:
        for number in range(8):
            await page.tell({**PICTURE, "id": f"picture-{number}"})
        refused = await answer_to(page, {**PICTURE, "id": "one too many"})
        let_go.set()

    assert (refused["type"], refused["code"]) == ("refused", "busy")
