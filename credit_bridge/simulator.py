"""The bank's side of the wire as a process of its own, with switches for everything that goes wrong.

It serves a Bank (the embedded book) by the same contract the real one follows. Switches are set at
`/switches`, what was applied is told at `/log`, both on loopback only, with the same secret as a bearer: a simulator is no place for guests.
"""

import io
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import close_old_connections, connections
from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError

from common.errors import DomainError

from . import signing
from .contract import BY_PATH, Operation
from .errors import BankRefused, CaseUnknown
from .ports import Bank, Finding, RecognitionPort, RecognitionRequest

logger = logging.getLogger(__name__)
LARGEST_BODY = 2_000_000


SURE = (
    Finding("liveness", "live", 97),
    Finding("liveness", "match", 93),
    Finding("id_ocr", "id_read", 98),
    Finding("expression", "attentive", 81),
)
DOUBTFUL = (
    Finding("liveness", "not_live", 88),
    Finding("liveness", "mismatch", 91),
    Finding("id_ocr", "id_differs", 95),
    Finding("expression", "tense", 64),
)


class Fault(StrEnum):
    """What the bank's side, or the wire to it, can do to us."""

    DELAY = "delay"  # answers after `seconds`
    ERROR = "error"  # 500, nothing done
    DUPLICATE = "duplicate"  # the wire delivers the request twice
    OUT_OF_ORDER = "out_of_order"  # done only after the next request, answered 503 now
    COMMIT_THEN_SILENCE = "commit_then_silence"  # done, never answered
    REFUSE = "refuse"  # 422 in the bank's own words
    DOWN = "down"  # the connection is cut before anything happens
    UNSIGNED = "unsigned"  # an answer somebody else may have made
    DOUBT = "doubt"  # the recogniser finds that something is wrong


@dataclass
class Switch:
    """A fault for `count` requests of `operation` (all when empty), each `every`-th one."""

    fault: Fault
    count: int = 1
    seconds: float = 0.0
    operation: str = ""
    code: str = "bank_says_no"
    every: int = 1
    seen: int = 0


@dataclass
class Answer:
    status: int
    body: bytes
    media_type: str = "application/json"
    signed: bool = True


@dataclass
class Simulator:
    """State of one simulator. `bank` does the work; `log` tells what was applied, in order."""

    bank: Bank
    key_id: str
    secret: str
    clock: Callable[[], float] = time.time
    switches: list[Switch] = field(default_factory=list)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200_000))
    _held: list[tuple[Operation, bytes]] = field(default_factory=list)
    _nonces: dict[str, float] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def set(self, fault: Fault, *, count: int = 1, **more: Any) -> None:
        with self._lock:
            self.switches.append(Switch(fault, count, **more))

    def clear(self) -> None:
        with self._lock:
            self.switches.clear()

    def serve(self, path: str, authorization: str, body: bytes) -> tuple[Answer | None, str]:
        """The answer and the nonce it is signed with; no answer means the connection is cut."""
        operation = BY_PATH.get(path)
        try:
            nonce = self._authenticate(path, authorization, body)
        except signing.BadSignature:
            return _problem(401, "bad_signature", "bad signature"), ""
        if operation is None:
            return _problem(404, "no_such_operation", "no such operation"), nonce
        switch = self._switch_for(operation)
        fault = switch.fault if switch else None
        if switch is not None and fault is Fault.DELAY:
            time.sleep(switch.seconds)
        if fault is Fault.DOWN:
            return None, nonce
        if fault is Fault.ERROR:
            return _problem(500, "internal", "internal error"), nonce
        if switch is not None and fault is Fault.REFUSE:
            return _problem(422, switch.code, "演示：信贷系统拒绝"), nonce  # data
        if fault is Fault.OUT_OF_ORDER:
            with self._lock:
                self._held.append((operation, body))
            return _problem(503, "busy", "busy"), nonce
        answer = self._apply(operation, body, doubts=fault is Fault.DOUBT)
        if fault is Fault.DUPLICATE:
            self._apply(operation, body)
        with self._lock:
            held, self._held = self._held, []
        for late in held:
            self._apply(*late)
        if fault is Fault.COMMIT_THEN_SILENCE:
            return None, nonce
        if fault is Fault.UNSIGNED:
            answer.signed = False
        return answer, nonce

    def _authenticate(self, path: str, header: str, body: bytes) -> str:
        now = self.clock()
        nonce = signing.verified_nonce(
            header,
            key_id=self.key_id,
            secret=self.secret,
            method="POST",
            path=path,
            body=body,
            now_s=now,
        )
        with self._lock:
            if nonce in self._nonces:
                raise signing.BadSignature
            if len(self._nonces) > 50_000:
                oldest = now - 2 * signing.SKEW_S
                self._nonces = {n: at for n, at in self._nonces.items() if at > oldest}
            self._nonces[nonce] = now
        return nonce

    def _switch_for(self, operation: Operation) -> Switch | None:
        with self._lock:
            for switch in self.switches:
                if switch.operation in ("", operation.name) and switch.count > 0:
                    switch.seen += 1
                    if switch.seen % switch.every == 0:
                        switch.count -= 1
                        return switch
        return None

    def _apply(self, operation: Operation, body: bytes, *, doubts: bool = False) -> Answer:
        try:
            asked = operation.request.validate_json(body)
        except ValidationError:
            return _problem(400, "bad_request", "bad request")
        arguments = {name: getattr(asked, name) for name in type(asked).model_fields}
        try:
            if operation.port is RecognitionPort:
                value: Any = self._recognise(asked.request, doubts=doubts)
            else:
                value = getattr(self.bank, operation.name)(**arguments)
        except DomainError as refusal:
            return _problem(refusal.status, refusal.code, refusal.text, refusal.facts)
        except Exception:
            logger.exception("simulator: %s failed", operation.name)
            return _problem(500, "internal", "internal error")
        if operation.changes:
            self._note(operation, arguments)
        return Answer(
            200, operation.answer.dump_json(operation.answer.validate_python({"value": value}))
        )

    def _recognise(self, request: RecognitionRequest, *, doubts: bool) -> tuple[Finding, ...]:
        """Plays the vendor: it opens the picture and knows the person, but sees nothing in it."""
        case = self.bank.case_details(request.contract_no)
        if all(party.phone != request.phone for party in case.parties):
            raise CaseUnknown
        try:
            with Image.open(io.BytesIO(request.picture), formats=["JPEG"]) as picture:
                picture.verify()
        except (UnidentifiedImageError, OSError) as strange:
            raise BankRefused(reason="not a JPEG") from strange
        said = DOUBTFUL if doubts else SURE
        return tuple(finding for finding in said if finding.kind in request.kinds)

    def _note(self, operation: Operation, arguments: dict[str, Any]) -> None:
        said = arguments.get("message") or arguments.get("sms")
        with self._lock:
            self.log.append(
                {
                    "operation": operation.name,
                    "message_id": getattr(said, "message_id", ""),
                    "contract_no": getattr(said, "contract_no", arguments.get("contract_no", "")),
                    "sequence": getattr(said, "sequence", 0),
                }
            )


