"""A picture in the full resolution of the customer's own camera, on the seat's request."""

import base64
import io
from uuid import UUID

from django.db import transaction
from PIL import Image

from audit import services as audit
from common.actor import Actor, ActorKind
from common.push import call_group, push
from interviews.errors import CallOver, NotConnected, StillClosed, StillUnfit
from interviews.models import (
    Participant,
    Snapshot,
    StillPart,
    StillRequest,
    TimelineEvent,
)
from interviews.states import ParticipantRole, ParticipantState, SnapshotKind, StillState
from media_worker.protocol import MAX_STILL_BYTES
from outbox.services import publish

from .calls import lock_call
from .media import room_of

MAX_PART_BYTES = 512 * 1024
MAX_SIDE = 12_000
MAX_PIXELS = 80_000_000


@transaction.atomic
def ask_still(
    call_id: UUID, participant_id: UUID, *, kind: SnapshotKind, actor: Actor
) -> StillRequest:
    """Ask the customer's device for a picture. Asking again while one is awaited is one request.

    Raises CallOver, NotConnected.
    """
    call = lock_call(call_id)
    if not call.is_running:
        raise CallOver
    place = Participant.objects.filter(
        pk=participant_id, call=call, role=ParticipantRole.CUSTOMER
    ).first()
    if place is None or place.state != ParticipantState.PRESENT:
        raise NotConnected
    request, fresh = StillRequest.objects.get_or_create(
        call=call,
        participant=place,
        state=StillState.ASKED,
        defaults={
            "kind": SnapshotKind(kind),
            "asked_by_id": int(actor.id) if actor.kind is ActorKind.USER else None,
        },
    )
    if fresh:
        _audit("still.asked", request, actor)
        push(call_group(call.pk), "call.changed")
    return request


@transaction.atomic
def fail_still(request_id: UUID, *, reason: str, actor: Actor) -> StillRequest:
    """The device cannot, or the seat no longer wants it. What is done stays done."""
    request = _lock(request_id)
    if request.state == StillState.ASKED:
        _fail(request, reason, actor)
    return request


def receive_part(
    request_id: UUID, *, offset: int, total: int, content: bytes, actor: Actor
) -> StillRequest:
    """Take the next stretch; the picture is kept when it is whole.

    A stretch that was received before changes nothing, so that a client may send again from
    `received_bytes`. Raises StillClosed, StillUnfit, CallOver, MediaUnavailable.
    """
    request, whole = _store_part(request_id, offset, total, content)
    if whole is None:
        return request
    size = picture_size(whole)
    if size is None:
        _give_up(request_id, actor)
        raise StillUnfit(reason="not_a_jpeg")
    return _keep(request, without_metadata(whole), size, actor)


@transaction.atomic
def _store_part(
    request_id: UUID, offset: int, total: int, content: bytes
) -> tuple[StillRequest, bytes | None]:
    request = _lock(request_id)
    if request.state == StillState.DONE:
        return request, None
    if request.state != StillState.ASKED:
        raise StillClosed
    if not request.call.is_running:
        raise CallOver
    if not 0 < total <= MAX_STILL_BYTES or len(content) > MAX_PART_BYTES:
        raise StillUnfit(reason="too_large")
    if request.received_bytes and total != request.total_bytes:
        raise StillUnfit(reason="total_changed")
    if offset > request.received_bytes or offset + len(content) > total:
        raise StillUnfit(reason="out_of_order")
    request.total_bytes = total
    if offset == request.received_bytes and content:
        StillPart.objects.create(request=request, offset=offset, content=content)
        request.received_bytes += len(content)
    request.save(update_fields=["total_bytes", "received_bytes"])
    if request.received_bytes < total:
        return request, None
    parts = StillPart.objects.filter(request=request).order_by("offset")
    return request, b"".join(bytes(part.content) for part in parts)


def picture_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG that decodes to the end, within bounds; None for anything else."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            width, height = picture.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                return None
            picture.draft("RGB", (640, 640))  # every byte is read, few pixels are made
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return width, height


def without_metadata(jpeg: bytes) -> bytes:
    """The same picture without EXIF, positions, comments: its APP1…APP15 and COM segments."""
    kept = bytearray(jpeg[:2])
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != 0xDA:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE):
            kept += jpeg[at : at + 2 + length]
        at += 2 + length
    return bytes(kept + jpeg[at:])


def _keep(request: StillRequest, jpeg: bytes, size: tuple[int, int], actor: Actor) -> StillRequest:
    taken = room_of(request.call).put_still(
        str(request.pk), str(request.participant_id), base64.b64encode(jpeg).decode(), size
    )
    with transaction.atomic():
        request = _lock(request.pk)
        if request.state == StillState.DONE:
            return request
        request.state = StillState.DONE
        request.save(update_fields=["state"])
        request.parts.all().delete()
        snapshot = Snapshot.objects.create(
            id=request.pk,
            call=request.call,
            participant=request.participant,
            kind=request.kind,
            at_ms=taken.at_ms,
            file=taken.file,
            width=taken.width,
            height=taken.height,
            bytes=taken.bytes,
            sha256=taken.sha256,
            taken_by_id=request.asked_by_id,
        )
        TimelineEvent.objects.create(
            call=request.call,
            kind="snapshot",
            at_ms=taken.at_ms,
            participant=request.participant,
            payload={
                "snapshot_id": str(snapshot.pk),
                "kind": snapshot.kind,
                "source": "customer_camera",
            },
            created_by=actor.name,
        )
        _audit("still.received", request, actor, sha256=taken.sha256)
        publish("snapshot.taken", key=str(snapshot.pk), snapshot_id=str(snapshot.pk))
        push(call_group(request.call_id), "call.changed")
    return request


@transaction.atomic
def _give_up(request_id: UUID, actor: Actor) -> None:
    request = _lock(request_id)
    if request.state == StillState.ASKED:
        _fail(request, "not_a_jpeg", actor)


def _fail(request: StillRequest, reason: str, actor: Actor) -> None:
    request.state, request.failure = StillState.FAILED, reason[:40]
    request.save(update_fields=["state", "failure"])
    request.parts.all().delete()
    _audit("still.failed", request, actor, reason=request.failure)
    push(call_group(request.call_id), "call.changed")


def _lock(request_id: UUID) -> StillRequest:
    return (
        StillRequest.objects.select_for_update(of=("self",))
        .select_related("call__task", "participant")
        .get(pk=request_id)
    )


def _audit(action: str, request: StillRequest, actor: Actor, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="snapshot",
        object_id=request.pk,
        chain=audit.interview_chain(request.call.task_id),
        **facts,
    )
