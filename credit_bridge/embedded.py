"""The credit port on our own tables."""

from django.db import transaction

from interviews.states import PartyRole, TaskState

from .errors import CaseUnknown
from .models import CreditCase, ReceivedMessage
from .ports import CaseDetails, ImageRef, LoanDetails, PartyDetails, StateMessage

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


class EmbeddedCredit:
    """CreditPort over CreditCase and its lines."""

    def case_details(self, contract_no: str) -> CaseDetails:
        case = self._case(contract_no)
        people: dict[str, PartyDetails] = {}
        for line in case.parties.order_by("pk"):
            known = people.get(line.id_no)
            role = str(PartyRole(line.role).label)
            people[line.id_no] = PartyDetails(
                name=line.name,
                roles=(*known.roles, role) if known else (role,),
                phone=line.phone,
                id_type=line.id_type,
                id_no=line.id_no,
                marital_status=line.marital_status,
                relation=line.relation,
                property_location=(
                    case.property_address
                    if line.role == PartyRole.PRIMARY_BORROWER
                    else (known.property_location if known else "")
                ),
            )
        return CaseDetails(
            case_no=case.case_no,
            manager_no=case.manager_no,
            manager_name=case.manager_name,
            parties=tuple(people.values()),
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
        )

    def image(self, contract_no: str, image_id: str) -> tuple[bytes, str]:
        image = self._case(contract_no).images.filter(pk=int(image_id)).first()
        if image is None:
            raise CaseUnknown
        return bytes(image.content), image.media_type

    @transaction.atomic
    def send_state(self, message: StateMessage) -> None:
        """Apply one state, once. An older generation's late message changes nothing."""
        _row, fresh = ReceivedMessage.objects.get_or_create(message_id=message.message_id)
        if not fresh:
            return
        case = (
            CreditCase.objects.select_for_update().filter(contract_no=message.contract_no).first()
        )
        if case is None:
            raise CaseUnknown
        if message.generation < case.interview_generation:
            return
        case.interview_state = TaskState(message.state).value
        case.interview_generation = message.generation
        case.reject_reasons = list(message.reasons)
        case.save()

    def reject_reasons(self) -> tuple[str, ...]:
        return REJECT_REASONS

    def _case(self, contract_no: str) -> CreditCase:
        case = CreditCase.objects.filter(contract_no=contract_no).first()
        if case is None:
            raise CaseUnknown
        return case
