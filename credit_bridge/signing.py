"""Both sides prove who they are over a shared secret (contract.SIGNING). Pure."""

import hashlib
import hmac
import re

SKEW_S = 300
_HEADER = re.compile(
    r"HMAC-SHA256 key=(?P<key>[\w.-]{1,60}), date=(?P<date>\d{1,12}), "
    r"nonce=(?P<nonce>[0-9a-f]{32}), signature=(?P<signature>[0-9a-f]{64})"
)


class BadSignature(Exception):
    """Not from whom it says, not now, or said before."""


def _mac(secret: str, *lines: str) -> str:
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def authorization(
    *, key_id: str, secret: str, method: str, path: str, body: bytes, date_s: int, nonce: str
) -> str:
    signature = _mac(secret, method, path, str(date_s), nonce, _sha256(body))
    return f"HMAC-SHA256 key={key_id}, date={date_s}, nonce={nonce}, signature={signature}"


def verified_nonce(
    header: str,
    *,
    key_id: str,
    secret: str,
    method: str,
    path: str,
    body: bytes,
    now_s: float,
) -> str:
    """The nonce of a genuine request; the caller refuses one it has seen. Raises BadSignature."""
    found = _HEADER.fullmatch(header)
    if found is None or found["key"] != key_id or abs(now_s - int(found["date"])) > SKEW_S:
        raise BadSignature
    expected = _mac(secret, method, path, found["date"], found["nonce"], _sha256(body))
    if not hmac.compare_digest(expected, found["signature"]):
        raise BadSignature
    return found["nonce"]


def answer_signature(*, secret: str, status: int, nonce: str, body: bytes) -> str:
    return _mac(secret, str(status), nonce, _sha256(body))


def is_genuine_answer(signature: str, *, secret: str, status: int, nonce: str, body: bytes) -> bool:
    expected = answer_signature(secret=secret, status=status, nonce=nonce, body=body)
    return hmac.compare_digest(expected, signature)
