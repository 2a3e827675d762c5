"""Who may do what, and with whose data."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from common.actor import Actor, ActorKind

from .errors import WiderLogin
from .models import DataScope, ListColumns, Role, User
from .operations import ALL_OPERATIONS

T = TypeVar("T")
_asked: ContextVar[dict[Hashable, Any] | None] = ContextVar("asked", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Inside, roles and chosen columns are read once a person: a page asks a hundred times.

    For one request: what changes meanwhile counts from the next one (S:B4).
    """
    token = _asked.set({})
    try:
        yield
    finally:
        _asked.reset(token)


def _once(key: Hashable, read: Callable[[], T]) -> T:
    known = _asked.get()
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    found: T = known[key]
    return found


def _roles_of(user: User) -> list[tuple[str, list[str]]]:
    """Scope and operations of each role."""
    return _once(
        ("roles", user.pk),
        lambda: list(user.roles.order_by("code").values_list("scope", "operations")),
    )


def may(user: User | AnonymousUser, operation: str) -> bool:
    """Whether one of the user's roles opens `operation` (ACC-1). Superusers may everything."""
    return operation in operations_of(user)


def operations_of(user: User | AnonymousUser) -> frozenset[str]:
    """Everything the user's roles open, in one query."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return ALL_OPERATIONS
    return frozenset(code for _scope, opened in _roles_of(user) for code in opened)


def actor_of(user: User, ip: str = "") -> Actor:
    return Actor(ActorKind.USER, str(user.pk), user.staff_no, ip)


def request_actor(request: HttpRequest) -> Actor:
    """Who is logged in, from where. Raises TypeError for nobody: the view has to ask before."""
    if not isinstance(request.user, User):
        raise TypeError("nobody is logged in")
    return actor_of(request.user, request.META.get("REMOTE_ADDR", ""))


# --- whose data (ACC-3) ---------------------------------------------------------------------

# An empty Q() would vanish in `EVERYTHING | other`, which must stay everything.
NOTHING, EVERYTHING = Q(pk__in=[]), ~Q(pk__in=[])
WIDTH = {DataScope.OWN: 0, DataScope.INSTITUTION: 1, DataScope.ALL: 2}
_BELOW = """
WITH RECURSIVE below AS (
    SELECT id FROM accounts_institution WHERE id = %s
    UNION
    SELECT child.id FROM accounts_institution child JOIN below ON child.parent_id = below.id
)
SELECT id FROM below
"""
_ABOVE = """
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM accounts_institution WHERE id = %s
    UNION
    SELECT parent.id, parent.parent_id
    FROM accounts_institution parent JOIN above ON above.parent_id = parent.id
)
SELECT id FROM above
"""


def scope_of(user: User | AnonymousUser, *operations: str) -> DataScope | None:
    """The widest data scope of the roles that open any of `operations`; None when none does."""
    if not isinstance(user, User) or not user.is_active:
        return None
    if user.is_superuser:
        return DataScope.ALL
    asked = set(operations)
    scopes = [DataScope(scope) for scope, opened in _roles_of(user) if asked & set(opened)]
    return max(scopes, key=WIDTH.__getitem__, default=None)


def institutions_below(institution_id: int) -> list[int]:
    """The institution and everything under it, by primary key."""
    return _institutions(_BELOW, institution_id)


def _institutions(query: str, institution_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(query, [institution_id])
        return [row[0] for row in cursor.fetchall()]


def visible(user: User | AnonymousUser, *operations: str, owner: str = "") -> Q:
    """The rows that `operations` open to `user`, as a condition on the user who owns a row.

    `owner` is the lookup that leads from the row to that user ("seat__user"), empty when the rows
    are users themselves. Nothing is open to whom no role opens an operation.
    """
    scope = scope_of(user, *operations)
    if scope is None:
        return NOTHING
    if scope == DataScope.ALL:
        return EVERYTHING
    assert isinstance(user, User)  # noqa: S101 - scope_of has asked
    mine = Q(**{owner or "pk": user.pk})
    if scope == DataScope.OWN or user.institution_id is None:
        return mine
    prefix = f"{owner}__" if owner else ""
    return mine | Q(**{f"{prefix}institution_id__in": institutions_below(user.institution_id)})


def in_scope(user: User | AnonymousUser, owner: User, *operations: str) -> bool:
    """Whether what `owner` owns is open to `user` by one of `operations`."""
    return User.objects.filter(visible(user, *operations), pk=owner.pk).exists()


def people_who_may(operation: str, owner: User) -> QuerySet[User]:
    """`in_scope` asked from the other end: whose roles open `operation` on what `owner` owns.

    Without `owner`, and without superusers, who may everything and do none of it.
    """
    reach = Q(roles__scope=DataScope.ALL)
    if owner.institution_id is not None:
        above = _institutions(_ABOVE, owner.institution_id)
        reach |= Q(roles__scope=DataScope.INSTITUTION, institution__in=above)
    found = User.objects.filter(reach, roles__operations__contains=[operation], is_active=True)
    return found.exclude(pk=owner.pk).distinct().order_by("name", "staff_no")


def staff_nos_in_scope(user: User | AnonymousUser, *operations: str) -> tuple[str, ...] | None:
    """Staff numbers of those whose rows are open to `user`; None means everybody's."""
    if scope_of(user, *operations) == DataScope.ALL:
        return None
    found = User.objects.filter(visible(user, *operations))
    return tuple(found.order_by("staff_no").values_list("staff_no", flat=True))


def roles_to_give(editor: User) -> QuerySet[Role]:
    """Nobody gives a wider scope than the own one."""
    width = WIDTH[scope_of(editor, "accounts.manage") or DataScope.OWN]
    return Role.objects.filter(scope__in=[scope for scope in DataScope if WIDTH[scope] <= width])


def require_login_to_give(editor: User, user: User) -> None:
    """Raises WiderLogin: who hands out a login holds it, so it opens no more than one may give."""
    if user.pk == editor.pk or editor.is_superuser:
        return
    if user.is_superuser or user.roles.exclude(pk__in=roles_to_give(editor)).exists():
        raise WiderLogin


# --- what somebody wants to see -------------------------------------------------------------


def chosen_columns(user: User | AnonymousUser, model: str) -> frozenset[str]:
    """The columns of a list the person has chosen; none when there is no choice."""
    if not isinstance(user, User):
        return frozenset()
    rows = ListColumns.objects.filter(user=user, model=model).values_list("columns", flat=True)
    return _once(("columns", user.pk, model), lambda: frozenset(rows.first() or ()))
