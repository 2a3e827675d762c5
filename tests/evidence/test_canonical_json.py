"""What is hashed and signed has one text, one tree, one signature; vectors are from the standards."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.offline import verify_evidence as verifier
from evidence.offline.verify_evidence import (
    canonical,
    ed25519_in_python,
    is_signature,
    merkle_path,
    merkle_root,
    parsed,
    root_by_path,
)


def test_names_are_sorted_by_utf16_as_in_rfc_8785() -> None:
    # The example of section 3.2.3: a surrogate pair sorts before U+FB33.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    text = canonical(dict.fromkeys(names, 0)).decode()

    assert list(json.loads(text)) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip


def test_strings_are_escaped_as_little_as_can_be() -> None:
    assert (
        canonical('€$\u000f\nA\'B"\\\\"/\x7f') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()
    )


@pytest.mark.parametrize("value", [0.5, 1.0, 2**53, {1: "x"}, "\ud800", b"x", {"a": {"b": [1.5]}}])
def test_what_has_more_than_one_text_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        parsed(b'{"a":1,"a":2}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_the_text_reads_back_and_is_the_only_one(value: Any) -> None:
    text = canonical(value)

    assert parsed(text) == value
    assert canonical(parsed(text)) == text


# Of the reference tests of RFC 6962 implementations (certificate-transparency).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_those_of_rfc_6962(count: int) -> None:
    assert merkle_root(LEAVES[:count]).hex() == ROOTS[count]


@pytest.mark.parametrize("count", [*range(1, 18), 100])
def test_each_leaf_has_a_path_to_the_root_and_no_other_leaf_has_it(count: int) -> None:
    leaves = [bytes([n]) for n in range(count)]
    root = merkle_root(leaves)

    for index, leaf in enumerate(leaves):
        path = merkle_path(index, leaves)
        assert root_by_path(leaf, index, count, path) == root
        assert root_by_path(b"other", index, count, path) != root
        with pytest.raises(ValueError, match="length"):
            root_by_path(leaf, index, count, [*path, b""])


# RFC 8032, section 7.1, tests 1 to 3.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_of_rfc_8032_hold_with_and_without_the_library(
    public: str, message: str, signature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, said, signed = map(bytes.fromhex, (public, message, signature))

    for check in (is_signature, ed25519_in_python):
        assert check(key, signed, said)
        assert not check(key, signed, said + b"x")
        assert not check(key, signed[:-1] + bytes([signed[-1] ^ 1]), said)
        assert not check(bytes([key[0] ^ 1]) + key[1:], signed, said)
        assert not check(key, signed[:63], said)
    monkeypatch.setattr(verifier, "Ed25519PublicKey", None)
    assert is_signature(key, signed, said)


def test_the_order_of_the_group_is_not_added_to_a_signature() -> None:
    """Malleability: s + L would pass a careless check (RFC 8032, 5.1.7)."""
    key, said, signed = map(bytes.fromhex, VECTORS[1])
    s = int.from_bytes(signed[32:], "little") + verifier._L

    assert not ed25519_in_python(key, signed[:32] + s.to_bytes(32, "little"), said)


def test_a_key_is_called_after_its_fingerprint() -> None:
    assert verifier.kid_of(b"\0" * 32) == "ev-" + hashlib.sha256(b"\0" * 32).hexdigest()[:32]
