"""Stock aiortc peers with pictures and sounds a machine can read, and the worker they talk to.

The picture carries a 16-bit frame counter in its top row and a bar that flashes for 0.2 s at every
full second of the peer's clock; the sound beeps at the same time. What a subscriber sees or what a
file holds can therefore be checked frame by frame, and sound against picture.
"""

import asyncio
import contextlib
import fractions
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aioice.ice
import av
import numpy as np
import numpy.typing as npt
from aiohttp import web
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCRtpSender

from media_worker import gateway
from media_worker import protocol as p
from tests.support.network import Path as NetworkPath

aioice.ice.CONSENT_FAILURES = 60  # a test's process that is held up is no lost peer
ROOT = Path(__file__).resolve().parent.parent.parent
BITS = 16
FLASH_S = 0.2
Picture = npt.NDArray[np.uint8]


# --- pictures and sounds -----------------------------------------------------------------------


def draw(number: int, at_s: float, width: int = 320, height: int = 240) -> Picture:
    """Luma of frame `number`, `at_s` seconds on the peer's clock."""
    luma = np.full((height, width), 90, np.uint8)
    cell = width // 20
    for bit in range(BITS):
        luma[8:32, cell * bit : cell * (bit + 1)] = 235 if number >> bit & 1 else 16
    luma[height - 80 : height - 16, 16 : width - 16] = 235 if at_s % 1.0 < FLASH_S else 16
    x = number * 4 % (width - 64)
    luma[height // 2 - 24 : height // 2 + 24, x : x + 48] = 180
    return luma


def to_frame(luma: Picture) -> av.VideoFrame:
    height, width = luma.shape
    planes = np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)])
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv420p")


def read_picture(frame: av.VideoFrame) -> tuple[int, bool]:
    """(frame counter, flash)."""
    luma = frame.reformat(format="gray").to_ndarray()
    height, width = luma.shape
    cell = width // 20
    number = 0
    for bit in range(BITS):
        inner = luma[14:26, cell * bit + 4 : cell * (bit + 1) - 4]
        number |= int(inner.mean() > 125) << bit
    return number, bool(luma[height - 70 : height - 26, 60 : width - 60].mean() > 125)


def read_sound(frame: av.AudioFrame) -> float:
    """Root mean square, 0 to 1."""
    samples = frame.to_ndarray().astype(np.float64) / 32768
    return float(np.sqrt((samples**2).mean()))


class PeerClock:
    """Starts when the first track is asked for media, so that nothing is sent in a burst."""

    start: float | None = None

    async def wait_until(self, at_s: float) -> None:
        if self.start is None:
            self.start = time.monotonic()
        await asyncio.sleep(max(0.0, self.start + at_s - time.monotonic()))


class Camera(MediaStreamTrack):
    """`number` is that of the next frame; it begins at `first_number`."""

    kind = "video"

    def __init__(
        self,
        clock: PeerClock,
        *,
        fps: int = 15,
        size: tuple[int, int] = (320, 240),
        first_number: int = 0,
    ) -> None:
        super().__init__()
        self.number = first_number
        self.size = size
        self._clock, self._fps, self._first_number = clock, fps, first_number

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        at_s = (self.number - self._first_number) / self._fps
        await self._clock.wait_until(at_s)
        frame = to_frame(draw(self.number & 0xFFFF, at_s, *self.size))
        frame.pts = int(at_s * 90_000)
        frame.time_base = fractions.Fraction(1, 90_000)
        self.number += 1
        return frame


