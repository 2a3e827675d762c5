"""Reads of recordings: who may see what, the list, the instant review, the files."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import in_scope, may, staff_nos_in_scope, visible
from common.clock import db_now, unix_ms
from common.errors import NotFound
from common.ranges import Opened
from interviews.models import Call, Participant, Party, Snapshot
from interviews.states import ParticipantRole
from outbox.models import OutboxMessage

from . import rescue, waves
from .folder import CONTENT, RESCUE, RESCUE_SOURCE, CallFolder, FolderUnreadable, read_folder
from .grams import needed_grams, normalised
from .models import (
    ArchiveEntry,
    LegalHold,
    Recording,
    RecordingShare,
    Reel,
    RescueSegment,
    SavedSearch,
    StoredObject,
)
from .outputs import Outputs
from .states import Stage
from .storage import store

VIEW, DOWNLOAD, QC = "videos.view", "videos.download", "qc.review"
PROVE = "videos.evidence"
# The permission on one recording.
WATCH = "view_recording"
# What the player asks for: the same Matroska, under the name browsers know it by.
MIME = {"video": "video/webm", "audio": "audio/webm"}
_RAW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.(mkv|rescue\.webm|rescue\.mp4)")
CURSOR = r"([ons])([0-9]{1,17})\.([0-9a-f]{32})"
_CURSOR = re.compile(CURSOR)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
MARKS = frozenset(
    {
        "tag",
        "snapshot",
        "gap",
        "chat",
        "script_step",
        "participant.left",
        "confirm.answer",
        "observation",
    }
    | {"recording.degraded", "recording.stalled"}
)
_SHOWN_EVENTS = (
    *("tag", "snapshot", "mute", "unmute", "participant.left", "script_step", "gap", "observation"),
    *("recording.degraded", "recording.stalled", "media", "share", "supervision"),
)


def may_open(user: User | AnonymousUser, call: Call) -> bool:
    """The call's own seat; reviewers and who sees recordings, as far as their scope goes; and with
    whom this one was shared."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return is_in_scope(user, call) or shared_with(user).filter(content_object__call=call).exists()


def is_in_scope(user: User, call: Call) -> bool:
    """By role and scope, or as the seat whose it is."""
    return call.seat.user_id == user.pk or in_scope(user, call.seat.user, VIEW, QC)


def shared_with(user: User) -> QuerySet[RecordingShare]:
    """What is open to the person one by one, as long as it lasts (django-guardian)."""
    return (
        RecordingShare.objects.filter(
            user=user, permission__codename=WATCH, expires_at__gt=timezone.now()
        )
        .select_related("content_object__call__task", "shared_by")
        .order_by("expires_at")
    )


def shares_of(recording: Recording) -> QuerySet[RecordingShare]:
    return (
        recording.shares.filter(expires_at__gt=timezone.now())
        .select_related("user", "shared_by")
        .order_by("expires_at")
    )


def single_grants_of(user: User) -> list[str]:
    """For 谁能做什么: what the person may beyond the roles."""
    return [
        _("查看录像 {name}，至 {until}，{by} 共享").format(
            name=share.content_object.download_name,
            until=timezone.localtime(share.expires_at).strftime("%Y-%m-%d %H:%M"),
            by=share.shared_by,
        )
        for share in shared_with(user)
    ]


def call_for(user: User | AnonymousUser, call_id: UUID) -> Call:
    """Raises NotFound for a call that is not there and for one that is not yours."""
    call = Call.objects.select_related("task", "seat__user").filter(pk=call_id).first()
    if call is None or not may_open(user, call):
        raise NotFound
    return call


def provable(user: User | AnonymousUser, call_id: UUID) -> Recording:
    """A recording the person may verify and take evidence of. Raises NotFound for all else."""
    call = call_for(user, call_id)
    recording = recording_of(call.pk)
    if recording is None or not isinstance(user, User) or not in_scope(user, call.seat.user, PROVE):
        raise NotFound
    return recording


def recording_of(call_id: UUID) -> Recording | None:
    rows = Recording.objects.select_related("call__task", "certificate")
    return rows.filter(call_id=call_id).first()


