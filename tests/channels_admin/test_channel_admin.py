"""The back-office page of channels (CHN-1, CHN-2)."""

import pytest
from django.test import Client

from accounts.models import Role, User
from channels_admin.models import Channel

LIST = "/admin/channels_admin/channel/"


def client_with(*operations: str) -> Client:
    user = User.objects.create_user("A1", "pw-of-a-test", name="管", is_staff=True)
    user.roles.add(Role.objects.create(code="r", name="r", operations=list(operations)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_list_finds_by_part_of_name_or_code_and_shows_the_columns(channel: Channel):
    Channel.objects.create(name="手机银行", code="mobile")
    client = client_with("channels.view", "channels.manage")

    page = client.get(LIST, {"q": "银在"}).content.decode()

    assert "原银在线" in page
    assert "手机银行" not in page
    for column in (
        "序号",
        "渠道名称",
        "机构名称",
        "机构号码",
        "渠道代码",
        "渠道状态",
        "创建时间",
        "详情",
    ):
        assert column in page


def test_selected_channels_are_enabled_and_disabled_together(channel: Channel):
    other = Channel.objects.create(name="手机银行", code="mobile")
    client = client_with("channels.view", "channels.manage")

    client.post(LIST, {"action": "enable", "_selected_action": [channel.pk, other.pk]})

    assert set(Channel.objects.values_list("enabled", flat=True)) == {True}


def test_an_enabled_channel_stays_when_deletion_is_asked_for(channel: Channel):
    client = client_with("channels.view", "channels.manage")

    page = client.post(
        LIST, {"action": "delete_selected", "_selected_action": [channel.pk], "post": "yes"}
    ).content.decode()

    assert "请先停用" in page
    assert Channel.objects.filter(pk=channel.pk).exists()


def test_a_disabled_channel_is_deleted(channel: Channel):
    Channel.objects.update(enabled=False)
    client = client_with("channels.view", "channels.manage")

    client.post(
        LIST, {"action": "delete_selected", "_selected_action": [channel.pk], "post": "yes"}
    )

    assert not Channel.objects.exists()


@pytest.mark.parametrize("operations", [("channels.view",), ()])
def test_a_colleague_without_the_operation_changes_nothing(
    channel: Channel, operations: tuple[str, ...]
):
    client = client_with(*operations)

    client.post(LIST, {"action": "disable", "_selected_action": [channel.pk]})
    client.post(f"{LIST}{channel.pk}/change/", {"name": "x", "code": "y"})

    channel.refresh_from_db()
    assert (channel.name, channel.enabled) == ("原银在线", True)
