"""告警: rules, when they fire, who is told, who took care."""

import datetime as dt
import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from audit import services as audit
from audit.models import AuditEntry
from interviews.proof import remember_proof
from interviews.states import CallState
from media_worker.models import MediaWorker
from outbox.models import MessageState, OutboxMessage
from queueing import services
from queueing.alerting import READ, sentence
from queueing.errors import AlertOver, AlertRuleChanged, AlertRuleInvalid
from queueing.models import Alert, AlertRule, CallRequest
from queueing.states import AlertLevel, AlertMetric
from queueing.wallboard import board, board_for
from tests.queueing.test_rule_pages import entered
from tests.support.factories import SEAT_ACTOR, make_call, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_these_rules():
    AlertRule.objects.all().delete()


def rule(metric, threshold, **fields):
    return services.save_alert_rule(
        None,
        **{
            "metric": AlertMetric(metric),
            "threshold": threshold,
            "hold_s": 0,
            "level": AlertLevel.RISK,
            "roles": (),
            "enabled": True,
            "revision": 0,
            "actor": SEAT_ACTOR,
            **fields,
        },
    )


def in_line(minutes):
    task = make_task()
    arrived = timezone.now() - dt.timedelta(minutes=minutes)
    return CallRequest.objects.create(task=task, party=task.parties.get(), arrived_at=arrived)


def told():
    cache.clear()
    services.evaluate_alerts()
    return [alert["title"] for alert in board()["alerts"]]


def worker(free=50.0, silent_s=0):
    return MediaWorker.objects.create(
        worker_id="media-1",
        control_url="http://127.0.0.1:9",
        started_at=timezone.now(),
        last_heartbeat_at=timezone.now() - dt.timedelta(seconds=silent_s),
        capacity=8,
        disk_free_percent=free,
    )


def a_long_wait():
    in_line(6)


def a_long_line():
    for _ in range(3):
        in_line(1)


def few_answered_in_time():
    request = in_line(30)
    request.state, request.closed_at = "ABANDONED", timezone.now()
    request.save()


def a_recorder_that_stands_still():
    call = make_call()
    call.state, call.live_at = CallState.LIVE, timezone.now() - dt.timedelta(seconds=30)
    call.save()
    track = {"last_write_age_ms": 9000, "stalled": True}
    remember_proof(str(call.pk), {"recording": True, "tracks": [track]})


def a_message_of_yesterday(state=MessageState.PENDING):
    message = OutboxMessage.objects.create(topic="t", key="k", handler="h", payload={}, state=state)
    OutboxMessage.objects.filter(pk=message.pk).update(
        created_at=timezone.now() - dt.timedelta(days=1)
    )


def somebody_opens_three_recordings():
    for call_id in ("a", "b", "c", "c"):
        audit.record("recording.opened", actor=SEAT_ACTOR, object_type="call", object_id=call_id)
    cache.clear()  # a minute later


@pytest.mark.parametrize(
    ("metric", "threshold", "happens"),
    [
        ("longest_wait", 300, a_long_wait),
        ("line", 2, a_long_line),
        ("service_level", 80, few_answered_in_time),
        ("recorder", 5, a_recorder_that_stands_still),
        ("disk", 20, lambda: worker(free=19)),
        ("worker", 10, lambda: worker(silent_s=30)),
        ("partner_late", 120, a_message_of_yesterday),
        ("partner_parked", 0, lambda: a_message_of_yesterday(MessageState.PARKED)),
        ("opened", 2, somebody_opens_three_recordings),
    ],
)
def test_each_metric_is_quiet_until_its_line_is_crossed(metric, threshold, happens):
    made = rule(metric, threshold)
    services.evaluate_alerts()
    assert not Alert.objects.exists()

    happens()
    services.evaluate_alerts()

    [alert] = Alert.objects.all()
    assert (alert.rule, alert.level) == (made, "risk")
    assert alert.fired_at is not None
    assert alert.title


def test_a_crossing_fires_once_and_ends_with_what_caused_it():
    rule("line", 2)
    a_long_line()

    assert told() == ["排队 3 人"]
    assert told() == ["排队 3 人"]
    CallRequest.objects.update(state="ABANDONED", closed_at=timezone.now())
    assert told() == []

    assert [done["title"] for done in board()["alerts_done"]] == ["排队 3 人"]
    assert Alert.objects.count() == 1


