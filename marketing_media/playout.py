"""The play-out format: what a room can relay as it is, and how an upload becomes it.

Play-out file: Matroska; VP8 at 15 constant frames a second, at most 854x480 (480x854 upright), never
enlarged, even sides, square pixels, 500 kbit/s, no hidden frames, a keyframe every 2 s and as the
first frame; Opus, 48 kHz, mono, 20 ms packets, 48 kbit/s, with in-band FEC. An item may lack one of
the two tracks. Times start at 0. A worker sends these packets without encoding.

Preview: MP4 with H.264 and AAC, which every browser plays. Poster: JPEG. Imports neither Django nor
models: it runs in a process of its own, because decoding what a stranger made may crash.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import av
import av.filter
import numpy as np

FPS = 15
LONG_SIDE, SHORT_SIDE = 854, 480
KEYFRAME_EVERY_S = 2
VIDEO_BPS = 500_000
AUDIO_BPS = 48_000
SAMPLE_RATE = 48_000
PLAY_FILE, PREVIEW_FILE, POSTER_FILE = "play.mkv", "preview.mp4", "poster.jpg"

MAX_SECONDS = 30 * 60
MAX_SIDE = 4096
MAX_EARLY = 3000  # frames of sound before the first picture: about a minute
# Only containers that hold their own media: a playlist could name other files of this machine.
FORMATS = "mov,mp4,m4a,3gp,matroska,webm,avi,asf,flv,mpegts,mpeg,mp3,wav,ogg,flac,aac"
# The poster is the liveliest of the pictures at these seconds: the first one is often black.
POSTER_AT_S = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)

Progress = Callable[[float], None]
Problem = Literal["unreadable", "no_media", "too_long", "too_large", "broken"]


class Unfit(Exception):
    """The upload cannot be played out. `problem` is stable; the page has its sentence."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Encoded:
    """0 by 0 when there is no picture."""

    duration_ms: int
    width: int
    height: int
    has_audio: bool


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size in the room: within the largest one, same shape, never enlarged, even."""
    limits = (LONG_SIDE, SHORT_SIDE) if width >= height else (SHORT_SIDE, LONG_SIDE)
    scale = min(1.0, limits[0] / width, limits[1] / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def encode(source: Path, folder: Path, progress: Progress = lambda _: None) -> Encoded:
    """Write the three files into `folder`. Raises Unfit."""
    try:
        container = av.open(str(source), "r", options={"format_whitelist": FORMATS})
    except (av.FFmpegError, ValueError) as error:
        raise Unfit("unreadable") from error
    with container:
        try:
            return _encode(container, folder, progress)
        except av.FFmpegError as error:
            raise Unfit("broken") from error


def _encode(container: Any, folder: Path, progress: Progress) -> Encoded:
    video = next((s for s in container.streams.video if not _is_cover(s)), None)
    audio = next(iter(container.streams.audio), None)
    if video is None and audio is None:
        raise Unfit("no_media")
    if video is not None and max(video.width, video.height) > MAX_SIDE:
        raise Unfit("too_large")
    seconds = container.duration / av.time_base if container.duration else 0.0
    if seconds > MAX_SECONDS:
        raise Unfit("too_long")
    with ExitStack() as stack:
        outputs: list[_Output] = []
        for name, made in ((PLAY_FILE, _Output.play), (PREVIEW_FILE, _Output.preview)):
            output = made(folder / name, video is not None, audio is not None)
            stack.enter_context(output)
            outputs.append(output)
        pictures = _Pictures(video, outputs, folder / POSTER_FILE) if video is not None else None
        sound = _Sound(outputs) if audio is not None else None
        # A file's header needs the picture's size: sound waits for the first picture.
        early: deque[Any] = deque()
        told = 0.0
        for stream, frame in _frames(container, [s for s in (video, audio) if s is not None]):
            if stream is video and pictures is not None:
                pictures.take(frame)
            elif sound is not None:
                early.append(frame)
            if pictures is None or pictures.frames_taken:
                while sound is not None and early:
                    sound.take(early.popleft())
            elif len(early) > MAX_EARLY:
                raise Unfit("broken")
            at = float(frame.time or 0.0)
            if at > MAX_SECONDS:
                raise Unfit("too_long")
            if at - told >= 1.0:
                told = at
                progress(min(1.0, at / seconds) if seconds else 0.0)
        if pictures is not None:
            pictures.finish()
        if sound is not None:
            sound.finish()
    shown = pictures.frames if pictures else 0
    heard = sound.samples if sound else 0
    if not shown and not heard:
        raise Unfit("no_media")
    progress(1.0)
    return Encoded(
        duration_ms=max(shown * 1000 // FPS, heard * 1000 // SAMPLE_RATE),
        width=pictures.size[0] if pictures else 0,
        height=pictures.size[1] if pictures else 0,
        has_audio=heard > 0,
    )


def _is_cover(stream: Any) -> bool:
    """The picture of a music file is a video stream of one frame."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _frames(container: Any, streams: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Frames as they come; a damaged packet costs itself only, unless all of them are."""
    read = damaged = 0
    for packet in container.demux(streams):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            damaged += 1
            continue
        for frame in frames:
            read += 1
            yield packet.stream, frame
    if damaged and damaged > read:
        raise Unfit("broken")


