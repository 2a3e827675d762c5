"""视频管理 as a file (VID-1)."""

from collections.abc import Iterator, Sequence

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from channels_admin.regions import places
from common.errors import NotFound
from exports.sources import CHUNK, Table, counting

from . import selectors
from .errors import BadSearch
from .forms import SearchForm


def found_recordings(_argument: str, query: QueryDict, user: User) -> Table:
    """What the list's search finds. Not for a seat that sees the own ones only."""
    seat_nos = selectors.seats_open_to(user)
    if seat_nos in ((), (user.staff_no,)):
        raise NotFound
    form = SearchForm(query)
    if not form.is_valid():
        raise BadSearch
    search = form.search(seat_nos)
    return Table(_("视频管理"), counting(selectors.entries_found(search)), _rows(search))


def _rows(search: selectors.Search) -> Iterator[Sequence[str]]:
    yield [
        _("面谈时间"),
        _("客户姓名"),
        _("借款合同号"),
        _("贷款类型"),
        _("客户经理工号"),
        _("面谈岗工号"),
        _("省"),
        _("市"),
        _("区县"),
        _("文件名"),
        _("时长（秒）"),
        "SHA-256",
    ]
    rows = selectors.entries_found(search).select_related("recording")
    for entry in rows.iterator(chunk_size=CHUNK):
        recording = entry.recording
        yield [
            timezone.localtime(entry.started_at).isoformat(" ", "seconds"),
            entry.customer_name,
            entry.contract_no,
            entry.loan_type,
            entry.manager_no,
            entry.seat_no,
            *(_name(code) for code in (entry.province, entry.city, entry.county)),
            recording.download_name,
            str(recording.duration_ms // 1000),
            recording.sha256,
        ]


def _name(code: str) -> str:
    """The place's own: what it lies in stands in the columns beside it."""
    place = places().get(code)
    return place.name if place else code
