"""The case behind a call, for the page of its recording and of its review (VID-1, QC-2)."""

from django.urls import reverse
from django.utils.translation import gettext_lazy

from common.errors import DomainError
from interviews.models import Call
from recordings.panels import Panel, Picture, shows_panel

from .selectors import case_details, proposed_lines

TITLE = gettext_lazy("贷款信息与影像资料（信贷系统现值）")


@shows_panel("case", 10, meanwhile=Panel(TITLE, note=gettext_lazy("正在从信贷系统读取…")))
def case_panel(call: Call) -> Panel:
    """As it stands in the credit system now; the account is masked."""
    try:
        case = case_details(call.task_id)
    except DomainError as refusal:
        return Panel(TITLE, note=refusal.text, again=refusal.retryable)
    return Panel(
        TITLE,
        rows=tuple((label, value) for label, value in proposed_lines(call.task_id, case.loan)),
        pictures=tuple(
            Picture(
                image.id,
                reverse("credit_bridge:image", args=[call.pk, image.id]),
                image.title,
                image.person,
            )
            for image in case.images
        ),
    )
