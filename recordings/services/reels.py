"""要点集锦: the steps of the script out of a long interview, for a quick look (beyond VID-1).

Made on request from the composed copy, kept in the store beside it under a name of its own; it is no
evidence and in no manifest.
"""

import json
import tempfile
from pathlib import Path
from uuid import UUID

from django.db import transaction

from audit import services as audit
from common.actor import Actor
from common.clock import db_now
from recordings.errors import NothingToShow, NotReady, WorkFailed
from recordings.models import Recording, StoredObject
from recordings.selectors import copy_spans, open_composed, reel_name, reel_of
from recordings.states import ObjectKind, Stage
from recordings.storage import CHUNK_BYTES, new_key, sha256_of, store

from . import work

LIMIT_S = 120.0


def make_reel(recording_id: UUID, *, actor: Actor) -> StoredObject:
    """The reel; the one that is there already when it was made of this very copy.

    Raises NotReady, NothingToShow.
    """
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    if recording.stage != Stage.STORED or not recording.file.endswith(".mp4"):
        raise NotReady
    there = reel_of(recording)
    if there is not None:
        return there
    spans = copy_spans(recording)
    if not spans:
        raise NothingToShow
    with tempfile.TemporaryDirectory(prefix="reel-") as folder:
        source, target = Path(folder) / "source.mp4", Path(folder) / "reel.mp4"
        with open_composed(recording).file as stored, source.open("wb") as copy:
            while chunk := stored.read(CHUNK_BYTES):
                copy.write(chunk)
        try:
            arguments = [str(source), str(target), json.dumps(spans)]
            list(work.run_python("recordings.reel", *arguments, limit_s=LIMIT_S))
        except WorkFailed as broken:
            raise NotReady from broken
        size, digest = target.stat().st_size, sha256_of(target)
        key = new_key()
        store().put(target, key, size=size, sha256=digest, beat=lambda: None)
    with transaction.atomic():
        made, fresh = StoredObject.objects.get_or_create(
            recording=recording,
            name=reel_name(recording),
            defaults={
                "kind": ObjectKind.REEL,
                "key": key,
                "bytes": size,
                "sha256": digest,
                "confirmed_at": db_now(),
            },
        )
        if fresh:
            audit.record(
                "recording.reel_made",
                actor=actor,
                object_type="recording",
                object_id=recording.pk,
                chain=audit.interview_chain(recording.call.task_id),
                bytes=size,
                sha256=digest,
            )
    if not fresh:
        store().delete(key)  # somebody else was first
    return made
