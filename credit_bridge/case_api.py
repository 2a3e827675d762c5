"""What 移动营销, 原银在线, 计步器 and the credit system ask of a loan case (MM-1…2, APP-1…4, PRG-1, MBK-1).

A command carries an `Idempotency-Key`: said twice, it is done once and answered alike.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments.models import Appointment
from common.masking import mask_account
from common.problems import ProblemSerializer
from interviews.models import Call, InterviewTask, Party
from interviews.selectors import current_tasks_for_phone
from interviews.states import PartyRole, TaskState

from . import proposals, services
from .api import PartnerTaskSerializer, PhoneQuery, task_view
from .auth import PartnerKey, actor_of, require_scope
from .ports import CaseDetails, CaseSummary
from .selectors import bank
from .states import FOLD, Node, ProposalState, SmsState, StepState, folded, step_states

PROBLEMS = {
    400: ProblemSerializer,
    401: ProblemSerializer,
    403: ProblemSerializer,
    404: ProblemSerializer,
    409: ProblemSerializer,
    422: ProblemSerializer,
    503: ProblemSerializer,
}
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True)
MANAGER, CREDIT = "manager", "credit"
Act = Callable[[dict[str, Any]], tuple[int, Any]]
OK = (200, {"ok": True})


class CaseSummarySerializer(serializers.Serializer[Any]):
    contract_no = serializers.CharField()
    product_name = serializers.CharField()
    customer_name = serializers.CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    in_province = serializers.BooleanField()
    property_address = serializers.CharField(allow_blank=True)
    node = serializers.ChoiceField(choices=Node.choices)
    node_label = serializers.CharField()
    state = serializers.CharField(allow_blank=True, help_text="Of the interview; empty: no task.")
    state_label = serializers.CharField(allow_blank=True)
    reasons = serializers.ListField(child=serializers.CharField())
    slot_start = serializers.DateTimeField(allow_null=True)
    slot_end = serializers.DateTimeField(allow_null=True)
    slot_state = serializers.CharField(allow_blank=True)
    open_proposal = serializers.BooleanField()
    contract_submitted_at = serializers.DateTimeField(allow_null=True)


class NodeSerializer(serializers.Serializer[Any]):
    node = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    state = serializers.ChoiceField(choices=StepState.choices)
    at = serializers.DateTimeField(allow_null=True)


class CaseTaskSerializer(serializers.Serializer[Any]):
    generation = serializers.IntegerField()
    state = serializers.CharField()
    state_label = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    slot_start = serializers.DateTimeField(allow_null=True)
    slot_end = serializers.DateTimeField(allow_null=True)
    staff_no = serializers.CharField(allow_blank=True)
    slot_state = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class TermSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    value = serializers.CharField(allow_blank=True)
    proposed = serializers.CharField(allow_null=True, help_text="Null: not changed.")


class ProposalSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    generation = serializers.IntegerField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    state = serializers.CharField()
    state_label = serializers.CharField()
    fields_changed = serializers.ListField(child=serializers.CharField())


class SmsResultSerializer(serializers.Serializer[Any]):
    party_id = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(allow_blank=True, help_text="Empty: on its way.")
    state_label = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class CasePartySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class HeldCallSerializer(serializers.Serializer[Any]):
    generation = serializers.IntegerField()
    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    verdict_label = serializers.CharField(allow_blank=True)


class CaseSerializer(serializers.Serializer[Any]):
    contract_no = serializers.CharField()
    case_no = serializers.CharField()
    product_name = serializers.CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    in_province = serializers.BooleanField()
    property_address = serializers.CharField(allow_blank=True)
    manager_no = serializers.CharField()
    manager_name = serializers.CharField()
    applied_on = serializers.DateField(allow_null=True)
    node = serializers.CharField()
    nodes = NodeSerializer(many=True)
    state = serializers.CharField(allow_blank=True)
    state_label = serializers.CharField(allow_blank=True)
    parties = CasePartySerializer(many=True)
    terms = TermSerializer(many=True)
    tasks = CaseTaskSerializer(many=True)
    proposals = ProposalSerializer(many=True)
    open_proposal = serializers.CharField(allow_blank=True, help_text="Its id; empty: none.")
    contract_submitted_at = serializers.DateTimeField(allow_null=True)
    task = PartnerTaskSerializer(allow_null=True)
    calls = HeldCallSerializer(many=True)


class BookingSerializer(serializers.Serializer[Any]):
    staff_no = serializers.CharField(max_length=20)
    start = serializers.DateTimeField()


class RescheduleSerializer(serializers.Serializer[Any]):
    party_id = serializers.UUIDField()
    start = serializers.DateTimeField()


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class DecisionSerializer(serializers.Serializer[Any]):
    accept = serializers.BooleanField()


class NodeReachedSerializer(serializers.Serializer[Any]):
    node = serializers.ChoiceField(choices=Node.choices)


class PartyIdSerializer(serializers.Serializer[Any]):
    party_id = serializers.UUIDField()


class DoneSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()


class BookedSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    generation = serializers.IntegerField()
    staff_no = serializers.CharField()
    slot_start = serializers.DateTimeField()
    slot_end = serializers.DateTimeField()


class ReversedSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    generation = serializers.IntegerField()


class OpenLoginSerializer(serializers.Serializer[Any]):
    account = serializers.BooleanField()
    pending = serializers.BooleanField(help_text="An interview waits for this phone.")
    next = serializers.ChoiceField(choices=["tasks", "open_account", "home"])
    account_opening_url = serializers.CharField(allow_blank=True)


def _state_label(state: str) -> str:
    return str(TaskState(state).label) if state in TaskState.values else ""


def _summary(row: CaseSummary) -> dict[str, Any]:
    return {**asdict(row), "state_label": _state_label(row.state)}


def _terms(case: CaseDetails) -> list[dict[str, Any]]:
    """WB-14's fields: what holds, and what an open proposal would make of it."""
    opened = next((row for row in case.proposals if row.state == "OPEN"), None)
    changes = opened.changes if opened else {}
    rows: list[dict[str, Any]] = []
    for name, field in proposals.FIELDS.items():
        value, proposed = getattr(case.loan, name), changes.get(name)
        shown = "" if value is None else str(value)
        if name == "repayment_account":
            shown, proposed = mask_account(shown), mask_account(proposed) if proposed else None
        rows.append(
            {"field": name, "label": str(field.label), "value": shown, "proposed": proposed}
        )
    return rows


