"""The bank's systems on our own tables: every port, so that the whole runs alone.

The simulator process serves this same book over HTTP.
"""

import json
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.crypto import blind_index
from interviews.states import PartyRole, TaskState

from . import proposals
from .errors import (
    CaseUnknown,
    InProvince,
    NotPassed,
    ProposalGone,
    ProposalUndecided,
    WrongStep,
)
from .models import (
    AccountHolder,
    CreditCase,
    CreditParty,
    CreditProposal,
    CreditTask,
    NodeTime,
    ReceivedMessage,
    SmsMessage,
)
from .ports import (
    AppointmentMessage,
    CaseDetails,
    CaseSummary,
    ImageRef,
    KnownState,
    LoanDetails,
    NodeAt,
    PartyDetails,
    Picture,
    ProposalFacts,
    ProposalMessage,
    Sms,
    SmsResult,
    StateMessage,
    TaskFacts,
)
from .states import NODES, Node, ProposalState, SmsState, step_states

# 移动营销-客户经理调查意见, the document's list (QC-2)
REJECT_REASONS = (
    "客户目前无贷款意愿或不配合本行开展上门核验",  # data
    "存在伪造证明、证书、印鉴或假冒签字等欺诈行为",  # data
    "家庭无稳定收入来源",  # data
    "有赌博、吸毒等恶习",  # data
    "房屋存在拆迁风险",  # data
    "涉嫌非法民间融资",  # data
    "房屋或土地性质不符合我行要求",  # data
    "客户主动放弃",  # data
)
# A number ending so is out of service at the embedded message centre: a failure one can look at.
DEAD_LINE_ENDING = "0000"
DEAD_LINE = "号码停机，请核对后重发"  # data


