"""One stream that a client sends: order, losses, retransmission requests, keyframe requests.

Works on whole RTP packets; whoever wants them (`taps`) gets them in arrival order with an extended
sequence number, and puts late ones into place himself. Nothing here waits or does I/O.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)

from media_worker.rtc import vp8

CLOCK = {"audio": 48_000, "video": 90_000}  # Hz
RING = {"audio": 256, "video": 1024}  # packets kept to be sent again, powers of two
NACK_EVERY_S = 0.05
NACK_AGAIN_S = 0.03  # the second time, on a long way: the request itself may have been lost
NACK_GIVE_UP_S = 1.2
NACK_MISSING_MAX = 300
JUMP_MAX = 600  # a longer gap is a restart of the sender, not a loss
KEYFRAME_EVERY_S = 0.5
PAUSE_S = 0.5  # longer without a packet, the path was dead: that is no congestion
HOLD_REPAIRS_S = 0.5  # at most
NACK_AT_ONCE = 100
FLOOR_S = 5.0  # a delay that has lasted one to two of these is the way's, not a queue on it
NTP_UNIX_S = 2_208_988_800


class Tap(Protocol):
    """Somebody who wants the packets of a stream."""

    def on_packet(
        self,
        ext: int,
        timestamp: int,
        marker: bool,
        packet: bytes,
        offset: int,
        keyframe: bool,
        now: float,
    ) -> None:
        """`ext` extended sequence number, `offset` of the payload, `keyframe` it starts one."""

    def on_cut(self) -> None:
        """The stream's numbering starts anew (mute, restart): do not wait for what is between."""

    def on_pause(self) -> None:
        """The path was dead and is back: repairs of that time come too late to be watched."""


@dataclass(frozen=True)
class SenderReport:
    """The publisher's clock against its RTP time."""

    ntp_s: float
    timestamp: int
    arrived: float


