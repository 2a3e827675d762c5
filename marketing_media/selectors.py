"""Which items a product has, and the files behind them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .models import MediaItem, ProductMedia


@dataclass(frozen=True, slots=True)
class PlayOut:
    """A file in the play-out format (marketing_media/playout.py). `path` stays as it is for a day
    after another upload took its place, so that a running play-out ends undisturbed."""

    item_id: int
    title: str
    kind: str
    path: Path
    bytes: int
    sha256: str
    duration_ms: int
    has_video: bool
    has_audio: bool
    no_skip: bool


@dataclass(frozen=True, slots=True)
class Use:
    """Another module's row that names the item. What is `needed` cannot do without it.

    `applies` tells for which channels and products the row counts now; none: not in force.
    """

    what: str
    where: str
    url: str
    needed: bool = False
    applies: Callable[[], list[str]] = list


# Asked for the uses of an item. Filled by rooms above: rosters do not know each other.
USE_SOURCES: list[Callable[[int], list[Use]]] = []


def items_for(product_code: str) -> list[ProductMedia]:
    """Enabled items with a play-out, in order; `auto_play` tells how they start (MKT-2)."""
    return list(
        ProductMedia.objects.filter(
            product_code=product_code, item__enabled=True, item__play_epoch__gt=0
        ).select_related("item")
    )


def play_out(item_id: int) -> PlayOut | None:
    """What a media worker plays for an enabled item; None when there is no such."""
    item = MediaItem.objects.filter(pk=item_id, enabled=True, play_epoch__gt=0).first()
    if item is None:
        return None
    return PlayOut(
        item_id=item.pk,
        title=item.title,
        kind=item.kind,
        path=item.play_file,
        bytes=item.play_bytes,
        sha256=item.play_sha256,
        duration_ms=item.duration_ms or 0,
        has_video=item.width > 0,
        has_audio=item.has_audio,
        no_skip=item.no_skip,
    )


def uses_of(item_id: int) -> list[Use]:
    return [use for source in USE_SOURCES for use in source(item_id)]


def enabled_items() -> list[MediaItem]:
    """What a script's step may point to."""
    return list(MediaItem.objects.filter(enabled=True, play_epoch__gt=0))
