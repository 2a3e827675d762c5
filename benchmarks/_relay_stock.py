"""The relay that aiortc gives out of the box, for comparison: MediaRelay and MediaRecorder.

`POST /call {"offers": [sdp, sdp], "call": n}` answers both parties of a call, wired to each other.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaRecorder, MediaRelay


class StockRelay:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.relay = MediaRelay()
        self.recorders: list[MediaRecorder] = []
        self.connections: list[RTCPeerConnection] = []

    async def call(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        parties = []
        for offer in body["offers"]:
            connection = RTCPeerConnection(
                RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
            )
            self.connections.append(connection)
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            parties.append(connection)
        answers = []
        for own, connection in enumerate(parties):
            incoming = [t.receiver.track for t in connection.getTransceivers()[:2]]
            recorder = MediaRecorder(str(self.folder / f"{body['call']}-{own}.mkv"))
            for track in incoming:
                recorder.addTrack(self.relay.subscribe(track))
            other = [t.receiver.track for t in parties[1 - own].getTransceivers()[:2]]
            for transceiver, track in zip(connection.getTransceivers()[2:], other, strict=True):
                transceiver.sender.replaceTrack(self.relay.subscribe(track))
                transceiver.direction = "sendonly"
            await connection.setLocalDescription(await connection.createAnswer())
            answers.append(connection.localDescription.sdp)
            await recorder.start()
            self.recorders.append(recorder)
        return web.json_response({"answers": answers})


async def serve(folder: Path) -> None:
    stock = StockRelay(folder)
    app = web.Application()
    app.router.add_post("/call", stock.call)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    asyncio.run(serve(parser.parse_args().folder))
