"""Hints reach whoever listens through the channel layer, after commit and at most once."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings as site
from django.db import connections, transaction
from pytest_django.fixtures import Settings

from accounts.models import Role
from common.push import push
from operations.embedded import free_port

pytestmark = pytest.mark.django_db(transaction=True)

GROUP = "seat.of-this-test"
CHANGED = {"type": "seat.changed"}
Hear = Callable[[], Coroutine[Any, Any, list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
async def no_connection_stays() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def listener() -> AsyncIterator[Hear]:
    """A member of the group on the real layer; what it heard before the hint that ends the test."""
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)

    async def heard() -> list[dict[str, Any]]:
        await layer.group_send(GROUP, {"type": "end"})
        messages = []
        async with asyncio.timeout(10):
            while (message := await layer.receive(channel)) != {"type": "end"}:
                messages.append(message)
        return messages

    try:
        yield heard
    finally:
        await layer.flush()


async def after(work: Callable[[], None]) -> list[dict[str, Any]]:
    async with listener() as heard:
        await sync_to_async(work)()
        return await heard()


async def test_what_a_hint_carries_arrives_as_the_layer_itself_would_bring_it():
    payload = {"slots": [1, None, "屏"], "share": 0.5}

    heard = await after(lambda: push(GROUP, "call.slots", leg_id="leg", payload=payload))

    assert heard == [{"type": "call.slots", "leg_id": "leg", "payload": payload}]


async def test_the_same_hint_of_one_transaction_is_sent_once_wherever_it_was_given():
    def work() -> None:
        with transaction.atomic():
            with transaction.atomic():
                push(GROUP, "seat.changed")
            with transaction.atomic():
                push(GROUP, "seat.changed")
            push(GROUP, "seat.changed")

    assert await after(work) == [CHANGED]


async def test_each_transaction_has_a_hint_of_its_own():
    def work() -> None:
        for _ in range(2):
            with transaction.atomic():
                push(GROUP, "seat.changed")

    assert await after(work) == [CHANGED, CHANGED]


async def test_hints_that_carry_different_things_are_all_sent_in_order():
    def work() -> None:
        with transaction.atomic():
            push(GROUP, "call.slots", leg_id="1")
            with transaction.atomic():
                push(GROUP, "call.slots", leg_id="2")
            push(GROUP, "call.slots", leg_id="3")
            push(GROUP, "call.slots", leg_id="1")

    assert [hint["leg_id"] for hint in await after(work)] == ["1", "2", "3"]


async def test_nothing_is_told_of_what_was_rolled_back():
    def work() -> None:
        with transaction.atomic():
            push(GROUP, "seat.changed")
            transaction.set_rollback(True)

    assert await after(work) == []


async def test_a_savepoint_rolled_back_takes_its_hints_along_and_no_others():
    def work() -> None:
        with transaction.atomic():
            push(GROUP, "call.changed")
            with transaction.atomic():
                push(GROUP, "call.changed")
                push(GROUP, "call.ended")
                push(GROUP, "seat.changed")
                transaction.set_rollback(True)
            push(GROUP, "seat.changed")

    assert await after(work) == [{"type": "call.changed"}, CHANGED]


async def test_the_hint_is_sent_when_others_can_see_what_it_is_about():
    def elsewhere() -> bool:
        return Role.objects.filter(code="seen").exists()

    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)

    def work() -> None:
        with transaction.atomic():
            push(GROUP, "seat.changed")
            Role.objects.create(code="seen", name="seen")

    await sync_to_async(work)()
    async with asyncio.timeout(10):
        assert await layer.receive(channel) == CHANGED
    assert await sync_to_async(elsewhere)()
    await layer.flush()


def test_a_redis_that_is_away_is_logged_and_undoes_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
):
    address = f"redis://:secret@127.0.0.1:{free_port()}/0"
    layer = settings.CHANNEL_LAYERS["default"]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {"hosts": [address]}}}
    others: list[str] = []

    with caplog.at_level(logging.WARNING), transaction.atomic():
        Role.objects.create(code="kept", name="kept")
        push(GROUP, "seat.changed", who="张三")
        transaction.on_commit(lambda: others.append("ran"))

    assert Role.objects.filter(code="kept").exists()
    assert others == ["ran"]
    assert [record.getMessage() for record in caplog.records if record.name == "common.push"] == [
        f"push lost group={GROUP} kind=seat.changed error=ConnectionError"
    ]


async def test_a_connection_that_redis_has_closed_loses_no_hint():
    def work() -> None:
        push(GROUP, "call.changed")
        with redis.Redis.from_url(site.REDIS_URL) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        push(GROUP, "seat.changed")

    assert await after(work) == [{"type": "call.changed"}, CHANGED]


async def test_a_forked_process_tells_by_a_connection_of_its_own():
    def work() -> None:
        push(GROUP, "call.changed")
        child = os.fork()
        if child == 0:  # as Celery's prefork does
            failed = 1
            try:
                push(GROUP, "call.ended")
                failed = 0
            finally:
                os._exit(failed)
        _pid, status = os.waitpid(child, 0)
        assert status == 0
        push(GROUP, "seat.changed")

    assert await after(work) == [{"type": "call.changed"}, {"type": "call.ended"}, CHANGED]
