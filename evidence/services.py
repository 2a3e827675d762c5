"""Sealing manifests, anchoring days, changing keys (STO-4)."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now, unix_ms
from evidence.offline.verify_evidence import ANCHOR, canonical, merkle_root, sha256_hex

from .errors import SealingFailed
from .models import Anchor, Seal, SigningKey

SIGNER_LIMIT_S = 20.0
# A day is anchored when it has been over for so long: whoever sealed at midnight has committed.
DAY_IS_OVER_AFTER = dt.timedelta(minutes=30)
_ANCHORING = 0x5EA1  # advisory lock


# --- the signing process ----------------------------------------------------------------------


def _ask_signer(order: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    """Raises SealingFailed. No key is ever read in this process."""
    command = [*_signer_command(), order]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, or what the operator configured
            command,
            input=json.dumps(document).encode() if document is not None else b"",
            capture_output=True,
            timeout=SIGNER_LIMIT_S,
            cwd=settings.BASE_DIR,
            check=False,
        )
        said: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as away:
        raise SealingFailed("signer_away") from away
    if "refused" in said:
        raise SealingFailed(str(said["refused"]))
    return said


def _signer_command() -> list[str]:
    if settings.EVIDENCE_SIGNER:
        return list(settings.EVIDENCE_SIGNER)
    return [sys.executable, "-m", "evidence", str(settings.EVIDENCE_KEY_DIR)]


def _register(records: Iterable[dict[str, Any]]) -> SigningKey:
    """Note keys that are new here; the last one is in use."""
    key = None
    for number, record in enumerate(records, 1):
        valid_from = dt.datetime.fromtimestamp(record["valid_from_unix_ms"] / 1000, dt.UTC)
        key, made = SigningKey.objects.get_or_create(
            kid=record["kid"],
            defaults={"number": number, "record": record, "valid_from": valid_from},
        )
        if made:
            audit.record(
                "evidence.key_in_use",
                actor=SYSTEM,
                object_type="signing_key",
                object_id=key.kid,
                prev=record["prev"],
            )
    if key is None:
        raise SealingFailed("no_key")
    return key


def key_in_use() -> SigningKey:
    """The key that signs now; the first one is made at the first asking. Raises SealingFailed."""
    return _register(_ask_signer("begin")["records"])


def rotate_key(*, actor: Actor, reason: str) -> SigningKey:
    """A new key, endorsed by the old one, which signs nothing from now on. Raises SealingFailed."""
    key_in_use()
    records = _ask_signer("rotate")["records"]
    with transaction.atomic():
        key = _register(records)
        audit.record(
            "evidence.key_rotated",
            actor=actor,
            object_type="signing_key",
            object_id=key.kid,
            reason=reason[:200],
        )
    return key


def signed(document: dict[str, Any]) -> bytes:
    """The document with key, time and signature, as the bytes to keep. Raises SealingFailed."""
    key = key_in_use()
    whole = {**document, "kid": key.kid, "sealed_unix_ms": unix_ms(timezone.now())}
    whole["signature"] = _ask_signer("sign", whole)["signature"]
    return canonical(whole)


# --- seals ------------------------------------------------------------------------------------


def note_seal(subject: UUID, manifest: bytes) -> Seal:
    """Remember a signed manifest; the same one again is the same seal."""
    document = json.loads(manifest)
    sealed_at = dt.datetime.fromtimestamp(document["sealed_unix_ms"] / 1000, dt.UTC)
    seal, _made = Seal.objects.get_or_create(
        manifest_sha256=sha256_hex(manifest),
        defaults={
            "subject": subject,
            "root": document["root"],
            "key_id": document["kid"],
            "sealed_at": sealed_at,
        },
    )
    return seal


# --- anchors ----------------------------------------------------------------------------------


def anchor_days() -> list[Anchor]:
    """Anchor each day that is over and has seals without anchor. Two at once make one.

    A seal that was committed late stands in the next anchor. Raises SealingFailed.
    """
    made = []
    while (anchor := _anchor_next()) is not None:
        made.append(anchor)
    return made


@transaction.atomic
def _anchor_next() -> Anchor | None:
    # The signer is asked while the lock is held: it is a process of this machine, and an anchor's
    # leaves may not change between counting and signing.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ANCHORING])
    open_seals = Seal.objects.select_for_update().filter(anchor=None)
    first = open_seals.order_by("sealed_at").first()
    if first is None:
        return None
    day = timezone.localtime(first.sealed_at).date()
    end = timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min))
    if db_now() < end + DAY_IS_OVER_AFTER:
        return None
    seals = list(open_seals.filter(sealed_at__lt=end).order_by("sealed_at", "pk"))
    root = merkle_root([bytes.fromhex(seal.manifest_sha256) for seal in seals]).hex()
    before = Anchor.objects.order_by("-number").first()
    number = before.number + 1 if before else 1
    document = signed(
        {
            "format": ANCHOR,
            "number": number,
            "day": day.isoformat(),
            "count": len(seals),
            "root": root,
            "prev": sha256_hex(before.document.encode()) if before else "",
        }
    )
    anchor = Anchor.objects.create(
        number=number,
        day=day,
        count=len(seals),
        root=root,
        document=document.decode(),
        made_at=db_now(),
    )
    for index, seal in enumerate(seals):
        seal.anchor, seal.leaf_index = anchor, index
    Seal.objects.bulk_update(seals, ["anchor", "leaf_index"], batch_size=500)
    audit.record(
        "evidence.anchored",
        actor=SYSTEM,
        object_type="anchor",
        object_id=anchor.pk,
        day=day.isoformat(),
        count=anchor.count,
        root=root,
    )
    return anchor
