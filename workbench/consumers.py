"""The seat's socket: it parses, asks a service, answers. It decides nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from accounts.sessions import user_group
from common.errors import DomainError
from common.push import call_group, seat_group
from interviews.proof import slots_of
from interviews.selectors import open_leg_of_seat
from queueing import services as queueing
from queueing.selectors import own_transfer_options
from seats import services as seats
from seats.models import Seat
from seats.selectors import seat_of

from . import protocol as p
from . import selectors, services
from .feed import feed
from .live import LivePage

# How old the seats that a ringing page can hand over to may be; a transfer is checked anyway.
OPTIONS_EVERY_S = 2.0


class WorkbenchConsumer(LivePage[p.Incoming]):
    """One open workbench. A newer one of the same seat takes over; the call goes on."""

    operation = "workbench.use"
    requests = p.REQUESTS
    seat: Seat | None = None
    call_id: str | None = None
    page: str = ""
    _rings: bool = False
    _refreshes: bool = False

    async def connect(self) -> None:
        self._prepare()
        self._bell = asyncio.Event()
        self._reading = asyncio.Lock()  # what is read later is sent later
        self._query = parse_qs(self.scope["query_string"].decode("latin-1"))
        # A page that connects again is the same page; one without a name is a new one each time.
        self.page = (self._query.get("page") or [self.channel_name])[0][-64:]
        await self.accept()
        refusal = await self._refusal()
        seat = None if refusal else await database_sync_to_async(seat_of)(self.user)
        if seat is None:
            await self.close(refusal or p.NOT_A_SEAT)
            return
        try:
            await database_sync_to_async(seats.open_page)(
                seat.pk, page=self.page, take_over=self._wants_to_take_over()
            )
        except DomainError:  # it is the other page's
            await self.close(p.OPEN_ELSEWHERE)
            return
        self.seat = seat
        await self.channel_layer.group_send(
            seat_group(seat.pk), {"type": "seat.taken_over", "by": self.channel_name}
        )
        await self._listen(seat_group(seat.pk), user_group(seat.user_id))
        self._start()
        feed().listen(self._show_line)

    def _wants_to_take_over(self) -> bool:
        return self._query.get("take_over") == ["1"]

    async def disconnect(self, code: int) -> None:
        await self._stop()
        if self.seat is None:
            return
        await feed().leave(self._show_line)
        await database_sync_to_async(seats.close_page)(self.seat.pk, page=self.page)
        if self.call_id is not None:
            await self.channel_layer.group_discard(call_group(self.call_id), self.channel_name)

    def _handle(self, request: p.Incoming) -> dict[str, Any]:
        seat, actor = self.seat, self.actor
        assert seat is not None  # noqa: S101 - the page is open
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
            case p.TransferRequest():
                queueing.transfer(
                    request.request_id,
                    from_seat_id=seat.pk,
                    to_seat_id=request.to_seat_id,
                    actor=actor,
                )
            case p.TransferOptions():
                return {"seats": own_transfer_options(request.request_id, seat.pk)}
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
            case p.SeenAlarm():
                services.note_alarm_seen(seat.pk, request.causes, actor=actor)
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
            case p.AwaitCustomers():
                services.await_customers(seat.pk, actor=actor)
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

    async def seat_rings(self, event: dict[str, Any]) -> None:
        self._bell.set()

    def _shows(self) -> list[Callable[[], Awaitable[None]]]:
        return [*super()._shows(), self._ring_when_told]

    async def _ring_when_told(self) -> None:
        """Without waiting for more news and without the rest of the page: the customer waits."""
        await self._bell.wait()
        self._bell.clear()
        self._refreshes = False
        seat = self.seat
        assert seat is not None  # noqa: S101 - the page is open
        async with self._reading:
            state = await database_sync_to_async(selectors.ringing_state)(seat)
            self._rings = state["offer"] is not None
            await self._send(p.Ring(seq=self._next_seq(), state=state))

    async def _show_line(self, line: dict[str, Any]) -> None:
        """The line alone; a page that rings soon rings anew: it may hand over to others now."""
        await self._send(p.Line(seq=self._next_seq(), queue=line))
        if self._rings and not self._refreshes:
            self._refreshes = True
            asyncio.get_running_loop().call_later(OPTIONS_EVERY_S, self._bell.set)

    async def seat_taken_over(self, event: dict[str, Any]) -> None:
        if event["by"] != self.channel_name:
            await self.close(p.TAKEN_OVER)

    async def _show(self) -> None:
        if self.seat is None:
            return
        async with self._reading:
            state = await database_sync_to_async(selectors.workbench_state)(
                self.seat, feed().fresh_line()
            )
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
