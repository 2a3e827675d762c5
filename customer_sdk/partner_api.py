"""Tickets for the apps of partners: their server asks for one and hands it to the app."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.actor import Actor, ActorKind
from common.limits import spend
from credit_bridge.auth import PartnerKey

from . import policy, services
from .api import problems


class TicketRequestSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    party_id = serializers.UUIDField()
    channel_code = serializers.CharField(max_length=40)


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()
    call_path = serializers.CharField(help_text="The H5 page with the ticket in its fragment.")


def _partner(request: Request) -> Actor:
    """The calling system, within the limit. Raises RateLimited."""
    partner = str(request.user)
    most, within_s = policy.LIMITS["ticket"]
    spend("sdk.ticket", partner, most=most, within_s=within_s)
    return Actor(ActorKind.PARTNER, partner, partner, request.META.get("REMOTE_ADDR", ""))


class TicketsView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="issueTicket",
        summary="A single-use entry for one party of one task, good for ten minutes",
        request=TicketRequestSerializer,
        responses={201: TicketSerializer, **problems(400, 401, 404, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = TicketRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        issued = services.issue_ticket(
            asked.validated_data["task_id"],
            party_id=asked.validated_data["party_id"],
            channel_code=asked.validated_data["channel_code"],
            actor=_partner(request),
        )
        answer = TicketSerializer(
            {
                "ticket": issued.secret,
                "expires_at": issued.ticket.expires_at,
                "call_path": f"/h5/call/#ticket={issued.secret}",
            }
        )
        return Response(answer.data, status=status.HTTP_201_CREATED)


class CheckTicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()
    check_path = serializers.CharField(help_text="The page of the check, to be sent as a link.")


class CheckTicketsView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="issueCheckTicket",
        summary="A link to the device check, good until the slot begins; it opens no call",
        request=TicketRequestSerializer,
        responses={201: CheckTicketSerializer, **problems(400, 401, 404, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = TicketRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        issued = services.issue_check_ticket(
            asked.validated_data["task_id"],
            party_id=asked.validated_data["party_id"],
            channel_code=asked.validated_data["channel_code"],
            actor=_partner(request),
        )
        answer = {
            "ticket": issued.secret,
            "expires_at": issued.ticket.expires_at,
            "check_path": f"/h5/check/#ticket={issued.secret}",
        }
        return Response(CheckTicketSerializer(answer).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("tickets", TicketsView.as_view(), name="partner-tickets"),
    path("check-tickets", CheckTicketsView.as_view(), name="partner-check-tickets"),
]
