"""What can be exported: `name` or `name:argument` of settings.EXPORT_SOURCES and EXPORT_PACKAGES.

A source is asked again when the file is made: what the person may not see by then is not in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import display_for_value, label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.html import strip_tags
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from accounts.models import User
from accounts.roster_file import rows_of
from common.errors import NotFound

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Table:
    """`count` looks no further than it is told; `rows` are texts, the heads first."""

    title: str
    count: Callable[[int], int]
    rows: Iterator[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Package:
    """A file made as a whole, always in the background.

    `write` tells again and again how many of its parts are there; whoever stays silent for longer
    than a lease loses the job. A job whose worker died comes again under its own id.
    """

    title: str
    write: Callable[[BinaryIO, Callable[[int], None], UUID], None]


def counting(found: QuerySet[Any]) -> Callable[[int], int]:
    return lambda most: found.order_by().values("pk")[:most].count()


def table_of(source: str, query: str, user: User) -> Table:
    """Raises NotFound for what is not there or not open to the person."""
    name, _, argument = source.partition(":")
    if name not in settings.EXPORT_SOURCES:
        raise NotFound
    table: Table = import_string(settings.EXPORT_SOURCES[name])(argument, QueryDict(query), user)
    return table


def package_of(source: str, query: str, user: User) -> Package:
    """Raises NotFound as `table_of` does."""
    name, _, argument = source.partition(":")
    make = import_string(settings.EXPORT_PACKAGES[name])
    package: Package = make(argument, QueryDict(query), user)
    return package


def back_office_list(argument: str, query: QueryDict, user: User) -> Table:
    """A list of the back office (`app.model`) with its filters, its columns and the person's scope."""
    model_admin, changelist, rows = _listed(argument, query, user)
    columns = [name for name in changelist.list_display if name != "action_checkbox"]
    title = str(model_admin.model._meta.verbose_name_plural)
    return Table(title, counting(rows), _rows(model_admin, columns, rows))


def roster(_argument: str, query: QueryDict, user: User) -> Table:
    """The same of the users, in the columns that 导入 reads (ACC-2)."""
    _model_admin, _changelist, rows = _listed("accounts.user", query, user)
    return Table(gettext("用户名册"), counting(rows), rows_of(rows))


def _listed(argument: str, query: QueryDict, user: User) -> tuple[Any, Any, QuerySet[Any]]:
    """The back office's class, page and rows. Raises NotFound for what the person may not see."""
    found = [
        each for model, each in admin.site._registry.items() if model._meta.label_lower == argument
    ]
    request = HttpRequest()
    request.method = "GET"
    request.user = user
    request.GET = query  # type: ignore[assignment]  # only its reading is asked
    if not found or not found[0].has_view_permission(request):
        raise NotFound
    try:
        changelist = found[0].get_changelist_instance(request)
    except IncorrectLookupParameters as unknown:
        raise NotFound from unknown
    return found[0], changelist, changelist.get_queryset(request)


def _rows(model_admin: Any, columns: list[Any], rows: QuerySet[Any]) -> Iterator[Sequence[str]]:
    yield [str(label_for_field(name, model_admin.model, model_admin)) for name in columns]
    for row in rows.iterator(chunk_size=CHUNK):
        yield [_cell(model_admin, row, name) for name in columns]


def _cell(model_admin: Any, row: Model, name: Any) -> str:
    try:
        field, _attribute, value = lookup_field(name, row, model_admin)
    except ObjectDoesNotExist:
        return ""
    if field is not None and field.flatchoices:
        value = dict(field.flatchoices).get(value, value)
    return strip_tags(str(display_for_value(value, ""))).strip()
