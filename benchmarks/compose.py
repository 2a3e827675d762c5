"""M8, M9: how fast a call is composed, how large the copy is, how good it looks.

Talking-head footage with camera noise, made here, in the room's codecs; everybody speaks all the
time. The composer runs as in production, one process with one encoder thread; its CPU time counts,
start-up included. Quality is SSIM of the brightness between the stored copy and the same composite
encoded without loss.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recordings.compose import composer
from recordings.compose.spec import Label, Spec
from recordings.folder import CallFolder, read_folder
from tests.support.footage import Take, make_call_folder
from tests.support.heads import write_head_video

PROJECT = Path(__file__).resolve().parent.parent


def say(figure: str, name: str, value: float, unit: str, target: float, **compared: float) -> None:
    line = {
        "figure": figure,
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "target": target,
    }
    if compared:
        line["compared"] = compared
    print(json.dumps(line), flush=True)


def footage(spool: Path, people: int, seconds: float, size: tuple[int, int]) -> Path:
    takes = [
        Take(
            *(f"p{n}", f"参与人{n}", "customer", 0.0, seconds),
            who=n % 8,
            tone_hz=110 + 15 * n,
            level=0.4 / people,
            speaks=True,
        )
        for n in range(people)
    ]
    folder = make_call_folder(
        spool, f"call-{people}", [replace(take, video=False) for take in takes], seconds
    )
    with (folder / "journal.jsonl").open("a") as journal:
        for take in takes:
            file = take.file("video")
            write_head_video(folder / file, seconds, size=size, seed=take.who)
            line = {
                "seq": 0, "at_ms": 0, "unix_ms": 0, "epoch": 1, "kind": "track.started",
                "file": file, "participant_id": take.participant_id, "leg_id": take.leg_id,
                "leg_no": 1, "track": "video", "codec": "vp8", "start_ms": 0,
            }  # fmt: skip
            journal.write(json.dumps(line) + "\n")
    return folder


def labels(people: int) -> Spec:
    place = [(0, "31.2304, 121.4737")]
    marks = {f"p{n}": Label(f"张晓明{n}", "主借人", place) for n in range(people)}
    return Spec(watermark="示例银行 永续贷", labels=marks)


def timed(folder: Path, out: Path, spec: Spec) -> float:
    """CPU seconds of the composing process."""
    (out.parent / "spec.json").write_text(spec.to_json(), encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "recordings.compose", str(folder), str(out),
         "--spec", str(out.parent / "spec.json")],
        cwd=PROJECT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class _Lossless(composer._Output):
    """The same pictures, kept as they are."""

    def __init__(self, path: Path, spec: Spec) -> None:
        super().__init__(path, spec)
        self._container.close()
        self._container = av.open(str(path), "w", format="matroska")
        video: Any = self._container.add_stream("libx264", rate=spec.fps)
        video.width, video.height, video.pix_fmt = spec.width, spec.height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, spec.fps)
        video.options = {"preset": "ultrafast", "qp": "0"}
        self._video = video

    def __exit__(self, kind: object, *_: object) -> None:
        self._container.mux(self._video.encode(None))
        self._container.close()

    def sound(self, mixer: Any, until: int, *, last: bool) -> None:
        mixer.read(until - mixer.position)


def lossless(folder: CallFolder, out: Path, spec: Spec) -> None:
    """The composite as it goes into the encoder, kept as it is."""
    true_output, composer._Output = composer._Output, _Lossless  # type: ignore[misc]
    try:
        composer.compose(folder, out, spec)
    finally:
        composer._Output = true_output  # type: ignore[misc]


def ssim_y(copy: Path, reference: Path, fps: int = Spec().fps) -> float:
    """Mean SSIM of the Y plane by FFmpeg's own filter."""
    frame_s = Fraction(1, fps)
    values = []
    with av.open(str(copy)) as a, av.open(str(reference)) as b:
        graph = av.filter.Graph()
        # One time base for both, else the filter pairs frames of different moments.
        shape = a.streams.video[0]
        size: dict[str, Any] = {
            "width": shape.width,
            "height": shape.height,
            "format": shape.format,
        }
        first = graph.add_buffer(**size, time_base=frame_s)
        second = graph.add_buffer(**size, time_base=frame_s)
        ssim, sink = graph.add("ssim"), graph.add("buffersink")
        first.link_to(ssim, 0, 0)
        second.link_to(ssim, 0, 1)
        ssim.link_to(sink)
        graph.configure()
        for index, (left, right) in enumerate(
            zip(a.decode(video=0), b.decode(video=0), strict=True)
        ):
            for source, frame in ((first, left), (second, right)):
                frame.pts, frame.time_base = index, frame_s
                source.push(frame)
            while True:
                try:
                    out = sink.pull()
                except (av.BlockingIOError, av.EOFError):
                    break
                values.append(float(out.metadata["lavfi.ssim.Y"]))
    return float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    seconds = 20 if parser.parse_args().short else 120
    work = Path(tempfile.mkdtemp(prefix="compose-bench-"))
    try:
        two = footage(work, 2, seconds, (640, 480))
        cpu_s = timed(two, work / "two.mp4", labels(2))
        say("M9", "x_realtime", seconds / cpu_s, "x/core", 12, spike=9.0)
        size = (work / "two.mp4").stat().st_size
        say("M8", "mb_per_30min", size / seconds * 1800 / 1e6, "MB", 40)
        lossless(read_folder(two), work / "reference.mkv", labels(2))
        say("M8", "ssim_y", ssim_y(work / "two.mp4", work / "reference.mkv"), "ssim", 0.99)
        # Drawing nine heads takes far longer than composing them: a minute of them is enough.
        seconds = min(seconds, 60)
        nine = footage(work, 9, seconds, (320, 240))
        cpu_s = timed(nine, work / "nine.mp4", labels(9))
        say("M9", "x_realtime_nine", seconds / cpu_s, "x/core", 6, spike=4.7)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