def _problem(status: int, code: str, title: str, facts: dict[str, Any] | None = None) -> Answer:
    body = json.dumps({"code": code, "title": title, "facts": facts or {}}, ensure_ascii=False)
    return Answer(status, body.encode(), "application/problem+json")


class _Handler(BaseHTTPRequestHandler):
    """One connection. HTTP/1.1, kept open, so that a client pays for it once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "SimulatorServer"

    def do_POST(self) -> None:
        close_old_connections()
        body = self._body()
        if body is None:
            return
        simulator = self.server.simulator
        if self.path == "/switches":
            self._switch(simulator, body)
            return
        answer, nonce = simulator.serve(self.path, self.headers.get("Authorization", ""), body)
        if answer is None:
            self.close_connection = True
            return
        signature = signing.answer_signature(
            secret=simulator.secret, status=answer.status, nonce=nonce, body=answer.body
        )
        self._send(answer, [("X-Bank-Signature", signature)] if answer.signed else [])

    def do_GET(self) -> None:
        simulator = self.server.simulator
        if self.path == "/health":
            self._send(Answer(200, b'{"ok": true}'), [])
        elif self.path == "/log" and self._is_operator(simulator):
            self._send(Answer(200, json.dumps(list(simulator.log)).encode()), [])
        else:
            self._send(_problem(404, "not_found", "not found"), [])

    def _body(self) -> bytes | None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._send(_problem(413, "too_large", "too large"), [])
            return None
        return self.rfile.read(length)

    def _is_operator(self, simulator: Simulator) -> bool:
        return self.headers.get("Authorization") == f"Bearer {simulator.secret}"

    def _switch(self, simulator: Simulator, body: bytes) -> None:
        if not self._is_operator(simulator):
            self._send(_problem(401, "not_yours", "not yours"), [])
            return
        asked: dict[str, Any] = json.loads(body or b"{}")
        if asked:
            simulator.set(Fault(asked.pop("fault")), **asked)
        else:
            simulator.clear()
        self._send(Answer(200, b"{}"), [])

    def _send(self, answer: Answer, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def finish(self) -> None:
        super().finish()
        connections.close_all()

    def log_message(self, format: str, *args: Any) -> None:
        """Bodies and paths are nobody's business; refusals are logged where they happen."""


class SimulatorServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        super().__init__(address, _Handler)
        self.simulator = simulator

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.info("simulator: connection lost")
