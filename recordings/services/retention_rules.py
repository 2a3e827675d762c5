"""保管期限 as people set it: who lets recordings go sooner needs another one (S:A11), who keeps longer does not."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import changes
from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from recordings.errors import RuleChanged, ShorterWithout
from recordings.models import RetentionRule
from recordings.states import RetentionStart

from .keeping import rule_for

KIND = "retention"
_FIRST = UUID(int=0)
TERMS = ("start", "months", "deletes", "cold_after_days")


def terms_of(rule: RetentionRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in TERMS}


def terms_text(terms: dict[str, Any]) -> str:
    """ "面谈任务有结论起 60 个月，到期自动删除" """
    text = _("{start}起 {months} 个月").format(
        start=RetentionStart(terms["start"]).label, months=terms["months"]
    )
    after = _("到期自动删除") if terms["deletes"] else _("到期只提示")
    return f"{text}，{after}"  # data


def _lets_go_sooner(before: RetentionRule | None, after: RetentionRule | None) -> bool:
    """Without a rule everything is kept for good. Which event comes first is not known beforehand."""
    if after is None:
        return False
    if before is None:
        return after.deletes
    return (
        after.months < before.months
        or after.start != before.start
        or (after.deletes and not before.deletes)
    )


@transaction.atomic
def save_rule(rule: RetentionRule, *, actor: Actor) -> bool:
    """Whether it is set now. What lets recordings go sooner may wait for a second person: until then
    the rule is as it was, and a new one is like what held without it.
    """
    before = RetentionRule.objects.select_for_update().filter(pk=rule.pk).first()
    held = before or rule_for(rule.product_code)
    wanted = terms_of(rule)
    kept = terms_of(held) if held else wanted | {"deletes": False}
    waits = _lets_go_sooner(held, rule) and changes.must_wait(
        KIND,
        rule.product_code or "*",
        subject=_("保管期限（{product}）：{before} → {after}").format(
            product=rule.product_name,
            before=terms_text(terms_of(held)) if held else _("一直保管"),
            after=terms_text(wanted),
        ),
        payload={
            "product": rule.product_code,
            "before": kept,
            "after": wanted,
            "asked_by": actor.name,
        },
        actor=actor,
    )
    _set(rule, before, kept if waits else wanted, set_by=actor.name, actor=actor)
    return not waits


def apply_rule(payload: dict[str, Any], *, actor: Actor) -> None:
    """Terms a second person has agreed to. Raises RuleChanged when others hold by now."""
    rules = RetentionRule.objects.select_for_update()
    before = rules.filter(product_code=payload["product"]).first()
    if before is None or terms_of(before) != payload["before"]:
        raise RuleChanged
    rule = RetentionRule.objects.get(pk=before.pk)
    asked_by = payload["asked_by"]
    _set(rule, before, payload["after"], set_by=asked_by, agreed_by=actor.name, actor=actor)


@transaction.atomic
def delete_rule(rule_id: int, *, actor: Actor) -> None:
    """Its product falls under the rule of all others. Raises ShorterWithout where that lets go
    sooner: such terms are set first, by two."""
    rule = RetentionRule.objects.select_for_update().get(pk=rule_id)
    others = RetentionRule.objects.filter(product_code="").exclude(pk=rule.pk).first()
    if changes.applies_to(actor) and _lets_go_sooner(rule, others):
        raise ShorterWithout(product=rule.product_name)
    _note("retention.rule_deleted", rule, actor, before=terms_text(terms_of(rule)))
    rule.delete()
    RetentionRule.objects.filter(product_code="").update(spread_after=_FIRST)


def _set(
    rule: RetentionRule,
    before: RetentionRule | None,
    terms: dict[str, Any],
    *,
    set_by: str,
    agreed_by: str = "",
    actor: Actor,
) -> None:
    for name, value in terms.items():
        setattr(rule, name, value)
    if before is not None and terms == terms_of(before):
        return
    rule.set_by, rule.agreed_by, rule.set_at = set_by, agreed_by, db_now()
    rule.spread_after = _FIRST
    rule.save()
    _note(
        "retention.rule_set",
        rule,
        actor,
        before=terms_text(terms_of(before)) if before else "",
        after=terms_text(terms),
        requested_by=set_by if agreed_by else "",
    )


def _note(action: str, rule: RetentionRule, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="retentionrule",
        object_id=rule.pk,
        name=rule.product_name,
        **facts,
    )
