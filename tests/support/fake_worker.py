"""A media worker that only answers: what Django told it is kept, and it may be away or forget."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.utils import timezone

from interviews.models import Call
from media_worker.models import MediaWorker


@dataclass
class FakeWorker:
    """`asked` holds (last words of the path, body). `plays` are the ids it knows."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    plays: dict[str, int] = field(default_factory=dict)
    refuses: str = ""
    refuses_plays: bool = False
    fails_items: str = ""  # the code of what keeps it from getting an item, of `failing` or of all
    failing: list[int] = field(default_factory=list)
    acts_but_is_not_heard_on: str = ""  # the last words of the path
    before_answering: Callable[[str], None] = lambda words: None
    calls: int = 0
    here_percent: int = 100  # of every item

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        words = path.split("/calls/")[1].split("/", 1)[1] if "/calls/" in path else path
        self.asked.append((words, body))
        self.before_answering(words)
        if self.refuses:
            return 409, {"code": self.refuses}
        match words:
            case "/v1/health":
                return 200, self._health()
            case _ if words.startswith("/v1/items/") and self._fails(words):
                return 502, {"code": self.fails_items}
            case _ if words.startswith("/v1/items/"):
                here = {"here": self.here_percent == 100, "of_bytes": 4000}
                return 200, {**here, "bytes": 40 * self.here_percent}
            case "open":
                return 200, {"opened": True}
            case "play" if self.refuses_plays:
                return 409, {"code": "item_unusable"}
            case "play":
                self.plays[body["play_id"]] = body["start_ms"]
                return 200, self._play(body["play_id"], "playing")
            case "play/act" if body["play_id"] not in self.plays:
                return 404, {"code": "not_playing"}
            case "play/act":
                state = {"pause": "paused", "resume": "playing", "stop": "stopped"}[body["act"]]
                return 200, self._play(body["play_id"], state)
            case "still":
                jpeg = base64.b64decode(body["jpeg_base64"])
                return 200, {
                    "file": f"snapshots/{body['snapshot_id']}.jpg",
                    "width": body["width"],
                    "height": body["height"],
                    "at_ms": 1234,
                    "bytes": len(jpeg),
                    "sha256": hashlib.sha256(jpeg).hexdigest(),
                }
            case "legs":
                return 200, {"answer_sdp": "v=0", "slots": []}
            case _:
                return 200, {"ok": True}

    def _health(self) -> dict[str, Any]:
        return {
            "worker_id": "fake",
            "calls": self.calls,
            "legs": 2 * self.calls,
            "loop_lag_p99_ms": 0.0,
            "draining": bool(self.told("/v1/drain")),
        }

    def _fails(self, words: str) -> bool:
        number = int(words.removeprefix("/v1/items/").partition("-")[0])
        return bool(self.fails_items) and (not self.failing or number in self.failing)

    def _play(self, play_id: str, state: str) -> dict[str, Any]:
        at = self.plays[play_id]
        return {"play_id": play_id, "state": state, "position_ms": at, "duration_ms": 60_000}

    def told(self, words: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == words]


@contextmanager
def fake_worker(call: Call | None = None, worker_id: str = "fake") -> Iterator[FakeWorker]:
    """Answers for the call, which is pinned to it, or for whichever comes."""
    worker = FakeWorker()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(json.loads(self.rfile.read(length) or "{}"))

        def _answer(self, body: dict[str, Any]) -> None:
            status, answer = worker.answer(self.path, body)
            if worker.acts_but_is_not_heard_on == worker.asked[-1][0]:
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    now = timezone.now()
    row = MediaWorker.objects.create(
        worker_id=worker_id,
        control_url=f"http://127.0.0.1:{server.server_address[1]}",
        started_at=now,
        last_heartbeat_at=now,
        capacity=10,
    )
    if call is not None:
        call.media_worker, call.media_worker_started_at = row.worker_id, row.started_at
        call.media_epoch = 1
        call.save()
    try:
        yield worker
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
