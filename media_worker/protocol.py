"""Messages between Django and the media worker, in both directions.

HTTP with JSON bodies; both sides send `Authorization: Bearer <MEDIA_CONTROL_TOKEN>`. Times called
`at_ms`, `*_ms` are milliseconds from the call's start unless the name says `unix`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Every id may become part of a file name in the spool.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
MAX_SDP_CHARS = 200_000
MAX_STILL_BYTES = 12 << 20
EVENTS_PATH = "/internal/media/v1/events"
HEARTBEAT_PATH = "/internal/media/v1/heartbeat"
ITEMS_PATH = "/internal/media/v1/items/"
ITEM_SHA_CHARS = 24  # an item's key ends with so much of its content's SHA-256

Kind = Literal["audio", "video"]
RecordMode = Literal["on_connect", "manual"]
EventKind = Literal[
    "leg.connected",
    "leg.unstable",
    "leg.lost",
    "leg.quiet",
    "leg.recovered",
    "leg.closed",
    "media.first_frame",
    "video.size_changed",
    "recording.started",
    "recording.stalled",
    "recording.resumed",
    "recording.degraded",
    "recording.restored",
    "track.part_closed",
    "slots.changed",
    "playout.progress",
    "playout.ended",
    "proof",
    "quality",
]


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


# --- commands and their answers ----------------------------------------------------------------


class CallOptions(Message):
    max_video_kbps: int = Field(800, ge=50, le=10_000)
    min_video_kbps: int = Field(100, ge=30, le=10_000)
    keyframe_interval_s: float = Field(8.0, ge=1, le=60)
    part_seconds: float = Field(120.0, ge=2, le=3600)
    preference: Literal["smooth", "balanced", "quality"] = "balanced"
    max_down_kbps: int = Field(0, ge=0, le=100_000)


class OpenCall(Message):
    epoch: int = Field(ge=0)
    t0_unix_ms: int = Field(gt=0)
    record: RecordMode = "on_connect"
    options: CallOptions = CallOptions()
    # A network test on the real path: nothing is recorded, told or counted; see probes.py.
    probe: bool = False


class Opened(Message):
    opened: bool
    resumed: bool = False


class LegMedia(Message):
    audio: bool = True
    video: bool = True


class ConnectLeg(Message):
    participant_id: Id
    leg_id: Id
    name: str = Field("", max_length=100)
    role: Literal["seat", "customer", "supervisor", "share"]
    offer_sdp: str = Field(max_length=MAX_SDP_CHARS)
    media: LegMedia = LegMedia()
    muted: bool = False  # as the participant was before: a worker that takes over cannot know


class Slot(Message):
    """A pair of m-lines of the client through which one other participant comes."""

    slot: int
    mid_audio: str | None
    mid_video: str | None


class LegAnswer(Message):
    answer_sdp: str
    slots: list[Slot]


class Reason(Message):
    reason: str = Field("", max_length=100)


class Mute(Message):
    participant_id: Id
    muted: bool


class Record(Message):
    on: bool


class Play(Message):
    """`item_key` names the file at Django's ITEMS_PATH; a key is never used for another content."""

    play_id: Id
    item_key: Id
    title: str = Field("", max_length=100)
    start_ms: int = Field(0, ge=0)


class PlayAct(Message):
    play_id: Id
    act: Literal["pause", "resume", "stop"]


class PlayState(Message):
    play_id: str
    state: Literal["playing", "paused", "ended", "stopped", "failed"]
    position_ms: int
    duration_ms: int


class ItemAtWorker(Message):
    """How much of an item is at the worker; `of_bytes` is 0 until Django has said it."""

    here: bool
    bytes: int
    of_bytes: int


class TakeSnapshot(Message):
    snapshot_id: Id
    participant_id: Id


class PutStill(Message):
    """A JPEG the participant's own camera took; it is kept like a snapshot."""

    snapshot_id: Id
    participant_id: Id
    width: int = Field(ge=1, le=20_000)
    height: int = Field(ge=1, le=20_000)
    jpeg_base64: str = Field(max_length=MAX_STILL_BYTES * 4 // 3 + 8)


class Snapshot(Message):
    """`file` is relative to the call's folder."""

    file: str
    width: int
    height: int
    at_ms: int
    bytes: int
    sha256: str


class JournalNote(Message):
    """`kind` is the note's own kind (tag, script step, chat); the journal line's kind is `note`."""

    id: Id
    kind: str = Field(min_length=1, max_length=64)
    at_ms: int | None = Field(None, ge=0)
    payload: dict[str, Any] = {}


class JournalWritten(Message):
    seq: int
    at_ms: int


class TrackFile(Message):
    """One closed part of a track; `file` is relative to the call's folder."""

    participant_id: str
    leg_id: str
    kind: Kind
    file: str
    bytes: int
    sha256: str
    start_ms: int
    end_ms: int


class CallClosed(Message):
    journal_path: str
    tracks: list[TrackFile]
    duration_ms: int


class TrackProof(Message):
    participant_id: str
    leg_id: str
    kind: Kind
    file: str
    bytes: int
    last_write_age_ms: int
    stalled: bool


class Proof(Message):
    """What is being written right now: the recording light shows this, not hope."""

    recording: bool
    since_ms: int | None
    tracks: list[TrackProof]
    disk_free_percent: float
    degraded: bool = False  # the disk is full: sound only


class Health(Message):
    worker_id: str
    calls: int
    legs: int
    loop_lag_p99_ms: float
    draining: bool


class Done(Message):
    ok: bool = True


class Refusal(Message):
    """Body of every answer that is not 2xx."""

    code: str
    detail: str = ""


# --- worker to Django --------------------------------------------------------------------------


class SlotHolder(Message):
    slot: int
    participant_id: str | None


class Quality(Message):
    """Payload of `quality`. `up` is client to worker, `down` worker to client; loss in percent.

    `level` changes slowly (rtc/quality.py); `fault` is the way of this client that is bad.
    """

    loss_up: float
    loss_down: float
    rtt_ms: float | None
    kbps_up: float
    kbps_down: float
    fps: float
    width: int
    height: int
    level: Literal["good", "fair", "poor"] = "good"
    fault: Literal["none", "up", "down"] = "none"


class Event(Message):
    """Something that happened. Kept in order per call and sent again until it was accepted.

    `payload` of `proof` is a Proof, of `quality` a Quality, of `slots.changed`
    `{"slots": [SlotHolder]}`, of `track.part_closed` a TrackFile, of `playout.progress`
    `{"state", "position_ms"}`, of `playout.ended` `{"outcome", "position_ms"}`; their `leg_id` is
    the play's id.
    """

    id: str
    call_id: str
    epoch: int
    kind: EventKind
    at_ms: int
    participant_id: str | None = None
    leg_id: str | None = None
    payload: dict[str, Any] = {}


class EventBatch(Message):
    worker_id: str
    events: list[Event]


class Heartbeat(Message):
    worker_id: str = Field(max_length=64)
    control_url: str = Field(max_length=200)
    started_at_unix_ms: int
    capacity: int
    calls: int
    legs: int
    loop_lag_p99_ms: float
    draining: bool
    disk_free_percent: float
    lagging: bool = False  # the loop is late: no further call
    holds_another: bool = True  # the spool has room for a further call
    events_set_aside: int = 0  # which Django will never take
    stopping: bool = False  # the last one: its calls are to be moved now
