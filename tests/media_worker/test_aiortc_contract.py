"""What media_worker/rtc/aiortc_private.py relies on. Fails first when aiortc or aioice moves."""

import asyncio
import importlib.metadata
import inspect
from typing import Any

import aioice.ice
import aiortc.rtcpeerconnection as stock
import pylibsrtp
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from pylibsrtp._binding import lib

from media_worker.rtc import aiortc_private
from tests.support.rtc import until


def test_the_versions_are_those_the_private_parts_were_read_in() -> None:
    assert importlib.metadata.version("aiortc").startswith("1.16.")
    assert importlib.metadata.version("aioice").startswith("0.13.")


def test_the_peer_connection_looks_its_parts_up_by_module_name() -> None:
    source = inspect.getsource(stock.RTCPeerConnection)

    for name in ("RTCDtlsTransport(", "RTCRtpReceiver(", "RTCRtpSender("):
        assert name in source
    assert "StunProtocol(self)" in inspect.getsource(aioice.ice.Connection)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (RTCDtlsTransport, "_setup_srtp"),
        (RTCDtlsTransport, "_handle_rtp_data"),
        (RTCDtlsTransport, "_handle_rtcp_data"),
        (RTCRtpReceiver, "receive"),
        (RTCRtpReceiver, "stop"),
        (RTCRtpReceiver, "_handle_disconnect"),
        (RTCRtpSender, "send"),
        (RTCRtpSender, "stop"),
        (aioice.ice.StunProtocol, "datagram_received"),
        (aioice.ice.StunProtocol, "request"),
    ],
)
def test_what_is_overridden_still_exists_with_the_same_parameters(owner: type, name: str) -> None:
    ours = {
        RTCDtlsTransport: aiortc_private.Transport,
        RTCRtpReceiver: aiortc_private.Receiver,
        RTCRtpSender: aiortc_private.Sender,
        aioice.ice.StunProtocol: aiortc_private.SocketProtocol,
    }[owner]

    theirs = inspect.signature(getattr(owner, name)).parameters

    assert list(inspect.signature(getattr(ours, name)).parameters) == list(theirs)


def test_an_srtp_session_still_keeps_its_context_where_it_is_looked_for() -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    session = pylibsrtp.Session(policy)

    assert session._srtp[0]
    assert lib.srtp_err_status_ok == 0
    assert callable(lib.srtp_protect)
    assert callable(lib.srtp_unprotect)


async def test_the_private_attributes_that_are_read_exist_on_a_fresh_connection() -> None:
    connection = RTCPeerConnection()
    offerer = RTCPeerConnection()
    offerer.addTransceiver("audio", direction="sendonly")
    await offerer.setLocalDescription(await offerer.createOffer())

    await connection.setRemoteDescription(
        RTCSessionDescription(offerer.localDescription.sdp, "offer")
    )
    transceiver = connection.getTransceivers()[0]
    transport = transceiver.receiver.transport

    assert transceiver._offerDirection == "recvonly"
    assert transceiver._get_mline_index() == 0
    assert {"_ssrc", "_rtx_ssrc", "_stream_id", "_track_id"} <= set(vars(transceiver.sender))
    assert {"_rx_srtp", "_tx_srtp", "_state"} <= set(vars(transport))
    ice = transport.transport._connection
    assert {"_nominated", "_protocols", "_queue"} <= set(vars(ice))
    assert State.CONNECTED.value == 2
    await connection.close()
    await offerer.close()


async def test_a_slow_answer_to_a_consent_check_is_no_lost_peer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first check that fails ends the connection here; every answer takes 0.8 s."""
    monkeypatch.setattr(aioice.ice, "StunProtocol", aiortc_private.SocketProtocol)
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    ours = aioice.ice.Connection(ice_controlling=False)
    theirs = aioice.ice.Connection(ice_controlling=True)
    for one, other in ((ours, theirs), (theirs, ours)):
        await one.gather_candidates()
        for candidate in one.local_candidates:
            await other.add_remote_candidate(candidate)
        await other.add_remote_candidate(None)
        other.remote_username, other.remote_password = one.local_username, one.local_password
    await asyncio.gather(ours.connect(), theirs.connect())
    answer, answered = theirs.request_received, []

    def answer_late(*check: Any) -> None:
        asyncio.get_running_loop().call_later(0.8, answer, *check)
        answered.append(check)

    theirs.request_received = answer_late  # type: ignore[method-assign, assignment]
    await until(lambda: len(answered) > 3 or ours._closing, "some checks are answered", 30)

    await ours.send(b"still there")

    assert await theirs.recv() == b"still there"
    await asyncio.gather(ours.close(), theirs.close())
