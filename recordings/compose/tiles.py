"""One participant's place in the picture: the face, the card while there is none, the labels."""

from collections.abc import Callable, Iterator
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from . import labels
from .canvas import CARD, Canvas
from .layout import Box, fitted
from .spec import Label

# A hole longer than this gets a card: a killed worker is back within about a second, and a picture
# that stands still for that long must not pass for one that moves.
CARD_AFTER_GAP_MS = 700.0
# How long the last picture stays before the card: long enough not to flicker.
HOLD_MS = 250.0
REPORTED_GAP_MS = 1000.0
RESCUED = "客户端补录"  # data
Picture = tuple[float, av.VideoFrame, bool]  # ms, frame, whether the customer's device recorded it


class Tile:
    """`why(at_ms)` says what the card shows at a moment without picture.

    With `holds` the last picture stays instead: an item that is paused has not gone.
    """

    def __init__(
        self,
        box: Box,
        label: Label,
        pictures: Iterator[Picture],
        why: Callable[[float], str],
        *,
        holds: bool = False,
    ) -> None:
        self.gaps: list[dict[str, Any]] = []
        self._pictures = pictures
        self._why = why
        self._label = label
        self._holds = holds
        self._next = next(pictures, None)
        self._shown: Picture | None = None
        self._own_ms: float | None = None  # of the last picture that came over the connection
        self._state: object = None
        self._reformatter = VideoReformatter()
        self._position = label.position_at(0)
        self.move(box)

    def move(self, box: Box, label: Label | None = None) -> None:
        """Stand there from now on, under another name if there is one; the ground is painted over."""
        self.box = box
        self._state = None
        self._label = label = label or self._label
        size = 15 if box.width >= 400 else 13
        line = f"{label.name} · {label.role}" if label.role else label.name
        self._rescued = labels.text(RESCUED, size, box.width)
        self._strips = [labels.text(line, size, box.width)] if line else []
        if self._position:
            self._strips.append(labels.text(f"GPS {self._position}", size - 2, box.width))

    def draw(self, canvas: Canvas, at_ms: float) -> bool:
        """Bring the tile to the moment; whether anything changed."""
        position = self._label.position_at(at_ms)
        if position != self._position:
            self._position = position
            self.move(self.box)
        fresh = False
        while self._next is not None and self._next[0] <= at_ms:
            self._shown, fresh = self._next, True
            self._next = next(self._pictures, None)
            self._note_gap()
        if self._shown is None or self._is_hole(at_ms):
            return self._draw_card(canvas, self._why(at_ms))
        if not fresh and self._state is not None and not isinstance(self._state, str):
            return False
        self._draw_picture(canvas, self._shown[1])
        if self._shown[2]:
            canvas.print(self._rescued, self.box.x + 4, self.box.y + 30)  # below the clock
        return True

    def _is_hole(self, at_ms: float) -> bool:
        assert self._shown is not None  # noqa: S101 - asked only then
        if self._holds:
            return False
        since = self._shown[0]
        until = self._next[0] if self._next is not None else float("inf")
        return until - since > CARD_AFTER_GAP_MS and at_ms - since > HOLD_MS

    def _note_gap(self) -> None:
        """A gap of the connection is one even where the device's own recording fills it."""
        if self._next is None or self._shown is None:
            return
        if not self._shown[2]:
            self._own_ms = self._shown[0]
        at_ms, _frame, is_rescued = self._next
        if is_rescued or self._own_ms is None:
            return
        if at_ms - self._own_ms >= REPORTED_GAP_MS:
            gap: dict[str, Any] = {"from_ms": round(self._own_ms), "until_ms": round(at_ms)}
            self.gaps.append(gap | {"rescued": True} if self._shown[2] else gap)

    def _draw_picture(self, canvas: Canvas, frame: av.VideoFrame) -> None:
        place = fitted(frame.width, frame.height, self.box)
        if self._state != place:
            canvas.fill(self.box, 16)
            self._state = place
        picture = self._reformatter.reformat(
            frame, place.width, place.height, "yuv420p", interpolation="BILINEAR", threads=1
        )
        canvas.blit(picture, place)
        self._print_labels(canvas)

    def _draw_card(self, canvas: Canvas, text: str) -> bool:
        if self._state == text:
            return False
        self._state = text
        canvas.fill(self.box, CARD)
        strip = labels.text(text, 22, self.box.width)
        height, width = strip.shape
        box = self.box
        canvas.print(
            strip, box.x + (box.width - width) // 2, box.y + (box.height - height) // 2, CARD
        )
        self._print_labels(canvas)
        return True

    def _print_labels(self, canvas: Canvas) -> None:
        y = self.box.y + self.box.height - 4
        for strip in self._strips:
            y -= strip.shape[0]
            canvas.print(strip, self.box.x + 4, y)
