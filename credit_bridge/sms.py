"""What customers are told by SMS (MSG-1): the document's template and its kin. Pure."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Occasion(StrEnum):
    BOOKED = "booked"
    MOVED = "moved"
    REASSIGNED = "reassigned"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Facts:
    """`applied_on` is None when the credit system has not said it; a span is of an appointment."""

    name: str
    product: str
    applied_on: dt.date | None
    span: tuple[dt.datetime, dt.datetime] | None = None


TEMPLATES: dict[Occasion, str | Promise] = {
    Occasion.BOOKED: _(
        "尊敬的{name}，您{applied}在我行申请的{product}产品已进入面谈环节，请于{start}至{end}期间"
        "登录【原银在线】APP完成面谈任务或改约。"
    ),
    Occasion.MOVED: _(
        "尊敬的{name}，您{applied}在我行申请的{product}产品的面谈时间已更新，请于{start}至{end}期间"
        "登录【原银在线】APP完成面谈任务或改约。"
    ),
    Occasion.REASSIGNED: _(
        "尊敬的{name}，您在我行申请的{product}产品的面谈坐席已调整，时间不变，请仍于{start}至{end}期间"
        "登录【原银在线】APP完成面谈任务。"
    ),
    Occasion.EXPIRED: _(
        "尊敬的{name}，您在我行申请的{product}产品的面谈时间（{start}至{end}）已过，"
        "请登录【原银在线】APP重新预约。"
    ),
    Occasion.CANCELLED: _(
        "尊敬的{name}，您在我行申请的{product}产品于{start}至{end}的面谈预约已取消，"
        "请以【原银在线】APP的最新任务为准。"
    ),
    Occasion.RETURNED: _(
        "尊敬的{name}，您{applied}在我行申请的{product}产品需要再次面谈，"
        "请登录【原银在线】APP重新预约面谈时间。"
    ),
}


def text_of(occasion: Occasion, facts: Facts) -> str:
    """The message, with times of the bank's zone to the minute."""
    applied = str(_("于{day}")).format(day=f"{facts.applied_on:%Y%m%d}") if facts.applied_on else ""
    times = [f"{timezone.localtime(moment):%Y%m%d %H:%M}" for moment in facts.span or ()]
    start, end = times or ("", "")
    return str(TEMPLATES[occasion]).format(
        name=facts.name,
        applied=applied,
        product=facts.product,
        start=start,
        end=end,
    )
