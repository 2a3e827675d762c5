"""A customer whose network goes away for a while in the middle of a call, and comes back by itself (SDK-5)."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import expect

from interviews.models import Call, TimelineEvent
from recordings.models import Recording
from tests.support.bad_way import Way, wait_with
from tests.support.stage import BothSides

COUNTDOWN = re.compile(r"^0?\d:\d\d$")
NOTICED_WITHIN_S = 5.0  # by the worker: three seconds of silence, and its round


@dataclass(frozen=True)
class Absence:
    """`rejoin_s`: from the network's return until both see each other moving again."""

    gap: TimelineEvent
    away_s: float
    rejoin_s: float


def be_away(stage: BothSides, way: Way, call: Call, *, for_s: float) -> Absence:
    """Take the customer's network away; both sides count down, and nobody touches anything."""
    customer, seat = stage.customer.page, stage.seat.page
    gaps = TimelineEvent.objects.filter(call=call, kind="gap")
    lost = seat.locator("[data-countdown]")
    way.is_down = True
    gone = time.monotonic()
    for countdown in (customer.locator("#reconnect-left"), lost):
        expect(countdown).to_have_text(COUNTDOWN, timeout=30_000)
    left = lost.inner_text()
    expect(lost).not_to_have_text(left)
    wait_with(
        customer,
        lambda: time.monotonic() >= gone + for_s,
        within_s=for_s + 30,
        what="the time without network",
    )
    for countdown in (customer.locator("#reconnect-left"), lost):
        expect(countdown).to_have_text(COUNTDOWN)
    away_s, back = time.monotonic() - gone, time.monotonic()
    way.is_down = False
    expect(lost).to_have_count(0, timeout=60_000)
    stage.seat.sees("customer")
    stage.customer.sees("seat")
    rejoin_s = time.monotonic() - back
    closed = gaps.filter(until_ms__isnull=False)
    wait_with(customer, closed.exists, within_s=30, what="the customer is back")
    return Absence(gaps.get(), away_s, rejoin_s)


def is_one_timeline(recording: Recording, absence: Absence) -> None:
    """The recording never pauses; the one who was away has a second connection's track."""
    gap = absence.gap
    pictures = recording.tracks.filter(kind="video")
    own = pictures.filter(participant_id=str(gap.participant_id)).order_by("start_ms")
    before, after = own.first(), own.last()
    assert before is not None
    assert after is not None
    assert gap.until_ms is not None
    away_s = (gap.until_ms - gap.at_ms) / 1000
    assert absence.away_s - NOTICED_WITHIN_S <= away_s <= absence.away_s + absence.rejoin_s
    assert before.leg_no < after.leg_no
    assert before.end_ms <= gap.at_ms + 1000
    assert gap.until_ms - 1000 <= after.start_ms < after.end_ms
    seats = pictures.exclude(participant_id=str(gap.participant_id))
    assert {track.leg_no for track in seats} == {1}
    ((who, from_ms, until_ms),) = (
        (hole["participant_id"], hole["from_ms"], hole["until_ms"]) for hole in recording.gaps
    )
    assert who == str(gap.participant_id)
    assert from_ms <= gap.at_ms + 1000
    assert until_ms >= gap.until_ms - 1000
