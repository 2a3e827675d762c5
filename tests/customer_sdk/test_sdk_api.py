"""REST of the SDK: the door, the notice, the line."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from appointments.models import Appointment
from audit.models import AuditEntry
from channels_admin.models import AdmissionAttempt, Channel, ChannelFence, ChannelService
from customer_sdk.models import CallToken, EntryTicket
from interviews.models import Consent, InterviewTask, Party
from queueing.models import CallRequest
from tests.support.customers import Admitted, admit, ticket_for
from tests.support.factories import make_seat

ADMISSION = "/api/sdk/v1/admission"
PROBLEM = "application/problem+json"


def enter(ticket: str, **claims: object) -> Any:
    return APIClient().post(ADMISSION, {"ticket": ticket, "claims": claims}, format="json")


def test_a_ticket_opens_a_session_with_all_that_the_client_needs(party: Party):
    answer = enter(
        ticket_for(party),
        gps={"latitude": 31.2397, "longitude": 121.4998, "accuracy_m": 20},
        device_model="NOH-AN00",
        os="Android 12",
        sdk_version="js-1.0.0",
        ssid="HOME",
    )

    assert answer.status_code == 201
    session = answer.json()["session"]
    assert session["party"] == {"id": str(party.pk), "name": "张晓明", "roles": ["主借人"]}
    assert session["task"]["product_name"] == "永续贷"
    assert session["labels"]["gps"] == {"latitude": 31.2397, "longitude": 121.4998}
    assert session["labels"]["product"] == "永续贷"
    # The seat, the other party, the share, the play-out, a supervisor.
    assert session["remote_slots"] == 5
    assert (session["consent"]["version"], session["consent"]["agreed"]) == ("3", False)
    attempt = AdmissionAttempt.objects.get()
    assert (attempt.admitted, attempt.phone, attempt.device_model) == (
        True,
        party.phone,
        "NOH-AN00",
    )
    assert (attempt.channel_code, attempt.product_code, attempt.party_id) == (
        "yuanyin",
        "YXD",
        party.pk,
    )
    assert AuditEntry.objects.filter(action="party.admitted").count() == 1


def test_neither_tickets_nor_tokens_are_stored_in_clear(party: Party):
    ticket = ticket_for(party)
    secret = enter(ticket).json()["token"]

    assert ticket not in str(EntryTicket.objects.values().get())
    assert secret not in str(CallToken.objects.values().get())


def test_a_ticket_works_once(party: Party):
    ticket = ticket_for(party)
    assert enter(ticket).status_code == 201

    again = enter(ticket)

    assert again.status_code == 401
    assert again["Content-Type"] == PROBLEM
    assert again.json()["code"] == "ticket_refused"
    assert CallToken.objects.count() == 1


def test_a_ticket_is_good_for_ten_minutes(party: Party):
    ticket = ticket_for(party)
    EntryTicket.objects.update(
        created_at=timezone.now() - dt.timedelta(minutes=11),
        expires_at=timezone.now() - dt.timedelta(minutes=1),
    )

    assert enter(ticket).json()["code"] == "ticket_refused"
    assert not AdmissionAttempt.objects.exists()


def test_a_disabled_channel_is_refused_in_the_documents_words_and_the_attempt_is_kept(
    party: Party, channel: Channel
):
    Channel.objects.update(enabled=False)

    answer = enter(ticket_for(party))

    assert answer.status_code == 403
    assert answer.json()["title"] == "当前渠道未被授权接入我行视频坐席，请联系您的客户经理。"
    assert AdmissionAttempt.objects.get().admitted is False


def test_whoever_is_outside_can_go_there_and_use_the_same_ticket(party: Party, channel: Channel):
    ChannelFence.objects.create(
        channel=channel, name="陆家嘴支行", latitude=31.2397, longitude=121.4998, radius_m=300
    )
    ticket = ticket_for(party)

    refused = enter(ticket)
    admitted = enter(ticket, gps={"latitude": 31.2398, "longitude": 121.4999})

    assert refused.json()["title"] == "请前往陆家嘴支行后再次发起面谈。"
    assert refused.json()["facts"]["places"] == ["陆家嘴支行"]
    assert admitted.status_code == 201
    assert list(
        AdmissionAttempt.objects.order_by("created_at").values_list("admitted", flat=True)
    ) == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ticket": "x" * 201},
        {"ticket": "x", "claims": {"gps": {"latitude": 91, "longitude": 0}}},
        {"ticket": "x", "claims": {"gps": {"latitude": "NaN", "longitude": 0}}},
        {"ticket": "x", "claims": {"region_code": "31'; --"}},
        {"ticket": "x", "claims": []},
    ],
)
@pytest.mark.django_db
def test_what_is_not_understood_is_a_problem_and_no_attempt(body: dict[str, object]):
    answer = APIClient().post(ADMISSION, body, format="json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert not AdmissionAttempt.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "session"),
        ("post", "consent"),
        ("post", "calls"),
        ("delete", "calls"),
        ("post", "position"),
    ],
)
@pytest.mark.django_db
def test_nothing_opens_without_a_token(method: str, path: str):
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic x"}):
        answer = getattr(APIClient(headers=headers), method)(f"/api/sdk/v1/{path}")

        assert answer.status_code == 401
        assert answer.json()["code"] == "session_refused"


def test_consent_is_kept_with_its_version_and_shown_in_the_session(customer: Admitted):
    outdated = customer.api.post("/api/sdk/v1/consent", {"text_version": "2"}, format="json")
    assert (outdated.status_code, outdated.json()["code"]) == (409, "consent_outdated")
    assert not Consent.objects.exists()

    customer.agree()

    consent = Consent.objects.get()
    assert (consent.party_id, consent.text_version, consent.ip) == (
        customer.token.party_id,
        "3",
        "127.0.0.1",
    )
    assert customer.api.get("/api/sdk/v1/session").json()["consent"]["agreed"] is True


def test_nobody_calls_in_before_agreeing(customer: Admitted):
    answer = customer.api.post("/api/sdk/v1/calls", {}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_missing")
    assert not CallRequest.objects.exists()


def test_calling_in_twice_is_one_place_in_the_line(customer: Admitted):
    customer.agree()

    first = customer.api.post("/api/sdk/v1/calls", {}, format="json")
    second = customer.api.post("/api/sdk/v1/calls", {}, format="json")

    assert first.json() == second.json() == {"phase": "waiting", "participant_id": None}
    assert CallRequest.objects.count() == 1


def test_who_stops_waiting_can_call_in_again(customer: Admitted):
    customer.agree()
    customer.call_in()

    assert customer.api.delete("/api/sdk/v1/calls").status_code == 204
    assert CallRequest.objects.get().state == "ABANDONED"

    customer.call_in()
    assert CallRequest.objects.filter(state="WAITING").count() == 1


def book(task: InterviewTask, start: dt.datetime) -> Appointment:
    return Appointment.objects.create(
        task=task, seat=make_seat(), slot=(start, start + dt.timedelta(hours=1))
    )


def test_without_walk_in_a_call_comes_within_the_slot_only(channel: Channel, party: Party):
    Channel.objects.update(allow_walk_in=False)
    later = book(party.task, timezone.now() + dt.timedelta(hours=2))
    customer = admit(party)
    customer.agree()

    answer = customer.api.post("/api/sdk/v1/calls", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "outside_slot")
    assert not CallRequest.objects.exists()

    later.slot = (timezone.now(), timezone.now() + dt.timedelta(hours=1))
    later.save()
    customer.call_in()
    assert CallRequest.objects.count() == 1


def test_a_token_dies_with_the_slot_it_was_given_for(channel: Channel, party: Party):
    Channel.objects.update(allow_walk_in=False)
    old = book(party.task, timezone.now() - dt.timedelta(minutes=5))
    customer = admit(party)
    customer.agree()
    Appointment.objects.filter(pk=old.pk).update(state="MOVED")
    book(party.task, timezone.now() - dt.timedelta(minutes=1))

    answer = customer.api.post("/api/sdk/v1/calls", {}, format="json")

    assert answer.json()["code"] == "outside_slot"


def test_the_service_type_is_one_that_is_open(channel: Channel, party: Party):
    for kind in ("贷中面谈", "补充面谈"):
        ChannelService.objects.create(channel=channel, business_type=kind)
    customer = admit(party)
    customer.agree()

    wrong = customer.api.post("/api/sdk/v1/calls", {"service_type": "闲聊"}, format="json")
    right = customer.api.post("/api/sdk/v1/calls", {"service_type": "补充面谈"}, format="json")

    assert (wrong.status_code, wrong.json()["facts"]["open"]) == (400, ["贷中面谈", "补充面谈"])
    assert right.status_code == 200
    customer.token.refresh_from_db()
    assert customer.token.business_type == "补充面谈"


def test_the_position_reaches_the_labels(customer: Admitted):
    answer = customer.api.post(
        "/api/sdk/v1/position", {"latitude": 30.8703, "longitude": 120.0933}, format="json"
    )

    assert answer.status_code == 204
    labels = customer.api.get("/api/sdk/v1/session").json()["labels"]
    assert labels["gps"] == {"latitude": 30.8703, "longitude": 120.0933}


def test_a_partner_gets_a_ticket_that_opens_the_door(party: Party, settings: object):
    settings.PARTNER_API_KEYS = {"yuanyin": "key-of-yuanyin"}  # type: ignore[attr-defined]
    body = {"task_id": str(party.task_id), "party_id": str(party.pk), "channel_code": "yuanyin"}
    path = "/api/partner/v1/tickets"

    stranger = APIClient().post(path, body, format="json")
    partner = APIClient(headers={"Authorization": "Bearer key-of-yuanyin"})
    answer = partner.post(path, body, format="json")

    assert stranger.status_code == 401
    assert answer.status_code == 201
    ticket = answer.json()["ticket"]
    assert answer.json()["call_path"] == f"/h5/call/#ticket={ticket}"
    assert EntryTicket.objects.get().issued_to == "yuanyin"
    assert enter(ticket).status_code == 201


def test_a_ticket_is_refused_for_a_party_of_another_task(party: Party, settings: object):
    settings.PARTNER_API_KEYS = {"yuanyin": "key-of-yuanyin"}  # type: ignore[attr-defined]
    other = InterviewTask.objects.create(
        contract_no="X", product_code="P", product_name="P", customer_name="N"
    )
    body = {"task_id": str(other.pk), "party_id": str(party.pk), "channel_code": "yuanyin"}

    answer = APIClient(headers={"Authorization": "Bearer key-of-yuanyin"}).post(
        "/api/partner/v1/tickets", body, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "task_unknown")
    assert not EntryTicket.objects.exists()


@pytest.mark.django_db
def test_the_page_may_use_the_camera_and_runs_no_inline_script():
    page = Client().get("/h5/call/")

    assert page.status_code == 200
    assert "camera=(self)" in page["Permissions-Policy"]
    assert page["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in page["Content-Security-Policy"]
    html = page.content.decode()
    assert " style=" not in html
    assert "<script>" not in html
