"""Frames of the seat's socket, and of a supervisor's. Requests have an id; pushes carry seq."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from common.errors import DomainError
from interviews.states import RecordingAlarm, TagKind

# Close codes, 4000–4999 (RFC 6455 §7.4.2)
NOT_LOGGED_IN = 4401
NOT_A_SEAT = 4403
BAD_FRAME = 4400
LOCKED = 4418  # idle for too long: it connects again when the person has unlocked the page
OPEN_ELSEWHERE = 4423  # the page asks whether to take over, and comes back with take_over=1
TAKEN_OVER = 4409  # another tab or machine of the same seat
BROKEN = 4500  # our fault; connect again
MAX_FRAME_CHARS = 220_000


class Frame(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Request(Frame):
    """`lane`: it asks another system, and is done in order with others of its lane only."""

    lane: ClassVar[str] = ""
    id: str = Field(max_length=64)
    type: str


class Heartbeat(Request):
    type: Literal["heartbeat"]


class SignIn(Request):
    type: Literal["presence.sign_in"]


class SignOut(Request):
    type: Literal["presence.sign_out"]


class Ready(Request):
    type: Literal["presence.ready"]


class Pause(Request):
    type: Literal["presence.pause"]
    reason: str = Field(min_length=1, max_length=40)


class DeviceCheck(Request):
    type: Literal["device_check.pass"]
    camera: str = Field(max_length=200)
    microphone: str = Field(max_length=200)
    width: int = Field(ge=1, le=10_000)
    height: int = Field(ge=1, le=10_000)
    level: float = Field(ge=0, le=1)


class AcceptOffer(Request):
    type: Literal["offer.accept"]
    offer_id: UUID


class TransferOffer(Request):
    """Hand the ringing case to another seat; without `to_seat_id` to one at random (WB-2)."""

    type: Literal["offer.transfer"]
    offer_id: UUID
    to_seat_id: int | None = Field(None, ge=1)


class TransferRequest(Request):
    """Hand on the own booked case that waits; without `to_seat_id` to one at random (WB-2)."""

    type: Literal["request.transfer"]
    request_id: UUID
    to_seat_id: int | None = Field(None, ge=1)


class TransferOptions(Request):
    """Which seats it could be handed to now."""

    type: Literal["request.options"]
    request_id: UUID


class DeclineOffer(Request):
    type: Literal["offer.decline"]
    offer_id: UUID


class MediaOffer(Request):
    lane = "media"
    type: Literal["media.offer"]
    sdp: str = Field(max_length=200_000)


class TakeSnapshot(Request):
    lane = "picture"
    type: Literal["call.snapshot"]
    participant_id: UUID
    kind: Literal["id_card", "property", "risk", "other"] = "other"


class SetTag(Request):
    lane = "notes"
    type: Literal["call.tag"]
    kind: TagKind = TagKind.RISK
    note: str = Field("", max_length=500)
    at_ms: int | None = Field(None, ge=0, le=86_400_000)  # set while reviewing


class NoteTag(Request):
    """What a tag was about, said later (WB-12)."""

    type: Literal["call.tag.note"]
    event_id: UUID
    note: str = Field(max_length=500)


class DeleteSnapshot(Request):
    type: Literal["call.snapshot.delete"]
    snapshot_id: UUID
    reason: str = Field(max_length=200)


class ChooseNext(Request):
    """What comes after the case in hand; empty: 示闲."""

    type: Literal["presence.next"]
    state: Literal["", "PAUSED", "SIGNED_OUT"]
    reason: str = Field("", max_length=40)


class TestNetwork(Request):
    """Both ends of a loop over a media worker: what the seat sends comes back to it."""

    lane = "check"
    type: Literal["device_network.test"]
    send_sdp: str = Field(max_length=100_000)
    receive_sdp: str = Field(max_length=100_000)


class StartLoop(Request):
    """The test recording before signing in: the seat's own picture and sound on the real path."""

    lane = "check"
    type: Literal["device_loop.start"]
    sdp: str = Field(max_length=200_000)


class FinishLoop(Request):
    lane = "check"
    type: Literal["device_loop.finish"]
    loop_id: str = Field(pattern=r"^loop-[0-9a-f-]{36}$")


class ChangeLoan(Request):
    """One field of the loan, as the customer now wants it (WB-14)."""

    lane = "loan"
    type: Literal["loan.change"]
    field: str = Field(max_length=40)
    value: str = Field(max_length=80)


class RetryLoan(Request):
    lane = "loan"
    type: Literal["loan.retry"]


class SetMuted(Request):
    lane = "mute"
    type: Literal["call.mute"]
    muted: bool


class SetGuide(Request):
    """Which frame lies over the customer's own picture (SDK-3); empty: none."""

    type: Literal["call.guide"]
    frame: Literal["face", "document", ""]


class ShowCard(Request):
    """Put amount, term and rate of the loan before the customers, to be confirmed."""

    type: Literal["card.show"]


class WithdrawCard(Request):
    type: Literal["card.withdraw"]


class AskStill(Request):
    """A picture in full resolution from the customer's own camera; it arrives as a snapshot."""

    type: Literal["call.still"]
    participant_id: UUID
    kind: Literal["id_card", "property", "risk", "other"] = "id_card"


