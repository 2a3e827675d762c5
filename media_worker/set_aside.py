"""Events that Django will never take, kept beside the spool for whoever mends it."""

import threading
from pathlib import Path

from media_worker.protocol import Event


class SetAside:
    """One file a worker, a line an event. Whoever has looked after them takes the file away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, event: Event) -> None:
        """Blocking, as `count`."""
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(event.model_dump_json() + "\n")

    def count(self) -> int:
        try:
            with self._path.open("rb") as file:
                return sum(1 for _ in file)
        except FileNotFoundError:
            return 0
