"""`manage.py check_invariants`: silent about what holds, exact about what does not."""

import datetime as dt
import json
from hashlib import sha256
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from interviews import services as interviews
from interviews.models import Call, TimelineEvent
from interviews.states import CallState, Verdict
from outbox.models import OutboxMessage
from recordings.models import Recording, RecordingTrack, StoredObject
from recordings.states import Stage
from recordings.storage import new_key
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


def test_a_closed_part_that_is_nowhere_is_found_and_one_on_the_disk_is_not(settings):
    call = make_call()
    folder = settings.SPOOL_DIR / str(call.pk)
    (folder / "tracks").mkdir(parents=True)
    lines = [{"kind": "call.opened", "t0_unix_ms": 1, "at_ms": 0}]
    for name, content in (("tracks/a.mkv", b"here"), ("tracks/b.mkv", b"gone")):
        lines.append({"kind": "track.ended", "file": name, "sha256": sha256(content).hexdigest()})
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "tracks/a.mkv").write_bytes(b"here")

    assert checked("I3") == (
        1,
        {"I3": [f"call {call.pk}: tracks/b.mkv is neither on the disk nor in the store"]},
    )
    (folder / "tracks/a.mkv").write_bytes(b"other")
    assert len(checked("I3")[1]["I3"]) == 2


def recording_of(call, *spans):
    recording = Recording.objects.create(
        call=call, stage=Stage.STORED, day=dt.date(2026, 3, 1), serial=1, download_name="x"
    )
    customer = call.participants.get(role="customer")
    for number, (start_ms, end_ms) in enumerate(spans):
        RecordingTrack.objects.create(
            recording=recording,
            participant_id=str(customer.pk),
            leg_no=number,
            kind="audio",
            file=f"tracks/{number}.mkv",
            codec="opus",
            start_ms=start_ms,
            end_ms=end_ms,
            bytes=10,
            sha256=f"{number}" * 64,
        )
    return recording, customer


def test_a_stored_recording_without_manifest_or_track_is_found():
    recording, _ = recording_of(make_call(), (0, 5000))

    assert checked("I4") == (
        1,
        {
            "I4": [
                f"recording {recording.pk}: stored without a manifest",
                f"recording {recording.pk}: tracks/0.mkv is not in the store as probed",
            ]
        },
    )


def test_a_hole_is_found_unless_the_timeline_has_it():
    call = make_call()
    recording, customer = recording_of(call, (0, 5000), (5400, 9000), (12_000, 20_000))

    assert checked("I5") == (
        1,
        {"I5": [f"recording {recording.pk}: {customer.pk} has a hole 9000-12000 ms"]},
    )
    TimelineEvent.objects.create(
        call=call, kind="gap", at_ms=9100, until_ms=11_900, participant=customer
    )
    assert checked("I5") == (0, {})


def test_a_folder_without_a_call_and_a_row_without_its_file_are_found(settings):
    nobody, key = uuid4(), new_key()
    (settings.SPOOL_DIR / str(nobody)).mkdir()
    (settings.SPOOL_DIR / ".probes").mkdir()
    recording, _ = recording_of(make_call())
    StoredObject.objects.create(
        recording=recording,
        kind="manifest",
        name="manifest.json",
        key=key,
        bytes=1,
        sha256="0" * 64,
        confirmed_at=timezone.now(),
    )

    assert checked("I9") == (
        1,
        {"I9": [f"spool {nobody}: no such call", f"object {key}: not in the store"]},
    )


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("call of 13800001234 failed", "I10"),
        ("id 41010519880312123X", "I10"),
        ("Internal Server Error: /wallboard/", "I11"),
        ("2026-11-29T08:15:21.13800001234Z 1796000000123 done", None),
    ],
)
def test_logs_are_read_for_people_and_for_faults(settings, tmp_path, line, key):
    settings.RUN_DIR = tmp_path
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "web.log").write_text(f"started\n{line}\n")

    assert checked("I10", "I11")[1] == ({key: ["web.log:2"]} if key else {})


def test_what_is_overdue_is_found_after_a_minute_and_not_before():
    filed_call()
    now = timezone.now()
    OutboxMessage.objects.update(due_at=now - dt.timedelta(seconds=30))
    assert checked("I12") == (0, {})

    late = OutboxMessage.objects.first()
    assert late is not None
    OutboxMessage.objects.filter(pk=late.pk).update(due_at=now - dt.timedelta(seconds=90))

    assert checked("I12") == (1, {"I12": [f"message {late.pk}: overdue"]})
