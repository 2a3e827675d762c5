"""People in and out of a spreadsheet (ACC-2): what a file says, row by row, before anything is done."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from common.spreadsheet import NotATable, read_table

from .models import Institution, Role, User
from .operations import INCOMPATIBLE, label_of
from .services import UserDraft

STAFF_NO = re.compile(r"[A-Za-z0-9]{1,20}")
PHONE = re.compile(r"\+?[0-9][0-9-]{4,18}")
MOST_PEOPLE = 1000
CHUNK = 2000
SEPARATORS = re.compile(r"[，,、;；\s]+")


def heads() -> list[str]:
    return [_("工号"), _("姓名"), _("手机号"), _("邮箱"), _("机构号码"), _("角色代码")]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file with all that is wrong with it; `draft` when nothing is.

    `user` is the person who is there already, `changes` what of them becomes something else: label,
    before, after.
    """

    number: int
    cells: tuple[str, ...]
    errors: tuple[str, ...]
    draft: UserDraft | None
    user: User | None = None
    changes: tuple[tuple[str, str, str], ...] = ()

    @property
    def is_new(self) -> bool:
        return self.draft is not None and self.user is None

    @property
    def is_changed(self) -> bool:
        return self.draft is not None and bool(self.changes)


def lines_of(name: str, content: bytes) -> list[Line]:
    """The file's people. Raises ValidationError when it is no such table at all."""
    try:
        table = read_table(name, content)
    except NotATable as error:
        raise ValidationError(_("无法读取该文件，请使用 CSV 或 XLSX。")) from error
    if not table or [cell for cell in table[0] if cell] != heads():
        raise ValidationError(_("第一行须为：{heads}").format(heads="、".join(heads())))
    rows = [tuple((*row, "", "", "", "", "", "")[:6]) for row in table[1:]]
    if not rows:
        raise ValidationError(_("文件中没有用户。"))
    if len(rows) > MOST_PEOPLE:
        raise ValidationError(_("一次最多导入 {most} 个用户。").format(most=MOST_PEOPLE))
    return checked(rows)


def checked(rows: Sequence[tuple[str, ...]]) -> list[Line]:
    """The rows with their errors, judged by what is there now."""
    institutions = {each.code: each for each in Institution.objects.all()}
    roles = {each.code: each for each in Role.objects.all()}
    numbers = [row[0] for row in rows]
    people = User.objects.filter(staff_no__in=numbers).select_related("institution")
    known = {user.staff_no: user for user in people.prefetch_related("roles")}
    return [
        _line(number, row, institutions, roles, known, numbers[: number - 2])
        for number, row in enumerate(rows, start=2)
    ]


def _line(
    number: int,
    row: tuple[str, ...],
    institutions: dict[str, Institution],
    roles: dict[str, Role],
    known: dict[str, User],
    before: list[str],
) -> Line:
    staff_no, name, phone, email, institution, asked = row
    codes = [code for code in SEPARATORS.split(asked) if code]
    errors: list[str] = []
    if not STAFF_NO.fullmatch(staff_no):
        errors.append(_("工号须为 1–20 位字母或数字"))
    elif staff_no in known and known[staff_no].deleted_at:
        errors.append(_("工号属于已删除的用户"))
    elif staff_no in before:
        errors.append(_("工号在文件中重复"))
    if not 0 < len(name) <= 60:
        errors.append(_("姓名须为 1–60 个字"))
    if phone and not PHONE.fullmatch(phone):
        errors.append(_("手机号无效"))
    if email and not _is_email(email):
        errors.append(_("邮箱无效"))
    if institution and institution not in institutions:
        errors.append(_("没有机构号码 {code}").format(code=institution))
    unknown = [code for code in codes if code not in roles]
    if unknown:
        errors.append(_("没有角色代码 {codes}").format(codes="、".join(unknown)))
    chosen = tuple(roles[code] for code in dict.fromkeys(codes) if code in roles)
    opened = {operation for role in chosen for operation in role.operations}
    errors += [
        _("“{first}”与“{second}”不得由同一人承担").format(
            first=label_of(first), second=label_of(second)
        )
        for first, second in INCOMPATIBLE
        if first in opened and second in opened
    ]
    draft = UserDraft(staff_no, name, phone, email, institutions.get(institution), chosen)
    user = known.get(staff_no)
    if errors:
        return Line(number, row, tuple(errors), None, user)
    return Line(number, row, (), draft, user, _changes(user, draft) if user else ())


def _changes(user: User, draft: UserDraft) -> tuple[tuple[str, str, str], ...]:
    roles = sorted(user.roles.all(), key=lambda role: role.code)
    rows = (
        (_("姓名"), user.name, draft.name),
        (_("手机号"), user.phone, draft.phone),
        (_("邮箱"), user.email, draft.email),
        (_("机构"), str(user.institution or ""), str(draft.institution or "")),
        (
            _("角色"),
            "、".join(role.name for role in roles),
            "、".join(role.name for role in sorted(draft.roles, key=lambda role: role.code)),
        ),
    )
    return tuple(row for row in rows if row[1] != row[2])


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def rows_of(people: QuerySet[User]) -> Iterator[list[str]]:
    """The table of these people, as it can be imported elsewhere."""
    yield heads()
    found = people.select_related("institution").prefetch_related("roles")
    for user in found.iterator(chunk_size=CHUNK):
        yield [
            user.staff_no,
            user.name,
            user.phone,
            user.email,
            user.institution.code if user.institution else "",
            "、".join(role.code for role in user.roles.all()),
        ]
