"""The table of parameters: all of WB-6 is in it, each is whole, and each is read by something."""

from pathlib import Path

import pytest

from parameters.definitions import DEFINITIONS, EVERYWHERE, Kind

# What the bank's document names under 参数设置 -> the parameters that set it. 断点续传 is no choice:
# an upload that was broken off always goes on where it was.
WB_6 = {
    "多轨分离": ["output_tracks"],
    "存储输出：视频": ["output_video"],
    "存储输出：音频": ["output_audio"],
    "存储输出：影像（屏幕抓拍）": ["output_snapshots"],
    "码流自适应": ["video_max_kbps", "video_min_kbps", "video_fps"],
    "断点重连": ["reconnect_window_s"],
    "网络上行限制": ["video_max_kbps"],
    "网络下行限制": ["video_down_max_kbps"],
    "视频分辨率": ["customer_camera_lines", "seat_camera_lines"],
    "录制方式（手工录制/接入即录）": ["record_by_hand"],
    "上传方式（手动上传/边录边传）": ["upload_when"],
    "麦克风": ["seat_joins_muted"],
    "流量路由（流畅优先/画质优先/平衡）": ["network_preference"],
}


@pytest.mark.parametrize("named", WB_6)
def test_what_the_document_names_can_be_set(named):
    for key in WB_6[named]:
        scopes = DEFINITIONS[key].scopes
        assert set(EVERYWHERE) <= set(scopes) or scopes == ("global", "seat"), key


def test_the_choices_are_called_as_in_the_document():
    def words(key):
        return {str(label) for _value, label in DEFINITIONS[key].options}

    assert words("network_preference") == {"流畅优先", "平衡", "画质优先"}
    assert {"边录边传", "手工"} < words("upload_when")
    assert DEFINITIONS["reconnect_window_s"].default == 180


@pytest.mark.parametrize("key", DEFINITIONS)
def test_every_parameter_is_whole(key):
    definition = DEFINITIONS[key]

    assert definition.allows(definition.default)
    assert definition.least < definition.most
    assert str(definition.label)
    assert str(definition.help)
    assert bool(str(definition.unit)) is (definition.kind is Kind.NUMBER)


def test_every_parameter_is_read_by_something():
    root = Path(__file__).parents[2]
    apps = [path.parent for path in root.glob("*/apps.py")]
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for app in apps
        for path in app.rglob("*.py")
        if "migrations" not in path.parts and path.name != "definitions.py"
    )

    assert [key for key in DEFINITIONS if f'"{key}"' not in sources] == []
