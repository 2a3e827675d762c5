"""视频管理: list, detail, playback. Every opening of a file leaves an audit entry."""

import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import changes
from accounts.models import User
from accounts.selectors import may, request_actor, visible
from channels_admin.regions import under
from common.errors import DomainError, NotFound
from common.paging import BoundedPaginator
from common.ranges import Opened, answer
from evidence.selectors import seal_of
from interviews.models import Call
from parameters.selectors import value_of
from ui.charts import stacked

from . import health, page, selectors, services
from .evidence_views import EVIDENCE
from .forms import SearchForm, WatchedForm
from .models import Recording, ViewTicket
from .naming import marked_name
from .panels import late_panel
from .share_views import SHARE
from .states import TicketPurpose

MB = 1 << 20
HOLDS_SHOWN = 50
TROUBLES_A_PAGE = 50


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _body(request: HttpRequest) -> dict[str, Any]:
    """The fields of a JSON object; none when the body is anything else."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _call(request: HttpRequest, call_id: UUID) -> Call:
    try:
        return selectors.call_for(request.user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden


def _recording(call: Call) -> Recording:
    recording = selectors.recording_of(call.pk)
    if recording is None:
        raise Http404
    return recording


def _composed(call: Call) -> Recording:
    recording = _recording(call)
    if not recording.is_playable:
        raise Http404
    return recording


def _search(request: HttpRequest) -> tuple[SearchForm, selectors.Search]:
    """The recordings of the person's scope, a seat's own at least. 404 for all others."""
    user = _user(request)
    seat_nos = selectors.seats_open_to(user)
    if seat_nos == ():
        raise Http404
    form = SearchForm(request.GET)
    return form, form.search(seat_nos)


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    form, search = _search(request)
    query = request.GET.copy()
    query.pop("at", None)
    found = selectors.page_of(search, request.GET.get("at", ""))
    context = {
        "form": form,
        "page": found,
        "query": query.urlencode(),
        "most": selectors.COUNT_UP_TO,
        "sees_all": search.seat_nos != (_user(request).staff_no,),
        "words": search.words,
        "saved": selectors.saved_searches_of(_user(request)),
    }
    return render(request, "recordings/index.html", context)


@login_required
@require_GET
def regions(request: HttpRequest) -> JsonResponse:
    """Places below `under`, for the lists of province, city and county."""
    _search(request)
    found = under(request.GET.get("under", ""))
    return JsonResponse({"places": [{"code": p.code, "name": p.name} for p in found]})


@login_required
@require_POST
def save_search(request: HttpRequest) -> HttpResponse:
    """Keep the present search under a name; without a name, forget the one that is named."""
    user = _user(request)
    _search(request)  # 404 for whom the list is not there
    if forgotten := request.POST.get("forget", ""):
        if forgotten.isdecimal():
            services.forget_search(user, int(forgotten))
        return redirect("recordings:index")
    query = request.POST.get("query", "")
    try:
        services.save_search(user, request.POST.get("name", ""), query)
    except DomainError as refusal:
        return HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
    return redirect(f"{reverse('recordings:index')}?{query}")


@login_required
@require_GET
def detail(request: HttpRequest, call_id: UUID) -> HttpResponse:
    call = _call(request, call_id)
    if instead := import_string(settings.BLIND_PAGE)(_user(request), call):
        return redirect(instead)
    recording = selectors.recording_of(call.pk)
    services.note_opened(call.pk, call.task_id, "detail", actor=request_actor(request))
    context: dict[str, Any] = page.of_call(call, recording, _user(request)) | {
        "call": call,
        "task": call.task,
        "words": request.GET.get("words", "")[:40],
        "recording": recording,
        "review": selectors.review_view(call.pk, services.issue_ticket(_user(request), call.pk)),
        "objects": recording.objects_stored.order_by("kind", "name") if recording else (),
        "may_download": recording is not None
        and may(_user(request), selectors.DOWNLOAD)
        and selectors.can_be_taken(recording),
        "may_keep": may(_user(request), KEEP),
        "may_share": recording is not None
        and may(_user(request), SHARE)
        and selectors.is_in_scope(_user(request), call),
        "most_share_days": value_of("share_days"),
        "shares": selectors.shares_of(recording) if recording else (),
        "seal": seal_of(recording.pk) if recording else None,
        "may_prove": may(_user(request), EVIDENCE),
        "hold": selectors.hold_on(call.task.contract_no),
        "certificate": getattr(recording, "certificate", None),
        "cut": health.cut_short(recording) if recording else None,
    }
    return render(request, "recordings/detail.html", context)


@login_required
@require_GET
def panel(request: HttpRequest, call_id: UUID, code: str) -> HttpResponse:
    """What another system knows of the call: part of a page that was opened already."""
    try:
        found = late_panel(_call(request, call_id), code)
    except NotFound as hidden:
        raise Http404 from hidden
    return render(request, "recordings/_panel.html", {"panel": found})


@login_required
@require_GET
def review(request: HttpRequest, call_id: UUID) -> JsonResponse:
    """The instant review as JSON; the page asks again until it is ready, and to renew its ticket.

    `t` is the ticket the page has; one that is over, or none, is answered with a new one.
    """
    call = _call(request, call_id)
    user, ticket = _user(request), request.GET.get("t", "")
    if not ticket or not services.renew_ticket(user, call.pk, ticket):
        ticket = services.issue_ticket(user, call.pk)
    return JsonResponse(selectors.review_view(call.pk, ticket))


@login_required
@require_POST
def watched(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """{"spans": [[from_ms, to_ms], ...]}: what the player played. 400 when it is anything else."""
    call = _call(request, call_id)
    form = WatchedForm(_body(request))
    if not form.is_valid():
        return HttpResponse(status=400)
    spans = [(begin, end) for begin, end in form.cleaned_data["spans"]]
    services.note_watched(call.pk, call.task_id, spans, actor=request_actor(request))
    return HttpResponse(status=204)


@login_required
@require_GET
def raw(request: HttpRequest, call_id: UUID, file: str) -> HttpResponseBase:
    call = _call(request, call_id)
    ticket = _ticket(request, call, TicketPurpose.PLAY)
    if ticket is None:
        return _lapsed()
    return _send(request, call, ticket, "track", lambda: selectors.open_raw(call, file))


@login_required
@require_GET
def snapshot(request: HttpRequest, call_id: UUID, snapshot_id: UUID) -> HttpResponseBase:
    call = _call(request, call_id)
    try:
        opened = selectors.open_snapshot(call, snapshot_id)
    except NotFound as missing:
        raise Http404 from missing
    services.note_opened(call.pk, call.task_id, "snapshot", actor=request_actor(request))
    return answer(request, opened)


@login_required
@require_GET
def play(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    call = _call(request, call_id)
    ticket = _ticket(request, call, TicketPurpose.PLAY)
    if ticket is None:
        return _lapsed()
    recording = _composed(call)
    return _send(request, call, ticket, "composed", lambda: selectors.open_composed(recording))


@login_required
@require_POST
def download(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """With the permission and a reason: a ticket for one file, and on to it (VID-1).

    `file` is the number of a stored file; without it the composed copy, where there is one.
    """
    call = _call(request, call_id)
    user = _user(request)
    if not may(user, selectors.DOWNLOAD):
        raise Http404
    recording = _recording(call)
    name, sha256 = recording.file, recording.sha256
    if asked := request.POST.get("file", ""):
        stored = recording.objects_stored.filter(
            pk=int(asked) if asked.isdecimal() else 0, confirmed_at__isnull=False
        ).first()
        if stored is None:
            raise Http404
        name, sha256 = stored.name, stored.sha256
    elif not recording.is_playable:
        raise Http404
    now = timezone.localtime()
    try:
        services.note_download(
            recording,
            name,
            sha256=sha256,
            saved_as=marked_name(recording.download_name, user.staff_no, now, ""),
            reason=request.POST.get("reason", ""),
            actor=request_actor(request),
        )
    except DomainError as refusal:
        return HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
    ticket = services.issue_ticket(user, call.pk, TicketPurpose.DOWNLOAD, name=name)
    return redirect(f"{reverse('recordings:fetch', args=[call.pk])}?t={ticket}")


@login_required
@require_http_methods(["GET", "POST"])
def reel(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """POST asks for 要点集锦, review.json tells how far it is; GET plays it with a ticket."""
    call = _call(request, call_id)
    recording = _composed(call)
    if request.method == "POST":
        try:
            services.ask_reel(recording.pk, actor=request_actor(request))
        except DomainError as refusal:
            return HttpResponse(refusal.text, status=refusal.status, content_type="text/plain")
        return HttpResponse(status=202)
    ticket = _ticket(request, call, TicketPurpose.PLAY)
    if ticket is None:
        return _lapsed()
    made = selectors.reel_of(recording)
    if made is None:
        raise Http404
    return _send(request, call, ticket, "reel", lambda: selectors.open_stored(made))


@login_required
@require_GET
def fetch(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The file of a download's ticket, under its name of STO-2 with the person's mark."""
    call = _call(request, call_id)
    user = _user(request)
    if not may(user, selectors.DOWNLOAD):
        raise Http404
    ticket = _ticket(request, call, TicketPurpose.DOWNLOAD)
    if ticket is None:
        return _lapsed()
    recording = _recording(call)
    try:
        opened = selectors.open_file(recording, ticket.name)
    except NotFound as missing:
        raise Http404 from missing
    response = answer(request, opened)
    path = PurePosixPath(ticket.name)
    base = recording.download_name
    if ticket.name != recording.file:
        base = f"{base}-{path.stem}"
    at = timezone.localtime(ticket.created_at)
    saved_as = marked_name(base, user.staff_no, at, path.suffix)
    response["Content-Disposition"] = content_disposition_header(True, saved_as) or "attachment"
    return response


