"""A call that has ended, with the folder its worker left."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from interviews.models import Call, Snapshot
from interviews.states import CallState
from recordings.services.rounds import Visit
from tests.support.factories import make_call
from tests.support.footage import make_call_folder, two_people

SECONDS = 2.0
MakeEnded = Callable[..., Call]


@pytest.fixture
def ended_call(settings: Settings, db: None) -> MakeEnded:
    """`ended_call()` gives an ended call of two seconds; `folder=False` one nobody connected to."""

    def make(*, folder: bool = True, video: bool = True) -> Call:
        call = make_call()
        call.clock_started_at = timezone.now() - dt.timedelta(minutes=1)
        call.ended_at = call.clock_started_at + dt.timedelta(seconds=SECONDS)
        call.live_at = call.clock_started_at if folder else None
        call.state = CallState.ENDED
        call.save()
        if folder:
            seat, customer = call.participants.order_by("-role")
            takes = [
                replace(take, participant_id=str(place.pk), video=video)
                for take, place in zip(two_people(SECONDS), (seat, customer), strict=True)
            ]
            path = make_call_folder(Path(settings.SPOOL_DIR), str(call.pk), takes, SECONDS)
            shot = Snapshot.objects.create(
                call=call,
                participant=customer,
                at_ms=900,
                file="",
                width=320,
                height=240,
                bytes=4,
                sha256="0" * 64,
            )
            (path / "snapshots" / f"{shot.pk}.jpg").write_bytes(b"jpeg")
        return call

    return make


def time_for(rows: int) -> Visit:
    """A round that is over after so many rows: its clock goes on with every look at it."""
    return Visit(rows + 1, clock=itertools.count().__next__)
