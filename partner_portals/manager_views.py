"""Pages that stand in for 移动营销 (MM-1, MM-2), on a client manager's phone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError

from . import client
from .pages import page, say
from .showing import money, picker, terms, with_times

MANAGER_NO = "600318"
LISTS = ("todo", "outside", "inside")


def _manager(request: HttpRequest) -> str:
    return request.GET.get("no", "") or MANAGER_NO


def _todo(case: dict[str, Any]) -> bool:
    """What waits for the manager or for the customers: everything that has not come to 面签."""
    return not case["in_province"] and case["node"] == "INTERVIEW" and case["state"] != ""


@require_GET
@page
def cases(request: HttpRequest) -> HttpResponse:
    """我的案件: 待办, 省外, 省内."""
    shown = request.GET.get("list", "")
    shown = shown if shown in LISTS else "outside"
    told = with_times(client.cases_of(_manager(request)))
    for case in told:
        case["money"] = money(case["amount"])
    lists = {
        "todo": [case for case in told if _todo(case)],
        "outside": [case for case in told if not case["in_province"]],
        "inside": [case for case in told if case["in_province"]],
    }
    counts = {name: len(rows) for name, rows in lists.items()}
    return say(
        request,
        "partner_portals/manager_cases.html",
        shown=shown,
        rows=lists[shown],
        counts=counts,
        manager_no=_manager(request),
    )


def _case(contract_no: str) -> dict[str, Any]:
    case: dict[str, Any] = with_times(client.case(contract_no))
    case["money"] = money(case["amount"])
    case["names"] = "、".join(party["name"] for party in case["parties"])
    task = case["task"]
    # Booked now, or at least not yet told otherwise.
    case["booked"] = bool(task and task["slot_state"] == "BOOKED")
    case["may_book"] = (
        not case["in_province"]
        and case["node"] == "INTERVIEW"
        and (task is None or (task["state"] == "PENDING" and not case["booked"]))
    )
    return case


@require_GET
@page
def case(request: HttpRequest, contract_no: str) -> HttpResponse:
    """借款合同: what holds, what happened, and the one thing to do now."""
    return say(request, "partner_portals/manager_case.html", case=_case(contract_no))


@require_POST
@page
def submit_contract(request: HttpRequest, contract_no: str) -> HttpResponse:
    """[提交合同信息], in the province."""
    try:
        client.submit_contract(contract_no, request.POST.get("key", ""))
    except DomainError as refusal:
        return say(request, "partner_portals/manager_case.html", refusal, case=_case(contract_no))
    return redirect("partner_portals:manager_case", contract_no)


@page
def book(request: HttpRequest, contract_no: str) -> HttpResponse:
    """[提交面谈]: seat and slot within a month; what is taken is greyed, live."""
    if request.method == "POST":
        staff_no, start = request.POST.get("staff_no", ""), request.POST.get("start", "")
        try:
            client.submit_interview(contract_no, staff_no, start, request.POST.get("key", ""))
        except DomainError as refusal:
            return _picker(request, contract_no, staff_no, start[:10], refusal)
        return redirect("partner_portals:manager_booked", contract_no)
    return _picker(request, contract_no, request.GET.get("seat", ""), request.GET.get("day", ""))


def _picker(
    request: HttpRequest,
    contract_no: str,
    staff_no: str,
    day: str,
    refusal: DomainError | None = None,
) -> HttpResponse:
    seats = with_times(client.seats())
    known = [seat["staff_no"] for seat in seats]
    chosen = staff_no if staff_no in known else (known[0] if known else "")
    context: dict[str, Any] = {
        "case": _case(contract_no),
        "seats": seats,
        "staff_no": chosen,
        "action": reverse("partner_portals:manager_book", args=[contract_no]),
    }
    if chosen:
        context["picker"] = picker(client.seat_days(chosen)["days"], day)
    return say(request, "partner_portals/manager_book.html", refusal, **context)


@page
def booked(request: HttpRequest, contract_no: str) -> HttpResponse:
    """面谈任务已生成: who was told, whom the SMS did not reach."""
    if request.method == "POST":
        client.send_sms_again(
            contract_no, request.POST.get("party_id", ""), request.POST.get("key", "")
        )
        return redirect("partner_portals:manager_booked", contract_no)
    results = client.sms_results(contract_no)
    return say(
        request,
        "partner_portals/manager_booked.html",
        case=_case(contract_no),
        results=results,
        failed=[row for row in results if row["state"] == "FAILED"],
    )


@page
def loan(request: HttpRequest, contract_no: str) -> HttpResponse:
    """确认贷款方案 and [提交面签]: the loan's last word is the manager's (MM-1, WB-14)."""
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            _decide(contract_no, request.POST)
        except DomainError as said:
            refusal = said
        else:
            return redirect("partner_portals:manager_case", contract_no)
    shown = _case(contract_no)
    rows = terms(shown["terms"])
    return say(
        request,
        "partner_portals/manager_loan.html",
        refusal,
        case=shown,
        changed=[row for row in rows if row["proposed"]],
        same=[row for row in rows if not row["proposed"]],
    )


def _decide(contract_no: str, form: Any) -> None:
    key, proposal, act = form.get("key", ""), form.get("proposal", ""), form.get("act", "")
    if proposal:
        accept = act in ("confirm", "accept")
        client.decide_proposal(contract_no, proposal, accept=accept, key=f"{key}-{act}")
    if act in ("confirm", "sign"):
        client.submit_signing(contract_no, f"{key}-sign")
