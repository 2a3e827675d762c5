"""渠道管理 (CHN-1..3): list, search, batch enable and disable, guarded deletion, details, trial."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import changes
from accounts.admin_access import OperationAdmin, SwitchedAdmin, TabularOperationInline
from accounts.form_changes import form_changes
from accounts.models import User
from accounts.selectors import may, request_actor
from common.actor import Actor
from common.csv_file import csv_response
from common.masking import mask_phone

from . import reports, services
from .admission import Point, decide_admission
from .forms import ChannelForm, ReportForm, TrialForm
from .models import (
    AdmissionAttempt,
    Channel,
    ChannelFence,
    ChannelNetwork,
    ChannelRegion,
    ChannelService,
)
from .regions import Place, around, matching
from .selectors import attempts_open_to, hidden_institutions, rules_of

MAP_PLACES_M = 2_000_000.0


def _hidden(request: HttpRequest) -> list[str]:
    return hidden_institutions(request.user)


def _may(request: HttpRequest, operation: str) -> bool:
    user = request.user
    return isinstance(user, User | AnonymousUser) and may(user, operation)


class RegionRows(TabularOperationInline):
    manage_operation = "channels.manage"
    model = ChannelRegion


class FenceRows(TabularOperationInline):
    manage_operation = "channels.manage"
    model = ChannelFence


class NetworkRows(TabularOperationInline):
    manage_operation = "channels.manage"
    model = ChannelNetwork


class ServiceRows(TabularOperationInline):
    manage_operation = "channels.manage"
    model = ChannelService


@admin.register(Channel)
class ChannelAdmin(SwitchedAdmin):
    counted = _("个渠道")
    view_operation = "channels.view"
    manage_operation = "channels.manage"
    list_display = (
        "number",
        "name",
        "institution_name",
        "institution_no",
        "code",
        "enabled",
        "created_at",
        "details",
    )
    list_display_links = ("name",)
    list_filter = ("enabled",)
    search_fields = ("name", "code")
    search_help_text = _("渠道名称、渠道代码（模糊查询）")
    list_per_page = 50
    fields = (
        "name",
        "code",
        "enabled",
        "institution_name",
        "institution_no",
        "match_all",
        "refuse_doubtful_place",
        "allow_walk_in",
    )
    inlines = (RegionRows, FenceRows, NetworkRows, ServiceRows)
    change_form_template = "admin/channels_admin/channel/change_form.html"
    change_list_template = "admin/channels_admin/channel/change_list.html"

    form = ChannelForm

    def rows_open_to(self, request: HttpRequest) -> Q:
        return ~Q(institution_no__in=_hidden(request))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        form.hidden = _hidden(request)  # type: ignore[attr-defined]
        return form

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("regions/", wrap(self.regions), name="channels_regions"),
            path("places/", wrap(self.places), name="channels_places"),
            path("<int:channel_id>/trial/", wrap(self.trial), name="channels_trial"),
        ]
        return own + super().get_urls()

    def regions(self, request: HttpRequest) -> HttpResponse:
        """Provinces, cities and counties by part of a name or code."""
        _require_view(request)
        found = matching(request.GET.get("q", "")[:40])
        return JsonResponse({"places": [_place(place) for place in found]})

    def places(self, request: HttpRequest) -> HttpResponse:
        """What the small map writes around a point."""
        _require_view(request)
        try:
            point = Point(float(request.GET["latitude"]), float(request.GET["longitude"]))
            metres = min(float(request.GET["metres"]), MAP_PLACES_M)
        except (KeyError, ValueError) as error:
            raise Http404 from error
        return JsonResponse({"places": [_place(place) for place in around(point, metres)]})

    def trial(self, request: HttpRequest, channel_id: int) -> HttpResponse:
        """Would this device be let in, and why: the decision itself, nothing is stored."""
        _require_view(request)
        channel = self.get_queryset(request).filter(pk=channel_id).first()
        if channel is None:
            raise Http404
        form = TrialForm(request.GET or None)
        decision = None
        if form.is_valid():
            decision = decide_admission(rules_of(channel), form.claim(channel.code))
        context = self.admin_site.each_context(request) | {
            "title": _("准入试算"),
            "channel": channel,
            "form": form,
            "decision": decision,
            "reason": reports.reason_text(decision.reason) if decision else "",
            "checks": [
                {"kind": reports.KINDS[check.kind], "row": check.row, "passed": check.passed}
                for check in (decision.checks if decision else ())
            ],
        }
        return render(request, "admin/channels_admin/channel/trial.html", context)

    @admin.display(description=_("序号"))
    def number(self, channel: Channel) -> int:
        return channel.pk

    @admin.display(description=_("详情"))
    def details(self, channel: Channel) -> SafeString:
        url = reverse("admin:channels_admin_channel_change", args=[channel.pk])
        return format_html('<a href="{}">{}</a>', url, _("详情"))

    def set_enabled(self, ids: list[int], *, enabled: bool, actor: Actor) -> int:
        return services.set_enabled(ids, enabled=enabled, actor=actor)

    def delete_row(self, row_id: int, *, actor: Actor) -> None:
        services.delete_channel(row_id, actor=actor)

    def switch(self, request: HttpRequest, ids: list[int], *, enabled: bool) -> None:
        super().switch(request, ids, enabled=enabled)
        if any(changes.waits_for("channel", channel_id) for channel_id in ids):
            self.message_user(request, changes.told(), messages.WARNING)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed: ModelForm[Channel] = form
        opens = changed.instance.enabled and "enabled" in changed.changed_data
        if opens and services.enable_later(changed.instance, actor=request_actor(request)):
            self.message_user(request, changes.told(), messages.WARNING)
        services.note_change(
            changed.instance,
            "edited" if change else "added",
            actor=request_actor(request),
            **form_changes(form, formsets, add=not change),
        )


def _require_view(request: HttpRequest) -> None:
    if not (_may(request, "channels.view") or _may(request, "channels.manage")):
        raise PermissionDenied


def _place(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "full_name": place.full_name,
        "level": place.level,
        "latitude": place.point.latitude if place.point else None,
        "longitude": place.point.longitude if place.point else None,
    }


class ReasonFilter(admin.SimpleListFilter):
    """By name, and without asking a long table which reasons it has."""

    title = _("结论")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(code), label) for code, label in reports.REASONS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AdmissionAttempt]
    ) -> QuerySet[AdmissionAttempt]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(AdmissionAttempt)
class AdmissionAttemptAdmin(OperationAdmin):
    """Read only: an attempt is evidence."""

    view_operation = "channels.view"

    def rows_open_to(self, request: HttpRequest) -> Q:
        return attempts_open_to(request.user)

    list_display = (
        "created_at",
        "channel_code",
        "product_code",
        "masked_phone",
        "verdict",
        "place",
        "ip",
        "device_model",
    )
    list_display_links = ("created_at",)
    list_filter = (ReasonFilter, "created_at")
    search_fields = ("channel_code__exact",)
    search_help_text = _("完整的渠道代码")
    list_per_page = 50
    change_list_template = "admin/channels_admin/admissionattempt/change_list.html"
    fields = (
        "created_at",
        ("channel_code", "product_code"),
        "masked_phone",
        "verdict",
        "why",
        ("latitude", "longitude", "accuracy_m"),
        "place_doubts",
        "region_code",
        ("ssid", "bssid", "ip"),
        ("device_model", "os", "sdk_version"),
        ("task_id", "party_id"),
    )

    @admin.display(description=_("定位疑点"))
    def place_doubts(self, attempt: AdmissionAttempt) -> str:
        return reports.doubts_text(attempt)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [path("report/", wrap(self.report), name="channels_report")]
        return own + super().get_urls()

    def report(self, request: HttpRequest) -> HttpResponse:
        """Attempts by channel, reason and day; with `csv` the sums as a file."""
        _require_view(request)
        form = ReportForm.of(request.GET.dict())
        rows: list[reports.Line] = []
        if form.is_valid():
            search = form.search()
            rows = reports.lines(search, self.rows_open_to(request))
            if "csv" in request.GET:
                name = f"admission-{search.first}-{search.last}.csv"
                return csv_response(name, reports.summary_csv(rows))
        query = request.GET.copy()
        query.pop("csv", None)
        context = self.admin_site.each_context(request) | {
            "title": _("呼入准入报表"),
            "form": form,
            "rows": rows,
            "channels": reports.by_channel(rows, timezone.localdate()),
            "names": dict(
                Channel.objects.exclude(institution_no__in=_hidden(request)).values_list(
                    "code", "name"
                )
            ),
            "reasons": list(reports.REASONS.values()),
            "query": query.urlencode(),
        }
        return render(request, "admin/channels_admin/admissionattempt/report.html", context)

    @admin.display(description=_("结论"), ordering="reason")
    def verdict(self, attempt: AdmissionAttempt) -> SafeString:
        return format_html(
            '<span class="chip {}">{}</span>',
            "is-idle" if attempt.admitted else "is-down",
            reports.reason_text(attempt.reason),
        )

    @admin.display(description=_("判定过程"))
    def why(self, attempt: AdmissionAttempt) -> str:
        return reports.checks_text(attempt) or str(_("渠道未配置限制"))

    @admin.display(description=_("位置"))
    def place(self, attempt: AdmissionAttempt) -> str:
        if attempt.latitude is None:
            return attempt.region_code or "–"
        return f"{attempt.latitude}, {attempt.longitude}"

    @admin.display(description=_("呼入手机号"))
    def masked_phone(self, attempt: AdmissionAttempt) -> str:
        return mask_phone(attempt.phone)
