"""Forms of 质检管理. What they let through is still decided by services."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from recordings.forms import SearchForm
from recordings.selectors import Search

from .models import SeatDefect
from .selectors import TABS, QueueSearch
from .states import DECISIONS, ReviewMove

LONGEST_DAYS = 366
_DECIDING = sorted(frozenset[ReviewMove]().union(*DECISIONS.values()))


class QueueForm(SearchForm):
    """The search of 视频管理 and the reviewer (QC-1)."""

    reviewer_no = forms.CharField(label=_("复核岗工号"), required=False, max_length=20)

    def queue_search(self, shown: str) -> QueueSearch:
        """A field that is not valid does not narrow the list."""
        self.is_valid()
        fields: dict[str, Any] = dict(self.cleaned_data)
        reviewer_no = fields.pop("reviewer_no", "")
        return QueueSearch(
            shown=shown if shown in TABS else "open",
            found=Search(**fields),
            reviewer_no=reviewer_no,
        )


class AssignForm(forms.Form):
    """改派; without a reviewer 收回."""

    reviewer = forms.ModelChoiceField(
        label=_("改派给"),
        queryset=User.objects.none(),
        to_field_name="staff_no",
        required=False,
        empty_label=_("请选择"),
        widget=forms.Select({"class": "input"}),
    )

    def __init__(self, *args: Any, reviewers: QuerySet[User], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["reviewer"].queryset = reviewers  # type: ignore[attr-defined]


class DefectField(forms.ModelChoiceField):  # type: ignore[type-arg]  # none at run time
    """By its words, which decided reviews keep; what is not asked for any more was found once."""

    def label_from_instance(self, defect: Any) -> str:
        return defect.text if defect.is_enabled else _("{text}（停用）").format(text=defect.text)


class ClipsForm(forms.Form):
    """Which 辅导片段: whose, about what, made when."""

    seat_no = forms.CharField(label=_("坐席工号"), required=False, max_length=20)
    defect = DefectField(
        label=_("抽检问题"),
        queryset=SeatDefect.objects.order_by("-is_enabled", "order", "pk"),
        to_field_name="text",
        required=False,
        empty_label=_("全部"),
    )
    words = forms.CharField(label=_("要点或说明"), required=False, max_length=40)
    first = forms.DateField(
        label=_("制作时间自"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("至"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("first"), asked.get("last")
        if first and last and first > last:
            self.add_error("last", _("早于起始日期。"))
        return asked


class DecisionForm(forms.Form):
    move = forms.ChoiceField(
        choices=[(move.value, move.value) for move in (ReviewMove.RELEASE, *_DECIDING)],
        error_messages={"required": _("请选择处理意见。"), "invalid_choice": _("请选择处理意见。")},
    )
    reasons = forms.MultipleChoiceField(required=False)
    note = forms.CharField(required=False, max_length=500)
    met = forms.TypedMultipleChoiceField(required=False, coerce=int)
    scored = forms.BooleanField(required=False)

    def __init__(self, *args: Any, reasons: tuple[str, ...], items: list[int], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["reasons"].choices = [(each, each) for each in reasons]  # type: ignore[attr-defined]
        self.fields["met"].choices = [(each, each) for each in items]  # type: ignore[attr-defined]


class PeriodForm(forms.Form):
    first = forms.DateField(
        label=_("自"), widget=forms.DateInput({"type": "date", "class": "input"}, "%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("至"), widget=forms.DateInput({"type": "date", "class": "input"}, "%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        first, last = asked.get("first"), asked.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST_DAYS:
            raise forms.ValidationError(_("时间范围须为 1 至 366 天。"))
        return asked


class SecondForm(PeriodForm):
    percent = forms.DecimalField(
        label=_("抽取比例（%）"),
        min_value=Decimal("0.1"),
        max_value=100,
        max_digits=5,
        decimal_places=2,
        widget=forms.NumberInput({"class": "input"}),
    )


class ClipForm(forms.Form):
    from_ms = forms.IntegerField(min_value=0)
    to_ms = forms.IntegerField(min_value=1)
    title = forms.CharField(max_length=80)
    note = forms.CharField(max_length=500, required=False)
