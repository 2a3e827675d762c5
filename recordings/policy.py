"""What the parameters (WB-6) say of a task's recordings."""

from enum import IntEnum
from typing import Any

from interviews.models import InterviewTask
from parameters.selectors import value_of

from .outputs import Outputs


class UploadWhen(IntEnum):
    """When a recording goes into the store; the numbers are those of the parameter."""

    RECORDING = 0
    ENDED = 1
    BY_HAND = 2


def _value(task: InterviewTask, key: str) -> Any:
    return value_of(key, channel_code=task.channel_code, product_code=task.product_code)


def outputs_of(task: InterviewTask) -> Outputs:
    """What is to be kept of the task's recordings."""
    return Outputs(
        video=bool(_value(task, "output_video")),
        audio=bool(_value(task, "output_audio")),
        snapshots=bool(_value(task, "output_snapshots")),
        tracks=bool(_value(task, "output_tracks")),
    )


def upload_when(task: InterviewTask) -> UploadWhen:
    return UploadWhen(_value(task, "upload_when"))
