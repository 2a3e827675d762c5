"""File names of downloads: YYYYMMDD + customer name + staff number + serial (STO-2). Pure."""

import datetime as dt
import unicodedata

MAX_NAME_CHARS = 40
_FORBIDDEN = frozenset('/\\:*?"<>|%')


def safe_part(text: str) -> str:
    """Only letters, digits and harmless marks: no path, control or direction characters.

    A customer's name is whatever somebody typed; the file name goes to every operating system.
    """
    normal = unicodedata.normalize("NFC", text)
    kept = "".join(
        c for c in normal if c not in _FORBIDDEN and unicodedata.category(c)[0] not in "CZ"
    )
    return kept.strip(". ")[:MAX_NAME_CHARS] or "客户"  # data


def marked_name(name: str, staff_no: str, at: dt.datetime, suffix: str) -> str:
    """The name a download leaves with: it says who took it and when, to the minute (VID-1)."""
    return f"{name}_{safe_part(staff_no)}_{at:%Y%m%d%H%M}{suffix}"


def download_name(day: dt.date, customer: str, staff_no: str, serial: int) -> str:
    """Without extension."""
    return f"{day:%Y%m%d}{safe_part(customer)}{safe_part(staff_no)}{serial:04d}"
