"""The operation log in words: one readable sentence an entry, whatever wrote it (WB-20)."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _now

from .models import AuditEntry
from .words import ACTIONS, ACTORS, CHOICES, CODES, FACTS, KINDS, LINES, OF_ROWS, Kind

MOST_FACT_CHARS = 80
NOTHING: tuple[Any, ...] = (None, "", [], {})
# What rooms above know: (action or object type, fact) → what its value says. Filled by operations.
READERS: dict[tuple[str, str], Callable[[AuditEntry, Any], str]] = {}
# Object type → the name of one by its id, where no row has it.
NAMERS: dict[str, Callable[[str], str]] = {}


def sentence(entry: AuditEntry) -> str:
    """ "S1001 修改了角色（增加：视频管理 · 下载）": who, what, with what facts."""
    who = entry.actor_name or str(ACTORS.get(entry.actor_kind, entry.actor_kind))
    if entry.actor_kind == "system":
        who = str(ACTORS["system"])
    facts = list(_told(entry))
    return f"{who} {_done(entry)}" + (f"（{'；'.join(facts)}）" if facts else "")


def label_of(action: str, object_type: str = "") -> str:
    """The words for an action; of one that has none yet, what it was done to and its code."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    kind = kind_of(object_type or action.split(".", maxsplit=1)[0]).label
    if action in OF_ROWS:
        return str(OF_ROWS[action]).format(kind=kind)
    return _now("操作了{kind}（{action}）").format(kind=kind, action=action)


def kind_of(object_type: str) -> Kind:
    """Also of rows that only a form changes: these are called as their model is."""
    if object_type in KINDS:
        return KINDS[object_type]
    found = [each for each in apps.get_models() if each._meta.model_name == object_type]
    if not found:
        return Kind(object_type)
    return Kind(found[0]._meta.verbose_name or object_type, found[0]._meta.label)


