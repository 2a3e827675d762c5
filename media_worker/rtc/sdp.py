"""SDP is hostile input: it is checked and rewritten before aiortc sees it.

Only what a room needs survives: VP8 with RTX, Opus, ICE, DTLS, a handful of attributes. That also
makes aiortc's parsing several times cheaper than a browser's full offer.
"""

import ipaddress
import re
from dataclasses import dataclass, field

LINES_MAX = 4000
LINE_CHARS_MAX = 1200
# Own; what a listening supervisor sees: nine people, another supervisor, the share, the play-out.
MEDIA_MAX = 2 + 2 * 12
CANDIDATES_MAX = 20
SSRC_LINES_MAX = 12
AUDIO_PTIME_MS = 60  # Chromium then sends 16.7 packets a second instead of 50
OPUS_PARAMETERS = "minptime=10;useinbandfec=1"
DIRECTIONS = ("sendonly", "recvonly", "sendrecv", "inactive")
FINGERPRINT = re.compile(
    r"sha-(256 ([0-9A-F]{2}:){31}|384 ([0-9A-F]{2}:){47}|512 ([0-9A-F]{2}:){63})[0-9A-F]{2}",
    re.IGNORECASE,
)
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~/-]{1,32}")
ICE_TEXT = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")
RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9-]+)/(\d+)(?:/(\d))?")
EXTMAP = re.compile(r"(\d{1,3})(?:/\w+)? (\S{1,100})")
SSRC = re.compile(r"(\d{1,10}) (cname|msid|mslabel|label):(\S[\x21-\x7e ]{0,200})")
FID = re.compile(r"FID (\d{1,10}) (\d{1,10})")
CLOCKS = {"opus": 48000, "VP8": 90000, "rtx": 90000}