class EmbeddedBank:
    """Bank over CreditCase and its lines."""

    # --- what the credit system knows ---------------------------------------------------------

    def case_details(self, contract_no: str) -> CaseDetails:
        case = self._case(contract_no)
        return CaseDetails(
            case_no=case.case_no,
            manager_no=case.manager_no,
            manager_name=case.manager_name,
            parties=_people(case),
            loan=LoanDetails(
                product_name=case.product_name,
                channel_name=case.channel_name,
                amount=case.amount,
                term_months=case.term_months,
                annual_rate=case.annual_rate,
                disbursement=case.disbursement,
                repayment_bank=case.repayment_bank,
                repayment_account=case.repayment_account,
                repayment_day=case.repayment_day,
                first_repayment_on=case.first_repayment_on,
            ),
            images=tuple(
                ImageRef(str(image.pk), image.kind, image.title, image.person)
                for image in case.images.defer("content").order_by("pk")
            ),
            contract_no=case.contract_no,
            product_code=case.product_code,
            channel_code=case.channel_code,
            applied_on=case.applied_on,
            property_province=case.property_province,
            property_city=case.property_city,
            property_county=case.property_county,
            property_address=case.property_address,
            in_province=_in_province(case),
            customer_type=case.customer_type,
            node=case.node,
            nodes=_nodes(case),
            tasks=tuple(
                TaskFacts(
                    generation=task.generation,
                    state=task.state,
                    reasons=tuple(task.reasons),
                    slot_start=task.slot_start,
                    slot_end=task.slot_end,
                    staff_no=task.staff_no,
                    slot_state=task.slot_state,
                    created_at=task.created_at,
                )
                for task in case.tasks.all()
            ),
            proposals=tuple(
                ProposalFacts(
                    id=row.message_id,
                    generation=row.generation,
                    changes=json.loads(row.changes),
                    proposed_by=row.proposed_by,
                    proposed_at=row.proposed_at,
                    state=row.state,
                )
                for row in case.proposals.all()
            ),
            contract_submitted_at=case.contract_submitted_at,
        )

    def cases_of_manager(self, manager_no: str) -> tuple[CaseSummary, ...]:
        return _summaries(list(CreditCase.objects.filter(manager_no=manager_no)))

    def cases_of_phone(self, phone: str) -> tuple[CaseSummary, ...]:
        mine = CreditParty.objects.filter(
            phone_index=blind_index(phone), role=PartyRole.PRIMARY_BORROWER
        )
        return _summaries(list(CreditCase.objects.filter(pk__in=mine.values("case"))))

    def image(self, contract_no: str, image_id: str) -> Picture:
        image = self._case(contract_no).images.filter(pk=int(image_id)).first()
        if image is None:
            raise CaseUnknown
        return Picture(bytes(image.content), image.media_type)

    def reject_reasons(self) -> tuple[str, ...]:
        return REJECT_REASONS

    def progress(self, contract_no: str) -> tuple[NodeAt, ...]:
        return _nodes(self._case(contract_no))

    def has_account(self, phone: str) -> bool:
        return AccountHolder.objects.filter(pk=blind_index(phone)).exists()

    def known_states(self, contract_nos: Sequence[str]) -> tuple[KnownState, ...]:
        newest = (
            CreditTask.objects.filter(case__contract_no__in=contract_nos)
            .order_by("case_id", "-generation")
            .distinct("case_id")
            .select_related("case")
        )
        return tuple(
            KnownState(
                contract_no=task.case.contract_no,
                generation=task.generation,
                state=task.state,
                slot_start=task.slot_start,
                staff_no=task.staff_no,
                slot_state=task.slot_state,
                reasons=tuple(task.reasons),
            )
            for task in newest
        )

    # --- what the interview system tells ------------------------------------------------------

    @transaction.atomic
    def send_state(self, message: StateMessage) -> None:
        """Apply one state, once. What comes late - generation or sequence - changes nothing."""
        if not _is_fresh(message.message_id):
            return
        case = self._lock(message.contract_no)
        task = _task(case, message.generation)
        if message.sequence and message.sequence <= task.state_sequence:
            return
        task.state = TaskState(message.state).value
        task.reasons = list(message.reasons)
        task.state_sequence = message.sequence
        task.save()
        if message.generation < case.interview_generation:
            return
        if message.generation > case.interview_generation and case.interview_generation:
            _return_to_interview(case)
        case.interview_state = task.state
        case.interview_generation = message.generation
        case.reject_reasons = task.reasons
        case.save()

    @transaction.atomic
    def send_appointment(self, message: AppointmentMessage) -> None:
        if not _is_fresh(message.message_id):
            return
        task = _task(self._lock(message.contract_no), message.generation)
        if message.sequence <= task.slot_sequence:
            return
        task.slot_start, task.slot_end = message.slot_start, message.slot_end
        task.staff_no, task.slot_state = message.staff_no, message.state
        task.slot_sequence = message.sequence
        task.save()

    @transaction.atomic
    def send_proposal(self, message: ProposalMessage) -> None:
        """The newest proposal stands; an open older one is replaced (WB-14)."""
        if not _is_fresh(message.message_id):
            return
        case = self._lock(message.contract_no)
        newest = case.proposals.order_by("-sequence").first()
        late = newest is not None and newest.sequence > message.sequence
        if not late:
            case.proposals.filter(state=ProposalState.OPEN).update(state=ProposalState.REPLACED)
        CreditProposal.objects.create(
            case=case,
            message_id=message.message_id,
            sequence=message.sequence,
            generation=message.generation,
            changes=json.dumps(dict(message.changes), ensure_ascii=False),
            proposed_by=message.proposed_by,
            state=ProposalState.REPLACED if late else ProposalState.OPEN,
        )

    def send_sms(self, sms: Sms) -> None:
        failed = sms.phone.endswith(DEAD_LINE_ENDING)
        SmsMessage.objects.get_or_create(
            message_id=sms.message_id,
            defaults={
                "phone": sms.phone,
                "text": sms.text,
                "contract_no": sms.contract_no,
                "party_ref": sms.party_ref,
                "state": SmsState.FAILED if failed else SmsState.SENT,
                "reason": DEAD_LINE if failed else "",
            },
        )

    def sms_results(self, contract_no: str) -> tuple[SmsResult, ...]:
        newest = (
            SmsMessage.objects.filter(contract_no=contract_no)
            .order_by("party_ref", "-sent_at")
            .distinct("party_ref")
        )
        return tuple(SmsResult(row.party_ref, row.state, row.reason, row.sent_at) for row in newest)

    # --- what 移动营销 and the bank's clerks do -----------------------------------------------

    @transaction.atomic
    def decide_proposal(self, contract_no: str, proposal_id: str, accept: bool) -> None:
        case = self._lock(contract_no)
        row = case.proposals.filter(message_id=proposal_id).first()
        wanted = ProposalState.CONFIRMED if accept else ProposalState.REFUSED
        if row is not None and row.state == wanted:
            return
        if row is None or row.state != ProposalState.OPEN:
            raise ProposalGone
        if accept:
            for name, value in proposals.parsed(json.loads(row.changes)).items():
                setattr(case, name, value)
            case.save()
        row.state, row.decided_at = wanted, timezone.now()
        row.save()

    @transaction.atomic
    def submit_contract(self, contract_no: str) -> None:
        case = self._lock(contract_no)
        if case.contract_submitted_at is not None:
            return
        if not _in_province(case) or case.node != Node.INTERVIEW:
            raise WrongStep
        case.contract_submitted_at = timezone.now()
        _reach(case, Node.SIGNING)

    @transaction.atomic
    def submit_signing(self, contract_no: str) -> None:
        case = self._lock(contract_no)
        if case.node == Node.SIGNING and case.interview_state == TaskState.PASSED:
            return
        if _in_province(case):
            raise InProvince
        if case.interview_state != TaskState.PASSED:
            raise NotPassed
        if case.node != Node.INTERVIEW:
            raise WrongStep
        if case.proposals.filter(state=ProposalState.OPEN).exists():
            raise ProposalUndecided
        _reach(case, Node.SIGNING)

    @transaction.atomic
    def reach_node(self, contract_no: str, node: str) -> None:
        case = self._lock(contract_no)
        wanted = Node(node)
        if case.node == wanted:
            return
        place = NODES.index(Node(case.node))
        if place < NODES.index(Node.SIGNING) or NODES[place + 1] is not wanted:
            raise WrongStep
        _reach(case, wanted)

    def _case(self, contract_no: str) -> CreditCase:
        case = CreditCase.objects.filter(contract_no=contract_no).first()
        if case is None:
            raise CaseUnknown
        return case

    def _lock(self, contract_no: str) -> CreditCase:
        case = CreditCase.objects.select_for_update().filter(contract_no=contract_no).first()
        if case is None:
            raise CaseUnknown
        return case