class CancelStill(Request):
    type: Literal["call.still.cancel"]
    still_id: UUID


class Admit(Request):
    """Let a waiting party in, or turn him away."""

    lane = "admit"
    type: Literal["call.admit"]
    participant_id: UUID
    admitted: bool


class InviteAgain(Request):
    """The SMS once more to a party who has not come (WB-10)."""

    type: Literal["party.invite"]
    party_id: UUID


class RecordCall(Request):
    lane = "record"
    type: Literal["call.record"]
    on: bool


class SeenAlarm(Request):
    """What the lamp of the recording was amber or red for, and the seat has taken note of."""

    type: Literal["recording.alarm_seen"]
    causes: list[RecordingAlarm] = Field(min_length=1, max_length=len(RecordingAlarm))


class PlayItem(Request):
    lane = "play"
    type: Literal["media.play"]
    item_id: int = Field(ge=1)


class ControlPlay(Request):
    lane = "play"
    type: Literal["media.control"]
    act: Literal["pause", "resume", "stop"]


class StartShare(Request):
    """The offer of the share's own connection; `title` is what the timeline calls it."""

    lane = "share"
    type: Literal["share.start"]
    title: str = Field(min_length=1, max_length=40)
    sdp: str = Field(max_length=200_000)


class StopShare(Request):
    lane = "share"
    type: Literal["share.stop"]


class AwaitCustomers(Request):
    """Stay in the call that no customer is in any more; it would end by itself."""

    type: Literal["call.await_customers"]


class EndCall(Request):
    type: Literal["call.end"]


class SendChat(Request):
    type: Literal["chat.send"]
    text: str = Field(min_length=1, max_length=500)


class StepDone(Request):
    lane = "notes"
    type: Literal["script.step"]
    order: int = Field(ge=0, le=500)
    title: str = Field(max_length=60)
    text: str = Field("", max_length=2000)
    done: bool = True
    skip_reason: str = Field("", max_length=200)  # a step that was left out, and why
    answer: str = Field("", max_length=200)  # what the customer said to it


class FileVerdict(Request):
    type: Literal["verdict.file"]
    verdict: Literal["PASS", "DOUBT", "PARTIAL"]
    note: str = Field("", max_length=500)


class Supervise(Request):
    """A supervisor's stay in the call begins: listening only, or seen and heard."""

    type: Literal["supervision.start"]
    silent: bool


class EndSupervision(Request):
    """One's own stay ends, or that of another supervisor."""

    type: Literal["supervision.end"]
    participant_id: UUID


Incoming = (
    Heartbeat
    | SignIn
    | SignOut
    | Ready
    | Pause
    | DeviceCheck
    | AcceptOffer
    | DeclineOffer
    | TransferOffer
    | TransferRequest
    | TransferOptions
    | MediaOffer
    | TakeSnapshot
    | SetTag
    | NoteTag
    | ChangeLoan
    | RetryLoan
    | InviteAgain
    | DeleteSnapshot
    | ChooseNext
    | TestNetwork
    | StartLoop
    | FinishLoop
    | SetMuted
    | SetGuide
    | ShowCard
    | WithdrawCard
    | AskStill
    | CancelStill
    | Admit
    | RecordCall
    | SeenAlarm
    | PlayItem
    | ControlPlay
    | StartShare
    | StopShare
    | AwaitCustomers
    | EndCall
    | SendChat
    | StepDone
    | FileVerdict
)
REQUESTS: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])
FromSupervisor = Heartbeat | Supervise | EndSupervision | MediaOffer | SetMuted
SUPERVISION: TypeAdapter[FromSupervisor] = TypeAdapter(
    Annotated[FromSupervisor, Field(discriminator="type")]
)


class Done(Frame):
    type: Literal["done"] = "done"
    id: str
    result: dict[str, Any] = {}


class Refused(Frame):
    type: Literal["refused"] = "refused"
    id: str
    code: str
    text: str = ""
    retryable: bool = False
    facts: dict[str, Any] = {}

    @classmethod
    def of(cls, request_id: str, refusal: DomainError) -> "Refused":
        return cls(
            id=request_id,
            code=refusal.code,
            text=refusal.text,
            retryable=refusal.retryable,
            facts=refusal.facts,
        )


class Push(Frame):
    seq: int


class Snapshot(Push):
    """Everything the page shows; sent whole after every change."""

    type: Literal["snapshot"] = "snapshot"
    state: dict[str, Any]


class Ring(Push):
    """A call rings, or rings no more: these keys of the state alone, at once."""

    type: Literal["ring"] = "ring"
    state: dict[str, Any]


class Line(Push):
    """The waiting line alone: the `queue` of the state, at most twice a second."""

    type: Literal["line"] = "line"
    queue: dict[str, Any]


class Passing(Push):
    """News of the moment that is not state: proof of recording, quality, who is in which slot."""

    type: Literal["proof", "quality", "slots", "playout", "media.reconnect"]
    leg_id: str | None = None
    participant_id: str | None = None
    payload: dict[str, Any] = {}
