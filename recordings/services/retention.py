"""Holding and deleting (STO-4). Deletion is begun on paper first: a certificate, then the bytes."""

import datetime as dt
import logging
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import changes
from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.faultpoint import faultpoint
from interviews.errors import ReasonRequired
from recordings.errors import HoldExists
from recordings.models import (
    ArchiveEntry,
    DeletionCertificate,
    LegalHold,
    Recording,
    RetentionRule,
    StoredObject,
)
from recordings.states import Stage, Tier
from recordings.storage import StillLocked, store

from . import work
from .keeping import kept_until, rule_for, under_rules
from .rounds import Visit, along
from .tiers import remove_hot_copy

logger = logging.getLogger(__name__)
PARTLY_GONE = "partly deleted"


@transaction.atomic
def place_hold(contract_no: str, *, reason: str, actor: Actor) -> LegalHold:
    """Raises ReasonRequired, HoldExists. Waits for a deletion whose bytes are just going."""
    if not reason.strip():
        raise ReasonRequired
    held = Recording.objects.filter(call__task__contract_no=contract_no).order_by("pk")
    list(held.select_for_update(of=("self",)).values_list("pk", flat=True))
    try:
        with transaction.atomic():
            hold = LegalHold.objects.create(
                contract_no=contract_no, reason=reason.strip()[:200], placed_by=actor.name
            )
    except IntegrityError as there:
        raise HoldExists from there
    _note("recording.hold_placed", hold, actor)
    transaction.on_commit(_wake_holds, robust=True)
    return hold


def apply_release(payload: dict[str, str], *, actor: Actor) -> None:
    """The end of a hold a second person has agreed to."""
    release_hold(payload["contract_no"], actor=actor, approved=True)


@transaction.atomic
def release_hold(contract_no: str, *, actor: Actor, approved: bool = False) -> bool:
    """Whether it is released now: it may wait for a second person (S:A11), or none is in force."""
    hold = (
        LegalHold.objects.select_for_update()
        .filter(contract_no=contract_no, released_at=None)
        .first()
    )
    if hold is None:
        return False
    if not approved and changes.must_wait(
        "hold",
        contract_no,
        subject=_("解除合同 {contract} 的法定保留").format(contract=contract_no),
        payload={"contract_no": contract_no},
        actor=actor,
    ):
        return False
    hold.released_at, hold.released_by = db_now(), actor.name
    hold.save(update_fields=["released_at", "released_by"])
    _note("recording.hold_released", hold, actor)
    transaction.on_commit(_wake_holds, robust=True)
    return True


def _wake_holds() -> None:
    """Have a worker tell the store now; the rows are the job, this only saves minutes."""
    from recordings.tasks import tell_holds  # the task calls this package

    tell_holds.delay()


def tell_holds(visit: Visit | None = None) -> int:
    """Lock in the store what a hold is on, and unlock what none is on any more (STO-4).

    What was stored or moved after the hold was placed is found, too. Returns how many files changed;
    a file whose store is away waits for the next round.
    """
    in_force = LegalHold.objects.filter(released_at=None)
    free = StoredObject.objects.exclude(confirmed_at=None).filter(
        is_held=False,
        recording__call__task__contract_no__in=in_force.values("contract_no"),
    )
    let_go = StoredObject.objects.filter(is_held=True).exclude(
        recording__call__task__contract_no__in=in_force.values("contract_no")
    )
    visit = visit or Visit()
    return along(free, _tell_hold, visit) + along(let_go, _tell_hold, visit)


@transaction.atomic
def _tell_hold(file_id: int) -> bool:
    """The row stays locked while the store answers: a hold and its release do not cross."""
    stored = (
        StoredObject.objects.select_for_update(of=("self",))
        .select_related("recording__call__task", "recording__certificate")
        .filter(pk=file_id)
        .first()
    )
    if stored is None or stored.confirmed_at is None:
        return False  # deleted or begun anew meanwhile
    contract_no = stored.recording.call.task.contract_no
    on = LegalHold.objects.filter(contract_no=contract_no, released_at=None).exists()
    if on == stored.is_held:
        return False
    if stored.name in stored.recording.names_gone:
        return False  # a deletion took it before the hold came
    store(stored.tier).hold(stored.key, on=on)
    stored.is_held = on
    stored.save(update_fields=["is_held"])
    return True


def _note(action: str, hold: LegalHold, actor: Actor) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="legal_hold",
        object_id=hold.pk,
        contract_no=hold.contract_no,
    )


def delete_expired(visit: Visit | None = None) -> int:
    """Delete what its rule lets go today, the longest over first. Returns how many are gone now.

    A process that dies in between leaves a certificate that is not done; the next round ends it.
    """
    # Those that only wait must not stand in the way of the others.
    expired = Recording.objects.filter(
        under_rules(lambda rule: rule.deletes),
        stage=Stage.STORED,
        keep_until__lt=timezone.localdate(),
    ).exclude(
        call__task__contract_no__in=LegalHold.objects.filter(released_at=None).values("contract_no")
    )
    return along(expired, _delete, visit, order="keep_until")


