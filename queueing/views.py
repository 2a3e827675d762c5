"""看板, 排班测算."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor, staff_nos_in_scope, visible
from common.errors import DomainError
from interviews.models import InterviewTask
from interviews.selectors import tasks_in_scope
from seats import services as seats
from seats.models import Seat

from . import figures, services
from .erlang import seats_needed, staffing
from .forms import StaffingForm
from .models import CallRequest
from .selectors import giver_of, line_rows
from .states import IN_LINE
from .wallboard import board_for

VIEW, ACT, SUPERVISE = "dispatch.view", "seats.manage", "seats.supervise"
REPORTS = "reports.view"  # the door of 统计分析
HALF_HOUR_S = 1800
AROUND = 4


def user_who_may(request: HttpRequest, operation: str) -> User:
    """The person, when the operation is open to them; otherwise the page is not there."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if not may(user, operation):
        raise Http404
    return user


@login_required
@require_GET
def wallboard(request: HttpRequest) -> HttpResponse:
    user = user_who_may(request, VIEW)
    context = {
        "board": _board(user),
        "may_act": may(user, ACT),
        "may_supervise": may(user, SUPERVISE),
        "may_report": may(user, REPORTS),
    }
    return render(request, "queueing/wallboard.html", context)


@login_required
@require_GET
def board(request: HttpRequest) -> JsonResponse:
    """What the page asks for every two seconds."""
    return JsonResponse(_board(user_who_may(request, VIEW)))


def _board(user: User) -> dict[str, Any]:
    return board_for(staff_nos_in_scope(user, VIEW), roles_told(user), acted_on(user))


def roles_told(user: User) -> set[int] | None:
    """The roles whose alerts the person is told of; None means every role's."""
    return None if user.is_superuser else set(user.roles.values_list("pk", flat=True))


def acted_on(user: User) -> tuple[str, ...] | None:
    """Whose alerts the person may acknowledge: staff numbers, "" for those about no seat."""
    if not may(user, ACT):
        return ()
    staff_nos = staff_nos_in_scope(user, ACT)
    return None if staff_nos is None else ("", *staff_nos)


@login_required
@require_POST
def act_on_seat(request: HttpRequest, seat_id: int, act: str) -> HttpResponse:
    """示忙, 示闲 or 签出 by a supervisor; what must wait for the end of the case in hand is `later`."""
    user = user_who_may(request, ACT)
    get_object_or_404(Seat, visible(user, ACT, owner="user"), pk=seat_id, rehearsal=False)
    reason, actor = request.POST.get("reason", "").strip(), request_actor(request)
    try:
        match act:
            case "pause":
                presence = seats.force_pause(seat_id, reason=reason or _("主管示忙"), actor=actor)
            case "ready":
                presence = seats.ready(seat_id, actor=actor)
                services.dispatch_waiting()
            case _:
                reason = reason or _("主管签出")
                presence = seats.force_sign_out(seat_id, reason=reason, actor=actor)
    except DomainError as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.text}, status=refusal.status)
    return JsonResponse({"later": bool(presence.next_state or presence.sign_out_after)})


@login_required
@require_GET
def plan(request: HttpRequest) -> HttpResponse:
    """How many seats the line needs (Erlang C), and what if it changed."""
    user = user_who_may(request, VIEW)
    form = StaffingForm(request.GET or StaffingForm.default())
    context: dict[str, Any] = {"form": form, "may_report": may(user, REPORTS)}
    if form.is_valid():
        asked = form.cleaned_data
        calls = asked["calls"] * asked["arrivals"] / 100
        handling_s = asked["handling_s"] * asked["handling"] / 100
        best = seats_needed(calls, HALF_HOUR_S, handling_s, asked["target_s"], asked["level"] / 100)
        least = max(1, best.seats - AROUND)
        context["best"] = best
        context["rows"] = [
            staffing(calls, HALF_HOUR_S, handling_s, asked["target_s"], seats)
            for seats in range(least, best.seats + AROUND + 1)
        ]
    return render(request, "queueing/staffing.html", context)


@login_required
@require_GET
def why(request: HttpRequest, request_id: str) -> HttpResponse:
    """为什么是他 / 为什么还没轮到: the decisions about one request."""
    tasks = InterviewTask.objects.filter(tasks_in_scope(user_who_may(request, VIEW), VIEW))
    rows = CallRequest.objects.select_related("task").filter(task__in=tasks)
    found = get_object_or_404(rows, pk=request_id)
    context = {"found": found, "traced": figures.traced(found)}
    return render(request, "queueing/why.html", context)


def _latest(request: HttpRequest, **of: str) -> HttpResponse:
    """The same page, asked from a call or from a case."""
    tasks = InterviewTask.objects.filter(tasks_in_scope(user_who_may(request, VIEW), VIEW))
    found = CallRequest.objects.filter(task__in=tasks, **of).order_by("-arrived_at").first()
    if found is None:
        raise Http404
    return redirect("queueing:why", request_id=found.pk)


@login_required
@require_GET
def why_call(request: HttpRequest, call_id: str) -> HttpResponse:
    return _latest(request, call_id=call_id)


@login_required
@require_GET
def why_task(request: HttpRequest, task_id: str) -> HttpResponse:
    return _latest(request, task_id=task_id)


@login_required
@require_GET
def line(request: HttpRequest) -> HttpResponse:
    """Who waits, in the order of serving, why each still waits; a ringing case can be handed on."""
    user = user_who_may(request, VIEW)
    rows = line_rows(tasks_in_scope(user, VIEW))
    return render(request, "queueing/line.html", {"rows": rows, "may_act": may(user, ACT)})


@login_required
@require_POST
def transfer(request: HttpRequest, request_id: str) -> HttpResponse:
    """转出 by a supervisor: from the seat where it rings, or that it waits for, to a named one or one at
    random (WB-2)."""
    user = user_who_may(request, ACT)
    found = get_object_or_404(CallRequest, pk=request_id, state__in=IN_LINE)
    giver = get_object_or_404(
        Seat.objects.filter(visible(user, ACT, owner="user")), pk=giver_of(found)
    )
    chosen = request.POST.get("to", "")
    try:
        services.transfer(
            found.pk,
            from_seat_id=giver.pk,
            to_seat_id=int(chosen) if chosen.isdecimal() else None,
            actor=request_actor(request),
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("已转出。"))
    return redirect("queueing:line")
