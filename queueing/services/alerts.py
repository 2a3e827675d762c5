"""告警: rules are edited, crossings become alerts, people acknowledge them."""

import datetime as dt
from collections.abc import Collection

from django.core.cache import cache
from django.db import connection, transaction

from accounts.models import Role
from audit import services as audit
from common.actor import Actor
from common.clock import db_now, unix_ms
from queueing.alerting import METRICS, READ
from queueing.errors import AlertOver, AlertRuleChanged, AlertRuleInvalid
from queueing.models import Alert, AlertRule
from queueing.states import AlertLevel, AlertMetric
from queueing.wallboard import EVALUATED

READ_ANEW = ("level", "staff_no", "title", "text", "value", "fired_at")
ALERTS_LOCK = 0x616C7274
MOST_HOLD_S = 3600


@transaction.atomic
def save_alert_rule(
    rule_id: int | None,
    *,
    metric: AlertMetric,
    threshold: int,
    hold_s: int,
    level: AlertLevel,
    roles: Collection[int],
    enabled: bool,
    revision: int,
    actor: Actor,
) -> AlertRule:
    """A new rule, or another wording of one; `revision` is what the writer had read.

    Raises AlertRuleInvalid (facts: what), AlertRuleChanged. A live alert of a rule that is switched
    off ends at the next look.
    """
    bounds = METRICS[metric]
    if not bounds.least <= threshold <= bounds.most:
        raise AlertRuleInvalid(what="threshold", least=bounds.least, most=bounds.most)
    if not 0 <= hold_s <= MOST_HOLD_S:
        raise AlertRuleInvalid(what="hold_s", least=0, most=MOST_HOLD_S)
    if rule_id is None:
        rule, before = AlertRule(revision=0, metric=metric), None
    else:
        rule = AlertRule.objects.select_for_update().get(pk=rule_id)
        if rule.revision != revision:
            raise AlertRuleChanged
        before = _facts(rule)
    rule.metric, rule.threshold, rule.hold_s = metric, threshold, hold_s
    rule.level, rule.enabled = level, enabled
    rule.revision += 1
    rule.changed_by, rule.changed_at = actor.name, db_now()
    rule.save()
    rule.roles.set(Role.objects.filter(pk__in=roles))
    audit.record(
        "alert_rule.saved",
        actor=actor,
        object_type="alert_rule",
        object_id=rule.pk,
        before=before,
        after=_facts(rule),
        revision=rule.revision,
    )
    return rule


def _facts(rule: AlertRule) -> dict[str, object]:
    return {
        "metric": rule.metric,
        "threshold": rule.threshold,
        "hold_s": rule.hold_s,
        "level": rule.level,
        "enabled": rule.enabled,
        "roles": sorted(rule.roles.values_list("code", flat=True)),
    }


@transaction.atomic
def evaluate_alerts() -> None:
    """Compare what is with every enabled rule. One process at a time; times are the database's.

    A crossing that ends before it has lasted as long as its rule says was nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ALERTS_LOCK])
        row = cursor.fetchone()
    if row is None or not row[0]:
        return
    now = db_now()
    live = {(alert.rule_id, alert.subject): alert for alert in Alert.objects.filter(ended_at=None)}
    rules = list(AlertRule.objects.filter(enabled=True))
    readings = {
        metric: list(READ[metric](now)) for metric in {AlertMetric(rule.metric) for rule in rules}
    }
    for rule in rules:
        metric = AlertMetric(rule.metric)
        for reading in readings[metric]:
            if not METRICS[metric].crossed(reading.value, rule.threshold):
                continue
            alert = live.pop((rule.pk, reading.subject), None) or Alert(
                rule=rule, subject=reading.subject, began_at=now
            )
            alert.level, alert.staff_no = rule.level, reading.staff_no
            alert.title, alert.text, alert.value = reading.title, reading.text, reading.value
            if alert.fired_at is None and now - alert.began_at >= dt.timedelta(seconds=rule.hold_s):
                alert.fired_at = now
            # Not what people write meanwhile: who takes care of it.
            alert.save(update_fields=None if alert.pk is None else READ_ANEW)
    for over in live.values():
        if over.fired_at is None:
            over.delete()
        else:
            over.ended_at = now
            over.save(update_fields=["ended_at"])
    transaction.on_commit(lambda: cache.set(EVALUATED, unix_ms(now), None))


@transaction.atomic
def acknowledge_alert(alert_id: int, *, actor: Actor) -> Alert:
    """Somebody takes care of it. The first one stays named. Raises AlertOver for one that has ended."""
    alert = Alert.objects.select_for_update().get(pk=alert_id)
    if alert.fired_at is None or alert.ended_at is not None:
        raise AlertOver
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = db_now(), actor.name
        alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
        audit.record(
            "alert.acknowledged",
            actor=actor,
            object_type="alert",
            object_id=alert.pk,
            title=alert.title,
        )
    return alert
