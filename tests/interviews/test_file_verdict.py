"""通过, 存疑, 部分完成 (WB-10, CRD-4)."""

import pytest

from common.errors import IllegalMove
from interviews import services
from interviews.errors import PartiesMissing, ReasonRequired, TaskClosed
from interviews.states import CallState, TaskState, Verdict
from tests.interviews.test_calls import connect_all
from tests.support.factories import SEAT_ACTOR, make_call, make_task, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended_call():
    call = make_call()
    connect_all(call)
    return services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")


def test_pass_settles_the_task(ended_call):
    services.file_verdict(ended_call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)

    ended_call.refresh_from_db()
    assert ended_call.state == CallState.FILED
    assert ended_call.task.state == TaskState.PASSED


def test_doubt_needs_a_reason_and_leaves_the_task_pending(ended_call):
    with pytest.raises(ReasonRequired):
        services.file_verdict(ended_call.pk, verdict=Verdict.DOUBT, actor=SEAT_ACTOR)

    services.file_verdict(ended_call.pk, verdict=Verdict.DOUBT, actor=SEAT_ACTOR, note="证件反光")

    ended_call.refresh_from_db()
    assert ended_call.verdict == Verdict.DOUBT
    assert ended_call.task.state == TaskState.PENDING


def test_pass_is_refused_while_a_party_is_missing_and_changes_nothing():
    call = make_call(make_task(person("张晓明"), person("周安然", "GUARANTOR")))
    connect_all(call)
    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    missing = call.task.parties.get(interviewed_at=None)

    with pytest.raises(PartiesMissing) as refusal:
        services.file_verdict(call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)

    assert refusal.value.facts["names"] == [missing.name]
    call.refresh_from_db()
    assert (call.state, call.verdict) == (CallState.ENDED, "")
    assert call.task.state == TaskState.PENDING


def test_the_second_verdict_is_refused(ended_call):
    services.file_verdict(ended_call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)

    with pytest.raises(IllegalMove):
        services.file_verdict(ended_call.pk, verdict=Verdict.DOUBT, actor=SEAT_ACTOR, note="再想想")


def test_the_verdict_of_a_superseded_task_cannot_pass_the_new_one(ended_call):
    new = make_task(contract_no=ended_call.task.contract_no)

    with pytest.raises(TaskClosed):
        services.file_verdict(ended_call.pk, verdict=Verdict.PASS, actor=SEAT_ACTOR)

    new.refresh_from_db()
    assert new.state == TaskState.PENDING
