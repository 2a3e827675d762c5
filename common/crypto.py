"""Personal data at rest (NFR-3): AES-256-GCM per value, an HMAC index where a value is looked up.

Stored form: `kid:base64(nonce || ciphertext)`. The context (table.column) is authenticated, so a
value moved to another column does not decrypt.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField  # generic in the type stubs only


def _cipher(kid: str) -> AESGCM:
    keys = settings.FIELD_ENCRYPTION_KEYS
    if kid not in keys:
        raise ImproperlyConfigured(f"FIELD_ENCRYPTION_KEYS has no key {kid!r}")
    return _cipher_with(keys[kid])


@lru_cache(maxsize=8)
def _cipher_with(key: str) -> AESGCM:
    return AESGCM(base64.b64decode(key))


def _current_kid() -> str:
    for kid in settings.FIELD_ENCRYPTION_KEYS:
        return str(kid)
    raise _no_key()


def _no_key() -> ImproperlyConfigured:
    return ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: personal data cannot be stored")


def encrypt(text: str, context: str) -> str:
    if not text:
        return ""
    kid = _current_kid()
    nonce = os.urandom(12)
    sealed = _cipher(kid).encrypt(nonce, text.encode(), context.encode())
    return f"{kid}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, context: str) -> str:
    """Raises cryptography.exceptions.InvalidTag when the value was altered or moved."""
    if not stored:
        return ""
    kid, _, body = stored.partition(":")
    raw = base64.b64decode(body)
    return _cipher(kid).decrypt(raw[:12], raw[12:], context.encode()).decode()


def blind_index(text: str) -> str:
    """A keyed fingerprint for exact look-up of an encrypted value; 64 hex digits.

    Made with the oldest key, which is kept for it: a new key must not part people from their rows.
    """
    kids = list(settings.FIELD_ENCRYPTION_KEYS)
    if not kids:
        raise _no_key()
    key = hashlib.sha256(
        b"blind-index" + base64.b64decode(settings.FIELD_ENCRYPTION_KEYS[kids[-1]])
    )
    return hmac.new(key.digest(), text.strip().upper().encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(_TextField):
    """Clear text in Python, ciphertext in PostgreSQL. Cannot be filtered on: use a blind index."""

    def _context(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None else encrypt(str(value), self._context())

    def from_db_value(self, value: Any, *_: Any) -> Any:
        return value if value is None else decrypt(value, self._context())
