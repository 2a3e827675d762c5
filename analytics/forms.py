"""What is asked of the reports."""

import datetime as dt
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .selectors import FILTERS, LONGEST_DAYS, Asked

DAYS = 30
GROUP_LABELS = (
    ("day", _("日")),
    ("week", _("周")),
    ("month", _("月")),
    ("channel", _("渠道")),
    ("region", _("省")),
    ("city", _("市")),
    ("institution", _("机构")),
    ("seat", _("坐席")),
    ("product", _("产品")),
)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput({"type": "date", "class": "input"}, "%Y-%m-%d")
    )


class AskedForm(forms.Form):
    first = _day(_("自"))
    last = _day(_("至"))
    by = forms.ChoiceField(
        label=_("分组"), choices=GROUP_LABELS, widget=forms.Select({"class": "input"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FILTERS:
            self.fields[name] = forms.CharField(
                required=False, max_length=80, widget=forms.HiddenInput
            )

    @staticmethod
    def default() -> dict[str, Any]:
        today = timezone.localdate()
        return {"first": today - dt.timedelta(days=DAYS - 1), "last": today, "by": "day"}

    @classmethod
    def of(cls, query: QueryDict) -> "AskedForm":
        return cls(query if "first" in query else cls.default())

    def asked(self, seat_nos: tuple[str, ...] | None) -> Asked:
        """What is not valid is the default."""
        given = self.cleaned_data if self.is_valid() else self.default()
        only = tuple((name, given[name]) for name in FILTERS if given.get(name))
        return Asked(given["first"], given["last"], given["by"], seat_nos, only)

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("first"), asked.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST_DAYS:
            raise forms.ValidationError(_("时间范围须为 1 至 366 天。"))
        return asked
