"""A supervisor in a running call: joined or listening only."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import actor_of
from audit.models import AuditEntry
from interviews import services
from interviews.errors import CallOver, NotAdmitted, SupervisesItself, SupervisionFull
from interviews.models import Leg, Participant, TimelineEvent
from interviews.selectors import call_view, calls_with_part_of
from parameters.models import Parameter, Scope
from tests.support.factories import SEAT_ACTOR, make_call
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisor():
    return User.objects.create_user("M9001", "test-password", name="韩雪")


@pytest.fixture
def call():
    return make_call()


def start(call, user, *, silent):
    return services.start_supervision(call.pk, user=user, silent=silent, actor=actor_of(user))


def test_who_joins_is_a_tile_for_the_seat_and_for_the_customers(call, supervisor):
    place = start(call, supervisor, silent=False)

    for for_seat in (True, False):
        people = call_view(call.pk, for_seat=for_seat)["participants"]
        [shown] = [person for person in people if person["role"] == "supervisor"]
        assert (shown["id"], shown["name"], shown["staff_no"]) == (str(place.pk), "韩雪", "M9001")
    assert call_view(call.pk, for_seat=False)["listeners"] == []


def test_who_listens_is_shown_to_the_seat_and_by_default_to_the_customers(call, supervisor):
    start(call, supervisor, silent=True)

    for for_seat in (True, False):
        view = call_view(call.pk, for_seat=for_seat)
        assert {person["role"] for person in view["participants"]} == {"seat", "customer"}
        assert [person["name"] for person in view["listeners"]] == ["韩雪"]


def test_a_parameter_keeps_the_customers_from_being_told_of_a_listener_but_not_the_seat(
    call, supervisor
):
    Parameter.objects.create(scope=Scope.GLOBAL, key="tell_of_listening", value=0)

    place = start(call, supervisor, silent=True)

    assert place.told is False
    assert call_view(call.pk, for_seat=False)["listeners"] == []
    assert len(call_view(call.pk, for_seat=True)["listeners"]) == 1


def test_the_parameter_does_not_hide_who_joins(call, supervisor):
    Parameter.objects.create(scope=Scope.GLOBAL, key="tell_of_listening", value=0)

    assert start(call, supervisor, silent=False).told is True


def test_the_stay_is_on_the_timeline_from_when_to_when_and_in_the_log(call, supervisor):
    place = start(call, supervisor, silent=True)
    services.end_supervision(place.pk, actor=actor_of(supervisor), reason="left")

    stay = TimelineEvent.objects.get(call=call, kind="supervision")
    assert (stay.participant_id, stay.payload) == (place.pk, {"silent": True, "told": True})
    assert stay.until_ms is not None
    assert stay.until_ms >= stay.at_ms
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"supervision.listening", "participant.left"} <= set(actions)


def test_starting_again_gives_the_same_place_and_changing_begins_another(call, supervisor):
    listening = start(call, supervisor, silent=True)
    assert start(call, supervisor, silent=True).pk == listening.pk

    joined = start(call, supervisor, silent=False)

    listening.refresh_from_db()
    assert (listening.state, joined.silent) == ("LEFT", False)
    assert joined.pk != listening.pk


def test_a_stay_that_is_over_gets_no_media_and_coming_again_is_another_stay(call, supervisor):
    first = start(call, supervisor, silent=True)
    services.end_supervision(first.pk, actor=actor_of(supervisor), reason="left")

    with fake_worker(call), pytest.raises(NotAdmitted):
        services.connect_media(first.pk, offer_sdp="v=0", actor=actor_of(supervisor))
    assert start(call, supervisor, silent=True).pk != first.pk


def test_a_listener_is_connected_without_anything_to_send(call, supervisor):
    with fake_worker(call) as worker:
        for silent, sends in ((True, False), (False, True)):
            place = start(call, supervisor, silent=silent)
            services.connect_media(place.pk, offer_sdp="v=0", actor=actor_of(supervisor))
            told = worker.told("legs")[-1]
            assert told["role"] == "supervisor"
            assert told["media"] == {"audio": sends, "video": sends}


@pytest.mark.django_db(transaction=True)
def test_who_is_removed_loses_the_connection_at_the_worker(call, supervisor):
    place = start(call, supervisor, silent=False)
    with fake_worker(call) as worker:
        services.connect_media(place.pk, offer_sdp="v=0", actor=actor_of(supervisor))
        leg = Leg.objects.get(participant=place)

        services.end_supervision(place.pk, actor=SEAT_ACTOR, reason="removed")

        assert worker.told(f"legs/{leg.pk}/close") == [{"reason": "removed"}]
    leg.refresh_from_db()
    assert leg.closed_at is not None


def test_one_supervisor_is_heard_at_a_time_and_three_may_listen(call, supervisor):
    others = [User.objects.create_user(f"M90{n}", "p", name=f"主管{n}") for n in range(10, 15)]
    start(call, supervisor, silent=False)
    with pytest.raises(SupervisionFull):
        start(call, others[0], silent=False)
    for user in others[:3]:
        start(call, user, silent=True)
    with pytest.raises(SupervisionFull):
        start(call, others[3], silent=True)

    assert Participant.objects.filter(role="supervisor").count() == 4


def test_a_full_line_of_parties_is_not_shortened_by_a_supervisor(call, supervisor):
    start(call, supervisor, silent=False)

    taken = Participant.objects.filter(call=call, role="customer").count()
    assert taken == 1  # what RoomFull counts (test_calls.py) is customers only


def test_nobody_supervises_the_own_call_and_no_call_that_is_over(call, supervisor):
    with pytest.raises(SupervisesItself):
        start(call, call.seat.user, silent=True)
    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    with pytest.raises(CallOver):
        start(call, supervisor, silent=True)


def test_the_end_of_the_call_is_the_end_of_the_stay(call, supervisor):
    place = start(call, supervisor, silent=True)

    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")

    place.refresh_from_db()
    assert place.state == "LEFT"
    assert TimelineEvent.objects.get(kind="supervision").until_ms is not None


def test_a_lost_supervisor_leaves_no_gap_and_is_given_up_soon(call, supervisor):
    place = start(call, supervisor, silent=True)
    Participant.objects.filter(pk=place.pk).update(state="PRESENT", joined_at=timezone.now())
    with transaction.atomic():
        place.refresh_from_db()
        services.media.lose_participant(call, place, 10, "network")

    assert not TimelineEvent.objects.filter(kind="gap").exists()
    assert (place.reconnect_until - place.lost_at).total_seconds() == 30
    Participant.objects.filter(pk=place.pk).update(reconnect_until=timezone.now())
    assert services.expire_reconnects() == 1
    call.refresh_from_db()
    assert call.is_running
    place.refresh_from_db()
    assert place.state == "LEFT"


def test_the_database_has_no_supervisor_without_a_person_and_no_silent_customer(call, supervisor):
    for fields in (
        {"role": "supervisor"},
        {"role": "customer", "user": supervisor},
        {"role": "customer", "silent": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Participant.objects.create(call=call, **fields)


def test_who_joined_does_not_judge_the_call_and_who_only_listened_may(call, supervisor):
    start(call, supervisor, silent=True)
    assert list(calls_with_part_of(supervisor)) == []

    start(call, supervisor, silent=False)

    assert list(calls_with_part_of(supervisor)) == [call]
    assert list(calls_with_part_of(call.seat.user)) == [call]
