"""Who is let in by the seat, recording by hand, and the bounds of the picture."""

import pytest

from interviews import services
from interviews.errors import NotAdmitted, RecordingIsAutomatic
from interviews.models import Call, Participant, Party
from interviews.states import ParticipantState
from parameters.models import Parameter, Scope
from tests.support.factories import (
    PARTY_ACTOR,
    SEAT_ACTOR,
    consent,
    make_call,
    make_task,
    person,
)
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db


def set_parameter(key: str, value: int) -> None:
    Parameter.objects.create(key=key, scope=Scope.GLOBAL, code="", value=value)


def join(call: Call, party: Party) -> Participant:
    place = services.join_call(call.task_id, party_id=party.pk, actor=PARTY_ACTOR)
    assert place is not None
    return place


@pytest.fixture
def call():
    return make_call(make_task(person("张晓明"), person("李文静", "SPOUSE")))


@pytest.fixture
def second(call):
    party = call.task.parties.get(name="李文静")
    consent(party)
    return party


def test_without_the_parameter_a_further_party_walks_in(call, second):
    place = join(call, second)

    assert place.state == ParticipantState.INVITED


def test_a_further_party_waits_at_the_door_until_the_seat_lets_it_in(call, second):
    set_parameter("admit_by_seat", 1)
    place = join(call, second)
    assert place.state == ParticipantState.KNOCKING
    with pytest.raises(NotAdmitted):
        services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
    assert not place.legs.exists()

    services.admit_participant(call.pk, place.pk, admitted=True, actor=SEAT_ACTOR)

    with fake_worker(call) as worker:
        services.connect_media(place.pk, offer_sdp="v=0", actor=PARTY_ACTOR)
    assert worker.told("legs")[0]["participant_id"] == str(place.pk)


def test_who_is_turned_away_knocks_again_and_who_was_in_does_not(call, second):
    set_parameter("admit_by_seat", 1)
    place = join(call, second)
    services.admit_participant(call.pk, place.pk, admitted=False, actor=SEAT_ACTOR)
    place.refresh_from_db()
    assert place.state == ParticipantState.LEFT
    again = join(call, second)
    assert again.state == ParticipantState.KNOCKING

    services.admit_participant(call.pk, place.pk, admitted=True, actor=SEAT_ACTOR)
    place.refresh_from_db()
    place.joined_at = call.clock_started_at
    place.save()
    services.leave_call(place.pk, actor=PARTY_ACTOR, reason="left")

    back = join(call, second)
    assert back.state == ParticipantState.INVITED


def test_turning_away_somebody_who_is_in_changes_nothing(call):
    place = call.participants.get(role="customer")

    services.admit_participant(call.pk, place.pk, admitted=False, actor=SEAT_ACTOR)

    place.refresh_from_db()
    assert place.state == ParticipantState.INVITED


def test_the_seat_starts_the_recording_where_it_is_by_hand():
    set_parameter("record_by_hand", 1)
    call = make_call()
    assert call.recording_on is False
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        services.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)
        services.set_recording(call.pk, on=True, actor=SEAT_ACTOR)
        services.set_recording(call.pk, on=True, actor=SEAT_ACTOR)
        services.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)

    assert [told["record"] for told in worker.told("open")] == ["manual", "on_connect"]
    assert worker.told("record")[0] == {"on": True}
    assert [mark.payload for mark in call.events.filter(kind="recording.by_hand")] == [{"on": True}]


def test_a_recording_that_runs_by_itself_cannot_be_stopped(call):
    with fake_worker(call) as worker, pytest.raises(RecordingIsAutomatic):
        services.set_recording(call.pk, on=False, actor=SEAT_ACTOR)

    assert not worker.asked
    call.refresh_from_db()
    assert call.recording_on is True


def test_a_new_media_worker_is_told_who_is_muted_and_the_pictures_bounds(call):
    set_parameter("video_max_kbps", 1200)
    set_parameter("video_min_kbps", 300)
    place = call.participants.get(role="seat")
    with fake_worker(call) as worker:
        services.set_muted(call.pk, place.pk, muted=True, actor=SEAT_ACTOR)
        services.connect_media(place.pk, offer_sdp="v=0", actor=SEAT_ACTOR)

    assert worker.told("legs")[0]["muted"] is True
    options = worker.told("open")[0]["options"]
    assert (options["min_video_kbps"], options["max_video_kbps"]) == (300, 1200)
