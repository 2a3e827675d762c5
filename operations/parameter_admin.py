"""参数设置 (WB-6): every parameter with its value in force and where it comes from; history, roll back."""

import datetime as dt
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import changes
from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import may, request_actor
from channels_admin.models import Channel
from common.errors import DomainError
from parameters import selectors
from parameters.definitions import DEFINITIONS, Definition
from parameters.models import Parameter, ParameterChange, Scope

from .settings_log import set_by

MANAGE = "parameters.manage"
HISTORY_SHOWN = 100
SOURCES = {"default": _("默认"), **dict(Scope.choices)}


class CaseForm(forms.Form):
    """For which case the values in force are asked."""

    q = forms.CharField(label=_("参数"), required=False, max_length=40)
    channel = forms.CharField(label=_("渠道代码"), required=False, max_length=40)
    product = forms.CharField(label=_("产品代码"), required=False, max_length=40)
    seat = forms.CharField(label=_("坐席工号"), required=False, max_length=40)


class SettingForm(forms.Form):
    scope = forms.ChoiceField(label=_("范围"))
    code = forms.CharField(label=_("代码"), required=False, max_length=40)
    value = forms.IntegerField(label=_("值"))
    note = forms.CharField(label=_("修改原因"), max_length=200)

    def __init__(self, definition: Definition, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = self.fields["scope"]
        assert isinstance(scope, forms.ChoiceField)  # noqa: S101 - declared above
        scope.choices = [
            (str(value), label) for value, label in Scope.choices if value in definition.scopes
        ]
        self.fields["code"].widget.attrs["list"] = "parameter-codes"
        if definition.options:
            self.fields["value"] = forms.TypedChoiceField(
                label=_("值"), coerce=int, choices=list(definition.options)
            )
        else:
            self.fields["value"].widget.attrs |= {"min": definition.least, "max": definition.most}


class SinceForm(forms.Form):
    since = forms.DateField(
        label=_("起始日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@admin.register(Parameter)
class ParameterAdmin(OperationAdmin):
    """The rows change on the parameter's own page only, so that each change leaves its history."""

    view_operation = "parameters.view"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or may(request.user, MANAGE)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("difference/", wrap(self.difference), name="parameters_difference"),
            path("of/<slug:key>/", wrap(self.detail), name="parameters_detail"),
            path(
                "of/<slug:key>/roll-back/<int:change_id>/",
                wrap(self.roll_back),
                name="parameters_roll_back",
            ),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        self._require_view(request)
        form = CaseForm(request.GET)
        asked = form.cleaned_data if form.is_valid() else {}
        rows = selectors.overview(
            channel_code=asked.get("channel", ""),
            product_code=asked.get("product", ""),
            seat_no=asked.get("seat", ""),
            words=asked.get("q", ""),
        )
        rows.sort(key=lambda row: list(type(row.definition.group)).index(row.definition.group))
        groups = [
            (label, [_shown(row) for row in group])
            for label, group in groupby(rows, key=lambda row: row.definition.group_label)
        ]
        return self._page(
            request,
            "index",
            title=_("参数设置"),
            form=form,
            groups=groups,
            channels=Channel.objects.order_by("code")[:200],
        )

    def detail(self, request: HttpRequest, key: str) -> HttpResponse:
        self._require_view(request)
        definition = DEFINITIONS.get(key)
        if definition is None:
            raise Http404
        form = SettingForm(definition, request.POST or None)
        if request.method == "POST":
            self._require_manage(request)
            removes = "remove" in request.POST
            if removes or form.is_valid():
                given: dict[str, Any] = request.POST.dict() if removes else form.cleaned_data
                if self._change(
                    request,
                    key=key,
                    value=None if removes else given["value"],
                    scope=str(given.get("scope", "")),
                    code=str(given.get("code", "")).strip(),
                    note=str(given.get("note", ""))[:200],
                ):
                    return redirect("admin:parameters_detail", key)
        row = next(row for row in selectors.overview() if row.definition.key == key)
        return self._page(
            request,
            "detail",
            title=definition.label,
            row=_shown(row),
            form=form,
            history=[
                {
                    "change": change,
                    "before": _value(definition, change.before),
                    "after": _value(definition, change.after),
                }
                for change in ParameterChange.objects.filter(key=key)[:HISTORY_SHOWN]
            ],
            channels=Channel.objects.order_by("code")[:200],
        )

    def roll_back(self, request: HttpRequest, key: str, change_id: int) -> HttpResponse:
        self._require_manage(request)
        if request.method != "POST" or key not in DEFINITIONS:
            raise Http404
        change = ParameterChange.objects.filter(pk=change_id, key=key).first()
        if change is None:
            raise Http404
        self._change(
            request,
            key=key,
            value=change.before,
            scope=change.scope,
            code=change.code,
            note=str(_("回滚变更 {number}")).format(number=change_id),
        )
        return redirect("admin:parameters_detail", key)

    def difference(self, request: HttpRequest) -> HttpResponse:
        self._require_view(request)
        form = SinceForm(request.GET or None)
        since = timezone.localdate() - dt.timedelta(days=7)
        if form.is_valid():
            since = form.cleaned_data["since"]
        else:
            form = SinceForm({"since": since.isoformat()})
        start = timezone.make_aware(dt.datetime.combine(since, dt.time.min))
        rows = [
            {
                "found": found,
                "scope": SOURCES[found.scope],
                "then": _value(found.definition, found.then),
                "now": _value(found.definition, found.now),
            }
            for found in selectors.differences_since(start)
        ]
        return self._page(request, "difference", title=_("参数差异"), form=form, rows=rows)

    def _change(self, request: HttpRequest, **setting: Any) -> bool:
        """Set it; a refusal becomes the page's message."""
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
        try:
            change = set_by(request_actor(request), **setting)
        except DomainError as refusal:
            self.message_user(request, refusal.text, messages.ERROR)
            return False
        if change is None:
            self.message_user(request, changes.told(), messages.WARNING)
        else:
            self.message_user(request, _("已生效。"), messages.SUCCESS)
        return True

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _require_manage(self, request: HttpRequest) -> None:
        if not may(request.user, MANAGE):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {
            "opts": self.model._meta,
            "may_manage": may(request.user, MANAGE),
        }
        return render(request, f"admin/parameters/{name}.html", shared | context)


def _value(definition: Definition, value: int | None) -> str:
    return str(_("未设置")) if value is None else definition.shown(value)


def _shown(row: selectors.Row) -> dict[str, Any]:
    definition = row.definition
    return {
        "definition": definition,
        "range": "、".join(str(label) for _code, label in definition.options)
        or f"{definition.least}–{definition.most} {definition.unit}",
        "default": definition.shown(definition.default),
        "value": definition.shown(row.effective.value),
        "source": SOURCES[row.effective.source],
        "is_default": row.effective.source == "default",
        "scopes": "、".join(str(SOURCES[scope]) for scope in definition.scopes),
        "settings": [
            {
                "row": setting,
                "scope": SOURCES[setting.scope],
                "value": definition.shown(setting.value),
            }
            for setting in row.settings
        ],
    }
