import pytest

from channels_admin.models import Channel


@pytest.fixture
def channel(db: None) -> Channel:
    return Channel.objects.create(name="原银在线", code="yuanyin", enabled=True)
