"""共享: one recording to one person; and what was shared with me."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import may, request_actor
from common.errors import DomainError, NotFound

from . import selectors, services
from .forms import ShareForm
from .models import Recording

SHARE = "videos.share"


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _recording(request: HttpRequest, call_id: UUID) -> Recording:
    """Whoever shares has to reach it by role and scope: what was shared is not passed on."""
    user = _user(request)
    try:
        call = selectors.call_for(user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden
    if not may(user, SHARE) or not selectors.is_in_scope(user, call):
        raise PermissionDenied
    recording = selectors.recording_of(call.pk)
    if recording is None:
        raise Http404
    return recording


@login_required
@require_GET
def shared(request: HttpRequest) -> HttpResponse:
    rows = selectors.shared_with(_user(request))
    return render(request, "recordings/shared.html", {"rows": rows[:200]})


@login_required
@require_POST
def share(request: HttpRequest, call_id: UUID) -> HttpResponse:
    recording = _recording(request, call_id)
    form, user = ShareForm(request.POST), _user(request)
    if not form.is_valid():
        messages.error(request, _("请填写工号、天数和原因。"))
        return redirect("recordings:detail", call_id)
    actor = request_actor(request)
    try:
        made = services.share_recording(recording, **form.cleaned_data, by=user, actor=actor)
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("已共享给 {person}。").format(person=made.user))
    return redirect("recordings:detail", call_id)


@login_required
@require_POST
def withdraw(request: HttpRequest, call_id: UUID, share_id: int) -> HttpResponse:
    recording = _recording(request, call_id)
    actor = request_actor(request)
    try:
        services.withdraw_share(recording.pk, share_id, actor=actor)
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("已收回。"))
    return redirect("recordings:detail", call_id)
