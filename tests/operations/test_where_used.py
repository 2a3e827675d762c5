"""Which channels and products a script or an item is used for now: what a change touches."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from channels_admin.models import Channel, ChannelService
from marketing_media.models import MediaItem, ProductMedia
from scripts_mgmt.models import Script, ScriptStep
from scripts_mgmt.selectors import places_of, script_for
from tests.support.factories import make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    user = User.objects.create_user("M1", "test-password", name="主管", is_staff=True)
    operations = ["scripts.view", "media.view"]
    user.roles.add(Role.objects.create(code="m", name="m", operations=operations, scope="all"))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def rosters():
    """Two open channels and a closed one; a product of a task, one of a medium, one of a script."""
    app = Channel.objects.create(name="手机银行", code="APP", enabled=True)
    Channel.objects.create(name="微信银行", code="WX", enabled=True)
    Channel.objects.create(name="旧渠道", code="OLD")
    ChannelService.objects.create(channel=app, product_code="YXD", business_type="首次面谈")
    make_task()  # of YXD 永续贷
    item = MediaItem.objects.create(title="风险提示", kind="risk_notice")
    ProductMedia.objects.create(item=item, product_code="CAR", auto_play=True)
    default = Script.objects.create(title="通用", is_default=True)
    special = Script.objects.create(title="永续贷专用", product_code="YXD", product_name="永续贷")
    app_only = Script.objects.create(title="手机专用", channel_code="APP", product_code="YXD")
    return {"item": item, "default": default, "special": special, "app": app_only}


def used(script, at=None):
    return {
        (place.channel_code, place.product_code, place.business_type)
        for place in places_of(script, at)
    }


def test_every_channel_and_product_has_the_script_that_its_calls_read(rosters):
    assert used(rosters["app"]) == {("APP", "YXD", "首次面谈")}
    assert used(rosters["special"]) == {("WX", "YXD", "")}
    assert used(rosters["default"]) == {("APP", "CAR", ""), ("WX", "CAR", "")}
    for script in (rosters["app"], rosters["special"], rosters["default"]):
        for channel, product, business in used(script):
            assert script_for(channel, product, business) == script


def test_a_script_that_takes_effect_later_is_told_with_what_it_will_take_over(rosters, client):
    later = timezone.now() + dt.timedelta(days=2)
    coming = Script.objects.create(title="新版", channel_code="WX", product_code="YXD",
                                   effective_from=later)  # fmt: skip

    text = client.get(f"/admin/scripts_mgmt/script/{coming.pk}/uses/").content.decode()

    assert used(coming) == set()
    assert "生效，届时用于" in text
    assert "微信银行" in text
    assert "手机银行" not in text


def test_the_page_of_a_script_names_channels_and_products_and_other_versions(rosters, client):
    text = client.get(f"/admin/scripts_mgmt/script/{rosters['special'].pk}/uses/").content.decode()

    assert "微信银行" in text
    assert "永续贷" in text
    assert "旧渠道" not in text
    Script.objects.filter(pk=rosters["special"].pk).update(enabled=False)
    off = client.get(f"/admin/scripts_mgmt/script/{rosters['special'].pk}/uses/").content.decode()
    assert "此版本未启用" in off
    assert "微信银行" not in off


def test_the_page_of_an_item_names_its_products_and_the_scripts_with_their_channels(
    rosters, client
):
    item = rosters["item"]
    ScriptStep.objects.create(
        script=rosters["app"], order=1, title="播放提示", text="x", media_item_id=item.pk
    )

    text = client.get(f"/admin/marketing_media/mediaitem/{item.pk}/uses/").content.decode()

    assert "CAR" in text
    assert "接通后自动播放" in text
    assert "手机专用 v1 · 1 播放提示" in text
    assert "手机银行 · 永续贷 · 首次面谈" in text
    assert "此素材未启用" in text


def test_both_pages_lead_back_and_are_found_from_the_row(rosters, client):
    for page in (
        f"/admin/scripts_mgmt/script/{rosters['default'].pk}/",
        f"/admin/marketing_media/mediaitem/{rosters['item'].pk}/",
    ):
        assert f"{page}uses/" in client.get(f"{page}change/").content.decode()
        assert f"{page}change/" in client.get(f"{page}uses/").content.decode()
    assert client.get("/admin/scripts_mgmt/script/999/uses/").status_code == 404
    assert client.get("/admin/marketing_media/mediaitem/999/uses/").status_code == 404
