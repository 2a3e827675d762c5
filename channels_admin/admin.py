"""渠道管理 (CHN-1..3): list, search, batch enable and disable, guarded deletion, details."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import actor_of, may
from common.actor import Actor
from common.masking import mask_phone

from . import services
from .models import (
    AdmissionAttempt,
    Channel,
    ChannelFence,
    ChannelNetwork,
    ChannelRegion,
    ChannelService,
)


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("the back office has no anonymous users")
    return actor_of(user, request.META.get("REMOTE_ADDR", ""))


def _may(request: HttpRequest, operation: str) -> bool:
    user = request.user
    return isinstance(user, User | AnonymousUser) and may(user, operation)


if TYPE_CHECKING:
    _RowsBase = admin.TabularInline[Model, Channel]
else:
    _RowsBase = admin.TabularInline  # generic in the stubs only


class Rows(_RowsBase):
    """Who may edit a channel may edit its rows: the operation is the right, not Django's own."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, "channels.view")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, "channels.manage")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, "channels.manage")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, "channels.manage")


class RegionRows(Rows):
    model = ChannelRegion


class FenceRows(Rows):
    model = ChannelFence


class NetworkRows(Rows):
    model = ChannelNetwork


class ServiceRows(Rows):
    model = ChannelService


@admin.register(Channel)
class ChannelAdmin(OperationAdmin):
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
        "allow_walk_in",
    )
    inlines = (RegionRows, FenceRows, NetworkRows, ServiceRows)
    actions = ("enable", "disable")

    @admin.display(description=_("序号"))
    def number(self, channel: Channel) -> int:
        return channel.pk

    @admin.display(description=_("详情"))
    def details(self, channel: Channel) -> SafeString:
        url = reverse("admin:channels_admin_channel_change", args=[channel.pk])
        return format_html('<a href="{}">{}</a>', url, _("详情"))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        standing = isinstance(obj, Channel) and obj.enabled
        return super().has_delete_permission(request, obj) and not standing

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return _may(request, "channels.manage")

    @admin.action(description=_("启用所选渠道"), permissions=["manage"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._set_enabled(request, queryset, enabled=True)

    @admin.action(description=_("停用所选渠道"), permissions=["manage"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._set_enabled(request, queryset, enabled=False)

    def _set_enabled(
        self, request: HttpRequest, queryset: QuerySet[Channel], *, enabled: bool
    ) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        changed = services.set_enabled(ids, enabled=enabled, actor=_actor(request))
        text = _("已启用 {count} 个渠道。") if enabled else _("已停用 {count} 个渠道。")
        self.message_user(request, str(text).format(count=changed), messages.SUCCESS)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """An enabled channel stands in the way of its own deletion, and the page says so."""
        related, counts, _rights, protected = super().get_deleted_objects(objs, request)
        standing = [
            str(_("{channel} 处于启用状态，请先停用")).format(channel=channel)
            for channel in objs
            if channel.enabled
        ]
        return related, counts, set(), [*protected, *standing]

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        services.delete_channel(obj.pk, actor=_actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel_id in queryset.values_list("pk", flat=True):
            services.delete_channel(channel_id, actor=_actor(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed: ModelForm[Channel] = form
        services.note_change(
            changed.instance,
            "edited" if change else "added",
            actor=_actor(request),
            fields=list(changed.changed_data),
            enabled=changed.instance.enabled,
        )


@admin.register(AdmissionAttempt)
class AdmissionAttemptAdmin(OperationAdmin):
    """Read only: an attempt is evidence."""

    view_operation = "channels.view"

    list_display = (
        "created_at",
        "channel_code",
        "product_code",
        "masked_phone",
        "admitted",
        "reason",
    )
    list_filter = ("admitted", "reason")
    search_fields = ("channel_code",)
    show_full_result_count = False
    exclude = ("phone",)

    @admin.display(description=_("呼入手机号"))
    def masked_phone(self, attempt: AdmissionAttempt) -> str:
        return mask_phone(attempt.phone)
