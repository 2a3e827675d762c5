"""Reads of reviews: the queue, one's results, the sample an auditor derives."""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Avg,
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    FloatField,
    Func,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Abs, Coalesce, TruncDate
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.selectors import may, people_who_may, visible
from appointments.models import Appointment
from appointments.states import AppointmentState
from common.errors import NotFound
from interviews.models import Call, TimelineEvent
from interviews.selectors import people_with_part_in
from interviews.states import RISK_TAGS, CallState, Verdict
from recordings.selectors import Search, entries_found

from .agreement import Agreement, agreement_of
from .models import (
    CoachingClip,
    QcReview,
    ReasonList,
    SamplingPlan,
    SamplingRun,
    ScoreForm,
    ScoreItem,
    SeatDefect,
    SecondOpinion,
)
from .sampling import is_chosen
from .states import DECIDED, UNDECIDED, ReviewMove, ReviewOrigin, ReviewState

VIEW, REVIEW, MANAGE = "qc.view", "qc.review", "qc.manage"
# The list of reasons is asked for every quarter of an hour (services.refresh_reasons).
OLD_AFTER = dt.timedelta(hours=2)
OUTCOMES: dict[str, Any] = {
    "total": Count("pk"),
    "passed": Count("pk", filter=Q(state=ReviewState.PASSED)),
    "rejected": Count("pk", filter=Q(state=ReviewState.REJECTED)),
    "returned": Count("pk", filter=Q(state=ReviewState.RETURNED)),
    "flagged": Count("pk", filter=Q(state=ReviewState.FLAGGED)),
    "average": Avg("points"),
}


def reject_reasons() -> tuple[str, ...]:
    """The credit system's list (QC-2) as it was last told; () before the first time."""
    kept = ReasonList.objects.first()
    return tuple(kept.reasons) if kept else ()


def reasons_for(origin: ReviewOrigin) -> tuple[str, ...]:
    """Why a doubt is rejected is the credit system's to name, what a seat did badly is ours."""
    if origin is ReviewOrigin.DOUBT:
        return reject_reasons()
    return tuple(SeatDefect.objects.filter(is_enabled=True).values_list("text", flat=True))


def reasons_old_since() -> dt.datetime | None:
    """When the list was told, once that is so long ago that a person should know."""
    kept = ReasonList.objects.filter(asked_at__lt=timezone.now() - OLD_AFTER).first()
    return kept.asked_at if kept else None


def current_form() -> ScoreForm | None:
    return ScoreForm.objects.filter(is_current=True).prefetch_related("items").first()


# --- queue ----------------------------------------------------------------------------------


EVERYTHING_FOUND = Search()


@dataclass(frozen=True, slots=True)
class QueueSearch:
    """The search of 视频管理 (QC-1) within a tab of the queue."""

    shown: str = "open"
    found: Search = EVERYTHING_FOUND
    reviewer_no: str = ""


def reviews_open_to(user: User) -> QuerySet[QcReview]:
    """Reviews of interviews in the person's scope, and what the person has in hand (ACC-3)."""
    return QcReview.objects.filter(
        visible(user, VIEW, REVIEW, owner="call__seat__user") | Q(reviewer=user),
        call__task__rehearsal=False,
    )


def reviews_listed_for(user: User) -> QuerySet[QcReview]:
    """Those of `reviews_open_to` whose state the person may know (`kept_from`)."""
    return reviews_open_to(user).exclude(pk__in=kept_from(user).values("review"))


def kept_from(user: User) -> QuerySet[SecondOpinion]:
    """Opinions this person owes or may yet be asked for: the first decision is not to be known."""
    if not may(user, REVIEW):
        return SecondOpinion.objects.none()
    return SecondOpinion.objects.filter(
        Q(reviewer=user) | Q(reviewer=None), decided_at=None
    ).exclude(review__reviewer=user)


def _tab(shown: str, user: User) -> Q:
    return {
        "open": Q(state__in=UNDECIDED),
        "mine": Q(reviewer=user, state=ReviewState.CLAIMED),
        "decided": Q(state__in=[*DECIDED, ReviewState.OVERTAKEN]),
        "flagged": Q(state=ReviewState.FLAGGED),
    }[shown]


