"""权限管理: users, roles, institutions (ACC-1, ACC-2)."""

from typing import Any

from axes.utils import reset
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit import services as audit

from .admin_access import OperationAdmin
from .models import Institution, Role, User
from .operations import MENUS
from .selectors import actor_of

admin.site.unregister(Group)


@admin.register(Institution)
class InstitutionAdmin(OperationAdmin):
    view_operation = "accounts.view"
    manage_operation = "accounts.manage"
    list_display = ["code", "name", "parent"]
    search_fields = ["code", "name"]


class RoleForm(forms.ModelForm[Role]):
    operations = forms.MultipleChoiceField(
        label=_("操作权限"),
        choices=[(menu.label, menu.operations) for menu in MENUS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Role
        fields = ["code", "name", "scope", "operations"]


@admin.register(Role)
class RoleAdmin(OperationAdmin):
    view_operation = "accounts.view"
    manage_operation = "accounts.manage"
    form = RoleForm
    list_display = ["code", "name", "scope"]


@admin.register(User)
class UserAdmin(OperationAdmin, DjangoUserAdmin):  # type: ignore[type-arg]
    view_operation = "accounts.view"
    manage_operation = "accounts.manage"
    ordering = ["staff_no"]
    list_display = ["staff_no", "name", "institution", "is_active", "last_login"]
    list_filter = ["is_active", "roles"]
    search_fields = ["staff_no", "name"]
    filter_horizontal = ["roles"]
    readonly_fields = ["last_login", "created_at"]
    actions = ["unlock"]
    fieldsets = [
        (None, {"fields": ["staff_no", "password"]}),
        (_("基本信息"), {"fields": ["name", "phone", "email", "institution"]}),
        (_("权限"), {"fields": ["is_active", "is_staff", "roles", "must_change_password"]}),
        (_("时间"), {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["staff_no", "name", "institution", "roles", "password1", "password2"],
            },
        ),
    ]

    @admin.action(description=_("解锁"), permissions=["change"])
    def unlock(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
        for user in rows:
            reset(username=user.staff_no)
            audit.record(
                "user.unlocked",
                actor=actor_of(request.user),
                object_type="user",
                object_id=user.pk,
            )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
        audit.record(
            "user.changed" if change else "user.created",
            actor=actor_of(request.user),
            object_type="user",
            object_id=obj.pk,
            fields=sorted(form.changed_data),
        )
