"""Opening and downloading leave a trace (VID-1)."""

from audit import services as audit
from common.actor import Actor
from recordings.errors import ReasonRequired
from recordings.models import Recording

MAX_REASON_CHARS = 200


def note_opened(call_id: object, task_id: object, what: str, *, actor: Actor) -> None:
    """`what` names the file kind, never a customer."""
    audit.record(
        "recording.opened",
        actor=actor,
        object_type="call",
        object_id=call_id,
        chain=audit.interview_chain(task_id),
        what=what,
    )


def note_download(recording: Recording, *, reason: str, actor: Actor) -> None:
    """Raises ReasonRequired. The reason is the reviewer's own words about why, kept as such."""
    text = reason.strip()[:MAX_REASON_CHARS]
    if not text:
        raise ReasonRequired
    audit.record(
        "recording.downloaded",
        actor=actor,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
        reason=text,
        sha256=recording.sha256,
    )
