"""What is wrong with recordings, and how much room is left (STO-1, STO-4)."""

import datetime as dt
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from interviews.models import Call, Participant
from interviews.policy import records_by_hand
from interviews.states import ParticipantRole
from parameters.selectors import value_of

from .folder import CONTENT
from .models import (
    TROUBLE,
    UNLIKE,
    UNRESTORED,
    CapacityCount,
    DeletionCertificate,
    LegalHold,
    Recording,
    RecordingTrack,
)
from .picture import FLOOR_LINES, faults_of
from .states import FINAL, ObjectKind, Stage

LATE_AFTER = dt.timedelta(minutes=15)
FORECAST_DAYS = 30
GB = 1 << 30
MONTHS_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Trouble:
    recording: Recording
    cause: str
    advice: str


def troubled() -> QuerySet[Recording]:
    """Recordings somebody should look at, newest first."""
    late = timezone.now() - LATE_AFTER
    return (
        Recording.objects.filter(TROUBLE, call__task__rehearsal=False)
        # What is still on its way is none until it fails or is late.
        .filter(Q(stage__in=FINAL) | Q(attempts__gt=0) | Q(created_at__lt=late, due_at__lt=late))
        .select_related("call__task", "call__seat__user", "certificate")
        .order_by("-created_at")
    )


def explain(recording: Recording) -> Trouble:
    """The cause in a person's words, and what to do."""
    stage = Stage(recording.stage)
    if recording.rebuild_asked_at is not None:
        return Trouble(
            recording, recording.error, _("正在取回原始文件以重建；系统会自动重试，录像照常可看。")
        )
    if stage is Stage.EMPTY:
        return Trouble(
            recording, _("通话已接通，但没有任何录像文件"), _("检查媒体节点的录像盘后重建。")
        )
    if stage is Stage.STORED and (cut := cut_short(recording)):
        return Trouble(recording, cut.cause, cut.advice)
    if stage is Stage.STORED and recording.error.startswith(UNLIKE):
        return Trouble(
            recording,
            _("归档时发现存储中的文件与入库时不一致"),
            _("该文件留在在线层，本地副本不清除。本地副本仍在时重建会重新入库，否则从备份恢复。"),
        )
    if stage is Stage.STORED and recording.error == UNRESTORED:
        return Trouble(
            recording,
            _("未能重建：有原始文件不在存储中，或与入库时不一致"),
            _("已入库的录像照旧。从备份恢复该文件后可再次重建。"),
        )
    if stage is Stage.STORED and recording.error:
        return Trouble(
            recording,
            _("本地副本未清除：有文件不在存储中"),
            _("封存后又有文件写入。重建会把它们一并入库。"),
        )
    if stage is Stage.STORED and recording.uncomposed:
        return Trouble(
            recording,
            _("无法合成：{reason}").format(reason=recording.uncomposed),
            _("原始音视频已封存入库，可逐轨回放。升级或修复后可重建。"),
        )
    if stage is Stage.STORED:
        names = "、".join(str(each.get("file", each)) for each in recording.damaged[:3])
        return Trouble(
            recording,
            _("部分原始文件受损：{names}").format(names=names),
            _("其余内容已合成。可重建一次；仍受损则以现有录像为准。"),
        )
    if recording.attempts:
        return Trouble(recording, recording.error, _("系统会自动重试；原因消除后可立即重建。"))
    return Trouble(recording, _("超过 15 分钟没有处理完"), _("检查 Celery 是否在运行。"))


@dataclass(frozen=True, slots=True)
class CutShort:
    """A deletion that was stopped half way: what it took, and what becomes of the rest."""

    certificate: DeletionCertificate
    hold: LegalHold | None

    @property
    def cause(self) -> str:
        return _("到期删除中断：{files} 个文件中 {gone} 个已删除").format(
            files=len(self.certificate.files), gone=len(self.certificate.gone)
        )

    @property
    def advice(self) -> str:
        if self.hold is not None:
            return _("法定保留中，其余文件不再删除。已删除的文件见录像详情的删除证明。")
        return _("其余文件到保管期限允许时继续删除；要保留请设为法定保留。")


