"""Marks on a call's clock. The journal on disk first, then the database, then the push."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import services as audit
from common.actor import Actor, ActorKind
from common.ids import new_id
from common.push import call_group, push
from interviews import policy
from interviews.errors import CallOver, NotConnected, ReasonRequired
from interviews.models import Call, Participant, Snapshot, TimelineEvent
from interviews.states import CallState, ParticipantState, SnapshotKind, TagKind
from media_worker.gateway import MediaUnavailable
from outbox.services import publish

from .calls import call_ms
from .media import room_of


def _running(call_id: UUID) -> Call:
    call = Call.objects.get(pk=call_id)
    if not call.is_running:
        raise CallOver
    return call


def add_tag(
    call_id: UUID, *, kind: TagKind, actor: Actor, note: str = "", at_ms: int | None = None
) -> TimelineEvent:
    """Mark a doubtful or important instant (WB-12), by default a few seconds back.

    `at_ms` counts from the call's start; a tag may also be set while reviewing an ended call.
    """
    call = Call.objects.select_related("task", "seat__user").get(pk=call_id)
    if at_ms is None:
        if not call.is_running:
            raise CallOver
        at_ms = call_ms(call) - policy.tag_lead_ms(call.task, call.seat.user.staff_no)
    return add_event(
        call_id,
        kind="tag",
        payload={"kind": TagKind(kind).value, "note": note[:500]},
        actor=actor,
        at_ms=max(0, at_ms),
    )


def annotate_tag(event_id: UUID, *, note: str, actor: Actor) -> TimelineEvent:
    """Say later what a tag was about (WB-12). What was said before stays in the journal.

    Raises CallOver once the call's verdict is filed: what a reviewer judges no longer changes.
    """
    tag = TimelineEvent.objects.select_related("call").get(pk=event_id, kind="tag")
    if tag.call.state == CallState.FILED:
        raise CallOver
    if tag.payload.get("note", "") == note.strip()[:500]:
        return tag
    said = add_event(
        tag.call_id,
        kind="tag_note",
        payload={"tag": str(tag.pk), "note": note.strip()[:500]},
        actor=actor,
        at_ms=tag.at_ms,
    )
    with transaction.atomic():
        tag = TimelineEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
        tag.payload = {**tag.payload, "note": said.payload["note"]}
        tag.save(update_fields=["payload"])
        push(call_group(tag.call_id), "call.changed")
    return tag


def add_event(
    call_id: UUID,
    *,
    kind: str,
    payload: dict[str, Any],
    actor: Actor,
    at_ms: int | None = None,
    participant_id: UUID | None = None,
    event_id: UUID | None = None,
) -> TimelineEvent:
    """Put an event on the timeline (script step, chat, guide frame, tag …).

    A worker that is away must not cost the mark: the row is then written without a journal
    number and finalising appends it to the journal. With an `event_id` of the caller's, saying it
    again is saying it once.
    """
    call = Call.objects.get(pk=call_id)
    if event_id is not None and (known := TimelineEvent.objects.filter(pk=event_id).first()):
        return known
    event_id = event_id or new_id()
    moment = call_ms(call) if at_ms is None else at_ms
    seq: int | None = None
    if call.is_running:
        try:
            seq = (
                room_of(call)
                .journal(str(event_id), kind, moment, {**payload, "by": actor.name or actor.kind})
                .seq
            )
        except MediaUnavailable:
            seq = None
    with transaction.atomic():
        event, fresh = TimelineEvent.objects.get_or_create(
            id=event_id,
            defaults={
                "call": call,
                "kind": kind,
                "at_ms": moment,
                "participant_id": participant_id,
                "payload": payload,
                "created_by": actor.name,
                "journal_seq": seq,
            },
        )
        if not fresh:
            return event  # said twice at once
        audit.record(
            f"timeline.{kind}",
            actor=actor,
            object_type="call",
            object_id=call.pk,
            chain=audit.interview_chain(call.task_id),
            at_ms=moment,
            event=str(event_id),
        )
        push(call_group(call.pk), "call.changed")
    return event


def take_snapshot(
    call_id: UUID, participant_id: UUID, *, kind: SnapshotKind, actor: Actor
) -> Snapshot:
    """A still of a participant at full received size, shown at once (WB-11).

    Raises CallOver, NotConnected, MediaUnavailable.
    """
    call = _running(call_id)
    place = Participant.objects.filter(pk=participant_id, call=call).first()
    if place is None or place.state != ParticipantState.PRESENT:
        raise NotConnected
    snapshot_id = new_id()
    taken = room_of(call).snapshot(str(snapshot_id), str(participant_id))
    with transaction.atomic():
        snapshot = Snapshot.objects.create(
            id=snapshot_id,
            call=call,
            participant=place,
            kind=SnapshotKind(kind),
            at_ms=taken.at_ms,
            file=taken.file,
            width=taken.width,
            height=taken.height,
            bytes=taken.bytes,
            sha256=taken.sha256,
            taken_by_id=int(actor.id) if actor.kind is ActorKind.USER else None,
        )
        TimelineEvent.objects.create(
            call=call,
            kind="snapshot",
            at_ms=taken.at_ms,
            participant=place,
            payload={"snapshot_id": str(snapshot_id), "kind": snapshot.kind},
            created_by=actor.name,
        )
        audit.record(
            "snapshot.taken",
            actor=actor,
            object_type="snapshot",
            object_id=snapshot_id,
            chain=audit.interview_chain(call.task_id),
            at_ms=taken.at_ms,
            sha256=taken.sha256,
        )
        publish("snapshot.taken", key=str(snapshot_id), snapshot_id=str(snapshot_id))
        push(call_group(call.pk), "call.changed")
    return snapshot


@transaction.atomic
def delete_snapshot(snapshot_id: UUID, *, actor: Actor, reason: str) -> Snapshot:
    """Take a snapshot out of the case. The file stays as evidence; the reason is kept."""
    if not reason.strip():
        raise ReasonRequired
    snapshot = (
        Snapshot.objects.select_for_update(of=("self",)).select_related("call").get(pk=snapshot_id)
    )
    if snapshot.deleted_at is None:
        snapshot.deleted_at = timezone.now()
        snapshot.delete_reason = reason.strip()[:200]
        snapshot.save(update_fields=["deleted_at", "delete_reason"])
        audit.record(
            "snapshot.deleted",
            actor=actor,
            object_type="snapshot",
            object_id=snapshot_id,
            chain=audit.interview_chain(snapshot.call.task_id),
            reason=reason.strip()[:200],
        )
        push(call_group(snapshot.call_id), "call.changed")
    return snapshot
