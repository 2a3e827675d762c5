"""Reads of recordings: who may see what, the list, the instant review, the files."""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.selectors import may
from common.clock import unix_ms
from common.errors import NotFound
from interviews.models import Call, Snapshot
from interviews.states import ParticipantRole

from .folder import CallFolder, FolderUnreadable, read_folder
from .models import Recording, StoredObject
from .storage import store

VIEW, DOWNLOAD, QC = "videos.view", "videos.download", "qc.review"
# What the player asks for: the same Matroska, under the name browsers know it by.
MIME = {"video": "video/webm", "audio": "audio/webm"}
_RAW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.mkv")
_SHOWN_EVENTS = ("tag", "snapshot", "mute", "unmute", "participant.left", "script_step", "gap")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file somebody may read. Whoever gets it closes it."""

    file: BinaryIO
    bytes: int
    mime: str
    etag: str


def may_open(user: User | AnonymousUser, call: Call) -> bool:
    """The call's own seat, reviewers and whoever may see all recordings."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return call.seat.user_id == user.pk or may(user, VIEW) or may(user, QC)


def call_for(user: User | AnonymousUser, call_id: UUID) -> Call:
    """Raises NotFound for a call that is not there and for one that is not yours."""
    call = Call.objects.select_related("task", "seat__user").filter(pk=call_id).first()
    if call is None or not may_open(user, call):
        raise NotFound
    return call


def recording_of(call_id: UUID) -> Recording | None:
    return Recording.objects.select_related("call__task").filter(call_id=call_id).first()


# --- list (VID-1) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """Empty means: any. `owner` narrows to one seat's own recordings."""

    from_day: dt.date | None = None
    until_day: dt.date | None = None
    customer: str = ""
    loan_type: str = ""
    manager_no: str = ""
    seat_no: str = ""
    region: str = ""
    owner: User | None = None


def recordings_found(search: Search) -> QuerySet[Recording]:
    """Newest first, with all the list shows in one query."""
    found = Recording.objects.select_related("call__task", "call__seat__user").filter(
        call__task__rehearsal=False
    )
    exact = {
        "call__task__loan_type": search.loan_type,
        "call__task__manager_no": search.manager_no,
        "call__seat__user__staff_no": search.seat_no,
        "day__gte": search.from_day,
        "day__lte": search.until_day,
        "call__seat__user": search.owner,
    }
    found = found.filter(**{field: value for field, value in exact.items() if value})
    if search.customer:
        found = found.filter(call__task__customer_name__contains=search.customer)
    if search.region:
        found = found.filter(
            Q(call__task__property_province=search.region)
            | Q(call__task__property_city=search.region)
            | Q(call__task__property_county=search.region)
        )
    return found.order_by("-call__clock_started_at", "-pk")


# --- instant review (M10) -------------------------------------------------------------------


def review_view(call_id: UUID) -> dict[str, Any]:
    """What the review player needs, from the raw tracks; nothing has to be composed for it.

    {call_id, duration_ms, state, ready, tracks: [{participant_id, name, role, kind, start_ms,
    end_ms, url, mime}], events: [{id, kind, at_ms, until_ms, participant_id, payload}],
    composed_url, stage}. Times in ms from the call's start. Read from the call's folder, which is
    playable while it is still being written; `ready` says that there is something to play.
    """
    call = Call.objects.select_related("seat__user").get(pk=call_id)
    recording = recording_of(call_id)
    duration_ms = (
        max(0, unix_ms(call.ended_at) - unix_ms(call.clock_started_at)) if call.ended_at else 0
    )
    tracks = _tracks(call, recording, duration_ms)
    return {
        "call_id": str(call_id),
        "duration_ms": duration_ms,
        "state": call.state,
        "stage": recording.stage if recording else None,
        "stage_label": recording.get_stage_display() if recording else None,
        "ready": bool(tracks),
        "tracks": tracks,
        "events": events_of(call),
        "composed_url": (
            reverse("recordings:play", args=[call_id])
            if recording and recording.is_playable
            else None
        ),
    }


