"""导出: ask for a list as a file, watch it being made, fetch it. All of it one's own."""

from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.selectors import request_actor
from common.errors import DomainError, NotFound
from common.spreadsheet import XLSX_TYPE, write_csv, write_xlsx
from parameters.selectors import values_of

from . import services
from .models import LISTS, ExportForm, ExportJob, ExportState
from .sources import table_of

TYPES = {
    ExportForm.CSV: "text/csv; charset=utf-8",
    ExportForm.XLSX: XLSX_TYPE,
    ExportForm.ZIP: "application/zip",
    ExportForm.TXT: "text/plain; charset=utf-8",
}
SHOWN = 50


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user


def _own(request: HttpRequest) -> QuerySet[ExportJob]:
    return ExportJob.objects.filter(user=_user(request))


@login_required
@require_POST
def new(request: HttpRequest) -> HttpResponseBase:
    """`source`, `query`, `form`: the file itself when it is small, a job when it is large."""
    source = request.POST.get("source", "")
    query = urlsplit(request.POST.get("query", "")).query
    form = request.POST.get("form", "")
    if form not in LISTS:
        raise Http404
    try:
        table = table_of(source, query, _user(request))
        if not services.is_small(table):
            services.request_export(
                _user(request),
                source,
                query,
                ExportForm(form),
                table.title,
                actor=request_actor(request),
            )
            return redirect("exports:index")
        rows = list(table.rows)
        services.note_direct(
            source,
            query,
            form,
            table.title,
            len(rows) - 1,
            user=_user(request),
            actor=request_actor(request),
        )
    except NotFound as hidden:
        raise Http404 from hidden
    except DomainError as refusal:
        messages.error(request, refusal.text)
        return redirect("exports:index")
    content = write_xlsx(rows) if form == ExportForm.XLSX else write_csv(rows)
    answer = HttpResponse(content, content_type=TYPES[ExportForm(form)])
    answer["Content-Disposition"] = _attachment(table.title, form)
    return answer


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    most, hours = values_of("export_rows", "export_kept_hours")
    context = {"jobs": _own(request)[:SHOWN], "most": most, "hours": hours}
    return render(request, "exports/index.html", context)


@login_required
@require_GET
def state(request: HttpRequest) -> JsonResponse:
    """What the page shows of each job, by id."""
    return JsonResponse(
        {
            "jobs": {
                str(job.pk): {
                    "state": job.state,
                    "label": job.get_state_display(),
                    "rows": job.rows_done,
                }
                for job in _own(request)[:SHOWN]
            }
        }
    )


@login_required
@require_POST
def take(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    job = get_object_or_404(_own(request), pk=job_id, state=ExportState.DONE)
    path = Path(settings.EXPORT_DIR) / job.file_name
    if not path.is_file():
        raise Http404
    services.note_taken(job, actor=request_actor(request))
    answer = FileResponse(path.open("rb"), content_type=TYPES[ExportForm(job.form)])
    answer["Content-Disposition"] = _attachment(job.title, job.form)
    answer["Cache-Control"] = "no-store"
    return answer


def _attachment(title: str, form: str) -> str:
    moment = timezone.localtime().strftime("%Y%m%d-%H%M")
    return content_disposition_header(True, f"{title}-{moment}.{form}") or "attachment"
