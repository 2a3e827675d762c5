"""Recordings for the bank's other systems (STO-1): query and fetch, each fetch audited.

A system needs its key and the scope: settings.PARTNER_ARCHIVE_READERS names those that have it,
settings.PARTNER_ARCHIVE_PLACES narrows some of them to the properties of a province, city or county.
To say that a contract is over needs a scope of its own: what is kept until then may go.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.actor import Actor
from common.errors import Forbidden, NotFound
from common.problems import ProblemSerializer
from common.ranges import answer
from interviews.models import InterviewTask
from interviews.states import TaskState
from recordings.models import Recording, StoredObject
from recordings.selectors import CURSOR, Search, open_stored, stored_recordings, within
from recordings.services import end_contract, note_fetched

from .auth import PartnerKey, actor_of, require_scope

PROBLEMS = {
    400: ProblemSerializer,
    401: ProblemSerializer,
    403: ProblemSerializer,
    404: ProblemSerializer,
}


class ArchiveFileSerializer(serializers.Serializer[Any]):
    file_id = serializers.IntegerField()
    kind = serializers.CharField(help_text="composed, track, snapshot, journal or manifest")
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField(help_text="Fetch here, with Range if wanted (RFC 9110).")


class ArchiveRecordingSerializer(serializers.Serializer[Any]):
    recording_id = serializers.UUIDField()
    contract_no = serializers.CharField()
    generation = serializers.IntegerField()
    call_number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    stored_at = serializers.DateTimeField(
        allow_null=True, help_text="When its copy became available; again when it was made anew."
    )
    duration_ms = serializers.IntegerField()
    name = serializers.CharField(help_text="YYYYMMDD customer staff-number serial (STO-2)")
    stage = serializers.CharField()
    files = ArchiveFileSerializer(many=True)


class RecordingsQuery(serializers.Serializer[Any]):
    contract_no = serializers.CharField(max_length=40, required=False)
    from_day = serializers.DateField(
        required=False, help_text="First day of the interviews, Asia/Shanghai."
    )
    until_day = serializers.DateField(required=False, help_text="Last day, included.")
    region = serializers.RegexField(
        r"^[0-9]{6}$",
        required=False,
        help_text="Of the property: province, city or county, GB/T 2260.",
    )
    state = serializers.ChoiceField(
        TaskState.values, required=False, help_text="What became of the interview task."
    )
    stored_since = serializers.DateTimeField(
        required=False,
        help_text="Recordings whose copy became available at this moment or later, in that order.",
    )
    cursor = serializers.RegexField(
        f"^{CURSOR}$", required=False, help_text="From the `Link` header of the page before."
    )
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nobody asks for everything there ever was; a cursor goes on in the order it came from."""
        if not {"contract_no", "from_day", "stored_since"} & attrs.keys():
            raise serializers.ValidationError(
                {"contract_no": "contract_no, from_day or stored_since is needed"}
            )
        cursor = attrs.get("cursor", "")
        if cursor and cursor.startswith("s") != ("stored_since" in attrs):
            raise serializers.ValidationError({"cursor": "of another question"})
        return attrs


class ArchiveView(APIView):
    authentication_classes = (PartnerKey,)

    def actor(self, request: Request) -> Actor:
        """Raises Forbidden for a system without the scope."""
        if str(request.user) not in settings.PARTNER_ARCHIVE_READERS:
            raise Forbidden
        return actor_of(request)

    def places(self, request: Request) -> list[str] | None:
        """Where the properties lie whose recordings the system may have; None: anywhere."""
        return settings.PARTNER_ARCHIVE_PLACES.get(str(request.user))


