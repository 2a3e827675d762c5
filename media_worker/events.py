"""News from the worker to Django: in order per call, kept while Django is away, sent until taken.

What Django refuses for good would hold up all that comes after it: it is looked for by halves and put
aside.
"""

import asyncio
import contextlib
import itertools
import logging
import uuid
from typing import Any

import aiohttp

from common.faultpoint import faultpoint
from media_worker import protocol as p
from media_worker.set_aside import SetAside

logger = logging.getLogger(__name__)

QUEUE_MAX = 20_000
BATCH_MAX = 200
LINGER_S = 0.02  # what happens together travels together
BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 5.0
REQUEST_TIMEOUT_S = 5.0
AWAY = 0  # no answer at all
# Of what is said, not of who says it or when: the same words will never be taken.
FOR_GOOD = frozenset({400, 413, 422})
# Of these only the latest counts; an older one that was not sent yet is replaced.
LATEST_ONLY = frozenset({"proof", "quality", "playout.progress"})


class EventSender:
    """`put` never waits. Two tasks: one sends events, one heartbeats; `stop` ends both."""

    def __init__(self, web_url: str, token: str, worker_id: str, aside: SetAside) -> None:
        self.dropped = 0
        self.refused = 0
        self._web_url = web_url.rstrip("/")
        self._worker_id = worker_id
        self._aside = aside
        self._headers = {"Authorization": f"Bearer {token}"}
        self._queue: dict[str, p.Event] = {}  # key -> event, in order of insertion
        self._numbers = itertools.count(1)
        self._run_id = uuid.uuid4().hex[:12]  # ids stay unique over restarts
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
            trust_env=False,
        )
        self._task = asyncio.create_task(self._run())

    def put(
        self,
        call_id: str,
        epoch: int,
        kind: Any,
        at_ms: int,
        participant_id: str | None,
        leg_id: str | None,
        payload: dict[str, Any],
    ) -> None:
        event_id = f"{self._worker_id}-{self._run_id}-{next(self._numbers)}"
        event = p.Event(
            id=event_id,
            call_id=call_id,
            epoch=epoch,
            kind=kind,
            at_ms=at_ms,
            participant_id=participant_id,
            leg_id=leg_id,
            payload=payload,
        )
        key = event_id
        if kind in LATEST_ONLY:
            key = f"{kind}/{call_id}/{leg_id}"
            self._queue.pop(key, None)
        elif len(self._queue) >= QUEUE_MAX:
            self._queue.pop(next(iter(self._queue)))
            self.dropped += 1
        self._queue[key] = event
        self._empty.clear()
        self._wake.set()

    async def _run(self) -> None:
        backoff = BACKOFF_FIRST_S
        most = BATCH_MAX
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_S)
            self._wake.clear()
            while self._queue:
                batch = list(itertools.islice(self._queue.items(), most))
                status = await self._post_batch([event for _, event in batch])
                if status in FOR_GOOD and len(batch) > 1:
                    most = len(batch) // 2  # one of them; those before it go first
                    continue
                if status in FOR_GOOD:
                    await self._put_aside(batch[0][1], status)
                elif not 200 <= status < 300:
                    await asyncio.sleep(backoff)
                    backoff = min(BACKOFF_MAX_S, backoff * 2)
                    continue
                backoff = BACKOFF_FIRST_S
                most = BATCH_MAX
                for key, event in batch:
                    if self._queue.get(key) is event:
                        del self._queue[key]
            self._empty.set()

    async def _put_aside(self, event: p.Event, status: int) -> None:
        if event.kind in LATEST_ONLY:
            return  # the next one says all that this one did
        logger.error(
            "event %s kind=%s call=%s is refused for good: %d",
            *(event.id, event.kind, event.call_id, status),
        )
        try:
            await asyncio.to_thread(self._aside.add, event)
        except OSError:
            logger.exception("event %s could not be kept", event.id)

    async def _post_batch(self, events: list[p.Event]) -> int:
        body = p.EventBatch(worker_id=self._worker_id, events=events)
        status = await self._post(p.EVENTS_PATH, body)
        faultpoint("events.taken")
        return status

    async def beat(self, heartbeat: p.Heartbeat) -> bool:
        """One heartbeat. False when Django did not take it; the next one comes anyway."""
        return 200 <= await self._post(p.HEARTBEAT_PATH, heartbeat) < 300

    async def _post(self, path: str, body: p.Message) -> int:
        """The answer's status, or AWAY."""
        try:
            async with self._session.post(
                self._web_url + path,
                data=body.model_dump_json(),
                headers={"Content-Type": "application/json"},
            ) as answer:
                if answer.status >= 300:
                    self.refused += 1
                    if self.refused in (1, 10, 100) or self.refused % 1000 == 0:
                        logger.warning("%s answered %d", path, answer.status)
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return AWAY  # this is what the queue is for

    async def flush(self, within_s: float) -> None:
        """Give what is queued that long to be taken."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), within_s)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()
