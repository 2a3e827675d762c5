"""要点集锦: the steps of the script out of a long interview, for a quick look (beyond VID-1).

Made in the background from the composed copy, kept in the store beside it under a name of its own;
it is no evidence and in no manifest.
"""

import datetime as dt
import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from audit import services as audit
from common.actor import SYSTEM, Actor
from common.clock import db_now
from common.errors import NotFound
from common.faultpoint import faultpoint
from recordings.errors import LeaseLost, NothingToShow, NotReady, WorkFailed
from recordings.models import Recording, Reel, StoredObject
from recordings.selectors import REEL_TRIES, copy_spans, has_failed, open_composed, reel_name
from recordings.states import ObjectKind, Stage
from recordings.storage import CHUNK_BYTES, ChecksumMismatch, new_key, sha256_of, store

from . import work
from .jobs import BACKOFF_S, LEASE

logger = logging.getLogger(__name__)
LIMIT_S = 120.0
TELL_EVERY_S = 1.0
# How much of the whole is done when the copy is here, when it is cut.
COPIED, CUT = 0.4, 0.6


def ask_reel(recording_id: UUID, *, actor: Actor) -> Reel:
    """The reel of the present copy, made or on its way; asked for now where there is none.

    One that failed is tried again. Raises NotReady, NothingToShow.
    """
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    if recording.stage != Stage.STORED or not recording.file.endswith(".mp4"):
        raise NotReady
    if not copy_spans(recording):
        raise NothingToShow
    with transaction.atomic():
        name = reel_name(recording)
        begun = {"name": name, "key": new_key()}
        reel, fresh = Reel.objects.select_for_update().get_or_create(
            recording=recording, defaults=begun
        )
        if not fresh:
            if reel.name == name and not has_failed(reel):
                return reel
            Reel.objects.filter(pk=reel.pk).update(
                **begun, made_at=None, epoch=F("epoch") + 1, leased_until=None, attempts=0,
                due_at=db_now(), progress=0.0,
            )  # fmt: skip
            reel.refresh_from_db()
        _note("recording.reel_asked", recording, actor)
        transaction.on_commit(lambda: wake(recording_id), robust=True)
    return reel


def wake(recording_id: UUID) -> None:
    """Have a worker look at it now; the row is the job, this only saves seconds."""
    from recordings.tasks import make_reel as task  # the task calls this package

    task.delay(str(recording_id))


def make_reel(recording_id: UUID) -> bool:
    """Cut and store one that is due. False when it is not, somebody else has it, or it failed.

    Whatever is killed is begun again: the same stretches of the same copy, under the same key.
    """
    now = db_now()
    taken = _due(now).filter(pk=recording_id)
    if not taken.update(
        epoch=F("epoch") + 1, attempts=F("attempts") + 1, leased_until=now + LEASE, progress=0.0
    ):
        return False
    faultpoint("reel.claimed")
    reel = Reel.objects.select_related("recording__call").get(pk=recording_id)
    mine = Reel.objects.filter(pk=recording_id, epoch=reel.epoch)

    def tell(share: float) -> None:
        if not mine.update(leased_until=db_now() + LEASE, progress=share):
            raise LeaseLost

    try:
        return _make(reel, mine, work.every(TELL_EVERY_S, tell))
    except LeaseLost:
        return False
    except (WorkFailed, ChecksumMismatch, NotFound, OSError) as error:
        wait_s = BACKOFF_S[min(reel.attempts, len(BACKOFF_S)) - 1]
        mine.update(leased_until=None, due_at=db_now() + dt.timedelta(seconds=wait_s))
        logger.warning("reel of %s put off: %s", recording_id, type(error).__name__)
        return False


def due_reels(limit: int) -> list[UUID]:
    return list(_due(db_now()).order_by("due_at").values_list("pk", flat=True)[:limit])


def _due(now: dt.datetime) -> QuerySet[Reel]:
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    return Reel.objects.filter(free, made_at=None, attempts__lt=REEL_TRIES, due_at__lte=now)


def _make(reel: Reel, mine: QuerySet[Reel], tell: Callable[[float], None]) -> bool:
    recording = reel.recording
    with tempfile.TemporaryDirectory(prefix="reel-") as folder:
        source, target = Path(folder) / "source.mp4", Path(folder) / "reel.mp4"
        opened = open_composed(recording)
        with opened.file as stored, source.open("wb") as copy:
            while chunk := stored.read(CHUNK_BYTES):
                copy.write(chunk)
                tell(COPIED * copy.tell() / max(1, opened.bytes))
        arguments = [str(source), str(target), json.dumps(copy_spans(recording))]
        (cut,) = work.run_python("recordings.reel", *arguments, limit_s=LIMIT_S)
        faultpoint("reel.cut")
        size, digest = target.stat().st_size, sha256_of(target)
        store().put(
            target,
            reel.key,
            size=size,
            sha256=digest,
            beat=lambda: tell(CUT),
            sent=lambda there: tell(CUT + (1 - CUT) * there / max(1, size)),
        )
    faultpoint("reel.sent")
    key = _settle(reel, mine, cut, size=size, sha256=digest)
    if key != reel.key:
        store().delete(reel.key)
    return bool(key)


@transaction.atomic
def _settle(reel: Reel, mine: QuerySet[Reel], cut: work.Line, *, size: int, sha256: str) -> str:
    """The key the reel is under; none when the recording is gone or has another copy by now."""
    recording = Recording.objects.select_for_update(of=("self",)).get(pk=reel.pk)
    if recording.stage != Stage.STORED or reel_name(recording) != reel.name:
        mine.delete()
        return ""
    told = {"chapters": cut["chapters"], "duration_ms": cut["duration_ms"], "progress": 1.0}
    if not mine.update(made_at=db_now(), leased_until=None, **told):
        raise LeaseLost
    kept, _fresh = StoredObject.objects.get_or_create(
        recording=recording,
        name=reel.name,
        defaults={
            "kind": ObjectKind.REEL,
            "key": reel.key,
            "bytes": size,
            "sha256": sha256,
            "confirmed_at": db_now(),
        },
    )
    _note("recording.reel_made", reel.recording, SYSTEM, bytes=kept.bytes, sha256=kept.sha256)
    faultpoint("reel.settled")
    return kept.key


def _note(action: str, recording: Recording, actor: Actor, **facts: object) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="recording",
        object_id=recording.pk,
        chain=audit.interview_chain(recording.call.task_id),
        **facts,
    )
