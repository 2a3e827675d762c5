"""What happens to a recording after the call."""

from .jobs import due_recordings, ended_calls_without_recording, ensure_recording
from .stages import process
from .viewing import note_download, note_opened

__all__ = [
    "due_recordings",
    "ended_calls_without_recording",
    "ensure_recording",
    "note_download",
    "note_opened",
    "process",
]
