"""The seat's acts in a call, bound to the seat's own call."""

from typing import Any
from uuid import UUID

from audit import services as audit
from common.actor import Actor
from common.errors import NotFound
from interviews import services as interviews
from interviews.models import Call, Participant
from interviews.selectors import call_of_seat
from interviews.states import ParticipantRole, SnapshotKind, TagKind, Verdict


def current_call(seat_id: int) -> Call:
    """The call the seat is in or has to file. Raises NotFound."""
    call = call_of_seat(seat_id)
    if call is None:
        raise NotFound
    return call


def _own_place(call: Call) -> Participant:
    return Participant.objects.get(call=call, role=ParticipantRole.SEAT)


def connect_media(seat_id: int, *, sdp: str, actor: Actor) -> dict[str, Any]:
    place = _own_place(current_call(seat_id))
    return interviews.connect_media(place.pk, offer_sdp=sdp, actor=actor)


def take_snapshot(seat_id: int, participant_id: UUID, *, kind: str, actor: Actor) -> dict[str, Any]:
    shot = interviews.take_snapshot(
        current_call(seat_id).pk, participant_id, kind=SnapshotKind(kind), actor=actor
    )
    return {"snapshot_id": str(shot.pk), "width": shot.width, "height": shot.height}


def set_tag(seat_id: int, *, kind: str, note: str, actor: Actor) -> dict[str, Any]:
    tag = interviews.add_tag(current_call(seat_id).pk, kind=TagKind(kind), note=note, actor=actor)
    return {"event_id": str(tag.pk), "at_ms": tag.at_ms}


def set_muted(seat_id: int, *, muted: bool, actor: Actor) -> None:
    call = current_call(seat_id)
    interviews.set_muted(call.pk, _own_place(call).pk, muted=muted, actor=actor)


def end_call(seat_id: int, *, actor: Actor) -> None:
    interviews.end_call(current_call(seat_id).pk, actor=actor, reason="seat")


def send_chat(seat_id: int, *, text: str, actor: Actor) -> None:
    call = current_call(seat_id)
    interviews.add_event(
        call.pk,
        kind="chat",
        payload={"text": text},
        actor=actor,
        participant_id=_own_place(call).pk,
    )


def mark_step(seat_id: int, *, order: int, title: str, text: str, done: bool, actor: Actor) -> None:
    """A step of the script is read or finished; it becomes a chapter of the recording (WB-21)."""
    interviews.add_event(
        current_call(seat_id).pk,
        kind="script_step",
        payload={"order": order, "title": title, "text": text, "done": done},
        actor=actor,
    )


def file_verdict(seat_id: int, *, verdict: str, note: str, actor: Actor) -> None:
    interviews.file_verdict(
        current_call(seat_id).pk, verdict=Verdict(verdict), note=note, actor=actor
    )


def note_image_opened(call: Call, image_id: str, *, actor: Actor) -> None:
    """What was seen is audited, too (WB-20)."""
    audit.record(
        "image.opened",
        actor=actor,
        object_type="image",
        object_id=image_id,
        chain=audit.interview_chain(call.task_id),
    )
