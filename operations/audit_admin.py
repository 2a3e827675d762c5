"""操作日志: search, readable sentences, export, the check of the chain (WB-20)."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import may, request_actor
from audit import checking, sentences, words
from audit import search as finding
from audit import services as audit
from audit.models import AuditEntry, ChainCheck
from audit.search import Search
from audit.states import EVERY_CHAIN, CheckState
from common.errors import DomainError, NotFound
from exports.sources import CHUNK, Table, counting
from interviews.models import InterviewTask

from .audit_scope import VIEW, chain_names, entries_open_to, sees_every_entry

CHECKS_SHOWN = 30

_ACTIONS: dict[str, Any] = words.ACTIONS | {
    action: str(label).format(kind=_("其他记录")) for action, label in words.OF_ROWS.items()
}
_KINDS: dict[str, Any] = {code: kind.label for code, kind in words.KINDS.items()}


def _choices(labels: dict[str, Any]) -> list[tuple[str, Any]]:
    return [("", _("全部")), *sorted(labels.items(), key=lambda pair: pair[0])]


class AuditForm(forms.Form):
    person = forms.CharField(label=_("工号"), required=False, max_length=20)
    contract_no = forms.CharField(label=_("借款合同号"), required=False, max_length=40)
    action = forms.ChoiceField(label=_("操作"), required=False, choices=lambda: _choices(_ACTIONS))
    object_type = forms.ChoiceField(
        label=_("对象"), required=False, choices=lambda: _choices(_KINDS)
    )
    object_id = forms.CharField(label=_("对象编号"), required=False, max_length=60)
    since = forms.DateField(
        label=_("自"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("至"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def search(self, user: User) -> Search:
        """What was asked, of what is open; a field that is not valid does not narrow the list."""
        self.is_valid()
        asked: dict[str, Any] = self.cleaned_data
        actors = chains = None
        tasks: list[Any] = []
        if person := asked.get("person", "").strip():
            keys = User.objects.filter(staff_no=person).values_list("pk", flat=True)
            actors = tuple(str(key) for key in keys)
        if contract_no := asked.get("contract_no", "").strip():
            found = InterviewTask.objects.filter(contract_no=contract_no)
            tasks = list(found.values_list("pk", flat=True))
            chains = tuple(audit.interview_chain(key) for key in tasks)
        return Search(
            actor_ids=actors,
            chains=chains,
            action=asked.get("action", ""),
            object_type=asked.get("object_type", ""),
            object_id=asked.get("object_id", "").strip(),
            since=_start_of(asked.get("since")),
            until=_start_of(asked.get("until"), days=1),
            within=entries_open_to(user, tasks),
        )


def _start_of(day: dt.date | None, days: int = 0) -> dt.datetime | None:
    if day is None:
        return None
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=days), dt.time.min))


def _shown(entry: AuditEntry, names: dict[int, str]) -> dict[str, Any]:
    return {
        "entry": entry,
        "sentence": sentences.sentence(entry),
        "object": names[entry.pk],
        "actor": words.ACTORS.get(entry.actor_kind, entry.actor_kind),
    }


def found_entries(_argument: str, query: QueryDict, user: User) -> Table:
    """What the search finds, as a file."""
    if not may(user, VIEW):
        raise NotFound
    found = finding.entries_found(AuditForm(query).search(user))
    return Table(gettext("操作日志"), counting(found), _rows(found))


def _rows(found: QuerySet[AuditEntry]) -> Iterator[Sequence[str]]:
    yield [
        gettext("时间"),
        gettext("说明"),
        gettext("操作者"),
        gettext("来源地址"),
        gettext("操作"),
        gettext("对象"),
        gettext("操作代码"),
        gettext("对象代码"),
        gettext("原始记录"),
        gettext("链"),
        gettext("序号"),
        gettext("请求号"),
    ]
    for each, name in _named(found):
        yield [
            timezone.localtime(each.at).strftime("%Y-%m-%d %H:%M:%S.%f"),
            sentences.sentence(each),
            each.actor_name or each.actor_id,
            each.ip,
            sentences.label_of(each.action, each.object_type),
            name,
            each.action,
            f"{each.object_type}:{each.object_id}",
            each.payload,
            each.chain,
            str(each.seq),
            each.request_id,
        ]


def _named(found: QuerySet[AuditEntry]) -> Iterator[tuple[AuditEntry, str]]:
    """Names are asked for a chunk at a time."""
    rows = found.iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        names = sentences.names_of(chunk)
        yield from ((each, names[each.pk]) for each in chunk)


@admin.register(AuditEntry)
class AuditEntryAdmin(OperationAdmin):
    view_operation = VIEW
    list_display = ["at", "in_words", "actor_id", "object_id", "ip"]
    fieldsets = [
        (None, {"fields": ["at", "in_words", ("actor_words", "actor_name", "ip"), "object_words"]}),
        (
            _("原始记录"),
            {
                "fields": [
                    ("action", "object_type", "object_id"),
                    "payload",
                    ("chain", "seq", "request_id"),
                ],
                "description": _("按写入时的原样保存，参与日志链校验。"),
            },
        ),
    ]
    readonly_fields = ["in_words", "actor_words", "object_words"]

    @admin.display(description=_("操作者类别"))
    def actor_words(self, entry: AuditEntry) -> str:
        return str(words.ACTORS.get(entry.actor_kind, entry.actor_kind))

    @admin.display(description=_("对象"))
    def object_words(self, entry: AuditEntry) -> str:
        return sentences.object_of(entry)

    @admin.display(description=_("说明"))
    def in_words(self, entry: AuditEntry) -> str:
        return sentences.sentence(entry)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("check/", wrap(self.checks), name="audit_check"),
            path("check/state/", wrap(self.check_state), name="audit_check_state"),
        ]
        return own + super().get_urls()

    def _user(self, request: HttpRequest) -> User:
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        return request.user

    def rows_open_to(self, request: HttpRequest) -> Q:
        """Also the entry that the address names, when it belongs to an interview that is open."""
        match = request.resolver_match
        number = str(match.kwargs.get("object_id", "")) if match else ""
        named = AuditEntry.objects.filter(pk=int(number)) if number.isdecimal() else ()
        tasks = [UUID(each.chain.partition(":")[2]) for each in named if ":" in each.chain]
        return entries_open_to(self._user(request), tasks)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page is called by what the entry is about, not by its codes."""
        entry = self.get_object(request, object_id)
        about = sentences.object_of(entry) if isinstance(entry, AuditEntry) else ""
        context = {"subtitle": about, "about": about} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        form = AuditForm(request.GET)
        search = form.search(self._user(request))
        page = finding.page_of(search, request.GET.get("at", ""))
        names = sentences.names_of(page.rows)
        query = request.GET.copy()
        query.pop("at", None)
        context = self.admin_site.each_context(request) | self.column_choice(request)
        context |= {
            "title": _("操作日志"),
            "columns": self.get_list_display(request),
            "form": form,
            "rows": [_shown(entry, names) for entry in page.rows],
            "older": page.older,
            "is_first": "at" not in request.GET,
            "query": query.urlencode(),
            "chains": list(search.chains or ()),
            "sees_all": sees_every_entry(self._user(request)),
        }
        return render(request, "admin/audit/auditentry/index.html", context)

    def checks(self, request: HttpRequest) -> HttpResponse:
        """The checks and what they found; POST asks for one of them. Of the whole log: for who sees it."""
        if not sees_every_entry(self._user(request)):
            raise PermissionDenied
        if request.method == "POST":
            chain = request.POST.get("chain", audit.ADMIN_CHAIN)[:80]
            try:
                checking.request_check(chain, actor=request_actor(request))
            except DomainError as refusal:
                messages.error(request, refusal.text)
            return redirect("admin:audit_check")
        jobs = list(ChainCheck.objects.all()[:CHECKS_SHOWN])
        context = self.admin_site.each_context(request) | {
            "title": _("日志链校验"),
            "jobs": [
                {"job": job, "chain": label, "found": _found(job)} for job, label in _labelled(jobs)
            ],
            "choices": [(audit.ADMIN_CHAIN, _("管理操作链")), (EVERY_CHAIN, _("全部日志链"))],
        }
        return render(request, "admin/audit/auditentry/checks.html", context)

    def check_state(self, request: HttpRequest) -> JsonResponse:
        """What the page shows of each check, by id."""
        if not sees_every_entry(self._user(request)):
            raise PermissionDenied
        return JsonResponse(
            {
                "jobs": {
                    str(job.pk): {
                        "state": job.state,
                        "label": job.get_state_display(),
                        "rows": job.entries,
                    }
                    for job in ChainCheck.objects.all()[:CHECKS_SHOWN]
                }
            }
        )


def _labelled(jobs: list[ChainCheck]) -> Iterator[tuple[ChainCheck, str]]:
    named = chain_names({each for job in jobs for each in (job.chain, job.broken_chain)})
    return ((job, named.get(job.chain, job.chain)) for job in jobs)


def _found(job: ChainCheck) -> str:
    """What of a broken log is wrong, and where."""
    if job.state != CheckState.BROKEN:
        return ""
    chain = chain_names({job.broken_chain}).get(job.broken_chain, job.broken_chain)
    if job.broken_seq is None:
        return gettext("{chain}的末尾被截断").format(chain=chain)
    return gettext("{chain}自第 {seq} 条起被改动").format(chain=chain, seq=job.broken_seq)
