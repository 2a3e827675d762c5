"""首页: what waits for this person today, by what the roles open and as far as their scope goes."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from axes.models import AccessAttempt
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import changes, passwords
from accounts.models import User
from accounts.selectors import operations_of, visible
from appointments.models import Appointment
from appointments.states import AppointmentState
from interviews.models import InterviewTask
from interviews.selectors import tasks_in_scope
from media_worker.models import MediaWorker
from outbox.models import MessageState, OutboxMessage
from qc.selectors import reviews_listed_for, reviews_open_to
from qc.states import ReviewState
from queueing.models import CallRequest
from queueing.states import IN_LINE
from recordings.health import troubled
from recordings.selectors import shared_with
from ui.views import MOST_WAITING, Waiting


def waiting_for(user: User) -> list[Waiting]:
    """In the order of urgency: people first, then cases, then machines. Counted up to MOST_WAITING."""
    opened = operations_of(user)
    found = []
    for operation, label, url, is_pressing, rows in ITEMS:
        if not operation or operation in opened:
            count = rows(user)[:MOST_WAITING].count()
            if not operation and not count:
                continue  # most people never have one
            found.append(Waiting(label, count, url, is_pressing and count > 0))
    return found


def _in_line(user: User) -> QuerySet[CallRequest]:
    tasks = InterviewTask.objects.filter(tasks_in_scope(user, "dispatch.view"))
    return CallRequest.objects.filter(state__in=IN_LINE, task__rehearsal=False, task__in=tasks)


def _today(user: User) -> QuerySet[Appointment]:
    start = timezone.make_aware(dt.datetime.combine(timezone.localdate(), dt.time.min))
    return Appointment.objects.filter(
        visible(user, "seats.view", owner="seat__user"),
        state=AppointmentState.BOOKED,
        slot__overlap=(start, start + dt.timedelta(days=1)),
        task__rehearsal=False,
    )


def _open(user: User) -> QuerySet[Any]:
    return reviews_open_to(user).filter(state=ReviewState.OPEN)


def _in_hand(user: User) -> QuerySet[Any]:
    return reviews_open_to(user).filter(state=ReviewState.CLAIMED, reviewer=user)


def _flagged(user: User) -> QuerySet[Any]:
    week = timezone.now() - dt.timedelta(days=7)
    return reviews_listed_for(user).filter(state=ReviewState.FLAGGED, decided_at__gte=week)


def _troubled(user: User) -> QuerySet[Any]:
    rows: QuerySet[Any] = troubled()
    return rows.filter(visible(user, "videos.view", owner="call__seat__user"))


def _parked(user: User) -> QuerySet[Any]:
    return OutboxMessage.objects.filter(state=MessageState.PARKED)


def _set_aside(user: User) -> QuerySet[Any]:
    return MediaWorker.objects.filter(events_set_aside__gt=0)


def _locked(user: User) -> QuerySet[Any]:
    people = User.objects.filter(visible(user, "accounts.manage"), deleted_at=None)
    attempts: QuerySet[Any] = AccessAttempt.objects.filter(
        username__in=people.values("staff_no"),
        failures_since_start__gte=passwords.lock_failures(),
        attempt_time__gte=timezone.now() - passwords.lock_time(),
    )
    return attempts


Rows = Callable[[User], QuerySet[Any]]
ITEMS: tuple[tuple[str, str | Promise, str, bool, Rows], ...] = (
    ("dispatch.view", _("正在排队"), "/wallboard/", True, _in_line),
    ("seats.view", _("今日未完成预约"), "/seats/", False, _today),
    ("qc.review", _("我手上的复核"), "/qc/?shown=mine", True, _in_hand),
    ("qc.review", _("待认领的复核"), "/qc/", True, _open),
    ("qc.view", _("七天内抽检问题"), "/qc/?shown=flagged", True, _flagged),
    ("videos.view", _("录像异常"), "/recordings/troubles/", True, _troubled),
    ("", _("共享给我的录像"), "/recordings/shared/", False, shared_with),
    ("", _("待我复核的变更"), "/changes/", True, changes.waiting_for),
    ("accounts.manage", _("已锁定的用户"), "/admin/accounts/user/?state=locked", True, _locked),
    ("operations.view", _("搁置的消息"), "/bridge/", True, _parked),
    (
        *("operations.view", _("有事件被搁置的媒体节点")),
        *("/admin/media_worker/mediaworker/", True, _set_aside),
    ),
)
