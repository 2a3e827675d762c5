"""REST of the customer's SDK, under /api/sdk/v1/. The socket carries everything that is live."""

from typing import Any
from uuid import UUID

import segno
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import parsers, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments.services import CheckResult
from appointments.states import NetworkGrade
from channels_admin.admission import Claim, Point
from common.actor import Actor
from common.limits import spend
from common.problems import ProblemSerializer
from interviews.errors import StillUnfit
from interviews.services.stills import MAX_PART_BYTES
from media_worker.protocol import MAX_STILL_BYTES
from recordings import services as recordings
from recordings.rescue import MAX_BYTES as MAX_RESCUE_BYTES
from recordings.selectors import rescue_closes_at, rescue_wanted

from . import policy, selectors, services
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
    mocked = serializers.BooleanField(
        required=False, help_text="The native host saw a mock provider."
    )


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


class VideoLimitsSerializer(serializers.Serializer[Any]):
    """Bounds of what the app may set for the party's picture (SDK-9)."""

    min_kbps = serializers.IntegerField()
    max_kbps = serializers.IntegerField()


class RecognitionSerializer(serializers.Serializer[Any]):
    """Recognition in use; each kind needs a consent of its own, none of them holds up the call."""

    kind = serializers.CharField()
    text_version = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    alternative = serializers.CharField()
    agreed = serializers.BooleanField()


class OptionsSerializer(serializers.Serializer[Any]):
    """What is switched on for this channel and product."""

    network_test_s = serializers.IntegerField(help_text="Seconds of the network test; 0: none.")
    queue_display = serializers.BooleanField()
    face_reminder = serializers.BooleanField()
    follow_position = serializers.BooleanField(
        help_text="Who agreed to the position shares it again during the call."
    )
    rating = serializers.BooleanField()
    local_rescue = serializers.BooleanField(
        help_text="The device records itself, for what the network loses."
    )
    recognition = RecognitionSerializer(many=True)


class SessionSerializer(serializers.Serializer[Any]):
    purpose = serializers.ChoiceField(["call", "check"])
    options = OptionsSerializer()
    expires_at = serializers.DateTimeField()
    party = PartySerializer()
    task = TaskSerializer()
    bring = serializers.ListField(
        child=serializers.CharField(), help_text="What to have at hand, as the script says."
    )
    service_types = serializers.ListField(child=serializers.CharField())
    service_type = serializers.CharField(allow_blank=True)
    consent = ConsentTextSerializer()
    labels = LabelsSerializer()
    ice_servers = serializers.ListField(child=serializers.DictField())
    video = VideoLimitsSerializer()
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
        mocked=bool(gps and gps.get("mocked")),
        ip=ip,
        **{
            name: claims.get(name, "")
            for name in ("region_code", "ssid", "bssid", "device_model", "os", "sdk_version")
        },
    )


def _limit(name: str, subject: object) -> None:
    """Raises RateLimited."""
    most, within_s = policy.LIMITS[name]
    spend(f"sdk.{name}", str(subject), most=most, within_s=within_s)


def _guest(request: Request, limit: str) -> tuple[CallToken, Actor]:
    """Whoever holds a token of any purpose, within the limit."""
    token, actor = _who(request)
    _limit(limit, token.party_id)
    return token, actor


def _caller(request: Request, limit: str) -> tuple[CallToken, Actor]:
    """Whoever holds a token for a call, within the limit."""
    token, actor = _guest(request, limit)
    services.require_call_purpose(token)
    return token, actor


