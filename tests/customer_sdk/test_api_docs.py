"""The interfaces' descriptions, other origins, and what no input may do to the API."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
import yaml
from django.test import Client
from hypothesis import HealthCheck, given, settings
from rest_framework.test import APIClient
from schemathesis.core.result import Ok

from customer_sdk import asyncapi, policy
from customer_sdk import protocol as p
from tests.support.customers import Admitted

DOCS = "/api/docs/"


def test_the_page_lists_every_operation_and_frame_without_anything_from_elsewhere():
    page = Client().get(DOCS)

    html = page.content.decode()
    assert page.status_code == 200
    assert "/api/sdk/v1/stills/{still_id}" in html
    assert "/api/partner/v1/tickets" in html
    assert "device.report" in html
    assert "4429" in html
    assert "<script" not in html
    assert "http://" not in html
    assert "https://" not in html


def test_names_of_the_interface_are_set_apart_and_no_word_is_of_its_making():
    html = Client().get(DOCS).content.decode()

    assert "`" not in html
    assert (
        "Who comes through which pair of receive-only lines of the connection <code>leg_id</code>."
        in html
    )
    assert "A system of the bank with the scope" not in html


def test_openapi_is_served_as_the_code_has_it():
    described = yaml.safe_load(Client().get(f"{DOCS}openapi.yaml").content)

    assert described["openapi"].startswith("3.")
    assert "/api/sdk/v1/cards/{card_id}/answer" in described["paths"]
    refusals = described["paths"]["/api/sdk/v1/calls"]["post"]["responses"]
    assert set(refusals) == {"200", "400", "401", "403", "409", "429"}


def test_asyncapi_names_every_frame_with_its_schema():
    described = yaml.safe_load(Client().get(f"{DOCS}asyncapi.yaml").content)

    assert described == asyncapi.document()
    names = {message["name"] for message in described["components"]["messages"].values()}
    assert names == {
        *("hello", "media.offer", "chat.send", "device.report", "leave", "heartbeat"),
        *("done", "refused", "state", "place", "slots", "media.reconnect"),
        *("ended", "quality", "playout"),
    }
    offer = described["components"]["schemas"]["MediaOffer"]
    assert offer["properties"]["sdp"]["maxLength"] == policy.MAX_FRAME_BYTES
    assert offer["additionalProperties"] is False
    codes = described["channels"]["sdk"]["x-close-codes"]
    assert set(codes) == {
        str(code)
        for code in (
            *(p.BAD_HELLO, p.NOT_ADMITTED, p.BAD_ORIGIN),
            *(p.SILENT, p.TOO_LARGE, p.TOO_MANY),
        )
    }


@pytest.mark.parametrize("origin", ["https://app.bank.example", "https://evil.example"])
@pytest.mark.django_db
def test_only_listed_pages_may_use_the_interface(origin: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(policy, "ALLOWED_ORIGINS", ("https://app.bank.example",))
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    before = Client(headers=asked).options("/api/sdk/v1/admission")
    answer = Client(headers={"Origin": origin}).post("/api/sdk/v1/admission", {})
    elsewhere = Client(headers={"Origin": origin}).get("/api/docs/")

    listed = origin == "https://app.bank.example"
    assert before.get("Access-Control-Allow-Origin") == (origin if listed else None)
    assert answer.get("Access-Control-Allow-Origin") == (origin if listed else None)
    assert "Access-Control-Allow-Credentials" not in answer
    assert "Access-Control-Allow-Origin" not in elsewhere
    if listed:
        assert before.status_code == 204
        assert "Idempotency-Key" in before["Access-Control-Allow-Headers"]


@pytest.mark.timeout(180)
def test_no_input_makes_the_interface_fail(customer: Admitted, monkeypatch: pytest.MonkeyPatch):
    """Schemathesis over every operation of the SDK: whatever comes, no server error."""
    plenty = dict.fromkeys(policy.LIMITS, (10**6, 60))
    monkeypatch.setattr(policy, "LIMITS", plenty)
    described = yaml.safe_load(Client().get(f"{DOCS}openapi.yaml").content)
    schema = schemathesis.openapi.from_dict(described).include(path_regex="^/api/sdk/")
    customer.agree()
    failed: list[str] = []
    asked = 0

    def send(case: Any) -> None:
        nonlocal asked
        asked += 1
        kind = case.media_type or "application/json"
        body = b"" if case.body is None or isinstance(case.body, type) else case.body
        answer = APIClient(headers={"Authorization": f"Bearer {customer.secret}"}).generic(
            case.method,
            case.formatted_path,
            data=body if isinstance(body, (bytes, str)) else as_json(body),  # type: ignore[arg-type]
            content_type=kind,
            QUERY_STRING=query(case.query),
        )
        if answer.status_code >= 500 and answer.status_code != 503:
            failed.append(f"{case.method} {case.formatted_path} {answer.status_code} {body!r}")

    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        run = settings(
            max_examples=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(given(case=found.ok().as_strategy())(send))
        run()

    assert failed == []
    assert asked >= 150


def as_json(body: Any) -> str:
    return json.dumps(body, default=str)


def query(given_query: Any) -> str:
    return urlencode(dict(given_query or {}), doseq=True, errors="replace")
