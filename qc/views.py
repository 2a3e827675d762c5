"""质检管理: queue, review page, the seat's results, samples and report."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from common.csv_file import csv_response
from common.errors import DomainError, NotFound
from interviews.errors import PartiesMissing
from interviews.selectors import parties_not_interviewed
from recordings import page as shown
from recordings import selectors as recordings
from recordings import services as viewing
from recordings.panels import late_panel
from ui.charts import stacked

from . import selectors, services
from .errors import BadClip, NotAReviewer
from .forms import AssignForm, ClipForm, ClipsForm, DecisionForm, PeriodForm, QueueForm, SecondForm
from .models import QcReview
from .states import DECISIONS, ReviewMove, ReviewOrigin, ReviewState

PAGE_SIZE = 25
REPORT_DAYS = 30
MOMENT = re.compile(r"[1-9][0-9]{0,8}")  # ms from the call's start; 0 is no place to stand at


def _user(request: HttpRequest, *operations: str) -> User:
    """The person, when one of the operations is open to them; otherwise the page is not there."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if operations and not any(may(user, operation) for operation in operations):
        raise Http404
    return user


def _review(request: HttpRequest, review_id: int) -> QcReview:
    try:
        return selectors.review_for(_user(request), review_id)
    except NotFound as hidden:
        raise Http404 from hidden


@login_required
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    user = _user(request, selectors.VIEW, selectors.REVIEW)
    form = QueueForm(request.GET)
    search = form.queue_search(request.GET.get("shown", "open"))
    page = Paginator(selectors.reviews_found(search, user), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "shown": search.shown,
        "counts": selectors.counts_for(user),
        "may_review": may(user, selectors.REVIEW),
        "may_view": may(user, selectors.VIEW),
        "may_assign": may(user, selectors.MANAGE),
        "past_days": selectors.PAST_DAYS if search.shown in selectors.PAST else None,
        "seconds": selectors.seconds_waiting(user) if may(user, selectors.REVIEW) else 0,
        "now": timezone.now(),
    }
    return render(request, "qc/queue.html", context)


@login_required
@require_GET
def review(request: HttpRequest, review_id: int) -> HttpResponse:
    found = _review(request, review_id)
    user = _user(request)
    if owed := selectors.second_in_hand(user, found):
        return redirect("qc:second", owed.pk)  # the first decision is not to be known
    return render(request, "qc/review.html", _looked_at(request, found))


@login_required
@require_GET
def panel(request: HttpRequest, review_id: int, code: str) -> HttpResponse:
    """As `recordings.views.panel`, for those to whom the review is open: who looks opens no recording."""
    try:
        found = late_panel(_review(request, review_id).call, code)
    except NotFound as hidden:
        raise Http404 from hidden
    return render(request, "recordings/_panel.html", {"panel": found})


def _looked_at(request: HttpRequest, found: QcReview) -> dict[str, Any]:
    """What the page of a review shows; that it was opened is audited."""
    user, call, origin = _user(request), found.call, ReviewOrigin(found.origin)
    viewing.note_opened(call.pk, call.task_id, "qc", actor=request_actor(request))
    is_own_seat = call.seat.user_id == user.pk
    form = found.score_form or selectors.current_form()
    recording = recordings.recording_of(call.pk)
    is_mine = found.reviewer_id == user.pk and found.state == ReviewState.CLAIMED
    missing = parties_not_interviewed(call.task) if is_mine and origin is ReviewOrigin.DOUBT else []
    view = recordings.review_view(call.pk, viewing.issue_ticket(user, call.pk))
    context: dict[str, Any] = shown.of_call(call, recording, user) | {
        "review": found,
        "doubts": [
            event
            for event in view["events"]
            if event["kind"] in {"tag", "gap"} or event["payload"].get("doubtful")
        ],
        "call": call,
        "task": call.task,
        "recording": recording,
        "view": view,
        "may_review": may(user, selectors.REVIEW) and not is_own_seat,
        "is_mine": is_mine,
        "missing": PartiesMissing(names=[party.name for party in missing]).text if missing else "",
        "again_at": selectors.second_interview_at(call),
        "is_own_seat": is_own_seat,
        "sees_queue": may(user, selectors.VIEW) or may(user, selectors.REVIEW),
        "decisions": [move.value for move in DECISIONS[origin]],
        "reasons": selectors.reasons_for(origin) if may(user, selectors.REVIEW) else (),
        "reasons_old_since": selectors.reasons_old_since(),
        "score_form": form,
        "score_items": form.items.all() if form else (),
        "given": found.given(),
        "clips": found.clips.all(),
        "assign": AssignForm(reviewers=selectors.reviewers_of(found))
        if may(user, selectors.MANAGE) and found.decided_at is None
        else None,
    }
    return context


