"""Customers at the door: tickets, admission, calling in."""

from dataclasses import dataclass

from rest_framework.test import APIClient

from common.actor import Actor, ActorKind
from customer_sdk import policy, services
from customer_sdk.models import CallToken
from interviews.models import Party

PARTNER = Actor(ActorKind.PARTNER, "yuanyin", "yuanyin")


def ticket_for(party: Party, channel_code: str = "yuanyin") -> str:
    issued = services.issue_ticket(
        party.task_id, party_id=party.pk, channel_code=channel_code, actor=PARTNER
    )
    return issued.secret


@dataclass
class Admitted:
    """An admitted customer: the secret, its row, and a REST client that carries it."""

    secret: str
    token: CallToken
    api: APIClient

    def agree(self) -> None:
        answer = self.api.post(
            "/api/sdk/v1/consent", {"text_version": policy.CONSENT_VERSION}, format="json"
        )
        assert answer.status_code == 200, answer.content

    def call_in(self) -> None:
        answer = self.api.post("/api/sdk/v1/calls", {}, format="json")
        assert answer.status_code == 200, answer.content
        self.token.refresh_from_db()


def admit(party: Party) -> Admitted:
    answer = APIClient().post("/api/sdk/v1/admission", {"ticket": ticket_for(party)}, format="json")
    assert answer.status_code == 201, answer.content
    secret = answer.json()["token"]
    return Admitted(
        secret,
        services.token_for(secret),
        APIClient(headers={"Authorization": f"Bearer {secret}"}),
    )
