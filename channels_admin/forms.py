"""Forms of a channel, of the report and of the trial of a channel's limits."""

import datetime as dt
import ipaddress
from collections.abc import Sequence

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .admission import Claim, Point
from .models import Channel
from .reports import LONGEST_DAYS, REASONS, Search

DEFAULT_DAYS = 7


class ReportForm(forms.Form):
    first = forms.DateField(
        label=_("开始日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("结束日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    channel_code = forms.CharField(
        label=_("渠道代码"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"list": "report-channels"}),
    )
    reason = forms.ChoiceField(
        label=_("结论"), required=False, choices=[("", _("全部")), *REASONS.items()]
    )

    @classmethod
    def of(cls, given: dict[str, str]) -> "ReportForm":
        """With the last week where no days were given."""
        today = timezone.localdate()
        week = {
            "first": (today - dt.timedelta(days=DEFAULT_DAYS - 1)).isoformat(),
            "last": today.isoformat(),
        }
        return cls(week | {name: value for name, value in given.items() if value})

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST_DAYS:
            raise forms.ValidationError(
                str(_("结束日期不早于开始日期，最长 {days} 天。")).format(days=LONGEST_DAYS)
            )
        return cleaned

    def search(self) -> Search:
        return Search(**self.cleaned_data)


class ChannelForm(forms.ModelForm[Channel]):
    class Meta:
        model = Channel
        fields = "__all__"  # noqa: DJ007 - the admin chooses them

    hidden: Sequence[str] = ()  # institutions that the editor may not give a channel to

    def clean_institution_no(self) -> str:
        number: str = self.cleaned_data["institution_no"]
        if number in self.hidden:
            raise forms.ValidationError(_("超出您的数据范围。"))
        return number


class TrialForm(forms.Form):
    """What a device might say; every field may be left out."""

    latitude = forms.FloatField(label=_("纬度"), required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(label=_("经度"), required=False, min_value=-180, max_value=180)
    region_code = forms.RegexField(
        r"^\d{6}$",
        label=_("行政区划代码"),
        required=False,
        widget=forms.TextInput(attrs={"data-region-search": "", "data-region-wants": "code"}),
    )
    ssid = forms.CharField(label=_("WiFi 名称（SSID）"), required=False, max_length=32)
    bssid = forms.CharField(label=_("BSSID"), required=False, max_length=17)
    ip = forms.CharField(label=_("IP 地址"), required=False, max_length=45)

    def clean_ip(self) -> str:
        ip: str = self.cleaned_data["ip"].strip()
        if ip:
            try:
                ipaddress.ip_address(ip)
            except ValueError as error:
                raise forms.ValidationError(_("无法识别的 IP 地址。")) from error
        return ip

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if (cleaned.get("latitude") is None) != (cleaned.get("longitude") is None):
            raise forms.ValidationError(_("纬度和经度须同时填写。"))
        return cleaned

    def claim(self, channel_code: str) -> Claim:
        asked = self.cleaned_data
        point = None
        if asked["latitude"] is not None:
            point = Point(asked["latitude"], asked["longitude"])
        return Claim(
            channel_code=channel_code,
            point=point,
            region_code=asked["region_code"],
            ssid=asked["ssid"],
            bssid=asked["bssid"],
            ip=asked["ip"],
        )
