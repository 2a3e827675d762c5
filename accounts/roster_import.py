"""People out of a file (ACC-2): each row is new, changed, unchanged or wrong; all are taken in or none."""

from collections.abc import Sequence
from dataclasses import replace

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from common.actor import Actor
from common.errors import DomainError

from . import services
from .errors import RowRefused
from .forms import institutions_to_give
from .models import DataScope, User
from .roster_file import Line, checked
from .selectors import actor_of, roles_to_give, scope_of, visible

SALT, SHOWN_S = "accounts.import", 1800


class Outdated(Exception):
    """The preview is too old, or is none of ours."""


def judged(lines: Sequence[Line], editor: User) -> list[Line]:
    """The rows with what the editor may not do, and what would be refused, as errors of theirs."""
    return [_tried(line, editor) for line in _given(lines, editor)]


def sealed(lines: Sequence[Line]) -> str:
    """What was shown, to be brought back with the confirmation."""
    shown = {"rows": [line.cells for line in lines], "told": _told(lines)}
    return signing.dumps(shown, salt=SALT, compress=True)


def opened(seal: str, editor: User) -> tuple[list[Line], bool]:
    """The rows that were shown, judged again, and whether they still say the same.

    Raises Outdated.
    """
    try:
        shown = signing.loads(seal, salt=SALT, max_age=SHOWN_S)
    except signing.BadSignature as error:
        raise Outdated from error
    lines = judged(checked([tuple(row) for row in shown["rows"]]), editor)
    return lines, _told(lines) == shown["told"]


@transaction.atomic
def take_in(lines: Sequence[Line], *, actor: Actor) -> tuple[list[tuple[User, str]], list[User]]:
    """Create and change: (people with their initial passwords, people who were changed).

    Raises RowRefused; then nothing was done.
    """
    created: list[tuple[User, str]] = []
    changed: list[User] = []
    for line in lines:
        if line.draft is None:
            raise RowRefused(number=line.number, reason="；".join(line.errors))
        try:
            if line.user is None:
                created.append(services.create_user(line.draft, actor=actor))
            elif line.changes:
                changed.append(services.change_user(line.user.pk, line.draft, actor=actor))
        except DomainError as refusal:
            raise RowRefused(number=line.number, reason=refusal.text) from refusal
    return created, changed


# --- steps ----------------------------------------------------------------------------------


def _told(lines: Sequence[Line]) -> list[list[object]]:
    return [[line.is_new, [list(change) for change in line.changes]] for line in lines]


def _given(lines: Sequence[Line], editor: User) -> list[Line]:
    roles, places = set(roles_to_give(editor)), set(institutions_to_give(editor))
    bank_wide = scope_of(editor, services.MANAGE) == DataScope.ALL
    there = [line.user.pk for line in lines if line.user]
    mine = User.objects.filter(visible(editor, services.MANAGE), pk__in=there)
    if not editor.is_superuser:
        mine = mine.filter(is_superuser=False)
    reach = set(mine.values_list("pk", flat=True))
    judged_lines = []
    for line in lines:
        draft, user = line.draft, line.user
        if draft is None:
            judged_lines.append(line)
            continue
        had = set(user.roles.all()) if user else set()
        moves = user is None or user.institution != draft.institution
        is_place_open = draft.institution in places or (bank_wide and not draft.institution)
        is_open = (
            (user is None or user.pk in reach)
            and had ^ set(draft.roles) <= roles
            and (is_place_open or not moves)
        )
        judged_lines.append(line if is_open else _wrong(line, _("超出您的数据范围")))
    return judged_lines


def _tried(line: Line, editor: User) -> Line:
    """A change is tried and taken back: what a service would refuse is told beforehand."""
    if line.draft is None or line.user is None or not line.changes:
        return line
    try:
        with transaction.atomic():
            services.change_user(line.user.pk, line.draft, actor=actor_of(editor))
            transaction.set_rollback(True)
    except DomainError as refusal:
        return _wrong(line, refusal.text)
    return line


def _wrong(line: Line, error: str) -> Line:
    return replace(line, errors=(*line.errors, error), draft=None)
