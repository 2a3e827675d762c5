"""What a supervisor enters of work time (SEAT-3)."""

import datetime as dt
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from seats.errors import HoursOverlap
from seats.services import Hours, WorkTimeChange, require_apart

from .selectors import days_between

PARTS = {"week", "day", "off", "grid", "cases"}
MOST_DAYS, LONGEST_OFF = 31, 366  # days
_TO = re.compile(r"\s*[-–—~～]\s*")
_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?")


class HoursField(forms.CharField):
    """The hours of a day, as many as there are: 09:00-12:00、13:30-17:30. Empty is none."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "input", "autocomplete": "off", "placeholder": _("不上班")}
        super().__init__(
            required=False, max_length=200, widget=forms.TextInput(attrs=attrs), **options
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        return "、".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in value)

    def clean(self, value: Any) -> tuple[Hours, ...]:
        text = _TO.sub("-", super().clean(value).replace("：", ":"))
        hours = tuple(sorted(_hours(word) for word in re.split(r"[,，、;；\s]+", text) if word))
        try:
            require_apart(hours)
        except HoursOverlap as refusal:
            raise ValidationError(refusal.text) from refusal
        return hours


def _hours(text: str) -> Hours:
    found = _SPAN.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        hour, minute, until, until_minute = (int(number or 0) for number in found.groups())
        return dt.time(hour, minute), dt.time(until, until_minute)
    except ValueError as error:
        message = _("请按 09:00-12:00、13:30-17:30 的格式填写。")
        raise ValidationError(message) from error


def _day() -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d")
    return forms.DateField(required=False, widget=widget)


def _number(least: int, most: int, empty: Any) -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
        widget=forms.NumberInput(
            attrs={"class": "input", "min": least, "max": most, "placeholder": empty}
        ),
    )


class WorkTimeForm(forms.Form):
    """Five parts; only the ticked ones are looked at."""

    parts = forms.MultipleChoiceField(
        required=False, choices=[(part, part) for part in sorted(PARTS)]
    )
    week_0, week_1, week_2, week_3 = HoursField(), HoursField(), HoursField(), HoursField()
    week_4, week_5, week_6 = HoursField(), HoursField(), HoursField()
    day_first, day_last, day_hours = _day(), _day(), HoursField()
    off_first, off_last = _day(), _day()
    off_note = forms.CharField(
        required=False, max_length=20, widget=forms.TextInput(attrs={"class": "input"})
    )
    everyone = forms.BooleanField(required=False)
    slot_min = _number(10, 240, _("默认"))
    gap_min = _number(0, 120, _("默认"))
    daily_cases = _number(1, 200, _("不限"))

    def full_clean(self) -> None:
        """What is not ticked is nobody's business: its mistakes are none."""
        super().full_clean()
        if not self.is_bound:
            return
        ticked = self.cleaned_data.get("parts", [])
        prefixes = {
            "week": ("week_",),
            "day": ("day_",),
            "off": ("off_", "everyone"),
            "grid": ("slot_min", "gap_min"),
            "cases": ("daily_cases",),
        }
        for part, names in prefixes.items():
            if part not in ticked:
                for name in [name for name in self.errors if name.startswith(names)]:
                    del self.errors[name]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "day" in data.get("parts", []):
            self._require_days("day", MOST_DAYS)
        if "off" in data.get("parts", []):
            self._require_days("off", LONGEST_OFF)
            if not data.get("off_note"):
                self.add_error("off_note", _("请填写事由。"))
        return data

    def _require_days(self, part: str, most: int) -> None:
        first = self.cleaned_data.get(f"{part}_first")
        if first is None:
            if f"{part}_first" not in self.errors:
                self.add_error(f"{part}_first", _("请选择日期。"))
            return
        last = self.cleaned_data.get(f"{part}_last") or first
        if not first <= last < first + dt.timedelta(days=most):
            text = _("结束不能早于开始，且最多 {days} 天。")
            self.add_error(f"{part}_last", text.format(days=most))
        self.cleaned_data[f"{part}_last"] = last

    def change(self, removed: list[int]) -> WorkTimeChange:
        """Of a valid form."""
        data = self.cleaned_data
        parts = frozenset(data["parts"])
        return WorkTimeChange(
            parts=parts,
            week={day: data[f"week_{day}"] for day in range(7)} if "week" in parts else {},
            days=tuple(days_between(data["day_first"], data["day_last"])) if "day" in parts else (),
            day_hours=data["day_hours"] if "day" in parts else (),
            off_first=data["off_first"] if "off" in parts else dt.date.min,
            off_last=data["off_last"] if "off" in parts else dt.date.min,
            off_note=data["off_note"] if "off" in parts else "",
            everyone="off" in parts and data["everyone"],
            slot_min=data["slot_min"] if "grid" in parts else None,
            gap_min=data["gap_min"] if "grid" in parts else None,
            daily_cases=data["daily_cases"] if "cases" in parts else None,
            removed=tuple(sorted(removed)),
        )
