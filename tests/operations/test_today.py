"""首页: what waits for whom."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Institution, Role, User
from interviews import services as interviews
from interviews.states import Verdict
from media_worker.models import MediaWorker
from qc import services as qc
from tests.support.factories import SEAT_ACTOR, make_call, make_seat, make_task

pytestmark = pytest.mark.django_db


def entered(*operations, scope="all", institution=None):
    user = User.objects.create_user("M1", "test-password", name="甲", institution=institution)
    user.roles.add(
        Role.objects.create(code="m", name="m", operations=list(operations), scope=scope)
    )
    client = Client()
    client.force_login(user)
    return client


def doubted(seat=None):
    call = make_call(make_task(), seat or make_seat())
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    return qc.open_review(call.pk, doubt="反光")


def waiting(client):
    return {str(item.label): item.count for item in client.get("/").context["waiting"]}


def test_everybody_is_told_what_the_roles_open():
    doubted()

    reviewer = waiting(entered("qc.review", "qc.view", "videos.view"))

    assert reviewer == {"我手上的复核": 0, "待认领的复核": 1, "七天内抽检问题": 0, "录像异常": 0}


def test_what_is_out_of_scope_does_not_wait():
    here = Institution.objects.create(code="1", name="甲行")
    doubted()
    near = make_seat()
    User.objects.filter(pk=near.user.pk).update(institution=here)
    doubted(near)

    client = entered("qc.review", "qc.view", "videos.view", scope="institution", institution=here)

    assert waiting(client)["待认领的复核"] == 1


def test_a_locked_person_waits_for_who_manages_people():
    make_seat("S9001")
    for _n in range(5):
        Client().post("/login", {"username": "S9001", "password": "wrong"})

    assert waiting(entered("accounts.view", "accounts.manage", "audit.view"))["已锁定的用户"] == 1


def test_a_worker_with_events_put_aside_waits_for_who_runs_the_system():
    beat = {
        "control_url": "http://x",
        "started_at": timezone.now(),
        "last_heartbeat_at": timezone.now(),
        "capacity": 1,
    }
    MediaWorker.objects.create(worker_id="w1", events_set_aside=2, **beat)
    MediaWorker.objects.create(worker_id="w2", **beat)

    assert waiting(entered("operations.view"))["有事件被搁置的媒体节点"] == 1
