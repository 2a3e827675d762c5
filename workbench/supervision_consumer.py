"""A supervisor's socket into one call. The stay in the call lasts as long as the socket."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async

from accounts.sessions import user_group
from common.errors import DomainError, NotFound
from common.push import call_group
from interviews import services as interviews
from interviews.policy import video_limits
from interviews.proof import slots_of
from interviews.selectors import open_leg

from . import protocol as p
from . import supervision
from .live import LivePage


class SupervisionConsumer(LivePage[p.FromSupervisor]):
    """A newer page of the same person takes over, as everywhere."""

    operation = supervision.OPERATION
    requests = p.SUPERVISION
    call_id: UUID
    place_id: UUID | None = None  # the stay that ends with this socket

    async def connect(self) -> None:
        self._prepare()
        self.call_id = self.scope["url_route"]["kwargs"]["call_id"]
        await self.accept()
        refusal = await self._refusal()
        if refusal is None and not await self._is_in_scope():
            refusal = p.NOT_A_SEAT
        if refusal is not None:
            await self.close(refusal)
            return
        pages = f"supervision.{self.call_id}.{self.user.pk}"
        await self.channel_layer.group_send(
            pages, {"type": "supervision.taken_over", "by": self.channel_name}
        )
        await self._listen(pages, call_group(self.call_id), user_group(self.user.pk))
        await database_sync_to_async(self._take_up)()
        self._start()
        if self.leg_id and (slots := await sync_to_async(slots_of)(self.leg_id)) is not None:
            await self._pass("slots", {"leg_id": self.leg_id, "payload": {"slots": slots}})

    async def disconnect(self, code: int) -> None:
        await self._stop()
        await self._end("socket_closed")

    async def _is_in_scope(self) -> bool:
        try:
            await database_sync_to_async(supervision.supervised_call)(self.user, self.call_id)
        except NotFound:
            return False
        return True

    async def _is_welcome(self) -> bool:
        if not await super()._is_welcome():
            return False
        if await self._is_in_scope():
            return True
        await self.close(p.NOT_A_SEAT)
        return False

    def _take_up(self) -> None:
        """The stay of an older page is this page's now; so is its media."""
        call = supervision.supervised_call(self.user, self.call_id)
        own = supervision.stay_of(call, self.user)
        if own is not None:
            self.place_id = own.pk
            self.leg_id = open_leg(own.pk) or ""

    async def supervision_taken_over(self, event: dict[str, Any]) -> None:
        if event["by"] != self.channel_name:
            self.place_id = None
            await self.close(p.TAKEN_OVER)

    async def _end(self, reason: str) -> None:
        place_id, self.place_id = self.place_id, None
        if place_id is not None:
            await database_sync_to_async(interviews.end_supervision)(
                place_id, actor=self.actor, reason=reason
            )

    def _handle(self, request: p.FromSupervisor) -> dict[str, Any]:
        call = supervision.supervised_call(self.user, self.call_id)
        match request:
            case p.Supervise():
                place = interviews.start_supervision(
                    call.pk, user=self.user, silent=request.silent, actor=self.actor
                )
                self.place_id = place.pk
                return {
                    "participant_id": str(place.pk),
                    "remote_slots": supervision.remote_slots(call),
                    "video": video_limits(call.task, staff_no=self.user.staff_no),
                }
            case p.EndSupervision():
                place = supervision.supervisor_in(call, request.participant_id)
                own = place.user_id == self.user.pk
                interviews.end_supervision(
                    place.pk, actor=self.actor, reason="left" if own else "removed"
                )
            case p.MediaOffer():
                return interviews.connect_media(
                    self._own(), offer_sdp=request.sdp, actor=self.actor
                )
            case p.SetMuted():
                interviews.set_muted(call.pk, self._own(), muted=request.muted, actor=self.actor)
        return {}

    def _own(self) -> UUID:
        """Raises NotFound without a stay."""
        if self.place_id is None:
            raise NotFound
        return self.place_id

    async def _show(self) -> None:
        try:
            state = await database_sync_to_async(self._state)()
        except DomainError:
            await self.close(p.NOT_A_SEAT)
            return
        await self._send(p.Snapshot(seq=self._next_seq(), state=state))

    def _state(self) -> dict[str, Any]:
        call = supervision.supervised_call(self.user, self.call_id)
        return supervision.supervision_state(call, self.user)
