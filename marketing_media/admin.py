"""营销管理."""

from django.contrib import admin

from accounts.admin_access import OperationAdmin, TabularOperationInline

from .models import MediaItem, ProductMedia


class ProductInline(TabularOperationInline):
    manage_operation = "media.manage"
    model = ProductMedia


@admin.register(MediaItem)
class MediaItemAdmin(OperationAdmin):
    view_operation = "media.view"
    manage_operation = "media.manage"
    list_display = ["title", "kind", "enabled", "no_skip", "created_at"]
    list_filter = ["kind", "enabled"]
    search_fields = ["title"]
    readonly_fields = ["duration_ms"]
    inlines = [ProductInline]
