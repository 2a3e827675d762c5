"""The search form of 视频管理."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User

from .selectors import Search


class SearchForm(forms.Form):
    from_day = forms.DateField(
        label=_("面谈时间自"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until_day = forms.DateField(
        label=_("至"), required=False, widget=forms.DateInput({"type": "date"})
    )
    customer = forms.CharField(label=_("客户姓名"), required=False, max_length=40)
    loan_type = forms.CharField(label=_("贷款类型"), required=False, max_length=40)
    manager_no = forms.CharField(label=_("客户经理工号"), required=False, max_length=20)
    seat_no = forms.CharField(label=_("面谈岗工号"), required=False, max_length=20)
    region = forms.CharField(label=_("房屋属地（行政区划代码）"), required=False, max_length=12)

    def search(self, owner: User | None) -> Search:
        """What was asked; a field that is not valid does not narrow the list."""
        self.is_valid()
        fields: dict[str, Any] = dict(self.cleaned_data)
        return Search(**fields, owner=owner)


class DownloadForm(forms.Form):
    reason = forms.CharField(label=_("下载原因"), max_length=200)
