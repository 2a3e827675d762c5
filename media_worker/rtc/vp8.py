"""VP8 in RTP (RFC 7741): the payload descriptor and the little of the frame that a relay reads.

Every function takes the whole RTP packet and offsets into it, so that nothing is copied. What is
cut short raises IndexError; callers guard.
"""

KEYFRAME_START = b"\x9d\x01\x2a"
PICTURE_ID_BITS = 0x7FFF


def descriptor_bytes(packet: bytes, offset: int) -> int:
    """Length of the payload descriptor that starts at `offset`."""
    if not packet[offset] & 0x80:
        return 1
    extension = packet[offset + 1]
    length = 2
    if extension & 0x80:
        length += 2 if packet[offset + 2] & 0x80 else 1
    if extension & 0x40:
        length += 1
    if extension & 0x30:
        length += 1
    return length


def starts_frame(packet: bytes, offset: int) -> bool:
    """Whether this packet is the first of a picture (S bit, partition 0)."""
    return packet[offset] & 0x17 == 0x10


def starts_keyframe(packet: bytes, offset: int) -> bool:
    """Whether this packet is the first of a keyframe; callers made sure of a payload."""
    if packet[offset] & 0x17 != 0x10:
        return False
    return not packet[offset + descriptor_bytes(packet, offset)] & 1


def keyframe_size(frame: bytes) -> tuple[int, int] | None:
    """(width, height) of a keyframe; None when the start code is not where it belongs."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != KEYFRAME_START:
        return None
    width = int.from_bytes(frame[6:8], "little") & 0x3FFF
    height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None


def picture_id(packet: bytes, offset: int) -> int | None:
    """The 15-bit picture id; None when there is none or a short one (no browser sends those)."""
    if packet[offset] & 0x80 and packet[offset + 1] & 0x80 and packet[offset + 2] & 0x80:
        return (packet[offset + 2] & 0x7F) << 8 | packet[offset + 3]
    return None
