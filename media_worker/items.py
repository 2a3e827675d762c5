"""Items for play-out, fetched from Django once and kept beside the spool."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp

from media_worker.protocol import ITEMS_PATH
from media_worker.rtc.errors import RoomRefused

FETCH_TIMEOUT_S = 15.0
CHUNK_BYTES = 1 << 18
KEPT = 50  # items; the least recently used go


class ItemStore:
    """Files by key. A key never changes its content, so what is here is right."""

    def __init__(self, web_url: str, token: str, folder: Path) -> None:
        self._web_url = web_url.rstrip("/")
        self._token = token
        self._folder = folder
        self._locks: dict[str, asyncio.Lock] = {}
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, key: str) -> Path:
        """Where the item is on this machine. Raises RoomRefused `item_unavailable`."""
        path = self._folder / f"{key}.mkv"
        async with self._locks.setdefault(key, asyncio.Lock()):
            if path.exists():
                await asyncio.to_thread(path.touch)
                return path
            try:
                await self._download(key, path)
            except (aiohttp.ClientError, TimeoutError) as away:
                raise RoomRefused("item_unavailable", type(away).__name__, status=502) from away
            except OSError as full:
                raise RoomRefused("spool_unwritable", status=507) from full
        await asyncio.to_thread(self._forget_old)
        return path

    async def _download(self, key: str, path: Path) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S),
                trust_env=False,
            )
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        async with self._session.get(self._web_url + ITEMS_PATH + key) as answer:
            answer.raise_for_status()
            out = await asyncio.to_thread(partial.open, "wb")
            try:
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    await asyncio.to_thread(out.write, chunk)
            finally:
                await asyncio.to_thread(out.close)
        await asyncio.to_thread(partial.replace, path)

    def _forget_old(self) -> None:
        kept = sorted(self._folder.glob("*.mkv"), key=lambda file: file.stat().st_mtime)
        for old in kept[:-KEPT]:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
