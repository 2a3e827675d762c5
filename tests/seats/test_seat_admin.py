"""坐席 in the back office: one may see further than one manages (ACC-3)."""

import pytest
from django.test import Client

from accounts.models import Institution, Role, User
from tests.support.factories import make_seat

pytestmark = pytest.mark.django_db


def test_who_sees_the_bank_and_manages_a_branch_changes_no_seat_elsewhere() -> None:
    here, there = [Institution.objects.create(code=code, name=code) for code in ("1", "2")]
    near, far = make_seat(), make_seat()
    User.objects.filter(pk=near.user_id).update(institution=here)
    User.objects.filter(pk=far.user_id).update(institution=there)
    user = User.objects.create_user(
        "M1", "test-password", name="甲", is_staff=True, institution=here
    )
    for code, operation, scope in (
        ("v", "seats.view", "all"),
        ("m", "seats.manage", "institution"),
    ):
        user.roles.add(
            Role.objects.create(code=code, name=code, operations=[operation], scope=scope)
        )
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    pages = {seat: client.get(f"/admin/seats/seat/{seat.pk}/change/").text for seat in (near, far)}
    refused = client.post(f"/admin/seats/seat/{far.pk}/change/", {"daily_cases": "1"})

    assert 'name="_save"' in pages[near]
    assert far.user.name in pages[far]
    assert 'name="_save"' not in pages[far]
    assert refused.status_code == 403
