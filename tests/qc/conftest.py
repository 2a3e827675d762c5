"""A doubtful call in the queue; what runs in the background has run before a test begins."""

import pytest

from interviews import services as interviews
from interviews.states import Verdict
from qc import services
from recordings.services import ensure_recording
from tests.support.factories import SEAT_ACTOR, make_ended_call


@pytest.fixture(autouse=True)
def kept_reasons(request):
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        services.refresh_reasons()


@pytest.fixture
def review():
    call = make_ended_call()
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="证件反光", actor=SEAT_ACTOR)
    ensure_recording(call.pk)  # as the message of the call's end does
    return services.open_review(call.pk, doubt="证件反光")
