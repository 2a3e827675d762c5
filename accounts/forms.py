"""Forms of 权限管理."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from . import services
from .errors import IncompatibleDuties
from .models import DataScope, Institution, Role, User
from .operations import MENUS, label_of
from .roster_file import PHONE, STAFF_NO
from .selectors import institutions_below, roles_to_give, scope_of
from .services import UserDraft

MOST_FILE_BYTES = 2_000_000


class UserForm(forms.ModelForm[User]):
    """A person as an administrator enters one; what may be chosen is what the editor may give."""

    class Meta:
        model = User
        fields = ["staff_no", "name", "phone", "email", "institution", "roles"]
        widgets = {"roles": forms.CheckboxSelectMultiple}

    editor: User  # set by the admin

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "staff_no" in self.fields:
            self.fields["staff_no"].validators.append(
                RegexValidator(rf"^{STAFF_NO.pattern}$", _("工号须为 1–20 位字母或数字。"))
            )
        if "phone" in self.fields:
            self.fields["phone"].validators.append(
                RegexValidator(rf"^{PHONE.pattern}$", _("手机号无效。"))
            )
        for name, queryset in (
            ("roles", roles_to_give(self.editor)),
            ("institution", institutions_to_give(self.editor)),
        ):
            field = self.fields.get(name)
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = queryset
        institution = self.fields.get("institution")
        if institution is not None and scope_of(self.editor, services.MANAGE) != DataScope.ALL:
            institution.required = True

    def clean_roles(self) -> Any:
        """What the editor may not give stays as it is."""
        chosen = set(self.cleaned_data["roles"])
        kept: set[Role] = set()
        if self.instance.pk:
            kept = set(self.instance.roles.exclude(pk__in=roles_to_give(self.editor)))
        opened = {operation for role in chosen | kept for operation in role.operations}
        _require_compatible(opened)
        return sorted(chosen | kept, key=lambda role: role.code)

    def draft(self) -> UserDraft:
        given = self.cleaned_data
        return UserDraft(
            staff_no=given.get("staff_no") or self.instance.staff_no,
            name=given["name"],
            phone=given["phone"],
            email=given["email"],
            institution=given["institution"],
            roles=tuple(given["roles"]),
        )


class OperationTree(forms.CheckboxSelectMultiple):
    """A tick is called with its menu: 查询 alone stands in ten of them."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["aria-label"] = label_of(value)
        return option


class RoleForm(forms.ModelForm[Role]):
    operations = forms.MultipleChoiceField(
        label=_("操作权限"),
        choices=[(menu.label, menu.operations) for menu in MENUS],
        widget=OperationTree,
        required=False,
    )

    class Meta:
        model = Role
        fields = ["code", "name", "scope", "second_factor", "operations"]

    def clean_operations(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["operations"]
        _require_compatible(chosen)
        return chosen


def _require_compatible(operations: Any) -> None:
    try:
        services.require_compatible(operations)
    except IncompatibleDuties as refusal:
        raise ValidationError(refusal.text) from refusal


def institutions_to_give(editor: User) -> Any:
    if scope_of(editor, services.MANAGE) == DataScope.ALL:
        return Institution.objects.all()
    if editor.institution_id is None:
        return Institution.objects.none()
    return Institution.objects.filter(pk__in=institutions_below(editor.institution_id))


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV 或 XLSX 文件"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_FILE_BYTES:
            raise ValidationError(_("文件不得超过 2 MB。"))
        return file


class WhoForm(forms.Form):
    """One of the two questions: who can do this, what can this person do."""

    operation = forms.ChoiceField(
        label=_("谁能做"),
        required=False,
        choices=[
            ("", _("选择操作")),
            *(
                (menu.label, [(code, f"{menu.label} · {label}") for code, label in menu.operations])
                for menu in MENUS
            ),
        ],
    )
    person = forms.CharField(label=_("此人能做什么（工号）"), required=False, max_length=20)