class Inbound:
    """`send_rtcp` sends one RTCP packet to the client; `arm` asks for `on_timer` after seconds."""

    def __init__(
        self,
        kind: str,
        *,
        send_rtcp: Callable[[bytes], None],
        arm: Callable[[float, Callable[[], None]], object],
        rtcp_ssrc: int,
    ) -> None:
        self.kind = kind
        self.clock = CLOCK[kind]
        self.taps: list[Tap] = []
        self.muted = False
        self.ssrc: int | None = None
        self.rtx_ssrc: int | None = None
        self.payload_type = -1
        self.rtx_payload_type = -1
        self.report: SenderReport | None = None
        self.clock_offset_s: float | None = None  # this machine's unix time minus the client's
        self.report_taps: list[Callable[[SenderReport], None]] = []
        self.rtt_s = 0.05
        # what happened
        self.packets = 0
        self.octets = 0
        self.lost_for_good = 0
        self.holes = 0  # packets that were missing when a later one came
        self.recovered = 0
        self.nacks = 0
        self.keyframe_requests = 0
        self.keyframes = 0
        self.frames = 0
        self.jumps = 0
        self.last_packet_at: float | None = None
        self.last_keyframe_at = 0.0
        self.resumed_at: float | None = None  # when the path was last found alive again
        self.size = (0, 0)
        self.jitter = 0.0
        self.delay_s = 0.0  # how far the present delay is above the least of the last seconds
        self._ring: list[tuple[int, bytes, int] | None] = [None] * RING[kind]
        self._missing: dict[int, list[float]] = {}  # ext -> [since, last asked, times]
        self._high = -1
        self._first = -1
        self._after_jump = -1  # the number that would confirm a jump
        self._cut = False
        self._send_rtcp = send_rtcp
        self._arm = arm
        self._timer_armed = False
        self._rtcp_ssrc = rtcp_ssrc
        self._asked_keyframe_at = 0.0
        self._keyframe_pending = False
        self._hold_until = 0.0
        self._moved_at = 0.0  # when the newest packet came
        self._last_transit: float | None = None
        self._floor_until = 0.0  # of the present stretch of FLOOR_S
        self._least_s = 0.0  # transit in it
        self._floor_s = 0.0  # the least in it and in the one before
        self._expected_before = self._received_before = 0
        self._lsr = 0
        self._closed = False

    def negotiated(
        self, payload_type: int, rtx: int | None, ssrc: int | None, rtx_ssrc: int | None
    ) -> None:
        self.payload_type = payload_type
        self.rtx_payload_type = -1 if rtx is None else rtx
        self.ssrc, self.rtx_ssrc = ssrc, rtx_ssrc

    def close(self) -> None:
        self._closed = True
        self.taps.clear()
        self.report_taps.clear()
        self._missing.clear()

    # -- packets

    def on_rtp(
        self, packet: bytes, m_pt: int, seq: int, timestamp: int, ssrc: int, now: float
    ) -> None:
        """One decrypted packet of this stream. Raises IndexError or ValueError when malformed."""
        payload_type = m_pt & 0x7F
        first = packet[0]
        if first == 0x80:
            offset = 12
        else:
            offset = 12 + 4 * (first & 0x0F)
            if first & 0x10:
                offset += 4 + 4 * (packet[offset + 2] << 8 | packet[offset + 3])
            if first & 0x20:
                padding = packet[-1]
                if not padding or padding > len(packet) - offset:
                    raise ValueError("padding")
                packet = packet[:-padding]
        if offset > len(packet):
            raise ValueError("header longer than the packet")
        if self.last_packet_at is not None and now - self.last_packet_at > PAUSE_S:
            self.resumed_at = now
        self.last_packet_at = now
        if payload_type == self.rtx_payload_type:
            if len(packet) < offset + 2:
                return  # padding that probes the bandwidth
            seq = packet[offset] << 8 | packet[offset + 1]
            offset += 2
            self.recovered += 1
        elif payload_type != self.payload_type:
            return
        elif ssrc != self.ssrc:
            self._restart(ssrc)
        self._in_order(packet, offset, seq, timestamp, m_pt > 127, now)

    def _restart(self, ssrc: int) -> None:
        if self.ssrc is not None and self._high >= 0:
            self._high = -1
            self._missing.clear()
            self._cut = True
        self.ssrc = ssrc

    def _in_order(
        self, packet: bytes, offset: int, seq: int, timestamp: int, marker: bool, now: float
    ) -> None:
        keyframe = False
        video = self.kind == "video"
        if video and len(packet) > offset:
            keyframe = vp8.starts_keyframe(packet, offset)  # may raise: before anything changed
        high = self._high
        if high < 0:
            # Far from zero, so that a late packet of the start is not negative.
            ext = seq + 0x10000
            self._high, self._first = ext, ext
            self._received_before = self._expected_before = 0
            self.packets = 0
        else:
            step = (seq - high) & 0xFFFF
            if step == 1:
                ext = self._high = high + 1
            elif step == 0:
                return
            elif step <= JUMP_MAX:
                ext = self._high = high + step
                self._gap(high + 1, ext, now)
            elif step >= 0x10000 - JUMP_MAX:
                ext = high - (0x10000 - step)
                if self._missing.pop(ext, None) is None:
                    return  # a duplicate, or given up already
            elif seq != self._after_jump:
                # One packet from nowhere must not make all that follow look late (RFC 3550 A.1).
                self._after_jump = (seq + 1) & 0xFFFF
                return
            else:
                ext = self._high = high + step
                self._jump(step)
        self.packets += 1
        self.octets += len(packet)
        if ext == self._high:
            self._moved_at = now
            self._measure(timestamp, now)
        if keyframe:
            self.keyframes += 1
            self.last_keyframe_at = now
            self._hold_until = min(self._hold_until, now)
            size = vp8.keyframe_size(packet[offset + vp8.descriptor_bytes(packet, offset) :][:10])
            if size is not None:
                self.size = size
        if marker:
            self.frames += 1
        if self.muted:
            self._cut = True
            return
        if self._cut:
            self._cut = False
            for tap in self.taps:
                tap.on_cut()
        self._ring[ext & (len(self._ring) - 1)] = (ext, packet, offset)
        for tap in self.taps:
            tap.on_packet(ext, timestamp, marker, packet, offset, keyframe, now)

    def _measure(self, timestamp: int, now: float) -> None:
        """Jitter (RFC 3550 A.8) and queueing delay, once per packet that moves on."""
        transit = now - timestamp / self.clock
        last = self._last_transit
        self._last_transit = transit
        if last is None:
            return
        change = transit - last
        if change > 10 or change < -10:  # the timestamp wrapped or jumped
            self._floor_until = 0.0
            return
        self.jitter += (abs(change) - self.jitter) / 16
        if now >= self._floor_until:
            has_stood = now >= self._floor_until + FLOOR_S
            self._floor_s = transit if has_stood else min(self._least_s, transit)
            self._least_s, self._floor_until = transit, now + FLOOR_S
        elif transit < self._least_s:
            self._least_s = transit
            if transit < self._floor_s:
                self._floor_s = transit
        self.delay_s += ((transit - self._floor_s) - self.delay_s) / 16

    # -- losses

    def _jump(self, step: int) -> None:
        """Two packets in a row say so: the sender began anew."""
        self.jumps += 1
        self._first += step - 1  # what lies between was never sent
        self._missing.clear()
        self._cut = True
        self.request_keyframe()

    def _gap(self, start: int, end: int, now: float) -> None:
        self.holes += end - start
        if len(self._missing) + end - start > NACK_MISSING_MAX:
            self._give_up_all()
            return
        if self.kind == "video" and now - self._moved_at > PAUSE_S:
            for ext in range(start, end):
                self._missing[ext] = [now, 0.0, 0]
            self._keyframe_before_repairs(now)
        else:
            for ext in range(start, end):
                self._missing[ext] = [now, now, 1]
            self._nack(list(range(start, end)))
        self._arm_timer()

    def _keyframe_before_repairs(self, now: float) -> None:
        """What a dead path swallowed is asked for when a new picture is under way.

        It is for the recording. Asked for first it would also be sent first, with what little
        bandwidth the sender believes in by then, and who watches would wait for old pictures.
        """
        self._hold_until = now + HOLD_REPAIRS_S
        self._asked_keyframe_at = 0.0  # what was asked meanwhile did not arrive
        self.request_keyframe()
        for tap in self.taps:
            tap.on_pause()

    def _nack(self, extended: list[int]) -> None:
        if self.ssrc is None or not extended:
            return
        self.nacks += 1
        for start in range(0, len(extended), NACK_AT_ONCE):
            feedback = RtcpRtpfbPacket(
                fmt=RTCP_RTPFB_NACK, ssrc=self._rtcp_ssrc, media_ssrc=self.ssrc
            )
            feedback.lost = [ext & 0xFFFF for ext in extended[start : start + NACK_AT_ONCE]]
            self._send_rtcp(bytes(feedback))

    def _arm_timer(self) -> None:
        if not self._timer_armed and not self._closed:
            self._timer_armed = True
            self._arm(NACK_EVERY_S / 2, self._on_timer)

    def _on_timer(self) -> None:
        """Ask again for what is still missing; stock aiortc asks once."""
        self._timer_armed = False
        now = time.monotonic()
        if now < self._hold_until:
            self.request_keyframe()
            self._arm_timer()
            return
        late = [
            ext
            for ext, (since, _asked, times) in self._missing.items()
            if times and now - since > NACK_GIVE_UP_S
        ]
        if late:
            for ext in late:
                del self._missing[ext]
            self.lost_for_good += len(late)
            self.request_keyframe()
        pause = max(NACK_EVERY_S, 1.2 * self.rtt_s)
        again = [ext for ext, entry in self._missing.items() if self._ask_again(entry, now, pause)]
        for ext in again:
            self._missing[ext][1] = now
            self._missing[ext][2] += 1
        self._nack(again)
        if self._missing:
            self._arm_timer()

    @staticmethod
    def _ask_again(entry: list[float], now: float, pause: float) -> bool:
        _since, asked, times = entry
        if times == 0:
            entry[0] = now  # held back until now
            return True
        if times == 1 and pause > 2 * NACK_EVERY_S:
            return now - asked > NACK_AGAIN_S
        return now - asked > pause

    def _give_up_all(self) -> None:
        self.lost_for_good += len(self._missing)
        self._missing.clear()
        self.request_keyframe()

    def is_missing(self, ext: int) -> bool:
        """Whether this packet was lost on the way here and is being asked for."""
        return ext in self._missing

    def kept(self, ext: int) -> tuple[bytes, int] | None:
        """(packet, payload offset) of a packet that may be sent again."""
        entry = self._ring[ext & (len(self._ring) - 1)]
        return (entry[1], entry[2]) if entry is not None and entry[0] == ext else None

    # -- keyframes

    def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe, at most every half second; a request in between waits."""
        if self.kind != "video" or self._closed or self._keyframe_pending:
            return
        wait = self._asked_keyframe_at + KEYFRAME_EVERY_S - time.monotonic()
        if wait > 0 or self.ssrc is None:
            self._keyframe_pending = True
            self._arm(max(wait, 0.02), self._ask_keyframe)
        else:
            self._ask_keyframe()

    def _ask_keyframe(self) -> None:
        self._keyframe_pending = False
        if self._closed:
            return
        if self.ssrc is None or self._high < 0:
            self._keyframe_pending = True
            self._arm(0.1, self._ask_keyframe)
            return
        self._asked_keyframe_at = time.monotonic()
        self.keyframe_requests += 1
        self._send_rtcp(
            bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._rtcp_ssrc, media_ssrc=self.ssrc))
        )

    # -- reports

    def on_sender_report(self, packet: RtcpSrPacket, now: float) -> None:
        ntp = packet.sender_info.ntp_timestamp
        self._lsr = (ntp >> 16) & 0xFFFFFFFF
        self.report = SenderReport(ntp / 2**32 - NTP_UNIX_S, packet.sender_info.rtp_timestamp, now)
        for tap in self.report_taps:
            tap(self.report)

    def reception(self, now: float) -> RtcpReceiverInfo | None:
        """Block of a receiver report; also moves the interval on which `fraction_lost` is."""
        if self.ssrc is None or self._high < 0:
            return None
        expected = self._high - self._first + 1
        lost = max(0, expected - self.packets)
        interval = expected - self._expected_before
        lost_now = interval - (self.packets - self._received_before)
        self._expected_before, self._received_before = expected, self.packets
        fraction = 0 if interval <= 0 or lost_now <= 0 else min(255, (lost_now << 8) // interval)
        delay = 0
        if self.report is not None:
            delay = min(0xFFFFFFFF, int((now - self.report.arrived) * 65536))
        return RtcpReceiverInfo(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            packets_lost=min(lost, 0x7FFFFF),
            highest_sequence=self._high & 0xFFFFFFFF,
            jitter=int(self.jitter * self.clock) & 0xFFFFFFFF,
            lsr=self._lsr,
            dlsr=delay,
        )
