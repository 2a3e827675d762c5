"""Text as pixels. The bundled FFmpeg has no drawtext, so Pillow draws it, Chinese included."""

import datetime as dt
import importlib.util
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Plane = npt.NDArray[np.uint8]
SERVER_ZONE = ZoneInfo("Asia/Shanghai")
_WHEEL = "manimgx_fonts_cjk"
_WHEEL_FILE = "NotoSansCJK-VF.otf.ttc"
_DEBIAN = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
_SIMPLIFIED_CHINESE = "Noto Sans CJK SC"


class FontMissing(Exception):
    """Neither the wheel nor Debian's fonts-noto-cjk is there: Chinese would be empty boxes."""


def font_path() -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / _WHEEL_FILE
        if bundled.is_file():
            return bundled
    if _DEBIAN.is_file():
        return _DEBIAN
    raise FontMissing(_WHEEL)


@lru_cache(maxsize=8)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The collection's Simplified Chinese face, in medium weight where weights can be chosen."""
    path = str(font_path())
    for index in range(10):
        try:
            face = ImageFont.truetype(path, size, index=index)
        except OSError:
            break
        if str(face.getname()[0]).startswith(_SIMPLIFIED_CHINESE):
            try:
                face.set_variation_by_axes([500])
            except OSError:
                return face  # Debian's file has one weight
            return face
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=256)
def text(content: str, size: int, max_width: int) -> Plane:
    """Brightness of one line of white text on black, cut with … at `max_width`; sides are even."""
    face = font(size)
    shown = content
    while face.getlength(shown) > max_width - 12 and len(shown) > 1:
        shown = shown[:-2].rstrip("…") + "…" if len(shown) > 2 else shown[:1]
    width = min(max_width, int(face.getlength(shown)) + 13) & ~1
    height = (round(size * 1.5) + 1) & ~1
    image = Image.new("L", (width, height), 0)
    ImageDraw.Draw(image).text((6, height // 2), shown, font=face, fill=255, anchor="lm")
    return np.asarray(image)


def server_time(unix_ms: int) -> str:
    """The clock of the server, to the second, as burnt into the picture (SDK-6)."""
    moment = dt.datetime.fromtimestamp(unix_ms // 1000, tz=SERVER_ZONE)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
