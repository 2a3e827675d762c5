"""What the wallboard shows: one dict of figures, calls and alerts, at most two seconds old."""

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.selectors import slot_length
from channels_admin.regions import places
from common.clock import unix_ms
from interviews.models import Call, InterviewTask
from interviews.proof import networks_of, proofs_of
from interviews.states import RUNNING, ParticipantState
from parameters.selectors import value_of
from scripts_mgmt.models import Script
from scripts_mgmt.selectors import script_for
from seats.models import SeatPresence
from seats.states import Presence

from . import figures
from .models import Alert, AlertRule
from .states import AlertMetric

FRESH_S = 1
PROOF_OLD_S = 5
EVALUATED = "alerts-evaluated"  # when the rules were looked at last (ms of the epoch)
MAX_DONE = 20
MAX_CALLS = 60
NETWORKS = ("good", "fair", "poor")


def board() -> dict[str, Any]:
    """Shared by everybody who looks: many screens cost one look at the tables."""
    return cache.get_or_set("wallboard", _board, FRESH_S) or {}


Scope = tuple[str, ...] | None  # staff numbers; None means everybody's


def board_for(staff_nos: Scope, role_ids: set[int] | None, acted_on: Scope = ()) -> dict[str, Any]:
    """The board with these seats and their calls, and the alerts these seats and roles are told of.

    `acted_on`: as `alerts_for`. The line and its figures are the bank's: one line serves every institution.
    """
    whole = board()
    own = {
        name: [row for row in whole[name] if staff_nos is None or row["staff_no"] in staff_nos]
        for name in ("calls", "seat_rows")
    }
    return whole | {
        **own,
        "alerts": _told(whole["alerts"], staff_nos, role_ids, acted_on),
        "alerts_done": _told(whole["alerts_done"], staff_nos, role_ids),
    }


def alerts_for(staff_nos: Scope, role_ids: set[int] | None, acted_on: Scope = ()) -> dict[str, Any]:
    """What of the board stands in the head of every page: without its figures, so that it costs little.

    Each says whether the person `may_acknowledge` it: the alerts about the seats of `acted_on`, where
    "" stands for those about no seat.
    """
    whole = cache.get_or_set("live-alerts", lambda: _live_alerts(timezone.now()), FRESH_S) or {}
    return whole | {"alerts": _told(whole["alerts"], staff_nos, role_ids, acted_on)}


def _told(
    alerts: list[dict[str, Any]],
    staff_nos: Scope,
    role_ids: set[int] | None,
    acted_on: Scope = (),
) -> list[dict[str, Any]]:
    """Those about these seats, or about none, that one of these roles is told of."""
    return [
        alert | {"may_acknowledge": acted_on is None or alert["staff_no"] in acted_on}
        for alert in alerts
        if (staff_nos is None or alert["staff_no"] in {"", *staff_nos})
        and (role_ids is None or not alert["roles"] or not role_ids.isdisjoint(alert["roles"]))
    ]


def _board() -> dict[str, Any]:
    now = timezone.now()
    day = figures.start_of(timezone.localdate(now))
    today = figures.requests_between(day, now)
    sums = figures.sums_of(today)
    line = figures.line_now()
    longest_s = max(((now - request.arrived_at).total_seconds() for request in line), default=0.0)
    wrap_s = figures.wrap_up_s(day, now)
    rules = list(AlertRule.objects.filter(enabled=True))
    return {
        "waiting": len(line),
        "longest_s": round(longest_s),
        "wait_alert_s": _threshold(rules, AlertMetric.LONGEST_WAIT),
        "line_alert": _threshold(rules, AlertMetric.LINE),
        "level_alert": _threshold(rules, AlertMetric.SERVICE_LEVEL),
        "service_level": sums.service_level,
        "service_level_s": value_of("service_level_s"),
        "short_abandon_s": value_of("short_abandon_s"),
        "answer_s": sums.answer_s,
        "talk_s": sums.talk_s,
        "wrap_s": wrap_s,
        "handling_s": None if sums.talk_s is None else sums.talk_s + (wrap_s or 0.0),
        "occupancy": figures.occupancy(figures.presence_shares(day, now)),
        "abandonment": sums.abandonment,
        "abandoned": figures.where_abandoned(today),
        "doubt_rate": figures.doubt_rate_today(now),
        "seats": figures.seats_by_state(),
        "seat_rows": _seat_rows(),
        "pauses": _pauses(),
        "appointments": figures.appointments_today(now),
        "curve": {
            "from_unix_ms": unix_ms(_curve_from(day, now)),
            "step_s": int(figures.CURVE_STEP.total_seconds()),
            "points": figures.curve(
                today.values_list("arrived_at", "closed_at"), _curve_from(day, now), now
            ),
        },
        "calls": running_calls(now),
        "alerts_done": _alerts_done(day),
        **_live_alerts(now),
    }


def _curve_from(day: dt.datetime, now: dt.datetime) -> dt.datetime:
    """From eight in the morning, or the last two hours before that."""
    morning = day + dt.timedelta(hours=8)
    return (
        morning if now - morning > dt.timedelta(hours=1) else max(day, now - dt.timedelta(hours=2))
    )


def _pauses() -> dict[str, int]:
    reasons: dict[str, int] = {}
    rows = SeatPresence.objects.filter(state=Presence.PAUSED, seat__rehearsal=False)
    for reason in rows.values_list("reason", flat=True):
        reasons[reason or _("其他")] = reasons.get(reason or _("其他"), 0) + 1
    return reasons