TABS = ("open", "mine", "decided", "flagged")
PAST = ("decided", "flagged")
# Without a day of its own the past is that long: a queue is worked, not dug through.
PAST_DAYS = 30
_RISK_TAG = Q(
    kind="tag", payload__kind__in=sorted(kind.value for kind in RISK_TAGS)
)  # what the seat doubted


def first_doubt_ms(call: Call) -> int | None:
    """The moment (ms) of the first risk tag of a call; None when the seat set none."""
    return call.events.filter(_RISK_TAG).order_by("at_ms").values_list("at_ms", flat=True).first()


def reviews_found(search: QueueSearch, user: User) -> QuerySet[QcReview]:
    """Urgent first, then the oldest; what is decided newest first.

    Each with its number of tags and gaps, the moment of the first risk tag (ms) and the slot of a
    second interview that is booked (QC-3).
    """
    marks = TimelineEvent.objects.filter(call=OuterRef("call"))
    found = (
        reviews_listed_for(user)
        .filter(_tab(search.shown, user))
        .select_related("call__task", "call__seat__user", "reviewer")
        .annotate(
            tags=_count(marks.filter(kind="tag")),
            gaps=_count(marks.filter(kind="gap")),
            doubt_ms=Subquery(marks.filter(_RISK_TAG).order_by("at_ms").values("at_ms")[:1]),
            again=Subquery(_booked(OuterRef("call__task")).values("slot")),
        )
    )
    if search.found != EVERYTHING_FOUND:
        found = found.filter(call__recording__in=entries_found(search.found).values("pk"))
    if search.reviewer_no:
        found = found.filter(reviewer__staff_no=search.reviewer_no)
    if search.shown in PAST:
        if search.found.from_day is None:
            found = found.filter(decided_at__gte=_past_since())
        return found.order_by("-decided_at", "-pk")
    return found.order_by("-is_urgent", "opened_at", "pk")


def _booked(task: Any) -> QuerySet[Appointment]:
    return Appointment.objects.filter(task=task, state=AppointmentState.BOOKED)


def second_interview_at(call: Call) -> dt.datetime | None:
    """When the borrower comes again, as far as that is booked; the call had its own time before."""
    booked = _booked(call.task_id).first()
    return booked.bounds[0] if booked else None


def _count(events: QuerySet[TimelineEvent]) -> Coalesce:
    counted = events.order_by().values("call").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _past_since() -> dt.datetime:
    return _start_of(timezone.localdate() - dt.timedelta(days=PAST_DAYS))


def counts_for(user: User) -> dict[str, int]:
    """Of each tab; the past as far as its tab goes back."""
    rows = reviews_listed_for(user).filter(
        Q(state__in=UNDECIDED) | Q(decided_at__gte=_past_since())
    )
    return rows.aggregate(**{tab: Count("pk", filter=_tab(tab, user)) for tab in TABS})


def review_for(user: User, review_id: int) -> QcReview:
    """Raises NotFound for one that is not there and for one that is not for this person's eyes:
    reviewers, supervisors, and the seat for its own decided reviews."""
    review = (
        QcReview.objects.select_related("call__task", "call__seat__user", "reviewer", "score_form")
        .filter(pk=review_id)
        .first()
    )
    if review is None:
        raise NotFound
    is_own = review.call.seat.user_id == user.pk and review.decided_at is not None
    if not is_own and not reviews_open_to(user).filter(pk=review_id).exists():
        raise NotFound
    return review


def reviewers_of(review: QcReview) -> QuerySet[User]:
    """To whom the review can be given: who reviews, sees it and had no part in the call."""
    return people_who_may(REVIEW, review.call.seat.user).exclude(
        pk__in=people_with_part_in(review.call)
    )


def results_of_seat(user: User) -> QuerySet[QcReview]:
    """What was decided about this seat's interviews, newest first."""
    return (
        QcReview.objects.filter(call__seat__user=user, state__in=DECIDED)
        .select_related("call__task", "reviewer")
        .order_by("-decided_at")
    )