class _Output:
    """One file with the tracks the upload has."""

    def __init__(self, path: Path, container_format: str, options: dict[str, str]) -> None:
        self._container = av.open(str(path), "w", format=container_format, options=options)
        self.video: Any = None
        self.audio: Any = None
        self._waiting = False

    @classmethod
    def play(cls, path: Path, video: bool, audio: bool) -> "_Output":
        self = cls(path, "matroska", {})
        if video:
            self.video = self._picture_track("libvpx", VIDEO_BPS)
            self.video.codec_context.gop_size = FPS * KEYFRAME_EVERY_S
            self.video.options = {
                "deadline": "good",
                "cpu-used": "4",
                "auto-alt-ref": "0",
                "lag-in-frames": "0",
                "error-resilient": "default",
                "keyint_min": str(FPS * KEYFRAME_EVERY_S),
                "minrate": str(VIDEO_BPS // 4),
                "maxrate": str(VIDEO_BPS),
                "bufsize": str(VIDEO_BPS),
            }
        if audio:
            self.audio = self._container.add_stream("libopus", rate=SAMPLE_RATE)
            self.audio.layout, self.audio.bit_rate = "mono", AUDIO_BPS
            self.audio.options = {
                "application": "voip",
                "frame_duration": "20",
                "fec": "1",
                "packet_loss": "10",
            }
        return self

    @classmethod
    def preview(cls, path: Path, video: bool, audio: bool) -> "_Output":
        self = cls(path, "mp4", {"movflags": "+faststart"})
        if video:
            self.video = self._picture_track("libx264", VIDEO_BPS)
            self.video.codec_context.gop_size = FPS * KEYFRAME_EVERY_S
            self.video.options = {"preset": "veryfast"}
        if audio:
            self.audio = self._container.add_stream("aac", rate=SAMPLE_RATE)
            self.audio.layout, self.audio.bit_rate = "mono", 64_000
        return self

    def _picture_track(self, codec: str, bps: int) -> Any:
        track: Any = self._container.add_stream(codec, rate=FPS)
        track.pix_fmt, track.bit_rate = "yuv420p", bps
        track.time_base = track.codec_context.time_base = Fraction(1, FPS)
        track.codec_context.thread_count = 1
        return track

    def size(self, width: int, height: int) -> None:
        self.video.width, self.video.height = width, height

    def picture(self, frame: Any) -> None:
        self._container.mux(self.video.encode(frame))

    def sound(self, frame: Any) -> None:
        self._container.mux(self.audio.encode(frame))

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for stream in (self.video, self.audio):
                if stream is not None:
                    self._container.mux(stream.encode(None))
        self._container.close()


class _Pictures:
    """Turned upright, brought to the room's rate and size, handed to both files."""

    def __init__(self, stream: Any, outputs: list[_Output], poster: Path) -> None:
        self.frames = self.frames_taken = 0
        self.size = (0, 0)
        self._stream, self._outputs, self._poster = stream, outputs, poster
        self._graph: Any = None
        self._liveliest = -1.0

    def take(self, frame: Any) -> None:
        if self._graph is None:
            self._graph = self._build(frame)
        self.frames_taken += 1
        self._graph.push(frame)
        self._drain()

    def finish(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._drain()

    def _build(self, frame: Any) -> Any:
        shape = frame.sample_aspect_ratio if hasattr(frame, "sample_aspect_ratio") else None
        wide = self._stream.sample_aspect_ratio or shape or 1
        width, height = round(frame.width * float(wide)), frame.height
        turn = round(getattr(frame, "rotation", 0) or 0) % 360
        if turn in (90, 270):
            width, height = height, width
        self.size = fitted(width, height)
        for output in self._outputs:
            output.size(*self.size)
        graph: Any = av.filter.Graph()
        steps = [graph.add_buffer(template=self._stream)]
        turns = {90: ["cclock"], 270: ["clock"], 180: ["clock", "clock"]}.get(turn, [])
        steps += [graph.add("transpose", f"dir={way}") for way in turns]
        steps += [
            graph.add("scale", f"{self.size[0]}:{self.size[1]}"),
            graph.add("setsar", "1"),
            graph.add("fps", f"fps={FPS}:start_time=0"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        for one, following in pairwise(steps):
            one.link_to(following)
        graph.configure()
        return graph

    def _drain(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            frame.pts, frame.time_base = self.frames, Fraction(1, FPS)
            frame.pict_type = av.video.frame.PictureType.NONE
            for output in self._outputs:
                output.picture(frame)
            self._consider(frame)
            self.frames += 1

    def _consider(self, frame: Any) -> None:
        if not any(self.frames == round(second * FPS) for second in POSTER_AT_S):
            return
        lively = float(np.std(frame.to_ndarray(format="gray")))
        # A later picture has to be clearly better, else posters of slides look arbitrary.
        if lively > self._liveliest * 1.25:
            self._liveliest = lively
            frame.to_image().save(self._poster, "JPEG", quality=82)


class _Sound:
    """48 kHz mono on a gapless clock: a hole in the upload becomes silence."""

    def __init__(self, outputs: list[_Output]) -> None:
        self.samples = 0
        self._outputs = outputs
        self._resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)

    def take(self, frame: Any) -> None:
        start = round(float(frame.time or 0.0) * SAMPLE_RATE)
        if start - self.samples > SAMPLE_RATE // 10:
            self._write(np.zeros((1, start - self.samples), np.float32))
        for made in self._resampler.resample(frame):
            self._write(made.to_ndarray())

    def finish(self) -> None:
        for made in self._resampler.resample(None):
            self._write(made.to_ndarray())

    def _write(self, samples: Any) -> None:
        """Both encoders cut what they get into frames of their own size."""
        for output in self._outputs:
            # A frame of its own for each: an encoder may keep it.
            kind: str = output.audio.codec_context.format.name
            planar = av.AudioFrame.from_ndarray(_as(samples, kind), kind, "mono")
            planar.sample_rate, planar.pts = SAMPLE_RATE, self.samples
            planar.time_base = Fraction(1, SAMPLE_RATE)
            output.sound(planar)
        self.samples += samples.shape[1]


def _as(samples: Any, kind: str) -> Any:
    if kind.startswith("s16"):
        return (np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
    return samples
