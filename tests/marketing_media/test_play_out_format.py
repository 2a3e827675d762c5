"""Uploads become what a room can relay as it is."""

from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image

from marketing_media.playout import Encoded, Unfit, encode, fitted
from tests.marketing_media.conftest import film


def packets(path: Path, kind: str):
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return stream.codec_context.name, [
            (round(float((p.pts or 0) * p.time_base) * 1000), p.is_keyframe, p.duration)
            for p in container.demux(stream)
            if p.size
        ]


def test_the_play_out_has_the_rooms_codecs_rate_size_and_keyframes(small_film, tmp_path):
    encoded = encode(small_film, tmp_path)

    assert (encoded.width, encoded.height, encoded.has_audio) == (854, 480, True)
    assert 2950 <= encoded.duration_ms <= 3050
    codec, pictures = packets(tmp_path / "play.mkv", "video")
    assert codec == "vp8"
    assert [at for at, _key, _ in pictures] == [round(i * 1000 / 15) for i in range(45)]
    assert [i for i, (_, key, _d) in enumerate(pictures) if key] == [0, 30]
    codec, sounds = packets(tmp_path / "play.mkv", "audio")
    assert codec == "opus"
    assert {later[0] - first[0] for first, later in pairwise(sounds[1:])} <= {
        19,
        20,
        21,
    }
    with Image.open(tmp_path / "poster.jpg") as poster:
        assert poster.size == (854, 480)
    assert packets(tmp_path / "preview.mp4", "video")[0] == "h264"
    assert packets(tmp_path / "preview.mp4", "audio")[0] == "aac"


def test_sound_alone_is_an_item_without_a_picture(tmp_path):
    source = film(tmp_path / "in.m4a", seconds=2, picture=False)

    encoded = encode(source, tmp_path)

    assert (encoded.width, encoded.has_audio) == (0, True)
    assert not (tmp_path / "poster.jpg").exists()
    with av.open(str(tmp_path / "play.mkv")) as played:
        assert [s.type for s in played.streams] == ["audio"]


def test_a_silent_picture_is_an_item_without_sound(tmp_path):
    encoded = encode(film(tmp_path / "in.mp4", seconds=1, sound=False), tmp_path)

    assert encoded == Encoded(duration_ms=1000, width=640, height=480, has_audio=False)


@pytest.mark.parametrize(
    ("size", "room"),
    [
        ((1920, 1080), (854, 480)),
        ((1080, 1920), (480, 854)),
        ((320, 240), (320, 240)),
        ((321, 241), (320, 240)),
        ((4000, 100), (854, 22)),
    ],
)
def test_a_picture_fits_the_room_and_is_never_enlarged(size, room):
    assert fitted(*size) == room


@pytest.mark.parametrize("kind", ["text", "playlist", "cut"])
def test_what_is_no_film_is_said_to_be_none(kind, small_film, tmp_path):
    source = tmp_path / "in.mp4"
    if kind == "text":
        source.write_text("hello " * 100)
    elif kind == "playlist":
        source.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    else:
        source.write_bytes(small_film.read_bytes()[:2000])

    with pytest.raises(Unfit) as unfit:
        encode(source, tmp_path)

    assert unfit.value.problem == "unreadable"
