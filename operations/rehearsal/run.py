"""One interview through the real interfaces: REST, sockets, WebRTC, Celery, storage."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings

from recordings.models import Recording
from recordings.states import FINAL, Stage
from recordings.storage import store

from . import setting
from .client import Peer, Socket
from .readback import skew_ms

SEAT_TONE_HZ, CUSTOMER_TONE_HZ = 700, 1500
STORED_WITHIN_S = 120
T = TypeVar("T")


class RehearsalFailed(Exception):
    """Which step did not happen."""


@dataclass
class Report:
    """Times in ms and s; `skew_ms` is the largest flash-to-beep distance in the stored MP4."""

    ok: bool = False
    step: str = "prepare"
    problem: str = ""
    connect_ms: int | None = None
    recorded_s: float | None = None
    skew_ms: float | None = None
    mp4_path: str | None = None
    mp4_bytes: int | None = None
    task_state: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def rehearse(base_url: str, *, talk_s: float) -> Report:
    """Run it all; a failure is in the report, and nothing is left behind either way."""
    report = Report()
    try:
        stage = await sync_to_async(setting.prepare)()
        call_id = await _interview(base_url, stage, talk_s, report)
        report.step = "store"
        await _fetch_recording(call_id, report)
        report.task_state = await sync_to_async(setting.state_of)(stage.task_id)
        report.ok = report.task_state == "PASSED" and report.skew_ms is not None
        report.step = "done" if report.ok else "check"
    except Exception as error:  # noqa: BLE001 - the self-check reports whatever went wrong
        report.problem = f"{type(error).__name__}: {error}"
    finally:
        await sync_to_async(setting.clear_away)()
    return report


async def _log_in(base_url: str, password: str) -> str:
    """The session cookie header of the rehearsal's seat."""
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as web:
        await web.get("/login")
        token = next(value for name, value in web.cookies.items() if "csrftoken" in name)
        answer = await web.post(
            "/login",
            data={
                "username": setting.STAFF_NO,
                "password": password,
                "csrfmiddlewaretoken": token,
                "next": "/workbench/",
            },
            headers={"Referer": base_url},
        )
        if answer.status_code != httpx.codes.FOUND:
            raise RehearsalFailed(f"log-in answered {answer.status_code}")
        return "; ".join(f"{name}={value}" for name, value in web.cookies.items())


async def _admit(base_url: str, stage: setting.Setting) -> tuple[str, int]:
    """Ticket, admission, consent, call-in: the customer's token and how many slots to offer."""
    key = next(iter(settings.PARTNER_API_KEYS.values()))
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=10) as web:

        async def post(path: str, body: dict[str, Any], bearer: str) -> dict[str, Any]:
            answer = await web.post(path, json=body, headers={"Authorization": f"Bearer {bearer}"})
            if not answer.is_success:
                raise RehearsalFailed(f"{path} answered {answer.status_code} {answer.text[:200]}")
            found: dict[str, Any] = answer.json()
            return found

        ticket = await post(
            "/api/partner/v1/tickets",
            {
                "task_id": stage.task_id,
                "party_id": stage.party_id,
                "channel_code": setting.CHANNEL,
            },
            key,
        )
        admitted = await post("/api/sdk/v1/admission", {"ticket": ticket["ticket"]}, "none")
        token = str(admitted["token"])
        session = admitted.get("session", admitted)
        await post("/api/sdk/v1/consent", {"text_version": session["consent"]["version"]}, token)
        await post("/api/sdk/v1/calls", {}, token)
        return token, int(session["remote_slots"])


async def _interview(base_url: str, stage: setting.Setting, talk_s: float, report: Report) -> str:
    report.step = "log in"
    cookies = await _log_in(base_url, stage.password)
    sockets = base_url.replace("http", "ws", 1)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    async with Socket(
        f"{sockets}/ws/workbench/", origin=origin, headers={"Cookie": cookies}
    ) as seat:
        report.step = "sign in"
        await seat.ask(
            "device_check.pass", camera="rehearsal", microphone="rehearsal",
            width=640, height=480, level=0.5,
        )  # fmt: skip
        await seat.ask("presence.sign_in")
        report.step = "call in"
        token, slots = await _admit(base_url, stage)
        async with Socket(f"{sockets}/ws/sdk/v1/", origin=origin) as customer:
            await customer.ask("hello", token=token)
            report.step = "offer"
            offer = await seat.until(
                lambda state, _: state.get("offer"), within_s=20, what="the offer"
            )
            accepted_at = time.monotonic()
            call_id = str((await seat.ask("offer.accept", offer_id=offer["offer_id"]))["call_id"])
            report.step = "connect"
            clock = time.monotonic() + 0.3
            ours = Peer(clock=clock, tone_hz=SEAT_TONE_HZ)
            theirs = Peer(clock=clock, tone_hz=CUSTOMER_TONE_HZ)
            try:
                for socket, peer in ((seat, ours), (customer, theirs)):
                    answer = await socket.ask("media.offer", sdp=await peer.offer(slots))
                    await peer.accept(answer["answer_sdp"])
                await seat.until(
                    lambda state, _: (state.get("call") or {}).get("state") == "LIVE",
                    within_s=15,
                    what="both sides connected",
                )
                report.connect_ms = round((time.monotonic() - accepted_at) * 1000)
                report.step = "talk"
                await _talk(seat, theirs, talk_s)
                report.step = "hang up"
                await seat.ask("call.end")
            finally:
                await asyncio.gather(ours.close(), theirs.close())
            await customer.until(
                lambda state, _: state.get("phase") == "ended",
                within_s=10,
                what="the customer's completion message",
            )
        report.step = "verdict"
        await seat.ask("verdict.file", verdict="PASS")
        await seat.ask("presence.sign_out")
    return call_id


async def _talk(seat: Socket, customer: Peer, talk_s: float) -> None:
    """A snapshot, a tag, and proof that bytes are written, over `talk_s` seconds of pictures."""
    participant = next(
        place["id"] for place in seat.state["call"]["participants"] if place["role"] == "customer"
    )
    await seat.ask("call.snapshot", participant_id=participant, kind="id_card")
    await seat.ask("call.tag", kind="key_point", note="rehearsal")
    until = customer.camera.counter + round(talk_s * customer.camera.fps)
    async with asyncio.timeout(talk_s + 30):
        await customer.camera.reached(until)
    if not any(push["type"] == "proof" for push in seat.pushes):
        raise RehearsalFailed("no proof of recording was shown")


async def _fetch_recording(call_id: str, report: Report) -> None:
    recording = await _wait_for(
        lambda: Recording.objects.filter(call_id=call_id, stage__in=FINAL).first()
    )
    if recording.stage != Stage.STORED:
        raise RehearsalFailed(f"recording ended as {recording.stage}")
    folder = Path(settings.RUN_DIR) / "rehearsals"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{call_id}.mp4"

    def fetch() -> None:
        with store().open(recording.storage_key) as stored:
            path.write_bytes(stored.read())
        report.mp4_path, report.mp4_bytes = str(path), path.stat().st_size
        report.recorded_s = round(recording.duration_ms / 1000, 1)
        report.skew_ms = skew_ms(path, CUSTOMER_TONE_HZ)

    await sync_to_async(fetch)()


async def _wait_for(fact: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + STORED_WITHIN_S
    while time.monotonic() < deadline:
        found = await sync_to_async(fact)()
        if found is not None:
            return found
        await asyncio.sleep(0.3)
    raise RehearsalFailed(f"the recording was not stored within {STORED_WITHIN_S} s")
