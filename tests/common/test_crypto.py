"""Personal data at rest (NFR-3)."""

import base64

import pytest
from cryptography.exceptions import InvalidTag

from common.crypto import decrypt, encrypt


def test_another_key_under_the_same_name_is_another_key(settings):
    sealed = {}
    for filler in (b"a", b"b"):
        settings.FIELD_ENCRYPTION_KEYS = {"k1": base64.b64encode(filler * 32).decode()}
        sealed[filler] = encrypt("61010119880307211X", "t.c")

    assert decrypt(sealed[b"b"], "t.c") == "61010119880307211X"
    with pytest.raises(InvalidTag):
        decrypt(sealed[b"a"], "t.c")
