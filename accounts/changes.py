"""双人复核 (S:A11): a change that one person asks for and another one lets through.

A service asks `must_wait` before it does what needs two; the change is then kept as a row, and done
by the applier of its kind (settings.FOUR_EYES) when somebody else agrees.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from audit import services as audit
from common.actor import Actor, ActorKind
from common.errors import Forbidden, NotFound
from parameters.selectors import value_of

from .errors import AlreadyDecided, OwnChange
from .models import ChangeState, PendingChange, User
from .selectors import actor_of, operations_of


@dataclass(frozen=True, slots=True)
class Kind:
    """What a change is called, who may agree, and the function that does it: `(payload, actor)`."""

    label: str | Promise
    operation: str
    applier: str


def applies_to(actor: Actor) -> bool:
    """Only people are asked to wait: a job or the command line has no second pair of eyes."""
    return actor.kind is ActorKind.USER and bool(value_of("four_eyes"))


def must_wait(
    kind: str, object_id: object, *, subject: str, payload: dict[str, Any], actor: Actor
) -> bool:
    """Whether somebody else has to agree first; then the wish is written down, the newest counts.

    To be called in the transaction of the change.
    """
    if not applies_to(actor):
        return False
    assert kind in settings.FOUR_EYES  # noqa: S101 - a typing mistake of ours
    mine = PendingChange.objects.filter(
        kind=kind, object_id=str(object_id), state=ChangeState.PENDING
    )
    mine.update(state=ChangeState.WITHDRAWN, decided_at=timezone.now())
    change = PendingChange.objects.create(
        kind=kind,
        object_id=str(object_id),
        subject=subject[:300],
        payload=payload,
        requested_by_id=int(actor.id),
    )
    _note("change.requested", change, actor)
    return True


def waits_for(kind: str, object_id: object) -> bool:
    return PendingChange.objects.filter(
        kind=kind, object_id=str(object_id), state=ChangeState.PENDING
    ).exists()


def told() -> str:
    return gettext("已提交，待另一人复核后生效（待复核变更）。")


def kind_of(change: PendingChange) -> Kind:
    return Kind(*settings.FOUR_EYES[change.kind])


def changes_open_to(user: User) -> QuerySet[PendingChange]:
    """What the person asked for or may agree to."""
    opened = operations_of(user)
    kinds = [name for name, kind in settings.FOUR_EYES.items() if Kind(*kind).operation in opened]
    rows = PendingChange.objects.select_related("requested_by", "decided_by")
    return rows.filter(kind__in=kinds) | rows.filter(requested_by=user)


def waiting_for(user: User) -> QuerySet[PendingChange]:
    """What this person could decide now."""
    rows = changes_open_to(user).filter(state=ChangeState.PENDING)
    return rows.exclude(requested_by=user)


@transaction.atomic
def decide(change_id: int, *, agrees: bool, user: User, ip: str = "") -> PendingChange:
    """Do it, or send it back. Raises NotFound, Forbidden, OwnChange, AlreadyDecided, and what the
    change itself raises: then nothing has happened."""
    change = _lock(change_id)
    if change.requested_by_id == user.pk:
        raise OwnChange
    if kind_of(change).operation not in operations_of(user):
        raise Forbidden
    state = ChangeState.APPROVED if agrees else ChangeState.REFUSED
    actor = actor_of(user, ip)
    _settle(change, state, user)
    _note("change.approved" if agrees else "change.refused", change, actor)
    if agrees:
        import_string(kind_of(change).applier)(change.payload, actor=actor)
    return change


@transaction.atomic
def withdraw(change_id: int, *, user: User, ip: str = "") -> None:
    """By the one who asked. Raises NotFound, AlreadyDecided."""
    change = _lock(change_id)
    if change.requested_by_id != user.pk:
        raise NotFound
    _settle(change, ChangeState.WITHDRAWN, user)
    _note("change.withdrawn", change, actor_of(user, ip))


def _lock(change_id: int) -> PendingChange:
    rows = PendingChange.objects.select_for_update(of=("self",))
    change = rows.filter(pk=change_id).first()
    if change is None:
        raise NotFound
    if change.state != ChangeState.PENDING:
        raise AlreadyDecided
    return change


def _settle(change: PendingChange, state: ChangeState, user: User) -> None:
    change.state, change.decided_by, change.decided_at = state, user, timezone.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _note(action: str, change: PendingChange, actor: Actor) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="change",
        object_id=change.pk,
        title=change.subject,
        requested_by=change.requested_by.staff_no,
    )
