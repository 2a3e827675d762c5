"""The seat's own day: what it has done, and what it should know before the next call."""

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from interviews.models import Call
from interviews.states import CallState
from qc.selectors import results_of_seat
from qc.states import ReviewState
from recordings.models import Recording
from recordings.selectors import upload_of
from recordings.states import FINAL
from seats.models import PresenceHistory, Seat, SeatPresence
from seats.states import Presence

BUSY = (Presence.OFFERED, Presence.IN_CALL, Presence.WRAP_UP)
AT_WORK = (*BUSY, Presence.READY)
SHOWN = 3
RESULTS_FOR = dt.timedelta(days=2)


def figures_of(seat: Seat, presence: SeatPresence) -> dict[str, Any]:
    """Today's interviews, mean talk and wrap-up in s, occupancy in %; None where nothing was."""
    now = timezone.now()
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    spent: dict[str, list[float]] = {}
    stretches = [
        *PresenceHistory.objects.filter(seat=seat, until__gt=start).values_list(
            "state", "since", "until"
        ),
        (presence.state, presence.since, now),
    ]
    for state, since, until in stretches:
        spent.setdefault(state, []).append((until - max(since, start)).total_seconds())
    at_work = sum(sum(spent.get(state, ())) for state in AT_WORK)
    busy = sum(sum(spent.get(state, ())) for state in BUSY)
    return {
        "filed": Call.objects.filter(seat=seat, state=CallState.FILED, filed_at__gte=start).count(),
        "talk_s": _mean(spent.get(Presence.IN_CALL, [])),
        "wrap_s": _mean(spent.get(Presence.WRAP_UP, [])),
        "occupancy": round(100 * busy / at_work) if at_work >= 1 else None,
    }


def _mean(lengths: list[float]) -> int | None:
    return round(sum(lengths) / len(lengths)) if lengths else None


def news_of(seat: Seat) -> list[dict[str, str]]:
    """What the hint area says between calls (WB-19): uploads on their way, results of reviews.

    {level: risk | info | good, title, text, time}
    """
    on_the_way = (
        Recording.objects.filter(call__seat=seat, call__state=CallState.FILED)
        .exclude(stage__in=FINAL)
        .select_related("call__task")
        .order_by("-call__filed_at")[:SHOWN]
    )
    news = [
        {
            "level": "risk" if recording.error else "info",
            "title": _("{name}的录像正在入库").format(name=recording.call.task.customer_name),
            "text": (
                _("出错，正在自动重试；原始录制完好。")
                if recording.error
                else _("已完成 {percent}%，不影响接听。").format(
                    percent=upload_of(recording)["percent"]
                )
            ),
            "time": _time(recording.call.filed_at),
        }
        for recording in on_the_way
    ]
    since = timezone.now() - RESULTS_FOR
    return news + [
        {
            "level": "good" if review.state == ReviewState.PASSED else "risk",
            "title": _("质检结果：{name} {result}").format(
                name=review.call.task.customer_name, result=review.get_state_display()
            ),
            "text": review.note or "、".join(review.reasons) or _("无评语。"),
            "time": _time(review.decided_at),
        }
        for review in results_of_seat(seat.user).filter(decided_at__gte=since)[:SHOWN]
    ]


def _time(moment: dt.datetime | None) -> str:
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    today = local.date() == timezone.localdate()
    return f"{local:%H:%M}" if today else f"{local:%m-%d}"
