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

from recordings.folder import CONTENT, MEDIA, CallFolder, Part, Person, Stretch

from . import labels
from .canvas import BLACK, Canvas
from .layout import Box, grid, staged
from .sound import Lane, Mixer
from .sources import SAMPLE_RATE, pictures, sounds, sounds_with_rescue, with_rescue
from .spec import Composed, Label, Spec
from .tiles import Tile

AAC_FRAME = 1024
MAX_TILES = 10  # nine places and a supervisor
# A browser decodes so much of this size in about 0.1 s when it seeks, and a reel's stretch begins
# at a keyframe; with one every 10 s the rest would have 0.0006 of SSIM less.
KEYFRAME_EVERY_S = 15
# Chosen by measurement, docs/performance.md: a look of three seconds ahead, large keyframes, and the bits where they
# are looked at longest (qcomp) rather than on walls (aq-strength), because walls stand still; two
# pictures to predict from, and a cheap motion search, because faces hardly move.
X264 = {
    "preset": "veryfast",
    "subq": "2",
    "refs": "2",
    "me_method": "dia",
    "bf": "5",
    "rc-lookahead": "30",
    "qcomp": "0.4",
    "aq-strength": "0.5",
    "x264-params": "ipratio=2.0:mixed-refs=1",
}
Progress = Callable[[float], None]


class NothingToCompose(Exception):
    """The call has no length: nobody was recorded and it did not last."""


