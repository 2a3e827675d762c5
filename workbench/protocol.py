"""Frames of the seat's socket /ws/workbench/. Requests have an id; pushes carry seq."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from common.errors import DomainError

# Close codes, 4000–4999 (RFC 6455 §7.4.2)
NOT_LOGGED_IN = 4401
NOT_A_SEAT = 4403
BAD_FRAME = 4400
TAKEN_OVER = 4409  # another tab or machine of the same seat
BROKEN = 4500  # our fault; connect again
MAX_FRAME_CHARS = 220_000


class Frame(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Request(Frame):
    id: str = Field(max_length=64)


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


class DeclineOffer(Request):
    type: Literal["offer.decline"]
    offer_id: UUID


class MediaOffer(Request):
    type: Literal["media.offer"]
    sdp: str = Field(max_length=200_000)


class TakeSnapshot(Request):
    type: Literal["call.snapshot"]
    participant_id: UUID
    kind: Literal["id_card", "property", "risk", "other"] = "other"


class SetTag(Request):
    type: Literal["call.tag"]
    kind: Literal["risk", "key_point", "other"] = "risk"
    note: str = Field("", max_length=500)


class SetMuted(Request):
    type: Literal["call.mute"]
    muted: bool


class EndCall(Request):
    type: Literal["call.end"]


class SendChat(Request):
    type: Literal["chat.send"]
    text: str = Field(min_length=1, max_length=500)


class StepDone(Request):
    type: Literal["script.step"]
    order: int = Field(ge=0, le=500)
    title: str = Field(max_length=60)
    text: str = Field("", max_length=2000)
    done: bool = True


class FileVerdict(Request):
    type: Literal["verdict.file"]
    verdict: Literal["PASS", "DOUBT", "PARTIAL"]
    note: str = Field("", max_length=500)


Incoming = (
    Heartbeat
    | SignIn
    | SignOut
    | Ready
    | Pause
    | DeviceCheck
    | AcceptOffer
    | DeclineOffer
    | MediaOffer
    | TakeSnapshot
    | SetTag
    | SetMuted
    | EndCall
    | SendChat
    | StepDone
    | FileVerdict
)
REQUESTS: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])


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


class Passing(Push):
    """News of the moment that is not state: proof of recording, quality, who is in which slot."""

    type: Literal["proof", "quality", "slots", "media.reconnect"]
    leg_id: str | None = None
    participant_id: str | None = None
    payload: dict[str, Any] = {}
