"""Questions to the bank's side over the wire (contract.py): JSON over TLS, signed both ways.

Timeouts are short, reads are tried again at once, changes are left to the outbox, and a circuit
breaker keeps a dead partner from holding our threads.
"""

import logging
import random
import secrets
import ssl
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import httpx
from pydantic import ValidationError

from . import signing
from .breaker import CircuitBreaker
from .contract import OPERATIONS, REFUSALS, Operation
from .errors import BankRefused, CircuitOpen, CreditUnavailable

logger = logging.getLogger(__name__)

CONNECT_S = 2.0
ANSWER_S = 5.0
READ_TRIES = 3
RETRY_S = 0.1


class Wire:
    """One partner at `base_url`. Thread-safe; keeps its connections."""

    def __init__(
        self,
        base_url: str,
        *,
        key_id: str,
        secret: str,
        ca_file: str = "",
        client_cert: str = "",
        client_key: str = "",
        answer_s: float = ANSWER_S,
        read_tries: int = READ_TRIES,
        breaker: CircuitBreaker | None = None,
        on_return: Callable[[], object] = lambda: None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key_id, self._secret = key_id, secret
        self._ca_file, self._client = ca_file, (client_cert, client_key)
        self._answer_s, self._read_tries = answer_s, read_tries
        self._on_return = on_return
        self.breaker = breaker or CircuitBreaker()

    @cached_property
    def _http(self) -> httpx.Client:
        verify: ssl.SSLContext | bool = True
        if self._base_url.startswith("https:"):
            verify = ssl.create_default_context(cafile=self._ca_file or None)
            verify.minimum_version = ssl.TLSVersion.TLSv1_2
            if self._client[0]:
                verify.load_cert_chain(*self._client)
        return httpx.Client(
            base_url=self._base_url,
            verify=verify,
            timeout=httpx.Timeout(self._answer_s, connect=CONNECT_S),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, name: str, **arguments: Any) -> Any:
        operation = OPERATIONS[name]
        tries = 1 if operation.changes else self._read_tries
        for attempt in range(1, tries + 1):
            try:
                return self._once(operation, arguments)
            except CreditUnavailable:
                if attempt == tries or self.breaker.is_open:
                    raise
                time.sleep(RETRY_S * attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        raise CreditUnavailable

    def _once(self, operation: Operation, arguments: dict[str, Any]) -> Any:
        if not self.breaker.lets_through():
            raise CircuitOpen(self.breaker.opens_again_in_s())
        body = operation.request.dump_json(operation.request.validate_python(arguments))
        nonce = secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "Authorization": signing.authorization(
                key_id=self._key_id,
                secret=self._secret,
                method="POST",
                path=operation.path,
                body=body,
                date_s=int(time.time()),
                nonce=nonce,
            ),
        }
        try:
            answer = self._http.post(operation.path, content=body, headers=headers)
        except httpx.HTTPError as away:
            self.breaker.failed()
            logger.warning("bank %s: %s", operation.name, type(away).__name__)
            raise CreditUnavailable from away
        if answer.status_code >= 500 or answer.status_code in (401, 403, 408, 425, 429):
            self.breaker.failed()
            logger.warning("bank %s: status %s", operation.name, answer.status_code)
            raise CreditUnavailable
        if not signing.is_genuine_answer(
            answer.headers.get("X-Bank-Signature", ""),
            secret=self._secret,
            status=answer.status_code,
            nonce=nonce,
            body=answer.content,
        ):
            self.breaker.failed()
            logger.error("bank %s: answer is not signed", operation.name)
            raise CreditUnavailable
        if self.breaker.succeeded():
            self._on_return()
        if not answer.is_success:
            raise _refusal(answer)
        try:
            return operation.answer.validate_json(answer.content).value
        except ValidationError as strange:
            # The message would hold the values: only where the shapes differ is logged.
            where = [".".join(map(str, error["loc"])) for error in strange.errors()[:5]]
            logger.error("bank %s: answer does not fit the contract at %s", operation.name, where)
            raise CreditUnavailable from None


def _refusal(answer: httpx.Response) -> Exception:
    """The bank's no: one of ours by its code, otherwise its own words."""
    try:
        said = answer.json()
        code, facts = str(said.get("code", "")), dict(said.get("facts") or {})
        title = str(said.get("title", ""))[:120]
    except (ValueError, AttributeError, TypeError):
        code, facts, title = "", {}, ""
    known = REFUSALS.get(code)
    return known(**facts) if known else BankRefused(reason=title or str(answer.status_code))