# --- list (VID-1) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """Empty means: any. `seat_nos` narrows to the recordings of these seats, None does not."""

    from_day: dt.date | None = None
    until_day: dt.date | None = None
    customer: str = ""
    contract_no: str = ""
    loan_type: str = ""
    manager_no: str = ""
    seat_no: str = ""
    province: str = ""
    city: str = ""
    county: str = ""
    words: str = ""
    seat_nos: tuple[str, ...] | None = None


def seats_open_to(user: User) -> tuple[str, ...] | None:
    """Staff numbers whose recordings the person may find; None means everybody's (ACC-3)."""
    found = staff_nos_in_scope(user, VIEW, QC)
    if found == () and may(user, "workbench.use"):
        return (user.staff_no,)
    return found


def entries_found(search: Search) -> QuerySet[ArchiveEntry]:
    """Newest first. Each condition has an index; nothing but the page is read."""
    exact = {
        "contract_no": search.contract_no,
        "loan_type": search.loan_type,
        "manager_no": search.manager_no,
        "seat_no": search.seat_no,
        # the narrowest place says all: it lies in the others
        **_place(search),
    }
    found = ArchiveEntry.objects.filter(
        **{field: value.strip() for field, value in exact.items() if value.strip()}
    )
    if search.seat_nos is not None:
        found = found.filter(seat_no__in=search.seat_nos)
    if search.from_day:
        found = found.filter(started_at__gte=start_of(search.from_day))
    if search.until_day:
        found = found.filter(started_at__lt=start_of(search.until_day + dt.timedelta(days=1)))
    if parts := needed_grams(search.customer):
        found = found.filter(name_grams__contains=parts)
        if len(parts) > 1:  # the pairs may be there in another order
            found = found.filter(name_plain__contains=normalised(search.customer))
    if parts := needed_grams(search.words):
        found = found.filter(words__contains=parts)
        if len(parts) > 1:
            found = found.filter(words_plain__contains=normalised(search.words))
    return found.order_by("-started_at", "-pk")


def _place(search: Search) -> dict[str, str]:
    for field in ("county", "city", "province"):
        if code := getattr(search, field):
            return {field: code}
    return {}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page and where the neighbouring pages begin; None when there is none.

    `found` counts no further than COUNT_UP_TO + 1, on the first page only.
    """

    rows: list[ArchiveEntry]
    older: str | None
    newer: str | None
    found: int | None = None


COUNT_UP_TO = 200


def first_keys(search: Search) -> list[UUID]:
    """The first page's rows and the bounded count in one scan: a frequent name has many rows."""
    return list(entries_found(search).values_list("pk", flat=True)[: COUNT_UP_TO + 1])


def page_of(search: Search, cursor: str = "", size: int = 20) -> Page:
    """By position, not by number: the millionth page costs what the first does.

    `cursor` is "o" or "n" (older, newer) and the position it is counted from, as a page gave it;
    anything else is the first page.
    """
    direction, at = _position(cursor)
    if at is None:
        keys = first_keys(search)
        rows = _rows_shown(keys[:size], search)
        older = _cursor("o", rows[-1]) if len(keys) > size else None
        return Page(rows, older, None, found=len(keys))
    found = entries_found(search)
    if direction == "o":
        keys = list(found.filter(_beyond("lt", at)).values_list("pk", flat=True)[: size + 1])
    else:
        closer = found.filter(_beyond("gt", at)).order_by("started_at", "pk")
        keys = list(closer.values_list("pk", flat=True)[: size + 1])
    rows = _rows_shown(keys[:size], search)
    if not rows:
        return page_of(search, "", size)
    is_more = len(keys) > size
    return Page(
        rows=rows,
        older=_cursor("o", rows[-1]) if direction == "n" or is_more else None,
        newer=_cursor("n", rows[0]) if direction == "o" or is_more else None,
    )


