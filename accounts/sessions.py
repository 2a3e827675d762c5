"""How long a login stands: until it is old, elsewhere, or the person is no longer the same; idle, it
is locked until the person has shown again who it is.

A login is marked when it begins (the `user_logged_in` signal: every pathway passes there) and
looked at with every request and, by open sockets, every few seconds.
"""

import uuid
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from common.push import push
from parameters.selectors import value_of

from . import passwords
from .models import User
from .selectors import may, operations_of

EPOCH, BEGAN, SEEN, MARK = "auth.epoch", "auth.began", "auth.seen", "auth.mark"
PROVED, LOCKED = "auth.proved", "auth.locked"
DUE = "auth.password_due"
# Somebody who has given the password and not yet the second factor. No login: nothing is open.
HALF, HALF_S = "auth.half", 600
SEEN_STEP_S = 60
SHORTEST_LOGIN_S = 3600
WALL = frozenset({"dispatch.view"})


class Ended(StrEnum):
    """Why a login does not stand any more, or (LOCKED) opens nothing for now."""

    CHANGED = "changed"
    ELSEWHERE = "elsewhere"
    LOCKED = "locked"
    OLD = "old"
    GONE = "gone"


def user_group(user_id: object) -> str:
    """Sockets of one person: `auth.changed` makes them ask whether their login stands."""
    return f"user.{user_id}"


def begin(session: SessionBase, user: User) -> None:
    """Mark a new login. A person who takes calls has one login: the older one ends."""
    now = timezone.now().timestamp()
    session.update({EPOCH: user.auth_epoch, MARK: uuid.uuid4().hex})
    session.update(dict.fromkeys((BEGAN, SEEN, PROVED), now))
    session.pop(HALF, None)
    session[DUE] = passwords.must_change(user)
    if not may(user, "workbench.use"):
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(seat_session=session[MARK])
        push(user_group(user.pk), "auth.changed")
    user.seat_session = session[MARK]


def begin_half(session: SessionBase, user: User, *, to: str) -> None:
    """The password was right; `to` is where the person wanted to go."""
    now = timezone.now().timestamp()
    session[HALF] = {"user": user.pk, "epoch": user.auth_epoch, "at": now, "to": to}


def half_entered(session: SessionBase) -> User | None:
    half = session.get(HALF) or {}
    if timezone.now().timestamp() - half.get("at", 0) > HALF_S:
        return None
    return User.objects.filter(pk=half["user"], auth_epoch=half["epoch"], is_active=True).first()


def prove_again(session: SessionBase) -> bool:
    """The person has shown who it is. Whether that opened a lock."""
    session.update(dict.fromkeys((PROVED, SEEN), timezone.now().timestamp()))
    return bool(session.pop(LOCKED, False))


def is_fresh(session: SessionBase) -> bool:
    """Whether the person has shown lately who it is (S:A10)."""
    minutes = value_of("reauth_min")
    return not minutes or timezone.now().timestamp() - session.get(PROVED, 0) <= minutes * 60


def ended(session: SessionBase, user: User) -> Ended | None:
    """Why the login does not stand, None when it does."""
    if session.get(EPOCH) != user.auth_epoch:
        return Ended.CHANGED
    if user.seat_session and session.get(MARK) != user.seat_session:
        return Ended.ELSEWHERE
    age = timezone.now().timestamp() - session.get(BEGAN, 0)
    # The parameter cannot be shorter than this: a young login costs no query.
    is_old = age > SHORTEST_LOGIN_S and age > value_of("session_hours") * 3600
    return Ended.OLD if is_old and not _is_at_work(user) else None


def is_locked(session: SessionBase, user: User) -> bool:
    """Idle for longer than allowed; once marked with `lock` it stays so until `prove_again`."""
    if LOCKED in session:
        return True
    idle_s = timezone.now().timestamp() - session.get(SEEN, 0)
    if idle_s <= SEEN_STEP_S:
        return False  # no parameter is shorter: who is active costs no query
    return 0 < value_of("idle_lock_min") * 60 < idle_s and not _is_never_locked(user)


def idle_left_s(session: SessionBase, user: User) -> int | None:
    """How long until idleness locks; None while nothing does (the parameter, or who it is)."""
    allowed_s = value_of("idle_lock_min") * 60
    if not allowed_s or _is_never_locked(user):
        return None
    return int(allowed_s - (timezone.now().timestamp() - session.get(SEEN, 0)))


def _is_never_locked(user: User) -> bool:
    """Who may look at the wallboard and do nothing else is a screen on a wall; or who is at work."""
    return operations_of(user) == WALL or _is_at_work(user)


def lock(session: SessionBase) -> bool:
    """Whether it was not locked before."""
    was_open = LOCKED not in session
    session[LOCKED] = True
    return was_open


def note_act(session: SessionBase) -> None:
    """Somebody did something; written once a minute at most."""
    now = timezone.now().timestamp()
    if now - session.get(SEEN, 0) > SEEN_STEP_S:
        session[SEEN] = now


def is_background(request: HttpRequest) -> bool:
    """A page that asks by itself is nobody's act (the wallboard asks every two seconds)."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "empty"


def ended_behind(session_key: str | None) -> Ended | None:
    """Why the login behind an open socket opens nothing any more; None when it does."""
    if not session_key:
        return Ended.GONE
    request = HttpRequest()
    request.session = SessionStore(session_key)
    if SESSION_KEY not in request.session:
        return Ended.GONE
    user = get_user(request)
    if not isinstance(user, User):
        return Ended.GONE
    why = ended(request.session, user)
    return why or (Ended.LOCKED if is_locked(request.session, user) else None)


def _is_at_work(user: User) -> bool:
    """Who must not be interrupted is known above this layer (settings.SESSION_KEEPER)."""
    keeper: Any = import_string(settings.SESSION_KEEPER)
    return bool(keeper(user))
