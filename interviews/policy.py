"""Numbers of the interview (WB-6); units in the names."""

from datetime import timedelta
from typing import Any, Literal

from media_worker.protocol import CallOptions
from parameters.selectors import value_of

from .errors import VideoNotAllowed
from .models import InterviewTask

PREFERENCES: tuple[Literal["smooth", "balanced", "quality"], ...] = (
    "smooth",
    "balanced",
    "quality",
)
MAX_CUSTOMERS = 8  # SDK-2: nine tiles, one is the seat's
# Of one call. Every connection keeps one slot for a supervisor who is seen and heard.
MAX_SUPERVISORS = 1
MAX_LISTENERS = 3
SUPERVISOR_RETURNS_WITHIN = timedelta(seconds=30)
# A first connection takes longer than a return: somebody allows the camera.
CONNECTS_WITHIN_AT_LEAST = timedelta(seconds=60)
KNOCKS_FOR = timedelta(minutes=10)
# How long the seat may think about going on when the last customer is gone.
ENDS_WITHOUT_CUSTOMERS = timedelta(seconds=60)


def reconnect_window(task: InterviewTask) -> timedelta:
    """How long a lost participant's place is kept (SDK-5)."""
    return timedelta(seconds=_of(task, "reconnect_window_s"))


def connects_within(task: InterviewTask) -> timedelta:
    """How long a place is kept for somebody who has not been connected yet."""
    return max(reconnect_window(task), CONNECTS_WITHIN_AT_LEAST)


def tag_lead_ms(task: InterviewTask, seat_no: str) -> int:
    """A tag is stamped this long before the key was pressed: the doubtful word came first."""
    return value_of(
        "tag_lead_ms",
        channel_code=task.channel_code,
        product_code=task.product_code,
        seat_no=seat_no,
    )


def seat_joins_muted(task: InterviewTask, seat_no: str) -> bool:
    """The seat's microphone is off until the seat itself switches it on."""
    return bool(
        value_of(
            "seat_joins_muted",
            channel_code=task.channel_code,
            product_code=task.product_code,
            seat_no=seat_no,
        )
    )


def require_video_allowed(task: InterviewTask) -> None:
    """Some products must not be interviewed by video; asked at booking and at call.

    Raises VideoNotAllowed.
    """
    if not _of(task, "video_interview_allowed"):
        raise VideoNotAllowed(product=task.product_name)


def admits_by_seat(task: InterviewTask) -> bool:
    """Every further party waits until the seat lets him in."""
    return bool(_of(task, "admit_by_seat"))


def tells_of_listening(task: InterviewTask) -> bool:
    """The customers are shown that a supervisor listens."""
    return bool(_of(task, "tell_of_listening"))


def records_by_hand(task: InterviewTask) -> bool:
    """The seat starts the recording; otherwise it runs from the first packet (WB-4)."""
    return bool(_of(task, "record_by_hand"))


def room_options(task: InterviewTask) -> CallOptions:
    """The bounds within which a picture's rate follows the network; the least is supervisory."""
    least = _of(task, "video_min_kbps")
    return CallOptions(
        min_video_kbps=least,
        max_video_kbps=max(least, _of(task, "video_max_kbps")),
        max_down_kbps=_of(task, "video_down_max_kbps"),
        preference=PREFERENCES[_of(task, "network_preference")],
    )


def video_limits(task: InterviewTask, *, staff_no: str | None = None) -> dict[str, Any]:
    """Within these a client sends its picture (SDK-9): the customer's, or that of one of the staff."""
    options = room_options(task)
    if staff_no is None:
        lines = _of(task, "customer_camera_lines")
    else:
        lines = value_of("seat_camera_lines", seat_no=staff_no)
    return {
        "min_kbps": options.min_video_kbps,
        "max_kbps": options.max_video_kbps,
        "lines": lines,
        "frame_rate": _of(task, "video_fps"),
        "preference": options.preference,
    }


def _of(task: InterviewTask, key: str) -> int:
    return value_of(key, channel_code=task.channel_code, product_code=task.product_code)
