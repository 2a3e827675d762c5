"""Frames of /ws/sdk/v1/, both ways. The AsyncAPI description is made from these types.

Close codes:
  4400 the first frame was not a `hello`, or a frame was no JSON object
  4401 no valid token within the time for `hello`; also when the token ends while connected
  4403 the page that opened the socket comes from an origin that is not allowed
  4408 nothing was heard for three heartbeats
  4409 a frame was larger than allowed
  4429 too many frames, or too many sockets of one address that did not say who they are
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from common.errors import DomainError

from .policy import MAX_CHAT_CHARS, MAX_FRAME_BYTES

BAD_HELLO = 4400
NOT_ADMITTED = 4401
BAD_ORIGIN = 4403
SILENT = 4408
TOO_LARGE = 4409
TOO_MANY = 4429


# PostgreSQL keeps no NUL in a text.
NO_NUL = r"^[^\x00]*$"


class Frame(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Request(Frame):
    """`id` is chosen by the client and comes back in `done` or `refused`."""

    id: str = Field(min_length=1, max_length=64)


class Hello(Request):
    """The first frame: who is it. The token never travels in an address."""

    type: Literal["hello"]
    token: str = Field(max_length=200)


class MediaOffer(Request):
    """A new connection for the party's place: after `connecting`, a loss, or `media.reconnect`."""

    type: Literal["media.offer"]
    sdp: str = Field(max_length=MAX_FRAME_BYTES, pattern=NO_NUL)
    reason: Literal["first", "lost", "stalled", "told", "returned"] = "first"


class ChatSend(Request):
    type: Literal["chat.send"]
    text: str = Field(min_length=1, max_length=MAX_CHAT_CHARS, pattern=NO_NUL)


class DeviceReport(Request):
    """What the seat should know of the device: a phone call took the camera, it is back, …"""

    type: Literal["device.report"]
    what: Literal[
        "camera_interrupted",
        "camera_back",
        "camera_failed",
        "microphone_muted",
        "microphone_on",
        "face_missing",
        "face_back",
        "option_declined",
        "rescue_failed",
    ]
    reason: str = Field("", max_length=40, pattern=r"^[a-z0-9_]*$")


class Leave(Request):
    type: Literal["leave"]


class Heartbeat(Request):
    type: Literal["heartbeat"]


Incoming = Annotated[
    Hello | MediaOffer | ChatSend | DeviceReport | Leave | Heartbeat, Field(discriminator="type")
]
REQUESTS: TypeAdapter[Incoming] = TypeAdapter(Incoming)


class Done(Frame):
    type: Literal["done"] = "done"
    id: str
    result: dict[str, Any] = Field(default_factory=dict)


class Refused(Frame):
    type: Literal["refused"] = "refused"
    id: str
    code: str
    text: str = ""
    retryable: bool = False
    facts: dict[str, Any] = Field(default_factory=dict)

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
    """`seq` counts from 1 on each socket; a gap means: something was lost, connect again."""

    seq: int


class State(Push):
    """The whole snapshot (selectors.state_view), whenever something changed."""

    type: Literal["state"] = "state"
    state: dict[str, Any]


class Place(Push):
    """Where the own request stands now: the `request.queue` of the state, between two of them."""

    type: Literal["place"] = "place"
    queue: dict[str, Any]


class SlotHolder(Frame):
    slot: int
    participant_id: str | None


class Slots(Push):
    """Who comes through which pair of receive-only lines of the connection `leg_id`."""

    type: Literal["slots"] = "slots"
    leg_id: str
    slots: list[SlotHolder]


class MediaReconnect(Push):
    """The media worker was replaced: make a new connection now, unless yours is of this epoch."""

    type: Literal["media.reconnect"] = "media.reconnect"
    media_epoch: int


class Ended(Push):
    """SDK-8; follows the last `state`."""

    type: Literal["ended"] = "ended"
    message: str
    receipt_no: str


class Quality(Push):
    """The network of the own connection, as the media worker sees it; loss in percent."""

    type: Literal["quality"] = "quality"
    loss_up: float
    loss_down: float
    rtt_ms: float | None


class PlayOut(Push):
    """Where the item that is played to everybody is; `state.call.playout` says which it is."""

    type: Literal["playout"] = "playout"
    id: str
    position_ms: int


Outgoing = Done | Refused | State | Place | Slots | MediaReconnect | Ended | Quality | PlayOut