def _rows_shown(keys: list[UUID], search: Search) -> list[ArchiveEntry]:
    """With all the list shows, in one query; one more to say whose name was found."""
    shown = ArchiveEntry.objects.select_related(
        "recording__call__task", "recording__call__seat__user"
    )
    rows = list(shown.filter(pk__in=keys).order_by("-started_at", "-pk"))
    if wanted := normalised(search.customer):
        others = [row for row in rows if wanted not in normalised(row.customer_name)]
        named = Party.objects.only("task", "name", "roles")
        prefetch_related_objects(others, Prefetch("recording__call__task__parties", named))
        for row in others:
            row.matched = _names_found(row, wanted)
    return rows


def _names_found(entry: ArchiveEntry, wanted: str) -> str:
    return "、".join(
        " ".join([party.name, *party.role_labels])
        for party in entry.recording.call.task.parties.all()
        if wanted in normalised(party.name)
    )


def _cursor(direction: str, entry: ArchiveEntry) -> str:
    return _cursor_at(direction, entry.started_at, entry.pk)


def _cursor_at(direction: str, moment: dt.datetime, pk: UUID) -> str:
    return f"{direction}{(moment - _EPOCH) // _MICROSECOND}.{pk.hex}"


def _position(cursor: str) -> tuple[str, tuple[dt.datetime, UUID] | None]:
    shape = _CURSOR.fullmatch(cursor)
    if shape is None:
        return "o", None
    return shape[1], (_EPOCH + int(shape[2]) * _MICROSECOND, UUID(shape[3]))


def _beyond(side: str, at: tuple[dt.datetime, UUID], field: str = "started_at") -> Q:
    moment, pk = at
    return Q(**{f"{field}__{side}e": moment}) & ~(Q(**{field: moment}) & ~Q(**{f"pk__{side}": pk}))


def page_back(
    rows: QuerySet[Recording], cursor: str, size: int
) -> tuple[list[Recording], str | None]:
    """Of recordings, the newest made first: a page by position, and where the next begins."""
    _direction, at = _position(cursor)
    if at is not None:
        rows = rows.filter(_beyond("lt", at, "created_at"))
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    return found[:size], _cursor_at("o", last.created_at, last.pk)


def saved_searches_of(user: User) -> QuerySet[SavedSearch]:
    return SavedSearch.objects.filter(user=user)


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


_LOAN_TYPES = """
WITH RECURSIVE types AS (
  (SELECT loan_type FROM recordings_archiveentry WHERE loan_type > '' ORDER BY loan_type LIMIT 1)
  UNION ALL
  SELECT (SELECT next.loan_type FROM recordings_archiveentry AS next
          WHERE next.loan_type > types.loan_type ORDER BY next.loan_type LIMIT 1)
  FROM types WHERE types.loan_type IS NOT NULL)
SELECT loan_type FROM types WHERE loan_type IS NOT NULL LIMIT 500
"""


def loan_types() -> list[str]:
    """Those there are recordings of. One look into the index for each, however many rows it has."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAN_TYPES)
        return [loan_type for (loan_type,) in cursor.fetchall()]


# --- details (VID-1) ------------------------------------------------------------------------


def hold_on(contract_no: str) -> LegalHold | None:
    return LegalHold.objects.filter(contract_no=contract_no, released_at=None).first()


def holds_in_force(user: User) -> QuerySet[LegalHold]:
    """Of contracts with a call whose recording the person may see."""
    seen = Call.objects.filter(
        visible(user, VIEW, owner="seat__user"), task__contract_no=OuterRef("contract_no")
    )
    return LegalHold.objects.filter(Exists(seen), released_at=None)


def other_calls(call: Call, user: User) -> QuerySet[Call]:
    """The contract's calls the person may open, over all generations of its task, oldest first."""
    return (
        Call.objects.filter(task__contract_no=call.task.contract_no)
        .filter(visible(user, VIEW, QC, owner="seat__user") | Q(seat__user=user))
        .select_related("task", "seat__user", "recording")
        .order_by("clock_started_at")
    )


def messages_about(call: Call) -> QuerySet[OutboxMessage]:
    """What was told to others about the task: topic, when, whether it arrived."""
    keys = [str(call.task_id), call.task.contract_no, str(call.pk)]
    return OutboxMessage.objects.filter(key__in=keys).order_by("pk")


