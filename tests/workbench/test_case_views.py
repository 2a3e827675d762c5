"""Case data beside a call: the seat's own, and nobody else's."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Role
from audit.models import AuditEntry
from credit_bridge.models import CreditCase, CreditImage
from marketing_media import services as media
from marketing_media.errors import MediaInUse
from marketing_media.models import MediaItem
from marketing_media.selectors import uses_of
from parameters.models import Parameter, Scope
from scripts_mgmt.models import Script, ScriptStep
from tests.support.factories import SEAT_ACTOR, make_call, make_case, make_seat

pytestmark = pytest.mark.django_db


def logged_in(seat):
    role, _ = Role.objects.get_or_create(
        code="seat", defaults={"name": "坐席", "operations": ["workbench.use"]}
    )
    seat.user.roles.set([role])
    client = Client()
    client.force_login(seat.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def call():
    made = make_call()
    make_case(made.task.contract_no)
    return made


def test_the_seats_picture_has_the_bounds_of_the_call_and_the_size_of_its_own_seat(call):
    staff_no = call.seat.user.staff_no
    for key, value in (("network_preference", 0), ("video_max_kbps", 500), ("video_fps", 12)):
        Parameter.objects.create(
            scope=Scope.PRODUCT, code=call.task.product_code, key=key, value=value
        )
    Parameter.objects.create(scope=Scope.SEAT, code=staff_no, key="seat_camera_lines", value=720)

    view = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/case.json").json()

    assert view["video"] == {
        "min_kbps": 100,
        "max_kbps": 500,
        "lines": 720,
        "frame_rate": 12,
        "preference": "smooth",
    }


def test_the_seat_sees_the_case_with_numbers_masked(call):
    answer = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/case.json")

    assert answer.status_code == 200
    body = answer.content.decode()
    assert "410***********1234" in body
    assert "410105198803121234" not in body
    assert "13800001234" not in body
    amount = next(f for f in answer.json()["loan"]["fields"] if f["name"] == "amount")
    assert (amount["now"], amount["shown"], amount["is_changed"]) == (
        "420,000.00",
        "420,000.00",
        False,
    )


def test_a_colleague_and_a_stranger_see_nothing(call):
    colleague = logged_in(make_seat())
    image = CreditImage.objects.get()

    for url in (
        f"/workbench/calls/{call.pk}/case.json",
        f"/bridge/calls/{call.pk}/images/{image.pk}",
    ):
        assert colleague.get(url).status_code == 404
        assert Client().get(url).status_code == 302


def test_an_image_is_shown_once_asked_for_and_noted(call):
    image = CreditImage.objects.get()

    answer = logged_in(call.seat).get(f"/bridge/calls/{call.pk}/images/{image.pk}")

    assert answer.content == b"\xff\xd8picture"
    assert AuditEntry.objects.filter(action="image.opened", object_id=str(image.pk)).count() == 1


def test_an_image_of_another_case_is_not_found(call):
    other = CreditImage.objects.create(
        case=CreditCase.objects.create(
            contract_no="OTHER",
            case_no="AJ2",
            product_code="YXD",
            product_name="永续贷",
            manager_no="1",
            manager_name="x",
            applied_on=dt.date(2026, 3, 18),
            amount=Decimal("1.00"),
            term_months=1,
            annual_rate=Decimal(1),
            disbursement="x",
            repayment_bank="x",
            repayment_account="x",
            repayment_day=1,
        ),
        kind="id",
        title="x",
        person="x",
        content=b"secret",
    )

    answer = logged_in(call.seat).get(f"/bridge/calls/{call.pk}/images/{other.pk}")

    assert answer.status_code == 404
    assert b"secret" not in answer.content


def script_for_the_case(item_id=None):
    script = Script.objects.create(title="话术", product_code="YXD")
    ScriptStep.objects.create(
        script=script,
        order=1,
        title="金额",
        text="{客户姓名}，金额{贷款金额}元",
        key_points="看着镜头",
        guide="face",
        media_item_id=item_id,
    )
    return script


def test_the_seats_script_has_values_key_points_guide_and_the_linked_item(call):
    item = MediaItem.objects.create(
        title="风险提示", kind="risk_notice", play_epoch=1, enabled=True
    )
    script_for_the_case(item.pk)

    answer = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/case.json").json()

    step = answer["script"]["steps"][0]
    assert step["text"] == f"{call.task.customer_name}，金额420,000.00元"
    assert (step["points"], step["guide"]) == (["看着镜头"], "face")
    assert (step["media_id"], step["media_title"]) == (item.pk, "风险提示")
    assert [use.where for use in uses_of(item.pk)] == ["话术 v1 · 1 金额"]


def test_an_item_that_an_enabled_script_must_play_is_neither_disabled_nor_deleted(call):
    item = MediaItem.objects.create(
        title="风险提示", kind="risk_notice", play_epoch=1, enabled=True
    )
    free = MediaItem.objects.create(title="活动", kind="campaign", play_epoch=1, enabled=True)
    script = script_for_the_case(item.pk)

    with pytest.raises(MediaInUse) as refusal:
        media.set_enabled([free.pk, item.pk], enabled=False, actor=SEAT_ACTOR)
    MediaItem.objects.update(enabled=False)
    with pytest.raises(MediaInUse):
        media.delete_item(item.pk, actor=SEAT_ACTOR)

    assert "话术 v1 · 1 金额" in refusal.value.text
    assert MediaItem.objects.count() == 2
    MediaItem.objects.update(enabled=True)
    script.steps.update(required=False)
    assert media.set_enabled([free.pk, item.pk], enabled=False, actor=SEAT_ACTOR) == 2
    script.steps.update(required=True)
    Script.objects.update(enabled=False)
    media.delete_item(item.pk, actor=SEAT_ACTOR)


def test_a_script_is_previewed_on_a_real_case_by_those_who_see_scripts_and_it_is_audited(call):
    script = script_for_the_case()
    url = f"/workbench/scripts/{script.pk}/preview"
    seat = logged_in(call.seat)

    assert seat.get(url, {"contract": call.task.contract_no}).status_code == 404
    Role.objects.update(operations=["scripts.view"])
    page = seat.get(url, {"contract": call.task.contract_no}).content.decode()
    unknown = seat.get(url, {"contract": "NONE"}).content.decode()

    assert f"{call.task.customer_name}，金额420,000.00元" in page
    assert "没有合同号为 NONE 的面谈任务" in unknown
    assert AuditEntry.objects.filter(action="script.previewed").count() == 1


def test_a_script_is_previewed_on_cases_of_ones_own_scope_only(call):
    script = script_for_the_case()
    elsewhere = logged_in(make_seat())
    Role.objects.update(operations=["scripts.view"], scope="own")

    page = elsewhere.get(
        f"/workbench/scripts/{script.pk}/preview", {"contract": call.task.contract_no}
    ).content.decode()

    assert f"没有合同号为 {call.task.contract_no} 的面谈任务" in page
    assert call.task.customer_name not in page
    assert not AuditEntry.objects.filter(action="script.previewed").exists()
