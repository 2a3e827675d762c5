"""One connection of one participant: what it sends, and the slots through which others reach it."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc import RTCIceServer, RTCPeerConnection
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSourceInfo,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

from media_worker.rtc import aiortc_private, sdp
from media_worker.rtc.errors import RoomRefused
from media_worker.rtc.inbound import Inbound, SenderReport
from media_worker.rtc.outbound import Outbound
from media_worker.rtc.quality import Grade, Meter, UplinkPolicy

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 3.0
RTCP_EVERY_S = 1.0
UNKNOWN_SSRCS_MAX = 8
UNSTABLE_S = 1.5
LOST_S = 3.0
OUTLIVES_S = 1.0
# Where no media flows only checks and reports tell of a path, seconds apart: three may get lost.
LOST_WITHOUT_MEDIA_S = 9.0


@dataclass
class SlotPair:
    """One place for another participant on this connection."""

    number: int
    mid_audio: str | None = None
    mid_video: str | None = None
    streams: dict[str, Outbound] = field(default_factory=dict)
    participant_id: str | None = None


class Leg:
    """`on_connected` and `on_dead` are called once each, in the loop's thread."""

    def __init__(
        self,
        participant_id: str,
        leg_id: str,
        *,
        policy: UplinkPolicy,
        on_connected: Callable[["Leg"], None],
        on_dead: Callable[["Leg", str], None],
    ) -> None:
        self.participant_id = participant_id
        self.leg_id = leg_id
        self.leg_no = 0
        self.inbound: dict[str, Inbound] = {}
        self.slots: list[SlotPair] = []
        self.connected_at: float | None = None
        self.closed_reason: str | None = None
        self.silence = "none"  # none, unstable, quiet, lost
        self.quiet_since: float | None = None
        self.first_frames: set[str] = set()
        self.announced_size = (0, 0)
        self.policy = policy
        self.subscriber_kbps: float | None = None  # what the narrowest viewer of this leg takes
        self.loss_up = 0.0
        self.meter = Meter(time.monotonic(), 0, 0, 0)
        self.grade = Grade()
        self.clean_up = True  # nothing was missing of what came since the last look
        self._holes_before = 0
        self._clock_offset_s: float | None = None
        self._loop = asyncio.get_running_loop()
        self._outbound: dict[int, Outbound] = {}
        self._by_ssrc: dict[int, Inbound] = {}
        self._by_payload_type: dict[int, Inbound] = {}
        self._unknown_ssrcs = 0
        self._on_connected, self._on_dead = on_connected, on_dead
        self._timers: list[asyncio.TimerHandle] = []
        self._negotiation: aiortc_private.Negotiation | None = None
        self._connection: RTCPeerConnection | None = None
        self._rtcp_received = (0, 0, 0.0)
        self._reported_at = 0.0  # when RTCP last came

    # -- life

    async def answer(
        self, offer_sdp: str, ice_servers: list[RTCIceServer], publishes: set[str]
    ) -> str:
        """The answer to the client's offer. Raises RoomRefused; then nothing is left behind."""
        connection = None
        try:
            offer = sdp.clean_offer(offer_sdp)
            connection = self._connection = aiortc_private.new_connection(ice_servers)
            negotiation = await aiortc_private.negotiate(connection, offer, self)
        except (
            sdp.SdpRefused,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            AssertionError,
            InternalError,
            InvalidAccessError,
            InvalidStateError,
            OperationError,
        ) as refused:
            # aiortc answers hostile descriptions with whatever happened to break.
            if connection is not None:
                await self._close_connection()
            raise RoomRefused("sdp_refused", type(refused).__name__, status=422) from refused
        self._negotiation = negotiation
        connection.on("connectionstatechange", self._on_state)
        for line in negotiation.incoming:
            if line.kind in publishes:
                self._add_incoming(line)
        self._add_slots(negotiation.outgoing)
        self._timers.append(self._loop.call_later(CONNECT_TIMEOUT_S, self._check_connected))
        return sdp.finish_answer(
            negotiation.answer_sdp, {line.mid for line in negotiation.incoming}
        )

    def _add_incoming(self, line: aiortc_private.IncomingLine) -> None:
        assert self._negotiation is not None  # noqa: S101 - called from answer
        stream = Inbound(
            line.kind,
            send_rtcp=self._negotiation.transport.send_rtcp,
            arm=self._loop.call_later,
            rtcp_ssrc=line.sender_ssrc,
        )
        stream.report_taps.append(self._note_report)
        self.inbound[line.kind] = stream

        def negotiated() -> None:
            types = line.payload_types()
            media, rtx = line.ssrcs()
            stream.negotiated(types.media, types.rtx, media, rtx)
            for ssrc in (media, rtx):
                if ssrc is not None:
                    self._by_ssrc[ssrc] = stream
            self._by_payload_type[types.media] = stream
            if types.rtx is not None:
                self._by_payload_type[types.rtx] = stream

        line.receiver.on_negotiated = negotiated

    def _add_slots(self, lines: list[aiortc_private.OutgoingLine]) -> None:
        assert self._negotiation is not None  # noqa: S101 - called from answer
        count = {"audio": 0, "video": 0}
        for line in lines:
            number = count[line.kind]
            count[line.kind] += 1
            if number == len(self.slots):
                self.slots.append(SlotPair(number))
            pair = self.slots[number]
            stream = Outbound(line.kind, self._negotiation.transport, line.ssrcs)
            pair.streams[line.kind] = stream
            if line.kind == "audio":
                pair.mid_audio = line.mid
            else:
                pair.mid_video = line.mid
            for ssrc in line.ssrcs:
                self._outbound[ssrc] = stream

            def negotiated(
                line: aiortc_private.OutgoingLine = line, stream: Outbound = stream
            ) -> None:
                stream.negotiated(line.payload_types())
                if stream.source is not None:
                    stream.source.request_keyframe()

            line.sender.on_negotiated = negotiated

    def _on_state(self) -> None:
        if self._connection is None:
            return
        state = self._connection.connectionState
        if state == "connected" and self.connected_at is None and self.closed_reason is None:
            self.connected_at = time.monotonic()
            self._timers.append(self._loop.call_later(RTCP_EVERY_S, self._send_reports))
            self._on_connected(self)
        elif state in ("failed", "closed") and self.closed_reason is None:
            self._on_dead(self, "connection_" + state)

    def _check_connected(self) -> None:
        if self.connected_at is None and self.closed_reason is None:
            self._on_dead(self, "connect_timeout")

    async def close(self, reason: str) -> None:
        """End the connection. Idempotent; never raises."""
        if self.closed_reason is not None:
            return
        self.closed_reason = reason
        for timer in self._timers:
            timer.cancel()
        for slot in self.slots:
            for stream in slot.streams.values():
                stream.set_source(None)
        for incoming in self.inbound.values():
            incoming.close()
        await self._close_connection()

    async def _close_connection(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            await asyncio.wait_for(connection.close(), CLOSE_TIMEOUT_S)
        except Exception:
            # A socket may be gone in any state; the leg is closed all the same.
            logger.exception("closing a connection failed")

    # -- packets in

    def on_rtp(
        self, packet: bytes, m_pt: int, seq: int, timestamp: int, ssrc: int, now: float
    ) -> None:
        stream = self._by_ssrc.get(ssrc)
        if stream is None:
            stream = self._by_payload_type.get(m_pt & 0x7F)
            if stream is None or self._unknown_ssrcs >= UNKNOWN_SSRCS_MAX:
                return
            self._unknown_ssrcs += 1
            self._by_ssrc[ssrc] = stream
        stream.on_rtp(packet, m_pt, seq, timestamp, ssrc, now)

    def on_rtcp(self, packets: list[AnyRtcpPacket], now: float) -> None:
        self._reported_at = now
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                incoming = self._by_ssrc.get(packet.ssrc)
                if incoming is not None and incoming.ssrc == packet.ssrc:
                    incoming.on_sender_report(packet, now)
            if isinstance(packet, (RtcpSrPacket, RtcpRrPacket)):
                for report in packet.reports:
                    outgoing = self._outbound.get(report.ssrc)
                    if outgoing is not None and outgoing.ssrc == report.ssrc:
                        outgoing.on_reception(report, now)
                        if outgoing.rtt_s is not None:
                            for stream in self.inbound.values():
                                stream.rtt_s = outgoing.rtt_s
            elif isinstance(packet, (RtcpRtpfbPacket, RtcpPsfbPacket)):
                self._on_feedback(packet, now)

    def _on_feedback(self, packet: RtcpRtpfbPacket | RtcpPsfbPacket, now: float) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            bps, ssrcs = unpack_remb_fci(packet.fci)
            if any(ssrc in self._outbound for ssrc in ssrcs):
                self._rtcp_received = (bps, len(ssrcs), now)
            return
        outgoing = self._outbound.get(packet.media_ssrc)
        if outgoing is not None:
            outgoing.on_feedback(packet, now)

    def _note_report(self, report: SenderReport) -> None:
        """Keep the least delayed difference between this machine's clock and the client's."""
        offset = time.time() - report.ntp_s
        known = self._clock_offset_s
        if known is None or abs(offset - known) > 1:
            self._clock_offset_s = offset
        else:
            self._clock_offset_s = min(known, offset)
        for stream in self.inbound.values():
            stream.clock_offset_s = self._clock_offset_s

    # -- reports out

    def _send_reports(self) -> None:
        """One compound packet a second: our reports on slots, on what came, and the rate allowed."""
        if self.closed_reason is not None or self._negotiation is None:
            return
        self._timers = [self._loop.call_later(RTCP_EVERY_S, self._send_reports)]
        now = time.monotonic()
        packets: list[AnyRtcpPacket] = []
        for slot in self.slots:
            for outgoing in slot.streams.values():
                report = outgoing.sender_report(now)
                if report is not None:
                    packets.append(report)
                    name = RtcpSourceInfo(ssrc=outgoing.ssrc, items=[(1, b"slot%d" % slot.number)])
                    packets.append(RtcpSdesPacket(chunks=[name]))
        receptions = [r for s in self.inbound.values() if (r := s.reception(now)) is not None]
        own_ssrc = next(iter(self._outbound), None)
        if own_ssrc is None:
            own_ssrc = self._negotiation.incoming[0].sender_ssrc
        if receptions:
            packets.append(RtcpRrPacket(ssrc=own_ssrc, reports=receptions))
            self.loss_up = max(r.fraction_lost for r in receptions) / 256
        packets += self._allowance(own_ssrc, now)
        data = b"".join(bytes(packet) for packet in packets)
        if data:
            self._negotiation.transport.send_rtcp(data)

    def _allowance(self, own_ssrc: int, now: float) -> list[AnyRtcpPacket]:
        video = self.inbound.get("video")
        if video is None or video.ssrc is None:
            return []
        meter = self.measure(now)
        received = meter.kbps_up(self.meter)
        self.meter = meter
        allowed = self.policy.update(
            loss=self.loss_up,
            delay_s=video.delay_s,
            received_kbps=received,
            subscriber_kbps=self.subscriber_kbps,
            resumed_s=None if video.resumed_at is None else now - video.resumed_at,
        )
        fci = pack_remb_fci(int(allowed * 1000), [video.ssrc])
        return [RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=own_ssrc, media_ssrc=0, fci=fci)]

    # -- figures

    def measure(self, now: float) -> Meter:
        transport = self._negotiation.transport if self._negotiation else None
        video = self.inbound.get("video")
        return Meter(
            now,
            transport.bytes_in if transport else 0,
            transport.bytes_out if transport else 0,
            video.frames if video else 0,
        )

    @property
    def counters(self) -> aiortc_private.Counters | None:
        return self._negotiation.transport.counters if self._negotiation else None

    def downlink_kbps_per_picture(
        self, kbps_down: float, now: float, max_kbps: int = 0
    ) -> float | None:
        """What this client can or may take of each picture; None when nothing limits it."""
        bps, _, at = self._rtcp_received
        pictures = sum(
            1
            for slot in self.slots
            if (video := slot.streams.get("video")) is not None and video.source is not None
        )
        if not pictures:
            return None
        limits = [float(max_kbps)] if max_kbps else []
        if bps and now - at <= 5 and bps / 1000 <= 0.95 * kbps_down:
            limits.append(bps / 1000)  # it says that it is less than it gets
        return min(limits) / pictures if limits else None

    def look_upwards(self) -> None:
        """Note whether what this client sends arrived whole since the last look."""
        holes = sum(stream.holes for stream in self.inbound.values())
        self.clean_up = holes == self._holes_before
        self._holes_before = holes

    def loss_down(self, spotless: set[str]) -> float:
        """Share lost between worker and client.

        What a publisher's own network lost looks the same to a receiver, so only the streams of
        publishers in `spotless` count: nobody is blamed for somebody else's network.
        """
        return max(
            (
                stream.loss
                for slot in self.slots
                if slot.participant_id in spotless
                for stream in slot.streams.values()
            ),
            default=0.0,
        )

    @property
    def rtt_s(self) -> float | None:
        known = [
            s.rtt_s for slot in self.slots for s in slot.streams.values() if s.rtt_s is not None
        ]
        return min(known) if known else None

    def unheard_for_s(self, now: float) -> float:
        """Seconds without RTP; 0 for a connection that publishes nothing."""
        if not self.inbound or self.connected_at is None:
            return 0.0
        heard = [s.last_packet_at for s in self.inbound.values() if s.last_packet_at is not None]
        return now - max(heard, default=self.connected_at)

    def silent_for_s(self, now: float) -> float:
        """Seconds without any sign of the client: media, reports, connectivity checks."""
        checked_at = self._negotiation.transport.checked_at if self._negotiation else 0.0
        return min(self.unheard_for_s(now), now - max(self._reported_at, checked_at))

    def standing(self, now: float) -> str:
        """none, unstable, quiet (it lives, its devices give nothing) or lost.

        Presence is the connection's: who has neither camera nor microphone is there all the same.
        """
        unheard, silent = self.unheard_for_s(now), self.silent_for_s(now)
        if unheard - silent > OUTLIVES_S:
            if silent > LOST_WITHOUT_MEDIA_S:
                return "lost"
            if unheard > LOST_S:
                return "quiet"
        elif unheard > LOST_S:
            return "lost"
        return "unstable" if unheard > UNSTABLE_S else "none"