# --- instant review (M10) -------------------------------------------------------------------


def review_view(call_id: UUID, ticket: str) -> dict[str, Any]:
    """What the review player needs, from the raw tracks; nothing has to be composed for it.

    Addresses carry `ticket`; the page renews it by asking again with it.

    `waves` is how loud each participant was, a digit for each of equal parts of the call.

    {call_id, duration_ms, state, ready, waves, tracks: [{participant_id, name, role, kind, start_ms,
    end_ms, url, mime}], events: [{id, kind, at_ms, until_ms, participant_id, payload}],
    composed_url, composed_mime, composed_starts_at_ms, reel, stage, upload}. Times in ms from the
    call's start. Read from the call's folder, which is playable while it is still being written;
    `ready` says that there is something to play.
    """
    call = Call.objects.select_related("seat__user").get(pk=call_id)
    recording = recording_of(call_id)
    duration_ms = (
        max(0, unix_ms(call.ended_at) - unix_ms(call.clock_started_at)) if call.ended_at else 0
    )
    tracks = _tracks(call, recording, duration_ms, ticket)
    return {
        "call_id": str(call_id),
        "ticket": ticket,
        "upload": upload_of(recording) if recording else None,
        "reel": reel_view(recording, ticket) if recording else None,
        "duration_ms": duration_ms,
        "state": call.state,
        "stage": recording.stage if recording else None,
        "stage_label": recording.get_stage_display() if recording else None,
        "ready": bool(tracks),
        "tracks": tracks,
        "events": events_of(call),
        "waves": _waves(recording, duration_ms) if recording else {},
        "composed_starts_at_ms": recording.starts_at_ms if recording else 0,
        "composed_mime": mime_of(recording.file) if recording and recording.file else None,
        "composed_url": (
            f"{reverse('recordings:play', args=[call_id])}?t={ticket}"
            if recording and recording.is_playable
            else None
        ),
    }


def _waves(recording: Recording, duration_ms: int) -> dict[str, str]:
    """How loud each was along the call (recordings.waves); empty until the files were looked into."""
    heard = recording.tracks.exclude(levels="").order_by("start_ms")
    return waves.lanes(list(heard.values_list("participant_id", "start_ms", "levels")), duration_ms)


def step_spans(call: Call) -> list[tuple[int, int]]:
    """From when to when (ms) each required step was gone through, finished; joined, in order.

    What was left out with a reason is no step done. Steps of calls older than the mark whether they
    are required count as required.
    """
    begun: dict[Any, int] = {}
    spans: list[tuple[int, int]] = []
    for event in call.events.filter(kind="script_step").order_by("at_ms", "created_at"):
        order = event.payload.get("order")
        if not event.payload.get("done"):
            begun[order] = event.at_ms
        elif (
            (start := begun.pop(order, None)) is not None
            and event.at_ms > start
            and event.payload.get("required", True)
            and not event.payload.get("skipped")
        ):
            spans.append((start, event.at_ms))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def copy_spans(recording: Recording) -> list[tuple[int, int]]:
    """The finished steps in ms of the composed copy, which begins later than the call's clock."""
    start, length = recording.starts_at_ms, recording.duration_ms
    spans = [
        (max(0, begin - start), min(end - start, length))
        for begin, end in step_spans(recording.call)
    ]
    return [(begin, end) for begin, end in spans if begin < end]


def reel_name(recording: Recording) -> str:
    """Of the present copy, and of where it begins."""
    at = f".{recording.starts_at_ms}" if recording.starts_at_ms else ""
    return f"out/reel.{recording.sha256[:12]}{at}.mp4"


REEL_TRIES = 3


def has_failed(reel: Reel) -> bool:
    """Whether nobody tries any more to make it."""
    is_held = reel.leased_until is not None and reel.leased_until >= db_now()
    return reel.made_at is None and reel.attempts >= REEL_TRIES and not is_held