def events_of(call: Call) -> list[dict[str, Any]]:
    """Tags and other marks, in order."""
    return [
        {
            "id": str(event.pk),
            "kind": event.kind,
            "at_ms": event.at_ms,
            "until_ms": event.until_ms,
            "participant_id": str(event.participant_id) if event.participant_id else None,
            "payload": event.payload,
        }
        for event in call.events.filter(kind__in=_SHOWN_EVENTS).order_by("at_ms", "created_at")
    ]


def _tracks(call: Call, recording: Recording | None, duration_ms: int) -> list[dict[str, Any]]:
    people = _people(call)
    folder = folder_of(call.pk)
    found: list[tuple[str, str, str, int, int | None]] = []
    if folder is not None:
        found = [
            (p.participant_id, p.kind, p.file, round(p.start_ms), p.end_ms) for p in folder.parts
        ]
    elif recording is not None:
        found = [
            (t.participant_id, t.kind, t.file, t.start_ms, t.end_ms)
            for t in recording.tracks.order_by("start_ms")
        ]
    return [
        {
            "participant_id": who,
            "name": people.get(who, ("", ""))[0],
            "role": people.get(who, ("", ""))[1],
            "kind": kind,
            "start_ms": start_ms,
            "end_ms": duration_ms if end_ms is None else end_ms,
            "url": reverse("recordings:raw", args=[call.pk, Path(file).name]),
            "mime": MIME[kind],
        }
        for who, kind, file, start_ms, end_ms in found
    ]


def _people(call: Call) -> dict[str, tuple[str, str]]:
    people = {}
    for place in call.participants.select_related("party"):
        if place.role == ParticipantRole.SEAT:
            people[str(place.pk)] = (call.seat.user.name, str(ParticipantRole.SEAT.label))
        elif place.party is not None:
            people[str(place.pk)] = (place.party.name, "、".join(place.party.role_labels))
    return people


def folder_of(call_id: UUID) -> CallFolder | None:
    """The call's folder in the spool, None when it is not there (any more)."""
    try:
        return read_folder(Path(settings.SPOOL_DIR) / str(call_id))
    except FolderUnreadable:
        return None


def snapshots_of(call: Call) -> QuerySet[Snapshot]:
    return call.snapshots.filter(deleted_at=None).select_related("participant__party")


# --- files ----------------------------------------------------------------------------------


def open_raw(call: Call, name: str) -> Opened:
    """A raw track by its bare file name. Raises NotFound."""
    if not _RAW_NAME.fullmatch(name):
        raise NotFound
    kind = "audio" if ".audio." in name else "video"
    return _open(call, f"tracks/{name}", MIME[kind])


def open_snapshot(call: Call, snapshot_id: UUID) -> Opened:
    """Raises NotFound, for a deleted one too."""
    shot = snapshots_of(call).filter(pk=snapshot_id).first()
    if shot is None:
        raise NotFound
    return _open(call, f"snapshots/{snapshot_id}.jpg", "image/jpeg")


def open_composed(recording: Recording) -> Opened:
    """The MP4, from the call's folder until it is in the store. Raises NotFound."""
    return _open(recording.call, recording.file, "video/mp4")


def _open(call: Call, name: str, mime: str) -> Opened:
    """From the store once it confirmed the file, else from the spool."""
    stored = StoredObject.objects.filter(
        recording__call=call, name=name, confirmed_at__isnull=False
    ).first()
    if stored is not None:
        try:
            return Opened(store().open(stored.key), stored.bytes, mime, stored.sha256)
        except FileNotFoundError as gone:
            raise NotFound from gone
    path = Path(settings.SPOOL_DIR) / str(call.pk) / name
    try:
        file = path.open("rb")
    except (FileNotFoundError, IsADirectoryError) as missing:
        raise NotFound from missing
    size = path.stat().st_size
    return Opened(file, size, mime, f"{path.stat().st_mtime_ns:x}-{size:x}")
