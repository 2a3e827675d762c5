"""Decode, lay out, label, mix and encode: a call's folder becomes one MP4.

Constant frame rate from 0, both streams as long as the call. A picture is shown by the frame nearest
to the middle of its interval (otherwise the picture lags the sound by half a frame), and the encoder's
priming samples carry negative timestamps, which the muxer turns into an edit list.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from recordings.folder import CallFolder, Part, Person

from . import labels
from .canvas import Canvas
from .layout import grid
from .sound import Lane, Mixer
from .sources import SAMPLE_RATE, pictures, sounds
from .spec import Composed, Label, Spec
from .tiles import Tile

AAC_FRAME = 1024
MAX_TILES = 9
KEYFRAME_EVERY_S = 5
Progress = Callable[[float], None]


class NothingToCompose(Exception):
    """The call has no length: nobody was recorded and it did not last."""


def compose(
    folder: CallFolder, out: Path, spec: Spec, progress: Progress = lambda _done: None
) -> Composed:
    """Write `out` (replacing it). Raises NothingToCompose."""
    end_ms = folder.end_ms if spec.end_ms is None else spec.end_ms
    frames = round(end_ms * spec.fps / 1000)
    if frames <= 0:
        raise NothingToCompose(folder.path.name)
    result = Composed(round(frames * 1000 / spec.fps), spec.width, spec.height, spec.fps)

    def note(part: Part, what: str) -> None:
        result.damaged.append({"file": part.file, "what": what})

    people = folder.people[:MAX_TILES]
    boxes = grid(len(people), spec.width, spec.height)
    tiles = [
        Tile(
            box,
            spec.labels.get(person.participant_id, Label(person.name)),
            pictures(folder.path, folder.parts_of(person.participant_id, "video"), note),
            _reason(folder, person),
        )
        for person, box in zip(people, boxes, strict=False)
    ]
    lanes = [
        Lane(sounds(folder.path, folder.parts_of(person.participant_id, "audio"), note))
        for person in people
    ]
    with _Output(out, spec) as output:
        _run(folder, spec, frames, tiles, Mixer(lanes), output, progress)
    for person, tile in zip(people, tiles, strict=True):
        result.gaps += [{"participant_id": person.participant_id, **gap} for gap in tile.gaps]
    return result


def _reason(folder: CallFolder, person: Person) -> Callable[[float], str]:
    who = person.participant_id

    def why(at_ms: float) -> str:
        if at_ms < person.joined_ms:
            return "等待接入"  # data
        if folder.is_connected(who, at_ms):
            return "无信号"  # data
        return "已离开" if folder.has_left(who, at_ms) else "连接中断"  # data

    return why


def _run(
    folder: CallFolder,
    spec: Spec,
    frames: int,
    tiles: list[Tile],
    mixer: Mixer,
    output: "_Output",
    progress: Progress,
) -> None:
    canvas = Canvas(spec.width, spec.height)
    mark = labels.text(spec.watermark, 15, spec.width // 2) if spec.watermark else None
    second = -1
    clock = labels.text(labels.server_time(folder.t0_unix_ms), 15, spec.width // 2)
    half_ms = 500 / spec.fps
    for index in range(frames):
        at_ms = index * 1000 / spec.fps
        changed = [tile.draw(canvas, at_ms + half_ms) for tile in tiles]
        now = (folder.t0_unix_ms + round(at_ms)) // 1000
        ticked = now != second
        if ticked:
            second = now
            clock = labels.text(labels.server_time(now * 1000), 15, spec.width // 2)
        if ticked or any(changed):
            canvas.print(clock, 4, 4)
            if mark is not None:
                canvas.print(mark, spec.width - mark.shape[1] - 4, 4)
        output.picture(canvas.frame, index)
        # In integers: after hours the sound still ends exactly with the picture.
        output.sound(mixer, (index + 1) * SAMPLE_RATE // spec.fps, last=index == frames - 1)
        if index % spec.fps == 0:
            progress(index / frames)
    progress(1.0)


class _Output:
    """The MP4: H.264 with a keyframe every 5 s so that seeking is quick, AAC, index in front."""

    def __init__(self, path: Path, spec: Spec) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        video: Any = self._container.add_stream("libx264", rate=spec.fps)
        video.width, video.height, video.pix_fmt = spec.width, spec.height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, spec.fps)
        video.codec_context.gop_size = spec.fps * KEYFRAME_EVERY_S
        video.codec_context.thread_count = 1
        video.bit_rate = spec.video_bps
        video.options = {
            # veryfast with the cheapest motion search: a quarter less time, 0.001 less SSIM.
            "preset": "veryfast",
            "subq": "1",
            "refs": "1",
            "me_method": "dia",
            "maxrate": str(spec.video_bps * 3),
            "bufsize": str(spec.video_bps * 6),
        }
        audio: Any = self._container.add_stream("aac", rate=SAMPLE_RATE)
        audio.layout, audio.bit_rate = "mono", spec.audio_bps
        self._video, self._audio = video, audio
        self._base = Fraction(1, spec.fps)

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for stream in (self._video, self._audio):
                self._container.mux(stream.encode(None))
        self._container.close()

    def picture(self, frame: av.VideoFrame, index: int) -> None:
        frame.pts, frame.time_base = index, self._base
        self._container.mux(self._video.encode(frame))

    def sound(self, mixer: Mixer, until: int, *, last: bool) -> None:
        """Encode up to sample `until` in whole AAC frames; the last one may be short."""
        while (left := until - mixer.position) >= AAC_FRAME or (last and left > 0):
            position = mixer.position
            samples = mixer.read(min(left, AAC_FRAME))
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], "fltp", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, position
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(frame))
