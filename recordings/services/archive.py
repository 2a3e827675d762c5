"""The rows recordings are found by, saved searches (VID-1)."""

from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from interviews.models import Call, InterviewTask
from recordings.errors import TooManySaved
from recordings.grams import grams, normalised
from recordings.models import ArchiveEntry, Recording, SavedSearch
from recordings.said import SPOKEN, text_of
from recordings.states import Stage

MAX_SAVED = 30
MAX_WORDS = 100_000
MAX_GRAMS = 6_000


def index(recording: Recording) -> None:
    """Write what the recording is found by. Rehearsals are never found."""
    call = recording.call
    task = call.task
    if task.rehearsal:
        return
    ArchiveEntry.objects.update_or_create(
        recording=recording,
        defaults={
            "started_at": call.clock_started_at,
            "customer_name": task.customer_name,
            **_names_of(task),
            "contract_no": task.contract_no,
            "loan_type": task.loan_type,
            "manager_no": task.manager_no,
            "seat_no": call.seat.user.staff_no,
            "province": task.property_province,
            "city": task.property_city,
            "county": task.property_county,
            "is_whole": True,
            **_words_of(call),
        },
    )


def _names_of(task: InterviewTask) -> dict[str, Any]:
    """Everybody of the case, one a line and the customer first, and their grams without those across."""
    others = task.parties.order_by("pk").values_list("name", flat=True)
    names = list(dict.fromkeys(normalised(name) for name in (task.customer_name, *others)))
    parts = dict.fromkeys(gram for name in names for gram in grams(name))
    return {"name_plain": "\n".join(names), "name_grams": list(parts)}


def index_call(call_id: UUID) -> None:
    """Write it again: tags and opinions come after the call's end. Nothing without a recording."""
    recording = (
        Recording.objects.exclude(stage=Stage.DELETED)
        .select_related("call__task", "call__seat__user")
        .filter(call_id=call_id)
        .first()
    )
    if recording is not None:
        index(recording)


def index_old(limit: int) -> int:
    """Index what was archived before its words were, newest first. Returns how many were done.

    Each row is done whole or not at all: who is killed goes on where it was, by asking again.
    """
    waiting = ArchiveEntry.objects.filter(is_whole=False).order_by("-started_at")
    done = 0
    for recording_id in list(waiting.values_list("pk", flat=True)[:limit]):
        done += _index_old(recording_id)
    return done


@transaction.atomic
def _index_old(recording_id: UUID) -> bool:
    """Under the recording's lock: what is deleted meanwhile is not found again."""
    recording = (
        Recording.objects.select_for_update(of=("self",))
        .select_related("call__task", "call__seat__user")
        .exclude(stage=Stage.DELETED)
        .filter(pk=recording_id, entry__is_whole=False)
        .first()
    )
    if recording is None:
        return False
    index(recording)
    return True


def _words_of(call: Call) -> dict[str, Any]:
    """Every text of the timeline, one a line, and its grams without those across lines."""
    texts = [
        normalised(text)
        for event in call.events.filter(kind__in=SPOKEN).order_by("at_ms", "pk")
        for text in text_of(event.kind, event.payload)
    ]
    texts.append(normalised(call.verdict_note))
    kept = list(dict.fromkeys(text for text in texts if text))
    parts = {gram for text in kept for gram in grams(text)}
    return {"words_plain": "\n".join(kept)[:MAX_WORDS], "words": sorted(parts)[:MAX_GRAMS]}


def save_search(user: User, name: str, query: str) -> SavedSearch | None:
    """Keep a search under a name; the same name again replaces it. None when nothing was named."""
    name = name.strip()[:40]
    if not name:
        return None
    if SavedSearch.objects.filter(user=user).exclude(name=name).count() >= MAX_SAVED:
        raise TooManySaved(limit=MAX_SAVED)
    saved, _made = SavedSearch.objects.update_or_create(
        user=user, name=name, defaults={"query": query[:500]}
    )
    return saved


def forget_search(user: User, saved_id: int) -> None:
    SavedSearch.objects.filter(user=user, pk=saved_id).delete()
