"""Plots as SVG, laid out on the server: no script, printable, readable by a screen reader. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 24
MAX_LABELS = 12
WIDEST_BAR = 44
LOOKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    look: int
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """`runs`: polylines; a value that is missing breaks the line instead of bending it."""

    name: str
    look: int
    runs: tuple[str, ...]
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    width: int
    height: int
    left: int
    right: float
    base: float
    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    legend: tuple[tuple[int, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted or measured."""
        return not self.bars and not any(line.dots for line in self.lines)


def nice_top(largest: float) -> float:
    """The next of 1.2, 2, 4, 8 × a power of ten at or above: four even steps lead to it."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in (1.2, 2, 4, 8, 12) if step * power >= largest * (1 - 1e-9))


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def _axis(top: float, unit: str) -> tuple[tuple[float, str], ...]:
    room = HEIGHT - TOP - BOTTOM
    return tuple(
        (round(TOP + room * (1 - part / 4), 1), _text(top * part / 4) + unit) for part in range(5)
    )


def _labels(names: Sequence[str], step: float) -> tuple[tuple[float, str], ...]:
    every = max(1, math.ceil(len(names) / MAX_LABELS))
    return tuple(
        (round(LEFT + step * (at + 0.5), 1), name)
        for at, name in enumerate(names)
        if at % every == 0
    )


def stacked(
    title: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    unit: str = "",
) -> Chart:
    """A column a name; the series one on the other, the first at the bottom."""
    sums = [sum(values[at] for _name, values in series) for at in range(len(names))]
    top = nice_top(max(sums, default=0))
    if all(value == int(value) for value in sums):
        top = max(4.0, top)  # what is counted has no halves
    step = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    width = min(step * 0.7, WIDEST_BAR)
    room = HEIGHT - TOP - BOTTOM
    bars = []
    for at, name in enumerate(names):
        y = float(HEIGHT - BOTTOM)
        for look, (what, values) in enumerate(series):
            height = room * values[at] / top
            if height <= 0:
                continue
            y -= height
            bars.append(
                Bar(
                    round(LEFT + step * (at + 0.5) - width / 2, 1),
                    round(y, 1),
                    round(width, 1),
                    round(height, 1),
                    look % LOOKS,
                    f"{name} · {what} {_text(values[at])}{unit}",
                )
            )
    legend = tuple((look % LOOKS, what) for look, (what, _values) in enumerate(series))
    return Chart(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=HEIGHT - BOTTOM,
        ticks=_axis(top, unit),
        labels=_labels(names, step),
        bars=tuple(bars),
        legend=legend if len(series) > 1 else (),
    )


def lines(
    title: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    unit: str = "",
) -> Chart:
    known = [value for _name, values in series for value in values if value is not None]
    top = nice_top(max(known, default=0))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    room = HEIGHT - TOP - BOTTOM
    drawn = []
    for look, (what, values) in enumerate(series):
        runs: list[list[str]] = [[]]
        dots = []
        for at, value in enumerate(values):
            if value is None:
                runs.append([])
                continue
            x = round(LEFT + step * (at + 0.5), 1)
            y = round(TOP + room * (1 - value / top), 1)
            runs[-1].append(f"{x},{y}")
            dots.append((x, y, f"{names[at]} · {what} {_text(value)}{unit}"))
        drawn.append(
            Line(what, look % LOOKS, tuple(" ".join(run) for run in runs if run), tuple(dots))
        )
    return Chart(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=HEIGHT - BOTTOM,
        ticks=_axis(top, unit),
        labels=_labels(names, step),
        lines=tuple(drawn),
        legend=tuple((line.look, line.name) for line in drawn) if len(drawn) > 1 else (),
    )
