"""How a call came to its seat, for the page of its recording (DSP-3, VID-1)."""

from django.utils import timezone
from django.utils.translation import gettext as _

from interviews.models import Call
from recordings.panels import Panel, shows_panel

from .models import CallRequest


@shows_panel("dispatch", 20)
def dispatch_panel(call: Call) -> Panel:
    """Each party's request with its offers: when, whom it rang, what came of it, and why there."""
    requests = (
        CallRequest.objects.filter(call=call)
        .select_related("party")
        .prefetch_related("offers__seat__user")
        .order_by("arrived_at")
    )
    rows: list[tuple[str, ...]] = []
    for request in requests:
        name, arrived = request.party.name, _clock(request.arrived_at)
        offers = sorted(request.offers.all(), key=lambda offer: offer.offered_at)
        if not offers:
            entered = _("进入进行中的通话")
            rows.append((name, arrived, "—", "—", request.get_state_display(), entered))
        for offer in offers:
            user = offer.seat.user
            why = " · ".join(
                str(offer.trace[part]) for part in ("rule", "why") if offer.trace.get(part)
            )
            rows.append(
                (
                    name,
                    arrived,
                    _clock(offer.offered_at),
                    f"{user.name} {user.staff_no}",
                    offer.get_state_display(),
                    why or "—",
                )
            )
    heads = (_("干系人"), _("到达"), _("振铃"), _("坐席"), _("结果"), _("为什么"))
    return Panel(_("分案过程"), heads, tuple(rows), note=_("没有排队记录：由坐席直接建立的通话。"))


def _clock(at: object) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M:%S}"  # type: ignore[arg-type]
