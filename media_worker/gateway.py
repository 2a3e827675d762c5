"""Django's way to a media worker: one function per command, sync and async (prefix `a`).

Every function takes the worker's `control_url` first (selectors.choose_worker, or the worker the
call is pinned to). All raise MediaUnavailable when the worker cannot be reached or is broken,
CallNotOpen when it runs but does not know the call (reopen it with a higher epoch, then ask
again), and MediaRefused when it understood and will not (hostile SDP, unknown participant).
Nothing here may be called while a transaction is open: it is somebody else's network.
"""

import functools
import ssl
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from common.errors import DomainError
from media_worker import protocol as p

CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 5.0
CONNECT_LEG_TIMEOUT_S = 10.0  # asking STUN and TURN servers for addresses may take 5 s
SNAPSHOT_TIMEOUT_S = 8.0
PLAY_TIMEOUT_S = 20.0  # the item is there (fetch_item), the machine may be busy
CLOSE_TIMEOUT_S = 30.0  # hashes every file of the call

A = TypeVar("A", bound=p.Message)


class MediaUnavailable(DomainError):
    """No worker can do it now; the same request may work in a moment."""

    code = "media_unavailable"
    status = 503
    retryable = True
    message = _("音视频服务暂时不可用，请稍后再试。")


class SpoolFull(MediaUnavailable):
    """No worker's disk can hold the recording of a further call: it is refused, not recorded badly."""

    code = "spool_full"
    message = _("录像磁盘空间不足，暂不能接通新的通话，请联系运维。")


class MediaBusy(MediaUnavailable):
    """Every worker holds as many calls as it may, is late with those it has, or is to be stopped."""

    code = "media_busy"
    message = _("通话路数已满，请稍后再试。")


class ProbesFull(MediaUnavailable):
    """The worker carries as many network tests as it may beside its calls."""

    code = "network_tests_full"
    message = _("正在测试网络的人较多，请稍后再测。")


class CallNotOpen(MediaUnavailable):
    """The worker runs but does not hold this call, e.g. because it was restarted."""

    code = "media_call_not_open"


class ItemOnItsWay(MediaUnavailable):
    """The worker fetches the item and goes on with it: ask again in a second."""

    code = "item_on_its_way"
    message = _("素材正在传送（已完成 {percent}%），传完即播放。")
    retry_in_s = 1.0  # for the outbox: nothing went wrong


class MediaRefused(DomainError):
    """The worker understood the request and refuses it; `reason` is its stable code."""

    code = "media_refused"
    status = 409
    message = _("音视频服务拒绝了该请求。")


class ItemNotFetched(MediaRefused):
    """The worker is well and could not get the item's file, or keep it; it may in a moment."""

    code = "media_item_not_fetched"
    status = 503
    retryable = True
    message = _("素材暂时无法取到，请稍后再试。")


@dataclass(frozen=True)
class _Command(Generic[A]):
    method: str
    path: str
    answer: type[A]
    body: p.Message | None = None
    timeout_s: float = ANSWER_TIMEOUT_S

    def arguments(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "url": self.path,
            "json": None if self.body is None else self.body.model_dump(mode="json"),
        }

    def client(self, control_url: str) -> dict[str, Any]:
        return {
            "base_url": control_url,
            "timeout": httpx.Timeout(self.timeout_s, connect=CONNECT_TIMEOUT_S),
            "headers": {"Authorization": f"Bearer {settings.MEDIA_CONTROL_TOKEN}"},
            "verify": _tls(),
            "trust_env": False,
        }

    def read(self, response: httpx.Response) -> A:
        try:
            if response.is_success:
                return self.answer.model_validate_json(response.content)
            refusal = p.Refusal.model_validate_json(response.content)
        except ValidationError as broken:
            raise MediaUnavailable from broken
        if refusal.code == "call_not_open":
            raise CallNotOpen
        if refusal.code == "disk_full":
            raise SpoolFull
        if refusal.code in {"lagging", "draining"}:
            raise MediaBusy
        if refusal.code == "probes_full":
            raise ProbesFull
        if refusal.code in {"item_unavailable", "spool_unwritable"}:
            raise ItemNotFetched(reason=refusal.code)
        if response.status_code >= 500 or response.status_code == 401:
            raise MediaUnavailable
        raise MediaRefused(reason=refusal.code)


