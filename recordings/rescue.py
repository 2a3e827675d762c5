"""Stretches that the customer's own device recorded, for what never reached the server. Pure.

A stretch is (from, until) in milliseconds on the call's clock.
"""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]

# A connection counts as lost only after three silent seconds: what is missing began before.
LEAD_MS = 3_500
TRAIL_MS = 500
# Two neighbouring stretches of the device overlap or miss each other by less than that.
SLIVER_MS = 700
MAX_BYTES = 4 << 20  # of one stretch; five seconds are about 300 kB
MAX_ALL_BYTES = 256 << 20  # of one person in one call
MAX_SPAN_MS = 60_000
CLOCK_SLACK_MS = 5_000

MIME_OF = {"webm": "video/webm", "mp4": "video/mp4"}


def suffix_of(content: bytes) -> str | None:
    """Of what a browser records into, by its first bytes; None for anything else."""
    if content[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    return "mp4" if content[4:8] == b"ftyp" else None


def padded(gaps: Iterable[Span]) -> list[Span]:
    """The gaps as they were missed, joined, in order."""
    joined: list[Span] = []
    for start, end in sorted((max(0, a - LEAD_MS), b + TRAIL_MS) for a, b in gaps):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def lacking(gaps: Iterable[Span], got: Iterable[Span]) -> list[Span]:
    """What of the gaps nothing has been received for."""
    left = padded(gaps)
    for start, end in got:
        left = [
            piece
            for a, b in left
            for piece in ((a, min(b, start)), (max(a, end), b))
            if piece[1] > piece[0]
        ]
    return [(a, b) for a, b in left if b - a >= SLIVER_MS]


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def shown(stretches: Sequence[Span], gaps: Iterable[Span]) -> list[Span | None]:
    """When each stretch (in order of their starts) is looked at: within a gap, until the next one."""
    holes = padded(gaps)
    found: list[Span | None] = []
    for index, (start, end) in enumerate(stretches):
        following = stretches[index + 1][0] if index + 1 < len(stretches) else end
        until = min(end, following) if following > start else end
        inside = [(max(a, start), min(b, until)) for a, b in holes if a < until and start < b]
        found.append((inside[0][0], inside[-1][1]) if inside else None)
    return found
