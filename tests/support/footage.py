"""Calls that nobody held: raw folders as the media worker leaves them, and input for a fake camera.

Everything shown and heard follows the call's clock: frame n says n and is due at n / fps seconds, a
flash and a beep begin with every whole second. What a test reads back can therefore be placed exactly.
"""

import hashlib
import json
import math
import wave
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from . import picture

T0_UNIX_MS = 1_790_000_000_000
SAMPLE_RATE = 48_000
OPUS_FRAME_S = 0.02
MS = Fraction(1, 1000)


@dataclass(frozen=True)
class Take:
    """One file pair of one connection: seconds on the call's clock.

    `arrival_ms` delays the journal's anchors of (video, audio) as a slow network does; with `reports`
    the sender reports tell the truth about it.
    """

    participant_id: str
    name: str
    role: str
    from_s: float
    until_s: float
    who: int = 1
    tone_hz: int = 1000
    leg_no: int = 1
    part: int = 1
    size: tuple[int, int] = (320, 240)
    fps: int = 15
    epoch: int = 1
    audio: bool = True
    video: bool = True
    arrival_ms: tuple[int, int] = (0, 0)
    reports: bool = False
    ended: bool = True
    noise: int = 0
    level: float = 0.4
    speaks: bool = False  # without a pause, instead of the beeps

    def file(self, kind: str) -> str:
        name = f"{self.participant_id}.{self.leg_no}.{kind}.e{self.epoch}.{self.part:03d}.mkv"
        return f"tracks/{name}"

    @property
    def leg_id(self) -> str:
        return f"{self.participant_id}-leg-{self.leg_no}"


def tone(from_s: float, count: int, hz: int, level: float = 0.4) -> npt.NDArray[np.int16]:
    """`count` samples of the beeping microphone from a moment of the call's clock on."""
    at = from_s + np.arange(count) / SAMPLE_RATE
    on = (at + 1e-9) % picture.PERIOD_S < picture.FLASH_S
    return (np.where(on, level * np.sin(2 * np.pi * hz * at), 0.0) * 32767).astype(np.int16)


