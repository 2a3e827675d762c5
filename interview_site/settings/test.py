"""Tests: real PostgreSQL and Redis, cheap password hashing, nothing else different."""

from .dev import *

MEDIA_CONTROL_TOKEN = "test-media-token"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # files are looked up when asked for: a scan for each client is 50 ms
