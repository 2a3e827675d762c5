"""The picture under construction: one I420 frame that is changed in place and encoded again."""

from typing import Any, cast

import av
import numpy as np

from .labels import Plane
from .layout import Box

BLACK, CARD = 16, 38
NEUTRAL = 128


def plane_of(frame: av.VideoFrame, index: int) -> Plane:
    """A writable view of one plane without its padding; (rows, columns)."""
    plane = frame.planes[index]
    # A plane has the buffer protocol, which PyAV's stubs do not say; this view keeps it alive.
    rows: Plane = np.frombuffer(memoryview(cast("Any", plane)), np.uint8)
    rows = rows.reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


class Canvas:
    """`frame` may be handed to the encoder at any time: x264 copies it before `encode` returns."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = av.VideoFrame(width, height, "yuv420p")
        self.planes = [plane_of(self.frame, i) for i in range(3)]
        self.fill(Box(0, 0, width, height), BLACK)

    def fill(self, box: Box, brightness: int) -> None:
        for shift, plane in zip((0, 1, 1), self.planes, strict=True):
            part = plane[
                box.y >> shift : (box.y + box.height) >> shift,
                box.x >> shift : (box.x + box.width) >> shift,
            ]
            part[:] = NEUTRAL if shift else brightness

    def blit(self, picture: av.VideoFrame, box: Box) -> None:
        """Copy a yuv420p picture of exactly the box's size."""
        for index, (shift, plane) in enumerate(zip((0, 1, 1), self.planes, strict=True)):
            height, width = box.height >> shift, box.width >> shift
            y, x = box.y >> shift, box.x >> shift
            plane[y : y + height, x : x + width] = plane_of(picture, index)[:height, :width]

    def print(self, text: Plane, x: int, y: int, ground: int = BLACK) -> None:
        """White text on an opaque ground. Opaque, so that printing it twice changes nothing."""
        height, width = text.shape
        x, y = x & ~1, y & ~1
        scaled = ground + (text.astype(np.uint16) * (235 - ground) // 255)
        self.planes[0][y : y + height, x : x + width] = scaled
        for plane in self.planes[1:]:
            plane[y >> 1 : (y + height) >> 1, x >> 1 : (x + width) >> 1] = NEUTRAL