class Microphone(MediaStreamTrack):
    """20 ms of sound each time; of `every` such pieces one is sent."""

    kind = "audio"

    def __init__(self, clock: PeerClock, *, every: int = 1) -> None:
        super().__init__()
        self._clock, self._number, self._every = clock, 0, every

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        at_s = self._number * 0.02
        await self._clock.wait_until(at_s)
        moments = at_s + np.arange(960) / 48_000
        tone = np.where(moments % 1.0 < FLASH_S, 0.5 * np.sin(2 * np.pi * 1000 * moments), 0)
        samples = (tone * 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = 48_000
        frame.pts = self._number * 960
        frame.time_base = fractions.Fraction(1, 48_000)
        self._number += self._every
        return frame


def make_item(path: Path, *, seconds: float, fps: int = 15) -> Path:
    """A prepared item: numbered pictures and a beep a second, VP8 and Opus in Matroska."""
    with av.open(str(path), "w", format="matroska") as out:
        video: Any = out.add_stream("libvpx", rate=fps)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.codec_context.gop_size = fps * 2
        video.options = {"deadline": "realtime", "auto-alt-ref": "0", "lag-in-frames": "0"}
        audio: Any = out.add_stream("libopus", rate=48_000)
        audio.layout = "mono"
        for number in range(int(seconds * fps)):
            frame = to_frame(draw(number, number / fps))
            frame.pts, frame.time_base = number, fractions.Fraction(1, fps)
            out.mux(video.encode(frame))
        for number in range(int(seconds * 50)):
            moments = number * 0.02 + np.arange(960) / 48_000
            tone = np.where(moments % 1.0 < FLASH_S, 0.5 * np.sin(2 * np.pi * 1000 * moments), 0)
            sound = av.AudioFrame.from_ndarray(
                (tone * 32_767).astype(np.int16)[None, :], format="s16", layout="mono"
            )
            sound.sample_rate, sound.pts = 48_000, number * 960
            sound.time_base = fractions.Fraction(1, 48_000)
            out.mux(audio.encode(sound))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


# --- reading files back ------------------------------------------------------------------------


@dataclass(frozen=True)
class VideoRead:
    numbers: list[int]
    times_s: list[float]
    flashes: list[bool]
    sizes: set[tuple[int, int]]

    @property
    def missing(self) -> int:
        """Frames that the counter says should be between the first and the last."""
        return self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers)

    def flash_starts_s(self) -> list[float]:
        pairs = zip(self.flashes, self.flashes[1:], self.times_s[1:], strict=False)
        return [at for before, after, at in pairs if after and not before]


def seconds(frame: av.VideoFrame | av.AudioFrame) -> float:
    """Presentation time from the file's start."""
    assert frame.pts is not None
    assert frame.time_base is not None
    return float(frame.pts * frame.time_base)


def read_video(path: Path) -> VideoRead:
    read = VideoRead([], [], [], set())
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            number, flash = read_picture(frame)
            read.numbers.append(number)
            read.times_s.append(seconds(frame))
            read.flashes.append(flash)
            read.sizes.add((frame.width, frame.height))
    return read


def read_beep_starts_s(path: Path) -> list[float]:
    starts: list[float] = []
    loud = False
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(
                frame.to_ndarray()
                .astype(np.float64)
                .reshape(
                    -1, 2 if frame.layout.nb_channels == 2 and not frame.format.is_planar else 1
                )[:, 0]
            )
            scale = 1.0 if "flt" in frame.format.name else 32_768
            at = seconds(frame)
            block = samples.shape[0] // 8
            for index in range(8):
                level = samples[index * block : (index + 1) * block].max() / scale
                if level > 0.2 and not loud:
                    starts.append(at + index * block / frame.sample_rate)
                    loud = True
                elif level < 0.02:
                    loud = False
    return starts


# --- the worker and Django's side --------------------------------------------------------------


