"""营销管理 (MKT-1…3): list with posters, batch enable and disable, upload, where used."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import SwitchedAdmin, TabularOperationInline
from accounts.form_changes import form_changes
from accounts.selectors import request_actor
from common.actor import Actor
from parameters.selectors import value_of

from . import services
from .models import MediaItem, ProductMedia
from .selectors import uses_of
from .services.items import note
from .states import Encoding

# Colours of states: static/css/components.css
_CHIP = {
    Encoding.EMPTY: "is-off",
    Encoding.WAITING: "is-busy",
    Encoding.ENCODING: "is-talk",
    Encoding.READY: "is-idle",
    Encoding.FAILED: "is-down",
}


def clock(ms: int | None) -> str:
    """754000 → 12:34."""
    seconds = round((ms or 0) / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"


class ProductInline(TabularOperationInline):
    manage_operation = "media.manage"
    model = ProductMedia


@admin.register(MediaItem)
class MediaItemAdmin(SwitchedAdmin):
    counted = _("个素材")
    instead = _("请先在引用它的话术中换用其他素材，再停用；停用后即不再播放，历史记录仍可查到。")
    view_operation = "media.view"
    manage_operation = "media.manage"
    list_display = [
        "poster",
        "title",
        "kind",
        "length",
        "state",
        "products_of",
        "no_skip",
        "enabled",
        "created_at",
    ]
    list_display_links = ["title"]
    list_filter = ["kind", "enabled", "encoding"]
    search_fields = ["title"]
    search_help_text = _("名称（模糊查询）")
    list_per_page = 50
    fields = ["title", "kind", "no_skip"]
    inlines = [ProductInline]
    change_form_template = "admin/marketing_media/mediaitem/change_form.html"

    def get_urls(self) -> list[Any]:
        own = [
            path("<int:item_id>/uses/", self.admin_site.admin_view(self.uses), name="media_uses")
        ]
        return own + super().get_urls()

    def uses(self, request: HttpRequest, item_id: int) -> HttpResponse:
        """Which products play it, and which scripts do for which channels: what a change touches."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        item = MediaItem.objects.filter(pk=item_id).first()
        if item is None:
            raise Http404
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("使用范围"),
            "item": item,
            "products": item.products.all(),
            "uses": uses_of(item.pk),
        }
        return render(request, "admin/marketing_media/mediaitem/uses.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MediaItem]:
        return super().get_queryset(request).prefetch_related("products")

    @admin.display(description=_("封面"))
    def poster(self, item: MediaItem) -> SafeString:
        if not item.width or not item.is_playable:
            word = _("音频") if item.is_playable else _("未上传")
            return format_html('<span class="thumb thumb--none">{}</span>', word)
        return format_html(
            '<img class="thumb" src="{}?{}" alt="" loading="lazy">',
            reverse("marketing_media:poster", args=[item.pk]),
            item.play_epoch,
        )

    @admin.display(description=_("时长"), ordering="duration_ms")
    def length(self, item: MediaItem) -> str:
        if not item.is_playable:
            return "–"
        size = f" · {item.width}×{item.height}" if item.width else ""
        return f"{clock(item.duration_ms)}{size}"

    @admin.display(description=_("转码状态"), ordering="encoding")
    def state(self, item: MediaItem) -> SafeString:
        return format_html(
            '<span class="chip {}">{}</span>',
            _CHIP[Encoding(item.encoding)],
            item.get_encoding_display(),
        )

    @admin.display(description=_("适用产品"))
    def products_of(self, item: MediaItem) -> str:
        rows = [
            f"{row.product_code}（{_('自动') if row.auto_play else _('手工')}）"
            for row in item.products.all()
        ]
        return "、".join(rows) or "–"

    def in_the_way(self, obj: MediaItem) -> list[Any]:
        needing = [
            format_html('{}：<a href="{}">{}</a>', use.what, use.url, use.where)
            for use in uses_of(obj.pk)
            if use.needed
        ]
        return [*super().in_the_way(obj), *needing]

    def set_enabled(self, ids: list[int], *, enabled: bool, actor: Actor) -> int:
        return services.set_enabled(ids, enabled=enabled, actor=actor)

    def delete_row(self, row_id: int, *, actor: Actor) -> None:
        services.delete_item(row_id, actor=actor)

    def save_model(self, request: HttpRequest, obj: MediaItem, form: Any, change: bool) -> None:
        """Only what the form holds: an encoding may end while it is open, and writes the rest."""
        obj.save(update_fields=list(form.fields) if change else None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        note(
            form.instance,
            "edited" if change else "added",
            actor=request_actor(request),
            **form_changes(form, formsets, add=not change),
        )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """Next is the file: stay on the item."""
        self.message_user(request, _("已保存，请上传音视频文件。"), messages.SUCCESS)
        return redirect("admin:marketing_media_mediaitem_change", obj.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        item = self.get_object(request, object_id)
        extra = {
            "item": item,
            "item_chip": _CHIP[Encoding(item.encoding)] if item else "",
            "item_length": clock(item.duration_ms) if item else "",
            "item_uses": uses_of(item.pk) if item else [],
            "upload_limit_mb": value_of("media_upload_mb"),
            "may_upload": self.has_manage_permission(request),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})
