"""The two sides of a rehearsal: a socket with requests and pushes, and one WebRTC connection."""

import asyncio
import itertools
import json
import time
from types import TracebackType
from typing import Any

import websockets
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole

from .footage import Camera, Microphone


class Refused(Exception):
    """The system refused a request of the rehearsal; the code says why."""


class Socket:
    """One of our WebSockets: every request is answered by `done` or `refused`."""

    def __init__(self, url: str, *, origin: str, headers: dict[str, str] | None = None) -> None:
        self._connection = websockets.connect(
            url, origin=websockets.Origin(origin), additional_headers=headers, proxy=None
        )
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Condition()
        self.state: dict[str, Any] = {}
        self.pushes: list[dict[str, Any]] = []

    async def __aenter__(self) -> "Socket":
        self._socket = await self._connection.__aenter__()
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.cancel()
        await self._connection.__aexit__(kind, error, trace)

    async def _read(self) -> None:
        async for text in self._socket:
            frame = json.loads(text)
            waiting = self._answers.pop(str(frame.get("id", "")), None)
            if frame["type"] in {"done", "refused"} and waiting is not None:
                waiting.set_result(frame)
                continue
            async with self._news:
                if frame["type"] in {"state", "snapshot"}:
                    self.state = frame["state"]
                elif frame["type"] == "ring":
                    self.state |= frame["state"]
                else:
                    self.pushes.append(frame)
                self._news.notify_all()

    async def ask(self, kind: str, /, **body: Any) -> dict[str, Any]:
        """The answer's facts. Raises Refused with the code, TimeoutError after 15 s."""
        key = str(next(self._ids))
        self._answers[key] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"type": kind, "id": key, **body}))
        answer = await asyncio.wait_for(self._answers[key], 15)
        if answer["type"] == "refused":
            raise Refused(f"{kind}: {answer.get('code')}")
        result: dict[str, Any] = answer["result"]
        return result

    async def until(self, fact: Any, *, within_s: float, what: str) -> Any:
        """Wait until `fact(state, pushes)` is true; its value. Raises TimeoutError naming `what`."""
        deadline = time.monotonic() + within_s
        async with self._news:
            while not (value := fact(self.state, self.pushes)):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError(what)
                try:
                    await asyncio.wait_for(self._news.wait(), remaining)
                except TimeoutError:
                    continue
        return value


class Peer:
    """Camera and microphone published, one slot pair received; what comes in is counted."""

    def __init__(self, *, clock: float, tone_hz: int) -> None:
        self.camera = Camera(clock)
        self._microphone = Microphone(clock, tone_hz)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sink = MediaBlackhole()
        self._pc.on("track", self._sink.addTrack)

    async def offer(self, remote_slots: int) -> str:
        self._pc.addTransceiver(self._microphone, direction="sendonly")
        self._pc.addTransceiver(self.camera, direction="sendonly")
        for _ in range(remote_slots):
            self._pc.addTransceiver("audio", direction="recvonly")
            self._pc.addTransceiver("video", direction="recvonly")
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return self._pc.localDescription.sdp

    async def accept(self, answer_sdp: str) -> None:
        await self._pc.setRemoteDescription(RTCSessionDescription(answer_sdp, "answer"))
        await self._sink.start()

    async def close(self) -> None:
        await self._sink.stop()
        await self._pc.close()