def reel_of(recording: Recording) -> StoredObject | None:
    """The reel of the present copy, once it was made."""
    if not recording.sha256:
        return None
    return recording.objects_stored.filter(
        name=reel_name(recording), confirmed_at__isnull=False
    ).first()


def reel_view(recording: Recording, ticket: str) -> dict[str, Any] | None:
    """The reel for a player; None where none can be made.

    {state: none, making, failed or made, percent, url, stretches: [{from_ms, to_ms, at_ms}]}: from when
    to when on the call's clock, and where in the reel that begins.
    """
    if recording.stage != Stage.STORED or not recording.file.endswith(".mp4"):
        return None
    reel = Reel.objects.filter(recording=recording, name=reel_name(recording)).first()
    if reel is None or reel.made_at is None:
        state = "none" if reel is None else "failed" if has_failed(reel) else "making"
        percent = round(100 * reel.progress) if reel else 0
        return {"state": state, "percent": percent, "url": None, "stretches": []}
    ends = [at for _begin, at in reel.chapters[1:]] + [reel.duration_ms]
    start = recording.starts_at_ms
    stretches = [
        {"from_ms": start + begin, "to_ms": start + begin + end - at, "at_ms": at}
        for (begin, at), end in zip(reel.chapters, ends, strict=True)
    ]
    url = f"{reverse('recordings:reel', args=[recording.call_id])}?t={ticket}"
    return {"state": "made", "percent": 100, "url": url, "stretches": stretches}


