"""A WebSocket client inside the test's loop (channels.testing cannot be imported without daphne)."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket(ApplicationCommunicator):
    """One connection to an ASGI application, JSON both ways."""

    def __init__(
        self,
        application: Any,
        path: str,
        headers: list[tuple[bytes, bytes]] | None = None,
        query: str = "",
    ) -> None:
        super().__init__(
            application,
            {
                "type": "websocket",
                "path": path,
                "query_string": query.encode(),
                "headers": headers or [],
                "subprotocols": [],
                "client": ("127.0.0.1", 50000),
            },
        )

    async def open(self) -> bool:
        """Whether the application accepted."""
        await self.send_input({"type": "websocket.connect"})
        answer: dict[str, Any] = await self.receive_output(5)
        return bool(answer["type"] == "websocket.accept")

    async def tell(self, frame: object) -> None:
        await self.tell_text(json.dumps(frame))

    async def tell_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, within_s: float = 5) -> dict[str, Any]:
        """The next frame. Fails when the socket is closed instead."""
        message: dict[str, Any] = await self.receive_output(within_s)
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def leave(self, code: int = 1000) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": code})
        await self.wait(5)
