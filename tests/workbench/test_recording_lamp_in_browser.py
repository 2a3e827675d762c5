"""The lamp of the recording at the seat's desk: what is missing is said once, seen, and noted (WB-6)."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role
from audit.models import AuditEntry
from interviews import services as interviews
from interviews.models import Call, Participant
from interviews.states import CallState, ParticipantState
from media_worker import protocol as p
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.bad_way import wait_with
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import make_call
from tests.support.fake_worker import fake_worker

pytestmark = IN_BROWSER
KINDS = ("audio", "video")


def running_call() -> Call:
    """Both sides are there."""
    call = make_call()
    call.state = CallState.LIVE
    call.live_at = timezone.now()
    call.save()
    call.participants.update(state=ParticipantState.PRESENT, joined_at=timezone.now())
    SeatPresence.objects.create(seat=call.seat, state=Presence.IN_CALL, heartbeat_at=timezone.now())
    role = Role.objects.create(code="s", name="坐席", operations=["workbench.use"])
    call.seat.user.roles.add(role)
    return call


def track(place: Participant, kind: str) -> dict[str, object]:
    return {
        "participant_id": str(place.pk),
        "leg_id": "leg",
        "kind": kind,
        "file": f"tracks/{kind}.mkv",
        "bytes": 1_000_000,
        "last_write_age_ms": 400,
        "stalled": False,
    }


def teller(call: Call) -> Callable[[Sequence[dict[str, object]]], None]:
    """What the worker says of the recording, as once a second."""

    def tell(tracks: Sequence[dict[str, object]]) -> None:
        proof = {"recording": True, "since_ms": 0, "tracks": tracks, "disk_free_percent": 71.0}
        event = {"id": uuid4().hex, "call_id": str(call.pk), "epoch": 1, "at_ms": 5000}
        interviews.apply_media_events(
            [p.Event.model_validate({**event, "kind": "proof", "payload": proof})]
        )

    return tell


def test_a_track_that_is_missing_turns_the_lamp_amber_until_it_is_there(base_url: str) -> None:
    call = running_call()
    client = Client()
    client.force_login(call.seat.user, backend="django.contrib.auth.backends.ModelBackend")
    seat = call.participants.get(role="seat")
    customer = call.participants.get(role="customer")
    whole = [track(place, kind) for place in (seat, customer) for kind in KINDS]
    tell = teller(call)

    with fake_worker(call) as worker, at_desk(base_url, client) as page:
        page.goto("/workbench/")
        lamp, alarm = page.locator("#proof"), page.locator("#record-alarm")

        def shown(state: str, tracks: Sequence[dict[str, object]]) -> Callable[[], bool]:
            def is_so() -> bool:
                tell(tracks)
                return lamp.get_attribute("data-proof-state") == state

            return is_so

        wait_with(page, shown("recording", whole), within_s=10, what="the lamp is on")
        expect(alarm).to_be_hidden()

        wait_with(page, shown("incomplete", whole[:3]), within_s=15, what="the lamp is amber")
        expect(alarm).to_contain_text("录制不完整：张晓明的画面没有录制。")
        expect(lamp).to_contain_text("录制不完整")
        wrong = wrong_with(page)

        alarm.get_by_role("button", name="知道了").click()
        expect(alarm).to_be_hidden()
        wait_with(
            page,
            call.events.filter(kind="recording.alarm_seen").exists,
            within_s=5,
            what="it is on the timeline",
        )
        seen = call.events.get(kind="recording.alarm_seen")
        assert seen.payload == {"causes": ["missing"], "text": "缺少音轨或视轨"}
        assert AuditEntry.objects.filter(action="timeline.recording.alarm_seen").count() == 1
        assert [note["kind"] for note in worker.told("journal")] == ["recording.alarm_seen"]
        assert shown("incomplete", whole[:3])(), "seen, and still so"

        wait_with(page, shown("recording", whole), within_s=15, what="the lamp is on again")
        expect(lamp).to_contain_text("录制中")

    assert wrong == []