def _back_to(request: HttpRequest, found: QcReview) -> HttpResponse:
    """The page of a review where the player stood, else at the first doubt of the seat (QC-1)."""
    stood = request.POST.get("at_ms", "")
    at_ms = int(stood) if MOMENT.fullmatch(stood) else selectors.first_doubt_ms(found.call)
    url = reverse("qc:review", args=[found.pk])
    return redirect(url if at_ms is None else f"{url}#ms={at_ms}")


@login_required
@require_POST
def claim(request: HttpRequest, review_id: int) -> HttpResponse:
    user = _user(request, selectors.REVIEW)
    found = _review(request, review_id)
    try:
        services.claim(found.pk, reviewer=user)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    return _back_to(request, found)


@login_required
@require_POST
def urgent(request: HttpRequest, review_id: int) -> HttpResponse:
    _user(request, selectors.REVIEW)
    found = _review(request, review_id)
    services.set_urgent(found.pk, urgent="urgent" in request.POST, actor=request_actor(request))
    return _back_to(request, found)


@login_required
@require_POST
def assign(request: HttpRequest, review_id: int) -> HttpResponse:
    """改派 and 收回; back to the queue as it was searched."""
    _user(request, selectors.MANAGE)
    found = _review(request, review_id)
    form = AssignForm(request.POST, reviewers=selectors.reviewers_of(found))
    actor = request_actor(request)
    try:
        if "take_back" in request.POST:
            services.take_back(found.pk, actor=actor)
        elif form.is_valid() and (reviewer := form.cleaned_data["reviewer"]):
            services.assign(found.pk, to=reviewer, actor=actor)
        else:
            raise NotAReviewer
    except DomainError as refusal:
        messages.error(request, refusal.text)
    return redirect(f"{reverse('qc:queue')}?{request.GET.urlencode()}")


@login_required
@require_POST
def decide(request: HttpRequest, review_id: int) -> HttpResponse:
    """Settle the review and go on to the next; a refusal leaves everything as it was."""
    user = _user(request, selectors.REVIEW)
    found = _review(request, review_id)
    form = _decision_form(request, found)
    if not form.is_valid():
        for problem in form.errors.values():
            messages.error(request, str(problem[0]))
        return _back_to(request, found)
    asked = form.cleaned_data
    move = ReviewMove(asked["move"])
    try:
        if move is ReviewMove.RELEASE:
            services.release(found.pk, reviewer=user)
        else:
            services.decide(
                found.pk,
                move,
                reviewer=user,
                reasons=asked["reasons"],
                note=asked["note"],
                met_items=asked["met"] if asked["scored"] else None,
            )
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return _back_to(request, found)
    found.refresh_from_db()
    messages.success(request, f"{found.call.task.contract_no}：{found.get_state_display()}")
    return redirect("qc:queue")


def _decision_form(request: HttpRequest, found: QcReview) -> DecisionForm:
    score_form = selectors.current_form()
    items = list(score_form.items.values_list("pk", flat=True)) if score_form else []
    reasons = selectors.reasons_for(ReviewOrigin(found.origin))
    return DecisionForm(request.POST, reasons=reasons, items=items)


@login_required
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """The oldest open case that is not one's own interview, claimed."""
    user = _user(request, selectors.REVIEW)
    found = services.claim_next(reviewer=user, among=selectors.reviews_open_to(user))
    if found is None:
        messages.info(request, _("没有待复核的案件。"))
        return redirect("qc:queue")
    return _back_to(request, found)


