"""Case data beside a call: the seat's own, and nobody else's."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Role
from audit.models import AuditEntry
from credit_bridge.models import CreditCase, CreditImage, CreditParty
from tests.support.factories import make_call, make_seat

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
    case = CreditCase.objects.create(
        contract_no=made.task.contract_no,
        case_no="AJ1",
        product_code="YXD",
        product_name="永续贷",
        manager_no="600318",
        manager_name="赵启航",
        applied_on=dt.date(2026, 3, 18),
        amount=Decimal("420000.00"),
        term_months=60,
        annual_rate=Decimal("4.35"),
        disbursement="自主支付",
        repayment_bank="示例银行",
        repayment_account="6200123412341087",
        repayment_day=20,
    )
    CreditParty.objects.create(
        case=case,
        role="PRIMARY_BORROWER",
        name="张晓明",
        phone="13800001234",
        id_no="410105198803121234",
    )
    CreditImage.objects.create(
        case=case, kind="id", title="身份证", person="张晓明", content=b"\xff\xd8picture"
    )
    return made


def test_the_seat_sees_the_case_with_numbers_masked(call):
    answer = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/case.json")

    assert answer.status_code == 200
    body = answer.content.decode()
    assert "410***********1234" in body
    assert "410105198803121234" not in body
    assert "13800001234" not in body
    assert ["贷款金额（元）", "420,000.00"] in answer.json()["loan"]


def test_a_colleague_and_a_stranger_see_nothing(call):
    colleague = logged_in(make_seat())
    image = CreditImage.objects.get()

    for url in (
        f"/workbench/calls/{call.pk}/case.json",
        f"/workbench/calls/{call.pk}/images/{image.pk}",
    ):
        assert colleague.get(url).status_code == 404
        assert Client().get(url).status_code == 302


def test_an_image_is_shown_once_asked_for_and_noted(call):
    image = CreditImage.objects.get()

    answer = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/images/{image.pk}")

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

    answer = logged_in(call.seat).get(f"/workbench/calls/{call.pk}/images/{other.pk}")

    assert answer.status_code == 404
    assert b"secret" not in answer.content
