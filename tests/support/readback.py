"""Reading a composed MP4 back: counters and flashes of each tile, beeps of each voice, skew."""

from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from recordings.compose.canvas import plane_of
from recordings.compose.layout import Box, fitted, grid

from . import picture

WINDOW_S = 0.01


@dataclass
class TileTrack:
    """What one tile showed: (seconds, reading); None while it was a card."""

    readings: list[tuple[float, picture.Reading | None]] = field(default_factory=list)

    @property
    def counters(self) -> list[int]:
        return [r.counter for _, r in self.readings if r is not None]

    @property
    def flashes(self) -> list[float]:
        """Seconds at which a flash began. The first picture after a card cannot be one."""
        begun = []
        for (_, before), (at_s, now) in zip(self.readings, self.readings[1:], strict=False):
            if before is not None and now is not None and now.flash and not before.flash:
                begun.append(at_s)
        return begun

    def showing(self, from_s: float, until_s: float) -> list[picture.Reading | None]:
        return [r for at_s, r in self.readings if from_s <= at_s < until_s]


@dataclass
class ReadBack:
    duration_s: float
    video_start_s: float
    audio_start_s: float
    video_duration_s: float
    audio_duration_s: float
    width: int
    height: int
    fps: float
    codecs: tuple[str, str]
    tiles: list[TileTrack]
    sound: npt.NDArray[np.float32]

    def beeps(self, tone_hz: int) -> list[float]:
        return beep_starts(self.sound, tone_hz)


def read_mp4(path: Path, tiles: int, shapes: list[tuple[int, int]] | None = None) -> ReadBack:
    """Decode all of it. `shapes`: width and height of the picture in each tile (default 4:3)."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.time_base is not None
        assert audio.time_base is not None
        width, height = video.width, video.height
        boxes = [
            fitted(*shape, box)
            for shape, box in zip(
                shapes or [(4, 3)] * tiles, grid(tiles, width, height), strict=True
            )
        ]
        back = ReadBack(
            duration_s=float(container.duration or 0) / 1e6,
            video_start_s=float((video.start_time or 0) * video.time_base),
            audio_start_s=float((audio.start_time or 0) * audio.time_base),
            video_duration_s=float((video.duration or 0) * video.time_base),
            audio_duration_s=float((audio.duration or 0) * audio.time_base),
            width=width,
            height=height,
            fps=float(video.average_rate or 0),
            codecs=(video.codec_context.name, audio.codec_context.name),
            tiles=[TileTrack() for _ in range(tiles)],
            sound=np.zeros(0, np.float32),
        )
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            gray = luma(frame)
            for box, tile in zip(boxes, back.tiles, strict=True):
                tile.readings.append((float(frame.time or 0), picture.read(cut(gray, box))))
    back.sound = decode_sound(path)
    return back


def luma(frame: av.VideoFrame) -> picture.Gray:
    return plane_of(frame, 0)


def cut(gray: picture.Gray, box: Box) -> picture.Gray:
    return gray[box.y : box.y + box.height, box.x : box.x + box.width]


def decode_sound(path: Path) -> npt.NDArray[np.float32]:
    """Mono samples; index / rate is the time a player plays them."""
    blocks: list[tuple[int, npt.NDArray[np.float32]]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            at = round(float(frame.time or 0) * frame.sample_rate)
            blocks.append((at, frame.to_ndarray().astype(np.float32).mean(axis=0)))
    sound = np.zeros(max((at + len(b) for at, b in blocks), default=0), np.float32)
    for at, block in blocks:
        sound[max(0, at) : at + len(block)] = block[max(0, -at) :]
    return sound


def beep_starts(sound: npt.NDArray[np.float32], tone_hz: int, rate: int = 48_000) -> list[float]:
    """Seconds at which a beep of that pitch began: energy of the pitch in windows of 10 ms."""
    step = round(rate * WINDOW_S)
    usable = sound[: len(sound) // step * step].reshape(-1, step)
    wave = np.exp(-2j * np.pi * tone_hz * np.arange(step) / rate) * np.hanning(step)
    level = np.abs(usable @ wave) / np.hanning(step).sum() * 2
    loudest = float(level.max(initial=0.0))
    if loudest < 0.02:
        return []
    on = level > loudest / 3
    starts: list[float] = []
    for index in np.flatnonzero(on[1:] & ~on[:-1]) + 1:
        # To the sample: where in the two windows the sound first rises. Other voices may be
        # louder than this one, so the pitch is followed in steps of a millisecond.
        at = _first_rise(sound, int(index) * step, tone_hz, loudest / 4, rate)
        if not starts or at - starts[-1] > 0.3:
            starts.append(at)
    return starts


def _first_rise(
    sound: npt.NDArray[np.float32], around: int, tone_hz: int, threshold: float, rate: int
) -> float:
    """Middle of the first window of 4 ms, in steps of 1 ms, in which the pitch is heard."""
    length, hop = rate * 4 // 1000, rate // 1000
    wave = np.exp(-2j * np.pi * tone_hz * np.arange(length) / rate)
    for start in range(max(0, around - 12 * hop), around + 10 * hop, hop):
        window = sound[start : start + length]
        if len(window) == length and abs(window @ wave) * 2 / length > threshold:
            return (start + length / 2) / rate
    return around / rate


def skews_ms(flashes: list[float], beeps: list[float]) -> list[float]:
    """Flash minus nearest beep, for every flash that has one within half a second."""
    skews = []
    for flash in flashes:
        nearest = min(beeps, key=lambda beep: abs(beep - flash), default=None)
        if nearest is not None and abs(nearest - flash) < 0.5:
            skews.append((flash - nearest) * 1000)
    return skews
