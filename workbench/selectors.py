"""What the workbench shows, in one snapshot; and the case beside the call."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.selectors import todays_for_seat
from common.clock import unix_ms
from common.errors import DomainError, NotFound
from common.masking import mask_account, mask_id_no, mask_phone
from credit_bridge.ports import CaseDetails
from credit_bridge.selectors import case_details
from interviews.models import Call
from interviews.selectors import call_of_seat, call_view, parties_not_interviewed
from interviews.states import CallState
from marketing_media.selectors import items_for
from queueing.selectors import live_offer_of, queue_snapshot
from scripts_mgmt.selectors import fill, script_for
from seats.models import Seat
from seats.selectors import devices_checked_today, presence_of
from seats.states import SIGNED_IN, Presence


def workbench_state(seat: Seat) -> dict[str, Any]:
    """The one message the page is derived from."""
    presence = presence_of(seat.pk)
    call = call_of_seat(seat.pk)
    shown = call_view(call.pk, for_seat=True) if call else None
    if shown is not None and call is not None and call.state == CallState.ENDED:
        shown["missing"] = [party.name for party in parties_not_interviewed(call.task)]
    return {
        "now_unix_ms": unix_ms(timezone.now()),
        "seat": {"id": seat.pk, "name": seat.name, "staff_no": seat.staff_no},
        "presence": {
            "state": presence.state,
            "label": str(Presence(presence.state).label),
            "reason": presence.reason,
            "since_unix_ms": unix_ms(presence.since),
            "signed_in": presence.state in SIGNED_IN,
        },
        "devices_ok": devices_checked_today(seat),
        "queue": queue_snapshot(seat.pk),
        "offer": live_offer_of(seat.pk),
        "appointments": todays_for_seat(seat.pk),
        "call": shown,
    }


def own_call(user: User, call_id: UUID) -> Call:
    """The seat's own call; anybody else's does not exist (ACC-3)."""
    call = (
        Call.objects.select_related("task", "seat__user")
        .filter(pk=call_id, seat__user=user)
        .first()
    )
    if call is None:
        raise NotFound
    return call


def remote_slots(call: Call) -> int:
    """How many others may come into the call: the slots the seat's connection reserves."""
    return max(1, min(8, call.task.parties.count()))


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def case_view(call: Call) -> dict[str, Any]:
    """Customer, loan, images, script and media of a call's case (WB-13…16, WB-18).

    What the credit system cannot deliver now is missing with its reason; the rest still shows.
    """
    task = call.task
    appointment = task.appointments.order_by("-pk").first()
    view: dict[str, Any] = {
        "contract_no": task.contract_no,
        "product_name": task.product_name,
        "property": task.property_address,
        "manager": f"{task.manager_name} {task.manager_no}".strip(),
        "appointment": (
            f"{timezone.localtime(appointment.slot.lower):%m-%d %H:%M}–"
            f"{timezone.localtime(appointment.slot.upper):%H:%M}"
            if appointment
            else ""
        ),
        "bank": settings.BANK_NAME,
        "credit_problem": "",
        "parties": [],
        "loan": [],
        "images": [],
        "media": [
            {"title": row.item.title, "kind": row.item.get_kind_display()}
            for row in items_for(task.product_code)
        ],
    }
    values = {"客户姓名": task.customer_name, "产品名称": task.product_name}  # data
    try:
        case = case_details(task.pk)
    except DomainError as refusal:
        view["credit_problem"] = refusal.text
    else:
        view |= _of_credit(case)
        values |= {
            "贷款金额": _money(case.loan.amount),  # data
            "贷款期限": str(case.loan.term_months),  # data
            "年利率": _percent(case.loan.annual_rate),  # data
            "还款日": str(case.loan.repayment_day),  # data
        }
    script = script_for(task.channel_code, task.product_code, task.business_type)
    view["script"] = {
        "title": script.title if script else "",
        "steps": [
            {
                "order": step.order,
                "title": step.title,
                "kind": step.kind,
                "kind_label": step.get_kind_display(),
                "required": step.required,
                "text": fill(step.text, values),
            }
            for step in (script.steps.all() if script else ())
        ],
    }
    return view


def _of_credit(case: CaseDetails) -> dict[str, Any]:
    loan = case.loan
    return {
        "parties": [
            {
                "name": party.name,
                "roles": list(party.roles),
                "rows": [
                    [_("注册手机号码"), mask_phone(party.phone)],
                    [_("证件类型"), party.id_type],
                    [_("证件号码"), mask_id_no(party.id_no)],
                    [_("婚姻状况"), party.marital_status],
                    (
                        [_("房产位置"), party.property_location]
                        if party.property_location
                        else [_("与借款人关系"), party.relation]
                    ),
                ],
            }
            for party in case.parties
        ],
        "loan": [
            [_("产品名称"), loan.product_name],
            [_("渠道名称"), loan.channel_name],
            [_("贷款金额（元）"), _money(loan.amount)],
            [_("贷款期限（月）"), str(loan.term_months)],
            [_("执行年利率"), _percent(loan.annual_rate)],
            [_("放款方式"), loan.disbursement],
            [_("还款账号开户行"), loan.repayment_bank],
            [_("还款账号"), mask_account(loan.repayment_account)],
            [_("统一还款日"), _("每月 {day} 日").format(day=loan.repayment_day)],
            [
                _("首次还款日"),
                f"{loan.first_repayment_on:%Y-%m-%d}" if loan.first_repayment_on else "",
            ],
        ],
        "images": [
            {"id": image.id, "kind": image.kind, "title": image.title, "person": image.person}
            for image in case.images
        ],
    }
