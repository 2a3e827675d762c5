"""`manage.py check_invariants`: silent about what holds, exact about what does not."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from interviews import services as interviews
from interviews.models import Call
from interviews.states import CallState, Verdict
from outbox.models import OutboxMessage
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_call, make_seat

pytestmark = pytest.mark.django_db


def checked(*only):
    out = StringIO()
    code = 0
    try:
        call_command("check_invariants", "--json", *(["--only", *only] if only else []), stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    found = json.loads(out.getvalue())
    return code, {row["key"]: row["first"] for row in found["invariants"] if row["broken"]}


def filed_call():
    call = make_call()
    SeatPresence.objects.create(seat=call.seat, state=Presence.IN_CALL)
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="说明", actor=SEAT_ACTOR)
    return call


def test_a_whole_interview_leaves_everything_as_it_must_be():
    filed_call()

    assert checked() == (0, {})


def test_a_state_that_no_audited_move_led_to_is_found():
    call = make_call()
    SeatPresence.objects.create(seat=call.seat, state=Presence.IN_CALL)
    Call.objects.filter(pk=call.pk).update(state=CallState.LIVE)

    assert checked("I1", "I2") == (1, {"I2": [f"call {call.pk}: audited CONNECTING, is LIVE"]})


def test_a_message_that_was_lost_is_found():
    call = filed_call()
    lost = OutboxMessage.objects.filter(topic="call.ended").first()
    assert lost is not None
    lost.delete()

    assert checked("I6") == (
        1,
        {"I6": [f"call.ended {call.pk}: 0 messages for {lost.handler}"]},
    )


def test_a_seat_that_says_it_talks_without_a_call_is_found():
    seat = make_seat()
    SeatPresence.objects.create(seat=seat, state=Presence.IN_CALL)

    code, found = checked()

    assert (code, found) == (
        1,
        {"I1": [f"seat {seat.pk}: presence IN_CALL, running call False"]},
    )


def test_it_reads_as_a_list_too(capsys):
    call_command("check_invariants", "--only", "I8", "W1")

    assert capsys.readouterr().out.splitlines() == [
        "✓ I8  操作日志链完整",
        "✓ W1  振铃与坐席、客户状态相符",
    ]