def outcomes_of_seat(user: User, days: int) -> dict[str, Any]:
    """How many were decided how in the last `days`, and the mean score: the keys of OUTCOMES."""
    since = timezone.now() - dt.timedelta(days=days)
    plain: Any = results_of_seat(user).filter(decided_at__gte=since).order_by()
    found: dict[str, Any] = plain.aggregate(**OUTCOMES)
    return found


# --- sampling -------------------------------------------------------------------------------


def rule_of(plan: SamplingPlan) -> dict[str, Any]:
    """The plan as it is now, as a run keeps it."""
    return {
        "percent": str(plan.percent),
        "seat_no": plan.seat_no,
        "product_code": plan.product_code,
        "min_risk_tags": plan.min_risk_tags,
        "new_seat_days": plan.new_seat_days,
        "seed": plan.seed,
    }


def passes_of(day: dt.date, rule: dict[str, Any]) -> list[UUID]:
    """Calls filed 通过 on `day` (local) that the rule is about, by id."""
    found = Call.objects.filter(
        state=CallState.FILED,
        verdict=Verdict.PASS,
        task__rehearsal=False,
        filed_at__gte=_start_of(day),
        filed_at__lt=_start_of(day + dt.timedelta(days=1)),
    )
    if rule["seat_no"]:
        found = found.filter(seat__user__staff_no=rule["seat_no"])
    if rule["product_code"]:
        found = found.filter(task__product_code=rule["product_code"])
    if (least := rule.get("min_risk_tags")) is not None:
        # Those there when the opinion was filed: later tags must not change what was drawn.
        risky = Count(
            "events",
            filter=Q(
                events__kind="tag",
                events__payload__kind__in=sorted(kind.value for kind in RISK_TAGS),
                events__created_at__lte=F("filed_at"),
            ),
        )
        found = found.annotate(risk_tags=risky).filter(risk_tags__gte=least)
    if rule["new_seat_days"] is not None:
        since = _start_of(day - dt.timedelta(days=rule["new_seat_days"]))
        firsts = Call.objects.values("seat_id").annotate(first=Min("clock_started_at"))
        found = found.filter(seat_id__in=firsts.filter(first__gte=since).values("seat_id"))
    return list(found.order_by("pk").values_list("pk", flat=True))


def derived_sample(run: SamplingRun) -> list[UUID]:
    """The run's sample derived again from its rule: equal to what was drawn, or something is off."""
    rule = run.rule
    percent = Decimal(rule["percent"])
    return [
        call for call in passes_of(run.day, rule) if is_chosen(str(rule["seed"]), call, percent)
    ]


def latest_runs(limit: int = 60) -> list[SamplingRun]:
    return list(SamplingRun.objects.select_related("plan")[:limit])


def run_holds(run: SamplingRun) -> bool:
    """Whether the sample can be derived again; reads all passes of its day."""
    chosen = set(derived_sample(run))
    # What another plan had chosen before is reviewed once only.
    before = QcReview.objects.filter(call__in=chosen).exclude(sampling_run=run)
    kept = {*run.qcreview_set.values_list("call_id", flat=True)}
    return chosen == kept | {*before.values_list("call_id", flat=True)}


# --- report ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """Reviews decided in a time: by seat, product, reviewer, day and score item.

    `reasons` are why doubts were rejected, `defects` what sampled passes were found wanting in.
    """

    total: int
    by_seat: list[dict[str, Any]]
    by_product: list[dict[str, Any]]
    by_reviewer: list[dict[str, Any]]
    by_day: list[dict[str, Any]]
    reasons: list[tuple[str, int]]
    defects: list[tuple[str, int]]
    items: list[dict[str, Any]]


def decided_between(among: QuerySet[QcReview], first: dt.date, last: dt.date) -> QuerySet[QcReview]:
    """Both days included; what was overtaken is nobody's decision."""
    return among.filter(
        state__in=DECIDED,
        decided_at__gte=_start_of(first),
        decided_at__lt=_start_of(last + dt.timedelta(days=1)),
    )


