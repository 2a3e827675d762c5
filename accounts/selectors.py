"""Who may do what."""

from django.contrib.auth.models import AnonymousUser

from common.actor import Actor, ActorKind

from .models import User


def may(user: User | AnonymousUser, operation: str) -> bool:
    """Whether one of the user's roles opens `operation` (ACC-1). Superusers may everything."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    return user.roles.filter(operations__contains=[operation]).exists()


def actor_of(user: User, ip: str = "") -> Actor:
    return Actor(ActorKind.USER, str(user.pk), user.staff_no, ip)
