"""Every change of a script that is more than its form: enable, disable, next version, delete."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from audit import services as audit
from common.actor import Actor

from .errors import ScriptEmpty, ScriptEnabled, ScriptTaken
from .models import Script


@transaction.atomic
def set_enabled(script_ids: Iterable[int], *, enabled: bool, actor: Actor) -> int:
    """How many changed. Raises ScriptEmpty, ScriptTaken; then none changed."""
    changed = 0
    for script in Script.objects.select_for_update().filter(pk__in=script_ids).order_by("pk"):
        if script.enabled is enabled:
            continue
        if enabled and not script.steps.exists():
            raise ScriptEmpty(title=script.title)
        script.enabled = enabled
        if enabled and script.published_at is None:
            script.published_at = timezone.now()
        _save(script)
        note(script, "enabled" if enabled else "disabled", actor=actor)
        changed += 1
    return changed


def _save(script: Script) -> None:
    try:
        with transaction.atomic():
            script.save()
    except IntegrityError as error:
        other = (
            Script.objects.filter(
                enabled=True,
                effective_from=script.effective_from,
                is_default=script.is_default,
            )
            .exclude(pk=script.pk)
            .first()
        )
        raise ScriptTaken(other=str(other or script)) from error


@transaction.atomic
def next_version(script_id: int, *, actor: Actor) -> Script:
    """A draft with the same codes and steps, to be edited and then enabled."""
    script = Script.objects.get(pk=script_id)
    # One at a time for the series: two clicks make versions 2 and 3.
    list(Script.objects.select_for_update().filter(series=script.series).order_by("pk"))
    newest = Script.objects.filter(series=script.series).aggregate(n=Max("version"))["n"]
    steps = list(script.steps.all())
    draft = Script.objects.create(
        title=script.title,
        channel_code=script.channel_code,
        channel_name=script.channel_name,
        product_code=script.product_code,
        product_name=script.product_name,
        business_type=script.business_type,
        to_bring=script.to_bring,
        is_default=script.is_default,
        enabled=False,
        series=script.series,
        version=newest + 1,
    )
    for step in steps:
        step.pk, step.script = None, draft
        step._state.adding = True
        step.save()
    note(draft, "versioned", actor=actor, of=script.version)
    return draft


@transaction.atomic
def delete_script(script_id: int, *, actor: Actor) -> None:
    """Raises ScriptEnabled."""
    script = Script.objects.select_for_update().get(pk=script_id)
    if script.enabled:
        raise ScriptEnabled(title=script.title)
    note(script, "deleted", actor=actor)
    script.delete()


def note(script: Script, change: str, *, actor: Actor, **facts: Any) -> None:
    audit.record(
        f"script.{change}",
        actor=actor,
        object_type="script",
        object_id=script.pk,
        version=script.version,
        **{"title": script.title} | facts,
    )