def names_of(entries: Collection[AuditEntry]) -> dict[int, str]:
    """Entry → its object in words, "角色 面谈岗 seat"; a query for each kind among them.

    What is gone is called as the entry called it, else by its number.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        asked[entry.object_type].add(entry.object_id)
    known = {kind: _names(kind, ids) for kind, ids in asked.items()}
    return {
        entry.pk: f"{kind_of(entry.object_type).label} "
        f"{known[entry.object_type].get(entry.object_id) or _called(entry)}"
        for entry in entries
    }


def object_of(entry: AuditEntry) -> str:
    return names_of([entry])[entry.pk]


def facts_of(entry: AuditEntry) -> dict[str, Any]:
    """The payload as it was written; {} when it is no object."""
    found = json.loads(entry.payload)
    return found if isinstance(found, dict) else {}


# --- steps ----------------------------------------------------------------------------------


def _done(entry: AuditEntry) -> str:
    return label_of(entry.action, entry.object_type)


def _called(entry: AuditEntry) -> str:
    facts = facts_of(entry)
    if entry.object_type in NAMERS:
        return NAMERS[entry.object_type](entry.object_id)
    given = (facts.get(name) for name in ("name", "title", "code", "staff_no", "contract_no"))
    return next((str(each) for each in given if each), entry.object_id)


def _names(object_type: str, ids: Collection[str]) -> dict[str, str]:
    kind = kind_of(object_type)
    if not kind.model or not kind.name:
        return {}
    model = apps.get_model(kind.model)
    key = model._meta.pk
    keys = []
    for each in ids:
        try:
            keys.append(key.to_python(each))
        except ValidationError:
            continue  # a list as a whole, a name: no row's number
    rows = model._default_manager.filter(pk__in=keys).values_list("pk", *kind.name)
    return {
        str(pk): " ".join(
            str(_by_choice(f"{kind.model}.{name}", value))
            for name, value in zip(kind.name, values, strict=True)
            if value not in NOTHING
        )
        for pk, *values in rows
    }


def _told(entry: AuditEntry) -> Iterator[str]:
    facts = facts_of(entry)
    before, after = facts.get("before"), facts.get("after")
    for name, label in FACTS.items():
        if name == "changes" and isinstance(facts.get(name), dict):
            yield from _changed(entry, kind_of(entry.object_type).model, facts[name])
        elif name == "lines" and isinstance(facts.get(name), list):
            for line in facts[name]:
                yield _line(entry, line)
        elif name == "before" and "before" in facts and "after" in facts:
            yield from _from_to(entry, before, after)
        elif name not in facts or (name == "after" and "before" in facts):
            continue
        elif facts[name] not in NOTHING and not _is_kinds_own(entry, name, facts[name]):
            yield f"{label}：{_value(entry, name, facts[name])}"


def _is_kinds_own(entry: AuditEntry, name: str, value: Any) -> bool:
    """Entries of older days called a row by the name of its kind."""
    return name == "name" and value == str(kind_of(entry.object_type).label)


def _from_to(entry: AuditEntry, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        changes = {
            name: [old.get(name), new.get(name)] for name in new if old.get(name) != new.get(name)
        }
        yield from _changed(entry, kind_of(entry.object_type).model, changes)
    else:
        yield f"{_value(entry, 'before', before)} → {_value(entry, 'after', after)}"


def _changed(entry: AuditEntry, model: str, changes: Mapping[str, Any]) -> Iterator[str]:
    for name, (before, after) in sorted(changes.items(), key=lambda each: _place(model, each[0])):
        old, new = (_worded(_by_choice(f"{model}.{name}", each)) for each in (before, after))
        yield f"{_field_label(model, name)}：{old} → {new}"


def _line(entry: AuditEntry, line: Mapping[str, Any]) -> str:
    """A row of the page that belongs to the object: a region of a channel, a step of a script."""
    model = str(line["of"])
    kind = _labelled(model)
    said = str(LINES[line["what"]]).format(kind=kind, name=line["name"])
    changes = "；".join(_changed(entry, model, line.get("changes", {})))
    return f"{said}（{changes}）" if changes else said


def _value(entry: AuditEntry, name: str, value: Any) -> str:
    for key in ((entry.action, name), (entry.object_type, name)):
        if key in READERS:
            return READERS[key](entry, value)
    if isinstance(value, bool) or value in NOTHING:
        return _worded(value)
    if name.endswith("_ms"):
        return _clock(int(value) // 1000)
    if name.endswith("_s"):
        spans = value if value and isinstance(value[0], list) else [value]
        return _cut("、".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in spans))
    if name == "bytes":
        return filesizeformat(value)
    if name == "start":
        moment = dt.datetime.fromisoformat(value)
        return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
    field = CHOICES.get((entry.object_type, name)) or f"{kind_of(entry.object_type).model}.{name}"
    words = []
    for each in value if isinstance(value, list) else [value]:
        coded = CODES.get(name, {}).get(each) if isinstance(each, str) else None
        if name == "fields" and coded is None:
            coded = _field_label(kind_of(entry.object_type).model, str(each))
        words.append(str(coded) if coded is not None else _worded(_by_choice(field, each)))
    return _cut("、".join(words))


def _worded(value: Any) -> str:
    if isinstance(value, bool):
        return _now("是") if value else _now("否")
    if value in NOTHING:
        return _now("空")
    return _cut("、".join(map(str, value)) if isinstance(value, list) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_FACT_CHARS else text[:MOST_FACT_CHARS] + "…"


def _clock(seconds: int) -> str:
    """754 → 12:34."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _by_choice(path: str, value: Any) -> Any:
    """The label of a choice; anything else as it is. Values are compared as they are written down."""
    field = _field(path)
    for code, label in field.flatchoices if field is not None else ():
        if code == value or (isinstance(value, str) and str(code) == value):
            return str(label)
    return value


def _field_label(model: str, name: str) -> str:
    """A name that is no field's is a label already: forms of older days wrote labels."""
    field = _field(f"{model}.{name}")
    return str(field.verbose_name) if field is not None else name


def _place(model: str, name: str) -> int:
    """Fields are told in the order of the model, which is the page's; JSON has none."""
    field = _field(f"{model}.{name}")
    return field.creation_counter if field is not None else 0


def _labelled(model: str) -> str:
    try:
        return str(apps.get_model(model)._meta.verbose_name)
    except LookupError:
        return model


@cache
def _field(path: str) -> "Field[Any, Any] | None":
    """The field that "app.Model.field" names, through relations; None for what is no field."""
    try:
        label, lookup = path.rsplit(".", 1)
        model: type[Model] = apps.get_model(label)
        for name in lookup.split("__"):
            found = model._meta.get_field(name)
            model = found.related_model or model
    except (ValueError, LookupError, FieldDoesNotExist):
        return None
    return found if isinstance(found, Field) else None
