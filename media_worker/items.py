"""Items for play-out, fetched from Django once and kept beside the spool.

An item has up to 120 MB and the way to it may be slow: it is fetched in parts, and a part that broke
off goes on where it was. There is no time within which all of it has to be here; it is given up when
try after try brings nothing.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from media_worker import protocol as p
from media_worker.rtc.errors import RoomRefused

logger = logging.getLogger(__name__)

PATIENCE_S = 2.0  # of one asking; what takes longer is told how far it is
CONNECT_S = 5.0
STALLED_S = 10.0  # without a byte
TRIES_WITHOUT_PROGRESS = 5
BACKOFF_FIRST_S = 0.5
CHUNK_BYTES = 1 << 18
KEPT = 50  # items; the least recently used go


@dataclass
class Fetch:
    """One item on its way; the task ends with its path."""

    task: asyncio.Task[Path]
    bytes: int = 0
    of_bytes: int = 0


class ItemStore:
    """Files by key. A key never changes its content, so what is here is right."""

    def __init__(self, web_url: str, token: str, folder: Path, worker_id: str) -> None:
        self._web_url = web_url.rstrip("/")
        self._token = token
        self._folder = folder
        self._worker_id = worker_id
        self._fetches: dict[str, Fetch] = {}
        self._session: aiohttp.ClientSession | None = None

    async def fetch_on(self, key: str) -> p.ItemAtWorker:
        """Go on fetching, and say how far it is. Raises RoomRefused `item_unavailable`."""
        fetch = self._fetch(key)
        await asyncio.wait([fetch.task], timeout=PATIENCE_S)
        if fetch.task.done():
            await fetch.task
        return p.ItemAtWorker(
            here=fetch.task.done(), bytes=fetch.bytes, of_bytes=max(fetch.bytes, fetch.of_bytes)
        )

    async def fetch(self, key: str) -> Path:
        """Where the item is on this machine. Raises RoomRefused `item_unavailable`."""
        return await asyncio.shield(self._fetch(key).task)

    def _fetch(self, key: str) -> Fetch:
        known = self._fetches.get(key)
        if known is None:
            known = self._fetches[key] = Fetch(asyncio.create_task(self._bring(key)))
            known.task.add_done_callback(lambda task: self._over(key, task))
        return known

    def _over(self, key: str, task: asyncio.Task[Path]) -> None:
        """Whoever waits has the task; the next to ask looks at the disk, or tries anew."""
        del self._fetches[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("item %s was not fetched: %s", key, error)

    async def _bring(self, key: str) -> Path:
        path = self._folder / f"{key}.mkv"
        if path.exists():
            await asyncio.to_thread(path.touch)
            return path
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            await self._download(key, path)
        except (aiohttp.ClientError, TimeoutError) as away:
            raise RoomRefused("item_unavailable", type(away).__name__, status=502) from away
        except OSError as full:
            raise RoomRefused("spool_unwritable", status=507) from full
        await asyncio.to_thread(self._forget_old)
        return path

    async def _download(self, key: str, path: Path) -> None:
        # Two workers may share a spool: each writes its own until it is whole.
        partial = path.with_suffix(f".{self._worker_id}.part")
        fetch = self._fetches[key]
        fetch.bytes = partial.stat().st_size if partial.exists() else 0
        tries = 0
        while not fetch.of_bytes or fetch.bytes < fetch.of_bytes:
            before = fetch.bytes
            try:
                await self._next_part(key, partial, fetch)
            except (aiohttp.ClientError, TimeoutError) as broken:
                tries = 0 if fetch.bytes > before else tries + 1
                if tries >= TRIES_WITHOUT_PROGRESS or _is_refusal(broken):
                    raise
                logger.info("item %s goes on at %d: %s", key, fetch.bytes, type(broken).__name__)
                await asyncio.sleep(BACKOFF_FIRST_S * 2**tries)
        if not await asyncio.to_thread(_is_content, partial, key):
            await asyncio.to_thread(partial.unlink)
            raise RoomRefused("item_unavailable", "not the content of its key", status=502)
        await asyncio.to_thread(partial.replace, path)

    async def _next_part(self, key: str, partial: Path, fetch: Fetch) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientTimeout(connect=CONNECT_S, sock_read=STALLED_S),
                trust_env=False,
            )
        asked = {"Range": f"bytes={fetch.bytes}-"}
        async with self._session.get(self._web_url + p.ITEMS_PATH + key, headers=asked) as answer:
            if answer.status != 206:
                # The whole of it, or what is here is longer than the content: begin anew.
                fetch.bytes = 0
                await asyncio.to_thread(partial.unlink, missing_ok=True)
            answer.raise_for_status()
            span = answer.headers.get("Content-Range", "")
            fetch.of_bytes = int(span.rpartition("/")[2] or answer.content_length or 0)
            out = await asyncio.to_thread(partial.open, "ab")
            try:
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    await asyncio.to_thread(out.write, chunk)
                    fetch.bytes += len(chunk)
            finally:
                await asyncio.to_thread(out.close)
            fetch.of_bytes = (
                fetch.of_bytes or fetch.bytes
            )  # an answer that does not say how long it is

    def _forget_old(self) -> None:
        kept = sorted(self._folder.glob("*.mkv"), key=lambda file: file.stat().st_mtime)
        day_ago = time.time() - 86_400
        given_up = [part for part in self._folder.glob("*.part") if part.stat().st_mtime < day_ago]
        for old in [*kept[:-KEPT], *given_up]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()

    async def stop(self) -> None:
        running = [fetch.task for fetch in self._fetches.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


def _is_refusal(error: Exception) -> bool:
    """Django knows no such item, or not this worker: asking again does not help."""
    return isinstance(error, aiohttp.ClientResponseError) and error.status in {401, 403, 404}


def _is_content(path: Path, key: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(key[-p.ITEM_SHA_CHARS :])
