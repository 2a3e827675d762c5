"""The call's diary: one JSON object a line, fsynced, on the call's own clock.

The file is the truth about a call. It is read again when the call is reopened after a crash; a
torn last line, the only damage an append can suffer, is cut off.

Who writes it holds a lock that the kernel drops when the process dies. A worker that only stands
still (a stopped process, a machine cut off) keeps the lock: the next epoch then goes on in a copy
under the same name, and what the old one still writes ends in a file that nobody reads.
"""

import contextlib
import errno
import fcntl
import json
import os
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.faultpoint import faultpoint

# One thread for all journals: entries that arrive while one fsync runs share the next.
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")


class CallClock:
    """Milliseconds since the call's start. Runs on the monotonic clock: time steps do not matter."""

    def __init__(self, t0_unix_ms: int, *, not_before_ms: int = 0) -> None:
        self.t0_unix_ms = t0_unix_ms
        offset = time.time() * 1000 - t0_unix_ms - time.monotonic() * 1000
        self._offset = max(offset, not_before_ms - time.monotonic() * 1000)

    def at(self, monotonic_s: float) -> int:
        return round(monotonic_s * 1000 + self._offset)

    def now(self) -> int:
        return self.at(time.monotonic())


@dataclass(frozen=True)
class Entry:
    seq: int
    at_ms: int
    kind: str
    body: dict[str, Any]


def read_entries(path: Path) -> tuple[list[Entry], int]:
    """(entries, length in bytes of the part that is whole). A missing file has none."""
    entries: list[Entry] = []
    whole = 0
    if not path.exists():
        return entries, whole
    with path.open("rb") as lines:
        for line in lines:
            try:
                body = json.loads(line)
                entry = Entry(body["seq"], body["at_ms"], body["kind"], body)
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            entries.append(entry)
            whole += len(line)
    return entries, whole


class Journal:
    """Appends may be called from the loop's thread only; they never block it."""

    def __init__(self, path: Path, epoch: int, t0_unix_ms: int) -> None:
        """Opens or continues. Blocks: call it in a thread.

        Raises BlockingIOError while another living process holds the call at this epoch or a
        later one, otherwise OSError.
        """
        self.path = path
        self.epoch = epoch
        self.taken_over = False  # from a process that is not known to be dead
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open_locked()
        self.entries, whole = read_entries(path)
        self.resumed = bool(self.entries)
        last_ms = 0
        for entry in self.entries:
            if entry.kind == "call.opened":
                t0_unix_ms = entry.body["t0_unix_ms"]
            last_ms = max(last_ms, entry.at_ms)
        self.clock = CallClock(t0_unix_ms, not_before_ms=last_ms)
        self.notes = {e.body["id"]: (e.seq, e.at_ms) for e in self.entries if e.kind == "note"}
        self._seq = self.entries[-1].seq if self.entries else 0
        os.ftruncate(self._file, whole)
        self._whole = whole  # bytes that are lines nobody was refused
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._pending: deque[tuple[int, bytes, Future[int]]] = deque()
        self._lock = threading.Lock()

    def _open_locked(self) -> int:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # one opens at a time; let go with `folder`
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                # Two workers must never write one call; the kernel lets go when a process dies.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return self._take_over()
            except OSError:
                os.close(file)
                raise
            return file
        finally:
            os.close(folder)

    def _take_over(self) -> int:
        """A copy of what is there under a fresh inode; the old holder keeps the old one."""
        entries, whole = read_entries(self.path)
        if self.epoch <= max((entry.body.get("epoch", 0) for entry in entries), default=0):
            raise BlockingIOError(errno.EWOULDBLOCK, "held at this epoch")
        arriving = self.path.with_name(f"{self.path.name}.e{self.epoch}.tmp")
        arriving.unlink(missing_ok=True)
        file = os.open(arriving, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = self.path.read_bytes()[:whole]
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
            arriving.replace(self.path)
        except OSError:
            os.close(file)
            raise
        self.taken_over = True
        return file

    @property
    def is_superseded(self) -> bool:
        """Another worker goes on with this call: nothing that is written here counts."""
        try:
            return self.path.stat().st_ino != os.fstat(self._file).st_ino
        except FileNotFoundError:
            return True

    @property
    def is_closed_call(self) -> bool:
        return bool(self.entries) and self.entries[-1].kind == "call.closed"

    def append(self, kind: str, *, at_ms: int | None = None, **body: Any) -> Future[int]:
        """Write one line; the future gives its sequence number once it is on the disk."""
        self._seq += 1
        seq, now_ms = self._seq, self.clock.now()
        line = {
            "seq": seq,
            "at_ms": now_ms if at_ms is None else at_ms,
            "unix_ms": time.time_ns() // 1_000_000,
            "epoch": self.epoch,
            "kind": kind,
            **body,
        }
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        written: Future[int] = Future()
        written.set_running_or_notify_cancel()  # who stops waiting takes nothing back
        self._pending.append((seq, data, written))
        _writer.submit(self._flush)
        return written

    def _flush(self) -> None:
        with self._lock:
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            if not batch:
                return
            try:
                self._write(b"".join(line for _, line, _ in batch))
            except OSError as refused:
                with contextlib.suppress(OSError):  # a disk that takes not even that: at the next
                    self._cut()
                for _, _, written in batch:
                    written.set_exception(refused)
                return
        for seq, _, written in batch:
            written.set_result(seq)

    def _write(self, data: bytes) -> None:
        if self.is_superseded:
            raise OSError(errno.ESTALE, "another worker writes this call")
        self._cut()
        left = data
        while left:
            left = left[os.write(self._file, left) :]
        faultpoint("journal.written")
        os.fsync(self._file)
        faultpoint("journal.synced")
        self._whole += len(data)

    def _cut(self) -> None:
        """Take away what was refused or torn: what followed it would never be read."""
        if os.fstat(self._file).st_size != self._whole:
            os.ftruncate(self._file, self._whole)

    def close(self) -> None:
        """After everything appended so far; blocks until then."""
        _writer.submit(self._close).result()

    def _close(self) -> None:
        self._flush()
        os.close(self._file)
