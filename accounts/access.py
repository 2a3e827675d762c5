"""谁能做什么: who can do one thing, and all that one person can do (ACC-1)."""

from collections import defaultdict
from dataclasses import dataclass

from .models import DataScope, Role, User
from .operations import MENUS
from .selectors import WIDTH


@dataclass(frozen=True, slots=True)
class Grant:
    """Why somebody may: through which roles, and with whose data at most."""

    user: User
    roles: tuple[Role, ...]

    @property
    def scope_label(self) -> str:
        if self.user.is_superuser:
            return str(DataScope.ALL.label)
        widest = max((DataScope(role.scope) for role in self.roles), key=WIDTH.__getitem__)
        return str(widest.label)


@dataclass(frozen=True, slots=True)
class Answer:
    """One operation of the tree, and the grant of the person asked about, None without."""

    menu: str
    operation: str
    label: str
    grant: Grant | None


def who_can(operation: str) -> list[Grant]:
    """Everybody whose roles open the operation, and the superusers, by staff number."""
    by_user: dict[int, list[Role]] = defaultdict(list)
    holders: dict[int, User] = {}
    roles = Role.objects.filter(operations__contains=[operation]).order_by("code")
    for role in roles.prefetch_related("users__institution"):
        for user in role.users.all():
            by_user[user.pk].append(role)
            holders[user.pk] = user
    for user in User.objects.filter(is_superuser=True).select_related("institution"):
        holders[user.pk] = user
    return [
        Grant(user, tuple(by_user[user.pk]))
        for user in sorted(holders.values(), key=lambda each: each.staff_no)
        if user.is_active
    ]


def what_can(user: User) -> list[Answer]:
    """The whole tree, each operation with the grant or without."""
    roles = list(user.roles.order_by("code"))
    answers: list[Answer] = []
    for menu in MENUS:
        for code, label in menu.operations:
            through = tuple(role for role in roles if code in role.operations)
            granted = user.is_active and (bool(through) or user.is_superuser)
            answers.append(
                Answer(str(menu.label), code, str(label), Grant(user, through) if granted else None)
            )
    return answers
