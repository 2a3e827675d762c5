"""How long a recording is kept: its rule, its date, the lock of the store until then (STO-4)."""

import calendar
import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q
from django.utils import timezone

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from common.errors import NotFound
from interviews.models import Call, InterviewTask
from recordings.errors import EndUnfit
from recordings.models import LEAST_MONTHS, ContractEnd, Recording, RetentionRule, StoredObject
from recordings.states import RetentionStart, Stage, Tier
from recordings.storage import store

from .rounds import Visit, along

_PRODUCT = "call__task__product_code"


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the month's last when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def rule_for(product_code: str) -> RetentionRule | None:
    """The product's own rule, else the one for all others."""
    rules = {rule.product_code: rule for rule in RetentionRule.objects.all()}
    return rules.get(product_code) or rules.get("")


def under_rules(said: Callable[[RetentionRule], Q | None]) -> Q:
    """Recordings that meet what is `said` of the rule they are under; None is: none of them."""
    rules = list(RetentionRule.objects.all())
    own = [rule.product_code for rule in rules if rule.product_code]
    found = Q(pk__in=[])
    for rule in rules:
        condition = said(rule)
        if condition is not None:
            code = rule.product_code
            found |= condition & (Q(**{_PRODUCT: code}) if code else ~Q(**{f"{_PRODUCT}__in": own}))
    return found


def kept_until(recording: Recording, rule: RetentionRule) -> dt.date | None:
    """None as long as the event that the time counts from has not come.

    Whatever that event's day is said to be: never sooner than LEAST_MONTHS after it was stored.
    """
    begin = _begun_on(recording, RetentionStart(rule.start))
    if begin is None:
        return None
    stored_on = timezone.localdate(recording.stored_at or recording.created_at)
    return max(add_months(begin, rule.months), add_months(stored_on, LEAST_MONTHS))


def _begun_on(recording: Recording, start: RetentionStart) -> dt.date | None:
    call = recording.call
    if start is RetentionStart.CONTRACT_ENDED:
        end = ContractEnd.objects.filter(contract_no=call.task.contract_no).first()
        return end.ended_on if end else None
    if start is RetentionStart.TASK_SETTLED:
        begin = call.task.settled_at
    else:
        begin = call.ended_at or call.clock_started_at
    return timezone.localdate(begin) if begin else None


def _begun(rule: RetentionRule) -> Q:
    """The same question of many: the event has come."""
    if rule.start == RetentionStart.CONTRACT_ENDED:
        ends = ContractEnd.objects.filter(contract_no=OuterRef("call__task__contract_no"))
        return Q(Exists(ends))
    if rule.start == RetentionStart.TASK_SETTLED:
        return Q(call__task__settled_at__isnull=False)
    return Q()


@transaction.atomic
def end_contract(contract_no: str, ended_on: dt.date, *, actor: Actor) -> ContractEnd:
    """The credit system says that a contract is over; a later word counts (a loan prolonged).

    Raises NotFound for one nobody was asked to interview, EndUnfit for a day to come, and for one before the contract's last interview. A day that is later than the one told before prolongs what was kept by it; an earlier one changes
    nothing of that, because a store that locks does not let go sooner.
    """
    earliest, latest = _last_interview(contract_no), timezone.localdate()
    if not earliest <= ended_on <= latest:
        raise EndUnfit(earliest=earliest.isoformat(), latest=latest.isoformat())
    before = ContractEnd.objects.filter(contract_no=contract_no).first()
    end, _made = ContractEnd.objects.update_or_create(
        contract_no=contract_no,
        defaults={"ended_on": ended_on, "told_by": actor.name, "told_at": db_now()},
    )
    if before is None or ended_on > before.ended_on:
        # One that is being made anew gets its new date when it is stored again.
        Recording.objects.filter(
            call__task__contract_no=contract_no,
            call__task__product_code__in=_products_from_contract_end(contract_no),
        ).exclude(stage=Stage.DELETED).update(keep_until=None)
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


def _products_from_contract_end(contract_no: str) -> list[str]:
    """Products of the contract's recordings whose keeping counts from the contract's end."""
    products = Recording.objects.filter(call__task__contract_no=contract_no).values_list(
        "call__task__product_code", flat=True
    )
    found = []
    for product in set(products):
        rule = rule_for(product)
        if rule is not None and rule.start == RetentionStart.CONTRACT_ENDED:
            found.append(product)
    return found


def set_keeping(visit: Visit | None = None) -> int:
    """Give stored recordings their date. Returns how many got one now."""
    waiting = Recording.objects.filter(under_rules(_begun), stage=Stage.STORED, keep_until=None)
    return along(waiting, _date, visit, order="created_at")


@transaction.atomic
def _date(recording_id: UUID) -> bool:
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call__task")
        .filter(pk=recording_id, stage=Stage.STORED, keep_until=None)
        .first()
    )
    rule = rule_for(recording.call.task.product_code) if recording else None
    until = kept_until(recording, rule) if recording and rule else None
    if recording is None or until is None:
        return False
    recording.keep_until = until
    recording.save(update_fields=["keep_until"])
    recording.objects_stored.filter(locked_until__lt=until).update(locked_until=None)
    return True


def tell_dates(visit: Visit | None = None) -> int:
    """Lock every stored file until its recording's date, where the store can lock.

    Found by the file: what a rebuild, a late rescue or somebody who wanted a reel made after the date
    was set, is locked too. The newest first. Returns how many were told now.
    """
    # A store takes no date that is over already.
    untold = StoredObject.objects.exclude(confirmed_at=None).filter(
        locked_until=None, recording__keep_until__gte=timezone.localdate()
    )
    return along(untold, _tell_date, visit, order="-pk")


def _tell_date(file_id: int) -> bool:
    """What has changed meanwhile - the date, the tier, the bytes - is told in the next round."""
    stored = StoredObject.objects.select_related("recording").filter(pk=file_id).first()
    if stored is None or stored.recording.keep_until is None:
        return False
    until = stored.recording.keep_until
    lock(stored.tier, stored.key, until)
    same = StoredObject.objects.filter(
        pk=file_id,
        tier=stored.tier,
        confirmed_at=stored.confirmed_at,
        recording__keep_until=until,
    )
    return bool(same.update(locked_until=until))


def lock(tier: Tier | str, key: str, until: dt.date) -> None:
    """To the end of that day. Raises OSError."""
    store(tier).retain(key, timezone.make_aware(dt.datetime.combine(until, dt.time.max)))
