"""Talking heads: what an interview looks like to an encoder - a face that nods and speaks, hair
lines, a papered wall that stands still, and the noise of a cheap camera."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from .picture import Gray


def head(width: int, height: int, at_s: float, seed: int, wall: Gray, grain: Gray) -> Gray:
    """One moment, brightness only. `grain` is the noise picture of this frame, about 128."""
    # One row and one column: what depends on one of them alone is computed once, not for each pixel.
    y, x = (axis.astype(np.float32) for axis in np.ogrid[0:height, 0:width])
    sway = np.sin(at_s * 1.3 + seed) * width * 0.015
    nod = np.sin(at_s * 0.9 + 2 * seed) * height * 0.012
    u, v = (x - width / 2 - sway) / (width * 0.16), (y - height * 0.45 - nod) / (height * 0.30)
    picture = wall.astype(np.float32)
    body = ((x - width / 2 - sway * 0.5) / (width * 0.34)) ** 2 + (
        (y - height) / (height * 0.3)
    ) ** 2
    picture = np.where(body < 1, 70 + 8 * np.sin((x - sway) / 21), picture)
    face = u**2 + v**2
    skin = 175 - 30 * u + 10 * np.sin(v * 4)
    picture = np.where(face < 1, skin, picture)
    picture = np.where((face < 1.15) & (v < -0.45), 48 + 10 * np.sin(u * 14), picture)
    for eye in (-0.38, 0.38):
        blink = 0.03 if (at_s + seed) % 3.1 < 0.12 else 0.09
        spot = ((u - eye) / 0.13) ** 2 + ((v + 0.12) / blink) ** 2
        picture = np.where(spot < 1, 45, picture)
    opening = 0.04 + 0.07 * abs(np.sin(at_s * 7)) * (np.sin(at_s * 0.7 + seed) > 0)
    picture = np.where((u / 0.3) ** 2 + ((v - 0.5) / opening) ** 2 < 1, 85, picture)
    noisy: Gray = np.clip(picture + grain.astype(np.float32) - 128, 16, 235).astype(np.uint8)
    return noisy


def write_head_video(
    path: Path, seconds: float, *, size: tuple[int, int], seed: int, fps: int = 15
) -> None:
    """VP8 as a browser would send it: 600 kbit/s, a keyframe each 8 s."""
    width, height = size
    rng = np.random.default_rng(seed)
    shelves = 115 + 18 * np.sin(np.arange(width) / 23)[None, :]
    wall = shelves + 14 * np.sin(np.arange(height) / 31)[:, None]
    paper = np.kron(rng.normal(0, 9, (height // 4, width // 4)), np.ones((4, 4)))
    wall = np.clip(wall + paper, 16, 235).astype(np.uint8)
    grains = [
        np.clip(rng.normal(128, 2.0, (height, width)), 0, 255).astype(np.uint8) for _ in range(16)
    ]
    chroma = np.full((height // 2, width), 128, np.uint8)
    with av.open(str(path), "w", format="matroska") as container:
        stream: Any = container.add_stream("libvpx", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = 600_000 if width >= 640 else 250_000
        stream.codec_context.gop_size = fps * 8
        stream.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        for n in range(round(seconds * fps)):
            gray = head(width, height, n / fps, seed, wall, grains[n * 7 % 16])
            frame = av.VideoFrame.from_ndarray(np.concatenate([gray, chroma]), "yuv420p")
            frame.pts, frame.time_base = n, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