def _seat_rows() -> list[dict[str, Any]]:
    """Who has signed in, in order of number; `after` is what follows the case in hand."""
    rows = (
        SeatPresence.objects.filter(seat__enabled=True, seat__rehearsal=False)
        .exclude(state=Presence.SIGNED_OUT)
        .select_related("seat__user")
        .order_by("seat__user__staff_no")
    )
    return [
        {
            "seat_id": row.seat_id,
            "seat": row.seat.name,
            "staff_no": row.seat.staff_no,
            "state": row.state,
            "reason": row.reason,
            "since_unix_ms": unix_ms(row.since),
            "after": Presence.SIGNED_OUT.value if row.sign_out_after else row.next_state,
        }
        for row in rows
    ]


def running_calls(now: dt.datetime) -> list[dict[str, Any]]:
    """No customer's name: the board hangs on a wall."""
    rows = list(
        Call.objects.filter(state__in=RUNNING, task__rehearsal=False)
        .select_related("task", "seat__user")
        .prefetch_related("events", "participants__user")
        .order_by("clock_started_at")[:MAX_CALLS]
    )
    proofs = proofs_of(str(call.pk) for call in rows)
    networks = networks_of(str(place.pk) for call in rows for place in call.participants.all())
    script_of = functools.cache(script_for)  # many calls are of few products
    plans: dict[int, int] = {}
    for seat in {call.seat for call in rows}:
        plans[seat.pk] = int(slot_length(seat).total_seconds())
    return [
        _call(call, proofs.get(str(call.pk)), networks, now)
        | {"plan_s": plans[call.seat_id], "steps": _steps(call.task, script_of)}
        for call in rows
    ]


def _steps(task: InterviewTask, script_of: Callable[..., Script | None]) -> int:
    script = script_of(task.channel_code, task.product_code, task.business_type)
    return len(script.steps.all()) if script else 0


def _call(
    call: Call, proof: dict[str, Any] | None, networks: dict[str, str], now: dt.datetime
) -> dict[str, Any]:
    done = {
        event.payload.get("order")
        for event in call.events.all()
        if event.kind == "script_step" and event.payload.get("done")
    }
    places = list(call.participants.all())
    people = [place for place in places if place.user is None]
    task = call.task
    tracks = proof["tracks"] if proof else []
    told_s = (unix_ms(now) - proof["at_unix_ms"]) / 1000 if proof else None
    oldest_ms = max((track["last_write_age_ms"] for track in tracks), default=0)
    return {
        "call_id": str(call.pk),
        "seat_id": call.seat_id,
        "seat": call.seat.user.name,
        "staff_no": call.seat.user.staff_no,
        "product": task.product_name,
        "region": _region(task.property_city or task.property_province),
        "network": _worst(
            networks.get(str(place.pk), "")
            for place in people
            if place.state == ParticipantState.PRESENT
        ),
        "state": call.state,
        "since_unix_ms": unix_ms(call.live_at or call.clock_started_at),
        "present": sum(1 for place in people if place.state == ParticipantState.PRESENT),
        "lost": sum(1 for place in people if place.state == ParticipantState.LOST),
        "supervisors": [
            {"name": place.name, "silent": place.silent}
            for place in places
            if place.user is not None and place.state != ParticipantState.LEFT
        ],
        "steps_done": len(done),
        "live_s": (now - (call.live_at or now)).total_seconds(),
        "recording": {
            "on": call.recording_on,
            "tracks": len(tracks),
            "age_s": None if told_s is None else round(told_s + max(0, oldest_ms) / 1000, 1),
            "stalled": call.recording_on
            and (
                any(track["stalled"] for track in tracks) or told_s is None or told_s > PROOF_OLD_S
            ),
        },
    }


def _region(code: str) -> str:
    place = places().get(code)
    return place.name if place else code


def _worst(levels: Iterable[str]) -> str:
    """Of good, fair and poor; empty when nobody was measured."""
    known = [level for level in levels if level in NETWORKS]
    return max(known, key=NETWORKS.index, default="")


def _live_alerts(now: dt.datetime) -> dict[str, Any]:
    """What has fired and is not over, worst and oldest first."""
    live = _fired().filter(ended_at=None).order_by("fired_at")
    told = cache.get(EVALUATED)
    return {
        "at_unix_ms": unix_ms(now),
        "alerts": sorted((_alert(each) for each in live), key=lambda a: a["level"] != "stop"),
        "alerts_age_s": None if told is None else (unix_ms(now) - told) / 1000,
    }


def _alerts_done(day: dt.datetime) -> list[dict[str, Any]]:
    over = _fired().filter(ended_at__gte=day).order_by("-ended_at")[:MAX_DONE]
    return [_alert(each) for each in over]


def _fired() -> QuerySet[Alert]:
    return Alert.objects.filter(fired_at__isnull=False).prefetch_related("rule__roles")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "level": alert.level,
        "title": alert.title,
        "text": alert.text,
        "staff_no": alert.staff_no,
        "roles": [role.pk for role in alert.rule.roles.all()],
        "fired_unix_ms": unix_ms(alert.fired_at) if alert.fired_at else None,
        "ended_unix_ms": unix_ms(alert.ended_at) if alert.ended_at else None,
        "acknowledged_by": alert.acknowledged_by,
    }


def _threshold(rules: list[AlertRule], metric: AlertMetric) -> int | None:
    """The first line anybody is told of; None when nobody is."""
    return min((rule.threshold for rule in rules if rule.metric == metric), default=None)
