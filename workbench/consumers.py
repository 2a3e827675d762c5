"""The seat's socket: it parses, asks a service, answers. It decides nothing."""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from accounts.models import User
from accounts.selectors import actor_of, may
from common.actor import Actor
from common.errors import DomainError
from common.push import QUEUE_GROUP, call_group, seat_group
from queueing import services as queueing
from seats import services as seats
from seats.models import Seat
from seats.selectors import seat_of

from . import protocol as p
from . import selectors, services

logger = logging.getLogger(__name__)

# Many hints of one act become one snapshot.
SETTLE_S = 0.08


class WorkbenchConsumer(AsyncWebsocketConsumer):
    """One open workbench. A newer one of the same seat takes over; the call goes on."""

    seat: Seat | None = None
    actor: Actor
    leg_id: str = ""
    call_id: str | None = None
    seq: int = 0

    async def connect(self) -> None:
        self._dirty = asyncio.Event()
        self._shower: asyncio.Task[None] | None = None
        await self.accept()
        refusal = await self._admit()
        if refusal is not None:
            await self.close(refusal)
            return
        assert self.seat is not None  # noqa: S101 - _admit has set it
        await self.channel_layer.group_send(
            seat_group(self.seat.pk), {"type": "seat.taken_over", "by": self.channel_name}
        )
        for group in (seat_group(self.seat.pk), QUEUE_GROUP):
            await self.channel_layer.group_add(group, self.channel_name)
        await database_sync_to_async(seats.heartbeat)(self.seat.pk)
        self._shower = asyncio.create_task(self._show_when_changed())
        self._dirty.set()

    async def _admit(self) -> int | None:
        headers = {name: value.decode("latin-1") for name, value in self.scope["headers"]}
        # A browser always sends Origin; another site's page must not use the seat's cookie.
        if urlsplit(headers.get(b"origin", "")).netloc != headers.get(b"host", ""):
            return p.NOT_A_SEAT
        user: object = self.scope["user"]
        if not isinstance(user, User):
            return p.NOT_LOGGED_IN
        if not await database_sync_to_async(may)(user, "workbench.use"):
            return p.NOT_A_SEAT
        self.seat = await database_sync_to_async(seat_of)(user)
        if self.seat is None:
            return p.NOT_A_SEAT
        client = self.scope.get("client")
        self.actor = actor_of(user, client[0] if client else "")
        return None

    async def disconnect(self, code: int) -> None:
        if self._shower is not None:
            self._shower.cancel()
            await asyncio.wait({self._shower})
        if self.seat is None:
            return
        for group in (seat_group(self.seat.pk), QUEUE_GROUP):
            await self.channel_layer.group_discard(group, self.channel_name)
        if self.call_id is not None:
            await self.channel_layer.group_discard(call_group(self.call_id), self.channel_name)

    # --- from the page ---------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.seat is None:
            return
        if text_data is None or len(text_data) > p.MAX_FRAME_CHARS:
            await self.close(p.BAD_FRAME)
            return
        request_id = ""
        try:
            content = json.loads(text_data)
            request_id = str(content.get("id", ""))[:64] if isinstance(content, dict) else ""
            request = p.REQUESTS.validate_python(content)
        except (ValidationError, ValueError, RecursionError):
            await self._send(p.Refused(id=request_id, code="bad_frame", text=_("请求格式有误。")))
            return
        try:
            result = await database_sync_to_async(self._handle)(self.seat, request)
        except DomainError as refusal:
            await self._send(p.Refused.of(request.id, refusal))
        else:
            if isinstance(request, p.MediaOffer):
                self.leg_id = result["leg_id"]
            await self._send(p.Done(id=request.id, result=result))
        if not isinstance(request, p.Heartbeat):
            self._dirty.set()

    def _handle(self, seat: Seat, request: p.Incoming) -> dict[str, Any]:
        actor = self.actor
        match request:
            case p.Heartbeat():
                seats.heartbeat(seat.pk)
            case p.SignIn():
                seats.sign_in(seat.pk, actor=actor)
                queueing.dispatch_waiting()
            case p.SignOut():
                seats.sign_out(seat.pk, actor=actor)
            case p.Ready():
                seats.ready(seat.pk, actor=actor)
                queueing.dispatch_waiting()
            case p.Pause():
                seats.pause(seat.pk, reason=request.reason, actor=actor)
            case p.DeviceCheck():
                seats.pass_device_check(
                    seat.pk, actor=actor, report=request.model_dump(exclude={"id", "type"})
                )
            case p.AcceptOffer():
                call = queueing.accept_offer(request.offer_id, seat_id=seat.pk, actor=actor)
                return {"call_id": str(call.pk)}
            case p.DeclineOffer():
                queueing.decline_offer(request.offer_id, seat_id=seat.pk, actor=actor)
            case p.MediaOffer():
                return services.connect_media(seat.pk, sdp=request.sdp, actor=actor)
            case p.TakeSnapshot():
                return services.take_snapshot(
                    seat.pk, request.participant_id, kind=request.kind, actor=actor
                )
            case p.SetTag():
                return services.set_tag(seat.pk, kind=request.kind, note=request.note, actor=actor)
            case p.SetMuted():
                services.set_muted(seat.pk, muted=request.muted, actor=actor)
            case p.EndCall():
                services.end_call(seat.pk, actor=actor)
            case p.SendChat():
                services.send_chat(seat.pk, text=request.text, actor=actor)
            case p.StepDone():
                services.mark_step(
                    seat.pk,
                    order=request.order,
                    title=request.title,
                    text=request.text,
                    done=request.done,
                    actor=actor,
                )
            case p.FileVerdict():
                services.file_verdict(
                    seat.pk, verdict=request.verdict, note=request.note, actor=actor
                )
                queueing.dispatch_waiting()
        return {}

    # --- hints -----------------------------------------------------------------------------------

    async def seat_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def queue_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def call_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def call_ended(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def seat_taken_over(self, event: dict[str, Any]) -> None:
        if event["by"] != self.channel_name:
            await self.close(p.TAKEN_OVER)

    async def call_proof(self, event: dict[str, Any]) -> None:
        await self._pass("proof", event)

    async def call_quality(self, event: dict[str, Any]) -> None:
        await self._pass("quality", event)

    async def call_slots(self, event: dict[str, Any]) -> None:
        if event.get("leg_id") == self.leg_id:
            await self._pass("slots", event)

    async def call_reconnect_media(self, event: dict[str, Any]) -> None:
        await self._pass("media.reconnect", event)

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

    async def _show_when_changed(self) -> None:
        """Owned by the connection; ends with it, or ends it: a page must not stay on old news."""
        try:
            while True:
                await self._dirty.wait()
                await asyncio.sleep(SETTLE_S)
                self._dirty.clear()
                await self._show()
        except Exception:  # a supervisor loop: the page reconnects and asks again
            logger.exception("workbench snapshot failed seat=%s", self.seat and self.seat.pk)
            await self.close(p.BROKEN)

    async def _show(self) -> None:
        if self.seat is None:
            return
        state = await database_sync_to_async(selectors.workbench_state)(self.seat)
        await self._listen_to_call(state["call"]["id"] if state["call"] else None)
        await self._send(p.Snapshot(seq=self._next_seq(), state=state))

    async def _listen_to_call(self, call_id: str | None) -> None:
        if call_id == self.call_id:
            return
        if self.call_id is not None:
            await self.channel_layer.group_discard(call_group(self.call_id), self.channel_name)
        if call_id is not None:
            await self.channel_layer.group_add(call_group(call_id), self.channel_name)
            self._dirty.set()  # something may have happened before we listened
        self.call_id = call_id

    def _next_seq(self) -> int:
        self.seq += 1
        return self.seq

    async def _send(self, frame: BaseModel) -> None:
        await self.send(text_data=frame.model_dump_json())
