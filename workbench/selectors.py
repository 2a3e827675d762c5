"""What the workbench shows, in one snapshot; and the case beside the call."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.selectors import day_span, slot_length, todays_for_seat
from appointments.states import AppointmentState
from common.clock import unix_ms
from common.errors import DomainError, NotFound
from common.masking import mask_id_no, mask_phone
from credit_bridge.ports import CaseDetails, LoanDetails
from credit_bridge.proposals import applied
from credit_bridge.selectors import case_details, proposed_fields
from interviews.models import Call, InterviewTask, Participant
from interviews.selectors import (
    call_of_seat,
    call_view,
    earlier_calls,
    parties_not_interviewed,
)
from interviews.states import CallState, ParticipantRole, ParticipantState
from marketing_media.selectors import items_for
from parameters.selectors import value_of
from queueing.selectors import live_offer_of, queue_snapshot
from queueing.states import OfferState
from scripts_mgmt.models import Script
from scripts_mgmt.selectors import fill, media_choices, script_for
from seats.models import Seat, SeatPresence
from seats.selectors import devices_checked_today, presence_of
from seats.states import SIGNED_IN, Presence

from .day import figures_of, news_of
from .loan import sheet
from .release import release_checks

EARLIER_SHOWN = 10


def is_at_work(user: User) -> bool:
    """Signed in as a seat, or a supervisor in a call: nothing may take the page away (WB-1)."""
    stays = Participant.objects.filter(user=user, role=ParticipantRole.SUPERVISOR)
    return (
        SeatPresence.objects.filter(seat__user=user, state__in=SIGNED_IN).exists()
        or stays.exclude(state=ParticipantState.LEFT).exists()
    )


def workbench_state(seat: Seat, line: dict[str, Any] | None = None) -> dict[str, Any]:
    """The one message the page is derived from; `line` where it has been read for others already."""
    presence = presence_of(seat.pk)
    call = call_of_seat(seat.pk)
    shown = call_view(call.pk, for_seat=True) if call else None
    if shown is not None and call is not None:
        if call.state == CallState.ENDED:
            shown["missing"] = [party.name for party in parties_not_interviewed(call.task)]
        task = call.task
        script = script_for(task.channel_code, task.product_code, task.business_type)
        shown["release"] = release_checks(call, script.steps.all() if script else ())
    idle = {} if call else {"day": figures_of(seat, presence), "news": news_of(seat)}
    return {
        **idle,
        **_ringing(seat, presence),
        "seat": {"id": seat.pk, "name": seat.name, "staff_no": seat.staff_no},
        "devices_ok": devices_checked_today(presence),
        "devices": _devices(presence),
        "queue": queue_snapshot() if line is None else line,
        "appointments": todays_for_seat(seat.pk),
        "call": shown,
    }


def ringing_state(seat: Seat) -> dict[str, Any]:
    """What of the state changes when the bell begins or ends."""
    return _ringing(seat, presence_of(seat.pk))


def _ringing(seat: Seat, presence: SeatPresence) -> dict[str, Any]:
    return {
        "now_unix_ms": unix_ms(timezone.now()),
        "presence": {
            "state": presence.state,
            "label": str(Presence(presence.state).label),
            "reason": presence.reason,
            "since_unix_ms": unix_ms(presence.since),
            "signed_in": presence.state in SIGNED_IN,
            "next": presence.next_state,
            "next_reason": presence.next_reason,
            "plan_s": _plan_s(seat, presence),
            "leaves_after": presence.sign_out_after,
        },
        "offer": live_offer_of(seat.pk),
    }


def _plan_s(seat: Seat, presence: SeatPresence) -> int | None:
    """How long the present state is meant to last (s); None where nothing is planned."""
    match presence.state:
        case Presence.OFFERED:
            return value_of("offer_s")
        case Presence.IN_CALL:
            return int(slot_length(seat).total_seconds())
        case Presence.WRAP_UP:
            return value_of("wrap_up_plan_s")
    return None


def _devices(presence: SeatPresence) -> dict[str, Any]:
    """What the device check and the test recording of today showed."""

    def today(moment: dt.datetime | None) -> str:
        if moment is None or timezone.localdate(moment) != timezone.localdate():
            return ""
        return f"{timezone.localtime(moment):%H:%M}"

    checked, looped = today(presence.devices_ok_at), today(presence.loop_at)
    return {
        "checked_at": checked,
        "report": presence.device_report if checked else {},
        "looped_at": looped,
        "loop": presence.loop_report if looped else None,
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
    """The slots of the seat's connection: the parties, its share as seen, play-out, a supervisor."""
    return max(1, min(8, call.task.parties.count())) + 3


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f}%"