@functools.cache
def _tls() -> ssl.SSLContext:
    """One context for all clients: making one costs 20 ms."""
    return ssl.create_default_context()


def _ask(control_url: str, command: _Command[A]) -> A:
    try:
        with httpx.Client(**command.client(control_url)) as client:
            response = client.request(**command.arguments())
    except httpx.HTTPError as away:
        raise MediaUnavailable from away
    return command.read(response)


async def _aask(control_url: str, command: _Command[A]) -> A:
    try:
        async with httpx.AsyncClient(**command.client(control_url)) as client:
            response = await client.request(**command.arguments())
    except httpx.HTTPError as away:
        raise MediaUnavailable from away
    return command.read(response)


def _open(call_id: str, body: p.OpenCall) -> _Command[p.Opened]:
    return _Command("POST", f"/v1/calls/{call_id}/open", p.Opened, body)


def open_call(control_url: str, call_id: str, body: p.OpenCall) -> p.Opened:
    """Open or, with a higher epoch, reopen the call on this worker. Idempotent."""
    return _ask(control_url, _open(call_id, body))


async def aopen_call(control_url: str, call_id: str, body: p.OpenCall) -> p.Opened:
    return await _aask(control_url, _open(call_id, body))


def _connect(call_id: str, body: p.ConnectLeg) -> _Command[p.LegAnswer]:
    path = f"/v1/calls/{call_id}/legs"
    return _Command("POST", path, p.LegAnswer, body, CONNECT_LEG_TIMEOUT_S)


def connect_leg(control_url: str, call_id: str, body: p.ConnectLeg) -> p.LegAnswer:
    """Answer a client's offer. The participant's older leg is closed once this one connects."""
    return _ask(control_url, _connect(call_id, body))


async def aconnect_leg(control_url: str, call_id: str, body: p.ConnectLeg) -> p.LegAnswer:
    return await _aask(control_url, _connect(call_id, body))


def _close_leg(call_id: str, leg_id: str, reason: str) -> _Command[p.Done]:
    path = f"/v1/calls/{call_id}/legs/{leg_id}/close"
    return _Command("POST", path, p.Done, p.Reason(reason=reason))


def close_leg(control_url: str, call_id: str, leg_id: str, *, reason: str) -> p.Done:
    """Close one connection; closing what is closed is no error."""
    return _ask(control_url, _close_leg(call_id, leg_id, reason))


async def aclose_leg(control_url: str, call_id: str, leg_id: str, *, reason: str) -> p.Done:
    return await _aask(control_url, _close_leg(call_id, leg_id, reason))


def _mute(call_id: str, participant_id: str, muted: bool) -> _Command[p.Done]:
    body = p.Mute(participant_id=participant_id, muted=muted)
    return _Command("POST", f"/v1/calls/{call_id}/mute", p.Done, body)


def mute(control_url: str, call_id: str, participant_id: str, *, muted: bool) -> p.Done:
    """While muted nothing of the participant's sound is forwarded or recorded."""
    return _ask(control_url, _mute(call_id, participant_id, muted))


async def amute(control_url: str, call_id: str, participant_id: str, *, muted: bool) -> p.Done:
    return await _aask(control_url, _mute(call_id, participant_id, muted))


def _record(call_id: str, on: bool) -> _Command[p.Done]:
    return _Command("POST", f"/v1/calls/{call_id}/record", p.Done, p.Record(on=on))


def record(control_url: str, call_id: str, *, on: bool) -> p.Done:
    """Switch recording of every track of the call; legs that join later follow the switch."""
    return _ask(control_url, _record(call_id, on))


async def arecord(control_url: str, call_id: str, *, on: bool) -> p.Done:
    return await _aask(control_url, _record(call_id, on))


def _snapshot(call_id: str, body: p.TakeSnapshot) -> _Command[p.Snapshot]:
    path = f"/v1/calls/{call_id}/snapshot"
    return _Command("POST", path, p.Snapshot, body, SNAPSHOT_TIMEOUT_S)


