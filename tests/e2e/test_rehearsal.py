"""The operators' self-check against the running system."""

import json
from pathlib import Path

import pytest

from channels_admin.models import AdmissionAttempt, Channel
from credit_bridge.models import CreditCase
from interviews.models import Call, InterviewTask
from recordings.models import ArchiveEntry
from seats.models import Seat
from tests.support.system import LiveSystem

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_a_rehearsal_reports_one_object_and_leaves_nothing_in_the_reports(
    live_system: LiveSystem,
) -> None:
    report = json.loads(live_system.manage("rehearse", "--json", "--seconds", "4"))

    assert report["ok"] is True, report
    assert report["task_state"] == "PASSED"
    assert report["recorded_s"] >= 4
    assert report["skew_ms"] <= 400  # a busy machine delays the peers; benchmarks/skew.py measures
    assert Path(report["mp4_path"]).stat().st_size == report["mp4_bytes"]
    assert Call.objects.filter(task__rehearsal=True).count() == 1
    assert not ArchiveEntry.objects.filter(recording__call__task__rehearsal=True).exists()
    assert not AdmissionAttempt.objects.filter(channel_code="REHEARSAL").exists()
    assert not Channel.objects.filter(code="REHEARSAL").exists()
    assert not CreditCase.objects.filter(contract_no="REHEARSAL").exists()
    assert not InterviewTask.objects.filter(rehearsal=True, superseded_at=None).exists()
    assert not Seat.objects.filter(rehearsal=True, enabled=True).exists()


def test_a_rehearsal_without_a_media_worker_says_so_and_fails(live_system: LiveSystem) -> None:
    live_system.kill("media")

    with pytest.raises(AssertionError) as failure:
        live_system.manage("rehearse", "--json", "--seconds", "1")

    report = json.loads(str(failure.value).split("\n", 1)[1].splitlines()[0])
    assert (report["ok"], report["step"]) == (False, "connect")
    assert "media_" in report["problem"]
    assert not Call.objects.filter(task__rehearsal=True, state="LIVE").exists()