def case_ahead(seat: Seat, task_id: UUID) -> InterviewTask:
    """A case the seat may read before it answers: it rings there, or is booked with it today.

    Anybody else's does not exist (ACC-3).
    """
    mine = Q(
        appointments__seat=seat,
        appointments__state=AppointmentState.BOOKED,
        appointments__slot__overlap=day_span(timezone.localdate(), timezone.localdate()),
    )
    rings = Q(callrequest__offers__seat=seat, callrequest__offers__state=OfferState.RINGING)
    task = InterviewTask.objects.filter(mine | rings, pk=task_id, superseded_at=None).first()
    if task is None:
        raise NotFound
    return task


READ_AHEAD = (
    *("contract_no", "product_name", "property", "manager", "appointment"),
    *("credit_problem", "parties", "loan", "images"),
)


def ahead_view(task: InterviewTask) -> dict[str, Any]:
    """The case to be read before the call, numbers masked, and how it went before."""
    view = case_view(task)
    return {name: view[name] for name in READ_AHEAD} | {
        "amount": task.amount_text,
        "earlier": [
            {
                "at": f"{timezone.localtime(call.clock_started_at):%Y-%m-%d %H:%M}",
                "seat": f"{call.seat.name} {call.seat.staff_no}",
                "result": call.get_verdict_display() or str(call.call_state.label),
                "note": call.verdict_note,
            }
            for call in earlier_calls(task.contract_no)[:EARLIER_SHOWN]
        ],
    }


def case_view(task: InterviewTask) -> dict[str, Any]:
    """Customer, loan, images, script and media of a case (WB-13…16, WB-18).

    What the credit system cannot deliver now is missing with its reason; the rest still shows.
    """
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
        "loan": None,
        "images": [],
        "media": [
            {
                "id": row.item_id,
                "title": row.item.title,
                "kind": row.item.get_kind_display(),
                "duration_ms": row.item.duration_ms or 0,
                "no_skip": row.item.no_skip,
                "auto_play": row.auto_play,
            }
            for row in items_for(task.product_code)
        ],
    }
    case: CaseDetails | None = None
    loan: LoanDetails | None = None
    try:
        case = case_details(task.pk)
    except DomainError as refusal:
        view["credit_problem"] = refusal.text
    else:
        proposed = proposed_fields(task.pk)
        loan = applied(case.loan, {name: field.text for name, field in proposed.items()})
        view |= _of_credit(case) | {"loan": sheet(case.loan, proposed)}
    script = script_for(task.channel_code, task.product_code, task.business_type)
    values = script_values(task, loan)
    before = script_values(task, case.loan if case else None)
    view["script"] = {
        "title": script.title if script else "",
        "steps": filled_steps(script, values) if script else [],
        # Only what was changed is marked: it has to be read with care.
        "values": [text for name, text in values.items() if case and text != before.get(name)],
    }
    return view


def script_values(task: InterviewTask, loan: LoanDetails | None) -> dict[str, str]:
    """What stands in the places of a script (scripts_mgmt.variables) for this case."""
    values = {"客户姓名": task.customer_name, "产品名称": task.product_name}  # data
    if loan is not None:
        values |= {
            "贷款金额": _money(loan.amount),  # data
            "贷款期限": str(loan.term_months),  # data
            "年利率": _percent(loan.annual_rate),  # data
            "还款日": str(loan.repayment_day),  # data
        }
    return values


def filled_steps(script: Script, values: dict[str, str]) -> list[dict[str, Any]]:
    media = dict(media_choices())
    return [
        {
            "order": step.order,
            "title": step.title,
            "kind": step.kind,
            "kind_label": step.get_kind_display(),
            "required": step.required,
            "text": fill(step.text, values),
            "points": step.points,
            "guide": step.guide,
            "card": step.card,
            "media_id": step.media_item_id,
            "media_title": media.get(step.media_item_id or 0, ""),
        }
        for step in script.steps.all()
    ]


def _of_credit(case: CaseDetails) -> dict[str, Any]:
    return {
        "parties": [
            {
                "name": party.name,
                "roles": list(party.roles),
                "rows": [
                    [_("注册手机号码"), mask_phone(party.phone), "phone"],
                    [_("证件类型"), party.id_type],
                    [_("证件号码"), mask_id_no(party.id_no), "id_no"],
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
        "images": [
            {"id": image.id, "kind": image.kind, "title": image.title, "person": image.person}
            for image in case.images
        ],
    }
