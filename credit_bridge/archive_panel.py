"""The case behind a call, for the page of its recording and of its review (VID-1, QC-2)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from common.errors import DomainError
from interviews.models import Call
from recordings.panels import Panel, Picture, shows_panel

from .selectors import case_details, proposed_lines


@shows_panel("case", 10)
def case_panel(call: Call) -> Panel:
    """As it stands in the credit system now; the account is masked."""
    title = _("贷款信息与影像资料（信贷系统现值）")
    try:
        case = case_details(call.task_id)
    except DomainError as refusal:
        return Panel(title, note=refusal.text)
    return Panel(
        title,
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
