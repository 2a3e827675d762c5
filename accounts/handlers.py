"""What Django and axes tell: every pathway of logging in passes here."""

from typing import Any

from django.http import HttpRequest

from audit import services as audit
from common.actor import SYSTEM

from . import sessions
from .models import User


def mark_login(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    sessions.begin(request.session, user)


def note_lock(sender: Any, username: str = "", ip_address: str = "", **_: Any) -> None:
    """Only people's own numbers are written down: somebody may have typed a password there."""
    user = User.objects.filter(staff_no=username or "").first()
    if user is not None:
        audit.record(
            "user.locked", actor=SYSTEM, object_type="user", object_id=user.pk, from_ip=ip_address
        )
