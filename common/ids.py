"""Opaque identifiers."""

import secrets
import uuid


def new_id() -> uuid.UUID:
    return uuid.uuid4()


def new_token() -> str:
    """256 random bits, URL-safe; only its SHA-256 is ever stored."""
    return secrets.token_urlsafe(32)
