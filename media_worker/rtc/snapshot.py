"""A still of what a publisher sends, in full received size."""

import asyncio
import hashlib
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from common.faultpoint import faultpoint
from media_worker.rtc.assembler import Assembler
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.inbound import Inbound

PIXELS_MAX = 4096 * 4096
WAIT_S = 5.0
ASK_AGAIN_S = 0.7
JPEG_QUALITY = 92


@dataclass(frozen=True)
class Still:
    width: int
    height: int
    bytes: int
    sha256: str
    taken: float  # monotonic seconds of the picture's arrival


class _KeyframeTap:
    """Waits for one whole keyframe."""

    def __init__(self) -> None:
        self.found: asyncio.Future[tuple[bytes, float]] = asyncio.get_running_loop().create_future()
        self._assembler = Assembler("video")

    def on_cut(self) -> None:
        self._assembler.cut(time.monotonic())

    def on_pause(self) -> None:
        """The picture asked for is the next whole one, however it comes."""

    def on_packet(
        self,
        ext: int,
        timestamp: int,
        marker: bool,
        packet: bytes,
        offset: int,
        keyframe: bool,
        now: float,
    ) -> None:
        self._assembler.add((ext, timestamp, marker, packet, offset, now))
        for frame in self._assembler.take(now):
            if frame.keyframe and not self.found.done():
                self.found.set_result((frame.data, frame.arrived))


async def take_still(source: Inbound, path: Path) -> Still:
    """Ask for a keyframe, decode it in a thread, write a JPEG. Raises RoomRefused."""
    tap = _KeyframeTap()
    source.taps.append(tap)
    try:
        deadline = time.monotonic() + WAIT_S
        while not tap.found.done():
            source.request_keyframe()
            await asyncio.wait([tap.found], timeout=ASK_AGAIN_S)
            if not tap.found.done() and time.monotonic() > deadline:
                raise RoomRefused("no_picture", "no keyframe came")
    finally:
        if tap in source.taps:
            source.taps.remove(tap)
    data, taken = tap.found.result()
    return await asyncio.to_thread(_write_jpeg, data, taken, path)


def _write_jpeg(data: bytes, taken: float, path: Path) -> Still:
    decoder = av.CodecContext.create("vp8", "r")
    try:
        if not isinstance(decoder, VideoCodecContext):
            raise TypeError("vp8 is no video codec")
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        picture = frames[0]
        if picture.width * picture.height > PIXELS_MAX:
            raise RoomRefused("no_picture", "the picture is too large")
        image = Image.fromarray(picture.to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError) as broken:
        raise RoomRefused("no_picture", "the keyframe cannot be decoded") from broken
    written = io.BytesIO()
    image.save(written, "JPEG", quality=JPEG_QUALITY)
    return _keep(written.getvalue(), (picture.width, picture.height), taken, path)


def keep_still(jpeg: bytes, size: tuple[int, int], path: Path) -> Still:
    """Write a picture that came as a file, as it came."""
    return _keep(jpeg, size, time.monotonic(), path)


def _keep(content: bytes, size: tuple[int, int], taken: float, path: Path) -> Still:
    """On the disk when this returns; the name shows only whole files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    faultpoint("still.written")
    partial.replace(path)
    faultpoint("still.kept")
    return Still(*size, len(content), hashlib.sha256(content).hexdigest(), taken)
