"""The second factor (ASVS 6.5): a time-based code (RFC 6238) or, without the phone, a recovery code.

django-otp computes the codes; its devices are not used, because they keep the seed in the clear.
"""

import base64
import datetime as dt
import io
import secrets
from enum import IntEnum
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP

from audit import services as audit
from common.actor import Actor
from common.crypto import blind_index
from parameters.selectors import value_of

from .errors import SecondFactorDemanded
from .models import RecoveryCode, SecondFactor, User

SEED_BYTES = 20  # RFC 4226, 4: as long as the hash
TOLERANCE = 1  # steps of 30 s before and after: clocks differ
ENROL_WITHIN = dt.timedelta(minutes=10)
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10


class Demand(IntEnum):
    """The parameter `second_factor`: of whom it is asked. Who has one is always asked for it."""

    NOBODY = 0
    BY_ROLE = 1
    EVERYBODY = 2


def is_demanded(user: User) -> bool:
    """Whether the person has to have a second factor."""
    demand = value_of("second_factor")
    if demand == Demand.BY_ROLE:
        return user.roles.filter(second_factor=True).exists()
    return demand == Demand.EVERYBODY


def has_one(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exclude(confirmed_at=None).exists()


def recovery_codes_left(user: User) -> int:
    return user.recovery_codes.filter(used_at=None).count()


def looks_like_code(given: str) -> bool:
    return len(given) == 6 and given.isascii() and given.isdecimal()


# --- the person's own acts --------------------------------------------------------------------


@transaction.atomic
def begin(user: User) -> str:
    """A seed to be scanned. What was there before counts until a code of the new one is entered."""
    seed = base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()
    SecondFactor.objects.update_or_create(
        user=user, defaults={"pending_seed": seed, "pending_at": timezone.now()}
    )
    return seed


def pending_seed(user: User) -> str:
    """The seed that waits for its first code; empty when there is none or it is too old."""
    since = timezone.now() - ENROL_WITHIN
    row = SecondFactor.objects.filter(user=user, pending_at__gte=since).first()
    return row.pending_seed if row else ""


@transaction.atomic
def confirm(user: User, code: str, *, actor: Actor) -> list[str] | None:
    """The recovery codes, told once; None when the code does not fit the seed that waits."""
    row = SecondFactor.objects.select_for_update().filter(user=user).first()
    seed = pending_seed(user)
    step = _fitting_step(seed, code, after=-1) if row and seed else None
    if row is None or step is None:
        return None
    row.seed, row.last_step, row.confirmed_at = seed, step, timezone.now()
    row.pending_seed, row.pending_at = "", None
    row.save()
    _note("user.second_factor_set", user, actor)
    return _new_recovery_codes(user)


@transaction.atomic
def prove(user: User, given: str, *, actor: Actor) -> bool:
    """Whether this is a code of the person's, which is used up by that."""
    given = given.strip()
    row = SecondFactor.objects.select_for_update().filter(user=user).first()
    if row is None or row.confirmed_at is None:
        return False
    if looks_like_code(given):
        step = _fitting_step(row.seed, given, after=row.last_step)
        if step is not None:
            row.last_step = step
            row.save(update_fields=["last_step"])
        return step is not None
    used = user.recovery_codes.filter(fingerprint=_fingerprint(given), used_at=None)
    if not used.update(used_at=timezone.now()):
        return False
    _note("user.recovery_code_used", user, actor, count=recovery_codes_left(user))
    return True


@transaction.atomic
def renew_recovery_codes(user: User, *, actor: Actor) -> list[str]:
    _note("user.recovery_codes_made", user, actor)
    return _new_recovery_codes(user)


def give_up(user: User, *, actor: Actor) -> None:
    """The person's own choice. Raises SecondFactorDemanded."""
    if is_demanded(user):
        raise SecondFactorDemanded
    clear(user, "user.second_factor_removed", actor=actor)


@transaction.atomic
def clear(user: User, action: str, *, actor: Actor) -> None:
    SecondFactor.objects.filter(user=user).delete()
    user.recovery_codes.all().delete()
    _note(action, user, actor)


def picture(user: User, seed: str) -> str:
    """The QR code an authenticator app reads, as a data address of an SVG."""
    issuer = settings.BANK_NAME
    address = f"otpauth://totp/{quote(issuer)}:{quote(user.staff_no)}"
    code = segno.make(f"{address}?{urlencode({'secret': seed, 'issuer': issuer})}")
    out = io.BytesIO()
    code.save(out, kind="svg", scale=5, border=3, xmldecl=False, light="#fff")
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"


# --- steps ----------------------------------------------------------------------------------


def _fitting_step(seed: str, code: str, *, after: int) -> int | None:
    """The time step whose code this is, among those later than `after`."""
    if not looks_like_code(code):
        return None
    clock = TOTP(base64.b32decode(seed))
    return clock.t() if clock.verify(int(code), TOLERANCE, after + 1) else None


def _new_recovery_codes(user: User) -> list[str]:
    """`abcde-fghjk`, about fifty bits each: a keyed fingerprint is enough, no slow hash is needed."""
    user.recovery_codes.all().delete()
    codes = [
        "".join(secrets.choice(_LETTERS) for _n in range(_RECOVERY_LENGTH))
        for _m in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, fingerprint=_fingerprint(code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _fingerprint(given: str) -> str:
    return blind_index("recovery:" + given.replace("-", "").replace(" ", ""))


def _note(action: str, user: User, actor: Actor, **facts: Any) -> None:
    audit.record(
        action, actor=actor, object_type="user", object_id=user.pk, staff_no=user.staff_no, **facts
    )
