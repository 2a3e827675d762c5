"""Films of a known content, and people who may upload them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from django.test import Client

from accounts.models import Role, User
from marketing_media.models import MediaItem, MediaKind


def film(path: Path, *, seconds: float = 3, size=(640, 480), sound=True, picture=True) -> Path:
    """Stripes that move, and a tone; 30 frames a second, 44.1 kHz stereo."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30) if picture else None
        audio = container.add_stream("aac", rate=44_100) if sound else None
        if audio is not None:
            audio.layout = "stereo"
        if video is not None:
            video.width, video.height = size
            video.pix_fmt = "yuv420p"
            for index in range(round(seconds * 30)):
                pixels = np.zeros((size[1], size[0], 3), np.uint8)
                start = index * 8 % size[0]
                pixels[:, start : start + 60] = (250, 200, 40)
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 30)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None:
            for index in range(round(seconds * 44_100 / 1024)):
                at = (np.arange(1024) + index * 1024) / 44_100
                tone = (0.3 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
                sound_frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
                sound_frame.sample_rate, sound_frame.pts = 44_100, index * 1024
                sound_frame.time_base = Fraction(1, 44_100)
                container.mux(audio.encode(sound_frame))
            container.mux(audio.encode(None))
    return path


@pytest.fixture(scope="session")
def small_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "风险提示.mp4", size=(1280, 720))


@pytest.fixture
def item(db: None) -> MediaItem:
    return MediaItem.objects.create(title="贷款用途提示", kind=MediaKind.RISK_NOTICE)


def person(staff_no: str, *operations: str) -> User:
    user = User.objects.create_user(staff_no, "pw-of-a-test", name=staff_no, is_staff=True)
    user.roles.add(Role.objects.create(code=staff_no, name=staff_no, operations=list(operations)))
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