@dataclass
class WebStub:
    """Takes what the worker tells Django; `accepting` False makes it answer 503.

    A batch with an event of a kind in `refused_kinds` is refused for good, what stands before it taken.
    """

    url: str = ""
    accepting: bool = True
    refused_kinds: frozenset[str] = frozenset()
    events: list[p.Event] = field(default_factory=list)
    heartbeats: list[p.Heartbeat] = field(default_factory=list)
    items: dict[str, Path] = field(default_factory=dict)
    item_parts: list[str] = field(default_factory=list)  # as they were asked for
    breaks_off_after: list[int] = field(default_factory=list)  # bytes, of the next answers
    before_break: Callable[[int], Awaitable[None]] | None = (
        None  # told how much has been sent in all
    )

    async def _on_events(self, request: web.Request) -> web.Response:
        if not self.accepting:
            return web.Response(status=503)
        batch = p.EventBatch.model_validate_json(await request.read())
        for event in batch.events:
            if event.kind in self.refused_kinds:
                return web.Response(status=422)
            if event not in self.events:
                self.events.append(event)
        return web.Response(status=204)

    async def _on_heartbeat(self, request: web.Request) -> web.Response:
        self.heartbeats.append(p.Heartbeat.model_validate_json(await request.read()))
        return web.Response(status=204)

    async def _on_item(self, request: web.Request) -> web.StreamResponse:
        path = self.items.get(request.match_info["key"])
        self.item_parts.append(request.headers.get("Range", ""))
        if path is None:
            return web.Response(status=404)
        if not self.breaks_off_after:
            return web.FileResponse(path)
        sent = self.breaks_off_after.pop(0)
        first = int(self.item_parts[-1].removeprefix("bytes=").removesuffix("-") or 0)
        content = path.read_bytes()
        answer = web.StreamResponse(status=206)
        answer.headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        answer.content_length = len(content) - first
        await answer.prepare(request)
        await answer.write(content[first : first + sent])
        if sent and self.before_break is not None:
            await self.before_break(first + sent)
        assert request.transport is not None
        request.transport.close()
        return answer

    def put_item(self, path: Path) -> str:
        """The item's key."""
        key = f"1-{hashlib.sha256(path.read_bytes()).hexdigest()[: p.ITEM_SHA_CHARS]}"
        self.items[key] = path
        return key

    async def _on_sdk(self, request: web.Request) -> web.StreamResponse:
        """The modules that apps use, as they are."""
        return web.FileResponse(ROOT / "static" / "sdk" / request.match_info["name"])

    async def _on_page(self, request: web.Request) -> web.Response:
        """An empty page: browsers open cameras only on a real origin."""
        return web.Response(text="<!doctype html><title>peer</title>", content_type="text/html")

    def of(self, kind: str, leg_id: str | None = None) -> list[p.Event]:
        return [e for e in self.events if e.kind == kind and leg_id in (None, e.leg_id)]


@contextlib.asynccontextmanager
async def web_stub() -> AsyncIterator[WebStub]:
    stub = WebStub()
    app = web.Application()
    app.router.add_post(p.EVENTS_PATH, stub._on_events)
    app.router.add_get("/", stub._on_page)
    app.router.add_get("/sdk/{name:[a-z-]+[.]js}", stub._on_sdk)
    app.router.add_get(p.ITEMS_PATH + "{key}", stub._on_item)
    app.router.add_post(p.HEARTBEAT_PATH, stub._on_heartbeat)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        await runner.cleanup()


