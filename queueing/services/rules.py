"""Writing and publishing 分案规则: one draft, one version in force, the past kept (DSP-1, DSP-3)."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from pydantic import ValidationError

from audit import services as audit
from common.actor import Actor
from queueing.errors import DraftChanged, NoDraft, RulesInvalid, SameRules
from queueing.models import RuleVersion
from queueing.rules import Policy, explain_errors
from queueing.states import VersionState

from .line import dispatch_waiting

RULES_LOCK = 0x72756C65


def parse_policy(content: object) -> Policy:
    """Raises RulesInvalid, facts.problems: [{rule: index or None, text}]."""
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        problems = explain_errors(list(error.errors()))
        raise RulesInvalid(problems=problems, first=problems[0]["text"]) from error


def _lock_rules() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RULES_LOCK])


@transaction.atomic
def save_rules(content: object, *, revision: int, actor: Actor) -> RuleVersion:
    """The draft, whole. `revision` is what the writer had read; 0 when there was no draft.

    Raises RulesInvalid, DraftChanged (somebody else saved meanwhile); nothing changes then.
    """
    policy = parse_policy(content)
    _lock_rules()
    draft = RuleVersion.objects.select_for_update().filter(state=VersionState.DRAFT).first()
    if (draft.revision if draft else 0) != revision:
        raise DraftChanged
    written = policy.model_dump(mode="json")
    if draft is None:
        last = RuleVersion.objects.aggregate(last=Max("number"))["last"] or 0
        draft = RuleVersion(number=last + 1, revision=0)
    draft.policy, draft.revision = written, draft.revision + 1
    draft.written_by = actor.name
    draft.save()
    _note("rules.saved", draft, actor, revision=draft.revision, rules=len(policy.rules))
    return draft


@transaction.atomic
def publish_rules(revision: int, *, note: str, actor: Actor) -> RuleVersion:
    """The draft is in force from now on, for everybody who waits too.

    Raises NoDraft, DraftChanged, SameRules, RulesInvalid; the version in force stays then.
    """
    _lock_rules()
    draft = RuleVersion.objects.select_for_update().filter(state=VersionState.DRAFT).first()
    if draft is None:
        raise NoDraft
    if draft.revision != revision:
        raise DraftChanged
    parse_policy(draft.policy)
    now = timezone.now()
    before = RuleVersion.objects.select_for_update().filter(state=VersionState.IN_FORCE).first()
    if before is not None:
        if before.policy == draft.policy:
            raise SameRules
        before.state, before.retired_at = VersionState.RETIRED, now
        before.save(update_fields=["state", "retired_at"])
    draft.state, draft.published_at = VersionState.IN_FORCE, now
    draft.published_by, draft.note = actor.name, note[:200]
    draft.save()
    _note("rules.published", draft, actor, note=draft.note, before=before.number if before else 0)
    transaction.on_commit(dispatch_waiting)
    return draft


@transaction.atomic
def discard_draft(*, actor: Actor) -> None:
    """Back to the version in force. Idempotent."""
    _lock_rules()
    draft = RuleVersion.objects.filter(state=VersionState.DRAFT).first()
    if draft is not None:
        _note("rules.discarded", draft, actor, policy=draft.policy)
        draft.delete()


def _note(action: str, version: RuleVersion, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="rules",
        object_id=version.number,
        **facts,
    )
