"""One picture to the recogniser, its answers as hints on the call's timeline (SDK-10)."""

import io
import logging
from uuid import UUID, uuid5

from PIL import Image

from common.actor import SYSTEM
from common.errors import DomainError
from credit_bridge.ports import Finding, RecognitionRequest
from credit_bridge.recognition import ASKED_OF, AWAY, FINDINGS, consent_version
from credit_bridge.selectors import recogniser, recognition_kinds
from interviews import services as interviews
from interviews.models import Snapshot
from recordings.selectors import open_snapshot

logger = logging.getLogger(__name__)
LARGEST_BYTES = 500_000
LONGEST_SIDE = 1600


def recognise_snapshot(snapshot_id: UUID) -> None:
    """Ask what is switched on, was agreed to and can be seen in this kind of picture.

    Never holds up the call: a recogniser that is away or refuses is one hint, not another try.
    """
    snapshot = Snapshot.objects.select_related("call__task", "participant__party").get(
        pk=snapshot_id
    )
    call, party = snapshot.call, snapshot.participant.party
    if party is None or not call.is_running or snapshot.deleted_at is not None:
        return
    task = call.task
    on = recognition_kinds(channel_code=task.channel_code, product_code=task.product_code)
    agreed = set(party.consents.values_list("text_version", flat=True))
    kinds = tuple(
        kind for kind in ASKED_OF[snapshot.kind] if kind in on and consent_version(kind) in agreed
    )
    if not kinds or task.rehearsal:
        return
    request = RecognitionRequest(
        request_id=str(snapshot_id),
        contract_no=task.contract_no,
        phone=party.phone,
        kinds=kinds,
        picture=_picture(snapshot),
    )
    try:
        findings = recogniser().recognise(request)
    except DomainError as refusal:
        logger.warning("recognition of snapshot=%s: %s", snapshot_id, refusal.code)
        _hint(snapshot, "away", {"text": str(AWAY), "doubtful": True})
        return
    for finding in findings:
        _note(snapshot, finding, kinds)


def _note(snapshot: Snapshot, finding: Finding, kinds: tuple[str, ...]) -> None:
    words = FINDINGS.get((finding.kind, finding.code))
    if finding.kind not in kinds or words is None:
        logger.error("recogniser answered what was not asked: snapshot=%s", snapshot.pk)
        return
    text, doubtful = words
    facts = {
        "kind": finding.kind,
        "confidence": min(100, max(0, finding.confidence)),
        "text": str(text),
        "doubtful": doubtful,
    }
    _hint(snapshot, finding.code, facts)


def _hint(snapshot: Snapshot, code: str, facts: dict[str, object]) -> None:
    interviews.add_event(
        snapshot.call_id,
        kind="observation",
        payload={"code": code, "snapshot_id": str(snapshot.pk), **facts},
        actor=SYSTEM,
        at_ms=snapshot.at_ms,
        participant_id=snapshot.participant_id,
        event_id=uuid5(snapshot.pk, code),
    )


def _picture(snapshot: Snapshot) -> bytes:
    """The picture as JPEG, no larger than what recognition needs."""
    with open_snapshot(snapshot.call, snapshot.pk).file as file:
        content = file.read()
    if len(content) <= LARGEST_BYTES:
        return content
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        smaller = io.BytesIO()
        picture.convert("RGB").save(smaller, "JPEG", quality=85)
    return smaller.getvalue()