class RecordingsView(ArchiveView):
    @extend_schema(
        operation_id="listRecordings",
        summary="Stored recordings of a contract or a time, oldest first, with their files (STO-1)",
        description=(
            "`contract_no`, `from_day` or `stored_since` is needed. When there are more, the `Link` "
            "header names the next page (RFC 8288, rel=next).\n\n"
            "To be told of every recording, also of an older interview that is stored after a newer "
            "one, ask with `stored_since`: recordings come in the order they became available, and "
            "`Link` is always there. Follow it; an empty answer says that there is nothing newer "
            "yet: keep its `Link` and ask there again later. A recording that was made anew comes "
            "again, with its new files and a new `stored_at`."
        ),
        parameters=[RecordingsQuery],
        responses={200: ArchiveRecordingSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        self.actor(request)
        query = RecordingsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        search = replace(
            Search(
                from_day=asked.get("from_day"),
                until_day=asked.get("until_day"),
                contract_no=asked.get("contract_no", ""),
            ),
            **_region(asked.get("region", "")),
        )
        found, after = stored_recordings(
            search,
            task_state=asked.get("state", ""),
            places=self.places(request),
            stored_since=asked.get("stored_since"),
            cursor=asked.get("cursor", ""),
            size=asked["limit"],
        )
        page = Response(ArchiveRecordingSerializer([_view(row) for row in found], many=True).data)
        if after is not None or "stored_since" in asked:
            following = request.query_params.copy()
            if after is not None:
                following["cursor"] = after
            page["Link"] = f'<{request.path}?{following.urlencode()}>; rel="next"'
        return page


def _region(code: str) -> dict[str, Any]:
    """Which of the search's places a code of GB/T 2260 is."""
    if not code:
        return {}
    return {
        "province" if code.endswith("0000") else "city" if code.endswith("00") else "county": code
    }


def _view(recording: Recording) -> dict[str, Any]:
    call = recording.call
    return {
        "recording_id": recording.pk,
        "contract_no": call.task.contract_no,
        "generation": call.task.generation,
        "call_number": call.number,
        "started_at": call.clock_started_at,
        "stored_at": recording.stored_at,
        "duration_ms": recording.duration_ms,
        "name": recording.download_name,
        "stage": recording.stage,
        "files": [
            {
                "file_id": stored.pk,
                "kind": stored.kind,
                "name": stored.name,
                "bytes": stored.bytes,
                "sha256": stored.sha256,
                "url": reverse("partner-recording-file", args=[recording.pk, stored.pk]),
            }
            for stored in recording.objects_stored.all()
            if stored.confirmed_at is not None
        ],
    }


class RecordingFileView(ArchiveView):
    @extend_schema(
        operation_id="fetchRecordingFile",
        summary="One file of a recording; 206 with at most 2 MiB when a Range is asked for",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            (206, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY),
            416: OpenApiResponse(description="The range lies outside the file."),
            **PROBLEMS,
        },
    )
    def get(self, request: Request, recording_id: UUID, file_id: int) -> HttpResponseBase:
        actor = self.actor(request)
        stored = (
            StoredObject.objects.filter(
                pk=file_id,
                recording_id=recording_id,
                confirmed_at__isnull=False,
                recording__call__task__rehearsal=False,
            )
            .filter(within(self.places(request), "recording__entry__"))
            .select_related("recording__call")
            .first()
        )
        if stored is None:
            raise NotFound
        opened = open_stored(stored)
        note_fetched(stored, actor=actor)
        return answer(request, opened)


class ContractEndSerializer(serializers.Serializer[Any]):
    ended_on = serializers.DateField(help_text="The day the contract was over; keeping counts on.")


class ContractEndView(ArchiveView):
    @extend_schema(
        operation_id="endContract",
        summary="A contract is over: keeping times that count from its end begin (STO-4)",
        description=(
            "Needs the scope `contract_end`. `ended_on` lies neither before the contract's last interview "
            "nor in the future (422 `contract_end_unfit`). A later word counts."
        ),
        request=ContractEndSerializer,
        responses={200: ContractEndSerializer, 422: ProblemSerializer, **PROBLEMS},
    )
    def put(self, request: Request, contract_no: str) -> Response:
        require_scope(request, "contract_end")
        tasks = InterviewTask.objects.filter(contract_no=contract_no, rehearsal=False)
        if not tasks.filter(within(self.places(request), "property_")).exists():
            raise NotFound
        body = ContractEndSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        end = end_contract(contract_no, body.validated_data["ended_on"], actor=actor_of(request))
        return Response(ContractEndSerializer({"ended_on": end.ended_on}).data)