def voice(from_s: float, count: int, hz: int, level: float = 0.4) -> npt.NDArray[np.int16]:
    """`count` samples of somebody who never stops: harmonics of a swaying pitch, syllables, breath."""
    at = from_s + np.arange(count) / SAMPLE_RATE
    pitch = 2 * np.pi * (hz * at + 4 * np.sin(2 * np.pi * 0.7 * at))
    overtones = np.arange(1, 3400 // hz)[:, None]
    timbre = sum(np.exp(-(((overtones * hz - peak) / 260) ** 2)) for peak in (500, 1500, 2500))
    sung = (np.sin(overtones * pitch) * (timbre + 0.05) / np.sqrt(overtones)).sum(axis=0)
    breath = np.random.default_rng(round(from_s * 1000)).normal(0, 0.15, count)
    syllable = 0.55 + 0.45 * np.sin(2 * np.pi * 3.7 * at)
    spoken = level * 0.25 * (sung + breath) * syllable
    return (np.clip(spoken, -1, 1) * 32767).astype(np.int16)


def write_video(path: Path, take: Take) -> None:
    """VP8 in Matroska; timestamp 0 is the take's beginning."""
    width, height = take.size
    ground = picture.background(width, height, seed=take.who)
    rng = np.random.default_rng(take.who)
    with av.open(str(path), "w", format="matroska") as container:
        stream: Any = container.add_stream("libvpx", rate=take.fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 600_000 if width <= 320 else 1_200_000
        stream.codec_context.time_base = MS
        stream.codec_context.gop_size = take.fps * 2
        stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        chroma = np.full((height // 2, width), 128, np.uint8)
        first = math.ceil(take.from_s * take.fps - 1e-6)
        for n in range(first, round(take.until_s * take.fps)):
            gray = picture.draw(ground, take.who, n, picture.is_flash(n / take.fps))
            if take.noise:
                grain = rng.integers(-take.noise, take.noise + 1, gray.shape)
                gray = np.clip(gray.astype(np.int16) + grain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.concatenate([gray, chroma]), "yuv420p")
            frame.pts, frame.time_base = round((n / take.fps - take.from_s) * 1000), MS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_audio(path: Path, take: Take) -> None:
    """Opus in Matroska; timestamp 0 is the take's first sample."""
    count = round(SAMPLE_RATE * OPUS_FRAME_S)
    with av.open(str(path), "w", format="matroska") as container:
        stream: Any = container.add_stream("libopus", rate=SAMPLE_RATE)
        stream.layout, stream.bit_rate = "mono", 24_000
        for n in range(round((take.until_s - take.from_s) / OPUS_FRAME_S)):
            sound = voice if take.speaks else tone
            samples = sound(take.from_s + n * OPUS_FRAME_S, count, take.tone_hz, take.level)
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], "s16", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, n * count
            frame.time_base = Fraction(1, SAMPLE_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@dataclass
class Journal:
    path: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, at_s: float, kind: str, *, epoch: int = 1, **payload: Any) -> None:
        at_ms = round(at_s * 1000)
        stamp = {"at_ms": at_ms, "unix_ms": T0_UNIX_MS + at_ms, "epoch": epoch, "kind": kind}
        self.lines.append(stamp | payload)

    def write(self) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            for seq, line in enumerate(self.lines, start=1):
                file.write(json.dumps({"seq": seq} | line, ensure_ascii=False) + "\n")


def make_call_folder(
    spool: Path, call_id: str, takes: list[Take], seconds: float, *, closed: bool = True
) -> Path:
    """A call's folder in `spool`, journal written last. Returns the folder."""
    folder = spool / call_id
    (folder / "tracks").mkdir(parents=True)
    (folder / "snapshots").mkdir()
    journal = Journal(folder / "journal.jsonl")
    journal.add(0, "call.opened", t0_unix_ms=T0_UNIX_MS)
    journal.add(0, "worker.started", worker_id="w1")
    ends: dict[str, tuple[Take, float]] = {}
    epoch = 1
    for take in sorted(takes, key=lambda t: t.from_s):
        if take.epoch > epoch:
            epoch = take.epoch
            journal.add(take.from_s, "worker.started", epoch=epoch, worker_id="w1")
        _join(journal, take, ends)
        for kind in ("video", "audio"):
            if getattr(take, kind):
                _write_track(folder, journal, take, kind)
        ends[take.participant_id] = (take, take.until_s)
    for take, until_s in ends.values():
        if take.ended and until_s < seconds:
            journal.add(
                until_s, "leg.closed", participant_id=take.participant_id, leg_id=take.leg_id
            )
    if closed:
        journal.add(seconds, "call.closed", reason="ended")
    # Matroska files are written one after the other here; in a call their lines interleave.
    journal.lines.sort(key=lambda line: line["at_ms"])
    journal.write()
    return folder


def _join(journal: Journal, take: Take, ends: dict[str, tuple[Take, float]]) -> None:
    before = ends.get(take.participant_id)
    if before is not None and before[0].leg_no == take.leg_no:
        return  # a further part of the same connection
    named = {"participant_id": take.participant_id, "leg_id": take.leg_id}
    if before is not None and before[0].epoch == take.epoch:
        lost = {"participant_id": take.participant_id, "leg_id": before[0].leg_id}
        journal.add(before[1], "leg.lost", epoch=take.epoch, **lost)
    who = {"leg_no": take.leg_no, "name": take.name, "role": take.role}
    journal.add(take.from_s, "leg.joined", epoch=take.epoch, **named, **who)


def _write_track(folder: Path, journal: Journal, take: Take, kind: str) -> None:
    file = take.file(kind)
    (write_video if kind == "video" else write_audio)(folder / file, take)
    late_ms = take.arrival_ms[0 if kind == "video" else 1]
    named = {"participant_id": take.participant_id, "leg_id": take.leg_id, "file": file}
    named |= {"track": kind}
    start_ms = round(take.from_s * 1000) + late_ms
    size = {"width": take.size[0], "height": take.size[1]} if kind == "video" else {}
    codec = "vp8" if kind == "video" else "opus"
    started = {"codec": codec, "start_ms": start_ms, **size}
    journal.add(take.from_s, "track.started", epoch=take.epoch, **named, **started)
    if take.reports:
        sent = {"ntp_unix_ms": T0_UNIX_MS + take.from_s * 1000 + 500, "pts_ms": 500.0}
        journal.add(take.from_s + 0.5, "track.sr", epoch=take.epoch, **named, **sent)
    if take.ended:
        body = (folder / file).read_bytes()
        end_ms = round(take.until_s * 1000) + late_ms
        proof = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        span = {"start_ms": start_ms, "end_ms": end_ms}
        journal.add(take.until_s, "track.ended", epoch=take.epoch, **named, **proof, **span)


def two_people(seconds: float, **changes: Any) -> list[Take]:
    """A seat and a customer, both there from a little after the start to the end."""
    seat = Take("seat1", "林可欣", "seat", 0.2, seconds, who=1, tone_hz=700, **changes)
    customer = Take("cust1", "张晓明", "customer", 0.4, seconds, who=2, tone_hz=1500, **changes)
    return [seat, customer]


def make_fake_camera_y4m(path: Path, seconds: float, fps: int = 15, seed: int = 1) -> None:
    """What `--use-file-for-fake-video-capture` plays, over and over; `seed` (0-7) is who it is."""
    width, height = 640, 480
    ground = picture.background(width, height, seed=seed)
    chroma = b"\x80" * (width * height // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for n in range(round(seconds * fps)):
            gray = picture.draw(ground, seed, n, picture.is_flash(n / fps))
            file.write(b"FRAME\n" + gray.tobytes() + chroma)


def make_fake_mic_wav(path: Path, seconds: float, tone_hz: int = 1000) -> None:
    """What `--use-file-for-fake-audio-capture` plays, over and over: a beep each second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(tone(0, round(seconds * SAMPLE_RATE), tone_hz).tobytes())


def write_rescue(folder: Path, take: Take) -> None:
    """A stretch that the take's own device recorded: sound and picture in one file, and its note."""
    rescue = folder / "rescue"
    rescue.mkdir(exist_ok=True)
    name = f"{take.participant_id}.{round(take.from_s * 1000):09d}.00000000.rescue.webm"
    halves = [rescue / f"{name}.{kind}.tmp" for kind in ("video", "audio")]
    write_video(halves[0], take)
    write_audio(halves[1], take)
    with av.open(str(rescue / name), "w", format="webm") as whole:
        sources = [av.open(str(half)) for half in halves]
        streams = {source: whole.add_stream_from_template(source.streams[0]) for source in sources}
        packets = [
            (packet, streams[source])
            for source in sources
            for packet in source.demux(source.streams[0])
            if packet.dts is not None
        ]
        for packet, stream in sorted(packets, key=lambda each: each[0].pts or 0):
            packet.stream = stream
            whole.mux(packet)
        for source in sources:
            source.close()
    for half in halves:
        half.unlink()
    content = (rescue / name).read_bytes()
    note = {
        "id": "00000000-0000-0000-0000-000000000000",
        "participant_id": take.participant_id,
        "start_ms": round(take.from_s * 1000),
        "end_ms": round(take.until_s * 1000),
        "file": f"rescue/{name}",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "source": "customer_device",
        "received_unix_ms": T0_UNIX_MS,
    }
    (rescue / f"{name}.json").write_text(json.dumps(note), encoding="utf-8")
