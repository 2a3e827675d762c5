"""M8: what the encoder's settings cost and give, at the copy's own bitrate, on the lossless composite.

The footage is that of compose.py. Speed is that of encoding alone, one thread; SSIM of the brightness
against the composite. One JSON line for each setting.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.compose import footage, labels, lossless, ssim_y
from recordings.compose.composer import KEYFRAME_EVERY_S, X264
from recordings.compose.spec import Spec
from recordings.folder import read_folder

BPS = Spec().video_bps
BEFORE = {"preset": "veryfast", "subq": "1", "refs": "1", "me_method": "dia"}
# name -> (x264 options, bit/s, seconds between keyframes)
SETTINGS: dict[str, tuple[dict[str, str], int, int]] = {
    "chosen": (X264, BPS, KEYFRAME_EVERY_S),
    "before": (BEFORE, BPS, 5),
    "keyframes_10s": (BEFORE, BPS, 10),
    "lookahead_40": (BEFORE | {"rc-lookahead": "40"}, BPS, 10),
    "five_b_frames": (BEFORE | {"rc-lookahead": "40", "bf": "5"}, BPS, 10),
    "qcomp_0.6": (X264 | {"qcomp": "0.6"}, BPS, KEYFRAME_EVERY_S),
    "qcomp_0.3": (X264 | {"qcomp": "0.3"}, BPS, KEYFRAME_EVERY_S),
    "subq_1": (X264 | {"subq": "1"}, BPS, KEYFRAME_EVERY_S),
    "subq_3": (X264 | {"subq": "3"}, BPS, KEYFRAME_EVERY_S),
    "lookahead_60": (X264 | {"rc-lookahead": "60"}, BPS, KEYFRAME_EVERY_S),
    "refs_1": (X264 | {"refs": "1"}, BPS, KEYFRAME_EVERY_S),
    "eight_b_frames": (X264 | {"bf": "8"}, BPS, KEYFRAME_EVERY_S),
    "aq_strength_1": (X264 | {"aq-strength": "1.0"}, BPS, KEYFRAME_EVERY_S),
    "keyframes_10s_chosen": (X264, BPS, 10),
    "keyframes_20s": (X264, BPS, 20),
    "superfast": ({"preset": "superfast"}, BPS, 10),
    "veryfast": ({"preset": "veryfast"}, BPS, 10),
    "medium": ({"preset": "medium"}, BPS, 10),
    "tune_ssim": (X264 | {"tune": "ssim"}, BPS, KEYFRAME_EVERY_S),
    "noise_reduction": (X264 | {"nr": "100"}, BPS, KEYFRAME_EVERY_S),
    "200_kbps": (X264, 200_000, KEYFRAME_EVERY_S),
    "300_kbps": (X264, 300_000, KEYFRAME_EVERY_S),
}


def encode(source: Path, out: Path, options: dict[str, str], bps: int, gop: int, fps: int) -> float:
    """CPU seconds of encoding. All pictures are in memory first: decoding is not what is measured."""
    with av.open(str(source)) as reader:
        frames = list(reader.decode(video=0))
    with av.open(str(out), "w", format="matroska") as container:
        stream: Any = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt, stream.bit_rate = "yuv420p", bps
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        stream.codec_context.gop_size, stream.codec_context.thread_count = gop, 1
        stream.options = options | {"maxrate": str(bps * 3), "bufsize": str(bps * 6)}
        spent = 0.0
        for index, frame in enumerate([*frames, None]):
            if frame is not None:
                frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, fps), 0
            began = time.process_time()
            packets = stream.encode(frame)
            spent += time.process_time() - began
            container.mux(packets)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    seconds = 20 if parser.parse_args().short else 60
    work = Path(tempfile.mkdtemp(prefix="encoder-bench-"))
    try:
        folder = read_folder(footage(work, 2, seconds, (640, 480)))
        for fps in (Spec().fps, 12):
            reference = work / f"reference{fps}.mkv"
            lossless(folder, reference, replace(labels(2), fps=fps))
            for name, (options, bps, keyframes_s) in SETTINGS.items():
                if fps != Spec().fps and name != "chosen":
                    continue
                out = work / "out.mkv"
                cpu_s = encode(reference, out, options, bps, keyframes_s * fps, fps)
                line = {
                    "figure": "M8",
                    "name": f"encoder_{name}" + ("" if fps == Spec().fps else f"_{fps}_fps"),
                    "value": round(ssim_y(out, reference, fps), 4),
                    "unit": "ssim",
                    "target": 0.99,
                    "compared": {
                        "x_realtime": round(seconds / cpu_s, 1),
                        "kbps": round(out.stat().st_size * 8 / seconds / 1000, 1),
                    },
                }
                print(json.dumps(line), flush=True)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
