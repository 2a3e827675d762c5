"""Who saw which stretch of what was played, for the page of the recording (MKT-3, VID-1)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from interviews.models import Call, PlayOut
from interviews.states import ParticipantRole, PlayState

from .panels import Panel, shows_panel

# Shorter ones are the time that the news of somebody's coming takes.
WORTH_TELLING_MS = 1000


class Span(NamedTuple):
    """Milliseconds on the call's clock; without an end it still plays."""

    start: int
    end: int | None


@shows_panel("audience", 30)
def audience_panel(call: Call) -> Panel:
    """A row for each item and each customer who was in the call, also for who saw nothing of it."""
    plays = list(call.play_outs.select_related("event").order_by("event__at_ms"))
    people = {}
    if plays:
        there = call.participants.filter(role=ParticipantRole.CUSTOMER, joined_at__isnull=False)
        people = {str(place.pk): place.name for place in there.select_related("party")}
    rows = tuple(
        (_title(play), _run(play), name, seen_text(play, who))
        for play in plays
        for who, name in people.items()
    )
    heads = (_("素材"), _("播放"), _("客户"), _("观看情况"))
    return Panel(_("素材观看记录"), heads, rows, note=_("本次通话没有播放素材。"))


def _title(play: PlayOut) -> str:
    return _("{title}（必看）").format(title=play.title) if play.no_skip else play.title


def _run(play: PlayOut) -> str:
    return _("{at} 起，{state}，{position} / {whole}").format(
        at=_clock(play.event.at_ms),
        state=play.get_state_display(),
        position=_clock(play.position_ms),
        whole=_clock(play.duration_ms),
    )


def seen_text(play: PlayOut, who: str) -> str:
    """全程, the stretches in the recording and how much is missing, or 未观看."""
    own = _joined(_spans(play, who))
    if not own:
        return _("未观看")
    missed_s = round(_missing_ms(_joined(_spans(play)), own) / 1000)
    if not missed_s and play.state == PlayState.ENDED:
        return _("全程")
    told = "、".join(
        f"{_clock(span.start)}–{_('至今') if span.end is None else _clock(span.end)}"
        for span in own
    )
    if missed_s:
        return _("{stretches}（缺 {count} 秒）").format(stretches=told, count=missed_s)
    return _("{stretches}（已播放的部分）").format(stretches=told)


def _spans(play: PlayOut, who: str = "") -> list[Span]:
    """Of one person; without one of all: nothing plays to nobody, so that is when it played."""
    return [
        Span(stretch["from_ms"], stretch["until_ms"])
        for stretch in play.audience
        if who in ("", stretch["participant_id"])
    ]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, those that touch or overlap as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = joined[-1] if joined else None
        if last is None or (last.end is not None and span.start > last.end):
            joined.append(span)
        elif last.end is not None:
            joined[-1] = Span(last.start, None if span.end is None else max(last.end, span.end))
    return joined


def _missing_ms(played: Sequence[Span], seen: Sequence[Span]) -> int:
    """How much of `played` is not in `seen`, without what is too short to be told."""
    missing = 0
    for span in played:
        at = span.start
        for own in seen:
            if own.end is None or own.end > at:
                missing += _worth(at, own.start if span.end is None else min(own.start, span.end))
                at = max(at, span.end or at) if own.end is None else max(at, own.end)
        if span.end is not None:
            missing += _worth(at, span.end)
    return missing


def _worth(start: int, end: int) -> int:
    return end - start if end - start >= WORTH_TELLING_MS else 0


def _clock(ms: int) -> str:
    """12:31"""
    return f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}"
