"""抽检: a day's sample of each plan, drawn by a seed anybody can derive again (QC-1)."""

import datetime as dt

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import services as audit
from common.actor import SYSTEM
from qc import selectors
from qc.models import SamplingPlan, SamplingRun
from qc.sampling import is_chosen
from qc.states import ReviewOrigin

from .reviews import open_review

# So far back are days made up for that nobody drew.
MADE_UP_DAYS = 14


@transaction.atomic
def draw_sample(plan_id: int, day: dt.date) -> SamplingRun:
    """The sample of one day's passes by a plan; the same run again when it was drawn before."""
    plan = SamplingPlan.objects.select_for_update().get(pk=plan_id)
    run = SamplingRun.objects.filter(plan=plan, day=day).first()
    if run is not None:
        return run
    rule = selectors.rule_of(plan)
    population = selectors.passes_of(day, rule)
    chosen = [call for call in population if is_chosen(plan.seed, call, plan.percent)]
    run = SamplingRun.objects.create(
        plan=plan, day=day, rule=rule, population=len(population), chosen=len(chosen)
    )
    for call_id in chosen:
        open_review(call_id, origin=ReviewOrigin.SAMPLE, run=run)
    audit.record(
        "qc.sampled",
        actor=SYSTEM,
        object_type="sampling_run",
        object_id=run.pk,
        day=day.isoformat(),
        population=run.population,
        chosen=run.chosen,
    )
    return run


def draw_due_samples() -> int:
    """Every enabled plan's samples up to yesterday, each once. Returns how many were drawn now.

    Days that nobody drew, because nothing ran, are made up for, oldest first.
    """
    today = timezone.localdate()
    drawn = 0
    for plan in SamplingPlan.objects.filter(is_enabled=True).annotate(
        last_day=Max("samplingrun__day")
    ):
        day = max(_first_day(plan, plan.last_day), today - dt.timedelta(days=MADE_UP_DAYS))
        while day < today:
            draw_sample(plan.pk, day)
            day += dt.timedelta(days=1)
            drawn += 1
    return drawn


def _first_day(plan: SamplingPlan, last_day: dt.date | None) -> dt.date:
    """After what was drawn, else the day before it was made; never a day it was switched off."""
    if last_day is not None:
        first = last_day + dt.timedelta(days=1)
    else:
        first = timezone.localdate(plan.created_at) - dt.timedelta(days=1)
    return max(first, timezone.localdate(plan.enabled_at)) if plan.enabled_at else first


def begin_again(plan_id: int) -> None:
    """The plan was switched on again: what was passed meanwhile was not meant to be drawn."""
    SamplingPlan.objects.filter(pk=plan_id).update(enabled_at=timezone.now())