def upload_of(recording: Recording) -> dict[str, Any]:
    """How much of it is in the store; `percent` is of the whole way, from raw to stored.

    {stage, percent, files, files_done, bytes, bytes_done, error}. Files count when the store confirmed
    them, bytes as they arrive. RESTORING: raw files are being brought back for a rebuild.
    """
    rows = list(recording.objects_stored.only("recording", "bytes", "sent_bytes", "confirmed_at"))
    whole = sum(row.bytes for row in rows)
    done = sum(row.here_bytes for row in rows)
    share = {
        Stage.RAW: 0.0,
        Stage.PROBED: 5 + 55 * recording.progress,
        Stage.COMPOSED: 60.0,
        Stage.SEALED: 65 + 35 * (done / whole if whole else 0.0),
    }.get(Stage(recording.stage), 100.0)
    restoring = recording.rebuild_asked_at is not None
    return {
        "stage": "RESTORING" if restoring else recording.stage,
        "percent": round(100 * recording.progress if restoring else share),
        "files": len(rows),
        "files_done": sum(1 for row in rows if row.confirmed_at is not None),
        "bytes": whole,
        "bytes_done": done,
        "error": bool(recording.error),
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


def _tracks(
    call: Call, recording: Recording | None, duration_ms: int, ticket: str
) -> list[dict[str, Any]]:
    if recording is not None and recording.stage == Stage.DELETED:
        return []  # the rows say what there was
    people = _people(call)
    folder = folder_of(call.pk)
    kept = Outputs.of(recording.outputs) if recording is not None and folder is None else Outputs()
    found: list[tuple[str, str, str, int, int | None]] = []
    if folder is not None:
        found = [
            (p.participant_id, p.kind, p.file, round(p.start_ms), p.end_ms) for p in folder.parts
        ]
    elif recording is not None:
        found = [
            (t.participant_id, t.kind, t.file, t.start_ms, t.end_ms)
            for t in recording.tracks.order_by("start_ms")
            if kept.keeps(t.file)
        ]
    gone = recording.names_gone if recording is not None else set()
    return [
        {
            "participant_id": who,
            "name": people.get(who, ("", ""))[0],
            "role": people.get(who, ("", ""))[1],
            "kind": kind,
            "start_ms": start_ms,
            "end_ms": duration_ms if end_ms is None else end_ms,
            "url": f"{reverse('recordings:raw', args=[call.pk, Path(file).name])}?t={ticket}",
            "mime": MIME[kind],
        }
        for who, kind, file, start_ms, end_ms in found
        if file not in gone
    ] + _rescue_tracks(call, people, kept, gone, ticket)


def _rescue_tracks(
    call: Call, people: dict[str, tuple[str, str]], kept: Outputs, gone: set[str], ticket: str
) -> list[dict[str, Any]]:
    """What the customers' devices recorded, each with when it is looked at instead of the gap."""
    tracks = []
    segments = list(RescueSegment.objects.filter(call=call).order_by("start_ms"))
    places = {s.participant_id for s in segments}
    for place in call.participants.filter(pk__in=places).select_related("call"):
        mine = [s for s in segments if s.participant_id == place.pk]
        looked_at = rescue.shown([(s.start_ms, s.end_ms) for s in mine], _gaps_of(place))
        name, role = people.get(str(place.pk), ("", ""))
        for segment, span in zip(mine, looked_at, strict=True):
            if span is None or segment.file in gone or not kept.keeps(segment.file):
                continue
            url = reverse("recordings:raw", args=[call.pk, Path(segment.file).name])
            tracks.append(
                {
                    "participant_id": str(place.pk),
                    "name": name,
                    "role": role,
                    "kind": "video",
                    "source": RESCUE_SOURCE,
                    "start_ms": segment.start_ms,
                    "end_ms": segment.end_ms,
                    "shown_from_ms": span[0],
                    "shown_until_ms": span[1],
                    "url": f"{url}?t={ticket}",
                    "mime": rescue.MIME_OF[Path(segment.file).suffix[1:]],
                }
            )
    return tracks


# How long after the call a device may send what it kept. Less than the spool keeps a call's folder.
RESCUE_WINDOW = dt.timedelta(hours=2)


def rescue_closes_at(call: Call) -> dt.datetime | None:
    """None while the call runs."""
    return call.ended_at + RESCUE_WINDOW if call.ended_at else None


def _gaps_of(place: Participant) -> list[rescue.Span]:
    """When the participant's connection was gone, in ms of the call; without one that still lasts."""
    over = place.left_at or place.call.ended_at
    call = place.call
    until = unix_ms(over) - unix_ms(call.clock_started_at) if over else None
    gaps = call.events.filter(kind="gap", participant=place).values_list("at_ms", "until_ms")
    return [
        (at_ms, end)
        for at_ms, until_ms in gaps
        if (end := until if until_ms is None else until_ms) is not None and end >= at_ms
    ]


def rescue_wanted(place: Participant) -> list[rescue.Span]:
    """Stretches of the participant that are nowhere at the server."""
    got = RescueSegment.objects.filter(participant=place).values_list("start_ms", "end_ms")
    return rescue.lacking(_gaps_of(place), got)


def _people(call: Call) -> dict[str, tuple[str, str]]:
    people: dict[str, tuple[str, str]] = {who: (name, "") for who, name in CONTENT.items()}
    for place in call.participants.select_related("party", "user", "call__seat__user"):
        role = place.party.role_labels if place.party else [str(ParticipantRole(place.role).label)]
        people[str(place.pk)] = (place.name, "、".join(role))
    return people


def folder_of(call_id: UUID) -> CallFolder | None:
    """The call's folder in the spool, None when it is not there (any more)."""
    try:
        return read_folder(Path(settings.SPOOL_DIR) / str(call_id))
    except FolderUnreadable:
        return None


def snapshots_of(call: Call) -> QuerySet[Snapshot]:
    """Those that can be shown: what is not kept (WB-6) is gone with the local copies."""
    kept = (
        Q(call__recording=None)
        | Q(call__recording__spool_freed_at=None)
        | Q(call__recording__outputs__snapshots=True)
        | Q(call__recording__outputs__snapshots__isnull=True)
    )
    return call.snapshots.filter(kept, deleted_at=None).select_related("participant__party")


# --- files ----------------------------------------------------------------------------------


def open_raw(call: Call, name: str) -> Opened:
    """A raw track by its bare file name. Raises NotFound."""
    if not _RAW_NAME.fullmatch(name):
        raise NotFound
    suffix = Path(name).suffix[1:]
    if suffix in rescue.MIME_OF:
        return _open(call, f"{RESCUE}/{name}", rescue.MIME_OF[suffix])
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
    return _open(recording.call, recording.file, mime_of(recording.file))


_MIME_OF = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
}