def report(user: User, first: dt.date, last: dt.date) -> Report:
    """Reviews decided from `first` to `last` (both included), in the person's scope."""
    rows = decided_between(reviews_open_to(user), first, last)
    plain: Any = rows.order_by()  # groups and figures are named below, the stubs cannot follow

    def grouped(**group: Any) -> list[dict[str, Any]]:
        named = plain.values(**{name: F(path) for name, path in group.items()})
        return list(named.annotate(**OUTCOMES).order_by("-total", *group))

    reviewers = (
        plain.values(staff_no=F("reviewer__staff_no"), name=F("reviewer__name"))
        .annotate(
            **OUTCOMES,
            waited=Avg(F("claimed_at") - F("opened_at")),
            took=Avg(F("decided_at") - F("claimed_at")),
        )
        .order_by("-total", "staff_no")
    )
    days = (
        plain.annotate(day=TruncDate("decided_at"))
        .values("day")
        .annotate(**OUTCOMES)
        .order_by("day")
    )
    return Report(
        total=rows.count(),
        by_seat=grouped(staff_no="call__seat__user__staff_no", name="call__seat__user__name"),
        by_product=grouped(staff_no="call__task__product_code", name="call__task__product_name"),
        by_reviewer=list(reviewers),
        by_day=list(days),
        reasons=_named(plain.filter(state=ReviewState.REJECTED)),
        defects=_named(plain.filter(state=ReviewState.FLAGGED)),
        items=_items_met(plain),
    )


class Unnest(Func):
    """A row for each element of an array."""

    function = "unnest"
    arity = 1
    set_returning = True


def _named(rows: Any) -> list[tuple[str, int]]:
    """How often each reason was given, the most frequent first."""
    each = rows.values(reason=Unnest("reasons", output_field=CharField()))
    return list(each.annotate(n=Count("pk")).order_by("-n", "reason").values_list("reason", "n"))


def _items_met(rows: Any) -> list[dict[str, Any]]:
    """How often each item of the score forms was met, the least met first."""
    scored = rows.exclude(score_form=None)
    asked = dict(scored.values_list("score_form").annotate(n=Count("pk")))
    each = scored.values(item=Unnest("met_items", output_field=BigIntegerField()))
    met = dict(each.annotate(n=Count("pk")).values_list("item", "n"))
    found = [
        {
            "text": item.text,
            "form": str(item.form),
            "is_fatal": item.is_fatal,
            "asked": asked[item.form_id],
            "met": met.get(item.pk, 0),
            "percent": round(100 * met.get(item.pk, 0) / asked[item.form_id]),
        }
        for item in ScoreItem.objects.filter(form__in=asked).select_related("form")
    ]
    return sorted(found, key=lambda item: item["percent"])


# --- second opinions and clips ---------------------------------------------------------------


def second_of(user: User, opinion_id: int) -> SecondOpinion:
    """The opinion this person has taken. Raises NotFound for all others."""
    opinion = (
        SecondOpinion.objects.select_related(
            "review__call__task", "review__call__seat__user", "review__score_form"
        )
        .filter(pk=opinion_id, reviewer=user)
        .first()
    )
    if opinion is None:
        raise NotFound
    return opinion


def second_in_hand(user: User, review: QcReview) -> SecondOpinion | None:
    """The opinion this person still owes on the review: until then it is looked at blind."""
    return SecondOpinion.objects.filter(review=review, reviewer=user, decided_at=None).first()


def blind_page_of(user: User, call: Call) -> str | None:
    """Where a person who owes an opinion on any call of the contract looks at it instead."""
    owed = SecondOpinion.objects.filter(
        reviewer=user, decided_at=None, review__call__task__contract_no=call.task.contract_no
    ).first()
    return reverse("qc:second", args=[owed.pk]) if owed else None


def seconds_waiting(user: User) -> int:
    """How many wait for an eye that may give one."""
    return (
        SecondOpinion.objects.filter(decided_at=None, review__in=reviews_open_to(user))
        .exclude(review__reviewer=user)
        .exclude(review__call__seat__user=user)
        .count()
    )


