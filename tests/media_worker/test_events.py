"""News to Django: what is refused for good holds nothing up, what is refused for now keeps its place."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from media_worker.events import EventSender
from media_worker.set_aside import SetAside
from tests.support.rtc import WebStub, until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".set-aside" / "w1.jsonl"


@pytest_asyncio.fixture
async def sender(django_side: WebStub, file: Path) -> AsyncIterator[EventSender]:
    made = EventSender(django_side.url, "token", "w1", SetAside(file))
    yield made
    await made.stop()


def put(sender: EventSender, *kinds: str) -> None:
    for number, kind in enumerate(kinds):
        sender.put("call-1", 1, kind, number, None, None, {})


def kept(file: Path) -> list[tuple[str, int]]:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [(line["kind"], line["at_ms"]) for line in lines]


async def test_one_event_that_is_never_taken_is_put_aside_and_the_others_arrive_in_order(
    sender: EventSender, django_side: WebStub, file: Path
) -> None:
    django_side.refused_kinds = frozenset({"leg.unstable"})
    kinds = ["leg.connected"] * 90 + ["leg.unstable"] + ["leg.lost"] * 90 + ["leg.unstable"]

    put(sender, *kinds)
    await sender.flush(10)

    assert [event.at_ms for event in django_side.events] == [*range(90), *range(91, 181)]
    assert kept(file) == [("leg.unstable", 90), ("leg.unstable", 181)]
    assert SetAside(file).count() == 2


async def test_passing_news_that_is_refused_is_dropped(
    sender: EventSender, django_side: WebStub, file: Path
) -> None:
    django_side.refused_kinds = frozenset({"proof"})

    put(sender, "proof", "leg.lost")
    await sender.flush(10)

    assert [event.kind for event in django_side.events] == ["leg.lost"]
    assert SetAside(file).count() == 0


async def test_what_is_refused_for_now_is_sent_again_in_its_place(
    sender: EventSender, django_side: WebStub, file: Path
) -> None:
    django_side.accepting = False
    put(sender, "leg.connected", "leg.lost")
    await until(lambda: sender.refused >= 2, "it is refused twice")
    assert django_side.events == []

    django_side.accepting = True
    await sender.flush(10)

    assert [event.kind for event in django_side.events] == ["leg.connected", "leg.lost"]
    assert SetAside(file).count() == 0


async def test_a_disk_that_cannot_keep_what_is_put_aside_stops_no_news(
    sender: EventSender, django_side: WebStub, file: Path
) -> None:
    file.parent.write_text("a file where the folder should be")
    django_side.refused_kinds = frozenset({"leg.unstable"})

    put(sender, "leg.unstable", "leg.lost")
    await sender.flush(10)

    assert [event.kind for event in django_side.events] == ["leg.lost"]
