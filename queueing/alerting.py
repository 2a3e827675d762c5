"""What alerts are about: each metric's unit, bounds and side, and what is read of it now."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit.selectors import busiest
from interviews.states import CallState
from media_worker.models import MediaWorker
from outbox.models import MessageState, OutboxMessage

from . import figures
from .states import AlertMetric
from .wallboard import running_calls

FORGOTTEN = dt.timedelta(hours=1)  # a worker that was taken away on purpose
OPENED_FOR_S = 60  # counted anew once a minute
SILENT_S = 10  # of a worker that is silent the disk is not known


@dataclass(frozen=True, slots=True)
class Metric:
    """`above`: too much is wrong; otherwise too little is. `about` says what is counted."""

    unit: str | Promise
    least: int
    most: int
    above: bool
    about: str | Promise

    def crossed(self, value: float, threshold: int) -> bool:
        return value > threshold if self.above else value < threshold


METRICS: dict[AlertMetric, Metric] = {
    AlertMetric.LONGEST_WAIT: Metric(_("秒"), 10, 7200, True, _("排队最久的客户已等待")),
    AlertMetric.LINE: Metric(_("人"), 1, 500, True, _("已准入、未接通的客户")),
    AlertMetric.SERVICE_LEVEL: Metric("%", 1, 99, False, _("今日时限内接通的比例")),
    AlertMetric.RECORDER: Metric(_("秒"), 3, 600, True, _("通话中最旧一轨距上次写盘")),
    AlertMetric.DISK: Metric("%", 1, 90, False, _("媒体节点录像盘剩余空间")),
    AlertMetric.WORKER: Metric(_("秒"), 5, 600, True, _("媒体节点距上次心跳")),
    AlertMetric.PARTNER_LATE: Metric(_("秒"), 10, 86_400, True, _("最早一条待发消息已等待")),
    AlertMetric.PARTNER_PARKED: Metric(_("条"), 0, 10_000, True, _("被合作系统拒绝、待人工处理")),
    AlertMetric.OPENED: Metric(_("份"), 1, 100_000, True, _("同一人今日打开的录像数")),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value now, of one subject, and how an alert about it would read."""

    value: float
    title: str
    text: str = ""
    subject: str = ""
    staff_no: str = ""


def _longest_wait(now: dt.datetime) -> Iterator[Reading]:
    waits = [(now - request.arrived_at).total_seconds() for request in figures.line_now()]
    yield Reading(max(waits, default=0.0), _now("最长等待超过目标"), _now("可请示忙坐席回到示闲"))


def _line(now: dt.datetime) -> Iterator[Reading]:
    count = len(figures.line_now())
    yield Reading(count, _now("排队 {count} 人").format(count=count), _now("超过排队人数告警线"))


def _service_level(now: dt.datetime) -> Iterator[Reading]:
    day = figures.start_of(timezone.localdate(now))
    level = figures.sums_of(figures.requests_between(day, now)).service_level
    if level is not None:
        title = _now("服务水平 {share} %").format(share=round(100 * level))
        yield Reading(100 * level, title, _now("今日时限内接通的比例低于目标"))


def _recorder(now: dt.datetime) -> Iterator[Reading]:
    for call in running_calls(now):
        if call["state"] != CallState.LIVE or not call["recording"]["on"]:
            continue
        age_s = call["recording"]["age_s"]
        yield Reading(
            call["live_s"] if age_s is None else age_s,
            _now("{name}：录制停止增长").format(name=call["seat"]),
            _now("坐席已收到告警"),
            call["call_id"],
            call["staff_no"],
        )


def _workers(now: dt.datetime) -> Iterator[tuple[MediaWorker, float]]:
    for worker in MediaWorker.objects.filter(last_heartbeat_at__gte=now - FORGOTTEN):
        yield worker, (now - worker.last_heartbeat_at).total_seconds()


def _disk(now: dt.datetime) -> Iterator[Reading]:
    for worker, silent_s in _workers(now):
        if silent_s <= SILENT_S:
            free = worker.disk_free_percent
            title = _now("录像盘剩余 {share} %").format(share=round(free))
            text = _now("{name}：请清理或扩容").format(name=worker.worker_id)
            yield Reading(free, title, text, worker.worker_id)


def _silent_worker(now: dt.datetime) -> Iterator[Reading]:
    for worker, silent_s in _workers(now):
        title = _now("媒体节点 {name} 失联").format(name=worker.worker_id)
        yield Reading(silent_s, title, _now("通话已转到其他节点"), worker.worker_id)


def _partner_late(now: dt.datetime) -> Iterator[Reading]:
    waiting = OutboxMessage.objects.filter(state=MessageState.PENDING).order_by("created_at")
    oldest = waiting.values_list("created_at", flat=True).first()
    late_s = (now - oldest).total_seconds() if oldest else 0.0
    yield Reading(late_s, _now("合作系统：消息迟到"), _now("见“系统对接”的待发消息"))


def _partner_parked(now: dt.datetime) -> Iterator[Reading]:
    count = OutboxMessage.objects.filter(state=MessageState.PARKED).count()
    title = _now("合作系统：{count} 条消息搁置").format(count=count)
    yield Reading(count, title, _now("见“系统对接”，重发或跳过"))


def _opened(now: dt.datetime) -> Iterator[Reading]:
    """Who opens many recordings; nobody is refused one, as reviewing is what they are there for."""
    day = figures.start_of(timezone.localdate(now))
    most = cache.get_or_set(
        "queueing.opened", lambda: busiest("recording.opened", since=day), OPENED_FOR_S
    )
    for actor_id, staff_no, count in most or ():
        title = _now("{name} 今日打开录像 {count} 份").format(name=staff_no, count=count)
        yield Reading(count, title, _now("请在操作日志中核实用途"), actor_id, staff_no)


READ: dict[AlertMetric, Callable[[dt.datetime], Iterator[Reading]]] = {
    AlertMetric.LONGEST_WAIT: _longest_wait,
    AlertMetric.LINE: _line,
    AlertMetric.SERVICE_LEVEL: _service_level,
    AlertMetric.RECORDER: _recorder,
    AlertMetric.DISK: _disk,
    AlertMetric.WORKER: _silent_worker,
    AlertMetric.PARTNER_LATE: _partner_late,
    AlertMetric.PARTNER_PARKED: _partner_parked,
    AlertMetric.OPENED: _opened,
}


def sentence(rule: Any) -> str:
    """ "录像盘剩余 低于 20 %，持续 60 秒" of an AlertRule."""
    metric = METRICS[AlertMetric(rule.metric)]
    side = _now("超过") if metric.above else _now("低于")
    held = _now("，持续 {count} 秒").format(count=rule.hold_s) if rule.hold_s else ""
    return f"{rule.get_metric_display()}{side} {rule.threshold} {metric.unit}{held}"
