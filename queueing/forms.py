"""Forms of the supervisor's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from parameters.selectors import value_of

from .states import AlertLevel, AlertMetric


class StaffingForm(forms.Form):
    calls = forms.FloatField(label=_("每半小时来电（个）"), min_value=0.1, max_value=5000)
    handling_s = forms.FloatField(
        label=_("平均处理时长（秒，含话后）"), min_value=1, max_value=14_400
    )
    target_s = forms.FloatField(label=_("接通时限（秒）"), min_value=0, max_value=3600)
    level = forms.FloatField(label=_("服务水平目标（%）"), min_value=1, max_value=99.9)
    arrivals = forms.FloatField(
        label=_("假如来电变为（%）"), min_value=10, max_value=1000, initial=100
    )
    handling = forms.FloatField(
        label=_("假如处理时长变为（%）"), min_value=10, max_value=1000, initial=100
    )

    @staticmethod
    def default() -> dict[str, Any]:
        return {
            "calls": value_of("staffing_calls"),
            "handling_s": value_of("staffing_handling_s"),
            "target_s": value_of("service_level_s"),
            "level": value_of("staffing_level"),
            "arrivals": 100,
            "handling": 100,
        }


class AlertRuleForm(forms.Form):
    metric = forms.ChoiceField(label=_("指标"), choices=AlertMetric.choices)
    threshold = forms.IntegerField(label=_("界限"), min_value=0)
    hold_s = forms.IntegerField(label=_("持续（秒）"), min_value=0, initial=0)
    level = forms.ChoiceField(label=_("级别"), choices=AlertLevel.choices, initial=AlertLevel.RISK)
    roles = forms.ModelMultipleChoiceField(
        label=_("通知角色"), queryset=Role.objects.order_by("code"), required=False
    )
    enabled = forms.BooleanField(label=_("启用"), required=False, initial=True)
    revision = forms.IntegerField(widget=forms.HiddenInput, initial=0)
