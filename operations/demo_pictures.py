"""Pictures of invented documents for the demo's credit book; plainly marked as samples."""

import io
from pathlib import Path

import manimgx_fonts_cjk
from PIL import Image, ImageDraw, ImageFont

TITLES = {"id": "居民身份证", "marriage": "结婚证", "property": "不动产权证书"}
GROUNDS = {"id": "#dfeaf2", "marriage": "#8c2f39", "property": "#7a3b2e"}


def _font(size: int) -> ImageFont.FreeTypeFont:
    folder = Path(manimgx_fonts_cjk.__file__).parent
    found = sorted([*folder.rglob("*.otf"), *folder.rglob("*.ttc"), *folder.rglob("*.ttf")])
    regular = [path for path in found if "Regular" in path.name] or found
    return ImageFont.truetype(str(regular[0]), size)


def document_picture(kind: str, bank: str, name: str) -> bytes:
    """A 856×540 JPEG."""
    is_dark = kind != "id"
    ink = "#f4e3c1" if is_dark else "#2b3a42"
    picture = Image.new("RGB", (856, 540), GROUNDS[kind])
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((14, 14, 842, 526), 22, outline=ink, width=3)
    pen.text((60, 54), TITLES[kind], font=_font(52), fill=ink)
    lines = [f"姓名  {name}", "编号  样例 0000 0000 0000", f"签发  {bank} 演示数据"]
    for row, line in enumerate(lines):
        pen.text((60, 170 + row * 66), line, font=_font(34), fill=ink)
    if kind == "id":
        pen.rounded_rectangle((600, 150, 790, 400), 12, fill="#b8c7cf")
        pen.ellipse((650, 185, 740, 285), fill="#7f929b")
        pen.pieslice((620, 290, 770, 480), 180, 360, fill="#7f929b")
    pen.text((560, 450), "演示样例", font=_font(44), fill="#c0392b" if not is_dark else "#e8b04b")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()