def _ticket(request: HttpRequest, call: Call, purpose: TicketPurpose) -> ViewTicket | None:
    return services.ticket_of(_user(request), call.pk, request.GET.get("t", ""), purpose)


def _lapsed() -> HttpResponse:
    return HttpResponse(_("访问凭证已失效，请刷新页面。"), status=403, content_type="text/plain")


def _send(
    request: HttpRequest, call: Call, ticket: ViewTicket, what: str, opening: Callable[[], Opened]
) -> HttpResponseBase:
    try:
        opened = opening()
    except NotFound as missing:
        raise Http404 from missing
    services.note_use(ticket, call, what, actor=request_actor(request))
    return answer(request, opened)


# --- keeping them (STO-1, STO-4) ------------------------------------------------------------

REBUILD, KEEP = "videos.rebuild", "videos.keep"


def _needs(request: HttpRequest, operation: str) -> None:
    if not may(_user(request), operation):
        raise Http404


def _scoped(request: HttpRequest, rows: QuerySet[Recording]) -> QuerySet[Recording]:
    return rows.filter(visible(_user(request), selectors.VIEW, REBUILD, owner="call__seat__user"))


@login_required
@require_GET
def troubles(request: HttpRequest) -> HttpResponse:
    _needs(request, selectors.VIEW)
    at = request.GET.get("at", "")
    found, older = selectors.page_back(_scoped(request, health.troubled()), at, TROUBLES_A_PAGE)
    rows = [health.explain(row) for row in found]
    context = {
        "rows": rows,
        "older": older,
        "is_first": not at,
        "may_rebuild": may(_user(request), REBUILD),
    }
    return render(request, "recordings/troubles.html", context)