def note_broken_deletions() -> int:
    """Look what is gone where a deletion was stopped half way: a hold came, or another rule.

    The certificate says which files, the recording that it is one to look at. Found again at each
    run: a store that is back has its files. Returns how many lack some.
    """
    lacking = 0
    for certificate in DeletionCertificate.objects.filter(done_at=None).select_related("recording"):
        stored = certificate.recording.objects_stored.order_by("name")
        try:
            gone = [each.name for each in stored if not store(each.tier).exists(each.key)]
        except OSError as away:  # the others need not wait for this one
            logger.warning(
                "deletion of %s not looked at: %s", certificate.recording_id, type(away).__name__
            )
            continue
        lacking += bool(gone)
        was = certificate.recording.error
        error = was if was and was != PARTLY_GONE else PARTLY_GONE if gone else ""
        stopped = Recording.objects.filter(pk=certificate.recording_id, stage=Stage.STORED)
        if stopped.update(error=error):  # none when it was ended meanwhile
            DeletionCertificate.objects.filter(pk=certificate.pk, done_at=None).update(gone=gone)
    return lacking


def _delete(recording_id: UUID) -> bool:
    if not _begin(recording_id):
        return False
    faultpoint("deletion.begun")
    try:
        return _carry_out(recording_id)
    except StillLocked:
        return False  # the store's own lock is longer; it is tried again tomorrow


def _deletable(recording_id: UUID) -> tuple[Recording, RetentionRule, dt.date] | None:
    """The recording, locked, with its rule and its date, when that is over, the rule deletes and nobody
    holds the contract."""
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call__task")
        .filter(pk=recording_id, stage=Stage.STORED, rebuild_asked_at=None)
        .first()
    )
    if recording is None or recording.keep_until is None:
        return None
    if recording.keep_until >= timezone.localdate():
        return None  # prolonged since it was looked for
    task = recording.call.task
    rule = rule_for(task.product_code)
    held = LegalHold.objects.filter(contract_no=task.contract_no, released_at=None).exists()
    if rule is None or not rule.deletes or held:
        return None
    # A first copy that its store keeps would make it half a deletion.
    if recording.objects_stored.filter(first_copy_until__gte=timezone.localdate()).exists():
        return None
    # By what holds now: a change of the rule may not have come to this recording yet.
    until = kept_until(recording, rule)
    if until is None or until >= timezone.localdate():
        return None
    return recording, rule, recording.keep_until


@transaction.atomic
def _begin(recording_id: UUID) -> bool:
    """Write the certificate."""
    found = _deletable(recording_id)
    if found is None:
        return False
    recording, rule, kept_until = found
    task = recording.call.task
    files = recording.objects_stored.order_by("name").values("name", "bytes", "sha256")
    certificate, made = DeletionCertificate.objects.get_or_create(
        recording=recording,
        defaults={
            "contract_no": task.contract_no,
            "kept_until": kept_until,
            "rule": {
                "product": rule.product_code,
                "start": rule.start,
                "months": rule.months,
                "set_by": rule.set_by,
                "agreed_by": rule.agreed_by,
            },
            "files": list(files),
        },
    )
    if made:
        audit.record(
            "recording.deletion_begun",
            actor=SYSTEM,
            object_type="recording",
            object_id=recording.pk,
            chain=audit.interview_chain(task.pk),
            files=len(certificate.files),
            set_by=rule.set_by,
            agreed_by=rule.agreed_by,
        )
    return True


@transaction.atomic
def _carry_out(recording_id: UUID) -> bool:
    """The bytes, then the rows. Raises StillLocked.

    The recording stays locked while the store answers, and `place_hold` takes the same lock: a hold
    comes before the first byte goes, and wins, or after the last one.
    """
    found = _deletable(recording_id)
    if found is None:
        return False
    recording = found[0]
    for stored in recording.objects_stored.all():
        if stored.tier == Tier.COLD:
            remove_hot_copy(
                stored.key
            )  # proven by looking: the certificate says that nothing is left
            faultpoint("deletion.first_gone")
        store(stored.tier).delete(stored.key)
    faultpoint("deletion.objects_gone")
    work.remove_folder(recording.call_id)
    faultpoint("deletion.folder_gone")
    DeletionCertificate.objects.filter(recording=recording).update(done_at=db_now())
    Recording.objects.filter(pk=recording.pk).update(
        stage=Stage.DELETED, file="", storage_key="", bytes=0, error=""
    )
    recording.objects_stored.all().delete()
    ArchiveEntry.objects.filter(pk=recording.pk).delete()
    audit.record(
        "recording.deleted",
        actor=SYSTEM,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
    )
    return True
