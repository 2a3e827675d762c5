"""What the sockets of people at desks have in common: who they are, and showing what changed."""

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _
from pydantic import BaseModel, TypeAdapter, ValidationError

from accounts.models import User
from accounts.selectors import actor_of, may
from accounts.sessions import Ended, ended_behind
from common.actor import Actor
from common.asking import asked
from common.errors import DomainError

from . import protocol as p

logger = logging.getLogger(__name__)

# Many hints of one act become one snapshot.
SETTLE_S = 0.08
# The news that a login ended may be lost: then it is found out this late (S:A8).
RECHECK_S = 5.0
MOST_ASKING = 8  # of one page at a time
R = TypeVar("R", bound=p.Request)


class LivePage(AsyncWebsocketConsumer, Generic[R]):
    """One page of somebody who has logged in. It parses, asks, shows; the rest is its heirs'.

    `_start` begins the showing and the looking after the login, both owned by the connection.
    """

    operation: str
    requests: TypeAdapter[R]
    user: User
    actor: Actor
    leg_id: str = ""
    seq: int = 0
    is_open: bool = False

    def _prepare(self) -> None:
        self._dirty = asyncio.Event()
        self._doubted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._groups: list[str] = []
        self._asking: set[asyncio.Task[None]] = set()
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def _refusal(self) -> int | None:
        """The close code for who may not be here."""
        headers = {name: value.decode("latin-1") for name, value in self.scope["headers"]}
        # A browser always sends Origin; another site's page must not use the person's cookie.
        if urlsplit(headers.get(b"origin", "")).netloc != headers.get(b"host", ""):
            return p.NOT_A_SEAT
        user: object = self.scope["user"]
        why = await self._login_ended()
        if not isinstance(user, User) or why is not None:
            return p.LOCKED if why is Ended.LOCKED else p.NOT_LOGGED_IN
        if not await database_sync_to_async(may)(user, self.operation):
            return p.NOT_A_SEAT
        client = self.scope.get("client")
        self.user, self.actor = user, actor_of(user, client[0] if client else "")
        return None

    async def _listen(self, *groups: str) -> None:
        for group in groups:
            self._groups.append(group)
            await self.channel_layer.group_add(group, self.channel_name)

    def _start(self) -> None:
        self.is_open = True
        self._tasks = [asyncio.create_task(self._keep_showing(each)) for each in self._shows()]
        self._tasks.append(asyncio.create_task(self._recheck()))
        self._dirty.set()

    def _shows(self) -> list[Callable[[], Awaitable[None]]]:
        """What waits for its hint and then shows, again and again."""
        return [self._show_when_settled]

    async def _stop(self) -> None:
        """Break off what `_start` began, and leave the groups."""
        tasks = set(self._tasks) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for group in self._groups:
            await self.channel_layer.group_discard(group, self.channel_name)

    # --- from the page ---------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.is_open:
            return
        if text_data is None or len(text_data) > p.MAX_FRAME_CHARS:
            await self.close(p.BAD_FRAME)
            return
        request_id = ""
        try:
            content = json.loads(text_data)
            request_id = str(content.get("id", ""))[:64] if isinstance(content, dict) else ""
            request = self.requests.validate_python(content)
        except (ValidationError, ValueError, RecursionError):
            await self._send(p.Refused(id=request_id, code="bad_frame", text=_("请求格式有误。")))
            return
        if not request.lane:
            await self._answer(request, await self._result(request))
        elif len(self._asking) >= MOST_ASKING:
            await self._send(
                p.Refused(id=request.id, code="busy", text=_("操作过快，请稍候再试。"))
            )
        else:
            task = asyncio.create_task(self._ask(request))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _result(self, request: R) -> dict[str, Any] | DomainError:
        try:
            if request.lane:
                return await asked(self._handle, request)
            return await database_sync_to_async(self._handle)(request)
        except DomainError as refusal:
            return refusal

    async def _answer(self, request: R, result: dict[str, Any] | DomainError) -> None:
        if isinstance(result, DomainError):
            await self._send(p.Refused.of(request.id, result))
        else:
            if isinstance(request, p.MediaOffer):
                self.leg_id = result["leg_id"]
            await self._send(p.Done(id=request.id, result=result))
        if not isinstance(request, p.Heartbeat):
            self._dirty.set()

    async def _ask(self, request: R) -> None:
        """What waits for another system: in order within its lane, and nothing else waits for it.

        Begun, it is brought to its end also when the page is gone meanwhile.
        """
        try:
            async with self._lanes[request.lane]:
                result = await self._result(request)
            if self.is_open:
                await self._answer(request, result)
        except Exception:  # of a task nobody awaits: the page reconnects and sees what is
            logger.exception("request failed type=%s user=%s", request.type, self.user.pk)
            await self.close(p.BROKEN)

    def _handle(self, request: R) -> dict[str, Any]:
        raise NotImplementedError

    # --- hints -----------------------------------------------------------------------------------

    async def call_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def call_ended(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def call_proof(self, event: dict[str, Any]) -> None:
        await self._pass("proof", event)

    async def call_quality(self, event: dict[str, Any]) -> None:
        await self._pass("quality", event)

    async def call_playout(self, event: dict[str, Any]) -> None:
        await self._pass("playout", event)

    async def call_slots(self, event: dict[str, Any]) -> None:
        if event.get("leg_id") == self.leg_id:
            await self._pass("slots", event)

    async def call_reconnect_media(self, event: dict[str, Any]) -> None:
        await self._pass("media.reconnect", event)

    async def auth_changed(self, event: dict[str, Any]) -> None:
        self._doubted.set()

    # --- loops -----------------------------------------------------------------------------------

    async def _recheck(self) -> None:
        try:
            while await self._is_welcome():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._doubted.wait(), RECHECK_S)
                self._doubted.clear()
        except Exception:  # a supervisor loop: the page reconnects and is asked again
            logger.exception("recheck failed operation=%s user=%s", self.operation, self.user.pk)
            await self.close(p.BROKEN)

    async def _is_welcome(self) -> bool:
        """Log-out, disabling, a lost role end the page within RECHECK_S."""
        why = await self._login_ended()
        if why is not None:
            codes = {Ended.ELSEWHERE: p.TAKEN_OVER, Ended.LOCKED: p.LOCKED}
            await self.close(codes.get(why, p.NOT_LOGGED_IN))
            return False
        if not await database_sync_to_async(may)(self.user, self.operation):
            await self.close(p.NOT_A_SEAT)
            return False
        return True

    async def _login_ended(self) -> Ended | None:
        return await database_sync_to_async(ended_behind)(self.scope["session"].session_key)

    async def _show_when_settled(self) -> None:
        await self._dirty.wait()
        await asyncio.sleep(SETTLE_S)
        self._dirty.clear()
        await self._show()

    async def _keep_showing(self, show: Callable[[], Awaitable[None]]) -> None:
        """Ends with the connection, or ends it: a page must not stay on old news."""
        try:
            while True:
                await show()
        except Exception:  # a supervisor loop: the page reconnects and asks again
            logger.exception("snapshot failed operation=%s user=%s", self.operation, self.user.pk)
            await self.close(p.BROKEN)

    async def _show(self) -> None:
        raise NotImplementedError

    # --- out -------------------------------------------------------------------------------------

    async def _pass(self, kind: Any, event: dict[str, Any]) -> None:
        await self._send(
            p.Passing(
                seq=self._next_seq(),
                type=kind,
                leg_id=event.get("leg_id"),
                participant_id=event.get("participant_id"),
                payload=event.get("payload") or {},
            )
        )

    def _next_seq(self) -> int:
        self.seq += 1
        return self.seq

    async def _send(self, frame: BaseModel) -> None:
        await self.send(text_data=frame.model_dump_json())
