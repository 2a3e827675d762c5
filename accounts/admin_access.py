"""The back office opens by the operations of a person's roles (ACC-1, ACC-3)."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Model, Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audit import services as audit
from common.actor import Actor
from common.errors import DomainError
from common.paging import BoundedPaginator

from .form_changes import form_changes
from .models import User
from .selectors import EVERYTHING, chosen_columns, may, request_actor, visible

RECENT = 1000


def linked(what: Any, route: str, row: Any) -> SafeString:
    """ "用户：韩雪 M3001", leading to the row."""
    return format_html('{}：<a href="{}">{}</a>', what, reverse(route, args=[row.pk]), row)


class OperationAdmin(admin.ModelAdmin[Any]):
    """A module's pages: to look at with `view_operation`, to change with `manage_operation`.

    Without a manage operation the pages are read-only: rows change through services only.
    `owner_path` leads from a row to the user whose it is ("seat__user"): then the data scope of
    the role decides which rows there are (ACC-3). Rows of nobody in particular have none.
    """

    view_operation: ClassVar[str] = ""
    manage_operation: ClassVar[str] = ""
    owner_path: ClassVar[str] = ""
    # Long tables cost what short ones do: nothing is counted beyond a bound.
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    # Forms whose service or own code writes the entry of the log; all others are written down here.
    audits_itself: ClassVar[bool] = False

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        if not self.audits_itself:
            request.form_changes = form_changes(form, formsets, add=add)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._note("row.added", request, obj, **getattr(request, "form_changes", {}))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._note("row.changed", request, obj, **getattr(request, "form_changes", {}))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._note("row.deleted", request, obj)
        return super().log_deletions(request, queryset)

    # What to do with a row that cannot go; and the list's action that does it, where there is one.
    instead: ClassVar[Any] = ""
    instead_action: ClassVar[tuple[str, Any] | None] = None

    def in_the_way(self, obj: Any) -> list[Any]:
        """What uses the row or forbids its deletion, in words, beside what the database protects."""
        return []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        related, counts, rights, protected = super().get_deleted_objects(objs, request)
        own = [each for obj in objs for each in self.in_the_way(obj)]
        request.instead = {  # type: ignore[attr-defined]  # for both pages that ask before deleting
            "text": self.instead,
            "action": self.instead_action if self._manages(request) else None,
            "ids": [obj.pk for obj in objs],
        }
        return related, counts, rights, [*protected, *own]

    def name_in_log(self, obj: Any) -> str:
        """No personal data: a person by the staff number."""
        return str(obj)

    def _note(self, action: str, request: HttpRequest, obj: Model, **facts: Any) -> None:
        if self.audits_itself or not isinstance(request.user, User):
            return
        audit.record(
            action,
            actor=request_actor(request),
            object_type=self.opts.model_name or "",
            object_id=obj.pk,
            name=self.name_in_log(obj)[:80],
            **facts,
        )

    def rows_open_to(self, request: HttpRequest) -> Q:
        """What of the table the person may see at all."""
        if not self.owner_path:
            return EVERYTHING
        operations = [code for code in (self.view_operation, self.manage_operation) if code]
        return visible(request.user, *operations, owner=self.owner_path)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Of the list's columns those the person has chosen; what leads to the row always."""
        columns = super().get_list_display(request)
        chosen = chosen_columns(request.user, self.opts.label_lower)
        if not chosen:
            return columns
        leads = set(super().get_list_display_links(request, columns) or columns[:1])
        return [name for name in columns if name in chosen or name in leads]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """What grows by itself is sorted only by what has an index and differs from row to row."""
        columns = super().get_sortable_by(request)
        if self.manage_operation:
            return columns
        fields: list[Any] = list(self.opts.concrete_fields)  # the stubs know no db_index
        sorting = {field.name for field in fields if field.unique or field.db_index}
        whole = [index for index in self.opts.indexes if index.fields and not index.condition]
        sorting |= {index.fields[0].lstrip("-") for index in whole}
        names = [name for name in columns if isinstance(name, str)]
        return [name for name in names if name in sorting and self._differs(name)]

    def _differs(self, name: str) -> bool:
        field = self.opts.get_field(name)
        return not (field.is_relation or getattr(field, "choices", None))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(self.rows_open_to(request))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, AdminSplitDateTime):
            # Django's two inputs are called nothing: one label stands for both.
            for half, word in zip(field.widget.widgets, (_("日期"), _("时间")), strict=True):
                half.attrs["aria-label"] = f"{field.label} {word}"
        return field

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().changeform_view, *args, **kwargs)

    def column_choice(self, request: HttpRequest) -> dict[str, Any]:
        """The columns to choose from, as `admin/_list_tools.html` shows them."""
        every = list(super().get_list_display(request))
        shown = set(self.get_list_display(request))
        leads = set(super().get_list_display_links(request, every) or every[:1])
        return {
            "list_name": self.opts.label_lower,
            "column_choice": [
                {
                    "name": name,
                    "label": label_for_field(name, self.model, self),
                    "shown": name in shown,
                    "fixed": name in leads,
                }
                for name in every
                if isinstance(name, str)
            ],
        }

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = self.column_choice(request) | (extra_context or {})
        return self._or_refusal(request, super().changelist_view, extra_context=context)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().delete_view, *args, **kwargs)

    def _or_refusal(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """What a service refuses is told on the page one came from; nothing was changed."""
        try:
            return view(request, *args, **kwargs)
        except DomainError as refusal:
            messages.error(request, refusal.text)
            return HttpResponseRedirect(request.get_full_path())

    def _manages(self, request: HttpRequest) -> bool:
        return bool(self.manage_operation) and may(request.user, self.manage_operation)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request.user, self.view_operation) or self._manages(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request) and (obj is None or self._is_ones_own(request, obj))

    def _is_ones_own(self, request: HttpRequest, obj: Model) -> bool:
        """One may see further than one manages."""
        if not self.owner_path:
            return True
        mine = visible(request.user, self.manage_operation, owner=self.owner_path)
        return bool(self.model._default_manager.filter(mine, pk=obj.pk).exists())

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._manages(request)


