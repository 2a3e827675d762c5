"""坐席管理: the list, one seat's weeks, reassignment with its preview (SEAT-1…5)."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import DataScope, User
from accounts.selectors import may, request_actor, scope_of, visible
from common.actor import Actor
from common.errors import DomainError
from seats import services as seats
from seats.models import DayOff, PresenceHistory, Seat, WorkTime
from seats.selectors import presence_of, seat_users
from seats.states import SIGNED_IN, Presence

from . import services
from .calendar import WEEKS, roster, weeks_of
from .candidates import candidates_of, open_appointments
from .errors import PreviewStale
from .forms import WorkTimeForm
from .models import Appointment
from .selectors import check_view, latest_checks

VIEW, MANAGE = "seats.view", "seats.manage"
PAGE_SIZE = 50


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _actor(request: HttpRequest, operation: str) -> Actor:
    """Who asks, when the operation is open to them; otherwise the page is not there."""
    user = _user(request)
    if not may(user, operation) and not may(user, MANAGE):
        raise Http404
    return request_actor(request)


def _seat(request: HttpRequest, seat_id: int) -> Seat:
    """A seat of the person's scope; no other is there."""
    rows = Seat.objects.select_related("user").filter(
        visible(request.user, VIEW, MANAGE, owner="user")
    )
    return get_object_or_404(rows, pk=seat_id, rehearsal=False)


def _numbers(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal()]


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    _actor(request, VIEW)
    words, state = request.GET.get("words", "").strip()[:40], request.GET.get("state", "")
    users = seat_users(_user(request), words=words, state=state if state in Presence.values else "")
    page = Paginator(users, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": roster(list(page.object_list)),
        "page": page,
        "query": urlencode({"words": words, "state": state}),
        "words": words,
        "state": state,
        "states": Presence.choices,
        "manages": may(request.user, MANAGE),
    }
    return render(request, "appointments/roster.html", context)


def _monday(request: HttpRequest) -> dt.date:
    try:
        day = dt.date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        day = timezone.localdate()
    return day - dt.timedelta(days=day.weekday())


@login_required
@require_GET
def month(request: HttpRequest, seat_id: int) -> HttpResponse:
    """Five weeks, and beside them one booked slot or the preview of a reassignment."""
    _actor(request, VIEW)
    seat, monday = _seat(request, seat_id), _monday(request)
    presence = presence_of(seat.pk)
    manages = may(request.user, MANAGE)
    context: dict[str, Any] = {
        "seat": seat,
        "presence": presence,
        "signed_in": presence.state in SIGNED_IN,
        "state_label": Presence(presence.state).label,
        "days": weeks_of(seat, monday),
        "weekdays": services.weekday_names(),
        "monday": monday,
        "last": monday + dt.timedelta(days=7 * WEEKS - 1),
        "before": monday - dt.timedelta(days=7 * WEEKS),
        "after": monday + dt.timedelta(days=7 * WEEKS),
        "open_count": open_appointments().filter(seat=seat).count(),
        "manages": manages,
        "history": PresenceHistory.objects.filter(seat=seat).order_by("-pk")[:8],
    }
    moved = _numbers(request.GET.getlist("move"))
    context["moved"] = moved
    if moved and manages:
        context |= _reassignment(request, seat, moved)
    elif request.GET.get("open", "").isdecimal():
        rows = Appointment.objects.select_related("task").prefetch_related("task__parties")
        rows = rows.filter(seat=seat)
        shown = rows.filter(pk=int(request.GET["open"])).first()
        context["shown"] = shown
        if shown is not None:
            context["check"] = check_view(latest_checks([shown.task_id]).get(shown.task_id, []))
    return render(request, "appointments/month.html", context)


