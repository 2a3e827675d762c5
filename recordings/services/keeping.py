"""How long a recording is kept: its rule, its date, the lock of the store until then (STO-4).

Whatever may change a date - it was stored, its event came, its rule changed - marks the recording
(`date_due`); a round works out what is marked and reads nothing else. A new date marks the files
(`lock_due`) of which the store has to be told.
"""

import calendar
import datetime as dt
import logging
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from common.errors import NotFound
from common.faultpoint import faultpoint
from interviews.models import Call, InterviewTask
from recordings.errors import EndUnfit
from recordings.models import LEAST_MONTHS, ContractEnd, Recording, RetentionRule, StoredObject
from recordings.states import RetentionStart, Stage, Tier
from recordings.storage import has_cold_tier, store

from .rounds import BATCH, Visit, along

logger = logging.getLogger(__name__)
_PRODUCT = "call__task__product_code"


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the month's last when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def rule_for(product_code: str) -> RetentionRule | None:
    """The product's own rule, else the one for all others."""
    rules = {rule.product_code: rule for rule in RetentionRule.objects.all()}
    return rules.get(product_code) or rules.get("")


def under_rules(said: Callable[[RetentionRule], bool]) -> Q:
    """Recordings under those rules of which it is `said`."""
    rules = list(RetentionRule.objects.all())
    found = Q(pk__in=[])
    for rule in rules:
        if said(rule):
            found |= _under(rule, rules)
    return found


def _under(rule: RetentionRule, rules: list[RetentionRule]) -> Q:
    if rule.product_code:
        return Q(**{_PRODUCT: rule.product_code})
    own = [each.product_code for each in rules if each.product_code]
    return ~Q(**{f"{_PRODUCT}__in": own})


def kept_until(recording: Recording, rule: RetentionRule) -> dt.date | None:
    """None as long as the event that the time counts from has not come.

    Whatever that event's day is said to be: never sooner than LEAST_MONTHS after it was stored.
    """
    begin = _begun_on(recording, RetentionStart(rule.start))
    if begin is None:
        return None
    return max(add_months(begin, rule.months), add_months(_stored_on(recording), LEAST_MONTHS))


def _stored_on(recording: Recording) -> dt.date:
    return timezone.localdate(recording.stored_at or recording.created_at)


def _begun_on(recording: Recording, start: RetentionStart) -> dt.date | None:
    call = recording.call
    if start is RetentionStart.CONTRACT_ENDED:
        end = ContractEnd.objects.filter(contract_no=call.task.contract_no).first()
        return end.ended_on if end else None
    if start is RetentionStart.TASK_SETTLED:
        # One that another generation took the place of comes to no conclusion of its own.
        begin = call.task.settled_at or call.task.superseded_at
    else:
        begin = call.ended_at or call.clock_started_at
    return timezone.localdate(begin) if begin else None


# --- what may change a date -----------------------------------------------------------------


@transaction.atomic
def end_contract(contract_no: str, ended_on: dt.date, *, actor: Actor) -> ContractEnd:
    """The credit system says that a contract is over; a later word counts (a loan prolonged).

    Raises NotFound for one nobody was asked to interview, EndUnfit for a day to come, and for one
    before the contract's last interview. A day that is later than the one told before prolongs what
    was kept by it; an earlier one changes nothing of that.
    """
    earliest, latest = _last_interview(contract_no), timezone.localdate()
    if not earliest <= ended_on <= latest:
        raise EndUnfit(earliest=earliest.isoformat(), latest=latest.isoformat())
    end, _made = ContractEnd.objects.update_or_create(
        contract_no=contract_no,
        defaults={"ended_on": ended_on, "told_by": actor.name, "told_at": db_now()},
    )
    Recording.objects.filter(call__task__contract_no=contract_no).update(date_due=True)
    audit.record(
        "recording.contract_ended",
        actor=actor,
        object_type="contract",
        object_id=contract_no,
        ended_on=ended_on.isoformat(),
    )
    return end


def _last_interview(contract_no: str) -> dt.date:
    """The day of the contract's last call; of its first task where there was none."""
    calls = Call.objects.filter(task__contract_no=contract_no)
    last = calls.aggregate(at=Max("clock_started_at"))["at"]
    if last is None:
        tasks = InterviewTask.objects.filter(contract_no=contract_no)
        last = tasks.aggregate(at=Min("created_at"))["at"]
    if last is None:
        raise NotFound
    return timezone.localdate(last)


def date_again(task_id: UUID) -> None:
    """The task came to its conclusion, or another one took its place. Idempotent."""
    Recording.objects.filter(call__task_id=task_id).update(date_due=True)


def spread_rules(visit: Visit | None = None) -> int:
    """Carry changed terms to the recordings under them. Returns how many are to be dated anew."""
    visit = visit or Visit()
    marked = 0
    for rule_id in RetentionRule.objects.exclude(spread_after=None).values_list("pk", flat=True):
        while not visit.is_over and (some := _spread(rule_id)):
            marked += some
    return marked


