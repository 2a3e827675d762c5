"""Every change of a parameter leaves a row that says what it was. Callers check who may, and audit."""

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from common.errors import NotFound

from .definitions import DEFINITIONS
from .errors import NothingChanged, SettingRefused
from .models import Parameter, ParameterChange, Scope


@transaction.atomic
def set_value(
    key: str, value: int | None, *, scope: str, code: str = "", by: str, note: str = ""
) -> ParameterChange:
    """Set it there; None removes the setting, so that the wider scope counts again.

    Raises NotFound, SettingRefused (range, scope, code), NothingChanged.
    """
    if key not in DEFINITIONS:
        raise NotFound
    _lock(key)
    row = Parameter.objects.filter(key=key, scope=scope, code=code).first()
    before = row.value if row else None
    if before == value:
        raise NothingChanged
    if value is None:
        assert row is not None  # noqa: S101 - before differs from None
        row.delete()
    else:
        row = row or Parameter(key=key, scope=scope, code=code)
        row.value = value
        try:
            row.full_clean(validate_unique=False)
        except ValidationError as error:
            raise SettingRefused(reason=error.messages[0]) from error
        row.save()
    return ParameterChange.objects.create(
        key=key, scope=Scope(scope), code=code, before=before, after=value, changed_by=by, note=note
    )


def roll_back(change_id: int, *, by: str, note: str = "") -> ParameterChange:
    """Set what was in force before that change. Raises as set_value does."""
    change = ParameterChange.objects.filter(pk=change_id).first()
    if change is None:
        raise NotFound
    return set_value(
        change.key, change.before, scope=change.scope, code=change.code, by=by, note=note
    )


def _lock(key: str) -> None:
    """One change of a key at a time: the history is a chain. Held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"parameter:{key}"])
