"""The page that stands in for a clerk of 信贷系统: nodes after 面签, and the reverse flow (CRD-1, CRD-5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError

from . import client
from .manager_views import MANAGER_NO
from .pages import page, say
from .showing import money, with_times

NEXT = {"SIGNING": "NOTARISED", "NOTARISED": "LIEN", "LIEN": "DISBURSED"}
MANAGERS = (MANAGER_NO, "600325")


@require_GET
@page
def credit(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, refusal: DomainError | None = None) -> HttpResponse:
    rows = with_times([row for number in MANAGERS for row in client.cases_of(number)])
    for row in rows:
        row["money"] = money(row["amount"])
        row["next"] = NEXT.get(row["node"], "")
        row["may_return"] = (
            not row["in_province"] and bool(row["state"]) and row["node"] != "DISBURSED"
        )
    return say(request, "partner_portals/credit.html", refusal, rows=rows)


@require_POST
@page
def act(request: HttpRequest, contract_no: str) -> HttpResponse:
    """退回面谈 with its reason, or the next node."""
    form = request.POST
    try:
        if form.get("node"):
            client.reach_node(contract_no, form["node"], form.get("key", ""))
        else:
            client.reverse(contract_no, form.get("reason", ""), form.get("key", ""))
    except DomainError as refusal:
        return _page(request, refusal)
    return redirect("partner_portals:credit")
