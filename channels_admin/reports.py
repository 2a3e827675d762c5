"""Attempts counted by channel, reason and day: what the report page and its CSV show."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .admission import Doubt, Reason
from .models import AdmissionAttempt

LONGEST_DAYS = 92
REASONS: dict[str, str | Promise] = {
    Reason.ADMITTED: _("准入"),
    Reason.UNKNOWN_CHANNEL: _("渠道未登记"),
    Reason.DISABLED_CHANNEL: _("渠道已停用"),
    Reason.OUTSIDE: _("不在允许的区域或网络"),
}
KINDS: dict[str, str | Promise] = {
    "region": _("属地"),
    "fence": _("GPS 定位"),
    "network": _("网络"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """Both days included."""

    first: dt.date
    last: dt.date
    channel_code: str = ""
    reason: str = ""


@dataclass(slots=True)
class Line:
    """A day of a channel. `counts` is in the order of REASONS."""

    day: dt.date
    channel_code: str
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def refused(self) -> int:
        return self.total - self.counts[0]

    @property
    def refused_percent(self) -> float:
        return round(100 * self.refused / self.total, 1) if self.total else 0.0


def attempts_found(search: Search, within: Q) -> QuerySet[AdmissionAttempt]:
    start = timezone.make_aware(dt.datetime.combine(search.first, dt.time.min))
    end = timezone.make_aware(dt.datetime.combine(search.last + dt.timedelta(days=1), dt.time.min))
    found = AdmissionAttempt.objects.filter(created_at__gte=start, created_at__lt=end).filter(
        within
    )
    if search.channel_code:
        found = found.filter(channel_code=search.channel_code)
    if search.reason:
        found = found.filter(reason=search.reason)
    return found


def lines(search: Search, within: Q) -> list[Line]:
    """One line a day and channel, newest first (one query); `within` is what is open to who asks."""
    order = list(REASONS)
    found: dict[tuple[dt.date, str], Line] = {}
    counted = (
        attempts_found(search, within)
        .annotate(day=TruncDate("created_at"))
        .values("day", "channel_code", "reason")
        .annotate(count=Count("pk"))
        .order_by("-day", "channel_code")
    )
    for row in counted:
        place = (row["day"], row["channel_code"])
        line = found.setdefault(place, Line(*place, [0] * len(order)))
        if row["reason"] in order:
            line.counts[order.index(row["reason"])] += row["count"]
    return list(found.values())


def by_channel(rows: list[Line], last: dt.date) -> list[Line]:
    """The lines of the whole time, summed by channel; most refused first."""
    sums: dict[str, Line] = {}
    for line in rows:
        total = sums.setdefault(
            line.channel_code, Line(last, line.channel_code, [0] * len(REASONS))
        )
        total.counts = [a + b for a, b in zip(total.counts, line.counts, strict=True)]
    return sorted(sums.values(), key=lambda line: (-line.refused, -line.total))


def reason_text(reason: str) -> str:
    return str(REASONS.get(reason, reason))


DOUBTS: dict[str, str | Promise] = {
    Doubt.MOCKED: _("模拟定位"),
    Doubt.NO_ACCURACY: _("没有精度"),
    Doubt.TOO_FAST: _("两次位置相距过远"),
    Doubt.REPEATED: _("与上次坐标完全相同"),
    Doubt.FAR_FROM_ADDRESS: _("与网络地址所在地不符"),
    Doubt.FAR_FROM_REGION: _("与所报属地不符"),
    Doubt.WIFI_ELSEWHERE: _("自称连入我方 WIFI，网络地址不符"),
}


def doubts_text(attempt: AdmissionAttempt) -> str:
    """模拟定位、没有精度; empty when nothing speaks against the position."""
    return "、".join(str(DOUBTS.get(doubt, doubt)) for doubt in attempt.doubts)


def checks_text(attempt: AdmissionAttempt) -> str:
    """属地 浙江省 ✕；网络 营业厅 ✓"""
    return "；".join(
        f"{KINDS.get(check['kind'], check['kind'])} {check['row']} {'✓' if check['passed'] else '✕'}"
        for check in attempt.checks
    )


def summary_csv(rows: list[Line]) -> Iterator[list[str]]:
    yield [str(_("日期")), str(_("渠道代码")), *map(str, REASONS.values()), str(_("合计"))]
    for line in rows:
        yield [
            line.day.isoformat(),
            line.channel_code,
            *map(str, line.counts),
            str(line.total),
        ]
