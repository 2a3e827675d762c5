"""The back office opens by the operations of a person's roles (ACC-1, ACC-3)."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from .selectors import may


class OperationAdmin(admin.ModelAdmin[Any]):
    """A module's pages: to look at with `view_operation`, to change with `manage_operation`.

    Without a manage operation the pages are read-only: rows change through services only.
    """

    view_operation: ClassVar[str] = ""
    manage_operation: ClassVar[str] = ""

    def _manages(self, request: HttpRequest) -> bool:
        return bool(self.manage_operation) and may(request.user, self.manage_operation)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request.user, self.view_operation) or self._manages(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)


class OperationInline(admin.options.InlineModelAdmin[Any, Any]):
    """Rows inside another page: seen by whoever sees the page, changed with `manage_operation`."""

    manage_operation: ClassVar[str] = ""
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True  # the page around it has asked

    def _manages(self, request: HttpRequest) -> bool:
        return bool(self.manage_operation) and may(request.user, self.manage_operation)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)


class TabularOperationInline(OperationInline):
    template = "admin/edit_inline/tabular.html"


class StackedOperationInline(OperationInline):
    template = "admin/edit_inline/stacked.html"