def _reassignment(request: HttpRequest, seat: Seat, moved: list[int]) -> dict[str, Any]:
    rows = list(open_appointments().filter(pk__in=moved, seat=seat))
    at_random = request.GET.get("how") == "random"
    chosen = {
        row.pk: int(value)
        for row in rows
        if (value := request.GET.get(f"to_{row.pk}", "")).isdecimal()
    }
    seed = request.GET.get("seed", "1")
    plan = services.plan_reassignment(
        [row.pk for row in rows],
        seed=seed,
        chosen={} if at_random else chosen,
        at_random=at_random,
    )
    placed = sum(item.seat is not None for item in plan)
    options = {} if at_random else candidates_of(rows)
    return {
        "plan": plan,
        "at_random": at_random,
        "options": [(row, options[row.pk], chosen.get(row.pk)) for row in rows if options],
        "placed": placed,
        "left": len(plan) - placed,
        "next_seed": int(seed) + 1 if seed.isdecimal() else 1,
    }


@login_required
@require_POST
def reassign(request: HttpRequest, seat_id: int) -> HttpResponse:
    """Apply what the preview showed, pair by pair."""
    actor, seat = _actor(request, MANAGE), _seat(request, seat_id)
    mine = set(open_appointments().filter(seat=seat).values_list("pk", flat=True))
    pairs = {
        int(key[3:]): int(str(value))
        for key, value in request.POST.items()
        if key.startswith("to_") and key[3:].isdecimal() and str(value).isdecimal()
    }
    done = services.reassign({k: v for k, v in pairs.items() if k in mine}, actor=actor)
    moved = sum(item.seat is not None for item in done)
    if moved:
        messages.success(request, _("已转出 {count} 个预约。").format(count=moved))
    for item in done:
        if item.seat is None:
            start = timezone.localtime(item.appointment.bounds[0])
            messages.error(request, f"{start:%m-%d %H:%M} {item.reason}{item.next_step}")
    return redirect("appointments:month", seat_id=seat.pk)


def _present_values(seat_ids: list[int]) -> tuple[dict[str, Any], bool]:
    """What all these seats have in common, for the form; and whether they differ in anything."""
    each: list[dict[str, Any]] = []
    rows = list(Seat.objects.filter(pk__in=seat_ids))
    for seat in rows:
        each.append(dict.fromkeys((f"week_{day}" for day in range(7)), ()))
        each[-1] |= {name: getattr(seat, name) for name in ("slot_min", "gap_min", "daily_cases")}
    by_seat = {seat.pk: values for seat, values in zip(rows, each, strict=True)}
    for row in WorkTime.objects.filter(seat__in=rows, date=None).order_by("start"):
        by_seat[row.seat_id][f"week_{row.weekday}"] += ((row.start, row.end),)
    if not each:
        return {}, False
    common = {
        name: value
        for name, value in each[0].items()
        if all(other[name] == value for other in each)
    }
    return common, len(common) < len(each[0])


