"""The pure parts: VP8, frames, Matroska, journal, SDP, allowance."""

import errno
import json
import os
from pathlib import Path

import av
import pytest

from media_worker.rtc import sdp, vp8
from media_worker.rtc.assembler import Assembler
from media_worker.rtc.journal import Journal, read_entries
from media_worker.rtc.matroska import MatroskaFile
from media_worker.rtc.quality import UplinkPolicy

KEY = b"\x50\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00"  # a keyframe's first bytes, 320 x 240
DELTA = b"\x51\x00\x00"
T0 = 1_700_000_000_000


def packet(
    ext: int, timestamp: int, marker: bool, payload: bytes, arrived: float = 0.0
) -> tuple[int, int, bool, bytes, int, float]:
    return ext, timestamp, marker, bytes(12) + payload, 12, arrived


@pytest.mark.parametrize(
    ("descriptor", "length"),
    [
        (b"\x10", 1),
        (b"\x90\x00", 2),
        (b"\x90\x80\x05", 3),
        (b"\x90\x80\x81\x05", 4),
        (b"\x90\xe0\x81\x05\x07\x20", 6),
    ],
)
def test_the_payload_descriptor_is_as_long_as_its_flags_say(descriptor: bytes, length: int) -> None:
    assert vp8.descriptor_bytes(bytes(12) + descriptor + KEY, 12) == length
    assert vp8.starts_keyframe(bytes(12) + descriptor + KEY, 12)
    assert not vp8.starts_keyframe(bytes(12) + descriptor + DELTA, 12)


def test_a_keyframe_tells_its_size_and_a_forged_one_does_not() -> None:
    assert vp8.keyframe_size(KEY) == (320, 240)
    assert vp8.keyframe_size(DELTA + bytes(10)) is None
    assert vp8.keyframe_size(b"\x50\x00\x00\x00\x00\x00" + bytes(4)) is None


def test_packets_out_of_order_become_frames_in_order() -> None:
    frames = Assembler("video")
    frames.add(packet(10, 0, False, b"\x10" + KEY))
    frames.add(packet(12, 3000, True, b"\x10" + DELTA))
    waiting = frames.take(0.1)
    frames.add(packet(11, 0, True, b"\x00rest"))

    done = frames.take(0.2)

    assert waiting == []
    assert [(f.data, f.timestamp, f.keyframe) for f in done] == [
        (KEY + b"rest", 0, True),
        (DELTA, 3000, False),
    ]


def test_after_a_hole_nothing_is_kept_until_the_next_keyframe() -> None:
    frames = Assembler("video")
    frames.add(packet(1, 0, True, b"\x10" + KEY))
    frames.add(packet(3, 6000, True, b"\x10" + DELTA))
    frames.add(packet(4, 9000, True, b"\x10" + KEY))

    before = frames.take(0.1)
    after = frames.take(5.0)

    assert [f.timestamp for f in before] == [0]
    assert [f.timestamp for f in after] == [9000]
    assert (frames.holes, frames.skipped_frames) == (1, 1)


def test_rtp_time_goes_on_over_its_wrap() -> None:
    frames = Assembler("audio")
    frames.add(packet(1, 0xFFFFFFFF - 959, False, b"a"))
    frames.add(packet(2, 0, False, b"b"))

    assert [f.timestamp for f in frames.take(0.1)] == [0, 960]


def test_garbage_payloads_never_raise() -> None:
    frames = Assembler("video")
    for ext, payload in enumerate((b"\x90", b"\x90\x80", b"", b"\x10" + KEY, b"\xff\xff\xff")):
        frames.add(packet(ext, ext, True, payload))

    assert [f.data for f in frames.take(9.0)] == [KEY]
    assert frames.malformed == 2


