"""Matroska with one track, written so that any prefix of the file plays.

Each `write` appends whole clusters; nothing before them changes until `close` fills in what only
makes seeking faster (segment size, duration, cues). Written by hand because a muxer in C trusts
its input, and because a cluster is a concatenation of bytes that takes no time.
"""

import os
import struct
from pathlib import Path

CODEC_IDS = {"audio": b"A_OPUS", "video": b"V_VP8"}
CLUSTER_MS_MAX = 30_000  # a block's time is 16 bits, signed
RESERVED_FOR_SEEK = 64
UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
OPUS_HEAD = b"OpusHead" + struct.pack("<BBHIHB", 1, 2, 0, 48_000, 0, 0)


def _size(value: int) -> bytes:
    if value < 0x7F:
        return bytes([0x80 | value])
    if value < 0x3FFF:
        return struct.pack(">H", 0x4000 | value)
    return struct.pack(">Q", 1 << 56 | value)


def _element(identifier: int, payload: bytes) -> bytes:
    return (
        identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
        + _size(len(payload))
        + payload
    )


def _uint(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


class MatroskaFile:
    """One file; `path` must not exist. All times in milliseconds from the file's start."""

    def __init__(self, path: Path, kind: str, *, width: int = 0, height: int = 0) -> None:
        self.path = path
        self.kind = kind
        self.bytes = 0
        self.duration_ms = 0
        self._cues: list[tuple[int, int]] = []  # ms, position of the cluster in the segment
        head = _element(
            0x1A45DFA3,
            _uint(0x4286, 1)
            + _uint(0x42F7, 1)
            + _uint(0x42F2, 4)
            + _uint(0x42F3, 8)
            + _element(0x4282, b"matroska")
            + _uint(0x4287, 4)
            + _uint(0x4285, 2),
        )
        self._size_at = len(head) + 4
        head += b"\x18\x53\x80\x67" + UNKNOWN_SIZE
        self._segment_at = len(head)
        head += _element(0xEC, bytes(RESERVED_FOR_SEEK - 2))
        info = _uint(0x2AD7B1, 1_000_000) + _element(0x4D80, b"vi") + _element(0x5741, b"vi")
        self._duration_at = len(head) + 4 + 8 + len(info) + 3
        info += _element(0x4489, struct.pack(">d", 0.0))
        head += b"\x15\x49\xa9\x66" + struct.pack(">Q", 1 << 56 | len(info)) + info
        track = _uint(0xD7, 1) + _uint(0x73C5, 1) + _uint(0x9C, 0)
        track += _element(0x86, CODEC_IDS[kind])
        if kind == "video":
            track += _uint(0x83, 1) + _element(0xE0, _uint(0xB0, width) + _uint(0xBA, height))
        else:
            track += _uint(0x83, 2) + _element(0x63A2, OPUS_HEAD) + _uint(0x56BB, 80_000_000)
            track += _element(0xE1, _element(0xB5, struct.pack(">d", 48_000.0)) + _uint(0x9F, 2))
        head += _element(0x1654AE6B, _element(0xAE, track))
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            self._append(head)
        except OSError:
            os.close(self._fd)
            path.unlink()
            raise

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._fd, view)
            self.bytes += written
            view = view[written:]

    def write(self, frames: list[tuple[int, bool, bytes]]) -> None:
        """Append frames (ms, keyframe, data), times not falling, as one or more clusters.

        Raises OSError; what had been written before stays whole but for a torn last cluster,
        which is cut off.
        """
        start = 0
        while start < len(frames):
            base = frames[start][0]
            end = start
            while end < len(frames) and frames[end][0] - base <= CLUSTER_MS_MAX:
                if end > start and self.kind == "video" and frames[end][1]:
                    break  # players seek to clusters: each keyframe starts one
                end += 1
            self._write_cluster(base, frames[start:end])
            start = end

    def _write_cluster(self, base: int, frames: list[tuple[int, bool, bytes]]) -> None:
        body = [_uint(0xE7, base)]
        for at_ms, keyframe, data in frames:
            header = struct.pack(">BhB", 0x81, at_ms - base, 0x80 if keyframe else 0)
            body.append(b"\xa3" + _size(len(header) + len(data)) + header + data)
        position = self.bytes
        try:
            self._append(_element(0x1F43B675, b"".join(body)))
        except OSError:
            os.ftruncate(self._fd, position)
            os.lseek(self._fd, position, os.SEEK_SET)
            self.bytes = position
            raise
        if self.kind == "audio" or any(keyframe for _, keyframe, _ in frames):
            first = next((at for at, keyframe, _ in frames if keyframe), base)
            if not self._cues or first - self._cues[-1][0] >= 1000:
                self._cues.append((first, position - self._segment_at))
        self.duration_ms = max(self.duration_ms, frames[-1][0])

    def close(self) -> None:
        """Write cues, duration and sizes, and make it durable. The file is whole without this."""
        try:
            cues_at = self.bytes - self._segment_at
            points = b"".join(
                _element(
                    0xBB,
                    _uint(0xB3, at) + _element(0xB7, _uint(0xF7, 1) + _uint(0xF1, position)),
                )
                for at, position in self._cues
            )
            if points:
                self._append(_element(0x1C53BB6B, points))
                seek = _element(0x53AB, b"\x1c\x53\xbb\x6b") + _uint(0x53AC, cues_at)
                seek_head = _element(0x114D9B74, _element(0x4DBB, seek))
                void = _element(0xEC, bytes(RESERVED_FOR_SEEK - len(seek_head) - 2))
                os.pwrite(self._fd, seek_head + void, self._segment_at)
            os.pwrite(self._fd, struct.pack(">d", float(self.duration_ms)), self._duration_at)
            size = struct.pack(">Q", 1 << 56 | self.bytes - self._segment_at)
            os.pwrite(self._fd, size, self._size_at)
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
