"""Keeping what a customer's device recorded while its connection was gone."""

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from common.actor import SYSTEM, Actor
from common.clock import db_now, unix_ms
from common.errors import NotFound
from interviews.models import Participant
from interviews.services import add_event
from media_worker.gateway import SpoolFull
from recordings import rescue
from recordings.errors import CannotRebuild, RescueClosed, RescueUnfit, RescueUnwanted
from recordings.folder import RESCUE, RESCUE_SOURCE
from recordings.models import UNRESTORED, Recording, RescueSegment
from recordings.selectors import rescue_closes_at, rescue_wanted
from recordings.states import Stage
from recordings.storage import make_durable

from . import work
from .rebuild import rebuild

# Stretches come one after the other: the copy is made again once, not for each of them.
QUIET = dt.timedelta(seconds=60)


def keep_segment(
    place: Participant,
    segment_id: UUID,
    *,
    span: rescue.Span,
    sha256: str,
    content: bytes,
    actor: Actor,
) -> RescueSegment:
    """Take one stretch as evidence: file, journal, row. The same again changes nothing.

    `span` in ms of the call's clock, as the device says. Raises RescueClosed, RescueUnwanted,
    RescueUnfit, SpoolFull, and NotFound for a stretch of somebody else.
    """
    known = RescueSegment.objects.filter(pk=segment_id).first()
    if known is not None:
        if known.participant_id != place.pk:
            raise NotFound
        if known.sha256 != sha256:
            raise RescueUnfit(reason="changed")
        return known
    _require_open(place)
    suffix = _require_fit(place, span, sha256, content)
    if not rescue.overlaps(span, rescue_wanted(place)):
        raise RescueUnwanted
    name = f"{place.pk}.{span[0]:09d}.{segment_id.hex[:8]}.{RESCUE}.{suffix}"
    file = f"{RESCUE}/{name}"
    noted = {
        "id": str(segment_id),
        "participant_id": str(place.pk),
        "start_ms": span[0],
        "end_ms": span[1],
        "file": file,
        "bytes": len(content),
        "sha256": sha256,
        "source": RESCUE_SOURCE,
        "received_unix_ms": unix_ms(timezone.now()),
    }
    folder = work.call_folder(place.call_id) / RESCUE
    try:
        folder.mkdir(exist_ok=True)
        _write(folder / name, content)
        # The note last: a stretch without it does not count.
        _write(folder / f"{name}.json", json.dumps(noted, sort_keys=True).encode())
    except OSError as full:
        raise SpoolFull from full
    add_event(
        place.call_id,
        kind=RESCUE,
        payload={key: noted[key] for key in ("file", "end_ms", "bytes", "sha256", "source")},
        actor=actor,
        at_ms=span[0],
        participant_id=place.pk,
        event_id=segment_id,
    )
    segment, _fresh = RescueSegment.objects.get_or_create(
        id=segment_id,
        defaults={
            "call_id": place.call_id,
            "participant": place,
            "start_ms": span[0],
            "end_ms": span[1],
            "file": file,
            "bytes": len(content),
            "sha256": sha256,
        },
    )
    return segment


def _require_open(place: Participant) -> None:
    closes_at = rescue_closes_at(place.call)
    if closes_at is not None and db_now() > closes_at:
        raise RescueClosed
    if not work.call_folder(place.call_id).is_dir():
        raise RescueClosed  # deleted, or in the store alone


def _require_fit(place: Participant, span: rescue.Span, sha256: str, content: bytes) -> str:
    """The file's suffix."""
    held = RescueSegment.objects.filter(participant=place).aggregate(all=Sum("bytes"))["all"] or 0
    if len(content) > rescue.MAX_BYTES or held + len(content) > rescue.MAX_ALL_BYTES:
        raise RescueUnfit(reason="too_large")
    now = place.call.ended_at or timezone.now()
    length_ms = unix_ms(now) - unix_ms(place.call.clock_started_at)
    if (
        not 0
        <= span[0]
        < span[1]
        <= min(length_ms + rescue.CLOCK_SLACK_MS, span[0] + rescue.MAX_SPAN_MS)
    ):
        raise RescueUnfit(reason="bad_span")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RescueUnfit(reason="wrong_hash")
    suffix = rescue.suffix_of(content)
    if suffix is None:
        raise RescueUnfit(reason="not_a_recording")
    return suffix


def _write(target: Path, content: bytes) -> None:
    """Durably, whole or not at all; whoever writes the same name writes the same bytes."""
    arriving = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        arriving.write_bytes(content)
        make_durable(arriving)
        arriving.replace(target)
    finally:
        arriving.unlink(missing_ok=True)
    make_durable(target.parent)


def note_taken(call_id: UUID, before: dt.datetime) -> None:
    """What was there when the copy was begun is in it."""
    RescueSegment.objects.filter(call_id=call_id, taken=False, received_at__lt=before).update(
        taken=True
    )


def take_in_rescues(limit: int = 20) -> int:
    """Make recordings anew whose stretches came after they were made. Returns how many."""
    late = (
        RescueSegment.objects.filter(
            taken=False,
            call__recording__stage=Stage.STORED,
            call__recording__rebuild_asked_at=None,
        )
        .exclude(call__recording__error=UNRESTORED)
        .exclude(call__rescue_segments__received_at__gte=db_now() - QUIET)
        .values_list("call_id", flat=True)
        .distinct()[:limit]
    )
    begun = 0
    for call_id in list(late):
        try:
            rebuild(Recording.objects.get(call_id=call_id).pk, actor=SYSTEM)
        except CannotRebuild:
            continue  # somebody works on it: the next sweep asks again
        begun += 1
    return begun