class WorkerProcess:
    """A real `python -m media_worker`."""

    def __init__(
        self,
        spool: Path,
        web_url: str,
        token: str,
        worker_id: str = "w1",
        *,
        prefix: Sequence[str] = (),
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`prefix` is a command that starts the worker's, `options` are further ones of its own."""
        self.spool = spool
        command = [*prefix, sys.executable, "-m", "media_worker", "--web-url", web_url]
        command += ["--spool", str(spool), "--worker-id", worker_id, *options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "MEDIA_CONTROL_TOKEN": token, **(env or {})},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.control_url = self.process.stdout.readline().strip()
        if not self.control_url:
            raise RuntimeError("the media worker did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def terminate(self) -> int:
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        code = self.process.wait(timeout=15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def worker_process(
    spool: Path, web_url: str, token: str, **options: Any
) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(spool, web_url, token, **options)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.kill()


# --- peers -------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What came through one slot."""

    pictures: list[tuple[float, int, bool]] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    sounds: list[tuple[float, float]] = field(default_factory=list)

    async def wait_for(self, *, pictures: int) -> None:
        await until(lambda: len(self.pictures) > pictures, f"{pictures} pictures come")

    def loud_since(self, moment: float) -> bool:
        return any(level > 0.1 for at, level in self.sounds if at >= moment)


class Peer:
    """One stock aiortc client: publishes a camera and a microphone, watches its slots.

    A `sparse` one sends a few pictures and pieces of sound a second: many fit into one process. It
    asks for keyframes as browsers do; the stock client waits for ever when its first one was lost.
    """

    def __init__(
        self, *, slots: int = 1, first_number: int = 0, watch: bool = True, sparse: bool = False
    ) -> None:
        clock = PeerClock()
        self.camera = Camera(clock, first_number=first_number, fps=2 if sparse else 15)
        self.microphone = Microphone(clock, every=10 if sparse else 1)
        self.seen = [Seen() for _ in range(slots)]
        self._watch, self._asks = watch, sparse
        self._tasks: list[asyncio.Task[None]] = []
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.connection.addTransceiver(self.microphone, direction="sendonly")
        self.connection.addTransceiver(self.camera, direction="sendonly")
        for _ in range(slots):
            self.connection.addTransceiver("audio", direction="recvonly")
            self.connection.addTransceiver("video", direction="recvonly")
        for transceiver in self.connection.getTransceivers():
            if transceiver.kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                keep = [c for c in codecs if c.name in ("VP8", "rtx")]
                transceiver.setCodecPreferences(keep)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer_sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer_sdp, "answer"))
        for index, transceiver in enumerate(self.connection.getTransceivers()[2:]):
            track = transceiver.receiver.track
            self._tasks.append(asyncio.create_task(self._consume(track, self.seen[index // 2])))
        if self._asks:
            self._tasks.append(asyncio.create_task(self._ask_for_keyframes()))

    async def join(
        self,
        control_url: str,
        call_id: str,
        participant_id: str,
        leg_id: str,
        role: Any = "seat",
        muted: bool = False,
        path: NetworkPath | None = None,
    ) -> p.LegAnswer:
        """Connect to the call, through `path` if there is one, and wait until media can flow."""
        offer = await self.offer()
        body = p.ConnectLeg(
            participant_id=participant_id,
            leg_id=leg_id,
            name=participant_id,
            role=role,
            offer_sdp=offer if path is None else path.offer(offer),
            muted=muted,
        )
        answer = await gateway.aconnect_leg(control_url, call_id, body)
        sdp = answer.answer_sdp
        await self.accept(sdp if path is None else path.answer(sdp))
        await until(lambda: self.connection.connectionState == "connected", "the peer connects", 30)
        return answer

    def lose(self, *, up: float = 0.0, down: float = 0.0, seed: int = 1) -> None:
        """From now on lose this share of the RTP packets on their way to and from the worker."""
        transport: Any = self.connection.getTransceivers()[0].receiver.transport
        chance = random.Random(seed)
        send, handle = transport._send_rtp, transport._handle_rtp_data

        async def send_some(data: bytes) -> None:
            if 191 < data[1] < 224 or chance.random() >= up:
                await send(data)

        async def handle_some(data: bytes, arrival_time_ms: int) -> None:
            if chance.random() >= down:
                await handle(data, arrival_time_ms=arrival_time_ms)

        transport._send_rtp, transport._handle_rtp_data = send_some, handle_some

    async def _ask_for_keyframes(self) -> None:
        while not all(seen.pictures for seen in self.seen):
            await asyncio.sleep(3)
            for index, transceiver in enumerate(self.connection.getTransceivers()[2:]):
                receiver: Any = transceiver.receiver
                if transceiver.kind == "video" and not self.seen[index // 2].pictures:
                    for ssrc in list(receiver._RTCRtpReceiver__remote_streams):
                        await receiver._send_rtcp_pli(ssrc)

    async def _consume(self, track: MediaStreamTrack, seen: Seen) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            now = time.monotonic()
            if isinstance(frame, av.VideoFrame):
                seen.sizes.append((frame.width, frame.height))
                if self._watch:
                    seen.pictures.append((now, *read_picture(frame)))
            elif isinstance(frame, av.AudioFrame):
                seen.sounds.append((now, read_sound(frame)))

    async def close(self) -> None:
        await self.connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def until(fact: Callable[[], Any], what: str, deadline_s: float = 10.0) -> Any:
    """Wait for a fact; AssertionError with its name when it does not come about in time."""
    end = time.monotonic() + deadline_s
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        await asyncio.sleep(0.02)
