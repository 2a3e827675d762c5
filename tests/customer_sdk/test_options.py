"""Recognition on the device: off by default, each kind with a consent of its own (SDK-10)."""

from typing import Any

import pytest

from customer_sdk.models import CallToken
from interviews import services as interviews
from interviews.models import Call, Consent
from interviews.states import CallState
from tests.support.customers import Admitted
from tests.support.factories import SEAT_ACTOR, make_seat
from tests.support.fake_worker import fake_worker

SDK = "/api/sdk/v1"
LIVENESS = {"kind": "liveness", "code": "not_live"}


def options(customer: Admitted) -> dict[str, Any]:
    answer: dict[str, Any] = customer.api.get(f"{SDK}/session").json()["options"]
    return answer


@pytest.fixture
def installed(settings: Any) -> None:
    settings.SDK_ADAPTERS = [{"kind": "liveness", "module": "/static/adapters/liveness.js"}]


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
        "rating": True,
        "local_rescue": False,
        "adapters": [],
    }


def test_an_installed_kind_brings_its_text_and_its_alternative(customer: Admitted, installed: None):
    (adapter,) = options(customer)["adapters"]

    assert (adapter["kind"], adapter["text_version"], adapter["agreed"]) == (
        "liveness",
        "liveness-1",
        False,
    )
    assert adapter["alternative"] == "不同意也可以面谈，由坐席当面核对证件。"


def test_without_consent_of_its_own_nothing_is_taken(
    customer: Admitted, in_call: Call, installed: None
):
    answer = customer.api.post(f"{SDK}/observations", LIVENESS, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "option_not_agreed")
    assert not in_call.events.filter(kind="observation").exists()


def test_what_was_agreed_to_is_told_to_the_seat(customer: Admitted, in_call: Call, installed: None):
    body = {"text_version": "liveness-1"}
    agreed = customer.api.post(f"{SDK}/option-consents", body, format="json")
    with fake_worker(in_call):
        told = customer.api.post(f"{SDK}/observations", LIVENESS, format="json")

    assert (agreed.status_code, told.status_code) == (204, 204)
    assert sorted(Consent.objects.values_list("text_version", flat=True)) == ["3", "liveness-1"]
    event = in_call.events.get(kind="observation")
    assert (event.payload["text"], event.payload["doubtful"]) == ("活体检测未通过", True)
    assert options(customer)["adapters"][0]["agreed"] is True


@pytest.mark.parametrize("version", ["liveness-0", "id_ocr-1", "3"])
def test_only_a_text_that_is_in_force_here_can_be_agreed_to(
    customer: Admitted, installed: None, version: str
):
    body = {"text_version": version}
    answer = customer.api.post(f"{SDK}/option-consents", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_outdated")
    assert not Consent.objects.exists()


def test_a_code_that_is_not_on_the_list_is_refused(
    customer: Admitted, in_call: Call, installed: None
):
    wrong = {"kind": "liveness", "code": "<b>"}

    assert customer.api.post(f"{SDK}/observations", wrong, format="json").status_code == 400
