"""待复核变更: what waits for a second person, and what became of the rest."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError, NotFound

from . import changes
from .models import ChangeState, User

SHOWN = 100


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    rows = changes.changes_open_to(user)
    waiting = rows.filter(state=ChangeState.PENDING)
    decidable = set(changes.waiting_for(user).values_list("pk", flat=True))
    context = {
        "bank_name": settings.BANK_NAME,
        "waiting": [
            {
                "change": change,
                "label": changes.kind_of(change).label,
                "may_decide": change.pk in decidable,
                "is_own": change.requested_by_id == user.pk,
            }
            for change in waiting
        ],
        "done": [
            {"change": change, "label": changes.kind_of(change).label}
            for change in rows.exclude(state=ChangeState.PENDING)[:SHOWN]
        ],
    }
    return render(request, "accounts/changes.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, change_id: int) -> HttpResponse:
    """`what`: approve, refuse, withdraw."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    what, ip = request.POST.get("what", ""), request.META.get("REMOTE_ADDR", "")
    try:
        if what == "withdraw":
            changes.withdraw(change_id, user=user, ip=ip)
        else:
            changes.decide(change_id, agrees=what == "approve", user=user, ip=ip)
    except NotFound as error:
        raise Http404 from error
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        done = {"approve": gettext("已同意并生效。"), "withdraw": gettext("已撤回。")}
        messages.success(request, done.get(what, gettext("已退回。")))
    return redirect("changes")
