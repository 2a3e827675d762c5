"""A highlight reel: stretches of an MP4 copied one behind the other, nothing decoded or encoded.

`python -m recordings.reel SOURCE TARGET SPANS` prints one JSON line. Each stretch begins at the last
keyframe before it, because only there a picture can begin. A process of its own. No Django.
"""

import json
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av


def cut(source: Path, target: Path, spans_ms: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Write the stretches (ms, in order, not overlapping) to `target`.

    Returns {"duration_ms", "chapters": [[from_ms of the source, at_ms of the reel], …]}.
    """
    chapters: list[list[int]] = []
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as made,
    ):
        streams = {stream.index: stream for stream in given.streams if stream.type in _KINDS}
        outs = {index: made.add_stream_from_template(stream) for index, stream in streams.items()}
        video = next((s for s in streams.values() if s.type == "video"), None)
        shift = Fraction(0)  # seconds of reel already written
        for begin_ms, end_ms in spans_ms:
            begin, end = Fraction(begin_ms, 1000), Fraction(end_ms, 1000)
            if video is not None:
                given.seek(int(begin / Fraction(video.time_base or 1)), stream=video, backward=True)
            else:
                given.seek(begin_ms * 1000, backward=True)
            start: Fraction | None = None
            last = Fraction(0)
            held: list[Any] = []
            for packet in given.demux(list(streams.values())):
                if packet.pts is None or packet.dts is None:
                    continue
                at = packet.pts * packet.time_base
                if at >= end:
                    if video is None or packet.stream.type == "video":
                        break
                    continue
                if start is None:
                    if video is not None and packet.stream is not video:
                        held.append(packet)  # sound that comes before the first picture's packet
                        continue
                    start = at
                    chapters.append([int(at * 1000), int(shift * 1000)])
                for each in [*held, packet]:
                    moment = each.pts * each.time_base
                    if moment < start:
                        continue
                    length = (each.duration or 0) * each.time_base
                    last = max(last, moment + length)
                    _move(each, shift - start)
                    each.stream = outs[each.stream.index]
                    made.mux(each)
                held = []
            if start is not None:
                shift += last - start
    return {"duration_ms": int(shift * 1000), "chapters": chapters}


_KINDS = ("video", "audio")


def _move(packet: Any, by_s: Fraction) -> None:
    ticks = round(by_s / packet.time_base)
    packet.pts += ticks
    packet.dts += ticks


def main() -> int:
    source, target, spans = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    result = cut(source, target, [(int(begin), int(end)) for begin, end in spans])
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