class SdpRefused(Exception):
    """The description is not one that a room can accept; `why` is for logs, without its text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class _Section:
    head: str
    lines: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [line[len(name) + 3 :] for line in self.lines if line.startswith(f"a={name}:")]

    def value(self, name: str) -> str | None:
        found = self.values(name)
        return found[0] if found else None

    @property
    def direction(self) -> str:
        return next((d for d in DIRECTIONS if f"a={d}" in self.lines), "sendrecv")


def clean_offer(text: str) -> str:
    """The offer without anything a room does not need. Raises SdpRefused."""
    session, media = _split(text)
    bundle = next((g.split()[1:] for g in session.values("group") if g[:7] == "BUNDLE "), None)
    if bundle is None:
        raise SdpRefused("no BUNDLE group")
    mids = [_mid(section) for section in media]
    if len(set(mids)) != len(mids) or sorted(mids) != sorted(bundle):
        raise SdpRefused("the BUNDLE group is not all m-lines")
    sending = [s.head.split()[0] for s in media if s.direction in ("sendonly", "sendrecv")]
    if len(set(sending)) != len(sending):
        raise SdpRefused("more than one m-line of a kind sends")
    out = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    for section, mid in zip(media, mids, strict=True):
        out += _clean_section(section, session, mid)
    return "\r\n".join(out) + "\r\n"


def _split(text: str) -> tuple[_Section, list[_Section]]:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > LINES_MAX or lines[0] != "v=0":
        raise SdpRefused("not an SDP of a sensible size")
    session, media = _Section("session"), []
    current = session
    for line in lines:
        if len(line) > LINE_CHARS_MAX or not line.isprintable():
            raise SdpRefused("a line is too long or not text")
        if line.startswith("m="):
            current = _Section(line[2:])
            media.append(current)
        else:
            current.lines.append(line.rstrip())
    if not 1 <= len(media) <= MEDIA_MAX:
        raise SdpRefused("too few or too many m-lines")
    return session, media


def _mid(section: _Section) -> str:
    mid = section.value("mid")
    if mid is None or not TOKEN.fullmatch(mid):
        raise SdpRefused("an m-line has no mid")
    return mid


def _one(section: _Section, session: _Section, name: str, shape: re.Pattern[str]) -> str:
    value = section.value(name) or session.value(name)
    if value is None or not shape.fullmatch(value):
        raise SdpRefused(f"no usable {name}")
    return value


def _clean_section(section: _Section, session: _Section, mid: str) -> list[str]:
    parts = section.head.split()
    if len(parts) < 4 or parts[0] not in ("audio", "video") or parts[2] != "UDP/TLS/RTP/SAVPF":
        raise SdpRefused("an m-line is neither audio nor video over DTLS")
    if parts[1] == "0":
        raise SdpRefused("an m-line is rejected already")
    if "a=rtcp-mux" not in section.lines:
        raise SdpRefused("no rtcp-mux")
    kind = parts[0]
    codecs = _codecs(section, kind, set(parts[3:]))
    setup = section.value("setup") or session.value("setup")
    if setup not in ("actpass", "active", "passive"):
        raise SdpRefused("no usable setup")
    out = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(str(pt) for pt in codecs)}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{_one(section, session, 'ice-ufrag', ICE_TEXT)}",
        f"a=ice-pwd:{_one(section, session, 'ice-pwd', ICE_TEXT)}",
        f"a=fingerprint:{_one(section, session, 'fingerprint', FINGERPRINT)}",
        f"a=setup:{setup}",
        f"a=mid:{mid}",
        f"a={section.direction}",
        "a=rtcp-mux",
    ]
    for value in section.values("extmap"):
        match = EXTMAP.fullmatch(value)
        if match and 1 <= int(match[1]) <= 14:
            out.append(f"a=extmap:{match[1]} {match[2]}")
    for lines in codecs.values():
        out += lines
    out += _ssrcs(section)
    out += _candidates(section)
    return out


def _codecs(section: _Section, kind: str, offered: set[str]) -> dict[int, list[str]]:
    """Payload type → its lines: the first Opus or VP8, and the RTX of that VP8."""
    wanted = "opus" if kind == "audio" else "VP8"
    maps: dict[int, str] = {}
    for value in section.values("rtpmap"):
        match = RTPMAP.fullmatch(value)
        if match is None or match[1] not in offered or not 96 <= int(match[1]) <= 127:
            # 35-63 are RTX of codecs beyond the classic range; Chromium keeps VP8 within it.
            continue
        name = next((n for n in CLOCKS if n.lower() == match[2].lower()), None)
        if name is not None and int(match[3]) == CLOCKS[name]:
            maps[int(match[1])] = name
    main = next((pt for pt, name in maps.items() if name == wanted), None)
    if main is None:
        raise SdpRefused(f"no {wanted}")
    suffix = "opus/48000/2" if kind == "audio" else "VP8/90000"
    found = {main: [f"a=rtpmap:{main} {suffix}"]}
    if kind == "video":
        found[main] += [f"a=rtcp-fb:{main} {fb}" for fb in ("nack", "nack pli", "goog-remb")]
        fmtp = dict(v.split(" ", 1) for v in section.values("fmtp") if " " in v)
        for pt, name in maps.items():
            if name == "rtx" and fmtp.get(str(pt)) == f"apt={main}":
                found[pt] = [f"a=rtpmap:{pt} rtx/90000", f"a=fmtp:{pt} apt={main}"]
                break
    return found


def _ssrcs(section: _Section) -> list[str]:
    group = next((m for v in section.values("ssrc-group") if (m := FID.fullmatch(v))), None)
    keep = {group[1], group[2]} if group else None
    lines: list[str] = []
    for value in section.values("ssrc"):
        match = SSRC.fullmatch(value)
        if match is None or int(match[1]) > 0xFFFFFFFF or match[2] != "cname":
            continue
        if keep is None:
            keep = {match[1]}
        if match[1] in keep and len(lines) < SSRC_LINES_MAX:
            lines.append(f"a=ssrc:{match[1]} cname:peer")
    if group and len(lines) >= 2:
        lines.insert(0, f"a=ssrc-group:FID {group[1]} {group[2]}")
    return lines


def _candidates(section: _Section) -> list[str]:
    """UDP candidates with an address. `.local` names would block the loop for up to a second."""
    out: list[str] = []
    for value in section.values("candidate"):
        bits = value.split()
        if len(bits) < 8 or len(out) >= CANDIDATES_MAX:
            continue
        foundation, component, transport, priority, host, port, typ, kind = bits[:8]
        try:
            address = ipaddress.ip_address(host)
            usable = (
                transport.lower() == "udp"
                and component == "1"
                and typ == "typ"
                and kind in ("host", "srflx", "prflx", "relay")
                and 0 < int(port) < 65536
                and 0 < int(priority) < 2**32
                and TOKEN.fullmatch(foundation) is not None
                and not (address.is_multicast or address.is_unspecified)
            )
        except ValueError:
            continue
        if usable:
            out.append(
                f"a=candidate:{foundation} 1 udp {int(priority)} {address} {int(port)} typ {kind}"
            )
    return out


def finish_answer(text: str, sending_mids: set[str]) -> str:
    """Our answer plus what aiortc does not write about sound.

    Opus FEC, 60 ms packets from the client, and that lost packets may be asked for: browsers do not
    offer that for sound but do it, both ways, when the answer says so.
    """
    out: list[str] = []
    section: list[str] = []
    for line in [*text.replace("\r\n", "\n").rstrip("\n").split("\n"), "m="]:
        if line.startswith("m="):
            out += _finish_section(section, sending_mids)
            section = []
        section.append(line)
    return "\r\n".join(out) + "\r\n"


def _finish_section(section: list[str], sending_mids: set[str]) -> list[str]:
    if not section or not section[0].startswith("m=audio"):
        return section
    out: list[str] = []
    for line in section:
        out.append(line)
        match = re.fullmatch(r"a=rtpmap:(\d+) opus/48000/2", line)
        if match:
            out.append(f"a=rtcp-fb:{match[1]} nack")
            out.append(f"a=fmtp:{match[1]} {OPUS_PARAMETERS}")
    if any(f"a=mid:{mid}" in section for mid in sending_mids):
        out.append(f"a=ptime:{AUDIO_PTIME_MS}")
    return out