def snapshot(control_url: str, call_id: str, body: p.TakeSnapshot) -> p.Snapshot:
    """A JPEG of the participant's present picture in full received size."""
    return _ask(control_url, _snapshot(call_id, body))


async def asnapshot(control_url: str, call_id: str, body: p.TakeSnapshot) -> p.Snapshot:
    return await _aask(control_url, _snapshot(call_id, body))


def put_still(control_url: str, call_id: str, body: p.PutStill) -> p.Snapshot:
    """Keep a JPEG from the participant's own camera beside the snapshots of the call."""
    path = f"/v1/calls/{call_id}/still"
    return _ask(control_url, _Command("POST", path, p.Snapshot, body, SNAPSHOT_TIMEOUT_S))


def fetch_item(control_url: str, key: str) -> None:
    """Have the worker fetch a prepared item. Raises ItemOnItsWay until it is there."""
    item = _ask(control_url, _Command("POST", f"/v1/items/{key}/fetch", p.ItemAtWorker))
    if not item.here:
        raise ItemOnItsWay(percent=100 * item.bytes // item.of_bytes if item.of_bytes else 0)


def _play(call_id: str, body: p.Play) -> _Command[p.PlayState]:
    return _Command("POST", f"/v1/calls/{call_id}/play", p.PlayState, body, PLAY_TIMEOUT_S)


def play(control_url: str, call_id: str, body: p.Play) -> p.PlayState:
    """Send a prepared item to everybody in the call. Idempotent by the play's id."""
    return _ask(control_url, _play(call_id, body))


async def aplay(control_url: str, call_id: str, body: p.Play) -> p.PlayState:
    return await _aask(control_url, _play(call_id, body))


def _control_play(call_id: str, body: p.PlayAct) -> _Command[p.PlayState]:
    return _Command("POST", f"/v1/calls/{call_id}/play/act", p.PlayState, body)


def control_play(control_url: str, call_id: str, body: p.PlayAct) -> p.PlayState:
    """Pause, go on, or stop."""
    return _ask(control_url, _control_play(call_id, body))


async def acontrol_play(control_url: str, call_id: str, body: p.PlayAct) -> p.PlayState:
    return await _aask(control_url, _control_play(call_id, body))


def _journal(call_id: str, note: p.JournalNote) -> _Command[p.JournalWritten]:
    return _Command("POST", f"/v1/calls/{call_id}/journal", p.JournalWritten, note)


def append_journal(control_url: str, call_id: str, note: p.JournalNote) -> p.JournalWritten:
    """On disk when this returns. Idempotent by the note's id."""
    return _ask(control_url, _journal(call_id, note))


async def aappend_journal(control_url: str, call_id: str, note: p.JournalNote) -> p.JournalWritten:
    return await _aask(control_url, _journal(call_id, note))


def _close(call_id: str, reason: str) -> _Command[p.CallClosed]:
    path = f"/v1/calls/{call_id}/close"
    return _Command("POST", path, p.CallClosed, p.Reason(reason=reason), CLOSE_TIMEOUT_S)


def close_call(control_url: str, call_id: str, *, reason: str) -> p.CallClosed:
    """Close legs and files; afterwards the call's folder is complete. Idempotent."""
    return _ask(control_url, _close(call_id, reason))


async def aclose_call(control_url: str, call_id: str, *, reason: str) -> p.CallClosed:
    return await _aask(control_url, _close(call_id, reason))


def proof(control_url: str, call_id: str) -> p.Proof:
    """What is being written right now."""
    return _ask(control_url, _Command("GET", f"/v1/calls/{call_id}/proof", p.Proof))


async def aproof(control_url: str, call_id: str) -> p.Proof:
    return await _aask(control_url, _Command("GET", f"/v1/calls/{call_id}/proof", p.Proof))


def health(control_url: str) -> p.Health:
    return _ask(control_url, _Command("GET", "/v1/health", p.Health))


async def ahealth(control_url: str) -> p.Health:
    return await _aask(control_url, _Command("GET", "/v1/health", p.Health))


def drain(control_url: str) -> p.Done:
    """Take no new calls; those that run go on (rolling restart)."""
    return _ask(control_url, _Command("POST", "/v1/drain", p.Done))
