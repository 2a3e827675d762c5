"""The spool's disk: room for a further call, and what is given up when there is none left (D1).

A reserve file is kept on the disk. When the disk runs full the reserve is freed, video is no longer
written and sound and journal go on in the room that was freed: a conversation without its picture
can still be judged, a picture without its words cannot.
"""

import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

RESERVE = ".reserve"
RESERVE_MB = 64
CALL_MB = 300  # half an hour of two parties at the usual rate, raw


@dataclass(frozen=True)
class Disk:
    """Bytes of the spool's disk."""

    free: int
    total: int

    @property
    def free_percent(self) -> float:
        return self.free * 100 / self.total if self.total else 0.0


class Spool:
    """Blocks for microseconds only: statvfs, and the reserve file when the state changes."""

    def __init__(
        self, folder: Path, *, reserve_mb: int = RESERVE_MB, call_mb: int = CALL_MB
    ) -> None:
        self.folder = folder
        self.is_full = False
        self._reserve_bytes = reserve_mb << 20
        self._call_bytes = call_mb << 20
        self.room = self._look()
        self._fill_reserve()

    def _look(self) -> Disk:
        usage = shutil.disk_usage(self.folder)
        return Disk(usage.free, usage.total)

    def holds_another(self, running: int) -> bool:
        """Whether a further call fits; those that run have on average half of theirs to come."""
        return not self.is_full and self.room.free >= self._call_bytes * (1 + running / 2)

    def check(self) -> bool:
        """Look at the disk; True when `is_full` changed."""
        self.room = self._look()
        if not self.is_full and self.room.free < self._reserve_bytes // 2:
            return self.ran_full()
        if self.is_full and self.room.free > 3 * self._reserve_bytes:
            self.is_full = False
            self._fill_reserve()
            logger.warning("the spool has room again: video is recorded")
            return True
        return False

    def ran_full(self) -> bool:
        """The disk took no more; True when that is news."""
        if self.is_full:
            return False
        self.is_full = True
        (self.folder / RESERVE).unlink(missing_ok=True)
        self.room = self._look()
        logger.error("the spool is full: sound and journal only")
        return True

    def _fill_reserve(self) -> None:
        """Only where there is plenty: the reserve must not be what fills the disk."""
        path = self.folder / RESERVE
        if not self._reserve_bytes or self.room.free < 4 * self._reserve_bytes:
            return
        try:
            with path.open("wb") as reserve:
                os.posix_fallocate(reserve.fileno(), 0, self._reserve_bytes)
        except OSError:
            path.unlink(missing_ok=True)
            logger.warning("no reserve could be kept on the spool's disk")
