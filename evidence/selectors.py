"""Reads of seals and anchors."""

from typing import Any
from uuid import UUID

from evidence.offline.verify_evidence import merkle_path, parsed

from .models import Anchor, Seal, SigningKey


def key_records() -> list[dict[str, Any]]:
    """Public keys, oldest first, as they travel in a package."""
    return list(SigningKey.objects.order_by("number").values_list("record", flat=True))


def seal_of(subject: UUID, manifest_sha256: str | None = None) -> Seal | None:
    """The latest seal of a recording, or the one of exactly this manifest."""
    found = Seal.objects.select_related("anchor", "key").filter(subject=subject)
    if manifest_sha256 is not None:
        found = found.filter(manifest_sha256=manifest_sha256)
    return found.order_by("-sealed_at", "-pk").first()


def leaves_of(anchor: Anchor) -> list[bytes]:
    digests = anchor.seals.order_by("leaf_index").values_list("manifest_sha256", flat=True)
    return [bytes.fromhex(digest) for digest in digests]


def proof_of(seal: Seal) -> dict[str, Any] | None:
    """{anchor, leaf_index, path}: that the manifest stands in its day's tree. None until it does."""
    if seal.anchor is None or seal.leaf_index is None:
        return None
    path = merkle_path(seal.leaf_index, leaves_of(seal.anchor))
    return {
        "anchor": parsed(seal.anchor.document.encode()),
        "leaf_index": seal.leaf_index,
        "path": [step.hex() for step in path],
    }
