"""Decoding the raw parts of one participant, laid on the call's clock. Damage is noted, not fatal."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt

from recordings.folder import Part

SAMPLE_RATE = 48_000
# Timestamps in Matroska are whole milliseconds; only more than that is a real gap.
RESYNC_SAMPLES = SAMPLE_RATE * 15 // 1000
Samples = npt.NDArray[np.float32]
NoteDamage = Callable[[Part, str], None]


def _decoded(
    path: Path, part: Part, kind: Literal["audio", "video"], note: NoteDamage
) -> Iterator[Any]:
    """Every frame that can be had. A truncated tail or a broken packet costs itself only."""
    try:
        container = av.open(str(path), "r")
    except (av.FFmpegError, OSError) as error:
        note(part, f"unreadable: {type(error).__name__}")
        return
    with container:
        stream = next((s for s in container.streams if s.type == kind), None)
        if stream is None:
            note(part, "no stream")
            return
        stream.codec_context.thread_count = 1
        broken = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                note(part, f"truncated: {type(error).__name__}")
                break
            if packet is None:
                break
            try:
                yield from packet.decode()
            except av.FFmpegError:
                broken += 1
        if broken:
            note(part, f"{broken} broken packets")


def _with_limits(parts: list[Part]) -> Iterator[tuple[Part, float]]:
    """Each part with the time at which the next one takes over."""
    for index, part in enumerate(parts):
        following = parts[index + 1].start_ms if index + 1 < len(parts) else float("inf")
        yield part, following


def pictures(
    root: Path, parts: list[Part], note: NoteDamage
) -> Iterator[tuple[float, av.VideoFrame]]:
    """(ms on the call's clock, frame) of one participant, in order."""
    last = float("-inf")
    for part, limit in _with_limits(parts):
        for frame in _decoded(root / part.file, part, "video", note):
            if frame.time is None:
                continue
            at_ms = part.start_ms + frame.time * 1000
            if at_ms >= limit:
                break
            if at_ms > last:
                last = at_ms
                yield at_ms, frame


# A hole longer than this is filled from what the participant's own device recorded, if it did.
HOLE_MS = 700.0


def with_rescue(
    own: Iterator[tuple[float, av.VideoFrame]], rescued: Iterator[tuple[float, av.VideoFrame]]
) -> Iterator[tuple[float, av.VideoFrame, bool]]:
    """The pictures that came, and in their holes those of the device; True says which they are."""
    held = next(rescued, None)
    last: float | None = None
    for at_ms, frame in own:
        if last is not None and held is not None and at_ms - last > HOLE_MS:
            while held is not None and held[0] < at_ms:
                if held[0] > last:
                    yield *held, True
                held = next(rescued, None)
        last = at_ms
        yield at_ms, frame, False
    while held is not None:
        if last is not None and held[0] > last:
            yield *held, True
        held = next(rescued, None)


def sounds_with_rescue(
    own: Iterator[tuple[int, Samples]], rescued: Iterator[tuple[int, Samples]]
) -> Iterator[tuple[int, Samples]]:
    """The same for blocks of sound; a block of the device is cut to the hole it lies in."""
    hole = round(HOLE_MS * SAMPLE_RATE / 1000)
    held = next(rescued, None)
    end: int | None = None
    for position, samples in own:
        if end is not None and position - end > hole:
            while held is not None and held[0] < position:
                yield from _cut(*held, end, position)
                held = next(rescued, None)
        end = position + len(samples)
        yield position, samples
    while held is not None:
        if end is not None:
            yield from _cut(*held, end, None)
        held = next(rescued, None)


def _cut(
    position: int, samples: Samples, start: int, end: int | None
) -> Iterator[tuple[int, Samples]]:
    first = max(0, start - position)
    piece = samples[first : None if end is None else max(0, end - position)]
    if len(piece):
        yield position + first, piece


def sounds(root: Path, parts: list[Part], note: NoteDamage) -> Iterator[tuple[int, Samples]]:
    """(position in samples on the call's clock, mono samples at 48 kHz) of one participant."""
    for part, limit in _with_limits(parts):
        end = None if limit == float("inf") else round(limit * SAMPLE_RATE / 1000)
        expected: int | None = None
        resampler: av.AudioResampler | None = None
        for frame in _decoded(root / part.file, part, "audio", note):
            if frame.time is None:
                continue
            position = round((part.start_ms + frame.time * 1000) * SAMPLE_RATE / 1000)
            if expected is not None and abs(position - expected) <= RESYNC_SAMPLES:
                position = expected
            if end is not None and position >= end:
                break
            if frame.format.name == "fltp" and frame.sample_rate == SAMPLE_RATE:
                samples = _mono(frame)
            else:
                resampler = resampler or av.AudioResampler("fltp", "mono", SAMPLE_RATE)
                converted = [_mono(f) for f in resampler.resample(frame)]
                if not converted:
                    continue
                samples = np.concatenate(converted)
            expected = position + len(samples)
            yield position, samples


def _mono(frame: av.AudioFrame) -> Samples:
    channels = frame.to_ndarray().astype(np.float32, copy=False)
    mono: Samples = channels[0] if len(channels) == 1 else channels.mean(axis=0)
    return mono
