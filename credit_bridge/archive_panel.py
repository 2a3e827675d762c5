"""The loan behind a call, for the page of its recording (VID-1)."""

from django.utils.translation import gettext as _

from common.errors import DomainError
from interviews.models import Call
from recordings.panels import Panel, shows_panel

from .selectors import loan_lines


@shows_panel("loan", 10)
def loan_panel(call: Call) -> Panel:
    """As it stands in the credit system now; the account is masked."""
    title = _("贷款信息（信贷系统现值）")
    try:
        lines = loan_lines(call.task_id)
    except DomainError as refusal:
        return Panel(title, note=refusal.text)
    return Panel(title, rows=tuple((label, value) for label, value in lines))
