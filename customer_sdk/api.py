"""REST of the customer's SDK, under /api/sdk/v1/. The socket carries everything that is live."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from channels_admin.admission import Claim, Point
from common.actor import Actor
from common.problems import ProblemSerializer

from . import selectors, services
from .auth import CallTokenAuth
from .models import CallToken
from .selectors import session_view, state_view


def problems(*codes: int) -> dict[Any, Any]:
    said = {
        400: "The request is not understood, or names what is not offered.",
        401: "The ticket or token is unknown, used or expired.",
        403: "Refused: channel, place, or missing consent.",
        404: "There is no such thing, or it is not yours.",
        409: "Not possible in the present state.",
        429: "Too many requests.",
        503: "No media worker is free; try again in a moment.",
    }
    return {
        (code, "application/problem+json"): OpenApiResponse(ProblemSerializer, said[code])
        for code in codes
    }


class PointSerializer(serializers.Serializer[Any]):
    """Degrees, WGS-84."""

    latitude = serializers.FloatField(min_value=-90, max_value=90)
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    accuracy_m = serializers.FloatField(min_value=0, required=False)


class ClaimsSerializer(serializers.Serializer[Any]):
    """What the device knows of where and what it is (SDK-1); everything may be missing."""

    gps = PointSerializer(required=False)
    region_code = serializers.RegexField(r"^\d{2,12}$", required=False)
    ssid = serializers.CharField(max_length=64, required=False, allow_blank=True)
    bssid = serializers.CharField(max_length=32, required=False, allow_blank=True)
    device_model = serializers.CharField(max_length=100, required=False, allow_blank=True)
    os = serializers.CharField(max_length=60, required=False, allow_blank=True)
    sdk_version = serializers.CharField(max_length=40, required=False, allow_blank=True)


class AdmissionSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField(max_length=200)
    claims = ClaimsSerializer(required=False)


class PartySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class TaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    contract_no = serializers.CharField()
    product_name = serializers.CharField()
    state = serializers.CharField()


class ConsentPointSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    text = serializers.CharField()


class ConsentTextSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    title = serializers.CharField()
    points = ConsentPointSerializer(many=True)
    agree = serializers.CharField()
    place_agree = serializers.CharField()
    agreed = serializers.BooleanField()


class GpsSerializer(serializers.Serializer[Any]):
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()


class LabelsSerializer(serializers.Serializer[Any]):
    server_time_unix_ms = serializers.IntegerField()
    product = serializers.CharField()
    bank = serializers.CharField()
    gps = GpsSerializer(allow_null=True)


class SessionSerializer(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()
    party = PartySerializer()
    task = TaskSerializer()
    service_types = serializers.ListField(child=serializers.CharField())
    service_type = serializers.CharField(allow_blank=True)
    consent = ConsentTextSerializer()
    labels = LabelsSerializer()
    ice_servers = serializers.ListField(child=serializers.DictField())
    remote_slots = serializers.IntegerField(help_text="Receive-only (audio, video) pairs to offer.")
    heartbeat_s = serializers.IntegerField()
    reconnect_window_s = serializers.IntegerField()


class AdmittedSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    session = SessionSerializer()


class AgreeSerializer(serializers.Serializer[Any]):
    text_version = serializers.CharField(max_length=40)


class AgreedSerializer(serializers.Serializer[Any]):
    text_version = serializers.CharField()
    agreed_at = serializers.DateTimeField()


class CallInSerializer(serializers.Serializer[Any]):
    service_type = serializers.CharField(max_length=40, required=False, allow_blank=True)


class CalledSerializer(serializers.Serializer[Any]):
    phase = serializers.CharField()
    participant_id = serializers.UUIDField(allow_null=True)


def _ip(request: Request) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _who(request: Request) -> tuple[CallToken, Actor]:
    token: CallToken = request.auth  # type: ignore[assignment]
    return token, selectors.actor_of(token, _ip(request))


def claim_of(claims: dict[str, Any], ip: str) -> Claim:
    """The device's words as the decision wants them; channel, product, phone are the ticket's."""
    gps = claims.get("gps")
    return Claim(
        channel_code="",
        point=Point(gps["latitude"], gps["longitude"]) if gps else None,
        accuracy_m=gps.get("accuracy_m") if gps else None,
        ip=ip,
        **{
            name: claims.get(name, "")
            for name in ("region_code", "ssid", "bssid", "device_model", "os", "sdk_version")
        },
    )


class AdmissionThrottle(AnonRateThrottle):
    """Guessing a 256-bit ticket is hopeless; this keeps the guesser from costing us anything."""

    rate = "60/min"


class AdmissionView(APIView):
    throttle_classes = (AdmissionThrottle,)

    @extend_schema(
        operation_id="admission",
        summary="Exchange an entry ticket for a call token",
        request=AdmissionSerializer,
        responses={201: AdmittedSerializer, **problems(400, 401, 403, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        asked = AdmissionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        claim = claim_of(asked.validated_data.get("claims", {}), _ip(request))
        secret, token = services.enter(asked.validated_data["ticket"], claim)
        answer = AdmittedSerializer({"token": secret, "session": session_view(token)})
        return Response(answer.data, status=status.HTTP_201_CREATED)


class SessionView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="session",
        summary="What admission told, again (after a reload)",
        responses={200: SessionSerializer, **problems(401)},
    )
    def get(self, request: Request) -> Response:
        token, _actor = _who(request)
        return Response(SessionSerializer(session_view(token)).data)


class ConsentView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="consent",
        summary="Agree to being recorded; gates all media of the party",
        request=AgreeSerializer,
        responses={200: AgreedSerializer, **problems(400, 401, 409)},
    )
    def post(self, request: Request) -> Response:
        asked = AgreeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _who(request)
        consent = services.agree(
            token,
            text_version=asked.validated_data["text_version"],
            actor=actor,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return Response(AgreedSerializer(consent).data)


class PositionView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="position",
        summary="The position for the data labels, where the party agreed to it (SDK-6)",
        request=PointSerializer,
        responses={204: None, **problems(400, 401)},
    )
    def post(self, request: Request) -> Response:
        asked = PointSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, _actor = _who(request)
        gps = asked.validated_data
        services.note_position(token, Point(gps["latitude"], gps["longitude"]))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CallsView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="callIn",
        summary="Call in: enter the line, or the running call of the task",
        request=CallInSerializer,
        responses={200: CalledSerializer, **problems(400, 401, 403, 409)},
    )
    def post(self, request: Request) -> Response:
        asked = CallInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _who(request)
        token = services.call_in(
            token, service_type=asked.validated_data.get("service_type", ""), actor=actor
        )
        return Response(CalledSerializer(state_view(token)).data)

    @extend_schema(
        operation_id="leave",
        summary="Give up waiting, or leave the call",
        request=None,
        responses={204: None, **problems(401)},
    )
    def delete(self, request: Request) -> Response:
        token, actor = _who(request)
        services.leave(token, actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)
