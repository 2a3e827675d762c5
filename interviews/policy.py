"""Numbers of the interview (WB-6); units in the names."""

from datetime import timedelta

from parameters.selectors import value_of

from .models import InterviewTask

MAX_CUSTOMERS = 8  # SDK-2: nine tiles, one is the seat's


def reconnect_window(task: InterviewTask) -> timedelta:
    """How long a lost participant's place is kept (SDK-5)."""
    return timedelta(
        seconds=value_of(
            "reconnect_window_s", channel_code=task.channel_code, product_code=task.product_code
        )
    )


def tag_lead_ms(task: InterviewTask) -> int:
    """A tag is stamped this long before the key was pressed: the doubtful word came first."""
    return value_of("tag_lead_ms", channel_code=task.channel_code, product_code=task.product_code)