def cut_short(recording: Recording) -> CutShort | None:
    certificate = getattr(recording, "certificate", None)
    if certificate is None or certificate.done_at or not certificate.gone:
        return None
    hold = LegalHold.objects.filter(contract_no=certificate.contract_no, released_at=None).first()
    return CutShort(certificate, hold)


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes in the store by month as of `counted_at`, and how long the room lasts at the growth of the
    last 30 days."""

    counted_at: dt.datetime | None
    months: list[tuple[str, int]]
    kinds: list[tuple[str, int, int]]  # label, files, bytes
    per_day_bytes: float
    quota_bytes: int
    disk_free_bytes: int | None
    spool_free_bytes: int
    spool_total_bytes: int

    @property
    def total_bytes(self) -> int:
        return sum(size for _label, _files, size in self.kinds)

    @property
    def objects(self) -> int:
        return sum(files for _label, files, _size in self.kinds)

    @property
    def in_a_year_bytes(self) -> int:
        """What a store without a known end has to hold then, at the present growth."""
        return int(self.total_bytes + 365 * self.per_day_bytes)

    @property
    def is_by_quota(self) -> bool:
        """The quota ends before the disk does, or there is no disk to end."""
        return self.quota_bytes > 0 and self.free_bytes != self.disk_free_bytes

    @property
    def free_bytes(self) -> int | None:
        """Up to the quota, or the end of the store's disk; None when neither is known."""
        left = [] if self.disk_free_bytes is None else [self.disk_free_bytes]
        if self.quota_bytes:
            left.append(max(0, self.quota_bytes - self.total_bytes))
        return min(left, default=None)

    @property
    def days_left(self) -> int | None:
        """Days until the store is full at the present growth; None when that is not known."""
        if self.free_bytes is None or self.per_day_bytes <= 0:
            return None
        return int(self.free_bytes / self.per_day_bytes)


def capacity() -> Capacity:
    count = CapacityCount.objects.order_by("-counted_at").first()
    lines = count.lines if count else []
    months: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for line in lines:
        months[line["month"]] += line["bytes"]
        kinds[line["kind"]] += line["bytes"]
        files[line["kind"]] += line["files"]
    spool = shutil.disk_usage(_existing(Path(settings.SPOOL_DIR)))
    free = None
    if settings.STORAGE_BACKEND == "local":
        free = shutil.disk_usage(_existing(Path(settings.STORAGE_DIR))).free
    return Capacity(
        counted_at=count.counted_at if count else None,
        months=sorted(months.items())[-MONTHS_SHOWN:],
        kinds=[
            (str(ObjectKind(kind).label), files[kind], size) for kind, size in kinds.most_common()
        ],
        per_day_bytes=sum(line["recent"] for line in lines) / FORECAST_DAYS,
        quota_bytes=value_of("storage_quota_gb") * GB,
        disk_free_bytes=free,
        spool_free_bytes=spool.free,
        spool_total_bytes=spool.total,
    )


def _existing(path: Path) -> Path:
    """The nearest folder that is there: a disk is asked for, not a folder."""
    return path if path.exists() else _existing(path.parent)


# --- quality of one recording (M7, STO-3) -----------------------------------------------------

GAP_MS = 1000
COMPLETE = 0.995


@dataclass(frozen=True, slots=True)
class FileQuality:
    """One raw file. `skew_ms` is of its two clocks: how much longer or shorter the file is than the
    journal says its connection lasted; None where that is not known."""

    person: str
    kind: str
    file: str
    codec: str
    seconds: float
    kbps: float
    skew_ms: int | None
    damage: str
    picture: list[str]  # what is wrong with it, in words; of cameras only


@dataclass(frozen=True, slots=True)
class PersonQuality:
    """`complete` 0-1: recorded of the time the person was there, by kind of track."""

    person: str
    kind: str
    present_s: float
    recorded_s: float
    gaps: int
    longest_gap_s: float

    @property
    def complete(self) -> float:
        return min(1.0, self.recorded_s / self.present_s) if self.present_s else 1.0

    @property
    def is_short(self) -> bool:
        return self.complete < COMPLETE


@dataclass(frozen=True, slots=True)
class RecordingQuality:
    files: list[FileQuality]
    people: list[PersonQuality]
    height: int
    is_below_floor: bool
    damaged: int

    @property
    def poor_pictures(self) -> list[str]:
        """Who cannot be seen well, and why; each person once."""
        return list(
            dict.fromkeys(f"{f.person}：{'、'.join(f.picture)}" for f in self.files if f.picture)
        )


