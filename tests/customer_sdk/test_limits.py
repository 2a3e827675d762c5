"""How often, from where, and what a retry gets (L1, T3)."""

from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from channels_admin.models import AdmissionAttempt
from common import limits
from common.limits import RateLimited, spend
from customer_sdk.frame_budget import FrameBudget, Pending
from customer_sdk.models import CallToken
from interviews.models import Party
from tests.support.customers import Admitted, ticket_for

ADMISSION = "/api/sdk/v1/admission"
KEY = {"Idempotency-Key": "try-0123456789"}


def enter(ticket: str, **headers: str) -> Any:
    return APIClient(headers=headers).post(ADMISSION, {"ticket": ticket}, format="json")


def test_the_sixth_call_in_of_a_minute_is_refused_with_the_time_to_wait(customer: Admitted):
    customer.agree()
    answers = [customer.api.post("/api/sdk/v1/calls", {}, format="json") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert refused.json()["retryable"] is True
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_guessing_tickets_is_limited_by_address(db: None):
    answers = [enter(f"guess-{number}").status_code for number in range(61)]

    assert answers == [401] * 60 + [429]


def test_without_redis_the_limit_holds_in_this_process(monkeypatch: pytest.MonkeyPatch):
    class Away:
        def add(self, *_: object, **__: object) -> bool:
            raise RedisError

    monkeypatch.setattr(limits, "cache", Away())
    spend("away", "somebody", most=2, within_s=3600)
    spend("away", "somebody", most=2, within_s=3600)

    with pytest.raises(RateLimited):
        spend("away", "somebody", most=2, within_s=3600)
    spend("away", "somebody else", most=2, within_s=3600)


def test_only_a_hash_of_the_subject_is_in_redis():
    spend("phone", "13800138000", most=5, within_s=60)

    keys = [key.decode() for key in cache._cache.get_client().keys("*limit:phone*")]  # type: ignore[attr-defined]
    assert len(keys) == 1
    assert "13800138000" not in keys[0]


def test_an_answer_that_was_lost_is_given_again_to_whoever_holds_ticket_and_key(party: Party):
    ticket = ticket_for(party)

    first, again = enter(ticket, **KEY), enter(ticket, **KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["token"] == again.json()["token"]
    assert CallToken.objects.count() == AdmissionAttempt.objects.count() == 1


@pytest.mark.parametrize("other", [{}, {"Idempotency-Key": "another-key-1"}])
def test_another_device_gets_nothing_for_a_used_ticket(party: Party, other: dict[str, str]):
    ticket = ticket_for(party)
    enter(ticket, **KEY)

    again = enter(ticket, **other)

    assert (again.status_code, again.json()["code"]) == (401, "ticket_refused")
    assert CallToken.objects.count() == 1


@pytest.mark.parametrize("key", ["short", "x" * 81])
def test_a_key_has_a_length(party: Party, key: str):
    answer = enter(ticket_for(party), **{"Idempotency-Key": key})

    assert answer.status_code == 400
    assert not CallToken.objects.exists()


def test_a_budget_of_frames_fills_again():
    now = [0.0]
    budget = FrameBudget(3, 1.0, clock=lambda: now[0])

    assert [budget.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.4
    assert [budget.take() for _ in range(2)] == [True, False]


def test_an_address_has_so_many_nameless_sockets():
    pending = Pending(2)

    assert [pending.take("a"), pending.take("a"), pending.take("a")] == [True, True, False]
    assert pending.take("b")
    pending.give_back("a")
    assert pending.take("a")
