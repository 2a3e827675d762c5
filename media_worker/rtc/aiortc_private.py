"""Every use of private parts of aiortc 1.16, aioice 0.13 and pylibsrtp 1.0 is in this file.

tests/media_worker/test_aiortc_contract.py fails when one of them changes shape. What is changed:

- RTP and RTCP skip aioice's queue and aiortc's coroutines: a datagram is decrypted, looked at and
  forwarded within one callback of its socket. DTLS and STUN go the usual way.
- A receiver never decodes, a sender never encodes; neither owns a task.
- An exception in a handler of received packets is counted; stock closes the connection.
"""

import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aioice.ice
import aioice.stun
import aiortc.rtcpeerconnection as stock
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.codecs import is_rtx
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters, RTCRtpSendParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtp import AnyRtcpPacket, RtcpPacket
from pylibsrtp import Error as SrtpError
from pylibsrtp._binding import ffi, lib

logger = logging.getLogger(__name__)

ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
DATAGRAM_BYTES_MAX = 1500
DTLS_QUEUE_MAX = 64
SEND_BUFFER_BYTES_MAX = 512 * 1024
_OK = lib.srtp_err_status_ok
_unpack_header = struct.Struct("!BBHLL").unpack_from


class MediaHandler(Protocol):
    """Who gets the decrypted packets of one connection."""

    def on_rtp(
        self, packet: bytes, m_pt: int, seq: int, timestamp: int, ssrc: int, now: float
    ) -> None: ...

    def on_rtcp(self, packets: list[AnyRtcpPacket], now: float) -> None: ...


@dataclass
class Counters:
    """What went wrong on a connection without ending it."""

    undecryptable: int = 0
    malformed: int = 0
    handler_errors: int = 0
    dtls_overflow: int = 0
    send_overflow: int = 0


CONSENT_RETRIES = 2  # 0.5 + 1 + 2 s


