"""The door in the database: every attempt stays, deletion is guarded."""

import pytest
from django.core.exceptions import ValidationError

from audit.models import AuditEntry
from channels_admin import services
from channels_admin.admission import Claim, Point
from channels_admin.errors import ChannelEnabled, ChannelRefused, PlaceRefused
from channels_admin.models import (
    AdmissionAttempt,
    Channel,
    ChannelFence,
    ChannelNetwork,
    ChannelService,
)
from channels_admin.reports import doubts_text
from channels_admin.selectors import service_types
from common.actor import SYSTEM

REFUSED = "当前渠道未被授权接入我行视频坐席，请联系您的客户经理。"


def claim(code: str = "yuanyin", **facts: object) -> Claim:
    return Claim(channel_code=code, phone="13800000001", product_code="P1", **facts)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_new_channel_is_disabled():
    assert Channel.objects.create(name="新", code="new").enabled is False


@pytest.mark.parametrize("code", ["yuanyin", "nobody"])
def test_a_disabled_and_an_unknown_channel_get_the_documents_sentence_and_leave_an_attempt(
    channel: Channel, code: str
):
    services.set_enabled([channel.pk], enabled=False, actor=SYSTEM)

    with pytest.raises(ChannelRefused) as refusal:
        services.admit(claim(code, device_model="Mate 60", os="HarmonyOS 4", ip="1.2.3.4"))

    assert refusal.value.text == REFUSED
    attempt = AdmissionAttempt.objects.get()
    assert (attempt.admitted, attempt.channel_code, attempt.device_model) == (
        False,
        code,
        "Mate 60",
    )
    assert attempt.phone == "13800000001"
    assert attempt.ip == "1.2.3.4"


def test_a_caller_outside_is_told_where_to_go(channel: Channel):
    ChannelFence.objects.create(
        channel=channel, name="陆家嘴支行", latitude=31.2397, longitude=121.4998, radius_m=300
    )
    ChannelFence.objects.create(
        channel=channel, name="张江支行", corners=[[31.2, 121.58], [31.2, 121.6], [31.3, 121.6]]
    )
    ChannelNetwork.objects.create(channel=channel, name="YONGXU-GUEST", ssid="YONGXU-GUEST")

    with pytest.raises(PlaceRefused) as refusal:
        services.admit(claim(point=Point(30.0, 120.0)))

    assert refusal.value.text == "请前往陆家嘴支行、张江支行或连接YONGXU-GUEST后再次发起面谈。"
    assert AdmissionAttempt.objects.get().reason == "outside"


def test_an_admitted_caller_is_stored_with_the_checks(channel: Channel):
    ChannelNetwork.objects.create(channel=channel, name="专线", ip_range="10.0.0.0/8")

    attempt = services.admit(claim(ip="10.9.8.7", point=Point(31.123456789, 121.1)))

    attempt.refresh_from_db()
    assert attempt.admitted
    assert attempt.checks == [{"kind": "network", "row": "专线", "passed": True}]
    assert str(attempt.latitude) == "31.123457"


def test_only_a_disabled_channel_can_be_deleted_and_its_attempts_stay(channel: Channel):
    services.admit(claim())

    with pytest.raises(ChannelEnabled):
        services.delete_channel(channel.pk, actor=SYSTEM)
    assert Channel.objects.filter(pk=channel.pk).exists()

    services.set_enabled([channel.pk], enabled=False, actor=SYSTEM)
    services.delete_channel(channel.pk, actor=SYSTEM)

    assert not Channel.objects.exists()
    assert AdmissionAttempt.objects.get().channel is None
    assert list(
        AuditEntry.objects.filter(object_type="channel")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["channel.disabled", "channel.deleted"]


def test_service_types_are_those_of_the_product_and_those_of_all(channel: Channel):
    for product, kind in [("", "贷中面谈"), ("P2", "贷后回访"), ("P1", "补充面谈")]:
        ChannelService.objects.create(channel=channel, product_code=product, business_type=kind)

    assert service_types("yuanyin", "P1") == ["贷中面谈", "补充面谈"]


@pytest.mark.parametrize(
    "corners", [[[1, 2], [3, 4]], [[1, 2], [3, 4], [5]], [[100, 2], [3, 4], [5, 6]], {"a": 1}]
)
def test_corners_that_make_no_polygon_are_refused(channel: Channel, corners: object):
    with pytest.raises(ValidationError):
        ChannelFence(channel=channel, name="x", corners=corners).full_clean()


def test_a_doubtful_position_is_stored_as_it_was_told_with_what_speaks_against_it(
    channel: Channel,
):
    first = services.admit(claim(point=Point(31.2397, 121.4998), accuracy_m=20.0))
    second = services.admit(claim(point=Point(39.9, 116.4), mocked=True, accuracy_m=20.0))

    assert (first.doubts, second.doubts) == ([], ["mocked", "too_fast"])
    assert float(second.latitude or 0) == 39.9
    assert doubts_text(second) == "模拟定位、两次位置相距过远"


def test_a_strict_channel_refuses_a_doubtful_position_as_if_there_were_none(channel: Channel):
    ChannelFence.objects.create(
        channel=channel, name="陆家嘴支行", latitude=31.2397, longitude=121.4998, radius_m=300
    )
    Channel.objects.update(refuse_doubtful_place=True)
    inside = Point(31.2397, 121.4998)

    with pytest.raises(PlaceRefused):
        services.admit(claim(point=inside, mocked=True))
    assert services.admit(claim(point=inside)).admitted
