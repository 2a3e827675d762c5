"""A network test on the path the call will take: out to a media worker and back."""

from django.utils import timezone

from common.clock import unix_ms
from common.ids import new_id
from media_worker import gateway
from media_worker import protocol as p
from media_worker.selectors import choose_worker


def test_network(*, send_sdp: str, receive_sdp: str, max_kbps: int) -> dict[str, str]:
    """Answer both ends of a loop: what the first offer publishes comes back on the second.

    Nothing is recorded; the worker forgets the loop when both ends have hung up, or after 40 s.
    Raises MediaUnavailable (ProbesFull where too many test at once), MediaRefused.
    """
    worker = choose_worker()
    room = f"probe-{new_id()}"
    options = p.CallOptions(max_video_kbps=max_kbps)
    opening = p.OpenCall(
        epoch=1, t0_unix_ms=unix_ms(timezone.now()), record="manual", options=options, probe=True
    )
    gateway.open_call(worker.control_url, room, opening)
    answers = {}
    for side, offer in (("receive", receive_sdp), ("send", send_sdp)):
        leg = p.ConnectLeg(
            participant_id=side,
            leg_id=f"{room}-{side}",
            role="customer",
            offer_sdp=offer,
            media=p.LegMedia(audio=side == "send", video=side == "send"),
        )
        answers[f"{side}_sdp"] = gateway.connect_leg(worker.control_url, room, leg).answer_sdp
    return answers
