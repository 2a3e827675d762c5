"""Views of docs/reporting.md line by line as a file (REP-1)."""

from functools import partial

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.selectors import may
from common.errors import NotFound
from exports.sources import Table

from . import selectors
from .forms import AskedForm

TITLES = {
    "calls": gettext_lazy("通话明细"),
    "waits": gettext_lazy("排队明细"),
    "outcomes": gettext_lazy("结论明细"),
    "admission_attempts": gettext_lazy("准入明细"),
}
PERSONAL = "personal-"


def choices_for(user: User) -> list[tuple[str, str]]:
    """What the person may take, as the argument of the source and in words."""
    shown = [(what, str(title)) for what, title in TITLES.items()]
    if selectors.scope_of_reports(user) is not None:  # an attempt belongs to no seat
        shown = [(what, title) for what, title in shown if what != "admission_attempts"]
    if may(user, selectors.PERSONAL):
        shown.append((f"{PERSONAL}calls", _("通话明细（含姓名合同）")))
        if selectors.scope_of_reports(user) is None:
            shown.append((f"{PERSONAL}admission_attempts", _("准入明细（含位置）")))
    return shown


def found_lines(argument: str, query: QueryDict, user: User) -> Table:
    title = dict(choices_for(user)).get(argument)
    if title is None or not may(user, selectors.VIEW):
        raise NotFound
    asked = AskedForm.of(query).asked(selectors.scope_of_reports(user))
    what = argument.removeprefix(PERSONAL)
    rows = selectors.lines_of(what, asked, personal=what != argument)
    name = f"{title} {asked.first} {asked.last}"
    return Table(name, partial(selectors.count_lines, what, asked), rows)
