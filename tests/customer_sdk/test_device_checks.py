"""The check of the device, hand-over to another phone, contract, rating, card and picture by REST."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from appointments.models import Appointment, DeviceCheck
from appointments.selectors import todays_for_seat
from channels_admin.models import AdmissionAttempt
from common.actor import SYSTEM, Actor, ActorKind
from customer_sdk import services
from customer_sdk.models import CallRating, CallToken, EntryTicket
from customer_sdk.selectors import state_view
from interviews import services as interviews
from interviews.models import Call, Party
from interviews.states import CallState, SnapshotKind
from parameters.models import Scope
from parameters.services import set_value
from queueing.models import CallRequest
from scripts_mgmt import services as script_services
from scripts_mgmt.models import Script
from tests.interviews.test_stills import jpeg
from tests.support.customers import Admitted
from tests.support.factories import SEAT_ACTOR, make_call, make_seat
from tests.support.fake_worker import fake_worker

SDK = "/api/sdk/v1"
FINE = {
    "camera": True,
    "microphone": True,
    "speaker": True,
    "network": "good",
    "loss_percent": 0.4,
    "rtt_ms": 38.0,
    "kbps": 612.0,
    "host": "wechat",
}


@pytest.fixture
def partner(settings: Any) -> APIClient:
    settings.PARTNER_API_KEYS = {"yuanyin": "key-of-yuanyin"}
    return APIClient(headers={"Authorization": "Bearer key-of-yuanyin"})


def check_link(partner: APIClient, party: Party) -> dict[str, str]:
    body = {"task_id": str(party.task_id), "party_id": str(party.pk), "channel_code": "yuanyin"}
    answer = partner.post("/api/partner/v1/check-tickets", body, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def checker(link: dict[str, str]) -> APIClient:
    answer = APIClient().post(f"{SDK}/admission", {"ticket": link["ticket"]}, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["session"]["purpose"] == "check"
    return APIClient(headers={"Authorization": f"Bearer {answer.json()['token']}"})


def test_a_check_days_before_shows_on_the_appointment(partner: APIClient, party: Party):
    start = timezone.now() + dt.timedelta(hours=1)
    seat = make_seat()
    booked = Appointment.objects.create(
        task=party.task, seat=seat, slot=(start, start + dt.timedelta(minutes=40))
    )
    link = check_link(partner, party)
    assert link["check_path"] == f"/h5/check/#ticket={link['ticket']}"

    first = checker(link).post(
        f"{SDK}/device-checks", FINE | {"network": "poor", "loss_percent": 12}, format="json"
    )
    second = checker(link).post(f"{SDK}/device-checks", FINE, format="json")

    assert (first.json(), second.json()) == ({"passed": False}, {"passed": True})
    assert list(DeviceCheck.objects.values_list("appointment_id", "early", "network")) == [
        (booked.pk, True, "good"),
        (booked.pk, True, "poor"),
    ]
    today = todays_for_seat(seat.pk)
    if timezone.localtime(start).date() == timezone.localdate():
        shown = today[0]["device_check"]
        assert (shown["passed"], shown["parties"][0]["network_label"]) == (True, "良好")


def test_a_check_ticket_is_good_until_the_slot_begins(partner: APIClient, party: Party):
    start = timezone.now() + dt.timedelta(days=9)
    Appointment.objects.create(
        task=party.task, seat=make_seat(), slot=(start, start + dt.timedelta(minutes=40))
    )

    check_link(partner, party)

    ticket = EntryTicket.objects.get()
    assert abs((ticket.expires_at - start).total_seconds()) < 5
    assert ticket.purpose == "check"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "calls", {}),
        ("delete", "calls", None),
        ("post", "consent", {"text_version": "3"}),
        ("post", "position", {"latitude": 1, "longitude": 1}),
        ("post", "hand-over", None),
        ("get", "contract", None),
        ("put", "rating", {"stars": 5}),
    ],
)
def test_a_check_link_opens_nothing_else(
    partner: APIClient, party: Party, method: str, path: str, body: dict[str, object] | None
):
    api = checker(check_link(partner, party))

    answer = getattr(api, method)(f"{SDK}/{path}", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "check_only")
    assert not CallRequest.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"network": "splendid"}, {"loss_percent": 101}, {"host": "<b>"}, {"camera": "maybe"}],
)
def test_a_check_that_is_not_understood_is_not_kept(customer: Admitted, wrong: dict[str, object]):
    answer = customer.api.post(f"{SDK}/device-checks", FINE | wrong, format="json")

    assert answer.status_code == 400
    assert not DeviceCheck.objects.exists()


def test_the_network_test_needs_a_media_worker(customer: Admitted):
    answer = customer.api.post(
        f"{SDK}/network-test", {"send_sdp": "v=0", "receive_sdp": "v=0"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (503, "media_unavailable")


def test_the_network_test_loops_through_a_worker_without_recording(customer: Admitted):
    with fake_worker(make_call()) as worker:
        answer = customer.api.post(
            f"{SDK}/network-test", {"send_sdp": "s", "receive_sdp": "r"}, format="json"
        )

    assert answer.json() == {"send_sdp": "v=0", "receive_sdp": "v=0"}
    (opened,) = worker.told("open")
    assert (opened["probe"], opened["record"]) == (True, "manual")
    assert [(leg["participant_id"], leg["media"]) for leg in worker.told("legs")] == [
        ("receive", {"audio": False, "video": False}),
        ("send", {"audio": True, "video": True}),
    ]


def test_another_phone_goes_on_for_the_same_party(customer: Admitted):
    answer = customer.api.post(f"{SDK}/hand-over")

    assert answer.status_code == 201
    fresh = APIClient().post(f"{SDK}/admission", {"ticket": answer.json()["ticket"]}, format="json")
    assert fresh.json()["session"]["party"]["id"] == str(customer.token.party_id)
    assert CallToken.objects.count() == 2


@pytest.fixture
def in_call(customer: Admitted) -> Call:
    customer.agree()
    call = interviews.open_call(
        customer.token.task_id,
        seat=make_seat(),
        party_id=customer.token.party_id,
        actor=SEAT_ACTOR,
    )
    place = call.participants.get(role="customer")
    place.state = "PRESENT"
    place.save()
    call.state = CallState.LIVE
    call.save()
    CallToken.objects.update(participant_id=place.pk)
    return call


def test_a_card_is_confirmed_by_its_own_customer(customer: Admitted, in_call: Call):
    with fake_worker(in_call):
        card = interviews.show_card(
            in_call.pk, title="请确认", lines=[["贷款金额", "1.00 元"]], actor=SEAT_ACTOR
        )
        path = f"{SDK}/cards/{card.pk}/answer"
        wrong = customer.api.post(path, {"accepted": True, "sha256": "0" * 64}, format="json")
        right = customer.api.post(path, {"accepted": True, "sha256": card.sha256}, format="json")

    assert (wrong.status_code, wrong.json()["code"]) == (409, "card_changed")
    assert right.status_code == 200
    assert right.json()["accepted"] is True


def test_a_picture_is_sent_in_parts_by_its_own_customer(customer: Admitted, in_call: Call):
    place = in_call.participants.get(role="customer")
    still = interviews.ask_still(in_call.pk, place.pk, kind=SnapshotKind.ID_CARD, actor=SYSTEM)
    picture = jpeg()
    path = f"{SDK}/stills/{still.pk}"

    def put(content: bytes, offset: int) -> Any:
        return customer.api.put(
            f"{path}?offset={offset}&total={len(picture)}",
            data=content,
            content_type="application/octet-stream",
        )

    with fake_worker(in_call):
        put(picture[:1000], 0)
        assert customer.api.get(path).json()["received_bytes"] == 1000
        done = put(picture[1000:], 1000)

    assert done.json()["state"] == "DONE"
    assert in_call.snapshots.get().width == 400


def test_somebody_elses_picture_does_not_exist(customer: Admitted, in_call: Call):
    other = make_call()
    place = other.participants.get(role="customer")
    place.state = "PRESENT"
    place.save()
    still = interviews.ask_still(other.pk, place.pk, kind=SnapshotKind.OTHER, actor=SYSTEM)
    path = f"{SDK}/stills/{still.pk}"

    answers = [
        customer.api.get(path),
        customer.api.put(
            f"{path}?offset=0&total=9", data=b"x", content_type="application/octet-stream"
        ),
        customer.api.delete(path, {"reason": "no_camera"}, format="json"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    still.refresh_from_db()
    assert (still.state, still.received_bytes) == ("ASKED", 0)


def test_a_call_is_rated_after_its_end_and_the_last_tap_counts(customer: Admitted, in_call: Call):
    early = customer.api.put(f"{SDK}/rating", {"stars": 5}, format="json")
    Call.objects.filter(pk=in_call.pk).update(state=CallState.ENDED, ended_at=timezone.now())

    customer.api.put(f"{SDK}/rating", {"stars": 3}, format="json")
    customer.api.put(f"{SDK}/rating", {"stars": 4}, format="json")
    wrong = customer.api.put(f"{SDK}/rating", {"stars": 6}, format="json")

    assert (early.status_code, early.json()["code"]) == (409, "call_not_over")
    assert wrong.status_code == 400
    assert list(CallRating.objects.values_list("call_id", "stars")) == [(in_call.pk, 4)]


def test_a_position_that_changes_during_the_call_is_on_the_timeline_each_time(
    customer: Admitted, in_call: Call
):
    places = [(30.8703, 120.0933), (30.8703, 120.0933), (30.9, 120.1), (30.8703, 120.0933)]
    in_call.participants.filter(role="customer").update(joined_at=timezone.now())
    with fake_worker(in_call):
        for latitude, longitude in places:
            body = {"latitude": latitude, "longitude": longitude}
            answer = customer.api.post(f"{SDK}/position", body, format="json")
            assert answer.status_code == 204

    events = in_call.events.filter(kind="position").order_by("at_ms")
    assert [(at.payload["latitude"], at.payload["longitude"]) for at in events] == [
        (30.8703, 120.0933),
        (30.9, 120.1),
        (30.8703, 120.0933),
    ]
    assert {at.participant_id for at in events} == {
        in_call.participants.get(role="customer").pk,
    }


def test_the_seat_is_told_of_a_doubtful_position_once(customer: Admitted, in_call: Call):
    attempt = AdmissionAttempt.objects.get(pk=customer.token.attempt_id)
    attempt.doubts = ["mocked"]
    attempt.save()
    actor = Actor(ActorKind.PARTY, "p")

    with fake_worker(in_call):
        for _ in range(2):
            services.connect_media(customer.token, offer_sdp="v=0", actor=actor)

    event = in_call.events.get(kind="device")
    assert event.payload["text"] == "定位可疑：模拟定位"


def test_the_line_shows_a_place_only_where_the_bank_shows_it(customer: Admitted):
    customer.agree()
    customer.call_in()
    customer.token.refresh_from_db()

    before = state_view(customer.token)["request"]
    set_value("queue_display", 1, scope=Scope.GLOBAL, by="test")
    after = state_view(customer.token)["request"]

    assert "queue" not in before
    assert after["queue"] == {
        "position": 1,
        "ahead": 0,
        "waiting": 1,
        "least_s": None,  # too few calls are known: no number is better than an invented one
        "most_s": None,
    }


def test_what_to_bring_is_what_the_script_of_the_interview_says(customer: Admitted):
    usual = customer.api.get(f"{SDK}/session").json()["bring"]
    script = Script.objects.create(
        title="永续贷", product_code="YXD", to_bring="身份证原件\n\n 结婚证原件 \n"
    )

    assert usual == ["身份证原件", "房产证原件"]
    assert customer.api.get(f"{SDK}/session").json()["bring"] == ["身份证原件", "结婚证原件"]
    assert script_services.next_version(script.pk, actor=SYSTEM).to_bring == script.to_bring
