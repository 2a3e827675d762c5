"""Every change of people and roles. Who may is asked at the edge; whether it can be, here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from axes.utils import reset
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _now

from audit import services as audit
from common.actor import Actor
from common.errors import NotFound
from common.push import push
from parameters.selectors import value_of

from . import changes, second_factor
from .errors import (
    IncompatibleDuties,
    LastAdministrator,
    OwnAccount,
    RoleInUse,
    StaffNoTaken,
)
from .models import DataScope, Institution, ListColumns, Role, UsedPassword, User
from .operations import INCOMPATIBLE, WORKBENCH, label_of
from .passwords import initial_password
from .selectors import WIDTH
from .sessions import user_group

MANAGE = "accounts.manage"
CHANGEABLE = ("name", "phone", "email", "institution")


@dataclass(frozen=True, slots=True)
class UserDraft:
    """What an administrator enters about a person."""

    staff_no: str
    name: str
    phone: str = ""
    email: str = ""
    institution: Institution | None = None
    roles: tuple[Role, ...] = ()


def lock_user(user_id: int) -> User:
    return User.objects.select_for_update(of=("self",)).get(pk=user_id)


@transaction.atomic
def create_user(draft: UserDraft, *, actor: Actor) -> tuple[User, str]:
    """A person with an initial password, which is told once and has to be changed at first login.

    Raises StaffNoTaken, IncompatibleDuties.
    """
    if User.objects.filter(staff_no=draft.staff_no).exists():
        raise StaffNoTaken(staff_no=draft.staff_no)
    password = initial_password()
    user = User.objects.create_user(
        draft.staff_no,
        password,
        name=draft.name,
        phone=draft.phone,
        email=draft.email,
        institution=draft.institution,
        must_change_password=True,
    )
    _note("user.created", user, actor)
    _give_roles(user, draft.roles, actor)
    return user, password


@transaction.atomic
def change_user(user_id: int, draft: UserDraft, *, actor: Actor) -> User:
    """Name, ways to reach, institution, roles; the staff number stays what it is.

    Raises OwnAccount for one's own roles, IncompatibleDuties, LastAdministrator.
    """
    user = lock_user(user_id)
    changed = [name for name in CHANGEABLE if getattr(user, name) != getattr(draft, name)]
    facts: dict[str, Any] = {"fields": [name for name in changed if name != "institution"]}
    if "institution" in changed:
        facts["changes"] = {"institution": [_text(user.institution), _text(draft.institution)]}
    for name in changed:
        setattr(user, name, getattr(draft, name))
    if changed:
        user.save(update_fields=changed)
        # How to reach a person is personal data: what it was is not written down.
        _note("user.changed", user, actor, **facts)
    if set(draft.roles) != set(user.roles.all()):
        _not_oneself(user, actor)
        _give_roles(user, draft.roles, actor)
        _require_administrator()
    return user


@transaction.atomic
def disable_user(user_id: int, *, actor: Actor) -> None:
    """No login and no open page any more. Raises OwnAccount, LastAdministrator, and what
    settings.BEFORE_LEAVING raises for somebody who has to hand over first."""
    user = lock_user(user_id)
    if not user.is_active:
        return
    _leave(user, actor)
    user.save(update_fields=["is_active"])
    _end_logins(user)
    _note("user.disabled", user, actor)
    _require_administrator()


@transaction.atomic
def enable_user(user_id: int, *, actor: Actor) -> None:
    user = lock_user(user_id)
    if user.is_active or user.deleted_at:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    _note("user.enabled", user, actor)


@transaction.atomic
def delete_user(user_id: int, *, actor: Actor) -> None:
    """The person is gone from every list; the row stays because history refers to it."""
    user = lock_user(user_id)
    if user.deleted_at:
        return
    _leave(user, actor)
    user.deleted_at = timezone.now()
    user.phone = user.email = ""
    user.set_unusable_password()
    user.save(update_fields=["is_active", "deleted_at", "phone", "email", "password"])
    user.roles.clear()
    user.used_passwords.all().delete()
    if second_factor.has_one(user):
        second_factor.clear(user, "user.second_factor_reset", actor=actor)
    _end_logins(user)
    _note("user.deleted", user, actor)
    _require_administrator()


@transaction.atomic
def unlock_user(user_id: int, *, actor: Actor) -> None:
    user = lock_user(user_id)
    reset(username=user.staff_no)
    _note("user.unlocked", user, actor)


@transaction.atomic
def reset_password(user_id: int, *, actor: Actor) -> str:
    """A new initial password, told once; all logins end, a lock is lifted."""
    user = lock_user(user_id)
    password = initial_password()
    _set_password(user, password)
    user.must_change_password = True
    user.save(update_fields=["password", "password_changed_at", "must_change_password"])
    _end_logins(user)
    reset(username=user.staff_no)
    _note("user.password_reset", user, actor)
    return password


@transaction.atomic
def reset_second_factor(user_id: int, *, actor: Actor) -> None:
    """For who has lost phone and recovery codes; all logins end. Raises OwnAccount."""
    user = lock_user(user_id)
    _not_oneself(user, actor)
    if not second_factor.has_one(user):
        return
    second_factor.clear(user, "user.second_factor_reset", actor=actor)
    _end_logins(user)


@transaction.atomic
def change_password(user_id: int, password: str, *, actor: Actor) -> User:
    """The person's own choice. Raises ValidationError with every rule that is broken.

    All other logins end; the caller marks the present one again.
    """
    user = lock_user(user_id)
    validate_password(password, user)
    _set_password(user, password)
    user.must_change_password = False
    user.save(update_fields=["password", "password_changed_at", "must_change_password"])
    _end_logins(user)
    _note("user.password_changed", user, actor)
    return user


# --- roles ----------------------------------------------------------------------------------


def require_compatible(operations: Collection[str]) -> None:
    """Raises IncompatibleDuties for two operations that one person must not have."""
    for first, second in INCOMPATIBLE:
        if first in operations and second in operations:
            raise IncompatibleDuties(first=label_of(first), second=label_of(second))


def apply_roles(payload: dict[str, Any], *, actor: Actor) -> None:
    """Roles a second person has agreed to. Raises NotFound, OwnAccount, IncompatibleDuties."""
    user = lock_user(payload["user"])
    if user.deleted_at:
        raise NotFound
    _not_oneself(user, actor)
    given = set(Role.objects.filter(code__in=payload["roles"]))
    _give_roles(user, given | set(user.roles.all()), actor, approved=True)


def apply_role(payload: dict[str, Any], *, actor: Actor) -> None:
    """A wider role a second person has agreed to. Raises NotFound and what save_role raises."""
    role = Role.objects.filter(pk=payload["role"]).first()
    if role is None:
        raise NotFound
    role.operations, role.scope = payload["operations"], payload["scope"]
    save_role(role, actor=actor, approved=True)


@transaction.atomic
def save_role(role: Role, *, actor: Actor, approved: bool = False) -> Role:
    """Create or change a role, for all who have it at once; what makes it wider may wait.

    Raises IncompatibleDuties also for somebody whose other roles do not go with it, OwnAccount when
    the actor has the role, LastAdministrator.
    """
    require_compatible(role.operations)
    before = Role.objects.select_for_update().filter(pk=role.pk).first()
    if before is not None and not approved:
        _let_wider_wait(role, before, actor)
    role.save()
    holders = list(role.users.select_for_update().order_by("pk"))
    for user in holders:
        _not_oneself(user, actor)
        _adopt_operations(user, actor)
    gained, lost = sorted(role.operations), []
    if before is not None:
        gained = sorted(set(role.operations) - set(before.operations))
        lost = sorted(set(before.operations) - set(role.operations))
    audit.record(
        "role.changed" if before else "role.created",
        actor=actor,
        object_type="role",
        object_id=role.pk,
        code=role.code,
        gained=gained,
        lost=lost,
        scope=role.scope,
        second_factor=role.second_factor,
    )
    _require_administrator()
    return role


@transaction.atomic
def delete_role(role_id: int, *, actor: Actor) -> None:
    """Raises RoleInUse as long as somebody has it."""
    role = Role.objects.select_for_update().get(pk=role_id)
    count = role.users.count()
    if count:
        raise RoleInUse(count=count)
    audit.record("role.deleted", actor=actor, object_type="role", object_id=role.pk, code=role.code)
    role.delete()


def choose_columns(user: User, model: str, columns: Collection[str]) -> None:
    """The person's own way of looking at a list: nobody else's matter, so not in the log."""
    if not columns:
        ListColumns.objects.filter(user=user, model=model).delete()
        return
    ListColumns.objects.update_or_create(
        user=user, model=model, defaults={"columns": [name[:60] for name in columns]}
    )


# --- steps ----------------------------------------------------------------------------------


def _note(action: str, user: User, actor: Actor, **facts: Any) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="user",
        object_id=user.pk,
        staff_no=user.staff_no,
        **facts,
    )


def _text(institution: Institution | None) -> str:
    return str(institution) if institution else ""


def _not_oneself(user: User, actor: Actor) -> None:
    if str(user.pk) == actor.id and not user.is_superuser:
        raise OwnAccount


def _let_wider_wait(role: Role, before: Role, actor: Actor) -> None:
    """What the role gains waits when somebody has it; narrowing is done at once."""
    gained = sorted(set(role.operations) - set(before.operations))
    is_wider = WIDTH[DataScope(role.scope)] > WIDTH[DataScope(before.scope)]
    if not (gained or is_wider) or not role.users.exists():
        return
    words = [label_of(code) for code in gained]
    if is_wider:
        words.append(str(DataScope(role.scope).label))
    if changes.must_wait(
        "role",
        role.pk,
        subject=_now("扩大角色“{role}”：{gains}").format(role=role.name, gains="、".join(words)),
        payload={"role": role.pk, "operations": role.operations, "scope": role.scope},
        actor=actor,
    ):
        role.operations = [code for code in role.operations if code not in gained]
        role.scope = before.scope if is_wider else role.scope


def _leave(user: User, actor: Actor) -> None:
    if str(user.pk) == actor.id:
        raise OwnAccount
    import_string(settings.BEFORE_LEAVING)(user, actor=actor)
    user.is_active = False


def _give_roles(
    user: User, roles: Collection[Role], actor: Actor, *, approved: bool = False
) -> None:
    """What is taken away is gone at once; what is given may wait for a second person."""
    before = set(user.roles.values_list("code", flat=True))
    given = {role for role in roles if role.code not in before}
    require_compatible({code for role in roles for code in role.operations})
    if given and not approved:
        names = "、".join(sorted(role.name for role in given))
        if changes.must_wait(
            "user.roles",
            user.pk,
            subject=_now("授予 {who} 角色：{roles}").format(who=user.staff_no, roles=names),
            payload={"user": user.pk, "roles": sorted(role.code for role in given)},
            actor=actor,
        ):
            roles = [role for role in roles if role not in given]
    user.roles.set(roles)
    _adopt_operations(user, actor)
    after = {role.code for role in roles}
    if before != after:
        _note(
            "user.roles_set",
            user,
            actor,
            gained=sorted(after - before),
            lost=sorted(before - after),
        )


def _adopt_operations(user: User, actor: Actor) -> None:
    """What follows from the roles: duties that go together, the seat, the way into the back office.

    Raises IncompatibleDuties, and what settings.BEFORE_LEAVING raises for who is no seat any more.
    """
    opened = {code for codes in user.roles.values_list("operations", flat=True) for code in codes}
    require_compatible(opened)
    if WORKBENCH not in opened:
        import_string(settings.BEFORE_LEAVING)(user, actor=actor)
    is_staff = user.is_superuser or any(not code.startswith("workbench.") for code in opened)
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])
    push(user_group(user.pk), "auth.changed")


def _require_administrator() -> None:
    """Somebody must be able to give rights, or nobody ever will again."""
    keepers = User.objects.filter(is_active=True)
    by_role = keepers.filter(roles__operations__contains=[MANAGE])
    if not by_role.exists() and not keepers.filter(is_superuser=True).exists():
        raise LastAdministrator


def _end_logins(user: User) -> None:
    user.auth_epoch += 1
    user.save(update_fields=["auth_epoch"])
    push(user_group(user.pk), "auth.changed")


def _set_password(user: User, password: str) -> None:
    if user.has_usable_password():
        UsedPassword.objects.create(user=user, hash=user.password)
    kept = user.used_passwords.values_list("pk", flat=True)[: max(1, value_of("password_history"))]
    user.used_passwords.exclude(pk__in=list(kept)).delete()
    user.set_password(password)
    user.password_changed_at = timezone.now()