def _case(case: CaseDetails) -> dict[str, Any]:
    task = InterviewTask.objects.filter(
        contract_no=case.contract_no, superseded_at=None, rehearsal=False
    ).first()
    newest = case.tasks[-1] if case.tasks else None
    opened = next((row.id for row in case.proposals if row.state == "OPEN"), "")
    return {
        **{
            name: getattr(case, name)
            for name in (
                *("contract_no", "case_no", "in_province", "property_address", "manager_no"),
                *("manager_name", "applied_on", "node", "nodes", "contract_submitted_at"),
            )
        },
        "product_name": case.loan.product_name,
        "amount": case.loan.amount,
        "state": newest.state if newest else "",
        "state_label": _state_label(newest.state) if newest else "",
        "parties": [{"name": one.name, "roles": list(one.roles)} for one in case.parties],
        "terms": _terms(case),
        "tasks": [{**asdict(row), "state_label": _state_label(row.state)} for row in case.tasks],
        "proposals": [
            {
                "id": row.id,
                "generation": row.generation,
                "proposed_by": row.proposed_by,
                "proposed_at": row.proposed_at,
                "state": row.state,
                "state_label": str(ProposalState(row.state).label),
                "fields_changed": [
                    str(proposals.FIELDS[name].label)
                    for name in row.changes
                    if name in proposals.FIELDS
                ],
            }
            for row in case.proposals
        ],
        "open_proposal": opened,
        "task": task_view(task, None) if task else None,
        "calls": [
            {
                "generation": call.task.generation,
                "number": call.number,
                "started_at": call.clock_started_at,
                "verdict_label": call.get_verdict_display(),
            }
            for call in Call.objects.filter(
                task__contract_no=case.contract_no, task__rehearsal=False
            )
            .select_related("task")
            .order_by("clock_started_at")
        ],
    }


