"""A picture and a sound that a program can read back.

The picture carries a 16-bit frame counter in a row of bright and dark cells and a bar that flashes
for the first 200 ms of each second; the sound beeps in the same 200 ms. Flash against beep in a
stored file is its audio/video skew.
"""

import asyncio
import time
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 480, 15
COUNTER_BITS = 16
CELLS_PER_ROW = 20
FLASH_S = 0.2
SAMPLE_RATE = 48_000
SAMPLES = 960  # 20 ms


def draw(counter: int, at_s: float) -> NDArray[np.uint8]:
    """The luma plane of one picture."""
    luma = np.full((HEIGHT, WIDTH), 90, np.uint8)
    cell = WIDTH // CELLS_PER_ROW
    for bit in range(COUNTER_BITS):
        luma[8:40, cell * bit : cell * (bit + 1)] = 235 if counter >> bit & 1 else 16
    luma[HEIGHT - 96 : HEIGHT - 16, 16 : WIDTH - 16] = 235 if at_s % 1.0 < FLASH_S else 16
    left = counter * 4 % (WIDTH - 64)
    luma[HEIGHT // 2 - 32 : HEIGHT // 2 + 32, left : left + 64] = 180
    return luma


class Camera(MediaStreamTrack):
    kind = "video"

    def __init__(self, clock: float) -> None:
        super().__init__()
        self._clock = clock  # time.monotonic() of picture 0, shared with the microphone
        self.counter = 0
        self.fps = FPS
        self._advanced = asyncio.Condition()

    async def reached(self, counter: int) -> None:
        """Wait until picture number `counter` was given out."""
        async with self._advanced:
            await self._advanced.wait_for(lambda: self.counter >= counter)

    async def recv(self) -> av.VideoFrame:
        at_s = self.counter / FPS
        await asyncio.sleep(max(0.0, self._clock + at_s - time.monotonic()))
        planes = np.concatenate(
            [draw(self.counter & 0xFFFF, at_s), np.full((HEIGHT // 2, WIDTH), 128, np.uint8)]
        )
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = int(at_s * 90_000), Fraction(1, 90_000)
        async with self._advanced:
            self.counter += 1
            self._advanced.notify_all()
        return frame


class Microphone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, clock: float, tone_hz: int) -> None:
        super().__init__()
        self._clock = clock
        self._tone_hz = tone_hz
        self._block = 0

    async def recv(self) -> av.AudioFrame:
        at_s = self._block * SAMPLES / SAMPLE_RATE
        await asyncio.sleep(max(0.0, self._clock + at_s - time.monotonic()))
        t = at_s + np.arange(SAMPLES) / SAMPLE_RATE
        wave = np.where(t % 1.0 < FLASH_S, 0.5 * np.sin(2 * np.pi * self._tone_hz * t), 0.0)
        frame = av.AudioFrame.from_ndarray(
            (wave * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._block * SAMPLES, Fraction(1, SAMPLE_RATE)
        self._block += 1
        return frame
