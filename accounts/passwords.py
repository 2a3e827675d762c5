"""Which passwords are good enough, how long they last, and which one somebody begins with (ACC-2)."""

import datetime as dt
import secrets
import unicodedata

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from parameters.selectors import value_of

from .models import User

# The graded protection scheme (等保): three kinds of characters, ninety days.
GRADED_KINDS, GRADED_DAYS, GRADED_MIN = 3, 90, 8
LONGEST = 128
_LETTERS, _CAPITALS, _DIGITS, _MARKS = (
    "abcdefghjkmnpqrstuvwxyz",
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "23456789",
    "@#%+=?",
)


def is_graded() -> bool:
    return value_of("password_profile") == 1


def days_valid() -> int:
    """Days until a password has to be changed; 0 means never."""
    days = value_of("password_days")
    if is_graded():
        return min(days, GRADED_DAYS) if days else GRADED_DAYS
    return days


def expires_at(user: User) -> dt.datetime | None:
    """When the password has to be changed; None when it lasts."""
    days = days_valid()
    return user.password_changed_at + dt.timedelta(days=days) if days else None


def must_change(user: User) -> bool:
    until = expires_at(user)
    return user.must_change_password or (until is not None and until <= timezone.now())


def initial_is_stale(user: User) -> bool:
    """An initial password that nobody came for in time is worth nothing any more."""
    if not user.must_change_password:
        return False
    lasts = dt.timedelta(days=value_of("initial_password_days"))
    return user.password_changed_at + lasts <= timezone.now()


def initial_password() -> str:
    """Twelve characters of four kinds without look-alikes, to be told once and changed at once."""
    kinds = (_LETTERS, _CAPITALS, _DIGITS, _MARKS)
    chosen = [secrets.choice(kind) for kind in kinds]
    chosen += [secrets.choice("".join(kinds)) for _n in range(8)]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


class PolicyValidator:
    """The bank's own rules; Django's validators know lists and likeness."""

    def validate(self, password: str, user: User | None = None) -> None:
        least = value_of("password_min")
        if len(password) < least:
            raise ValidationError(_("密码至少 {least} 位。").format(least=least), code="too_short")
        if len(password) > LONGEST:
            raise ValidationError(_("密码最多 {most} 位。").format(most=LONGEST), code="too_long")
        if is_graded() and _kinds(password) < GRADED_KINDS:
            raise ValidationError(
                _("密码须含大写字母、小写字母、数字、符号中的至少三类。"), code="too_plain"
            )
        names = [settings.BANK_NAME, *([user.staff_no] if user else [])]
        plain = password.casefold()
        if any(len(name) > 2 and name.casefold() in plain for name in names):
            raise ValidationError(_("密码不得包含工号或银行名称。"), code="names")
        if user is not None and user.pk and _was_used(user, password):
            raise ValidationError(
                _("不得与最近 {count} 次使用过的密码相同。").format(
                    count=value_of("password_history")
                ),
                code="used",
            )

    def get_help_text(self) -> str:
        return _("至少 {least} 位，不含工号和银行名称。").format(least=value_of("password_min"))


def _kinds(password: str) -> int:
    categories = {unicodedata.category(letter) for letter in password}
    others = any(category[0] not in "LN" or category == "Lo" for category in categories)
    return ("Ll" in categories) + ("Lu" in categories) + ("Nd" in categories) + others


def _was_used(user: User, password: str) -> bool:
    last = value_of("password_history")
    hashes = list(user.used_passwords.values_list("hash", flat=True)[:last])
    if last and user.has_usable_password():
        hashes.append(user.password)
    return any(check_password(password, each) for each in dict.fromkeys(hashes))


# --- how axes asks ---------------------------------------------------------------------------


def lock_failures(request: HttpRequest | None = None, credentials: object = None) -> int:
    return value_of("lock_failures")


def lock_time(request: HttpRequest | None = None) -> dt.timedelta:
    return dt.timedelta(minutes=value_of("lock_min"))
