"""Prefixed, coloured lines on standard output, and a log file per process.

A terminal that is held (Ctrl-S) or a pipe nobody reads must not stop the system: a line that cannot
be written at once is left out on the console, counted, and still stands in its log file.
"""

import os
import re
import select
import sys
import time
from pathlib import Path
from typing import IO

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 95)
_ALERT = 31
_LINE_BYTES = 4000  # below PIPE_BUF, so that a writable pipe takes a whole line
_LOG_BYTES = 20 * 1024 * 1024
_ESCAPES = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


class Console:
    """Where the supervisor and its children speak."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._files: dict[str, IO[bytes]] = {}
        self._left_out = 0
        self._open = True
        wanted = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
        self._coloured = wanted and not os.environ.get("NO_COLOR")

    def log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def line(self, name: str, text: bytes, *, shown: bool = True) -> None:
        """One line of a child: to its log file and, if `shown`, to the console under its name."""
        stamp = time.strftime("%H:%M:%S")
        plain = _ESCAPES.sub(b"", text)
        self._file(name).write(stamp.encode() + b" " + plain + b"\n")
        if not shown:
            return
        prefix = self._paint(f"{name:<9}", _COLOURS[sum(name.encode()) % len(_COLOURS)])
        self._show(f"{stamp} {prefix}│ ".encode() + (text if self._coloured else plain))

    def say(self, text: str, *, alert: bool = False) -> None:
        """The supervisor's own words."""
        for line in text.splitlines() or [""]:
            self._show((self._paint(line, _ALERT) if alert else line).encode())

    def last_lines(self, name: str, count: int = 15) -> str:
        """The end of a child's log, without the times."""
        path = self.log_of(name)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(line.partition(" ")[2] for line in lines[-count:])

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._files:
            path = self.log_of(name)
            if path.exists() and path.stat().st_size > _LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
            self._files[name] = path.open("ab", buffering=0)
        return self._files[name]

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _show(self, line: bytes) -> None:
        if not self._open:
            return
        try:
            _, writable, _ = select.select([], [sys.stdout.fileno()], [], 0)
            if not writable:
                self._left_out += 1
                return
            if self._left_out:
                note = f"… {self._left_out} 行未显示，见 {self._logs}\n".encode()
                self._left_out = 0
                os.write(sys.stdout.fileno(), note)
            os.write(sys.stdout.fileno(), line[:_LINE_BYTES] + b"\n")
        except OSError:  # the terminal or the reader is gone; the log files go on
            self._open = False
