"""视频管理: list, detail, playback. Every opening of a file leaves an audit entry."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import actor_of, may
from common.actor import Actor
from common.errors import DomainError, NotFound
from interviews.models import Call

from . import selectors, services
from .forms import SearchForm
from .models import Recording
from .ranges import answer, begins_file

PAGE_SIZE = 20


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _actor(request: HttpRequest) -> Actor:
    return actor_of(_user(request), request.META.get("REMOTE_ADDR", ""))


def _call(request: HttpRequest, call_id: UUID) -> Call:
    try:
        return selectors.call_for(request.user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden


def _recording(call: Call) -> Recording:
    recording = selectors.recording_of(call.pk)
    if recording is None or not recording.is_playable:
        raise Http404
    return recording


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    sees_all = may(user, selectors.VIEW) or may(user, selectors.QC)
    if not sees_all and not may(user, "workbench.use"):
        raise Http404
    form = SearchForm(request.GET)
    found = selectors.recordings_found(form.search(None if sees_all else user))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode(), "sees_all": sees_all}
    return render(request, "recordings/index.html", context)


@login_required
@require_GET
def detail(request: HttpRequest, call_id: UUID) -> HttpResponse:
    call = _call(request, call_id)
    recording = selectors.recording_of(call.pk)
    services.note_opened(call.pk, call.task_id, "detail", actor=_actor(request))
    context: dict[str, Any] = {
        "call": call,
        "task": call.task,
        "parties": call.task.parties.all(),
        "recording": recording,
        "review": selectors.review_view(call.pk),
        "snapshots": selectors.snapshots_of(call),
        "objects": recording.objects_stored.order_by("kind", "name") if recording else (),
        "may_download": may(_user(request), selectors.DOWNLOAD),
    }
    return render(request, "recordings/detail.html", context)


@login_required
@require_GET
def review(request: HttpRequest, call_id: UUID) -> JsonResponse:
    """The instant review as JSON; the page asks again until it is ready."""
    call = _call(request, call_id)
    return JsonResponse(selectors.review_view(call.pk))


@login_required
@require_GET
def raw(request: HttpRequest, call_id: UUID, file: str) -> HttpResponseBase:
    call = _call(request, call_id)
    return _send(request, call, "track", lambda: selectors.open_raw(call, file))


@login_required
@require_GET
def snapshot(request: HttpRequest, call_id: UUID, snapshot_id: UUID) -> HttpResponseBase:
    call = _call(request, call_id)
    return _send(request, call, "snapshot", lambda: selectors.open_snapshot(call, snapshot_id))


@login_required
@require_GET
def play(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    call = _call(request, call_id)
    recording = _recording(call)
    return _send(request, call, "composed", lambda: selectors.open_composed(recording))


@login_required
@require_POST
def download(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The MP4 under its name of STO-2, with a reason."""
    call = _call(request, call_id)
    if not may(_user(request), selectors.DOWNLOAD):
        raise Http404
    recording = _recording(call)
    try:
        services.note_download(
            recording, reason=request.POST.get("reason", ""), actor=_actor(request)
        )
        response = answer(request, selectors.open_composed(recording))
    except DomainError as refusal:
        return HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
    disposition = content_disposition_header(True, f"{recording.download_name}.mp4")
    response["Content-Disposition"] = disposition or "attachment"
    return response


def _send(request: HttpRequest, call: Call, what: str, opening: Any) -> HttpResponseBase:
    try:
        opened: selectors.Opened = opening()
    except NotFound as missing:
        raise Http404 from missing
    if begins_file(request):
        services.note_opened(call.pk, call.task_id, what, actor=_actor(request))
    return answer(request, opened)