def quality_of(recording: Recording) -> RecordingQuality:
    """What is in each file and what is missing between the files of each person."""
    call = recording.call
    places = {
        str(place.pk): place
        for place in call.participants.select_related("party", "user", "call__seat__user")
    }
    names = {who: place.name for who, place in places.items()}
    tracks = list(recording.tracks.order_by("participant_id", "kind", "start_ms"))
    files = [
        FileQuality(
            person=names.get(t.participant_id) or CONTENT.get(t.participant_id, "—"),
            kind=t.kind,
            file=Path(t.file).name,
            codec=t.codec,
            seconds=max(0, t.end_ms - t.start_ms) / 1000,
            kbps=8 * t.bytes / max(1, t.end_ms - t.start_ms),
            skew_ms=_skew_ms(t, tracks),
            damage=t.damage,
            # What is shown to the customer stands still by nature.
            picture=_picture_of(t) if t.participant_id in names else [],
        )
        for t in tracks
    ]
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for track in tracks:
        if track.participant_id in names:
            key = (track.participant_id, track.kind)
            spans.setdefault(key, []).append((track.start_ms, track.end_ms))
    there = {who: span for who, place in places.items() if (span := _presence(place, call))}
    # Somebody who was there and of whom nothing was kept is the worst of all, not left out.
    expected = {(who, kind) for who in there for kind in ("audio", "video")}
    people = [
        _person(names[who], kind, spans.get((who, kind), []), there.get(who))
        for who, kind in sorted(expected | spans.keys())
    ]
    return RecordingQuality(
        files=files,
        people=people,
        height=recording.height,
        is_below_floor=0 < recording.height < FLOOR_LINES,
        damaged=sum(1 for each in files if each.damage),
    )


def _picture_of(track: RecordingTrack) -> list[str]:
    words = {
        "dark": _("画面过暗"),
        "blurred": _("画面模糊"),
        "frozen": _("画面静止"),
        "low": _("画面低于 {lines} 线").format(lines=FLOOR_LINES),
    }
    return [f"{words[fault]} {share:.0%}" for fault, share in faults_of(track.picture).items()]


def _skew_ms(track: RecordingTrack, tracks: list[RecordingTrack]) -> int | None:
    """How far picture and sound of one connection end apart: the last file of each kind."""
    if track.kind != "video":
        return None
    same = [
        t for t in tracks if (t.participant_id, t.leg_no) == (track.participant_id, track.leg_no)
    ]
    sounds = [t.end_ms for t in same if t.kind == "audio"]
    last_picture = max(t.end_ms for t in same if t.kind == "video")
    if not sounds or track.end_ms != last_picture:
        return None
    return last_picture - max(sounds)


def _presence(place: Participant, call: Call) -> tuple[int, int] | None:
    """From joining to leaving on the call's clock (ms); None where recording need not cover it."""
    silent = place.role == ParticipantRole.SUPERVISOR and place.silent
    if place.joined_at is None or place.left_at is None or silent or records_by_hand(call.task):
        return None
    begin, end = (
        round((moment - call.clock_started_at).total_seconds() * 1000)
        for moment in (place.joined_at, place.left_at)
    )
    return begin, end


def _person(
    name: str, kind: str, spans: list[tuple[int, int]], there: tuple[int, int] | None
) -> PersonQuality:
    """`spans` of the files; without knowing when somebody was there: from the first to the last."""
    known = [*spans, *([there] if there else [])]
    begin, end = min(s[0] for s in known), max(s[1] for s in known)
    covered, reach = 0, begin
    gaps: list[int] = []
    for start, stop in [*sorted(spans), (end, end)]:
        if start - reach >= GAP_MS:
            gaps.append(start - reach)
        covered += max(0, stop - max(start, reach))
        reach = max(reach, stop)
    return PersonQuality(
        person=name,
        kind=kind,
        present_s=(end - begin) / 1000,
        recorded_s=covered / 1000,
        gaps=len(gaps),
        longest_gap_s=max(gaps, default=0) / 1000,
    )
