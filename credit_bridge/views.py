"""系统对接, for operators: messages that wait or were refused, and the daily reconciliation; images."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from common.csv_file import csv_response
from common.errors import DomainError, NotFound
from common.paging import MOST_ROWS, BoundedPaginator
from recordings.selectors import call_for

from . import selectors, services
from .models import Difference, Reconciliation

VIEW, MANAGE = "operations.view", "operations.manage"
PAGE_SIZE = 50
ACTS = {"retry": services.retry_message, "skip": services.skip_message}


def _user(request: HttpRequest, operation: str) -> User:
    """The person, when the operation is open to them; otherwise the page is not there."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if not may(user, operation):
        raise Http404
    return user


@login_required
@require_GET
def messages_page(request: HttpRequest) -> HttpResponse:
    user = _user(request, VIEW)
    shown = request.GET.get("shown", "parked")
    shown = shown if shown in selectors.SHOWN else "parked"
    rows = selectors.messages_shown(shown)
    page = BoundedPaginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "page": page,
        "shown": shown,
        "counts": selectors.message_counts(),
        "most": MOST_ROWS,
        "may_act": may(user, MANAGE),
        "tab": "messages",
        "query": f"shown={shown}",
    }
    return render(request, "credit_bridge/messages.html", context)


@login_required
@require_POST
def act(request: HttpRequest, message_id: int) -> HttpResponse:
    """重试 or 跳过, with a reason."""
    _user(request, MANAGE)
    todo = ACTS.get(request.POST.get("act", ""))
    if todo is None:
        raise Http404
    try:
        todo(
            message_id,
            reason=request.POST.get("reason", ""),
            actor=request_actor(request),
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("已登记，操作已留痕。"))
    return redirect("credit_bridge:messages")


@login_required
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The latest runs, and the differences of one."""
    user = _user(request, VIEW)
    if request.method == "POST":
        _user(request, MANAGE)
        services.reconcile(actor=request_actor(request))
        return redirect("credit_bridge:reconciliation")
    runs = list(Reconciliation.objects.all()[:30])
    number = request.GET.get("run", "")
    run = next((one for one in runs if str(one.pk) == number), runs[0] if runs else None)
    context = {
        "runs": runs,
        "run": run,
        "differences": selectors.differences_of(run) if run else [],
        "may_act": may(user, MANAGE),
        "counts": selectors.message_counts(),
        "most": MOST_ROWS,
        "tab": "reconciliation",
    }
    return render(request, "credit_bridge/reconciliation.html", context)


@login_required
@require_GET
def report(request: HttpRequest, run_id: int) -> HttpResponse:
    """The differences of one run as CSV."""
    _user(request, VIEW)
    run = get_object_or_404(Reconciliation, pk=run_id)
    head = [
        str(Difference._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in ("contract_no", "field", "ours", "theirs", "on_its_way")
    ]
    rows = [
        [row.contract_no, label, row.ours, row.theirs, _("是") if row.on_its_way else _("否")]
        for row, label in selectors.differences_of(run)
    ]
    return csv_response(f"reconciliation-{run.day:%Y%m%d}-{run.pk}.csv", [head, *rows])


@login_required
@require_GET
def image(request: HttpRequest, call_id: UUID, image_id: str) -> HttpResponse:
    """To whom the call is open; that it was opened is audited."""
    try:
        call = call_for(request.user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden
    if not image_id.isdigit():
        raise Http404
    try:
        content, media_type = selectors.case_image(call.task_id, image_id)
    except DomainError as refusal:
        return HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
    services.note_image_opened(call, image_id, actor=request_actor(request))
    return HttpResponse(
        content,
        content_type=media_type,
        headers={"Cache-Control": "private, max-age=600", "X-Content-Type-Options": "nosniff"},
    )
