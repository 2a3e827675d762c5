"""A path was dead for a while and is back: who watches sees a new picture, the recording gets the old ones."""

from types import SimpleNamespace

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket

from media_worker.rtc import inbound
from media_worker.rtc.inbound import HOLD_REPAIRS_S, NACK_EVERY_S, PAUSE_S, Inbound
from media_worker.rtc.quality import SETTLE_S, UplinkPolicy

KEYFRAME = b"\x10\x10\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01"
DELTA = b"\x10\x11\x00\x00"


class Client:
    """One video stream whose packets, clock and timers are in the test's hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.sent: list[bytes] = []
        self.timers: list[tuple[float, object]] = []
        self.pauses = 0
        self.came: list[int] = []
        monkeypatch.setattr(inbound, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.stream = Inbound(
            "video",
            send_rtcp=self.sent.append,
            arm=lambda s, call: self.timers.append((self.now + s, call)),
            rtcp_ssrc=1,
        )
        self.stream.negotiated(96, 97, 7, 8)
        self.stream.taps.append(self)

    def on_packet(self, ext: int, *_: object) -> None:
        self.came.append(ext & 0xFFFF)

    def on_cut(self) -> None:
        raise AssertionError("nothing began anew")

    def on_pause(self) -> None:
        self.pauses += 1

    def send(self, *numbers: int, payload: bytes = DELTA) -> None:
        for seq in numbers:
            head = bytes([0x80, 0x80 | 96]) + seq.to_bytes(2, "big") + bytes(8)
            self.stream.on_rtp(head + payload, 0x80 | 96, seq, 3000 * seq, 7, self.now)
            self.wait(0.001)

    def wait(self, seconds: float) -> None:
        """Timers that are due run in their order."""
        until = self.now + seconds
        while due := sorted((t for t in self.timers if t[0] <= until), key=lambda t: t[0]):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()  # type: ignore[operator]
        self.now = until

    def asked(self) -> list[int | str]:
        """Numbers asked for and "keyframe", in order; what was asked before is not told again."""
        found: list[int | str] = []
        for data in self.sent:
            for packet in RtcpPacket.parse(data):
                if isinstance(packet, RtcpRtpfbPacket):
                    found += packet.lost
                elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
                    found.append("keyframe")
        self.sent.clear()
        return found


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client(monkeypatch)
    client.send(*range(1, 11))
    return client


def test_a_keyframe_is_asked_for_first_and_the_lost_ones_when_it_is_under_way(
    client: Client,
) -> None:
    client.wait(2)
    client.send(200)
    client.wait(0.3)
    assert client.asked() == ["keyframe"]

    client.send(201, payload=KEYFRAME)
    client.wait(NACK_EVERY_S)

    assert client.asked() == list(range(11, 200))
    assert client.pauses == 1


def test_the_lost_ones_are_asked_for_if_no_keyframe_comes(client: Client) -> None:
    client.wait(2)
    client.send(20)
    client.wait(HOLD_REPAIRS_S + NACK_EVERY_S)

    assert [each for each in client.asked() if each != "keyframe"][:9] == list(range(11, 20))


def test_a_repair_reaches_who_waits_for_it(client: Client) -> None:
    client.wait(2)
    client.send(14)
    client.send(15, payload=KEYFRAME)
    client.wait(NACK_EVERY_S)
    client.send(11, 12, 13)
    client.wait(2)

    assert client.came[-5:] == [14, 15, 11, 12, 13]
    assert client.stream.lost_for_good == 0


def test_a_hole_on_a_living_path_is_asked_for_at_once(client: Client) -> None:
    client.wait(PAUSE_S - 0.1)
    client.send(14)

    assert client.asked() == [11, 12, 13]
    assert client.pauses == 0


def test_what_a_dead_path_lost_does_not_make_the_picture_smaller(client: Client) -> None:
    policy = UplinkPolicy(100, 800)
    client.wait(2)
    client.send(100)
    assert client.stream.resumed_at == pytest.approx(client.now, abs=0.01)

    held, later = (
        policy.update(
            loss=0.9, delay_s=0.6, received_kbps=20, subscriber_kbps=None, resumed_s=resumed_s
        )
        for resumed_s in (0.5, SETTLE_S)
    )

    assert held == 800
    assert later < 800
