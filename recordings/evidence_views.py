"""验证 and 导出证据包 on a recording's page (STO-4): small ones at once, large ones to 导出文件."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.selectors import request_actor
from common.errors import DomainError, NotFound
from common.ranges import Opened, answer
from evidence.errors import SealingFailed
from exports.models import ExportForm
from exports.services import request_export

from . import selectors, services
from .models import Recording
from .packages import evidence_package, outcome_of, verification

EVIDENCE = selectors.PROVE
# So much is read, hashed and packed within a second or two; more is not waited for.
DIRECT_BYTES = 32 << 20


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _recording(request: HttpRequest, call_id: UUID) -> Recording:
    try:
        return selectors.provable(request.user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden


def _is_small(recording: Recording) -> bool:
    whole = recording.objects_stored.aggregate(bytes=Sum("bytes"))["bytes"] or 0
    return whole <= DIRECT_BYTES


@login_required
@require_POST
def verify(request: HttpRequest, call_id: UUID) -> HttpResponse:
    recording = _recording(request, call_id)
    if not _is_small(recording):
        package = verification(str(call_id), QueryDict(), _user(request))
        return _in_background(request, call_id, "verification", ExportForm.TXT, package.title)
    verdict = services.check_recording(recording)
    services.note_verified(recording, verdict.ok, actor=request_actor(request))
    (messages.success if verdict.ok else messages.error)(request, outcome_of(verdict))
    return redirect("recordings:detail", call_id)


@login_required
@require_POST
def export(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The package as a download, or on its way to 导出文件; a refusal is a message on the page."""
    recording, actor = _recording(request, call_id), request_actor(request)
    reason = request.POST.get("reason", "")
    try:
        if not _is_small(recording):
            reason = services.require_exportable(recording, reason)
            title = evidence_package(str(call_id), QueryDict(), _user(request)).title
            return _in_background(
                request, call_id, "evidence", ExportForm.ZIP, title, reason=reason
            )
        package = services.export_evidence(recording, reason=reason, actor=actor)
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return redirect("recordings:detail", call_id)
    except SealingFailed:
        messages.error(request, _("签名程序暂不可用，未能导出，请通知系统管理员。"))
        return redirect("recordings:detail", call_id)
    size = package.seek(0, 2)
    package.seek(0)
    request.META.pop("HTTP_RANGE", None)  # made anew each time: parts of two would not fit
    response = answer(request, Opened(package, size, "application/zip", str(recording.pk)))
    name = f"{recording.download_name}-{_('证据包')}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _in_background(
    request: HttpRequest, call_id: UUID, source: str, form: ExportForm, title: str, **asked: str
) -> HttpResponse:
    try:
        request_export(
            _user(request),
            f"{source}:{call_id}",
            urlencode(asked),
            form,
            title,
            actor=request_actor(request),
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return redirect("recordings:detail", call_id)
    messages.info(request, _("录像较大，已在后台处理，完成后在此下载。"))
    return redirect("exports:index")