class CaseApiView(APIView):
    # A system of the bank with the scope `scope`; commands go through the inbox. No docstring: it
    # would stand in the interface's description under every operation.

    authentication_classes = (PartnerKey,)
    scope = MANAGER

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.scope:
            require_scope(request, self.scope)

    def command(
        self, request: Request, serializer: type[serializers.Serializer[Any]] | None, act: Act
    ) -> Response:
        asked: dict[str, Any] = {}
        if serializer is not None:
            parsed = serializer(data=request.data)
            parsed.is_valid(raise_exception=True)
            asked = parsed.validated_data
        key = request.headers.get("Idempotency-Key", "")
        if not 8 <= len(key) <= 80:
            raise serializers.ValidationError({"Idempotency-Key": "8 to 80 characters"})
        answer = services.once(
            str(request.user),
            key,
            method=request.method or "",
            path=request.path,
            body=request.data,
            act=lambda: services.Answered(*act(asked)),
        )
        return Response(answer.body, status=answer.status)


class CasesView(CaseApiView):
    @extend_schema(
        operation_id="listCases",
        summary="Cases of a client manager, in and out of the province (MM-1)",
        parameters=[OpenApiParameter("manager_no", str, required=True)],
        responses={200: CaseSummarySerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        manager_no = request.query_params.get("manager_no", "")
        rows = [_summary(row) for row in bank().cases_of_manager(manager_no)]
        return Response(CaseSummarySerializer(rows, many=True).data)


class LoansView(CaseApiView):
    scope = ""

    @extend_schema(
        operation_id="listLoansOfPhone",
        summary="Loans of the primary borrower with this phone (APP-1)",
        parameters=[OpenApiParameter("phone", str, required=True)],
        responses={200: CaseSummarySerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        query = PhoneQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = [_summary(row) for row in bank().cases_of_phone(query.validated_data["phone"])]
        return Response(CaseSummarySerializer(rows, many=True).data)


class OpenLoginView(CaseApiView):
    scope = ""

    @extend_schema(
        operation_id="openLogin",
        summary="Where somebody who logs in by phone may go (APP-4)",
        parameters=[OpenApiParameter("phone", str, required=True)],
        responses={200: OpenLoginSerializer, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        query = PhoneQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        phone = query.validated_data["phone"]
        account = bank().has_account(phone)
        pending = any(
            party.task.state == TaskState.PENDING and not party.task.rehearsal
            for party in current_tasks_for_phone(phone)
        )
        answer = {
            "account": account,
            "pending": pending,
            "next": "tasks" if account else "open_account" if pending else "home",
            "account_opening_url": settings.ACCOUNT_OPENING_URL if pending and not account else "",
        }
        return Response(OpenLoginSerializer(answer).data)


class CaseView(CaseApiView):
    @extend_schema(
        operation_id="getCase",
        summary="One case: nodes, task in force, history, loan and its proposal (MM-1, MM-2)",
        responses={200: CaseSerializer, **PROBLEMS},
    )
    def get(self, request: Request, contract_no: str) -> Response:
        return Response(CaseSerializer(_case(bank().case_details(contract_no))).data)


class ProgressView(CaseApiView):
    scope = ""

    @extend_schema(
        operation_id="progress",
        summary="The eight nodes with state and time (PRG-1)",
        responses={200: NodeSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request, contract_no: str) -> Response:
        return Response(NodeSerializer(bank().progress(contract_no), many=True).data)


class BankAppProgressView(CaseApiView):
    scope = ""

    @extend_schema(
        operation_id="bankAppProgress",
        summary="The five nodes of the banking apps as ever, the interview folded in (MBK-1)",
        responses={200: NodeSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request, contract_no: str) -> Response:
        eight = bank().progress(contract_no)
        now = next(
            (Node(step.node) for step in eight if step.state == StepState.NOW), Node.DISBURSED
        )
        reached = {Node(step.node): step.at for step in eight if step.state != StepState.NEXT}
        rows = [
            {
                "node": node,
                "label": node.label,
                "state": state,
                "at": max(
                    (at for n, at in reached.items() if FOLD[n] is node and at), default=None
                ),
            }
            for node, state in folded(step_states(now))
        ]
        return Response(NodeSerializer(rows, many=True).data)


class BookView(CaseApiView):
    @extend_schema(
        operation_id="submitInterview",
        summary="Seat and time of the interview; creates the task keyed by the contract (MM-1, CRD-2)",
        parameters=[KEY],
        request=BookingSerializer,
        responses={201: BookedSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            booked = services.submit_interview(contract_no, actor=actor_of(request), **asked)
            return 201, _booked(booked)

        return self.command(request, BookingSerializer, act)


def _booked(appointment: Appointment) -> dict[str, Any]:
    start, end = appointment.bounds
    row = {
        "task_id": appointment.task_id,
        "generation": appointment.task.generation,
        "staff_no": appointment.seat.staff_no,
        "slot_start": start,
        "slot_end": end,
    }
    return dict(BookedSerializer(row).data)


class RescheduleView(CaseApiView):
    scope = ""

    @extend_schema(
        operation_id="reschedule",
        summary="Reschedule by the primary borrower: only the time, no new task (APP-3)",
        parameters=[KEY],
        request=RescheduleSerializer,
        responses={200: BookedSerializer, **PROBLEMS},
    )
    def post(self, request: Request, task_id: UUID) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            return 200, _booked(services.reschedule(task_id, actor=actor_of(request), **asked))

        return self.command(request, RescheduleSerializer, act)


class SubmitContractView(CaseApiView):
    @extend_schema(
        operation_id="submitContract",
        summary="Submit the contract information, in the province (MM-1)",
        parameters=[KEY],
        request=None,
        responses={200: DoneSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            services.submit_contract(contract_no, actor=actor_of(request))
            return OK

        return self.command(request, None, act)


class SubmitSigningView(CaseApiView):
    @extend_schema(
        operation_id="submitSigning",
        summary="Submit for signing, only in state PASSED and with the loan decided (MM-1)",
        parameters=[KEY],
        request=None,
        responses={200: DoneSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            services.submit_signing(contract_no, actor=actor_of(request))
            return OK

        return self.command(request, None, act)


class DecideProposalView(CaseApiView):
    @extend_schema(
        operation_id="decideProposal",
        summary="Confirm or refuse the loan proposal of the interview (MM-1, WB-14)",
        parameters=[KEY],
        request=DecisionSerializer,
        responses={200: DoneSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str, proposal_id: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            services.decide_proposal(contract_no, proposal_id, actor=actor_of(request), **asked)
            return OK

        return self.command(request, DecisionSerializer, act)


class SmsView(CaseApiView):
    @extend_schema(
        operation_id="listSmsResults",
        summary="The last SMS to each party of the task in force and its result (MSG-1)",
        responses={200: SmsResultSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request, contract_no: str) -> Response:
        results = {row.party_ref: row for row in bank().sms_results(contract_no)}
        task = InterviewTask.objects.filter(
            contract_no=contract_no, superseded_at=None, rehearsal=False
        ).first()
        rows = []
        for party in _in_order(task):
            known = results.get(str(party.pk))
            rows.append(
                {
                    "party_id": party.pk,
                    "name": party.name,
                    "roles": party.role_labels,
                    "state": known.state if known else "",
                    "state_label": SmsState(known.state).label if known else "",
                    "reason": known.reason if known else "",
                }
            )
        return Response(SmsResultSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="sendSmsAgain",
        summary="Send the invitation again to one party (MSG-1)",
        parameters=[KEY],
        request=PartyIdSerializer,
        responses={200: DoneSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            services.resend_sms(contract_no, asked["party_id"], actor=actor_of(request))
            return OK

        return self.command(request, PartyIdSerializer, act)


def _in_order(task: InterviewTask | None) -> list[Party]:
    """The primary borrower first; nobody without a task."""
    parties = list(task.parties.all()) if task else []
    return sorted(parties, key=lambda one: (PartyRole.PRIMARY_BORROWER not in one.roles, one.name))


class ReverseView(CaseApiView):
    scope = CREDIT

    @extend_schema(
        operation_id="reverseCase",
        summary="The case came back to the interview: a new generation, at any moment (CRD-5, MM-2)",
        parameters=[KEY],
        request=ReasonSerializer,
        responses={201: ReversedSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            task = services.reverse(contract_no, actor=actor_of(request), **asked)
            row = {"task_id": task.pk, "generation": task.generation}
            return 201, dict(ReversedSerializer(row).data)

        return self.command(request, ReasonSerializer, act)


class ReachNodeView(CaseApiView):
    scope = CREDIT

    @extend_schema(
        operation_id="reachNode",
        summary="The credit system's clerk notes the next node after the signing (CRD-1)",
        parameters=[KEY],
        request=NodeReachedSerializer,
        responses={200: DoneSerializer, **PROBLEMS},
    )
    def post(self, request: Request, contract_no: str) -> Response:
        def act(asked: dict[str, Any]) -> tuple[int, Any]:
            services.advance_node(contract_no, asked["node"], actor=actor_of(request))
            return OK

        return self.command(request, NodeReachedSerializer, act)
