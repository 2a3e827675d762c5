"""What the partner API tells, in the words and shapes of a phone's page. Pure."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")  # data
TIMES = ("slot_start", "slot_end", "at", "earliest", "start", "end", "started_at", "created_at")


def local(text: str | None) -> dt.datetime | None:
    return timezone.localtime(dt.datetime.fromisoformat(text)) if text else None


def with_times(told: Any) -> Any:
    """The answer with its times as local datetimes, all the way down."""
    if isinstance(told, list):
        return [with_times(one) for one in told]
    if isinstance(told, dict):
        return {
            name: local(value) if name in TIMES and isinstance(value, str) else with_times(value)
            for name, value in told.items()
        }
    return told


def money(text: str) -> str:
    return f"{Decimal(text):,.2f}"


def day_words(moment: dt.datetime) -> str:
    """今天, 明天, or the date."""
    days = (moment.date() - timezone.localdate()).days
    if days == 0:
        return _("今天")
    if days == 1:
        return _("明天")
    return date_format(moment, "n 月 j 日")  # data


def slot_words(start: dt.datetime, end: dt.datetime) -> str:
    return f"{day_words(start)} {start:%H:%M}–{end:%H:%M}"


def picker(days: list[dict[str, Any]], chosen: str) -> dict[str, Any]:
    """The days of a month as buttons, and the times of the chosen one (else the first with any free)."""
    shown = with_times(days)
    first_free = next((day["date"] for day in shown if day["free"]), "")
    known = {day["date"] for day in shown}
    date = chosen if chosen in known else first_free
    for day in shown:
        on = dt.date.fromisoformat(day["date"])
        day["weekday"], day["number"] = WEEKDAYS[on.weekday()], on.day
        day["month"] = on.month
        day["chosen"] = day["date"] == date
        day["left"] = (
            _("余 {count}").format(count=day["free"])
            if day["free"]
            else _("满")
            if day["slots"]
            else _("已过")
            if on == timezone.localdate() and not day["off_note"]
            else _("休")
        )
        day["off"] = not day["slots"]
    return {
        "days": shown,
        "day": next((day for day in shown if day["chosen"]), None),
        "date": date,
    }


def term_words(field: str, value: str) -> str:
    """A field of the loan as a person reads it."""
    if not value:
        return "—"
    if field == "amount":
        return _("{amount} 元").format(amount=money(value))
    if field == "term_months":
        return _("{months} 个月").format(months=value)
    if field == "repayment_day":
        return _("每月 {day} 日").format(day=value)
    if field == "annual_rate":
        return f"{Decimal(value).normalize():f}%"
    return value


def terms(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The loan with its proposed changes; money says by how much."""
    found = []
    for row in rows:
        proposed = row["proposed"]
        delta = ""
        if proposed and row["field"] == "amount":
            change = Decimal(proposed) - Decimal(row["value"])
            words = _("增加 {amount} 元") if change > 0 else _("减少 {amount} 元")
            delta = words.format(amount=f"{abs(change):,.2f}")
        found.append(
            {
                "field": row["field"],
                "label": row["label"],
                "value": term_words(row["field"], row["value"]),
                "proposed": term_words(row["field"], proposed) if proposed else "",
                "delta": delta,
            }
        )
    return found
