"""验证 and 导出证据包 on a recording's page (STO-4)."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.selectors import in_scope, request_actor
from common.actor import Actor
from common.errors import DomainError, NotFound
from common.ranges import Opened, answer
from evidence.errors import SealingFailed

from . import selectors, services
from .models import Recording

EVIDENCE = "videos.evidence"


def _may(request: HttpRequest, call_id: UUID) -> tuple[Recording, Actor]:
    """404 for whoever may not, and for a recording that is not there or not in their scope."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    try:
        call = selectors.call_for(user, call_id)
    except NotFound as hidden:
        raise Http404 from hidden
    if not in_scope(user, call.seat.user, EVIDENCE):
        raise Http404
    recording = selectors.recording_of(call.pk)
    if recording is None:
        raise Http404
    return recording, request_actor(request)


@login_required
@require_POST
def verify(request: HttpRequest, call_id: UUID) -> HttpResponse:
    recording, actor = _may(request, call_id)
    verdict = services.check_recording(recording)
    services.note_verified(recording, verdict.ok, actor=actor)
    if verdict.ok:
        text = ngettext(
            "验证通过：%(count)d 个文件与封存时完全一致。",
            "验证通过：%(count)d 个文件与封存时完全一致。",
            verdict.files,
        )
        messages.success(request, text % {"count": verdict.files})
    elif verdict.unreadable:
        messages.error(request, _("存储暂时无法读取，未能验证，请稍后再试。"))
    else:
        named = "、".join(f"{fault.where}（{fault.code}）" for fault in verdict.faults[:5])
        messages.error(request, _("验证未通过：{faults}").format(faults=named))
    return redirect("recordings:detail", call_id)


@login_required
@require_POST
def export(request: HttpRequest, call_id: UUID) -> HttpResponseBase:
    """The package as a download; a refusal comes back as a message on the page."""
    recording, actor = _may(request, call_id)
    try:
        package = services.export_evidence(
            recording, reason=request.POST.get("reason", ""), actor=actor
        )
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