class AdmissionView(APIView):
    @extend_schema(
        operation_id="admission",
        summary="Exchange an entry ticket for a call token",
        description=(
            "With an `Idempotency-Key` of the client's own (a random text, kept for the try) the "
            "same answer is given again when the first one was lost on the way."
        ),
        parameters=[
            OpenApiParameter(
                "Idempotency-Key", str, OpenApiParameter.HEADER, description="8 to 80 characters"
            )
        ],
        request=AdmissionSerializer,
        responses={201: AdmittedSerializer, **problems(400, 401, 403, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        # Guessing a 256-bit ticket is hopeless; this keeps the guesser from costing us anything.
        _limit("admission", _ip(request))
        asked = AdmissionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key", "")
        if key and not 8 <= len(key) <= policy.MAX_KEY_CHARS:
            raise serializers.ValidationError({"Idempotency-Key": ["8…80"]})
        claim = claim_of(asked.validated_data.get("claims", {}), _ip(request))
        secret, token = services.enter(asked.validated_data["ticket"], claim, attempt_key=key)
        answer = AdmittedSerializer({"token": secret, "session": session_view(token)})
        return Response(answer.data, status=status.HTTP_201_CREATED)


class SessionView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="session",
        summary="What admission told, again (after a reload)",
        responses={200: SessionSerializer, **problems(401, 429)},
    )
    def get(self, request: Request) -> Response:
        token, _actor = _guest(request, "session")
        return Response(SessionSerializer(session_view(token)).data)


class ConsentView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="consent",
        summary="Agree to being recorded; gates all media of the party",
        request=AgreeSerializer,
        responses={200: AgreedSerializer, **problems(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = AgreeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "consent")
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
        responses={204: None, **problems(400, 401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = PointSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "position")
        gps = asked.validated_data
        services.note_position(token, Point(gps["latitude"], gps["longitude"]), actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CallsView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="callIn",
        summary="Call in: enter the line, or the running call of the task",
        request=CallInSerializer,
        responses={200: CalledSerializer, **problems(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = CallInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "call_in")
        token = services.call_in(
            token, service_type=asked.validated_data.get("service_type", ""), actor=actor
        )
        return Response(CalledSerializer(state_view(token)).data)

    @extend_schema(
        operation_id="leave",
        summary="Give up waiting, or leave the call",
        request=None,
        responses={204: None, **problems(401, 403, 429)},
    )
    def delete(self, request: Request) -> Response:
        token, actor = _caller(request, "leave")
        services.leave(token, actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class NetworkTestSerializer(serializers.Serializer[Any]):
    send_sdp = serializers.CharField(max_length=100_000)
    receive_sdp = serializers.CharField(max_length=100_000)


class NetworkAnswerSerializer(serializers.Serializer[Any]):
    send_sdp = serializers.CharField()
    receive_sdp = serializers.CharField()


class NetworkTestView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="networkTest",
        summary="A loop through a media worker: what the first offer sends comes back on the second",
        request=NetworkTestSerializer,
        responses={200: NetworkAnswerSerializer, **problems(400, 401, 409, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        asked = NetworkTestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, _actor = _guest(request, "network_test")
        answers = services.test_network(token, **asked.validated_data)
        return Response(NetworkAnswerSerializer(answers).data)


class DeviceCheckSerializer(serializers.Serializer[Any]):
    camera = serializers.BooleanField()
    microphone = serializers.BooleanField()
    speaker = serializers.BooleanField()
    network = serializers.ChoiceField(NetworkGrade.choices)
    loss_percent = serializers.FloatField(
        min_value=0, max_value=100, required=False, allow_null=True, default=None
    )
    rtt_ms = serializers.FloatField(
        min_value=0, max_value=60_000, required=False, allow_null=True, default=None
    )
    kbps = serializers.FloatField(
        min_value=0, max_value=10_000_000, required=False, allow_null=True, default=None
    )
    host = serializers.RegexField(r"^[a-z0-9_-]{0,20}$", required=False, default="")
    trouble = serializers.RegexField(r"^[a-z0-9_]{0,40}$", required=False, default="")


class CheckedSerializer(serializers.Serializer[Any]):
    passed = serializers.BooleanField()


class DeviceCheckView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="deviceCheck",
        summary="What the device found out about itself; shown on the appointment",
        request=DeviceCheckSerializer,
        responses={201: CheckedSerializer, **problems(400, 401, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = DeviceCheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _guest(request, "device_check")
        facts = asked.validated_data | {"network": NetworkGrade(asked.validated_data["network"])}
        check = services.note_device_check(token, CheckResult(**facts), actor=actor)
        return Response(CheckedSerializer(check).data, status=status.HTTP_201_CREATED)


class HandOverSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    call_path = serializers.CharField()
    call_url = serializers.CharField(help_text="The same as a whole address.")
    qr = serializers.CharField(help_text="`call_url` as a QR code: an SVG in a data URI.")
    expires_at = serializers.DateTimeField()


class HandOverView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="handOver",
        summary="A fresh ticket for the same party, to go on with another phone",
        request=None,
        responses={201: HandOverSerializer, **problems(401, 403, 404, 429)},
    )
    def post(self, request: Request) -> Response:
        token, actor = _caller(request, "hand_over")
        issued = services.hand_over(token, actor=actor)
        path = f"/h5/call/#ticket={issued.secret}"
        url = request.build_absolute_uri(path)
        answer = {
            "ticket": issued.secret,
            "call_path": path,
            "call_url": url,
            # Medium correction: it is read from one phone's screen by another's camera.
            "qr": segno.make(url, error="m", micro=False).svg_data_uri(omitsize=True, light="#fff"),
            "expires_at": issued.ticket.expires_at,
        }
        return Response(HandOverSerializer(answer).data, status=status.HTTP_201_CREATED)


class ContractSerializer(serializers.Serializer[Any]):
    contract_no = serializers.CharField()
    lines = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="[label, value]; the account is masked.",
    )


class ContractView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="contract",
        summary="The contract's details, during a call (SDK-4)",
        responses={200: ContractSerializer, **problems(401, 403, 409, 429, 503)},
    )
    def get(self, request: Request) -> Response:
        token, _actor = _caller(request, "contract")
        services.require_place(token)
        return Response(ContractSerializer(selectors.contract_view(token)).data)


class CardAnswerSerializer(serializers.Serializer[Any]):
    accepted = serializers.BooleanField()
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="Of the card that was shown.")


class CardAnsweredSerializer(serializers.Serializer[Any]):
    accepted = serializers.BooleanField()
    at_ms = serializers.IntegerField()


class CardAnswerView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="answerCard",
        summary="Confirm the card, or not; journalled with the card's hash and time. Idempotent",
        request=CardAnswerSerializer,
        responses={200: CardAnsweredSerializer, **problems(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request, card_id: UUID) -> Response:
        asked = CardAnswerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "card")
        answer = services.answer_card(token, card_id, actor=actor, **asked.validated_data)
        return Response(CardAnsweredSerializer(answer).data)


class BytesParser(parsers.BaseParser):
    """The body as it is, one byte more than allowed at most."""

    media_type = "application/octet-stream"
    most_bytes = MAX_PART_BYTES

    def parse(self, stream: Any, *_: Any, **__: Any) -> Any:
        return stream.read(self.most_bytes + 1)


class StillPartQuerySerializer(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=MAX_STILL_BYTES)
    total = serializers.IntegerField(min_value=1, max_value=MAX_STILL_BYTES)


class StillSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.CharField(help_text="ASKED, DONE or FAILED")
    received_bytes = serializers.IntegerField()
    total_bytes = serializers.IntegerField()


class StillRefusalSerializer(serializers.Serializer[Any]):
    reason = serializers.RegexField(r"^[a-z0-9_]{1,40}$")


class StillView(APIView):
    authentication_classes = (CallTokenAuth,)
    parser_classes = (BytesParser, parsers.JSONParser)

    @extend_schema(
        operation_id="still",
        summary="How much of the picture has arrived: where to go on",
        responses={200: StillSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, still_id: UUID) -> Response:
        token, _actor = _caller(request, "still")
        return Response(StillSerializer(services.still_of(token, still_id)).data)

    @extend_schema(
        operation_id="sendStill",
        summary="The next stretch of a JPEG, at most 512 KiB; resumable by offset",
        parameters=[StillPartQuerySerializer],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: StillSerializer, **problems(400, 401, 403, 404, 409, 429, 503)},
    )
    def put(self, request: Request, still_id: UUID) -> Response:
        asked = StillPartQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "still")
        content: Any = request.data  # of whichever parser
        if not isinstance(content, bytes) or not content:
            raise StillUnfit(reason="no_bytes")
        still = services.send_still_part(
            token, still_id, content=content, actor=actor, **asked.validated_data
        )
        return Response(StillSerializer(still).data)

    @extend_schema(
        operation_id="refuseStill",
        summary="The device cannot take the picture; the seat is told",
        request=StillRefusalSerializer,
        responses={204: None, **problems(400, 401, 403, 404, 429)},
    )
    def delete(self, request: Request, still_id: UUID) -> Response:
        asked = StillRefusalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "still")
        services.refuse_still(token, still_id, reason=asked.validated_data["reason"], actor=actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SpanSerializer(serializers.Serializer[Any]):
    """Milliseconds on the call's clock."""

    start_ms = serializers.IntegerField()
    end_ms = serializers.IntegerField()


class RescueSerializer(serializers.Serializer[Any]):
    wanted = SpanSerializer(many=True, help_text="What the server lacks of this participant.")
    closes_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when it is taken; null while the call runs."
    )
    max_bytes = serializers.IntegerField(help_text="Of one stretch.")


class RescueQuerySerializer(serializers.Serializer[Any]):
    start_ms = serializers.IntegerField(min_value=0, max_value=2**40)
    end_ms = serializers.IntegerField(min_value=1, max_value=2**40)
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="Of the body, in hex.")


class RescueKeptSerializer(SpanSerializer):
    id = serializers.UUIDField()
    sha256 = serializers.CharField()


class RescueView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="rescueWanted",
        summary="Which stretches the server lacks, for a device that recorded itself",
        responses={200: RescueSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        token, _actor = _caller(request, "rescue")
        place = services.rescue_place(token, call_id)
        answer = {
            "wanted": [{"start_ms": a, "end_ms": b} for a, b in rescue_wanted(place)],
            "closes_at": rescue_closes_at(place.call),
            "max_bytes": MAX_RESCUE_BYTES,
        }
        return Response(RescueSerializer(answer).data)


class RescueBytesParser(BytesParser):
    most_bytes = MAX_RESCUE_BYTES


class RescueSegmentView(APIView):
    authentication_classes = (CallTokenAuth,)
    parser_classes = (RescueBytesParser,)

    @extend_schema(
        operation_id="sendRescue",
        summary="One stretch that the device recorded, WebM or MP4; the id is the device's",
        description=(
            "Kept as evidence of its own kind: recorded by the customer's device. The same id with "
            "the same hash again changes nothing, so a stretch that was cut off is sent again."
        ),
        parameters=[RescueQuerySerializer],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            200: RescueKeptSerializer,
            **problems(400, 401, 403, 404, 409, 429, 503),
        },
    )
    def put(self, request: Request, call_id: UUID, segment_id: UUID) -> Response:
        asked = RescueQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "rescue")
        place = services.rescue_place(token, call_id)
        content: Any = request.data
        kept = recordings.keep_segment(
            place,
            segment_id,
            span=(asked.validated_data["start_ms"], asked.validated_data["end_ms"]),
            sha256=asked.validated_data["sha256"],
            content=content if isinstance(content, bytes) else b"",
            actor=actor,
        )
        return Response(RescueKeptSerializer(kept).data)


class RatingSerializer(serializers.Serializer[Any]):
    stars = serializers.IntegerField(min_value=1, max_value=5)


class RatingView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="rate",
        summary="One tap after the call; again changes it",
        request=RatingSerializer,
        responses={200: RatingSerializer, **problems(400, 401, 403, 409, 429)},
    )
    def put(self, request: Request) -> Response:
        asked = RatingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "rating")
        rating = services.rate(token, stars=asked.validated_data["stars"], actor=actor)
        return Response(RatingSerializer(rating).data)


class OptionConsentView(APIView):
    authentication_classes = (CallTokenAuth,)

    @extend_schema(
        operation_id="optionConsent",
        summary="Agree to one kind of recognition; not agreeing needs no call",
        request=AgreeSerializer,
        responses={204: None, **problems(400, 401, 403, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        asked = AgreeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, actor = _caller(request, "consent")
        services.agree_to_option(
            token,
            text_version=asked.validated_data["text_version"],
            actor=actor,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