@login_required
@require_http_methods(["GET", "POST"])
def work_time(request: HttpRequest) -> HttpResponse:
    """工作时间 of one seat or many: entered, previewed, applied as previewed (SEAT-3)."""
    actor, user = _actor(request, MANAGE), _user(request)
    asked = request.POST if request.method == "POST" else request.GET
    mine = Seat.objects.select_related("user__institution").filter(
        visible(user, MANAGE, owner="user"), rehearsal=False
    )
    seats_shown = list(mine.order_by("user__staff_no"))
    chosen = sorted(set(_numbers(asked.getlist("seat"))))
    if not {seat.pk for seat in seats_shown}.issuperset(chosen):
        raise Http404
    all_seats = scope_of(user, MANAGE) == DataScope.ALL
    removed = _numbers(asked.getlist("remove"))
    own = DayOff.objects.filter(seat__in=seats_shown)
    if all_seats:
        own |= DayOff.objects.filter(seat=None)
    if DayOff.objects.filter(pk__in=removed).exclude(pk__in=own.values("pk")).exists():
        raise Http404
    if "everyone" in asked and not all_seats:
        raise Http404
    days_off = (
        DayOff.objects.filter(last_day__gte=timezone.localdate())
        .filter(Q(seat__in=chosen) | Q(seat=None))
        .select_related("seat__user")
    )
    act = request.POST.get("act", "load")
    values, differ = _present_values(chosen)
    context: dict[str, Any] = {
        "seats": seats_shown,
        "chosen": chosen,
        "all_seats": all_seats,
        "differ": differ,
        "days_off": days_off,
        "removed": removed,
    }
    form = WorkTimeForm(initial=values)
    if act == "same":
        data = request.POST.copy()
        for day in range(1, 5):
            data[f"week_{day}"] = data.get("week_0", "")
        data.setlist("parts", [*dict.fromkeys([*data.getlist("parts"), "week"])])
        form = WorkTimeForm(data)
    elif act in {"preview", "apply"}:
        form = WorkTimeForm(request.POST)
        removed = [row.pk for row in days_off if row.pk in removed and (row.seat_id or all_seats)]
        if form.is_valid():
            change = form.change(removed)
            only_for_all = change.parts <= {"off"} and (change.everyone or not change.parts)
            if not change.parts and not removed:
                form.add_error(None, _("请先勾选要修改的部分。"))
            elif not chosen and not only_for_all:
                form.add_error(None, _("请先选择坐席。"))
            elif act == "apply" and _applied(request, chosen, change, actor):
                return redirect(_work_time_url(chosen))
            else:
                context["preview"] = services.preview_work_time(chosen, change, actor=actor)
    if "preview" not in context:
        context["outside"] = services.outside_work_time(
            [seat for seat in seats_shown if seat.pk in chosen]
        ).values()
    context["form"] = form
    context["ticked"] = form["parts"].value() or []
    context["week"] = [
        (name, form[f"week_{day}"]) for day, name in enumerate(services.weekday_names())
    ]
    return render(request, "appointments/work_time.html", context)


def _work_time_url(chosen: list[int]) -> str:
    query = urlencode([("seat", seat_id) for seat_id in chosen])
    return f"{reverse('appointments:work_time')}?{query}"


def _applied(
    request: HttpRequest, chosen: list[int], change: seats.WorkTimeChange, actor: Actor
) -> bool:
    try:
        done = services.apply_work_time(
            chosen, change, seen=request.POST.get("seen", ""), actor=actor
        )
    except PreviewStale as refusal:
        messages.error(request, refusal.text)
        return False
    text = _("已应用，工作时间外的预约 {count} 个。")
    messages.success(request, text.format(count=len(done.outside)))
    return True


@login_required
@require_POST
def enable(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = _actor(request, MANAGE)
    user = get_object_or_404(seat_users(_user(request)), pk=user_id)
    seats.enable_user(user.pk, actor=actor)
    messages.success(request, _("已启用。"))
    return redirect("appointments:index")


@login_required
@require_POST
def disable(request: HttpRequest, seat_id: int) -> HttpResponse:
    actor = _actor(request, MANAGE)
    try:
        services.disable_seat(_seat(request, seat_id).pk, actor=actor)
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return redirect("appointments:month", seat_id=seat_id)
    messages.success(request, _("已停用。"))
    return redirect("appointments:index")


@login_required
@require_POST
def sign_out(request: HttpRequest, seat_id: int) -> HttpResponse:
    """强制签出, with the reason that the history keeps."""
    actor = _actor(request, MANAGE)
    reason = request.POST.get("reason", "").strip() or _("主管强制签出")
    try:
        presence = seats.force_sign_out(_seat(request, seat_id).pk, reason=reason, actor=actor)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        later = _("当前案件结束后签出。")
        messages.success(request, later if presence.sign_out_after else _("已签出。"))
    return redirect("appointments:month", seat_id=seat_id)


@login_required
@require_POST
def pause(request: HttpRequest, seat_id: int) -> HttpResponse:
    """强制示忙, with its reason; for a seat that rings, talks or wraps up when that is over."""
    actor = _actor(request, MANAGE)
    reason = request.POST.get("reason", "").strip() or _("主管示忙")
    try:
        presence = seats.force_pause(_seat(request, seat_id).pk, reason=reason, actor=actor)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        later = _("当前案件结束后示忙。")
        messages.success(request, later if presence.next_state else _("已示忙。"))
    return redirect("appointments:month", seat_id=seat_id)
