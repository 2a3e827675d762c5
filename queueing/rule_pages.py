"""分案规则: the editor, its trials, its versions (DSP-1, DSP-3)."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from channels_admin.models import Channel
from channels_admin.regions import places
from common.actor import Actor
from common.errors import DomainError
from interviews.selectors import products_of_latest_tasks
from seats.models import Seat

from . import services, trial
from .models import RuleVersion
from .rules import (
    TYPES,
    Attribute,
    Kind,
    Names,
    Policy,
    Scope,
    sentence,
    warnings_of,
)
from .selectors import policy_of, version_in_force
from .states import Strategy, VersionState

VIEW, MANAGE = "dispatch.view", "dispatch.manage"
MOST_BYTES = 200_000
KEPT_VERSIONS = 30

Answer = Callable[[dict[str, Any], Actor], dict[str, Any]]


def _user(request: HttpRequest, operation: str) -> User:
    """The person, when the operation is open to them; otherwise the page is not there."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if not may(user, operation):
        raise Http404
    return user


def _names() -> Names:
    regions = places()
    return Names(
        seats={
            seat.pk: seat.user.name
            for seat in Seat.objects.filter(rehearsal=False).select_related("user")
        },
        region=lambda code: regions[code].name if code in regions else code,
        products=products_of_latest_tasks(),
        channels=dict(Channel.objects.values_list("code", "name")),
    )


def _described(policy: Policy, names: Names) -> dict[str, Any]:
    return {
        "sentences": [sentence(rule, names) for rule in policy.rules],
        "warnings": warnings_of(policy, names),
    }


def _options(names: Names) -> dict[str, Any]:
    """What the tokens of the editor offer."""
    values: dict[Attribute, list[tuple[str, str]]] = {
        attribute: [(value, str(label)) for value, label in of.choices]
        for attribute, of in TYPES.items()
    }
    values[Attribute.PRODUCT] = list(names.products.items())
    values[Attribute.CHANNEL] = list(names.channels.items())
    return {
        "attributes": [
            {
                "value": attribute.value,
                "label": str(attribute.label),
                "kind": of.kind.value,
                "ops": [[op.value, str(op.label)] for op in of.ops],
                "unit": str(of.unit),
                "least": of.least,
                "most": of.most,
                "choices": values[attribute],
            }
            for attribute, of in TYPES.items()
        ],
        "scopes": [[scope.value, str(scope.label)] for scope in Scope],
        "strategies": [[strategy.value, str(strategy.label)] for strategy in Strategy],
        "seats": [[str(pk), name] for pk, name in names.seats.items()],
        "regions": [
            [place.code, place.full_name]
            for place in places().values()
            if place.level < 3  # a county would be a case of its own; its city can be named
        ],
        "region_kind": Kind.REGION.value,
    }


@login_required
@require_GET
def editor(request: HttpRequest) -> HttpResponse:
    user = _user(request, VIEW)
    draft = RuleVersion.objects.filter(state=VersionState.DRAFT).first()
    in_force = version_in_force()
    policy = policy_of(draft or in_force)
    names = _names()
    context = {
        "draft": draft,
        "in_force": in_force,
        "may_edit": may(user, MANAGE),
        "editor": {
            "policy": policy.model_dump(mode="json"),
            "revision": draft.revision if draft else 0,
            "draft_number": draft.number if draft else None,
            "in_force": policy_of(in_force).model_dump(mode="json"),
            "may_edit": may(user, MANAGE),
            "options": _options(names),
        }
        | _described(policy, names),
    }
    return render(request, "queueing/rules.html", context)


def _answers(operation: str) -> Callable[[Answer], Callable[..., HttpResponse]]:
    """A JSON question with a JSON answer; a refusal has its code, its sentence and its facts."""

    def decorate(act: Answer) -> Callable[..., HttpResponse]:
        @login_required
        @require_POST
        @wraps(act)
        def view(request: HttpRequest) -> HttpResponse:
            _user(request, operation)
            try:
                body = json.loads(request.body) if len(request.body) <= MOST_BYTES else None
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return JsonResponse({"code": "bad_request"}, status=400)
            try:
                found = act(body, request_actor(request))
            except DomainError as refusal:
                return JsonResponse(
                    {"code": refusal.code, "detail": refusal.text, **refusal.facts},
                    status=refusal.status,
                )
            return JsonResponse(found)

        return view

    return decorate


