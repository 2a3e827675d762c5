"""告警规则 and what they told: the page, editing, acknowledging."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.selectors import may, request_actor, staff_nos_in_scope
from common.errors import DomainError

from . import services
from .alerting import METRICS, sentence
from .forms import AlertRuleForm
from .models import Alert, AlertRule
from .selectors import alerts_of
from .states import AlertLevel, AlertMetric
from .views import ACT, VIEW, acted_on, roles_told, user_who_may
from .wallboard import alerts_for

MANAGE = "dispatch.manage"
SHOWN = 100


@login_required
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """The rules in force, each with its form, and the latest alerts."""
    user = user_who_may(request, VIEW)
    staff_nos = staff_nos_in_scope(user, VIEW)
    told = Alert.objects.filter(fired_at__isnull=False).select_related("rule")
    if staff_nos is not None:
        told = told.filter(staff_no__in=["", *staff_nos])
    context = {
        "rules": [_shown(rule) for rule in AlertRule.objects.prefetch_related("roles")],
        "new": AlertRuleForm(prefix="new"),
        "metrics": [(m.label, METRICS[m]) for m in AlertMetric],
        "alerts": told.order_by("-fired_at")[:SHOWN],
        "may_manage": may(user, MANAGE),
    }
    return render(request, "queueing/alerts.html", context)


@login_required
@require_GET
def live(request: HttpRequest) -> JsonResponse:
    """What the head of every page asks for: the live alerts of the person's scope and roles."""
    user = user_who_may(request, VIEW)
    return JsonResponse(
        alerts_for(staff_nos_in_scope(user, VIEW), roles_told(user), acted_on(user))
    )


def _shown(rule: AlertRule) -> dict[str, Any]:
    metric = METRICS[AlertMetric(rule.metric)]
    form = AlertRuleForm(
        prefix=str(rule.pk),
        initial={
            "metric": rule.metric,
            "threshold": rule.threshold,
            "hold_s": rule.hold_s,
            "level": rule.level,
            "roles": list(rule.roles.all()),
            "enabled": rule.enabled,
            "revision": rule.revision,
        },
    )
    return {"rule": rule, "sentence": sentence(rule), "metric": metric, "form": form}


@login_required
@require_POST
def save(request: HttpRequest, rule_id: int | None = None) -> HttpResponse:
    user_who_may(request, MANAGE)
    if rule_id is not None:
        get_object_or_404(AlertRule, pk=rule_id)
    form = AlertRuleForm(request.POST, prefix="new" if rule_id is None else str(rule_id))
    if not form.is_valid():
        messages.error(request, " ".join(str(e) for each in form.errors.values() for e in each))
        return redirect("queueing:alerts")
    asked = form.cleaned_data
    try:
        rule = services.save_alert_rule(
            rule_id,
            metric=AlertMetric(asked["metric"]),
            threshold=asked["threshold"],
            hold_s=asked["hold_s"],
            level=AlertLevel(asked["level"]),
            roles=[role.pk for role in asked["roles"]],
            enabled=asked["enabled"],
            revision=asked["revision"],
            actor=request_actor(request),
        )
    except DomainError as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("已保存：{rule}").format(rule=sentence(rule)))
    return redirect("queueing:alerts")


@login_required
@require_POST
def acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    user = user_who_may(request, ACT)
    found = get_object_or_404(alerts_of(acted_on(user), roles_told(user)), pk=alert_id)
    try:
        actor = request_actor(request)
        alert = services.acknowledge_alert(found.pk, actor=actor)
    except DomainError as refusal:
        return JsonResponse({"code": refusal.code, "detail": refusal.text}, status=refusal.status)
    return JsonResponse({"acknowledged_by": alert.acknowledged_by})
