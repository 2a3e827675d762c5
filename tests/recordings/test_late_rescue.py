"""A stretch of the customer's device that comes when the recording is made already."""

import datetime as dt
import hashlib
import json
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from common.actor import Actor, ActorKind
from interviews.models import Call, TimelineEvent
from interviews.states import CallState
from recordings import selectors, services
from recordings.models import Recording, RescueSegment
from recordings.states import Stage
from recordings.storage import store
from tests.support.factories import make_call
from tests.support.footage import make_call_folder, two_people, write_rescue
from tests.support.readback import ReadBack, read_mp4

SECONDS = 3.0
GAP_MS = (900, 2100)


@pytest.fixture
def stored(db: None, settings: Settings) -> Recording:
    """Of three seconds, in which the customer was away from 0.9 to 2.1."""
    call = make_call()
    call.clock_started_at = call.live_at = timezone.now() - dt.timedelta(minutes=1)
    call.ended_at = call.clock_started_at + dt.timedelta(seconds=SECONDS)
    call.state = CallState.ENDED
    call.save()
    seat, customer = call.participants.order_by("-role")
    there, whole = two_people(SECONDS)
    whole = replace(whole, participant_id=str(customer.pk))
    takes = [
        replace(there, participant_id=str(seat.pk)),
        replace(whole, until_s=GAP_MS[0] / 1000),
        replace(whole, from_s=GAP_MS[1] / 1000, leg_no=2),
    ]
    make_call_folder(Path(settings.SPOOL_DIR), str(call.pk), takes, SECONDS)
    TimelineEvent.objects.create(
        call=call, kind="gap", at_ms=GAP_MS[0], until_ms=GAP_MS[1], participant=customer
    )
    recording = services.ensure_recording(call.pk)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    return recording


def send_late(call: Call, folder: Path) -> RescueSegment:
    """What the phone recorded from 0.5 to 2.5 reaches the server after all."""
    place = call.participants.get(role="customer")
    _seat, customer = two_people(SECONDS)
    write_rescue(folder, replace(customer, from_s=0.5, until_s=2.5))
    (file,) = (folder / "rescue").glob("*.webm")
    content = file.read_bytes()
    return services.keep_segment(
        place,
        uuid.uuid4(),
        span=(500, 2500),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        actor=Actor(ActorKind.PARTY, "p"),
    )


def a_minute_passes() -> None:
    RescueSegment.objects.update(received_at=timezone.now() - dt.timedelta(minutes=1, seconds=1))


def copy_of(recording: Recording, folder: Path) -> ReadBack:
    copy = folder / f"{uuid.uuid4()}.mp4"
    with selectors.open_composed(recording).file as file:
        copy.write_bytes(file.read())
    return read_mp4(copy, tiles=2)


def test_a_late_stretch_makes_the_recording_anew_with_what_the_device_saw(
    stored: Recording, settings: Settings, tmp_path: Path
) -> None:
    first_key = stored.storage_key
    assert set(copy_of(stored, tmp_path).tiles[1].showing(1.2, 1.9)) == {None}

    segment = send_late(stored.call, tmp_path)
    assert services.take_in_rescues() == 0  # more may be on its way
    settings.SPOOL_KEEP_HOURS = 0
    assert services.free_spool() == 0  # it is not in the store
    a_minute_passes()
    Recording.objects.update(leased_until=timezone.now() + dt.timedelta(minutes=1))
    assert services.take_in_rescues() == 0  # somebody works on it
    Recording.objects.update(leased_until=None)
    assert services.take_in_rescues() == 1
    assert services.process(stored.pk) is Stage.STORED

    stored.refresh_from_db()
    segment.refresh_from_db()
    assert segment.taken
    assert services.take_in_rescues() == 0
    assert None not in copy_of(stored, tmp_path).tiles[1].showing(1.2, 1.9)
    root = Path(settings.SPOOL_DIR) / str(stored.call_id)
    sealed = json.loads((root / stored.manifest).read_text())["files"]
    rescued = {file["name"]: file for file in sealed if file["kind"] == "rescue"}
    assert rescued[segment.file]["source"] == "customer_device"
    assert rescued[segment.file]["sha256"] == segment.sha256
    assert stored.objects_stored.filter(name=segment.file, confirmed_at__isnull=False).exists()
    assert stored.storage_key != first_key
    assert store().exists(first_key)  # what was sealed first stays as it was


def test_a_stretch_that_is_not_kept_is_offered_as_long_as_it_is_here(
    stored: Recording, settings: Settings, tmp_path: Path
) -> None:
    Recording.objects.update(outputs={"tracks": False})
    send_late(stored.call, tmp_path)
    assert any("source" in each for each in selectors.review_view(stored.call_id, "t")["tracks"])

    shutil.rmtree(Path(settings.SPOOL_DIR) / str(stored.call_id))

    assert selectors.review_view(stored.call_id, "t")["tracks"] == []
