"""Answering with a CSV that spreadsheets open rightly and that holds no formula."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from django.http import HttpResponse
from django.utils.http import content_disposition_header

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Strangers' words must not run in a spreadsheet; a plain negative number stays one."""
    if text.startswith(_FORMULA) and not _is_number(text):
        return f"'{text}"
    return text


def csv_response(name: str, rows: Iterable[Sequence[str]]) -> HttpResponse:
    """UTF-8 with the mark that Chinese spreadsheets want."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    response = HttpResponse(
        b"\xef\xbb\xbf" + text.getvalue().encode(), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