def _number(body: dict[str, Any], key: str, default: int, most: int) -> int:
    value = body.get(key, default)
    return min(most, max(0, value)) if isinstance(value, int) else default


@_answers(VIEW)
def check(body: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """How the rules read, before they are saved."""
    return _described(services.parse_policy(body.get("policy")), _names())


@_answers(MANAGE)
def save(body: dict[str, Any], actor: Actor) -> dict[str, Any]:
    revision = _number(body, "revision", 0, 1_000_000)
    draft = services.save_rules(body.get("policy"), revision=revision, actor=actor)
    described = _described(policy_of(draft), _names())
    return {"revision": draft.revision, "number": draft.number} | described


@_answers(MANAGE)
def publish(body: dict[str, Any], actor: Actor) -> dict[str, Any]:
    revision = _number(body, "revision", 0, 1_000_000)
    note = str(body.get("note", ""))
    version = services.publish_rules(revision, note=note, actor=actor)
    return {"number": version.number}


@_answers(VIEW)
def replay(body: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The draft on past days, beside the version in force: begun, and asked for by its id."""
    days = max(1, _number(body, "days", 7, trial.LONGEST_DAYS))
    policy = services.parse_policy(body.get("policy"))
    return {"trial": services.start_trial(policy, days, actor=actor)}


@login_required
@require_GET
def replayed(request: HttpRequest, trial_id: str) -> JsonResponse:
    """How far the person's trial has come, and what came out."""
    _user(request, VIEW)
    try:
        return JsonResponse(services.trial_state(trial_id, actor=request_actor(request)))
    except DomainError as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.text}, status=refusal.status)


@_answers(VIEW)
def one(body: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The draft on one of the latest callers."""
    policy = services.parse_policy(body.get("policy"))
    return {"found": trial.try_one(policy, _number(body, "number", 0, 200))}


@login_required
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    _user(request, MANAGE)
    services.discard_draft(actor=request_actor(request))
    return redirect("dispatch:rules")


@login_required
@require_GET
def versions(request: HttpRequest) -> HttpResponse:
    """What was in force when; two versions beside each other, rule by rule."""
    _user(request, VIEW)
    rows = list(RuleVersion.objects.order_by("-number")[:KEPT_VERSIONS])
    by_number = {str(row.number): row for row in rows}
    new = by_number.get(request.GET.get("new", "")) or (rows[0] if rows else None)
    old = by_number.get(request.GET.get("old", "")) or (rows[1] if len(rows) > 1 else None)
    names = _names()
    context = {
        "rows": rows,
        "new": new,
        "old": old,
        "changes": _changes(policy_of(old), policy_of(new), names) if new else [],
        "ageing": [policy_of(old).ageing_s // 60, policy_of(new).ageing_s // 60],
    }
    return render(request, "queueing/rule_versions.html", context)


def _changes(old: Policy, new: Policy, names: Names) -> list[dict[str, Any]]:
    """Each rule of either version, in the new order; `kind` is same, new, changed, moved or gone."""
    before = {rule.key: (place, rule) for place, rule in enumerate(old.rules)}
    kept = [rule.key for rule in old.rules if rule.key in {r.key for r in new.rules}]
    stays = [rule.key for rule in new.rules if rule.key in before]
    found = []
    for rule in new.rules:
        place_rule = before.get(rule.key)
        if place_rule is None:
            kind = "new"
        elif place_rule[1] != rule:
            kind = "changed"
        else:
            kind = "same" if kept.index(rule.key) == stays.index(rule.key) else "moved"
        found.append(
            {
                "kind": kind,
                "name": rule.name,
                "new": sentence(rule, names),
                "new_off": not rule.enabled,
                "old": sentence(place_rule[1], names) if place_rule else "",
                "old_off": place_rule is not None and not place_rule[1].enabled,
            }
        )
    gone = [rule for rule in old.rules if rule.key not in {r.key for r in new.rules}]
    found += [
        {
            "kind": "gone",
            "name": rule.name,
            "new": "",
            "old": sentence(rule, names),
            "old_off": not rule.enabled,
        }
        for rule in gone
    ]
    return found