# The decision of a review as the move that an opinion is.
FIRST_MOVE = Case(
    *(
        When(review__state=state, then=Value(move.value))
        for state, move in (
            (ReviewState.PASSED, ReviewMove.PASS),
            (ReviewState.REJECTED, ReviewMove.REJECT),
            (ReviewState.RETURNED, ReviewMove.RETURN),
            (ReviewState.FLAGGED, ReviewMove.FLAG),
        )
    )
)


def agreement(user: User, first: dt.date, last: dt.date) -> dict[str, Any]:
    """How far second opinions given in the time agree with the first: whole, by pair, by item."""
    given: Any = SecondOpinion.objects.filter(
        review__in=reviews_open_to(user),
        decided_at__gte=_start_of(first),
        decided_at__lt=_start_of(last + dt.timedelta(days=1)),
    ).annotate(first_move=FIRST_MOVE)
    plain = given.order_by()
    counted = plain.values_list(
        "review__reviewer__name", "reviewer__name", "first_move", "move"
    ).annotate(n=Count("pk"))
    whole: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for one, other, first_move, move, count in counted:
        names = sorted((one, other))
        people[names[0], names[1]][first_move, move] += count
        whole[first_move, move] += count
    gap = Abs(F("points") - F("review__points"), output_field=FloatField())
    apart = given.exclude(move=F("first_move")).select_related(
        "review__reviewer", "review__call__task", "reviewer"
    )
    return {
        "whole": agreement_of(whole),
        "by_pair": [(names, agreement_of(found)) for names, found in sorted(people.items())],
        "points_apart": plain.aggregate(gap=Avg(gap))["gap"],
        "items": _items_agreed(plain.exclude(points=None)),
        "apart": apart.order_by("-decided_at")[:50],
    }


def _items_agreed(both: Any) -> list[tuple[str, Agreement]]:
    """Of each score item that both judged, the least agreed first."""
    forms = both.values("review__score_form").distinct()
    items = list(ScoreItem.objects.filter(form__in=forms))
    kinds = [(one, other) for one in (True, False) for other in (True, False)]
    asked = {
        f"{item.pk}_{one}_{other}": Count("pk", filter=_judged(item, one=one, other=other))
        for item in items
        for one, other in kinds
    }
    counted = both.aggregate(**asked) if items else {}
    found = [
        (
            item.text,
            agreement_of(
                {
                    (str(one), str(other)): counted[f"{item.pk}_{one}_{other}"]
                    for one, other in kinds
                }
            ),
        )
        for item in items
    ]
    return sorted(found, key=lambda pair: pair[1].share or 0.0)


def _judged(item: ScoreItem, *, one: bool, other: bool) -> Q:
    """Opinions by the item's form where the first found it met or not, and the second."""
    first, second = Q(review__met_items__contains=[item.pk]), Q(met_items__contains=[item.pk])
    by_form = Q(review__score_form=item.form_id)
    return by_form & (first if one else ~first) & (second if other else ~second)


def clips_open_to(user: User) -> QuerySet[CoachingClip]:
    """Of the seats in the person's scope, and one's own (ACC-3); none that tells of a decision."""
    return (
        CoachingClip.objects.filter(
            visible(user, VIEW, REVIEW, owner="call__seat__user") | Q(call__seat__user=user)
        )
        .exclude(review__in=kept_from(user).values("review"))
        .select_related("call__task", "call__seat__user", "review", "made_by")
    )


def clips_found(
    user: User,
    *,
    seat_no: str = "",
    defect: SeatDefect | None = None,
    words: str = "",
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> QuerySet[CoachingClip]:
    """Both days included; `defect` is what the review was decided with, `words` are the clip's own."""
    found = clips_open_to(user)
    if seat_no:
        found = found.filter(call__seat__user__staff_no=seat_no)
    if defect:
        found = found.filter(review__reasons__contains=[defect.text])
    if words:
        found = found.filter(Q(title__icontains=words) | Q(note__icontains=words))
    if first:
        found = found.filter(made_at__gte=_start_of(first))
    if last:
        found = found.filter(made_at__lt=_start_of(last + dt.timedelta(days=1)))
    return found


def _start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
