"""The seat's socket: it parses, asks a service, answers. It decides nothing."""

import asyncio
import contextlib
import json
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from accounts.models import User
from accounts.selectors import actor_of, may
from accounts.sessions import Ended, ended_behind, user_group
from common.actor import Actor
from common.errors import DomainError
from common.push import call_group, seat_group
from interviews.proof import slots_of
from interviews.selectors import open_leg_of_seat
from queueing import services as queueing
from seats import services as seats
from seats.models import Seat
from seats.selectors import seat_of

from . import protocol as p
from . import selectors, services
from .feed import feed

logger = logging.getLogger(__name__)

# Many hints of one act become one snapshot.
SETTLE_S = 0.08
# The news that a login ended may be lost: then it is found out this late (S:A8).
RECHECK_S = 5.0


class WorkbenchConsumer(AsyncWebsocketConsumer):
    """One open workbench. A newer one of the same seat takes over; the call goes on."""

    seat: Seat | None = None
    actor: Actor
    leg_id: str = ""
    call_id: str | None = None
    page: str = ""
    seq: int = 0
    _rings: bool = False

    async def connect(self) -> None:
        self._dirty = asyncio.Event()
        self._query = parse_qs(self.scope["query_string"].decode("latin-1"))
        # A page that connects again is the same page; one without a name is a new one each time.
        self.page = (self._query.get("page") or [self.channel_name])[0][-64:]
        self._shower: asyncio.Task[None] | None = None
        self._guard: asyncio.Task[None] | None = None
        self._doubted = asyncio.Event()
        self._groups: list[str] = []
        await self.accept()
        refusal = await self._admit()
        if refusal is not None:
            await self.close(refusal)
            return
        assert self.seat is not None  # noqa: S101 - _admit has set it
        try:
            await database_sync_to_async(seats.open_page)(
                self.seat.pk, page=self.page, take_over=self._wants_to_take_over()
            )
        except DomainError:
            self.seat = None  # it is the other page's
            await self.close(p.OPEN_ELSEWHERE)
            return
        await self.channel_layer.group_send(
            seat_group(self.seat.pk), {"type": "seat.taken_over", "by": self.channel_name}
        )
        self._groups = [seat_group(self.seat.pk), user_group(self.seat.user_id)]
        for group in self._groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self._shower = asyncio.create_task(self._show_when_changed())
        self._guard = asyncio.create_task(self._recheck())
        self._dirty.set()
        feed().listen(self._show_line)

    def _wants_to_take_over(self) -> bool:
        return self._query.get("take_over") == ["1"]

    async def _admit(self) -> int | None:
        headers = {name: value.decode("latin-1") for name, value in self.scope["headers"]}
        # A browser always sends Origin; another site's page must not use the seat's cookie.
        if urlsplit(headers.get(b"origin", "")).netloc != headers.get(b"host", ""):
            return p.NOT_A_SEAT
        user: object = self.scope["user"]
        if not isinstance(user, User) or await self._login_ended() is not None:
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
        tasks = {task for task in (self._shower, self._guard) if task is not None}
        tasks.discard(asyncio.current_task())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.seat is None:
            return
        await feed().leave(self._show_line)
        await database_sync_to_async(seats.close_page)(self.seat.pk, page=self.page)
        for group in self._groups:
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
                seats.heartbeat(seat.pk, page=self.page)
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
            case p.ChooseNext():
                seats.choose_next(seat.pk, state=request.state, reason=request.reason, actor=actor)
            case p.DeviceCheck():
                seats.pass_device_check(
                    seat.pk, actor=actor, report=request.model_dump(exclude={"id", "type"})
                )
            case p.AcceptOffer():
                call = queueing.accept_offer(request.offer_id, seat_id=seat.pk, actor=actor)
                return {"call_id": str(call.pk)}
            case p.DeclineOffer():
                queueing.decline_offer(request.offer_id, seat_id=seat.pk, actor=actor)
            case p.TransferOffer():
                queueing.transfer_offer(
                    request.offer_id, seat_id=seat.pk, to_seat_id=request.to_seat_id, actor=actor
                )
            case p.MediaOffer():
                return services.connect_media(seat.pk, sdp=request.sdp, actor=actor)
            case p.TakeSnapshot():
                return services.take_snapshot(
                    seat.pk, request.participant_id, kind=request.kind, actor=actor
                )
            case p.SetTag():
                return services.set_tag(
                    seat.pk,
                    kind=request.kind,
                    note=request.note,
                    at_ms=request.at_ms,
                    actor=actor,
                )
            case p.NoteTag():
                services.note_tag(seat.pk, request.event_id, note=request.note, actor=actor)
            case p.DeleteSnapshot():
                services.delete_snapshot(
                    seat.pk, request.snapshot_id, reason=request.reason, actor=actor
                )
            case p.ChangeLoan():
                services.change_loan(seat.pk, field=request.field, value=request.value, actor=actor)
            case p.RetryLoan():
                services.retry_loan(seat.pk, actor=actor)
            case p.InviteAgain():
                services.invite_again(seat.pk, request.party_id, actor=actor)
            case p.TestNetwork():
                return services.test_network(
                    send_sdp=request.send_sdp, receive_sdp=request.receive_sdp
                )
            case p.StartLoop():
                return services.start_loop(seat.pk, sdp=request.sdp)
            case p.FinishLoop():
                return services.finish_loop(seat.pk, request.loop_id, actor=actor)
            case p.SetMuted():
                services.set_muted(seat.pk, muted=request.muted, actor=actor)
            case p.SetGuide():
                services.set_guide(seat.pk, frame=request.frame, actor=actor)
            case p.ShowCard():
                return services.show_card(seat.pk, actor=actor)
            case p.WithdrawCard():
                services.withdraw_card(seat.pk, actor=actor)
            case p.AskStill():
                return services.ask_still(
                    seat.pk, request.participant_id, kind=request.kind, actor=actor
                )
            case p.CancelStill():
                services.cancel_still(seat.pk, request.still_id, actor=actor)
            case p.Admit():
                services.admit(
                    seat.pk, request.participant_id, admitted=request.admitted, actor=actor
                )
            case p.RecordCall():
                services.set_recording(seat.pk, on=request.on, actor=actor)
            case p.PlayItem():
                return services.play_item(seat.pk, request.item_id, actor=actor)
            case p.ControlPlay():
                services.control_play(seat.pk, request.act, actor=actor)
            case p.StartShare():
                return services.start_share(
                    seat.pk, title=request.title, sdp=request.sdp, actor=actor
                )
            case p.StopShare():
                services.stop_share(seat.pk, actor=actor)
            case p.EndCall():
                services.end_call(seat.pk, actor=actor)
            case p.SendChat():
                services.send_chat(seat.pk, text=request.text, actor=actor)
            case p.StepDone():
                services.mark_step(seat.pk, request, actor=actor)
            case p.FileVerdict():
                services.file_verdict(
                    seat.pk, verdict=request.verdict, note=request.note, actor=actor
                )
                queueing.dispatch_waiting()
        return {}

    # --- hints -----------------------------------------------------------------------------------

    async def seat_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def _show_line(self, line: dict[str, Any]) -> None:
        """The line alone; who rings may hand over to others now, so that page is shown whole."""
        if self._rings:
            self._dirty.set()
        else:
            await self._send(p.Line(seq=self._next_seq(), queue=line))

    async def call_changed(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def call_ended(self, event: dict[str, Any]) -> None:
        self._dirty.set()

    async def seat_taken_over(self, event: dict[str, Any]) -> None:
        if event["by"] != self.channel_name:
            await self.close(p.TAKEN_OVER)

    async def auth_changed(self, event: dict[str, Any]) -> None:
        self._doubted.set()

    async def _recheck(self) -> None:
        """Owned by the connection; ends with it."""
        try:
            while await self._is_welcome():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._doubted.wait(), RECHECK_S)
                self._doubted.clear()
        except Exception:  # a supervisor loop: the page reconnects and is asked again
            logger.exception("workbench recheck failed seat=%s", self.seat and self.seat.pk)
            await self.close(p.BROKEN)

    async def _is_welcome(self) -> bool:
        """Log-out, disabling, a lost role end the page within RECHECK_S."""
        why = await self._login_ended()
        if why is not None:
            await self.close(p.TAKEN_OVER if why is Ended.ELSEWHERE else p.NOT_LOGGED_IN)
            return False
        user: object = self.scope["user"]
        if not isinstance(user, User) or not await database_sync_to_async(may)(
            user, "workbench.use"
        ):
            await self.close(p.NOT_A_SEAT)
            return False
        return True

    async def _login_ended(self) -> Ended | None:
        return await database_sync_to_async(ended_behind)(self.scope["session"].session_key)

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
        self._rings = state["offer"] is not None
        is_new = await self._listen_to_call(state["call"]["id"] if state["call"] else None)
        await self._send(p.Snapshot(seq=self._next_seq(), state=state))
        if is_new and self.leg_id:
            await self._tell_slots_missed()

    async def _tell_slots_missed(self) -> None:
        slots = await sync_to_async(slots_of)(self.leg_id)
        if slots is not None:
            await self._pass("slots", {"leg_id": self.leg_id, "payload": {"slots": slots}})

    async def _listen_to_call(self, call_id: str | None) -> bool:
        """Whether it is another call than before."""
        if call_id == self.call_id:
            return False
        if self.call_id is not None:
            await self.channel_layer.group_discard(call_group(self.call_id), self.channel_name)
            self.leg_id = ""
        if call_id is not None:
            await self.channel_layer.group_add(call_group(call_id), self.channel_name)
            self._dirty.set()  # something may have happened before we listened
            # The media may have outlived the socket that made it.
            leg_id = await database_sync_to_async(open_leg_of_seat)(call_id)
            self.leg_id = leg_id or self.leg_id
        self.call_id = call_id
        return call_id is not None

    def _next_seq(self) -> int:
        self.seq += 1
        return self.seq

    async def _send(self, frame: BaseModel) -> None:
        await self.send(text_data=frame.model_dump_json())
