"""The search form of 视频管理."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_admin.regions import under
from parameters.selectors import value_of

from .selectors import Search, loan_types


def cascade(form: forms.Form) -> None:
    """Fill province, city and county of a form, each by what was chosen above it.

    Works without a script: choosing a province and searching gives its cities. With one the lists
    change at once (`data-under` says which field a list lies under).
    """
    above = ""
    for name, upper in (("province", ""), ("city", "province"), ("county", "city")):
        field = form.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so
        places = under(above) if above or not upper else []
        field.choices = [("", _("全部")), *((place.code, place.name) for place in places)]
        field.widget.attrs["data-under"] = upper
        chosen = str(form.data.get(name, ""))
        above = chosen if chosen in {place.code for place in places} else ""


class SearchForm(forms.Form):
    from_day = forms.DateField(
        label=_("面谈时间自"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until_day = forms.DateField(
        label=_("至"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    customer = forms.CharField(label=_("客户姓名"), required=False, max_length=40)
    contract_no = forms.CharField(label=_("借款合同号"), required=False, max_length=40)
    loan_type = forms.ChoiceField(label=_("贷款类型"), required=False)
    manager_no = forms.CharField(label=_("客户经理工号"), required=False, max_length=20)
    seat_no = forms.CharField(label=_("面谈岗工号"), required=False, max_length=20)
    province = forms.ChoiceField(label=_("房屋属地 · 省"), required=False)
    city = forms.ChoiceField(label=_("市"), required=False)
    county = forms.ChoiceField(label=_("区县"), required=False)
    words = forms.CharField(
        label=_("标签、聊天、步骤中的文字"),
        required=False,
        max_length=40,
        help_text=_("如：首付来源"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = self.fields["loan_type"]
        assert isinstance(types, forms.ChoiceField)  # noqa: S101 - declared so
        types.choices = [("", _("全部")), *((each, each) for each in loan_types())]
        cascade(self)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")
            if field.help_text:
                field.widget.attrs["placeholder"] = field.help_text

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        since, until = asked.get("from_day"), asked.get("until_day")
        if since and until and since > until:
            self.add_error("until_day", _("早于起始日期。"))
        return asked

    def search(self, seat_nos: tuple[str, ...] | None) -> Search:
        """What was asked. A field that is not valid does not narrow the list; the page says so."""
        self.is_valid()
        fields: dict[str, Any] = dict(self.cleaned_data)
        return Search(**fields, seat_nos=seat_nos)


MAX_SPANS = 500
MAX_MS = 24 * 3600 * 1000


def _spans(value: object) -> None:
    is_list = isinstance(value, list) and len(value) <= MAX_SPANS
    if not is_list or not all(_is_span(span) for span in value):  # type: ignore[attr-defined]
        raise ValidationError(_("时间段无效。"))


def _is_span(span: object) -> bool:
    match span:
        case [int(begin), int(end)]:
            return 0 <= begin < end <= MAX_MS
    return False


class WatchedForm(forms.Form):
    """[[from_ms, to_ms], ...]: what a player played."""

    spans = forms.JSONField(validators=[_spans], required=True)


class DownloadForm(forms.Form):
    reason = forms.CharField(label=_("下载原因"), max_length=200)


class ShareForm(forms.Form):
    staff_no = forms.CharField(max_length=20)
    days = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=200)

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if days > value_of("share_days"):
            raise ValidationError(_("超过可共享的最长天数。"))
        return days