def compose(
    folder: CallFolder, out: Path, spec: Spec, progress: Progress = lambda _done: None
) -> Composed:
    """Write `out` (replacing it). Raises NothingToCompose."""
    end_ms = folder.end_ms if spec.end_ms is None else spec.end_ms
    frames = round((end_ms - spec.start_ms) * spec.fps / 1000)
    if frames <= 0:
        raise NothingToCompose(folder.path.name)
    result = Composed(round(frames * 1000 / spec.fps), spec.width, spec.height, spec.fps)

    def note(part: Part, what: str) -> None:
        result.damaged.append({"file": part.file, "what": what})

    def tile(person: Person, box: Box, label: Label) -> Tile:
        parts = folder.parts_of(person.participant_id, "video")
        own = pictures(folder.path, parts, note)
        rescued = pictures(folder.path, folder.rescues_of(person.participant_id), note)
        return Tile(
            box,
            spec.labels.get(person.participant_id, label),
            with_rescue(own, rescued) if spec.video else iter(()),
            _reason(folder, person),
            holds=person.participant_id in CONTENT,
        )

    everybody = [p for p in folder.people if p.participant_id not in CONTENT]
    # Over a call's life more may have come than there are places: all are heard, and it is said who is not seen.
    people = everybody[:MAX_TILES]
    for person in everybody[MAX_TILES:]:
        for part in folder.parts_of(person.participant_id, "video"):
            note(part, "no tile left")
    shown = [p for p in folder.people if p.participant_id in CONTENT]
    boxes = grid(len(people), spec.width, spec.height)
    stage, _beside = staged(len(people), spec.width, spec.height)
    scene = Scene(
        folder,
        [tile(p, box, Label(p.name)) for p, box in zip(people, boxes, strict=False)],
        {p.participant_id: tile(p, stage, Label(CONTENT[p.participant_id], p.name)) for p in shown},
        spec,
    )
    lanes = [
        Lane(
            sounds_with_rescue(
                sounds(folder.path, folder.parts_of(person.participant_id, "audio"), note),
                sounds(folder.path, folder.rescues_of(person.participant_id), note),
            )
        )
        for person in [*everybody, *shown]
        if spec.audio
    ]
    mixer = Mixer(lanes, spec.start_ms * SAMPLE_RATE // 1000)
    with _Output(out, spec) as output:
        _run(folder, spec, frames, scene, mixer, output, progress)
    for person, seen in zip(people, scene.people, strict=True):
        result.gaps += [{"participant_id": person.participant_id, **gap} for gap in seen.gaps]
    return result


class Scene:
    """Everybody in the grid; while something is shown, that large and everybody beside it.

    What has no picture has its title over the top instead of a stage.
    """

    def __init__(
        self, folder: CallFolder, people: list[Tile], content: dict[str, Tile], spec: Spec
    ) -> None:
        self.people = people
        self._folder, self._content = folder, content
        self._size = (spec.width, spec.height)
        self._on_stage: Stretch | None = None
        self._heard = ""

    def draw(self, canvas: Canvas, at_ms: float) -> bool:
        """Whether anything changed."""
        on_stage = self._folder.on_stage(at_ms) if self._content else None
        heard = self._folder.only_heard(at_ms) if self._content else ""
        if (on_stage, heard) != (self._on_stage, self._heard):
            self._on_stage, self._heard = on_stage, heard
            self._arrange(canvas)
        changed = [tile.draw(canvas, at_ms) for tile in self.people]
        if on_stage is not None:
            changed.append(self._content[on_stage.participant_id].draw(canvas, at_ms))
        if heard and any(changed):
            self._print_title(canvas)
        return any(changed)

    def _print_title(self, canvas: Canvas) -> None:
        width, _height = self._size
        title = labels.text(f"{CONTENT[MEDIA]} · {self._heard}", 15, width // 2)
        canvas.print(title, (width - title.shape[1]) // 2, 30)  # below the clock

    def _arrange(self, canvas: Canvas) -> None:
        canvas.fill(Box(0, 0, *self._size), BLACK)
        boxes = grid(len(self.people), *self._size)
        if self._on_stage is not None:
            stage, boxes = staged(len(self.people), *self._size)
            what = self._on_stage.participant_id
            self._content[what].move(stage, Label(CONTENT[what], self._on_stage.name))
        for tile, box in zip(self.people, boxes, strict=False):
            tile.move(box)


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
    scene: Scene,
    mixer: Mixer,
    output: "_Output",
    progress: Progress,
) -> None:
    sheet = _Sheet(folder, spec, scene)
    for index in range(frames):
        if spec.video:
            output.picture(sheet.at(index), index)
        if spec.audio:
            # In integers: after hours the sound still ends exactly with the picture.
            until = (index + 1) * SAMPLE_RATE // spec.fps
            output.sound(mixer, until, last=index == frames - 1)
        if index % spec.fps == 0:
            progress(index / frames)
    progress(1.0)


class _Sheet:
    """The whole picture of each moment: the scene, the server's clock, the watermark."""

    def __init__(self, folder: CallFolder, spec: Spec, scene: Scene) -> None:
        self._t0_unix_ms, self._spec, self._scene = folder.t0_unix_ms, spec, scene
        self._canvas = Canvas(spec.width, spec.height)
        self._mark = labels.text(spec.watermark, 15, spec.width // 2) if spec.watermark else None
        self._second = -1
        self._clock = labels.text("", 15, spec.width // 2)

    def at(self, index: int) -> av.VideoFrame:
        """The frame whose interval begins at `index` / fps of the copy, good until the next call."""
        spec, canvas = self._spec, self._canvas
        at_ms = spec.start_ms + index * 1000 / spec.fps
        changed = self._scene.draw(canvas, at_ms + 500 / spec.fps)
        now = (self._t0_unix_ms + round(at_ms)) // 1000
        ticked = now != self._second
        if ticked:
            self._second = now
            self._clock = labels.text(labels.server_time(now * 1000), 15, spec.width // 2)
        if ticked or changed:
            canvas.print(self._clock, 4, 4)
            if self._mark is not None:
                canvas.print(self._mark, spec.width - self._mark.shape[1] - 4, 4)
        return canvas.frame


class _Output:
    """The MP4: H.264 with a keyframe every 15 s, AAC, both from 0 at a constant rate, index in front."""

    def __init__(self, path: Path, spec: Spec) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._base = Fraction(1, spec.fps)
        self._first_sample = spec.start_ms * SAMPLE_RATE // 1000
        self._video: Any = self._video_stream(spec) if spec.video else None
        self._audio: Any = self._audio_stream(spec) if spec.audio else None

    def _video_stream(self, spec: Spec) -> Any:
        video: Any = self._container.add_stream("libx264", rate=spec.fps)
        video.width, video.height, video.pix_fmt = spec.width, spec.height, "yuv420p"
        video.time_base = video.codec_context.time_base = self._base
        video.codec_context.gop_size = spec.fps * KEYFRAME_EVERY_S
        video.codec_context.thread_count = 1
        video.bit_rate = spec.video_bps
        video.options = X264 | {
            "maxrate": str(spec.video_bps * 3),
            "bufsize": str(spec.video_bps * 6),
        }
        return video

    def _audio_stream(self, spec: Spec) -> Any:
        audio: Any = self._container.add_stream("aac", rate=SAMPLE_RATE)
        audio.layout, audio.bit_rate = "mono", spec.audio_bps
        return audio

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for stream in (self._video, self._audio):
                if stream is not None:
                    self._container.mux(stream.encode(None))
        self._container.close()

    def picture(self, frame: av.VideoFrame, index: int) -> None:
        frame.pts, frame.time_base = index, self._base
        self._container.mux(self._video.encode(frame))

    def sound(self, mixer: Mixer, until: int, *, last: bool) -> None:
        """Encode up to sample `until` of the copy in whole AAC frames; the last one may be short."""
        while (left := self._first_sample + until - mixer.position) >= AAC_FRAME or (
            last and left > 0
        ):
            position = mixer.position - self._first_sample
            samples = mixer.read(min(left, AAC_FRAME))
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], "fltp", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, position
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(frame))
