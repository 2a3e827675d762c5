"""States of an appointment. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class AppointmentState(TextChoices):
    BOOKED = "BOOKED", _("已预约")
    KEPT = "KEPT", _("已履约")
    EXPIRED = "EXPIRED", _("已过期")
    CANCELLED = "CANCELLED", _("已取消")
    MOVED = "MOVED", _("已改约")


class AppointmentMove(StrEnum):
    KEEP = "keep"
    EXPIRE = "expire"
    CANCEL = "cancel"
    MOVE = "move"


_BOOKED = frozenset({AppointmentState.BOOKED})
APPOINTMENT_MACHINE = Machine[AppointmentState, AppointmentMove](
    {
        AppointmentMove.KEEP: (_BOOKED, AppointmentState.KEPT),
        AppointmentMove.EXPIRE: (_BOOKED, AppointmentState.EXPIRED),
        AppointmentMove.CANCEL: (_BOOKED, AppointmentState.CANCELLED),
        # After the slot has passed or a doubted interview the borrower books again (APP-3).
        AppointmentMove.MOVE: (
            frozenset({AppointmentState.BOOKED, AppointmentState.EXPIRED, AppointmentState.KEPT}),
            AppointmentState.MOVED,
        ),
    }
)


class NetworkGrade(TextChoices):
    """How a network test on the media path went."""

    GOOD = "good", _("良好")
    FAIR = "fair", _("一般")
    POOR = "poor", _("较差")
    FAILED = "failed", _("不通")
    UNKNOWN = "unknown", _("未测")
