"""操作日志: search, readable sentences, export, the check of the chain (WB-20)."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import may, request_actor
from audit import search as finding
from audit import sentences, words
from audit import services as audit
from audit.models import AuditEntry
from audit.search import Search
from common.actor import Actor
from common.errors import NotFound
from exports.sources import CHUNK, Table, counting
from interviews.models import InterviewTask

VIEW = "audit.view"


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

    def search(self) -> Search:
        """What was asked; a field that is not valid does not narrow the list."""
        self.is_valid()
        asked: dict[str, Any] = self.cleaned_data
        actors = chains = None
        if person := asked.get("person", "").strip():
            keys = User.objects.filter(staff_no=person).values_list("pk", flat=True)
            actors = tuple(str(key) for key in keys)
        if contract_no := asked.get("contract_no", "").strip():
            tasks = InterviewTask.objects.filter(contract_no=contract_no)
            chains = tuple(audit.interview_chain(key) for key in tasks.values_list("pk", flat=True))
        return Search(
            actor_ids=actors,
            chains=chains,
            action=asked.get("action", ""),
            object_type=asked.get("object_type", ""),
            object_id=asked.get("object_id", "").strip(),
            since=_start_of(asked.get("since")),
            until=_start_of(asked.get("until"), days=1),
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
    found = finding.entries_found(AuditForm(query).search())
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
            path("check/", wrap(self.check_chain), name="audit_check"),
        ]
        return own + super().get_urls()

    def _actor(self, request: HttpRequest) -> Actor:
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        return request_actor(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._actor(request)
        form = AuditForm(request.GET)
        search = form.search()
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
        }
        return render(request, "admin/audit/auditentry/index.html", context)

    def check_chain(self, request: HttpRequest) -> HttpResponse:
        """Hash every entry of one chain again; the check itself is an entry, too."""
        actor = self._actor(request)
        if request.method != "POST":
            return redirect("admin:audit_auditentry_changelist")
        checked = finding.check_chain(request.POST.get("chain", audit.ADMIN_CHAIN)[:80])
        if checked.holds:
            text = gettext("日志链完整：{chain}，共 {count} 条。")
            messages.success(request, text.format(chain=checked.chain, count=checked.entries))
        elif checked.broken_seq is None:
            text = gettext("日志链 {chain} 的末尾被截断。")
            messages.error(request, text.format(chain=checked.chain))
        else:
            text = gettext("日志链 {chain} 在第 {seq} 条被改动。")
            messages.error(request, text.format(chain=checked.chain, seq=checked.broken_seq))
        audit.record(
            "audit.verified",
            actor=actor,
            object_type="audit",
            object_id=checked.chain[:60],
            holds=checked.holds,
            count=checked.entries,
        )
        return redirect("admin:audit_auditentry_changelist")
