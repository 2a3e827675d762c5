"""Every number a supervisor may set: its unit, range and default (WB-6). Pure."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole number between `least` and `most`, in `unit`."""

    key: str
    label: str | Promise
    unit: str | Promise
    least: int
    most: int
    default: int
    help: str | Promise = ""


DEFINITIONS = {
    definition.key: definition
    for definition in (
        Definition(
            "reconnect_window_s",
            _("断点重连时限"),
            _("秒"),
            10,
            1800,
            180,
            _("网络中断后在此时间内恢复，自动回到原通话。"),
        ),
        Definition("tag_lead_ms", _("标签提前量"), _("毫秒"), 0, 30_000, 5000),
        Definition("offer_s", _("振铃时长"), _("秒"), 5, 120, 20),
        Definition("slot_min", _("预约时段长度"), _("分钟"), 10, 240, 40),
        Definition("reschedule_limit", _("改约次数上限"), _("次"), 0, 20, 2, _("0 表示不限制。")),
        Definition("booking_days", _("可预约天数"), _("天"), 1, 60, 30),
    )
}