def _is_fresh(message_id: str) -> bool:
    """Whether the message is new; it counts as applied with the caller's transaction."""
    _row, fresh = ReceivedMessage.objects.get_or_create(message_id=message_id)
    return fresh


def _task(case: CreditCase, generation: int) -> CreditTask:
    task, _created = CreditTask.objects.get_or_create(
        case=case, generation=generation, defaults={"state": TaskState.PENDING}
    )
    return task


def _return_to_interview(case: CreditCase) -> None:
    """CRD-5: the case stands at 面谈 again; what came after it has not happened."""
    later = NODES[NODES.index(Node.INTERVIEW) + 1 :]
    NodeTime.objects.filter(case=case, node__in=later).delete()
    case.proposals.filter(state=ProposalState.OPEN).update(state=ProposalState.REPLACED)
    case.node = Node.INTERVIEW
    NodeTime.objects.update_or_create(
        case=case, node=Node.INTERVIEW, defaults={"at": timezone.now()}
    )


def _reach(case: CreditCase, node: Node) -> None:
    case.node = node
    case.save()
    NodeTime.objects.update_or_create(case=case, node=node, defaults={"at": timezone.now()})


def _in_province(case: CreditCase) -> bool:
    home: str = settings.HOME_PROVINCE
    return case.property_province == home


def _nodes(case: CreditCase) -> tuple[NodeAt, ...]:
    times = dict(case.node_times.values_list("node", "at"))
    return tuple(
        NodeAt(node.value, str(node.label), state.value, times.get(node.value))
        for node, state in step_states(Node(case.node))
    )


def _people(case: CreditCase) -> tuple[PartyDetails, ...]:
    """One line per person, with all roles (CRD-2)."""
    people: dict[str, PartyDetails] = {}
    for line in case.parties.order_by("pk"):
        known = people.get(line.id_no)
        role = PartyRole(line.role)
        people[line.id_no] = PartyDetails(
            name=line.name,
            roles=(*known.roles, str(role.label)) if known else (str(role.label),),
            phone=line.phone,
            id_type=line.id_type,
            id_no=line.id_no,
            marital_status=line.marital_status,
            relation=line.relation or (known.relation if known else ""),
            property_location=(
                case.property_address
                if line.role == PartyRole.PRIMARY_BORROWER
                else (known.property_location if known else "")
            ),
            role_codes=(*known.role_codes, role.value) if known else (role.value,),
        )
    return tuple(people.values())


def _summaries(cases: Sequence[CreditCase]) -> tuple[CaseSummary, ...]:
    ids = [case.pk for case in cases]
    tasks = {
        task.case_id: task
        for task in CreditTask.objects.filter(case__in=ids).order_by("case_id", "generation")
    }
    borrowers = dict(
        CreditParty.objects.filter(case__in=ids, role=PartyRole.PRIMARY_BORROWER).values_list(
            "case_id", "name"
        )
    )
    undecided = set(
        CreditProposal.objects.filter(case__in=ids, state=ProposalState.OPEN).values_list(
            "case_id", flat=True
        )
    )
    found: list[CaseSummary] = []
    for case in cases:
        task = tasks.get(case.pk)
        found.append(
            CaseSummary(
                contract_no=case.contract_no,
                product_name=case.product_name,
                customer_name=borrowers.get(case.pk, ""),
                amount=case.amount,
                in_province=_in_province(case),
                property_address=case.property_address,
                node=case.node,
                node_label=str(Node(case.node).label),
                state=case.interview_state,
                reasons=tuple(case.reject_reasons),
                slot_start=task.slot_start if task else None,
                slot_end=task.slot_end if task else None,
                slot_state=task.slot_state if task else "",
                open_proposal=case.pk in undecided,
                contract_submitted_at=case.contract_submitted_at,
            )
        )
    return tuple(found)
