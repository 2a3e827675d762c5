"""The worker's control server: parse, ask the room, answer. Decides nothing."""

import base64
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from media_worker import protocol as p
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.snapshot import Still
from media_worker.worker import Worker

logger = logging.getLogger(__name__)

WORKER = web.AppKey("worker", Worker)
TOKEN = web.AppKey("token", str)
BODY_BYTES_MAX = 17 << 20  # a still in base64
_ID = TypeAdapter(p.Id)
B = TypeVar("B", bound=p.Message)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(worker: Worker, token: str) -> web.Application:
    app = web.Application(middlewares=[_edge], client_max_size=BODY_BYTES_MAX)
    app[WORKER] = worker
    app[TOKEN] = token
    app.add_routes(
        [
            web.get("/v1/health", health),
            web.post("/v1/drain", drain),
            web.post("/v1/items/{key}/fetch", fetch_item),
            web.post("/v1/calls/{call_id}/open", open_call),
            web.post("/v1/calls/{call_id}/legs", connect_leg),
            web.post("/v1/calls/{call_id}/legs/{leg_id}/close", close_leg),
            web.post("/v1/calls/{call_id}/mute", mute),
            web.post("/v1/calls/{call_id}/record", record),
            web.post("/v1/calls/{call_id}/snapshot", snapshot),
            web.post("/v1/calls/{call_id}/still", put_still),
            web.post("/v1/calls/{call_id}/play", play),
            web.post("/v1/calls/{call_id}/play/act", control_play),
            web.post("/v1/calls/{call_id}/journal", journal),
            web.post("/v1/calls/{call_id}/close", close_call),
            web.get("/v1/calls/{call_id}/proof", proof),
        ]
    )
    return app


def _refuse(code: str, status: int, detail: str = "") -> web.Response:
    body = p.Refusal(code=code, detail=detail)
    return web.Response(text=body.model_dump_json(), status=status, content_type="application/json")


@web.middleware
async def _edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Authenticate, and turn every refusal into the one error body."""
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {request.app[TOKEN]}".encode()):
        return _refuse("unauthorized", 401)
    try:
        return await handler(request)
    except RoomRefused as refused:
        return _refuse(refused.code, refused.status, refused.detail)
    except ValidationError:
        return _refuse("bad_request", 400)
    except web.HTTPException as http:
        return _refuse("http", http.status)
    except Exception:
        # The edge of the process: logged once, answered, and the calls go on.
        logger.exception("%s failed", request.match_info.route.name or request.path)
        return _refuse("internal", 500)


def _answer(body: p.Message) -> web.Response:
    return web.Response(text=body.model_dump_json(), content_type="application/json")


async def _read(request: web.Request, model: type[B]) -> B:
    return model.model_validate_json(await request.read())


def _call_id(request: web.Request) -> str:
    return _ID.validate_python(request.match_info["call_id"])


async def health(request: web.Request) -> web.Response:
    return _answer(request.app[WORKER].health())


async def drain(request: web.Request) -> web.Response:
    request.app[WORKER].draining = True
    return _answer(p.Done())


async def open_call(request: web.Request) -> web.Response:
    body = await _read(request, p.OpenCall)
    return _answer(await request.app[WORKER].open_call(_call_id(request), body))


async def connect_leg(request: web.Request) -> web.Response:
    body = await _read(request, p.ConnectLeg)
    room = request.app[WORKER].room(_call_id(request))
    sdp, leg = await room.connect(
        participant_id=body.participant_id,
        leg_id=body.leg_id,
        name=body.name,
        role=body.role,
        offer_sdp=body.offer_sdp,
        publishes={kind for kind, on in body.media.model_dump().items() if on},
        muted=body.muted,
    )
    slots = [
        p.Slot(slot=pair.number, mid_audio=pair.mid_audio, mid_video=pair.mid_video)
        for pair in leg.slots
    ]
    return _answer(p.LegAnswer(answer_sdp=sdp, slots=slots))


async def close_leg(request: web.Request) -> web.Response:
    body = await _read(request, p.Reason)
    room = request.app[WORKER].room(_call_id(request))
    await room.close_leg(request.match_info["leg_id"], body.reason)
    return _answer(p.Done())


async def mute(request: web.Request) -> web.Response:
    body = await _read(request, p.Mute)
    request.app[WORKER].room(_call_id(request)).mute(body.participant_id, body.muted)
    return _answer(p.Done())


async def record(request: web.Request) -> web.Response:
    body = await _read(request, p.Record)
    request.app[WORKER].room(_call_id(request)).record(body.on)
    return _answer(p.Done())


async def fetch_item(request: web.Request) -> web.Response:
    key = _ID.validate_python(request.match_info["key"])
    return _answer(await request.app[WORKER].items.fetch_on(key))


async def play(request: web.Request) -> web.Response:
    body = await _read(request, p.Play)
    worker = request.app[WORKER]
    room = worker.room(_call_id(request))
    path = await worker.items.fetch(body.item_key)
    state = await room.play(body.play_id, path, title=body.title, start_ms=body.start_ms)
    return _answer(p.PlayState.model_validate(state))


async def control_play(request: web.Request) -> web.Response:
    body = await _read(request, p.PlayAct)
    room = request.app[WORKER].room(_call_id(request))
    return _answer(p.PlayState.model_validate(await room.control_play(body.play_id, body.act)))


async def snapshot(request: web.Request) -> web.Response:
    body = await _read(request, p.TakeSnapshot)
    room = request.app[WORKER].room(_call_id(request))
    return _kept(await room.snapshot(body.snapshot_id, body.participant_id))


async def put_still(request: web.Request) -> web.Response:
    body = await _read(request, p.PutStill)
    room = request.app[WORKER].room(_call_id(request))
    try:
        jpeg = base64.b64decode(body.jpeg_base64, validate=True)
    except ValueError:
        return _refuse("bad_request", 400)
    size = (body.width, body.height)
    return _kept(await room.put_still(body.snapshot_id, body.participant_id, jpeg, size))


def _kept(taken: tuple[Still, str, int]) -> web.Response:
    still, file, at_ms = taken
    return _answer(
        p.Snapshot(
            file=file,
            width=still.width,
            height=still.height,
            at_ms=at_ms,
            bytes=still.bytes,
            sha256=still.sha256,
        )
    )


async def journal(request: web.Request) -> web.Response:
    body = await _read(request, p.JournalNote)
    room = request.app[WORKER].room(_call_id(request))
    seq, at_ms = await room.write_note(body.id, body.kind, body.at_ms, body.payload)
    return _answer(p.JournalWritten(seq=seq, at_ms=at_ms))


async def close_call(request: web.Request) -> web.Response:
    body = await _read(request, p.Reason)
    return _answer(await request.app[WORKER].close_call(_call_id(request), body.reason))


async def proof(request: web.Request) -> web.Response:
    room = request.app[WORKER].room(_call_id(request))
    return _answer(p.Proof.model_validate(room.proof()))