class SocketProtocol(aioice.ice.StunProtocol):
    """aioice's socket; SRTP goes straight to the transport once its keys are there."""

    media_sink: Callable[[bytes], None] | None = None
    counters: Counters | None = None
    checked_at = 0.0  # when a connectivity check last proved that the peer is there

    def send_stun(self, message: aioice.stun.Message, addr: tuple[str, int]) -> None:
        """Only a request that was authenticated gets a response that is no error."""
        if message.message_class == aioice.stun.Class.RESPONSE:
            self.checked_at = time.monotonic()
        super().send_stun(message, addr)

    async def request(
        self,
        request: aioice.stun.Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[aioice.stun.Message, tuple[str, int]]:
        """aioice gives the answer to a consent check (never sent again) half a second.

        A network with a longer round trip would lose its call every half minute.
        """
        if retransmissions == 0:
            retransmissions = CONSENT_RETRIES
        answer = await super().request(request, addr, integrity_key, retransmissions)
        self.checked_at = time.monotonic()
        return answer

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not data or not isinstance(data, bytes):
            return
        if self.media_sink is not None and 127 < data[0] < 192:
            self.media_sink(data)
            return
        if data[0] > 3 and self.receiver._queue.qsize() >= DTLS_QUEUE_MAX:
            if self.counters is not None:
                self.counters.dtls_overflow += 1
            return
        try:
            super().datagram_received(data, addr)
        except Exception:
            logger.debug("a STUN message was refused", exc_info=True)


class Transport(RTCDtlsTransport):
    """DTLS-SRTP of one connection. `media` gets what arrives; `send_buffer` + `send` is the way out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.media: MediaHandler | None = None
        self.counters = Counters()
        self.bytes_in = self.bytes_out = self.packets_in = self.packets_out = 0
        self._rx_length = ffi.new("int *")
        self._tx_length = ffi.new("int *")
        self._rx_memory = ffi.new("char[]", DATAGRAM_BYTES_MAX + 160)
        self._tx_memory = ffi.new("char[]", DATAGRAM_BYTES_MAX + 160)
        self._rx_view = ffi.buffer(self._rx_memory)
        self.send_buffer = ffi.buffer(self._tx_memory)
        self._rx_context: Any = None
        self._tx_context: Any = None
        self._pair: Any = None
        self._datagram_transport: Any = None
        self._address: tuple[str, int] = ("", 0)

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self._state == State.FAILED:
            return
        self._rx_context = self._rx_srtp._srtp[0]
        self._tx_context = self._tx_srtp._srtp[0]
        for protocol in self.transport._connection._protocols:
            if isinstance(protocol, SocketProtocol):
                protocol.counters = self.counters
                protocol.media_sink = self._on_datagram

    # -- in

    def _on_datagram(self, data: bytes) -> None:
        length = len(data)
        self.packets_in += 1
        self.bytes_in += length
        if length < 12 or length > DATAGRAM_BYTES_MAX or self._state is not State.CONNECTED:
            self.counters.malformed += 1
            return
        if 191 < data[1] < 224:
            self._on_rtcp(data)
            return
        self._rx_view[0:length] = data
        self._rx_length[0] = length
        if lib.srtp_unprotect(self._rx_context, self._rx_memory, self._rx_length) != _OK:
            self.counters.undecryptable += 1
            return
        self._on_plain_rtp(self._rx_view[0 : self._rx_length[0]])

    def _on_plain_rtp(self, packet: bytes) -> None:
        if self.media is None:
            return
        try:
            _, m_pt, seq, timestamp, ssrc = _unpack_header(packet)
            self.media.on_rtp(packet, m_pt, seq, timestamp, ssrc, time.monotonic())
        except (IndexError, ValueError, struct.error):
            self.counters.malformed += 1
        except Exception:
            # An exception here would close the connection of a call that is being recorded.
            self.counters.handler_errors += 1
            if self.counters.handler_errors < 10:
                logger.exception("an RTP packet broke its handler")

    def _on_rtcp(self, data: bytes) -> None:
        try:
            plain = self._rx_srtp.unprotect_rtcp(data)
        except (SrtpError, ValueError):
            self.counters.undecryptable += 1
            return
        self._on_plain_rtcp(plain)

    def _on_plain_rtcp(self, data: bytes) -> None:
        if self.media is None:
            return
        try:
            self.media.on_rtcp(RtcpPacket.parse(data), time.monotonic())
        except (IndexError, ValueError, struct.error):
            self.counters.malformed += 1
        except Exception:
            # As above: feedback must never end a call.
            self.counters.handler_errors += 1
            if self.counters.handler_errors < 10:
                logger.exception("an RTCP packet broke its handler")

    # Packets that were queued while the handshake ended come through the stock loop.
    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_plain_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_plain_rtcp(data)

    @property
    def checked_at(self) -> float:
        """When a connectivity check last proved that the peer is there, in either direction."""
        sockets = self.transport._connection._protocols
        return max((s.checked_at for s in sockets if isinstance(s, SocketProtocol)), default=0.0)

    # -- out

    def _route(self) -> bool:
        """Find the nominated pair; it can change while a connection lives."""
        pair = self.transport._connection._nominated.get(1)
        if pair is None:
            self._pair = None
            return False
        self._pair = pair
        self._datagram_transport = pair.protocol.transport
        self._address = pair.remote_addr
        return True

    def send(self, length: int) -> bool:
        """Encrypt and send the first `length` bytes of `send_buffer` as RTP. False: not sent."""
        if self._state is not State.CONNECTED:
            return False
        pair = self._pair
        known = pair is not None and self.transport._connection._nominated.get(1) is pair
        if not known and not self._route():
            return False
        if self._datagram_transport.get_write_buffer_size() > SEND_BUFFER_BYTES_MAX:
            self.counters.send_overflow += 1
            return False
        self._tx_length[0] = length
        if lib.srtp_protect(self._tx_context, self._tx_memory, self._tx_length) != _OK:
            self.counters.handler_errors += 1
            return False
        length = self._tx_length[0]
        self._datagram_transport.sendto(self.send_buffer[0:length], self._address)
        self.packets_out += 1
        self.bytes_out += length
        return True

    def send_rtcp(self, data: bytes) -> None:
        """Encrypt and send one compound RTCP packet; silently nothing while not connected."""
        if self._state is not State.CONNECTED or not self._route():
            return
        protected = self._tx_srtp.protect_rtcp(data)
        self._datagram_transport.sendto(protected, self._address)
        self.packets_out += 1
        self.bytes_out += len(protected)


class Receiver(RTCRtpReceiver):
    """Only says what was negotiated; packets come through the transport."""

    negotiated: RTCRtpReceiveParameters | None = None

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        if self.negotiated is None:
            self.negotiated = parameters
            if self.on_negotiated is not None:
                self.on_negotiated()

    on_negotiated: Callable[[], None] | None = None

    async def stop(self) -> None:
        return

    def _handle_disconnect(self) -> None:
        return


class Sender(RTCRtpSender):
    """Only says what was negotiated; packets leave through the transport."""

    negotiated: RTCRtpSendParameters | None = None
    on_negotiated: Callable[[], None] | None = None

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        if self.negotiated is None:
            self.negotiated = parameters
            if self.on_negotiated is not None:
                self.on_negotiated()

    async def stop(self) -> None:
        return


@dataclass(frozen=True)
class PayloadTypes:
    media: int
    rtx: int | None
    abs_send_time_id: int | None


@dataclass(frozen=True)
class IncomingLine:
    """An m-line on which the client sends."""

    kind: str
    mid: str
    receiver: Receiver
    sender_ssrc: int

    def payload_types(self) -> PayloadTypes:
        assert self.receiver.negotiated is not None  # noqa: S101 - called from on_negotiated
        return _payload_types(self.receiver.negotiated)

    def ssrcs(self) -> tuple[int | None, int | None]:
        """(media, RTX) as the client announced them."""
        assert self.receiver.negotiated is not None  # noqa: S101 - called from on_negotiated
        for encoding in self.receiver.negotiated.encodings:
            return encoding.ssrc, encoding.rtx.ssrc if encoding.rtx else None
        return None, None


@dataclass(frozen=True)
class OutgoingLine:
    """An m-line on which the worker sends: half a slot."""

    kind: str
    mid: str
    sender: Sender

    def payload_types(self) -> PayloadTypes:
        assert self.sender.negotiated is not None  # noqa: S101 - called from on_negotiated
        return _payload_types(self.sender.negotiated)

    @property
    def ssrcs(self) -> tuple[int, int]:
        """(media, RTX), chosen by this side."""
        return self.sender._ssrc, self.sender._rtx_ssrc


def _payload_types(parameters: RTCRtpReceiveParameters | RTCRtpSendParameters) -> PayloadTypes:
    media = parameters.codecs[0].payloadType
    assert media is not None  # noqa: S101 - negotiated codecs have numbers
    rtx = next(
        (c.payloadType for c in parameters.codecs if is_rtx(c) and c.parameters["apt"] == media),
        None,
    )
    extension = next((e.id for e in parameters.headerExtensions if e.uri == ABS_SEND_TIME), None)
    return PayloadTypes(media, rtx, extension)


@dataclass(frozen=True)
class Negotiation:
    connection: RTCPeerConnection
    transport: Transport
    incoming: list[IncomingLine]
    outgoing: list[OutgoingLine]
    answer_sdp: str


def install() -> None:
    """Make RTCPeerConnection of this process build its parts from this module. Once, at start."""
    stock.RTCDtlsTransport = Transport  # type: ignore[attr-defined]
    stock.RTCRtpReceiver = Receiver  # type: ignore[attr-defined]
    stock.RTCRtpSender = Sender  # type: ignore[attr-defined]
    aioice.ice.StunProtocol = SocketProtocol  # type: ignore[misc]


def new_connection(ice_servers: list[RTCIceServer]) -> RTCPeerConnection:
    """`iceServers` is always given: aiortc's default asks a public STUN server."""
    return RTCPeerConnection(
        RTCConfiguration(iceServers=ice_servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )


async def negotiate(
    connection: RTCPeerConnection, offer_sdp: str, handler: MediaHandler
) -> Negotiation:
    """Answer an offer that rtc/sdp.py has checked. `handler` gets the packets.

    Each pair of outgoing lines has a stream id of its own, or Chromium would put all of them into
    one lip-sync group.
    """
    await connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
    incoming: list[IncomingLine] = []
    outgoing: list[OutgoingLine] = []
    count = {"audio": 0, "video": 0}
    transceivers = sorted(connection.getTransceivers(), key=lambda t: t._get_mline_index() or 0)
    transport = transceivers[0].receiver.transport
    if not isinstance(transport, Transport):
        raise TypeError("aiortc_private.install() was not called")
    transport.media = handler
    for transceiver in transceivers:
        receiver, sender = transceiver.receiver, transceiver.sender
        mid = transceiver.mid or ""
        if transceiver._offerDirection in ("recvonly", "sendrecv"):
            transceiver.direction = "recvonly"
            if isinstance(receiver, Receiver):
                incoming.append(IncomingLine(transceiver.kind, mid, receiver, sender._ssrc))
        elif transceiver._offerDirection == "sendonly" and isinstance(sender, Sender):
            transceiver.direction = "sendonly"
            slot = count[transceiver.kind]
            count[transceiver.kind] += 1
            sender._stream_id = f"slot{slot}"
            sender._track_id = f"slot{slot}{transceiver.kind}"
            outgoing.append(OutgoingLine(transceiver.kind, mid, sender))
        else:
            transceiver.direction = "inactive"
    await connection.setLocalDescription(await connection.createAnswer())
    return Negotiation(connection, transport, incoming, outgoing, connection.localDescription.sdp)
