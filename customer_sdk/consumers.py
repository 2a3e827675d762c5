"""The customer's socket: it parses, asks a service, answers. It decides nothing."""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.serializers.json import DjangoJSONEncoder
from pydantic import BaseModel, ValidationError

from common.actor import Actor
from common.asking import asked
from common.errors import DomainError
from common.limits import spend
from common.push import call_group, party_group, request_group
from interviews.proof import slots_of

from . import policy, selectors, services
from . import protocol as p
from .errors import CheckOnly, SessionRefused
from .frame_budget import FrameBudget, Pending
from .models import CallToken
from .places import line_places

logger = logging.getLogger(__name__)
PENDING = Pending(policy.PENDING_SOCKETS)  # of this process


class CustomerConsumer(AsyncWebsocketConsumer):
    """One socket of one admitted party. Its end changes nothing in the call."""

    token: CallToken | None = None
    actor: Actor
    secret: str = ""
    leg_id: str = ""
    seq: int = 0
    told_end: bool = False
    waiting: dict[str, Any] | None = None  # the request as it was told, while its place is shown

    async def connect(self) -> None:
        self.joined: set[str] = set()
        self.watch: asyncio.Task[None] | None = None
        self.heard = asyncio.Event()
        self.frames = FrameBudget(*policy.LIMITS["frames"])
        self.pending = ""
        await self.accept()
        if not self._origin_is_allowed():
            await self.close(p.BAD_ORIGIN)
            return
        if not PENDING.take(address := self._address()):
            await self.close(p.TOO_MANY)
            return
        self.pending = address
        self.watch = asyncio.create_task(self._watch_silence())

    async def disconnect(self, code: int) -> None:
        self._no_longer_pending()
        if self.watch is not None:
            self.watch.cancel()
            await asyncio.wait({self.watch})
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    def _address(self) -> str:
        client = self.scope.get("client")
        return client[0] if client else ""

    def _no_longer_pending(self) -> None:
        if self.pending:
            PENDING.give_back(self.pending)
            self.pending = ""

    def _origin_is_allowed(self) -> bool:
        """Native SDKs send no Origin; a browser's page has to be ours or a listed one."""
        headers = {name: value.decode("latin-1") for name, value in self.scope["headers"]}
        origin = headers.get(b"origin", "")
        if not origin or origin in policy.ALLOWED_ORIGINS:
            return True
        return urlsplit(origin).netloc == headers.get(b"host", "")

    async def _watch_silence(self) -> None:
        """Close when no `hello` comes in time, later when heartbeats stay out."""
        while True:
            patience = policy.SILENT_AFTER_S if self.token else policy.HELLO_WITHIN_S
            try:
                async with asyncio.timeout(patience):
                    await self.heard.wait()
            except TimeoutError:
                await self.close(p.SILENT if self.token else p.NOT_ADMITTED)
                return
            self.heard.clear()

    # --- from the client ---------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None:
            await self.close(p.BAD_HELLO)
            return
        if len(text_data) > policy.MAX_FRAME_BYTES:
            await self.close(p.TOO_LARGE)
            return
        if not self.frames.take():
            await self.close(p.TOO_MANY)
            return
        try:
            content = json.loads(text_data)
            request = p.REQUESTS.validate_python(content)
        except (ValueError, RecursionError) as error:
            if self.token is None or not isinstance(error, ValidationError):
                await self.close(p.BAD_HELLO)
                return
            request_id = content.get("id", "") if isinstance(content, dict) else ""
            await self._send(p.Refused(id=str(request_id)[:64], code="bad_frame"))
            return
        if self.token is None and not isinstance(request, p.Hello):
            await self.close(p.BAD_HELLO)
            return
        self.heard.set()
        try:
            result = await self._handle(request)
        except (SessionRefused, CheckOnly) as refusal:
            await self._send(p.Refused.of(request.id, refusal))
            await self.close(p.NOT_ADMITTED)
        except DomainError as refusal:
            await self._send(p.Refused.of(request.id, refusal))
        else:
            self.heard.set()  # from here on the longer patience holds
            await self._send(p.Done(id=request.id, result=result))
            if not isinstance(request, p.Heartbeat):
                await self._show_state()

    async def _handle(self, request: p.Incoming) -> dict[str, Any]:
        if isinstance(request, p.Heartbeat):
            await database_sync_to_async(services.keep_waiting)(self.secret)
            await self._tell_place()
            return {}
        if isinstance(request, p.Hello):
            self.secret = request.token
        token = await self._refreshed()
        if isinstance(request, p.MediaOffer):
            await self._limit("media", token)
            answer = await asked(
                services.connect_media, token, offer_sdp=request.sdp, actor=self.actor
            )
            self.leg_id = answer["leg_id"]
            return answer
        if isinstance(request, p.DeviceReport):
            await self._limit("device", token)
            await database_sync_to_async(services.report_device)(
                token, what=request.what, reason=request.reason, actor=self.actor
            )
        elif isinstance(request, p.ChatSend):
            await self._limit("chat", token)
            await database_sync_to_async(services.say)(token, text=request.text, actor=self.actor)
        elif isinstance(request, p.Leave):
            await asked(services.leave, token, actor=self.actor)
        else:  # hello: the media may have outlived the socket that made it
            self.leg_id = await database_sync_to_async(selectors.open_leg_of)(token) or ""
        return {}

    async def _tell_place(self) -> None:
        if self.waiting is None:
            return
        place = await line_places().of(self.waiting["request_id"])
        if place is not None and place != self.waiting["queue"]:
            self.waiting["queue"] = place
            await self._send(p.Place(seq=self._next_seq(), queue=place))

    async def _limit(self, name: str, token: CallToken) -> None:
        """Raises RateLimited."""
        most, within_s = policy.LIMITS[name]
        await sync_to_async(spend)(f"sdk.{name}", str(token.party_id), most=most, within_s=within_s)

    async def _refreshed(self) -> CallToken:
        """The token as it is now: it may have ended, or have been revoked, meanwhile."""
        token = await database_sync_to_async(services.token_for)(self.secret)
        services.require_call_purpose(token)
        self.actor = selectors.actor_of(token, self._address())
        self.token = token
        self._no_longer_pending()
        return token

    # --- hints from the channel layer ----------------------------------------------------------

    async def party_changed(self, event: dict[str, Any]) -> None:
        await self._show_state()

    async def request_changed(self, event: dict[str, Any]) -> None:
        await self._show_state()

    async def call_changed(self, event: dict[str, Any]) -> None:
        await self._show_state()

    async def call_chat(self, event: dict[str, Any]) -> None:
        await self._show_state()

    async def call_ended(self, event: dict[str, Any]) -> None:
        await self._show_state()

    async def call_reconnect_media(self, event: dict[str, Any]) -> None:
        await self._send(
            p.MediaReconnect(seq=self._next_seq(), media_epoch=event["payload"]["media_epoch"])
        )

    async def call_slots(self, event: dict[str, Any]) -> None:
        if event.get("leg_id") == self.leg_id:
            holders = event["payload"]["slots"]
            await self._send(p.Slots(seq=self._next_seq(), leg_id=self.leg_id, slots=holders))

    async def _tell_slots_missed(self) -> None:
        holders = await sync_to_async(slots_of)(self.leg_id)
        if holders is not None:
            await self._send(p.Slots(seq=self._next_seq(), leg_id=self.leg_id, slots=holders))

    async def call_quality(self, event: dict[str, Any]) -> None:
        if event.get("leg_id") == self.leg_id:
            seen = event["payload"]
            await self._send(
                p.Quality(
                    seq=self._next_seq(),
                    loss_up=seen["loss_up"],
                    loss_down=seen["loss_down"],
                    rtt_ms=seen["rtt_ms"],
                )
            )

    async def call_playout(self, event: dict[str, Any]) -> None:
        await self._send(p.PlayOut(seq=self._next_seq(), **event["payload"]))

    async def call_proof(self, event: dict[str, Any]) -> None:
        """Recording proof is for the seat."""

    async def _show_state(self) -> None:
        """Read everything afresh, listen where it now happens, send the whole."""
        try:
            token = await self._refreshed()
        except SessionRefused:
            await self.close(p.NOT_ADMITTED)
            return
        state = await database_sync_to_async(selectors.state_view)(token)
        fresh = await self._listen(token, state)
        if fresh:
            # Something may have happened between the reading and the joining.
            state = await database_sync_to_async(selectors.state_view)(token)
        request = state["request"] or {}
        self.waiting = request if request.get("queue") else None
        await self._send(p.State(seq=self._next_seq(), state=state))
        if fresh and self.leg_id:
            await self._tell_slots_missed()
        if state["ended"] and not self.told_end:
            self.told_end = True
            await self._send(
                p.Ended(
                    seq=self._next_seq(),
                    message=state["ended"]["message"],
                    receipt_no=state["ended"]["receipt_no"],
                )
            )

    async def _listen(self, token: CallToken, state: dict[str, Any]) -> bool:
        wanted = {party_group(token.party_id)}
        if token.request_id:
            wanted.add(request_group(token.request_id))
        if state["call"]:
            wanted.add(call_group(state["call"]["id"]))
        for group in wanted - self.joined:
            await self.channel_layer.group_add(group, self.channel_name)
        for group in self.joined - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
        fresh = bool(wanted - self.joined)
        self.joined = wanted
        return fresh

    def _next_seq(self) -> int:
        self.seq += 1
        return self.seq

    async def _send(self, frame: BaseModel) -> None:
        # Django's encoder: a view may hold lazy labels and dates.
        await self.send(text_data=json.dumps(frame.model_dump(), cls=DjangoJSONEncoder))