@transaction.atomic
def _spread(rule_id: int) -> int:
    """The next batch, and how far it came: who is killed goes on there."""
    changed = RetentionRule.objects.select_for_update().exclude(spread_after=None)
    rule = changed.filter(pk=rule_id).first()
    if rule is None:
        return 0
    rows = Recording.objects.filter(_under(rule, list(RetentionRule.objects.all())))
    batch = list(rows.filter(pk__gt=rule.spread_after).order_by("pk")[:BATCH].values_list("pk"))
    some = [pk for (pk,) in batch]
    Recording.objects.filter(pk__in=some).update(date_due=True)
    rule.spread_after = some[-1] if len(some) == BATCH else None
    rule.save(update_fields=["spread_after"])
    return len(some)


# --- the date -------------------------------------------------------------------------------


def set_keeping(visit: Visit | None = None) -> int:
    """Work out the dates of what is marked. Returns how many got another date now."""
    return along(Recording.objects.filter(stage=Stage.STORED, date_due=True), _date, visit)


@transaction.atomic
def _date(recording_id: UUID) -> bool:
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call__task")
        .filter(pk=recording_id, stage=Stage.STORED, date_due=True)
        .first()
    )
    if recording is None:
        return False
    recording.date_due, recording.cold_due = False, None
    before = recording.keep_until
    rule = rule_for(recording.call.task.product_code)
    if rule is not None:  # without one it is kept for good
        until = kept_until(recording, rule)
        _promise(recording, before, until, _least(recording, rule))
        recording.keep_until = until and recording.lock_until  # once said it is never cut
        is_hot = recording.objects_stored.filter(tier=Tier.HOT).exists()
        if rule.cold_after_days is not None and is_hot:
            days = dt.timedelta(days=rule.cold_after_days)
            recording.cold_due = _stored_on(recording) + days
    recording.save(update_fields=["date_due", "keep_until", "cold_due"])
    return recording.keep_until != before


# --- the lock of the store ------------------------------------------------------------------


def _least(recording: Recording, rule: RetentionRule) -> dt.date | None:
    """Until when it stays in any case: whatever the time counts from comes after the interview.

    Counted from the row, which a rebuild leaves as it is. A rehearsal is no evidence: nobody wants it locked while nothing has come of it.
    """
    if recording.call.task.rehearsal:
        return None
    return add_months(timezone.localdate(recording.created_at), rule.months)


@transaction.atomic
def promise_lock(recording_id: UUID) -> None:
    """Before its first file arrives: what each is locked until as soon as the store confirmed it."""
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call__task")
        .get(pk=recording_id)
    )
    rule = rule_for(recording.call.task.product_code)
    if rule is not None:
        _promise(recording, _least(recording, rule))


def _promise(recording: Recording, *days: dt.date | None) -> None:
    """The latest of them, never sooner than before. Within a transaction that holds the row."""
    before = recording.lock_until
    until = max((day for day in (before, *days) if day is not None), default=None)
    if until != before:
        recording.lock_until = until
        recording.save(update_fields=["lock_until"])
        recording.objects_stored.update(lock_due=True)


def tell_dates(visit: Visit | None = None) -> int:
    """Lock what is marked until its recording's date, where the store can lock.

    Every file is marked when it comes: what a rebuild, a late rescue or somebody who wanted a reel
    makes after the date was set is locked too. The newest first. Returns how many were told now.
    """
    untold = StoredObject.objects.exclude(confirmed_at=None).filter(lock_due=True)
    return along(untold, _tell_date, visit, order="-pk")


def tell_date(file_id: int) -> None:
    """At once; a store that cannot now is told by a round."""
    try:
        _tell_date(file_id)
    except OSError as away:
        logger.warning("lock of %s left: %s", file_id, type(away).__name__)


def _tell_date(file_id: int) -> bool:
    """What has changed meanwhile - the date, the tier, the bytes - is told in the next round."""
    stored = (
        StoredObject.objects.select_related("recording").filter(pk=file_id, lock_due=True).first()
    )
    if stored is None or stored.confirmed_at is None:
        return False
    until = stored.recording.lock_until
    before = stored.locked_until
    # A store takes no date that is over already.
    if until is None or until < timezone.localdate() or (before is not None and before >= until):
        _note_told(stored, before)
        return False
    lock(stored.tier, stored.key, until)
    faultpoint("object.locked")
    return _note_told(stored, until)


@transaction.atomic
def _note_told(stored: StoredObject, until: dt.date | None) -> bool:
    """Under the recording's lock, so that no later date is promised in between and forgotten."""
    recording = Recording.objects.select_for_update().get(pk=stored.recording_id)
    if recording.lock_until != stored.recording.lock_until:
        return False
    if stored.tier == Tier.HOT and recording.cold_due is None and has_cold_tier():
        # It may have come after the others went to the archive tier.
        Recording.objects.filter(pk=recording.pk).update(date_due=True)
    same = StoredObject.objects.filter(
        pk=stored.pk, tier=stored.tier, confirmed_at=stored.confirmed_at
    )
    return bool(same.update(locked_until=until, lock_due=False))


def lock(tier: Tier | str, key: str, until: dt.date) -> None:
    """To the end of that day. Raises OSError."""
    store(tier).retain(key, timezone.make_aware(dt.datetime.combine(until, dt.time.max)))
