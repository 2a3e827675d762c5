"""The waiting line reaches every workbench of the process, read once however often it changed."""

import asyncio
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections

from common.push import QUEUE_GROUP
from queueing.models import CallRequest
from tests.support.factories import make_task
from workbench import feed as feeds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def no_connection_stays():
    yield
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
    await sync_to_async(connections.close_all)()


async def test_many_changes_reach_two_pages_as_one_and_a_page_that_left_hears_nothing():
    task = await sync_to_async(make_task)()
    party = await sync_to_async(task.parties.get)()
    await CallRequest.objects.acreate(task=task, party=party)
    feed = feeds.feed()
    heard: dict[str, list[dict[str, Any]]] = {"one": [], "two": []}
    told = asyncio.Event()

    async def one(line):
        heard["one"].append(line)

    async def two(line):
        heard["two"].append(line)
        told.set()

    feed.listen(one)
    feed.listen(two)
    layer = get_channel_layer()
    assert layer is not None

    async def change():
        await layer.group_send(QUEUE_GROUP, {"type": "queue.changed"})

    async with asyncio.timeout(10):
        while not told.is_set():  # the feed may still be joining the group
            await change()
            await asyncio.sleep(0.05)
    first = len(heard["two"])
    assert (first, heard["one"][0]["waiting"]) == (1, 1)
    await feed.leave(two)
    told.clear()
    heard_more = len(heard["one"])

    async with asyncio.timeout(10):
        while len(heard["one"]) == heard_more:
            for _ in range(20):
                await change()
            await asyncio.sleep(0.05)
    await feed.leave(one)

    assert len(heard["two"]) == 1
    assert len(heard["one"]) <= heard_more + 1


async def test_the_feed_ends_with_its_last_listener():
    feed = feeds.QueueFeed()

    async def nobody(line):
        raise AssertionError(line)

    feed.listen(nobody)
    work = feed._work
    await feed.leave(nobody)

    assert work is not None
    assert work.done()


class Interrupted:
    """The real layer, but for one act that fails as it does when Redis is away."""

    def __init__(self, layer, act):
        self._layer, self._act = layer, act
        self.failed = False

    def __getattr__(self, name):
        if name == self._act and not self.failed:
            return self._fail
        return getattr(self._layer, name)

    async def _fail(self, *_):
        self.failed = True
        raise redis.exceptions.ConnectionError


@pytest.mark.parametrize("act", ["new_channel", "group_add", "receive"])
async def test_the_feed_outlives_a_redis_that_was_away(act, monkeypatch):
    layer = get_channel_layer()
    assert layer is not None
    interrupted = Interrupted(layer, act)
    monkeypatch.setattr(feeds, "get_channel_layer", lambda: interrupted)
    monkeypatch.setattr(feeds, "AGAIN_S", 0.05)
    feed = feeds.QueueFeed()
    told = asyncio.Event()

    async def hear(line):
        told.set()

    feed.listen(hear)
    async with asyncio.timeout(10):
        # What was missed is told when it is back, and what comes then is heard.
        await told.wait()
        told.clear()
        while not told.is_set():
            await layer.group_send(QUEUE_GROUP, {"type": "queue.changed"})
            await asyncio.sleep(0.05)
    await feed.leave(hear)

    assert interrupted.failed
