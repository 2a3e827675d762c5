"""Answering with a part of a file (RFC 9110, 14): what a player needs to seek."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

# The most one answer carries; a player simply asks for the next part.
PART_BYTES = 2 << 20
CHUNK_BYTES = 256 << 10
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file somebody may read. Whoever gets it closes it."""

    file: BinaryIO
    bytes: int
    mime: str
    etag: str


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """(first, last) of a single satisfiable range, None when there is none such.

    Raises ValueError for what is not a single byte range: that is answered with the whole file.
    """
    match = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        raise ValueError("not a single byte range")
    first, last = match.groups()
    if not first:
        wanted = min(int(last), size)
        return (size - wanted, size - 1) if wanted else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        raise ValueError("not a single byte range")
    return (start, end) if start < size else None


def answer(request: HttpRequest, opened: Opened) -> HttpResponseBase:
    """206 with at most PART_BYTES, 416, or 200 with the whole file, streamed. Closes the file."""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "ETag": f'"{opened.etag}"',
    }
    try:
        span = requested_range(request.headers.get("Range", ""), opened.bytes)
    except ValueError:
        headers["Content-Length"] = str(opened.bytes)
        return StreamingHttpResponse(
            _stream(opened.file), content_type=opened.mime, headers=headers
        )
    with opened.file as file:
        if span is None:
            headers["Content-Range"] = f"bytes */{opened.bytes}"
            return HttpResponse(status=416, headers=headers)
        first, last = span[0], min(span[1], span[0] + PART_BYTES - 1)
        file.seek(first)
        body = file.read(last - first + 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{opened.bytes}"
    return HttpResponse(body, status=206, content_type=opened.mime, headers=headers)


async def _stream(file: BinaryIO) -> AsyncIterator[bytes]:
    """Read in threads, never holding more than a chunk."""
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
    finally:
        file.close()
