"""One half of a slot: forwards a publisher's packets to one subscriber.

The slot is negotiated once; the publisher behind it changes. Sequence numbers, RTP time and VP8
picture ids go on without a seam, so the subscriber sees one stream that pauses.
"""

import struct
import time

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)

from media_worker.rtc import vp8
from media_worker.rtc.aiortc_private import DATAGRAM_BYTES_MAX, PayloadTypes, Transport
from media_worker.rtc.inbound import CLOCK, NTP_UNIX_S, Inbound

RESEND_PER_S = 400
LOSSY = 0.03  # share of packets that a subscriber loses
_pack_plain = struct.Struct("!BBHLL").pack_into
_pack_timed = struct.Struct("!BBHLLHHBBH").pack_into


class Outbound:
    def __init__(self, kind: str, transport: Transport, ssrcs: tuple[int, int]) -> None:
        self.kind = kind
        self.clock = CLOCK[kind]
        self.ssrc, self.rtx_ssrc = ssrcs
        self.source: Inbound | None = None
        self.packets = 0
        self.octets = 0
        self.resent = 0
        self.not_resent = 0
        self.dropped = 0
        self.loss = 0.0
        self.rtt_s: float | None = None
        self.remb_bps: int | None = None
        self.first_sent_at: float | None = None
        self._transport = transport
        self._payload_type = -1
        self._rtx_payload_type = -1
        self._extension = 0
        self._start = True  # the next packet that may start begins a new stretch of numbers
        self._first_ext = 0
        self._high_ext = 0
        self._seq_delta = 0
        self._last_seq = int.from_bytes(struct.pack("!L", ssrcs[0])[:2], "big") & 0x7FFF
        self._ts_delta = 0
        self._last_ts = 0
        self._last_at: float | None = None
        self._picture_delta = 0
        self._last_picture = 0
        self._rtx_seq = 0
        self._resend_budget = float(RESEND_PER_S)
        self._resend_at = 0.0
        self._sr_sent: dict[int, float] = {}

    def negotiated(self, types: PayloadTypes) -> None:
        self._payload_type = types.media
        self._rtx_payload_type = -1 if types.rtx is None else types.rtx
        self._extension = types.abs_send_time_id or 0

    def set_source(self, source: Inbound | None) -> None:
        """Forward another publisher from its next keyframe on, or nobody."""
        if source is self.source:
            return
        if self.source is not None and self in self.source.taps:
            self.source.taps.remove(self)
        self.source = source
        self._start = True
        if source is not None:
            source.taps.append(self)
            source.request_keyframe()

    # -- packets

    def on_cut(self) -> None:
        self._start = True

    def on_pause(self) -> None:
        self._start = True

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
        if self._payload_type < 0:
            return
        if self._start:
            if self.kind == "video" and not keyframe:
                return
            self._begin(ext, timestamp, packet, offset, now)
        elif ext < self._first_ext:
            return
        seq = (ext + self._seq_delta) & 0xFFFF
        size = self._write(packet, offset, seq, timestamp, marker, self._payload_type, self.ssrc)
        if size < 0 or not self._transport.send(size):
            # Overload or a path that is gone: never single frames, but all up to a keyframe.
            self.dropped += 1
            if self.kind == "video":
                self._start = True
                if self.source is not None:
                    self.source.request_keyframe()
            return
        if ext > self._high_ext:
            self._high_ext = ext
            self._last_seq = seq
            self._last_ts = (timestamp + self._ts_delta) & 0xFFFFFFFF
            self._last_at = now
        self.packets += 1
        self.octets += size

    def _begin(self, ext: int, timestamp: int, packet: bytes, offset: int, now: float) -> None:
        self._start = False
        self._first_ext = self._high_ext = ext
        self._high_ext -= 1
        self._seq_delta = (self._last_seq + 1 - ext) & 0xFFFF
        if self._last_at is None:
            self._ts_delta = 0
            self.first_sent_at = now
        else:
            pause = max(1, int((now - self._last_at) * self.clock))
            self._ts_delta = (self._last_ts + pause - timestamp) & 0xFFFFFFFF
        if self.kind == "video" and len(packet) > offset:
            picture = vp8.picture_id(packet, offset)
            if picture is not None:
                self._picture_delta = (self._last_picture + 1 - picture) & 0x7FFF

    def _write(
        self,
        packet: bytes,
        offset: int,
        seq: int,
        timestamp: int,
        marker: bool,
        payload_type: int,
        ssrc: int,
        original_seq: int = -1,
    ) -> int:
        """Put one packet into the transport's buffer; its length, or -1 when it is too long."""
        view = self._transport.send_buffer
        m_pt = payload_type | 0x80 if marker else payload_type
        timestamp = (timestamp + self._ts_delta) & 0xFFFFFFFF
        if self._extension:
            sent = int(time.time() * 262_144) & 0xFFFFFF  # 6.18 seconds
            _pack_timed(
                *(view, 0, 0x90, m_pt, seq, timestamp, ssrc, 0xBEDE, 1),
                *(self._extension << 4 | 2, sent >> 16, sent & 0xFFFF),
            )
            start = 20
        else:
            _pack_plain(view, 0, 0x80, m_pt, seq, timestamp, ssrc)
            start = 12
        if original_seq >= 0:
            view[start : start + 2] = original_seq.to_bytes(2, "big")
            start += 2
        size = start + len(packet) - offset
        if size > DATAGRAM_BYTES_MAX:
            return -1
        view[start:size] = packet[offset:]
        if self.kind == "video" and packet[offset : offset + 1] >= b"\x80":
            picture = vp8.picture_id(packet, offset)
            if picture is not None:
                picture = (picture + self._picture_delta) & vp8.PICTURE_ID_BITS
                self._last_picture = picture
                view[start + 2 : start + 4] = (0x8000 | picture).to_bytes(2, "big")
        return size

    # -- feedback from the subscriber

    def on_feedback(self, packet: RtcpRtpfbPacket | RtcpPsfbPacket, now: float) -> None:
        if isinstance(packet, RtcpRtpfbPacket):
            if packet.fmt == RTCP_RTPFB_NACK:
                for seq in packet.lost:
                    self._resend(seq, now)
        elif packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            if self.source is not None:
                self.source.request_keyframe()
        elif packet.fmt == RTCP_PSFB_APP:
            self.remb_bps = unpack_remb_fci(packet.fci)[0]

    def _resend(self, seq: int, now: float) -> None:
        if self.source is None or self._start:
            return
        self._resend_budget = min(
            RESEND_PER_S, self._resend_budget + (now - self._resend_at) * RESEND_PER_S
        )
        self._resend_at = now
        if self._resend_budget < 1:
            return
        ext = self._high_ext - ((self._last_seq - seq) & 0xFFFF)
        kept = self.source.kept(ext) if ext >= self._first_ext else None
        if kept is None:
            self.not_resent += 1
            if not self.source.is_missing(ext):
                # The subscriber would wait 3 s before it asks for a keyframe itself.
                self.source.request_keyframe()
            return
        self._resend_budget -= 1
        packet, offset = kept
        (timestamp,) = struct.unpack_from("!L", packet, 4)
        last_picture = self._last_picture
        marker = packet[1] > 127
        if self._rtx_payload_type < 0:
            size = self._write(
                packet, offset, seq, timestamp, marker, self._payload_type, self.ssrc
            )
        else:
            self._rtx_seq = (self._rtx_seq + 1) & 0xFFFF
            size = self._write(
                *(packet, offset, self._rtx_seq, timestamp, marker),
                *(self._rtx_payload_type, self.rtx_ssrc, seq),
            )
        if size > 0 and self._transport.send(size):
            self.resent += 1
            if self.loss > LOSSY and self._rtx_payload_type >= 0:
                self._send_twice(packet, offset, timestamp, marker, seq)
        self._last_picture = last_picture

    def _send_twice(
        self, packet: bytes, offset: int, timestamp: int, marker: bool, seq: int
    ) -> None:
        """A repair that is lost too costs a further round of a long way."""
        self._rtx_seq = (self._rtx_seq + 1) & 0xFFFF
        size = self._write(
            *(packet, offset, self._rtx_seq, timestamp, marker),
            *(self._rtx_payload_type, self.rtx_ssrc, seq),
        )
        if size > 0:
            self._transport.send(size)

    def on_reception(self, report: RtcpReceiverInfo, now: float) -> None:
        self.loss = report.fraction_lost / 256
        sent = self._sr_sent.get(report.lsr)
        if sent is not None and report.dlsr:
            self.rtt_s = max(0.0, now - sent - report.dlsr / 65536)

    def sender_report(self, now: float) -> RtcpSrPacket | None:
        """The publisher's own clock map, moved to this machine's clock; None for an idle slot."""
        source = self.source
        if source is None or self._start or source.report is None or source.clock_offset_s is None:
            return None
        unix = time.time()
        captured = source.report.ntp_s + source.clock_offset_s
        timestamp = (
            source.report.timestamp + self._ts_delta + int((unix - captured) * self.clock)
        ) & 0xFFFFFFFF
        ntp = int((unix + NTP_UNIX_S) * 2**32) & (2**64 - 1)
        lsr = (ntp >> 16) & 0xFFFFFFFF
        self._sr_sent = dict(list(self._sr_sent.items())[-4:])
        self._sr_sent[lsr] = now
        return RtcpSrPacket(
            ssrc=self.ssrc,
            sender_info=RtcpSenderInfo(
                ntp_timestamp=ntp,
                rtp_timestamp=timestamp,
                packet_count=self.packets & 0xFFFFFFFF,
                octet_count=self.octets & 0xFFFFFFFF,
            ),
        )
