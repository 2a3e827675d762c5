"""What a form of the back office changes, as the operation log keeps it: field by field, row by row."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from django.forms import BaseModelForm, ModelChoiceField
from django.utils import timezone

from audit.words import ADDED, CHANGED, DELETED

MOST_CHARS = 200


def form_changes(form: Any, formsets: Iterable[Any], *, add: bool = False) -> dict[str, Any]:
    """`changes` of the form and `lines` of the tables below it, for `audit.record`; no empty ones.

    After the tables were saved. Not for forms that hold personal data: values are written down.
    """
    lines = [line for formset in formsets for line in _lines(formset)]
    found = {"changes": {} if add else _changes(form), "lines": lines}
    return {name: each for name, each in found.items() if each}


def _lines(formset: Any) -> Iterable[dict[str, Any]]:
    of = formset.model._meta.label
    changed = {form.instance.pk: form for form in formset.initial_forms}
    for obj in formset.new_objects:
        yield {"of": of, "what": ADDED, "name": _short(str(obj))}
    for obj, _fields in formset.changed_objects:
        yield {
            "of": of,
            "what": CHANGED,
            "name": _short(str(obj)),
            "changes": _changes(changed[obj.pk]),
        }
    for obj in formset.deleted_objects:
        yield {"of": of, "what": DELETED, "name": _short(str(obj))}


def _changes(form: "BaseModelForm[Any]") -> dict[str, list[Any]]:
    found = {}
    for name in form.changed_data:
        field = form.fields[name]
        before = _plain(field, form.get_initial_for_field(field, name))
        after = _plain(field, form.cleaned_data.get(name))
        if before != after and name != "DELETE":
            found[name] = [before, after]
    return found


def _plain(field: Any, value: Any) -> Any:
    """As JSON holds it; another row by its name, which stays when it is gone."""
    if isinstance(field, ModelChoiceField) and not isinstance(value, Model | list | QuerySet):
        rows = field.queryset
        value = rows.filter(pk=value).first() if value and rows is not None else None
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple | QuerySet):
        return [_short(str(each)) for each in value]
    return _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[:MOST_CHARS] + "…"