def test_every_prefix_of_a_file_plays(tmp_path: Path) -> None:
    encoder = av.CodecContext.create("libopus", "w")
    out = MatroskaFile(tmp_path / "a.mkv", "audio")
    frames = [(n * 20, True, b"\xf8\xff\xfe") for n in range(100)]
    for start in range(0, 100, 10):
        out.write(frames[start : start + 10])
    open_file = (tmp_path / "a.mkv").read_bytes()
    out.close()
    del encoder

    for name, content, least in (
        ("whole", (tmp_path / "a.mkv").read_bytes(), 100),
        ("never-closed", open_file, 100),
        ("torn", open_file[: len(open_file) * 3 // 4], 60),
    ):
        path = tmp_path / f"{name}.mkv"
        path.write_bytes(content)
        with av.open(str(path)) as container:
            read = [p.pts for p in container.demux() if p.size]
        assert len(read) >= least, name
        assert read[:3] == [0, 20, 40]


def test_a_journal_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "call" / "journal.jsonl"
    first = Journal(path, 1, T0)
    first.append("call.opened", t0_unix_ms=T0)
    assert first.append("note", id="a", note="tag").result(5) == 2
    first.close()
    with path.open("ab") as torn:
        torn.write(b'{"seq":3,"at_ms":1')

    second = Journal(path, 2, T0 + 999_999)
    assert second.append("worker.started").result(5) == 3
    second.close()

    entries, whole = read_entries(path)
    assert [(e.seq, e.body["epoch"], e.kind) for e in entries] == [
        (1, 1, "call.opened"),
        (2, 1, "note"),
        (3, 2, "worker.started"),
    ]
    assert whole == path.stat().st_size
    assert second.clock.t0_unix_ms == T0
    assert set(second.notes) == {"a"}
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_journal_whose_disk_fails_refuses_the_lines_and_goes_on_where_it_was_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    journal = Journal(tmp_path / "call" / "journal.jsonl", 1, T0)
    journal.append("call.opened", t0_unix_ms=T0).result(5)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fails)
        broken.setattr(os, "ftruncate", fails)
        refused = journal.append("note", id="a", note="tag").exception(5)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fstat", fails)
        unseen = journal.append("note", id="b", note="tag").exception(5)
    journal.append("note", id="c", note="tag").result(5)
    journal.close()

    assert isinstance(refused, OSError)
    assert isinstance(unseen, OSError)
    entries, whole = read_entries(journal.path)
    assert [(e.seq, e.kind) for e in entries] == [(1, "call.opened"), (4, "note")]
    assert whole == journal.path.stat().st_size


def test_who_no_longer_waits_for_a_line_of_the_journal_keeps_nobody_else_waiting(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "call" / "journal.jsonl", 1, T0)

    left = journal.append("note", id="a", note="tag")
    left.cancel()
    stays = journal.append("note", id="b", note="tag")

    assert stays.result(5) == 2
    journal.close()
    assert [e.seq for e in read_entries(journal.path)[0]] == [1, 2]


def offer(extra: str = "", candidate: str = "") -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n"
        "a=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
        f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\na=setup:actpass\r\n"
        "a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:63 red/48000/2\r\n"
        f"{candidate}{extra}"
    )


def test_only_opus_and_numeric_udp_candidates_survive() -> None:
    candidates = (
        "a=candidate:1 1 udp 2113937151 6f3a.local 50000 typ host\r\n"
        "a=candidate:2 1 udp 2113937151 192.0.2.7 50001 typ host generation 0\r\n"
        "a=candidate:3 1 tcp 2113937151 192.0.2.7 9 typ host tcptype active\r\n"
        "a=candidate:4 1 udp 2113937151 224.0.0.1 50002 typ host\r\n"
    )

    clean = sdp.clean_offer(offer(candidate=candidates)).splitlines()

    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111" in clean
    assert [line for line in clean if "candidate" in line] == [
        "a=candidate:2 1 udp 2113937151 192.0.2.7 50001 typ host"
    ]
    assert not [line for line in clean if "PCMU" in line or "red/" in line]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("a=fingerprint:sha-256 ", "a=fingerprint:md5 ", "no usable fingerprint"),
        ("opus/48000", "opux/48000", "no opus"),
        ("BUNDLE 0", "BUNDLE 0 1", "the BUNDLE group is not all m-lines"),
        ("a=ice-pwd:", "a=ice-pwx:", "no usable ice-pwd"),
        ("a=rtcp-mux\r\n", "", "no rtcp-mux"),
        (
            "m=audio 9 UDP/TLS",
            "m=audio 9 TCP/TLS",
            "an m-line is neither audio nor video over DTLS",
        ),
    ],
)
def test_an_offer_without_what_matters_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(sdp.SdpRefused) as refusal:
        sdp.clean_offer(offer().replace(old, new))

    assert refusal.value.why == why


def test_the_answer_asks_for_long_audio_packets_and_fec() -> None:
    answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n"

    finished = sdp.finish_answer(answer, {"0"}).splitlines()

    assert "a=rtcp-fb:111 nack" in finished
    assert "a=fmtp:111 minptime=10;useinbandfec=1" in finished
    assert "a=ptime:60" in finished


def test_the_allowance_starts_at_the_top_gives_way_and_comes_back() -> None:
    policy = UplinkPolicy(100, 800)
    calm = policy.update(loss=0, delay_s=0, received_kbps=400, subscriber_kbps=None)
    lossy = policy.update(loss=0.2, delay_s=0, received_kbps=400, subscriber_kbps=None)
    delayed = policy.update(loss=0, delay_s=0.5, received_kbps=300, subscriber_kbps=None)
    for _ in range(20):
        back = policy.update(loss=0, delay_s=0, received_kbps=400, subscriber_kbps=None)
    narrow = policy.update(loss=0, delay_s=0, received_kbps=400, subscriber_kbps=20)

    assert calm == 800
    assert 350 < lossy < 450
    assert delayed < lossy
    assert back == 800
    assert narrow == 100
