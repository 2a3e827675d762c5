"""A prepared item in the storage of a running system, as if it had been uploaded and encoded."""

import hashlib
from pathlib import Path

from marketing_media.models import MediaItem, MediaKind, ProductMedia
from marketing_media.playout import PLAY_FILE
from tests.support.rtc import make_item


def put_item(
    storage: Path, *, product_code: str, title: str, seconds: float, no_skip: bool = False
) -> MediaItem:
    item = MediaItem.objects.create(
        title=title,
        kind=MediaKind.RISK_NOTICE,
        no_skip=no_skip,
        duration_ms=int(seconds * 1000),
        width=320,
        height=240,
        has_audio=True,
        play_epoch=1,
        encoding="ready",
    )
    path = storage / "marketing" / str(item.pk) / "e1" / PLAY_FILE
    path.parent.mkdir(parents=True)
    make_item(path, seconds=seconds)
    content = path.read_bytes()
    item.play_bytes, item.play_sha256 = len(content), hashlib.sha256(content).hexdigest()
    item.enabled = True
    item.save()
    ProductMedia.objects.create(product_code=product_code, item=item)
    return item