@login_required
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """The seat's own interviews that were reviewed: lately in figures, then one by one."""
    user = _user(request, "workbench.use")
    page = Paginator(selectors.results_of_seat(user), PAGE_SIZE).get_page(request.GET.get("page"))
    figures = selectors.outcomes_of_seat(user, REPORT_DAYS)
    context = {"page": page, "figures": figures, "days": REPORT_DAYS}
    return render(request, "qc/results.html", context)


@login_required
@require_POST
def comment(request: HttpRequest, review_id: int) -> HttpResponse:
    found = _review(request, review_id)
    try:
        services.comment(
            found.pk, seat_user=_user(request), text=request.POST.get("seat_comment", "")
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    return redirect("qc:review", found.pk)


@login_required
@require_GET
def samples(request: HttpRequest) -> HttpResponse:
    _user(request, selectors.VIEW)
    runs = selectors.latest_runs()
    asked = request.GET.get("check", "")
    rows = [
        {"run": run, "holds": selectors.run_holds(run) if str(run.pk) == asked else None}
        for run in runs
    ]
    return render(request, "qc/samples.html", {"rows": rows})


def _period(request: HttpRequest) -> tuple[PeriodForm, dt.date, dt.date]:
    today = timezone.localdate()
    period = {"first": today - dt.timedelta(days=REPORT_DAYS - 1), "last": today}
    form = PeriodForm(request.GET if "first" in request.GET else period)
    if form.is_valid():
        period = form.cleaned_data
    return form, period["first"], period["last"]


@login_required
@require_GET
def report(request: HttpRequest) -> HttpResponse:
    user = _user(request, selectors.VIEW)
    form, first, last = _period(request)
    found = selectors.report(user, first, last)
    if request.GET.get("csv"):
        return csv_response(f"qc-{first}-{last}.csv", _lines(found))
    names = [f"{row['day']:%m-%d}" for row in found.by_day]
    series = [
        (label, [row[key] for row in found.by_day])
        for key, label in (
            ("passed", _("通过")),
            ("returned", _("二次面谈")),
            ("rejected", _("拒件")),
            ("flagged", _("抽检不合格")),
        )
    ]
    context = {
        "form": form,
        "report": found,
        "chart": stacked(_("每日结论"), names, series),
        "query": urlencode({"first": str(first), "last": str(last)}),
    }
    return render(request, "qc/report.html", context)


def _lines(found: selectors.Report) -> Iterator[Sequence[str]]:
    """One table: what it is grouped by, the group, the figures."""
    yield [
        _("维度"),
        _("分组"),
        _("名称"),
        _("结论数"),
        _("通过"),
        _("拒件"),
        _("二次面谈"),
        _("抽检不合格"),
        _("平均分"),
    ]
    groups = (
        (_("坐席"), found.by_seat),
        (_("产品"), found.by_product),
        (_("复核岗"), found.by_reviewer),
    )
    for kind, rows in groups:
        for row in rows:
            counts = [str(row[n]) for n in ("total", "passed", "rejected", "returned", "flagged")]
            average = "" if row["average"] is None else f"{row['average']:.1f}"
            yield [kind, row["staff_no"] or "", row["name"] or "", *counts, average]
    for kind, named in ((_("拒件原因"), found.reasons), (_("抽检问题"), found.defects)):
        for reason, count in named:
            yield [kind, "", reason, str(count), "", "", "", "", ""]


# --- second opinions and coaching clips -------------------------------------------------------


@login_required
@require_GET
def agreement(request: HttpRequest) -> HttpResponse:
    """复核一致性: how far reviewers agree, and drawing further second opinions."""
    user = _user(request, selectors.VIEW)
    form, first, last = _period(request)
    context = {
        "form": form,
        "ask": SecondForm(initial={"first": first, "last": last, "percent": 5}),
        "may_ask": may(user, selectors.MANAGE),
        "found": selectors.agreement(user, first, last),
    }
    return render(request, "qc/agreement.html", context)


@login_required
@require_POST
def ask_second(request: HttpRequest) -> HttpResponse:
    user = _user(request, selectors.MANAGE)
    form = SecondForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        count = services.ask_second_opinions(
            selectors.reviews_open_to(user),
            asked["first"],
            asked["last"],
            asked["percent"],
            actor=request_actor(request),
        )
        messages.success(request, _("已抽取 {count} 件请复评。").format(count=count))
    else:
        messages.error(request, _("请填写起止日期和 0.1–100 的比例。"))
    return redirect("qc:agreement")


@login_required
@require_POST
def take_second(request: HttpRequest) -> HttpResponse:
    user = _user(request, selectors.REVIEW)
    taken = services.take_second_opinion(selectors.reviews_open_to(user), reviewer=user)
    if taken is None:
        messages.info(request, _("没有待复评的案件。"))
        return redirect("qc:queue")
    return redirect("qc:second", taken.pk)


@login_required
@require_http_methods(["GET", "POST"])
def second(request: HttpRequest, opinion_id: int) -> HttpResponse:
    """A second opinion, without the first in sight."""
    user = _user(request, selectors.REVIEW)
    try:
        opinion = selectors.second_of(user, opinion_id)
    except NotFound as hidden:
        raise Http404 from hidden
    if opinion.decided_at is not None:
        return redirect("qc:review", opinion.review_id)
    if request.method == "GET":
        context = _looked_at(request, opinion.review) | {"second": opinion, "is_mine": False}
        return render(request, "qc/review.html", context)
    form = _decision_form(request, opinion.review)
    if not form.is_valid():
        for problem in form.errors.values():
            messages.error(request, str(problem[0]))
        return redirect("qc:second", opinion.pk)
    asked = form.cleaned_data
    try:
        services.give_second_opinion(
            opinion.pk,
            ReviewMove(asked["move"]),
            reviewer=user,
            reasons=asked["reasons"],
            note=asked["note"],
            met_items=asked["met"] if asked["scored"] else None,
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return redirect("qc:second", opinion.pk)
    messages.success(request, _("复评已提交。"))
    return redirect("qc:queue")


@login_required
@require_GET
def clips(request: HttpRequest) -> HttpResponse:
    """辅导片段 of the seats one supervises, or one's own."""
    user = _user(request, selectors.VIEW, selectors.REVIEW, "workbench.use")
    form = ClipsForm(request.GET)
    form.is_valid()  # a field that is not does not narrow the list; the page says so
    found = selectors.clips_found(user, **form.cleaned_data)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "query": query.urlencode(),
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "may_coach": may(user, selectors.VIEW),
        "may_queue": may(user, selectors.VIEW) or may(user, selectors.REVIEW),
    }
    return render(request, "qc/clips.html", context)


@login_required
@require_POST
def cut_clip(request: HttpRequest, review_id: int) -> HttpResponse:
    user = _user(request, selectors.REVIEW)
    found = _review(request, review_id)
    form = ClipForm(request.POST)
    try:
        if not form.is_valid():
            raise BadClip
        services.cut_clip(found.pk, **form.cleaned_data, reviewer=user)
    except DomainError as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.text}, status=refusal.status)
    return render(request, "qc/_clips.html", {"clips": found.clips.all(), "is_mine": True})


@login_required
@require_POST
def note_clip(request: HttpRequest, clip_id: int) -> HttpResponse:
    """Drop one's own, or note that it was gone through, or seen; each by whom it concerns."""
    user = _user(request)
    clip = selectors.clips_open_to(user).filter(pk=clip_id).first()
    if clip is None:
        raise Http404
    try:
        if "drop" in request.POST:
            services.drop_clip(clip.pk, reviewer=user)
            return redirect("qc:review", clip.review_id)
        if "coached" in request.POST and may(user, selectors.VIEW):
            services.note_coached(clip.pk, supervisor=user)
        else:
            services.note_seen(clip.pk, seat_user=user)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    return redirect("qc:clips")