def test_a_crossing_that_does_not_last_is_nothing():
    rule("line", 2, hold_s=60)
    a_long_line()
    assert told() == []
    Alert.objects.update(began_at=timezone.now() - dt.timedelta(seconds=61))
    assert told() == ["排队 3 人"]

    Alert.objects.update(fired_at=None, began_at=timezone.now())
    CallRequest.objects.update(state="ABANDONED", closed_at=timezone.now())
    assert told() == []
    assert not Alert.objects.exists()


def test_every_worker_has_an_alert_of_its_own_and_one_comes_back_alone():
    rule("worker", 10)
    worker(silent_s=30)
    second = worker
    MediaWorker.objects.update(worker_id="media-2")
    second(silent_s=30)

    assert len(told()) == 2
    MediaWorker.objects.filter(worker_id="media-2").update(last_heartbeat_at=timezone.now())
    assert told() == ["媒体节点 media-1 失联"]


def test_a_rule_that_is_switched_off_tells_nothing_any_more():
    made = rule("line", 2)
    a_long_line()
    assert len(told()) == 1

    services.save_alert_rule(
        made.pk,
        metric=AlertMetric.LINE,
        threshold=2,
        hold_s=0,
        level=AlertLevel.RISK,
        roles=(),
        enabled=False,
        revision=1,
        actor=SEAT_ACTOR,
    )

    assert told() == []
    assert Alert.objects.get().ended_at is not None


def test_the_roles_of_a_rule_are_told_and_nobody_else():
    night = Role.objects.create(code="night", name="夜班")
    rule("line", 2, roles=[night.pk])
    a_long_line()
    told()

    assert len(board_for(None, {night.pk})["alerts"]) == 1
    assert board_for(None, {night.pk + 1})["alerts"] == []
    assert len(board_for(None, None)["alerts"]) == 1


def test_the_head_of_a_page_tells_what_is_of_the_own_scope_and_roles():
    own, other = entered("M1", "dispatch.view", "seats.manage"), entered("M2", "dispatch.view")
    whole, nobody = entered("M3", "dispatch.view"), entered("M4", "videos.view")
    Role.objects.filter(code="M3").update(scope="all")
    rule("line", 2, roles=[Role.objects.get(code="M1").pk])
    rule("recorder", 5)
    a_long_line()
    a_recorder_that_stands_still()
    told()
    recorder = Alert.objects.get(rule__metric="recorder").title
    url = reverse("queueing:alerts_live")

    def titles(client):
        return [alert["title"] for alert in client.get(url).json()["alerts"]]

    assert titles(own) == ["排队 3 人"]  # no recorder: the seat is not in the scope
    assert titles(other) == []
    assert titles(whole) == [recorder]
    assert nobody.get(url).status_code == 404


def test_only_who_watches_has_the_alerts_in_the_head():
    watches, looks = entered("M1", "dispatch.view"), entered("M2", "channels.view")

    assert b'id="told"' in watches.get("/wallboard/line/").content
    assert b'id="told"' in watches.get("/").content
    assert b'id="told"' not in looks.get("/admin/channels_admin/channel/").content


def test_a_rule_keeps_its_bounds_and_two_people_do_not_overwrite_each_other():
    with pytest.raises(AlertRuleInvalid) as refusal:
        rule("disk", 91)
    assert refusal.value.text == "数值须在 1 至 90 之间。"
    assert not AlertRule.objects.exists()

    made = rule("disk", 20)

    def change():
        services.save_alert_rule(
            made.pk,
            metric=AlertMetric.DISK,
            threshold=25,
            hold_s=30,
            level=AlertLevel.STOP,
            roles=(),
            enabled=True,
            revision=1,
            actor=SEAT_ACTOR,
        )

    change()
    with pytest.raises(AlertRuleChanged):
        change()

    made.refresh_from_db()
    assert sentence(made) == "录像盘剩余低于 25 %，持续 30 秒"
    entry = AuditEntry.objects.filter(action="alert_rule.saved").latest("pk")
    assert '"threshold": 20' in entry.payload.replace('":20', '": 20')


def test_the_first_who_takes_care_stays_named_and_what_is_over_is_not_acknowledged():
    rule("line", 2)
    a_long_line()
    told()
    alert = Alert.objects.get()

    client = entered("M9", "dispatch.view", "seats.manage")
    Role.objects.filter(code="M9").update(scope="all")
    url = reverse("queueing:acknowledge", args=[alert.pk])
    assert client.post(url).json() == {"acknowledged_by": "M9"}
    services.acknowledge_alert(alert.pk, actor=SEAT_ACTOR)
    alert.refresh_from_db()
    assert alert.acknowledged_by == "M9"
    assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1

    Alert.objects.update(ended_at=timezone.now())
    with pytest.raises(AlertOver):
        services.acknowledge_alert(alert.pk, actor=SEAT_ACTOR)
    assert client.post(url).status_code == 409