def mime_of(name: str) -> str:
    return _MIME_OF.get(Path(name).suffix, "application/json")


def open_file(recording: Recording, name: str) -> Opened:
    """Any file of the recording by its name in the folder. Raises NotFound."""
    known = name == recording.file or recording.objects_stored.filter(name=name).exists()
    if not known:
        raise NotFound
    return _open(recording.call, name, mime_of(name))


def can_be_taken(recording: Recording) -> bool:
    """Whether there is a file to download: the composed copy, or any that is in the store."""
    return (
        recording.is_playable
        or recording.objects_stored.filter(confirmed_at__isnull=False).exists()
    )


def open_stored(stored: StoredObject) -> Opened:
    """A confirmed file out of the store, under its own type. Raises NotFound."""
    return _open(stored.recording.call, stored.name, mime_of(stored.name))


def stored_recordings(
    search: Search,
    *,
    task_state: str = "",
    places: Sequence[str] | None = None,
    stored_since: dt.datetime | None = None,
    cursor: str = "",
    size: int = 50,
) -> tuple[list[Recording], str | None]:
    """Stored recordings with their files, and the cursor of what comes after (STO-1).

    `places` narrows to properties in these provinces, cities or counties; None does not. The oldest
    interviews come first, and the cursor is None when there are no more. With `stored_since` in the
    order they were stored, from that moment on, and the cursor goes on from the last one told: who
    asks with it again and again is told of every recording, of one made anew once more.
    """
    found = entries_found(search).filter(within(places))
    if task_state:
        found = found.filter(recording__call__task__state=task_state)
    field, letter = _STORING_ORDER if stored_since is not None else ("started_at", "n")
    found = stored_in_order(found, stored_since)
    _direction, at = _position(cursor)
    if at is not None:
        found = found.filter(_beyond("gt", at, field))
    rows = list(found.values_list("pk", field)[: size + 1])
    recordings = (
        Recording.objects.filter(pk__in=[pk for pk, _moment in rows[:size]])
        .select_related("call__task")
        .prefetch_related("objects_stored")
        .in_bulk()
    )
    after = cursor if stored_since is not None else ""
    if rows and (stored_since is not None or len(rows) > size):
        pk, moment = rows[:size][-1]
        after = _cursor_at(letter, moment, pk)
    return [recordings[pk] for pk, _moment in rows[:size]], after or None


_STORING_ORDER = "recording__stored_at", "s"


def stored_in_order(
    entries: QuerySet[ArchiveEntry], since: dt.datetime | None
) -> QuerySet[ArchiveEntry]:
    """Of these what is stored: by the time of the interview, or since a moment as it was stored."""
    stored = entries.filter(recording__stage=Stage.STORED)
    if since is None:
        return stored.order_by("started_at", "pk")
    return stored.filter(recording__stored_at__gte=since).order_by(_STORING_ORDER[0], "pk")


def within(places: Sequence[str] | None, prefix: str = "") -> Q:
    """Properties in these provinces, cities or counties; `prefix` leads to the archive's row."""
    if places is None:
        return Q()
    return (
        Q(**{f"{prefix}province__in": places})
        | Q(**{f"{prefix}city__in": places})
        | Q(**{f"{prefix}county__in": places})
    )


def _open(call: Call, name: str, mime: str) -> Opened:
    """From the store once it confirmed the file, else from the spool."""
    stored = StoredObject.objects.filter(
        recording__call=call, name=name, confirmed_at__isnull=False
    ).first()
    if stored is not None:
        try:
            return Opened(store(stored.tier).open(stored.key), stored.bytes, mime, stored.sha256)
        except FileNotFoundError as gone:
            raise NotFound from gone
    path = Path(settings.SPOOL_DIR) / str(call.pk) / name
    try:
        file = path.open("rb")
    except (FileNotFoundError, IsADirectoryError) as missing:
        raise NotFound from missing
    size = path.stat().st_size
    return Opened(file, size, mime, f"{path.stat().st_mtime_ns:x}-{size:x}")
