"""Recognition: off by default, each kind with a consent of its own (SDK-10)."""

from typing import Any

import pytest

from audit.models import AuditEntry
from audit.sentences import sentence
from channels_admin.models import Channel
from customer_sdk import services
from customer_sdk.models import CallToken
from customer_sdk.selectors import actor_of
from interviews import services as interviews
from interviews.models import Call, Consent
from interviews.states import CallState
from parameters.models import Parameter, Scope
from tests.support.customers import Admitted
from tests.support.factories import SEAT_ACTOR, make_seat
from tests.support.fake_worker import fake_worker

SDK = "/api/sdk/v1"
DECLINED = {"what": "option_declined", "reason": "liveness"}


def options(customer: Admitted) -> dict[str, Any]:
    answer: dict[str, Any] = customer.api.get(f"{SDK}/session").json()["options"]
    return answer


@pytest.fixture
def installed(settings: Any, channel: Channel) -> None:
    settings.RECOGNITION_URL = "https://recogniser.example"
    Parameter.objects.create(
        key="recognise_liveness", scope=Scope.CHANNEL, code=channel.code, value=1
    )


@pytest.fixture
def in_call(customer: Admitted) -> Call:
    customer.agree()
    party_id = customer.token.party_id
    call = interviews.open_call(
        customer.token.task_id, seat=make_seat(), party_id=party_id, actor=SEAT_ACTOR
    )
    call.state = CallState.LIVE
    call.save()
    CallToken.objects.update(participant_id=call.participants.get(role="customer").pk)
    return call


def test_everything_is_off_by_default(customer: Admitted):
    assert options(customer) == {
        "network_test_s": 8,
        "queue_display": False,
        "face_reminder": False,
        "follow_position": True,
        "rating": True,
        "local_rescue": False,
        "recognition": [],
    }


def test_a_kind_that_is_switched_on_brings_its_text_and_its_alternative(
    customer: Admitted, installed: None
):
    (kind,) = options(customer)["recognition"]

    assert (kind["kind"], kind["text_version"], kind["agreed"]) == (
        "liveness",
        "liveness-2",
        False,
    )
    assert kind["alternative"] == "不同意也可以面谈，由坐席人工核验证件与本人。"


def test_a_switch_without_a_recogniser_offers_nothing(
    customer: Admitted, installed: None, settings: Any
):
    settings.RECOGNITION_URL = ""

    assert options(customer)["recognition"] == []


def test_agreeing_is_kept_apart_from_the_recording_and_logged(customer: Admitted, installed: None):
    customer.agree()
    body = {"text_version": "liveness-2"}
    agreed = customer.api.post(f"{SDK}/option-consents", body, format="json")

    assert agreed.status_code == 204
    assert sorted(Consent.objects.values_list("text_version", flat=True)) == ["3", "liveness-2"]
    entry = AuditEntry.objects.filter(action="consent.given").latest("pk")
    assert sentence(entry) == "客户 同意了告知书（告知书版本：liveness-2）"
    assert options(customer)["recognition"][0]["agreed"] is True


def test_who_declines_is_checked_by_eye_and_the_seat_is_told(
    customer: Admitted, in_call: Call, installed: None
):
    actor = actor_of(customer.token)
    with fake_worker(in_call):
        services.report_device(CallToken.objects.get(), actor=actor, **DECLINED)

    event = in_call.events.get(kind="device")
    assert event.payload["text"] == "客户未同意人脸核验，由坐席人工核验"


@pytest.mark.parametrize("version", ["liveness-1", "id_ocr-2", "3"])
def test_only_a_text_that_is_in_force_here_can_be_agreed_to(
    customer: Admitted, installed: None, version: str
):
    body = {"text_version": version}
    answer = customer.api.post(f"{SDK}/option-consents", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_outdated")
    assert not Consent.objects.exists()