def test_an_alert_is_acknowledged_by_whom_it_is_told_and_whose_scope_it_is():
    told_of, not_told = entered("M1", "seats.manage"), entered("M2", "seats.manage")
    rule("line", 2, roles=[Role.objects.get(code="M1").pk])
    rule("recorder", 5)
    a_long_line()
    a_recorder_that_stands_still()
    told()
    line, recorder = (Alert.objects.get(rule__metric=metric) for metric in ("line", "recorder"))

    def ask(client, alert):
        return client.post(reverse("queueing:acknowledge", args=[alert.pk])).status_code

    assert ask(not_told, line) == 404
    assert ask(told_of, recorder) == 404  # the seat is not in the scope
    assert not Alert.objects.exclude(acknowledged_at=None).exists()
    assert ask(told_of, line) == 200


def test_only_who_may_acknowledge_an_alert_is_offered_to():
    looks, acts = entered("M1", "dispatch.view"), entered("M2", "dispatch.view", "seats.manage")
    sees_all = entered("M3", "dispatch.view")
    Role.objects.filter(code="M3").update(scope="all")
    acts_in_own_scope = Role.objects.create(code="own", name="own", operations=["seats.manage"])
    User.objects.get(staff_no="M3").roles.add(acts_in_own_scope)
    rule("line", 2)
    rule("recorder", 5)
    a_long_line()
    a_recorder_that_stands_still()
    told()

    def offered(client, name):
        metrics = dict(Alert.objects.values_list("pk", "rule__metric"))
        alerts = client.get(reverse(name)).json()["alerts"]
        return {metrics[one["id"]]: one["may_acknowledge"] for one in alerts}

    for name in ("queueing:alerts_live", "queueing:board"):
        assert offered(looks, name) == {"line": False}
        assert offered(acts, name) == {"line": True}
        assert offered(sees_all, name) == {"line": True, "recorder": False}


def test_the_page_edits_a_rule_and_says_what_is_wrong():
    made = rule("line", 6)
    client = entered("M9", "dispatch.view", "dispatch.manage")
    url, name = reverse("queueing:alert_rule", args=[made.pk]), str(made.pk)
    form = {"metric": "line", "threshold": "9", "hold_s": "0", "level": "stop", "revision": "1"}
    body = {f"{name}-{key}": value for key, value in form.items()} | {f"{name}-enabled": "on"}

    page = client.post(url, body, follow=True).content.decode()
    again = client.post(url, body, follow=True).content.decode()

    made.refresh_from_db()
    assert (made.threshold, made.level, made.enabled) == (9, "stop", True)
    assert "排队人数超过 9 人" in page
    assert "已被他人修改" in again
    reader = entered("M8", "dispatch.view")
    assert reader.post(url, body).status_code == 404
    assert "新增一条规则" not in reader.get(reverse("queueing:alerts")).content.decode()


def test_without_a_look_at_the_rules_the_board_says_so(django_capture_on_commit_callbacks):
    cache.clear()
    assert board()["alerts_age_s"] is None
    with django_capture_on_commit_callbacks(execute=True):
        services.evaluate_alerts()
    cache.delete("wallboard")

    assert board()["alerts_age_s"] < 5


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_fire_one_alert():
    rule("line", 2)
    a_long_line()
    together = threading.Barrier(4)

    def look():
        together.wait()
        services.evaluate_alerts()
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Alert.objects.count() == 1
    assert User.objects.count() == 0


def test_what_somebody_takes_care_of_meanwhile_stays_taken_care_of(monkeypatch):
    rule("longest_wait", 60)
    in_line(minutes=5)
    services.evaluate_alerts()
    alert = Alert.objects.get()
    read = READ[AlertMetric.LONGEST_WAIT]

    def acknowledged_meanwhile(now):
        services.acknowledge_alert(alert.pk, actor=SEAT_ACTOR)
        return read(now)

    monkeypatch.setitem(READ, AlertMetric.LONGEST_WAIT, acknowledged_meanwhile)
    services.evaluate_alerts()

    alert.refresh_from_db()
    assert alert.acknowledged_by == SEAT_ACTOR.name
