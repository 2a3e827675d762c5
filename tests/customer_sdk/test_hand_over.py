"""Going on with another phone: a link and its QR code, for the same party, once."""

import re
from typing import Any
from urllib.parse import unquote

from rest_framework.test import APIClient

from customer_sdk.models import CallToken
from tests.support.customers import Admitted


def handed(customer: Admitted) -> dict[str, Any]:
    answer = customer.api.post("/api/sdk/v1/hand-over")
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def enter(ticket: str) -> int:
    return APIClient().post("/api/sdk/v1/admission", {"ticket": ticket}, format="json").status_code


def test_the_link_admits_the_same_party_once(customer: Admitted):
    told = handed(customer)

    assert [enter(told["ticket"]), enter(told["ticket"])] == [201, 401]
    assert set(CallToken.objects.values_list("party_id", flat=True)) == {customer.token.party_id}


def test_the_code_is_a_picture_of_the_whole_address_that_runs_no_script(customer: Admitted):
    told = handed(customer)

    kind, _, drawn = told["qr"].partition(",")
    tags = set(re.findall(r"<(\w+)", unquote(drawn)))
    assert told["call_url"] == f"http://testserver/h5/call/#ticket={told['ticket']}"
    assert kind.startswith("data:image/svg+xml")
    assert tags == {"svg", "path"}
