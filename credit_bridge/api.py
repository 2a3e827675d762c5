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

from appointments.selectors import (
    current_appointment,
    free_slots,
    is_within_slot,
    may_move,
    moves_left,
    slots_with_taken,
)
from common.errors import NotFound
from common.problems import ProblemSerializer
from interviews.models import InterviewTask, Participant, Party
from interviews.selectors import current_tasks_for_phone, live_call_of
from interviews.states import ParticipantState, PartyRole, TaskState
from parameters.selectors import value_of
from seats.models import Seat

from .auth import PartnerKey
from .selectors import bookable_seat


class PartnerPartySerializer(serializers.Serializer[Any]):
    party_id = serializers.UUIDField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    interviewed = serializers.BooleanField()
    waiting = serializers.BooleanField(help_text="Has called in and is in the line or the call.")


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
    staff_no = serializers.CharField(allow_blank=True)
    seat_name = serializers.CharField(allow_blank=True)
    slot_state = serializers.CharField(allow_blank=True)
    may_reschedule = serializers.BooleanField(help_text="By the primary borrower, now (APP-3).")
    moves_left = serializers.IntegerField(allow_null=True, help_text="Null: without limit.")
    parties = PartnerPartySerializer(many=True)


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


def task_view(task: InterviewTask, party: Party | None) -> dict[str, Any]:
    appointment = current_appointment(task.pk)
    here = _here(task)
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
        "staff_no": appointment.seat.staff_no if appointment else task.seat_staff_no,
        "seat_name": appointment.seat.name if appointment else "",
        "slot_state": appointment.state if appointment else "",
        "may_reschedule": may_move(task),
        "moves_left": moves_left(task.pk),
        "parties": [
            {
                "party_id": other.pk,
                "name": other.name,
                "roles": other.role_labels,
                "interviewed": other.interviewed_at is not None,
                "waiting": other.pk in here,
            }
            for other in sorted(
                task.parties.all(),
                key=lambda one: (PartyRole.PRIMARY_BORROWER not in one.roles, one.name),
            )
        ],
    }


def _here(task: InterviewTask) -> set[UUID]:
    """Who of the task waits in the line or is in the call now."""
    call = live_call_of(task.pk)
    places = call.participants.filter(party__isnull=False) if call else Participant.objects.none()
    present = places.exclude(state=ParticipantState.LEFT).values_list("party_id", flat=True)
    # The line is a sibling's: asked by name, as the database knows it.
    waiting = task.parties.filter(callrequest__state__in=("WAITING", "OFFERED"))
    return {pk for pk in present if pk} | set(waiting.values_list("pk", flat=True))


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
            task_view(party.task, party)
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
        return Response(PartnerTaskSerializer(task_view(task, None)).data)


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    free = serializers.BooleanField(help_text="False: taken; shown greyed.")


class DaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    off_note = serializers.CharField(allow_blank=True, help_text="Why nothing can be booked.")
    free = serializers.IntegerField()
    slots = SlotSerializer(many=True)


class BookableSeatSerializer(serializers.Serializer[Any]):
    staff_no = serializers.CharField()
    name = serializers.CharField()
    earliest = serializers.DateTimeField(allow_null=True)
    free = serializers.IntegerField()


class SeatDaysSerializer(serializers.Serializer[Any]):
    staff_no = serializers.CharField()
    name = serializers.CharField()
    days = DaySerializer(many=True)


def _horizon() -> tuple[dt.date, dt.date]:
    today = timezone.localdate()
    return today, today + dt.timedelta(days=value_of("booking_days"))


class SeatsView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="listBookableSeats",
        summary="Enabled seats with their earliest free time within one month (MM-1)",
        responses={200: BookableSeatSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        first, last = _horizon()
        free: dict[str, list[dt.datetime]] = {}
        for slot in free_slots(first_day=first, last_day=last):
            free.setdefault(slot.staff_no, []).append(slot.start)
        seats = Seat.objects.filter(enabled=True, rehearsal=False).select_related("user")
        rows = [
            {
                "staff_no": seat.staff_no,
                "name": seat.name,
                "earliest": timezone.localtime(free[seat.staff_no][0]),
                "free": len(free[seat.staff_no]),
            }
            for seat in seats
            if seat.staff_no in free
        ]
        rows.sort(key=lambda row: (row["earliest"], row["staff_no"]))
        return Response(BookableSeatSerializer(rows, many=True).data)


class SeatDaysView(APIView):
    authentication_classes = (PartnerKey,)

    @extend_schema(
        operation_id="seatDays",
        summary="One seat's times within one month, free and taken (MM-1, APP-3)",
        responses={200: SeatDaysSerializer, **PROBLEMS},
    )
    def get(self, request: Request, staff_no: str) -> Response:
        seat = bookable_seat(staff_no)
        first, last = _horizon()
        days = [
            {
                "date": day.date,
                "off_note": day.off_note,
                "free": sum(free for _start, _end, free in day.slots),
                "slots": [
                    {
                        "start": timezone.localtime(start),
                        "end": timezone.localtime(end),
                        "free": free,
                    }
                    for start, end, free in day.slots
                ],
            }
            for day in slots_with_taken(seat, first_day=first, last_day=last)
        ]
        body = {"staff_no": seat.staff_no, "name": seat.name, "days": days}
        return Response(SeatDaysSerializer(body).data)


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