class SwitchedAdmin(OperationAdmin):
    """Rows that are enabled and disabled, many at a time, and deleted only when disabled.

    The module's services do both (`set_enabled`, `delete_row`) and write the log.
    """

    audits_itself = True
    actions = ("enable", "disable")
    instead = _("停用后即不再使用，历史记录仍可查到。")
    instead_action = ("disable", _("停用"))
    counted: ClassVar[Any] = ""  # what the page says after a number: 个渠道

    def set_enabled(self, ids: list[int], *, enabled: bool, actor: Actor) -> int:
        """Returns how many were changed. Raises DomainError when they may not be."""
        raise NotImplementedError

    def delete_row(self, row_id: int, *, actor: Actor) -> None:
        """Raises DomainError when it may not go."""
        raise NotImplementedError

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return self._manages(request)

    @admin.action(description=_("启用所选%(verbose_name)s"), permissions=["manage"])
    def enable(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.switch(request, list(rows.values_list("pk", flat=True)), enabled=True)

    @admin.action(description=_("停用所选%(verbose_name)s"), permissions=["manage"])
    def disable(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.switch(request, list(rows.values_list("pk", flat=True)), enabled=False)

    def switch(self, request: HttpRequest, ids: list[int], *, enabled: bool) -> None:
        changed = self.set_enabled(ids, enabled=enabled, actor=request_actor(request))
        text = _("已启用 {count} {what}。") if enabled else _("已停用 {count} {what}。")
        self.message_user(
            request, str(text).format(count=changed, what=self.counted), messages.SUCCESS
        )

    def in_the_way(self, obj: Any) -> list[Any]:
        return [str(_("{row} 处于启用状态，请先停用")).format(row=obj)] if obj.enabled else []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Rows that go with it are its own: nobody needs a right of theirs."""
        related, counts, _rights, protected = super().get_deleted_objects(objs, request)
        return related, counts, set(), protected

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_row(obj.pk, actor=request_actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row_id in list(queryset.values_list("pk", flat=True)):
            self.delete_row(row_id, actor=request_actor(request))


def recent_values(field: str, title: Any) -> type[admin.SimpleListFilter]:
    """A filter by the values of the newest RECENT rows; asking a long table for all of them reads it whole."""

    class RecentValues(admin.SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            newest = model_admin.get_ordering(request) or ["-pk"]
            rows = model_admin.model._default_manager.order_by(*newest)
            found = set(rows.values_list(field, flat=True)[:RECENT])
            return [(value, value) for value in sorted(found) if value]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    RecentValues.title = title
    return RecentValues


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


class NamedFields(BaseInlineFormSet[Any, Any, Any]):
    """The head of a table names its fields for the eye only."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", field.label)


class TabularOperationInline(OperationInline):
    template = "admin/edit_inline/tabular.html"
    formset = NamedFields


class StackedOperationInline(OperationInline):
    template = "admin/edit_inline/stacked.html"