@login_required
@require_POST
def rebuild(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    _needs(request, REBUILD)
    recording = get_object_or_404(_scoped(request, Recording.objects.all()), pk=recording_id)
    try:
        services.rebuild(recording.pk, actor=request_actor(request))
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("已开始重建：{name}").format(name=recording.download_name))
    return redirect("recordings:troubles")


@login_required
@require_GET
def capacity(request: HttpRequest) -> HttpResponse:
    _needs(request, selectors.VIEW)
    room = health.capacity()
    holds = selectors.holds_in_force(_user(request))
    context = {
        "room": room,
        "page": BoundedPaginator(holds, HOLDS_SHOWN).get_page(request.GET.get("page")),
        "kinds": [(f"{label} · {files}", size) for label, files, size in room.kinds],
        "chart": stacked(
            _("按月入库（MB）"),
            [month for month, _size in room.months],
            [(_("大小"), [round(size / MB, 1) for _month, size in room.months])],
        ),
    }
    return render(request, "recordings/capacity.html", context)


@login_required
@require_POST
def hold(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Place or release the legal hold of the call's contract."""
    _needs(request, KEEP)
    contract_no = _call(request, call_id).task.contract_no
    try:
        if "release" in request.POST:
            if not services.release_hold(contract_no, actor=request_actor(request)):
                messages.info(request, changes.told())
        else:
            services.place_hold(
                contract_no, reason=request.POST.get("reason", ""), actor=request_actor(request)
            )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    return redirect("recordings:detail", call_id)
