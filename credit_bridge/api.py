"""What the bank's apps may ask: tasks, states, free times (CRD-3, APP-1, MM-1)."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments.selectors import current_appointment, free_slots, is_within_slot
from common.errors import NotFound
from common.problems import ProblemSerializer
from interviews.models import InterviewTask, Party
from interviews.selectors import current_tasks_for_phone
from interviews.states import PartyRole, TaskState
from parameters.selectors import value_of

from .auth import PartnerKey


class PartnerTaskSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    contract_no = serializers.CharField()
    generation = serializers.IntegerField()
    product_name = serializers.CharField()
    state = serializers.ChoiceField(choices=TaskState.choices)
    state_label = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    slot_start = serializers.DateTimeField(allow_null=True)
    slot_end = serializers.DateTimeField(allow_null=True)
    open_now = serializers.BooleanField(help_text="Call-in is possible now (APP-2).")
    party_id = serializers.UUIDField(allow_null=True)
    party_name = serializers.CharField(allow_blank=True)
    primary_borrower = serializers.BooleanField()
    interviewed = serializers.BooleanField()
    channel_code = serializers.CharField(allow_blank=True)


class FreeSlotSerializer(serializers.Serializer[Any]):
    staff_no = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class PhoneQuery(serializers.Serializer[Any]):
    phone = serializers.RegexField(r"^\d{6,20}$")


class DaysQuery(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()

    def validate(self, attrs: dict[str, dt.date]) -> dict[str, dt.date]:
        if not dt.timedelta(0) <= attrs["last_day"] - attrs["first_day"] <= dt.timedelta(days=31):
            raise serializers.ValidationError({"last_day": "at most 31 days after first_day"})
        return attrs


def _task(task: InterviewTask, party: Party | None) -> dict[str, Any]:
    appointment = current_appointment(task.pk)
    return {
        "task_id": task.pk,
        "contract_no": task.contract_no,
        "generation": task.generation,
        "product_name": task.product_name,
        "state": task.state,
        "state_label": task.task_state.label,
        "reasons": task.reasons,
        "slot_start": timezone.localtime(appointment.slot.lower) if appointment else None,
        "slot_end": timezone.localtime(appointment.slot.upper) if appointment else None,
        "open_now": task.state == TaskState.PENDING and is_within_slot(task.pk),
        "party_id": party.pk if party else None,
        "party_name": party.name if party else "",
        "primary_borrower": bool(party and PartyRole.PRIMARY_BORROWER in party.roles),
        "interviewed": bool(party and party.interviewed_at),
        "channel_code": task.channel_code,
    }


PROBLEMS = {400: ProblemSerializer, 401: ProblemSerializer, 404: ProblemSerializer}


class TasksByPhoneView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="listTasksOfPhone",
        summary="Tasks in force of the person with this registered phone (APP-1)",
        parameters=[OpenApiParameter("phone", str, required=True)],
        responses={200: PartnerTaskSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        query = PhoneQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = [
            _task(party.task, party)
            for party in current_tasks_for_phone(query.validated_data["phone"])
            if not party.task.rehearsal
        ]
        return Response(PartnerTaskSerializer(rows, many=True).data)


class TaskView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="getTask",
        summary="State, reasons and time of one task",
        responses={200: PartnerTaskSerializer, **PROBLEMS},
    )
    def get(self, request: Request, task_id: UUID) -> Response:
        task = InterviewTask.objects.filter(pk=task_id, rehearsal=False).first()
        if task is None:
            raise NotFound
        return Response(PartnerTaskSerializer(_task(task, None)).data)


class TimetableView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="listFreeSlots",
        summary="Free times of enabled seats, within one month from today (CRD-3)",
        parameters=[
            OpenApiParameter("first_day", dt.date, required=True),
            OpenApiParameter("last_day", dt.date, required=True),
        ],
        responses={200: FreeSlotSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        query = DaysQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        today = timezone.localdate()
        horizon = today + dt.timedelta(days=value_of("booking_days"))
        slots = free_slots(
            first_day=max(today, query.validated_data["first_day"]),
            last_day=min(horizon, query.validated_data["last_day"]),
        )
        return Response(FreeSlotSerializer(slots, many=True).data)
