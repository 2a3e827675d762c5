"""A parameter set by a person: the value, its history and the log in one transaction (WB-6)."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import changes
from audit import services as audit
from common.actor import Actor
from parameters import services
from parameters.definitions import DEFINITIONS, Group
from parameters.models import ParameterChange, Scope

# What decides about evidence and about who gets in needs two people where `four_eyes` says so.
GUARDED = frozenset({Group.RECORDING, Group.SECURITY})


def apply_setting(payload: dict[str, Any], *, actor: Actor) -> None:
    """A setting a second person has agreed to."""
    set_by(actor, approved=True, **payload)


@transaction.atomic
def set_by(
    actor: Actor,
    *,
    key: str,
    value: int | None,
    scope: str,
    code: str = "",
    note: str = "",
    approved: bool = False,
) -> ParameterChange | None:
    """The change; None when a second person has to agree first. Raises as services.set_value does."""
    definition = DEFINITIONS.get(key)
    waits = definition is not None and definition.group in GUARDED and changes.applies_to(actor)
    tried = transaction.savepoint()
    change = services.set_value(key, value, scope=scope, code=code, by=actor.name, note=note)
    if definition is not None and waits and not approved:
        # It would have been taken: now it is a wish.
        transaction.savepoint_rollback(tried)
        shown = _("未设置") if value is None else definition.shown(value)
        place = " ".join(filter(None, [str(Scope(scope).label), code]))
        changes.must_wait(
            "parameter",
            f"{key}/{scope}/{code}",
            subject=_("{label}（{place}）：{value}").format(
                label=definition.label, place=place, value=shown
            ),
            payload={"key": key, "value": value, "scope": scope, "code": code, "note": note},
            actor=actor,
        )
        return None
    audit.record(
        "parameter.set",
        actor=actor,
        object_type="parameter",
        object_id=change.key,
        scope=change.scope,
        code=change.code,
        before=change.before,
        after=change.after,
    )
    return change
