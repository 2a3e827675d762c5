"""Load for relay.py and nine_party.py, in a process of its own: calls of pre-encoded packets.

Prints one JSON object: frames sent and received, the relay's delay, and the CPU this process took.
The peers send and receive at packet level, so that they cost less than what they measure.
"""

import argparse
import asyncio
import fractions
import json
import random
import resource
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
import uvloop
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtcrtpparameters import RTCRtpParameters
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import AnyRtcpPacket

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from media_worker.rtc import aiortc_private

FPS = 15
KBPS = 400
LOOP_S = 4
WIDTH, HEIGHT = 640, 480
TICK_S = 0.004
SETTLE_S = 2.0
DRAIN_S = 1.5
NUMBER_SHIFT = 28


@dataclass(frozen=True)
class Footage:
    """Payloads of every packet of LOOP_S seconds."""

    video: list[list[bytes]]
    audio: list[bytes]
    audio_ms: int


def make_footage(audio_ms: int) -> Footage:
    chance = np.random.default_rng(1)
    rows = chance.integers(60, 160, (24, 32)).astype(np.uint8)
    base = np.kron(rows, np.ones((HEIGHT // 24, WIDTH // 32), np.uint8))
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = fractions.Fraction(1, FPS)
    encoder.bit_rate = KBPS * 1000
    encoder.gop_size = FPS * 2
    encoder.options = {"deadline": "realtime", "cpu-used": "6", "lag-in-frames": "0"}
    packer = Vp8Encoder()
    video: list[list[bytes]] = []
    for number in range(FPS * LOOP_S):
        luma = base + chance.integers(0, 5, base.shape).astype(np.uint8)
        x = number * 8 % (WIDTH - 160)
        luma[160:400, x : x + 160] = np.roll(base, number * 3, 0)[160:400, x : x + 160] // 2 + 80
        planes = np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        for packet in encoder.encode(frame):
            packet.time_base = fractions.Fraction(1, FPS)
            video.append(packer.pack(packet)[0])
    sound = av.CodecContext.create("libopus", "w")
    sound.sample_rate, sound.layout, sound.format = 48_000, "mono", "s16"
    sound.bit_rate = 32_000
    sound.options = {"frame_duration": str(audio_ms), "application": "voip"}
    audio: list[bytes] = []
    samples = 48 * audio_ms
    for number in range(LOOP_S * 1000 // audio_ms):
        at = number * samples + np.arange(samples)
        wave = (6000 * np.sin(at * 0.05) + chance.normal(0, 300, samples)).astype(np.int16)
        piece = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        piece.sample_rate, piece.pts = 48_000, number * samples
        audio += [bytes(packet) for packet in sound.encode(piece)]
    return Footage(video, audio, audio_ms)


@dataclass
class Peer:
    """One client. Frames are known by their RTP time, which the first source of a slot keeps.

    `number` is in the time's highest bits, so that a receiver knows whose frame it is.
    """

    connection: RTCPeerConnection
    number: int
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    sent_at: dict[int, float] = field(default_factory=dict)
    call: "list[Peer]" = field(default_factory=list)
    measuring: bool = False
    frames_sent: int = 0
    frames_received: int = 0
    frames_matched: int = 0
    audio_received: int = 0
    delays_ms: list[float] = field(default_factory=list)

    def start(self, footage: Footage, begin: float) -> None:
        self.footage = footage
        audio, video = (t.sender for t in self.connection.getTransceivers()[:2])
        assert isinstance(audio, aiortc_private.Sender)
        assert isinstance(video, aiortc_private.Sender)
        assert isinstance(video.transport, aiortc_private.Transport)
        self.transport = video.transport
        assert audio.negotiated is not None
        assert video.negotiated is not None
        self.video = [payload_type(video.negotiated), video._ssrc, random.getrandbits(15)]
        self.audio = [payload_type(audio.negotiated), audio._ssrc, random.getrandbits(15)]
        self.next_video = begin + random.random() / FPS
        self.next_audio = begin + random.random() / FPS
        self.video_number = self.audio_number = 0
        first = self.connection.getTransceivers()[3].receiver
        assert isinstance(first, aiortc_private.Receiver)
        assert first.negotiated is not None
        self.video_in = payload_type(first.negotiated)

    def on_rtp(
        self, packet: bytes, m_pt: int, seq: int, timestamp: int, ssrc: int, now: float
    ) -> None:
        if m_pt & 0x7F != self.video_in:
            self.audio_received += 1
            return
        if m_pt & 0x80 and timestamp >> NUMBER_SHIFT < len(self.call):
            self.frames_received += self.measuring
            sent = self.call[timestamp >> NUMBER_SHIFT].sent_at.get(timestamp)
            if sent is not None:
                self.frames_matched += 1
                self.delays_ms.append((now - sent) * 1000)

    def on_rtcp(self, packets: list[AnyRtcpPacket], now: float) -> None:
        return

    def tick(self, now: float) -> None:
        while self.next_video <= now:
            payloads = self.footage.video[self.video_number % len(self.footage.video)]
            timestamp = self.number << NUMBER_SHIFT | self.video_number * 90_000 // FPS
            if self.measuring:
                self.sent_at[timestamp] = time.monotonic()
                self.frames_sent += len(self.call) - 1  # as many have to arrive
            for index, payload in enumerate(payloads):
                self._send(self.video, index == len(payloads) - 1, timestamp, payload)
            self.video_number += 1
            self.next_video += 1 / FPS
        while self.next_audio <= now:
            payload = self.footage.audio[self.audio_number % len(self.footage.audio)]
            timestamp = self.audio_number * 48 * self.footage.audio_ms & 0xFFFFFFFF
            self._send(self.audio, False, timestamp, payload)
            self.audio_number += 1
            self.next_audio += self.footage.audio_ms / 1000

    def _send(self, stream: list[int], marker: bool, timestamp: int, payload: bytes) -> None:
        payload_type, ssrc, seq = stream
        stream[2] = (seq + 1) & 0xFFFF
        view = self.transport.send_buffer
        m_pt = payload_type | marker << 7
        struct.pack_into("!BBHLL", view, 0, 0x80, m_pt, seq, timestamp, ssrc)
        view[12 : 12 + len(payload)] = payload
        self.transport.send(12 + len(payload))


def payload_type(negotiated: RTCRtpParameters) -> int:
    number = negotiated.codecs[0].payloadType
    assert number is not None
    return number


async def make_peer(number: int, parties: int) -> tuple[Peer, str]:
    connection = aiortc_private.new_connection([])
    for direction in ("sendonly", *("recvonly",) * (parties - 1)):
        for kind in ("audio", "video"):
            transceiver = connection.addTransceiver(kind, direction=direction)
            if kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in codecs if c.name in ("VP8", "rtx")])
    peer = Peer(connection, number)
    transport = connection.getTransceivers()[0].receiver.transport
    assert isinstance(transport, aiortc_private.Transport)
    transport.media = peer

    def changed() -> None:
        if connection.connectionState == "connected":
            peer.connected.set()

    connection.on("connectionstatechange", changed)
    await connection.setLocalDescription(await connection.createOffer())
    return peer, connection.localDescription.sdp


async def join_call(http: aiohttp.ClientSession, arguments: Any, number: int) -> list[Peer]:
    """Connect the parties of one call, through the worker's API or the stock server's."""
    parties = arguments.parties
    made = [await make_peer(party, parties) for party in range(parties)]
    if arguments.stock:
        body: dict[str, Any] = {"offers": [sdp for _, sdp in made], "call": number}
        answers = (await post(http, f"{arguments.url}/call", body))["answers"]
    else:
        base = f"{arguments.url}/v1/calls/load-{number}"
        await post(http, f"{base}/open", {"epoch": 1, "t0_unix_ms": int(time.time() * 1000)})
        answers = []
        for party, (_, sdp) in enumerate(made):
            name, role = f"party{party}", "customer" if party else "seat"
            body = {"participant_id": name, "leg_id": name, "role": role, "offer_sdp": sdp}
            answers.append((await post(http, f"{base}/legs", body))["answer_sdp"])
    peers = [peer for peer, _ in made]
    for peer in peers:
        peer.call = peers
    for peer, answer in zip(peers, answers, strict=True):
        await peer.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.gather(*(peer.connected.wait() for peer in peers))
    return peers


async def post(http: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> Any:
    async with http.post(url, json=body) as answer:
        answer.raise_for_status()
        return await answer.json()


async def run(arguments: Any) -> dict[str, Any]:
    footage = make_footage(arguments.audio_ms)
    headers = {"Authorization": f"Bearer {arguments.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        calls = [await join_call(http, arguments, number) for number in range(arguments.calls)]
        peers = [peer for call in calls for peer in call]
        begin = time.monotonic()
        for peer in peers:
            peer.start(footage, begin)
        measured_from = begin + SETTLE_S + 2  # the first keyframe may be two seconds away
        until = measured_from + arguments.seconds
        while time.monotonic() < until:
            now = time.monotonic()
            if now >= measured_from and not peers[0].measuring:
                print("measuring", flush=True)
                used = resource.getrusage(resource.RUSAGE_SELF)
                for peer in peers:
                    peer.measuring = True
            for peer in peers:
                peer.tick(now)
            await asyncio.sleep(TICK_S)
        print("measured", flush=True)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.sleep(DRAIN_S)
        delays = sorted(delay for peer in peers for delay in peer.delays_ms)
        result = {
            "frames_total": sum(peer.video_number for peer in peers),
            "frames_sent": sum(peer.frames_sent for peer in peers),
            "frames_matched": sum(peer.frames_matched for peer in peers),
            "frames_received": sum(peer.frames_received for peer in peers),
            "audio_received": sum(peer.audio_received for peer in peers),
            "delay_p95_ms": delays[int(len(delays) * 0.95)] if delays else None,
            "delay_p50_ms": delays[len(delays) // 2] if delays else None,
            "load_cpu_s": spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime,
            "video_kbps": sum(len(x) for f in footage.video for x in f) * 8 / LOOP_S / 1000,
            "packets_per_frame": sum(len(f) for f in footage.video) / len(footage.video),
        }
        await asyncio.gather(*(peer.connection.close() for peer in peers))
        return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--parties", type=int, default=2, help="of each call, 16 at most")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--audio-ms", type=int, default=20)
    parser.add_argument("--stock", action="store_true")
    aiortc_private.install()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(parser.parse_args()))), flush=True)


if __name__ == "__main__":
    main()
