"""话术预览: a script with the values of a real case, for those who manage scripts."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.selectors import may, request_actor
from audit import services as audit
from common.errors import DomainError
from credit_bridge.selectors import proposed_loan
from interviews.models import InterviewTask
from interviews.selectors import tasks_in_scope
from scripts_mgmt.models import Script
from scripts_mgmt.selectors import fill, media_choices

from .selectors import script_values


@login_required
@require_GET
def preview(request: HttpRequest, script_id: int) -> HttpResponse:
    """`contract` names the case. Opening a customer's values leaves an audit entry."""
    user = request.user
    script = Script.objects.filter(pk=script_id).first()
    if not isinstance(user, User) or not may(user, "scripts.view") or script is None:
        raise Http404
    contract = request.GET.get("contract", "").strip()[:64]
    mine = InterviewTask.objects.filter(tasks_in_scope(user, "scripts.view"))
    task = mine.filter(contract_no=contract).order_by("-generation").first()
    values: dict[str, str] = {}
    problem = ""
    if task is None:
        problem = _("没有合同号为 {contract} 的面谈任务。").format(contract=contract)
    else:
        try:
            values = script_values(task, proposed_loan(task.pk))
        except DomainError as refusal:
            values, problem = script_values(task, None), refusal.text
        audit.record(
            "script.previewed",
            actor=request_actor(request),
            object_type="interview_task",
            object_id=task.pk,
            script=script.pk,
        )
    media = dict(media_choices())
    context = admin.site.each_context(request) | {
        "title": _("话术预览"),
        "script": script,
        "case": contract,
        "problem": problem,
        "steps": [
            {
                "step": step,
                "text": fill(step.text, values),
                "media": media.get(step.media_item_id or 0, ""),
            }
            for step in script.steps.all()
        ],
    }
    return render(request, "admin/scripts_mgmt/script/example.html", context)
