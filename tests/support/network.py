"""A bad network in user space: one client's packets pass through here on their way to the worker.

Kernel netem is missing on some machines, so packets are lost, held back, reordered or swallowed by
a pair of UDP sockets. The client learns the socket's address instead of the worker's from the
answer; its own candidates are taken out of the offer, so that there is no way around. `Lines` is
the same for what goes to the web server.
"""

import asyncio
import contextlib
import random
import re
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
CANDIDATE = re.compile(
    r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*", re.IGNORECASE
)
IN_ORDER_S = 1e-7  # timers of the same moment run in any order


@dataclass
class Weather:
    """One direction. `jitter_s` is the spread to either side of `delay_s`; packets overtake."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    kbps: float = 0.0  # 0: as much as comes; what does not fit within `queue_s` is lost
    queue_s: float = 0.3
    held_until: float = 0.0  # nothing arrives before that time of the loop; then all, in order
    passed: int = 0
    lost: int = 0
    _free_at: float = field(default=0.0, repr=False)

    def due(self, chance: random.Random, now: float, size: int) -> float | None:
        """When the packet arrives, None when it never does."""
        if chance.random() < self.loss:
            self.lost += 1
            return None
        at = now
        if self.kbps:
            at = max(now, self._free_at)
            if at - now > self.queue_s:
                self.lost += 1
                return None
            at = self._free_at = at + size * 8 / self.kbps / 1000
        self.passed += 1
        at += max(0.0, self.delay_s + self.jitter_s * chance.uniform(-1, 1))
        return max(at, self.held_until + self.passed * IN_ORDER_S) if self.held_until > now else at


class _Side(asyncio.DatagramProtocol):
    """One socket; what it hears goes to the other one."""

    def __init__(self, path: "Path", way: str) -> None:
        self.path, self.way = path, way
        self.other: _Side | None = None
        self.peer: Address | None = None  # who is at this side, known beforehand or once heard
        self.is_pinned = False  # only the peer named by the last answer is heard
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.is_pinned and addr != self.peer:
            return  # of a connection before the present one, which its end has not noticed yet
        self.peer = addr
        if self.path.is_down or self.other is None:
            return
        loop = asyncio.get_running_loop()
        due = getattr(self.path, self.way).due(self.path.chance, loop.time(), len(data))
        if due is None:
            return
        if due <= loop.time():
            self.other.send(data)
        else:
            loop.call_at(due, self.other.send, data)

    def send(self, data: bytes) -> None:
        if self.peer is None or self.path.is_down or self.transport is None:
            return
        if not self.transport.is_closing():
            self.transport.sendto(data, self.peer)


class Path:
    """The way between one client and the worker. `is_down` swallows everything in both directions."""

    def __init__(self, seed: int = 1) -> None:
        self.up, self.down = Weather(), Weather()  # may be replaced at any time
        self.is_down = False
        self.chance = random.Random(seed)
        self._client = _Side(self, "up")
        self._worker = _Side(self, "down")
        self._client.other, self._worker.other = self._worker, self._client

    async def lay(self) -> None:
        loop = asyncio.get_running_loop()
        for side in (self._client, self._worker):
            await loop.create_datagram_endpoint(lambda side=side: side, ("0.0.0.0", 0))  # type: ignore[misc]  # noqa: S104

    def close(self) -> None:
        for side in (self._client, self._worker):
            if side.transport is not None:
                side.transport.close()

    @staticmethod
    def offer(sdp: str) -> str:
        """The client's offer without its addresses: the worker waits to be called."""
        return "".join(line for line in sdp.splitlines(True) if "a=candidate" not in line)

    def answer(self, sdp: str) -> str:
        """The worker's answer with this path's address as its only one."""
        found = CANDIDATE.search(sdp)
        assert found, "the worker has no IPv4 candidate"
        self._worker.peer, self._worker.is_pinned = (found[1], int(found[2])), True
        assert self._client.transport is not None
        host, port = found[1], self._client.transport.get_extra_info("sockname")[1]
        lines: list[str] = []
        is_told = False  # in this m-line
        for line in sdp.splitlines(True):
            is_told = is_told and not line.startswith("m=")
            if not line.startswith("a=candidate"):
                lines.append(line)
            elif not is_told:
                is_told = True
                lines.append(f"a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n")
        return "".join(lines)


class Lines:
    """One client's connections to a web server of this machine.

    What was open or was opened while it `is_down` never hears anything again, not even an end: a
    phone comes back with another address, and what stood in between has forgotten the old one.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_down = False
        self._turns = 0  # how often it went down or came back
        self._carried: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def is_down(self) -> bool:
        return self._is_down

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        self._is_down, self._turns = is_down, self._turns + 1

    @property
    def port(self) -> int:
        """Where the client finds the server."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def lay(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        born = self._turns
        answers, asked = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(self._pass(reader, asked, born), self._pass(answers, writer, born))
        finally:
            asked.close()
            writer.close()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, born: int
    ) -> None:
        with contextlib.suppress(ConnectionError):  # one of the two has hung up
            while chunk := await source.read(65536):
                if self._is_alive(born):
                    target.write(chunk)
                    await target.drain()
        if self._is_alive(born):
            target.close()

    def _is_alive(self, born: int) -> bool:
        return not self._is_down and born == self._turns
