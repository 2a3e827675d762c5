"""权限管理: users, roles, institutions (ACC-1, ACC-2)."""

from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from parameters.selectors import value_of

from . import access, changes, passwords, roster_file, roster_import, second_factor, services
from .admin_access import OperationAdmin, linked
from .forms import (
    FileForm,
    RoleForm,
    UserForm,
    WhoForm,
)
from .models import DataScope, Institution, Role, User
from .operations import label_of
from .selectors import (
    in_scope,
    request_actor,
    require_login_to_give,
    scope_of,
    visible,
)

# Django registers its groups when this module of it is loaded; roles are ours.
assert auth_admin  # noqa: S101
admin.site.unregister(Group)
VIEW, MANAGE = "accounts.view", "accounts.manage"
MOST_NAMED = 20
ONE_BUTTON: dict[str, Any] = {
    "show_save_and_add_another": False,
    "show_save_and_continue": False,
}


def _editor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
    return request.user


def _manages_everything(request: HttpRequest) -> bool:
    """Roles and institutions are the whole bank's: a branch's administrator only looks at them."""
    return scope_of(request.user, MANAGE) == DataScope.ALL


@admin.register(Institution)
class InstitutionAdmin(OperationAdmin):
    view_operation = VIEW
    manage_operation = MANAGE
    list_display = ["code", "name", "parent"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["parent"]
    instead = _("请先把其用户和下级机构转到其他机构，再删除；也可以改名后继续使用。")

    def _manages(self, request: HttpRequest) -> bool:
        return _manages_everything(request)


@admin.register(Role)
class RoleAdmin(OperationAdmin):
    audits_itself = True
    view_operation = VIEW
    manage_operation = MANAGE
    form = RoleForm
    instead = _("请先在用户页收回该角色；要停用它，可去掉其全部操作权限。")
    list_display = ["code", "name", "scope", "second_factor", "opens", "holders"]
    change_list_template = "admin/accounts/role/change_list.html"

    def _manages(self, request: HttpRequest) -> bool:
        return _manages_everything(request)

    def get_urls(self) -> list[Any]:
        own = [path("who/", self.admin_site.admin_view(self.who), name="accounts_who")]
        return own + super().get_urls()

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        return ["code"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        # Read only, codes say nothing.
        tree = "operations" if self._manages(request) else "opens"
        return ["code", "name", "scope", "second_factor", tree]

    @admin.display(description=_("操作权限"))
    def opens(self, role: Role) -> str:
        return "、".join(label_of(code) for code in role.operations) or "–"

    @admin.display(description=_("用户数"))
    def holders(self, role: Role) -> int:
        return role.users.count()

    def who(self, request: HttpRequest) -> HttpResponse:
        """Who can do this, what can this person do."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = WhoForm(request.GET)
        asked = form.cleaned_data if form.is_valid() else {}
        people = User.objects.filter(visible(request.user, VIEW, MANAGE), deleted_at=None)
        seen = set(people.values_list("pk", flat=True))
        operation, staff_no = asked.get("operation", ""), asked.get("person", "").strip()
        person = people.filter(staff_no=staff_no).first() if staff_no else None
        grants = access.who_can(operation) if operation else []
        context = self.admin_site.each_context(request) | {
            "title": _("谁能做什么"),
            "form": form,
            "operation": label_of(operation) if operation else "",
            "grants": [grant for grant in grants if grant.user.pk in seen],
            "person": person,
            "missing": staff_no if staff_no and person is None else "",
            "answers": access.what_can(person) if person else [],
            "single": import_string(settings.SINGLE_GRANTS)(person) if person else [],
        }
        return render(request, "admin/accounts/role/who.html", context)

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        services.save_role(obj, actor=request_actor(request))
        if changes.waits_for("role", obj.pk):
            messages.warning(request, changes.told())

    def in_the_way(self, obj: Role) -> list[Any]:
        """Who has it, as far as a page shows them."""
        users = obj.users.filter(deleted_at=None)
        rows = [
            linked(_("用户"), "admin:accounts_user_change", user) for user in users[:MOST_NAMED]
        ]
        more = users.count() - len(rows)
        return [*rows, gettext("另有 {count} 个用户").format(count=more)] if more > 0 else rows

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        services.delete_role(obj.pk, actor=request_actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Role]) -> None:
        for role_id in queryset.order_by("code").values_list("pk", flat=True):
            services.delete_role(role_id, actor=request_actor(request))


class StateFilter(admin.SimpleListFilter):
    """Who was deleted shows only when asked for."""

    title = _("状态")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("on", _("启用")),
            ("off", _("停用")),
            ("locked", _("已锁定")),
            ("due", _("待改密")),
            ("deleted", _("已删除")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        chosen = self.value()
        if chosen == "deleted":
            return queryset.exclude(deleted_at=None)
        there = queryset.filter(deleted_at=None)
        conditions = {
            "on": Q(is_active=True),
            "off": Q(is_active=False),
            "locked": Q(is_locked=True),
            "due": Q(must_change_password=True),
        }
        return there.filter(conditions[chosen]) if chosen in conditions else there


# what → the service, the question, the button, what to mind
ACTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "enable": (services.enable_user, _("启用下列用户？"), _("启用"), ""),
    "disable": (
        services.disable_user,
        _("停用下列用户？"),
        _("停用"),
        _("立即退出其所有登录，并停用其坐席。有未完成预约的坐席须先转出。"),
    ),
    "unlock": (services.unlock_user, _("为下列用户解锁？"), _("解锁"), ""),
    "reset": (
        services.reset_password,
        _("重置下列用户的密码？"),
        _("重置密码"),
        _("生成只显示一次的初始密码；其所有登录立即失效，下次登录须改密。"),
    ),
    "second": (
        services.reset_second_factor,
        _("重置下列用户的二次验证？"),
        _("重置二次验证"),
        _("用于手机与恢复码均遗失；其所有登录立即失效，下次登录凭密码重新绑定。请先核实本人身份。"),
    ),
    "delete": (
        services.delete_user,
        _("删除下列用户？"),
        _("删除"),
        _("不可恢复：工号保留以供历史记录引用，其余信息与角色清除，不能再登录。"),
    ),
}
# Who does these could log in as the person.
GIVES_LOGIN = frozenset({"reset", "second"})


@admin.register(User)
class UserAdmin(OperationAdmin):
    audits_itself = True
    view_operation = VIEW
    manage_operation = MANAGE
    form = UserForm
    ordering = ["staff_no"]
    list_display = [
        "staff_no",
        "name",
        "phone",
        "email",
        "institution",
        "role_names",
        "state",
        "last_login",
    ]
    list_select_related = ["institution"]
    list_filter = [
        StateFilter,
        "roles",
        ("institution", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["staff_no", "name", "phone", "email"]
    search_help_text = _("工号、姓名、手机号、邮箱（模糊查询）")
    list_per_page = 50
    actions = ["enable", "disable", "unlock", "reset", "delete"]
    change_list_template = "admin/accounts/user/change_list.html"
    change_form_template = "admin/accounts/user/change_form.html"
    fieldsets = [
        (_("基本信息"), {"fields": [("staff_no", "name"), ("phone", "email"), "institution"]}),
        (_("角色"), {"fields": ["roles"]}),
    ]

    # --- what there is ------------------------------------------------------------------------

    def rows_open_to(self, request: HttpRequest) -> Q:
        return visible(request.user, VIEW, MANAGE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        locked = AccessAttempt.objects.filter(
            username=OuterRef("staff_no"),
            failures_since_start__gte=passwords.lock_failures(),
            attempt_time__gte=timezone.now() - passwords.lock_time(),
        )
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(is_locked=Exists(locked)).prefetch_related("roles")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if isinstance(obj, User) and (
            obj.deleted_at
            or (obj.is_superuser and not _editor(request).is_superuser)
            or not in_scope(request.user, obj, MANAGE)  # one may see further than one manages
        ):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # by the action: the row stays

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return self._manages(request)

    @admin.display(description=_("角色"))
    def role_names(self, user: User) -> str:
        names = [role.name for role in user.roles.all()]
        if user.is_superuser:
            names.append(gettext("超级用户"))
        return "、".join(names) or "–"

    @admin.display(description=_("状态"), ordering="is_active")
    def state(self, user: User) -> SafeString:
        if user.deleted_at:
            return format_html('<span class="chip is-off">{}</span>', _("已删除"))
        if not user.is_active:
            return format_html('<span class="chip is-off">{}</span>', _("停用"))
        if getattr(user, "is_locked", False):
            return format_html('<span class="chip is-down">{}</span>', _("已锁定"))
        if user.must_change_password:
            return format_html('<span class="chip is-busy">{}</span>', _("待改密"))
        return format_html('<span class="chip is-idle">{}</span>', _("启用"))

    # --- add and change -----------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kw)
        form.editor = _editor(request)  # type: ignore[attr-defined]
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["staff_no"] if obj else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            services.change_user(obj.pk, form.draft(), actor=request_actor(request))
            if changes.waits_for("user.roles", obj.pk):
                messages.warning(request, changes.told())
            return
        user, password = services.create_user(form.draft(), actor=request_actor(request))
        obj.pk = user.pk
        request.told_once = [(user, password)]  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The roles were given with the rest, by the service."""

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> Any:
        return self._told_once(request, request.told_once)  # type: ignore[attr-defined]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, ONE_BUTTON | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        may_act = found is not None and self.has_change_permission(request, found)
        shown: dict[str, Any] = {"acts": []}
        if may_act and isinstance(found, User):
            idle = {"enable" if found.is_active else "disable"}
            if not getattr(found, "is_locked", False):
                idle.add("unlock")
            if not second_factor.has_one(found):
                idle.add("second")
            shown["acts"] = [(what, act[2]) for what, act in ACTS.items() if what not in idle]
        shown |= ONE_BUTTON
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        sources = [("list:accounts.user", _("本列表")), ("roster", _("名册（可再导入）"))]
        context = (extra_context or {}) | {"export_sources": sources}
        return super().changelist_view(request, context)

    # --- acts ---------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("act/<slug:what>/", wrap(self.act), name="accounts_act"),
            path("import/", wrap(self.import_people), name="accounts_import"),
        ]
        return own + super().get_urls()

    def _ask(self, what: str, rows: QuerySet[User]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in rows.order_by("staff_no").values_list("pk", flat=True))
        return redirect(f"{reverse('admin:accounts_act', args=[what])}?{urlencode({'ids': ids})}")

    @admin.action(description=_("启用"), permissions=["manage"])
    def enable(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        return self._ask("enable", rows)

    @admin.action(description=_("停用"), permissions=["manage"])
    def disable(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        return self._ask("disable", rows)

    @admin.action(description=_("解锁"), permissions=["manage"])
    def unlock(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        return self._ask("unlock", rows)

    @admin.action(description=_("重置密码"), permissions=["manage"])
    def reset(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        return self._ask("reset", rows)

    @admin.action(description=_("删除"), permissions=["manage"])
    def delete(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse:
        return self._ask("delete", rows)

    def act(self, request: HttpRequest, what: str) -> HttpResponse:
        """Ask once more, then do it to each; who is refused stands in the way of nobody else."""
        if not self._manages(request) or what not in ACTS:
            raise PermissionDenied
        asked = request.POST if request.method == "POST" else request.GET
        ids = [int(pk) for pk in asked.get("ids", "").split(",") if pk.isdecimal()]
        mine = visible(request.user, MANAGE)
        rows = self.get_queryset(request).filter(mine, pk__in=ids, deleted_at=None)
        if not _editor(request).is_superuser:
            rows = rows.filter(is_superuser=False)
        people = list(rows.order_by("staff_no"))
        service, question, button, mind = ACTS[what]
        if request.method != "POST" or not people:
            context = self.admin_site.each_context(request) | {
                "title": question,
                "people": people,
                "ids": ",".join(str(user.pk) for user in people),
                "button": button,
                "mind": mind,
            }
            return render(request, "admin/accounts/user/act.html", context)
        done: list[tuple[User, Any]] = []
        for user in people:
            try:
                if what in GIVES_LOGIN:
                    require_login_to_give(_editor(request), user)
                done.append((user, service(user.pk, actor=request_actor(request))))
            except DomainError as refusal:
                messages.error(request, f"{user}：{refusal.text}")
        if what == "reset":
            return self._told_once(request, done)
        if done:
            text = gettext("{button}：{count} 个用户").format(button=button, count=len(done))
            messages.success(request, text)
        return redirect("admin:accounts_user_changelist")

    def _told_once(self, request: HttpRequest, people: list[tuple[User, str]]) -> HttpResponse:
        """The page that shows initial passwords: once, in no message, log or cache."""
        context = self.admin_site.each_context(request) | {
            "title": _("初始密码"),
            "people": people,
            "days": value_of("initial_password_days"),
        }
        response = render(request, "admin/accounts/user/told_once.html", context)
        response["Cache-Control"] = "no-store"
        return response

    # --- spreadsheets -------------------------------------------------------------------------

    def import_people(self, request: HttpRequest) -> HttpResponse:
        """Read, show what each row would do, and do all of them when none is wrong."""
        if not self._manages(request):
            raise PermissionDenied
        form = FileForm()
        lines: list[roster_file.Line] = []
        if "rows" in request.POST:
            try:
                lines, is_same = roster_import.opened(request.POST["rows"], _editor(request))
            except roster_import.Outdated:
                messages.error(request, gettext("预览已过期，请重新上传文件。"))
            else:
                if is_same and (answer := self._taken_in(request, lines)):
                    return answer
                if not is_same:
                    text = gettext("预览后有用户发生了变化，请核对下表后再次确认。")
                    messages.warning(request, text)
        elif request.method == "POST":
            form = FileForm(request.POST, request.FILES)
            if form.is_valid():
                file = form.cleaned_data["file"]
                try:
                    read = roster_file.lines_of(file.name, file.read())
                    lines = roster_import.judged(read, _editor(request))
                except ValidationError as wrong:
                    form.add_error("file", wrong)
        wrong_rows = sum(bool(line.errors) for line in lines)
        changed, new = sum(line.is_changed for line in lines), sum(line.is_new for line in lines)
        context = self.admin_site.each_context(request) | {
            "title": _("导入用户"),
            "form": form,
            "heads": roster_file.heads(),
            "lines": lines,
            "wrong": wrong_rows,
            "new": new,
            "changed": changed,
            "unchanged": len(lines) - wrong_rows - changed - new,
            "rows": roster_import.sealed(lines) if lines else "",
            "roles": Role.objects.all(),
        }
        return render(request, "admin/accounts/user/import.html", context)

    def _taken_in(self, request: HttpRequest, lines: list[roster_file.Line]) -> HttpResponse | None:
        """The page after it; None when a row was refused, which the page then tells."""
        try:
            created, changed = roster_import.take_in(lines, actor=request_actor(request))
        except DomainError as refusal:
            messages.error(request, refusal.text)
            return None
        if changed:
            text = gettext("已更新 {count} 个用户。").format(count=len(changed))
            messages.success(request, text)
        people = [*changed, *(user for user, _password in created)]
        if any(changes.waits_for("user.roles", user.pk) for user in people):
            messages.warning(request, changes.told())
        if created:
            return self._told_once(request, created)
        return redirect("admin:accounts_user_changelist")
