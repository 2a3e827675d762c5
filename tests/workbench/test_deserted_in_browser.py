"""The last customer is gone: the seat sees when the call ends, and may wait on."""

from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role
from interviews import services
from interviews.models import Call
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.desk import IN_BROWSER, at_desk, wrong_with
from tests.support.factories import PARTY_ACTOR, make_call, make_seat
from tests.support.waiting import wait_for

pytestmark = IN_BROWSER


def test_the_seat_sees_the_end_coming_and_puts_it_off(base_url: str) -> None:
    seat = make_seat()
    seat.user.roles.add(Role.objects.create(code="s", name="坐席", operations=["workbench.use"]))
    SeatPresence.objects.create(seat=seat, state=Presence.IN_CALL, heartbeat_at=timezone.now())
    call = make_call(seat=seat)
    client = Client()
    client.force_login(seat.user, backend="django.contrib.auth.backends.ModelBackend")

    with at_desk(base_url, client) as page:
        page.goto("/workbench/")
        expect(page.locator("#btn-end")).to_be_visible()
        expect(page.locator("#deserted")).to_be_hidden()
        customer = call.participants.get(role="customer")
        services.leave_call(customer.pk, actor=PARTY_ACTOR, reason="customer")

        expect(page.locator("#deserted")).to_contain_text("客户已全部离开")
        expect(page.locator("#deserted-left")).to_contain_text("00:5")
        wrong = wrong_with(page)
        page.get_by_role("button", name="继续等候", exact=True).click()
        expect(page.locator("#deserted-left")).to_contain_text("02:5")
        until = Call.objects.get(pk=call.pk).deserted_until

        services.join_call(call.task_id, party_id=call.task.parties.get().pk, actor=PARTY_ACTOR)
        expect(page.locator("#deserted")).to_be_hidden()
        services.leave_call(customer.pk, actor=PARTY_ACTOR, reason="customer")
        expect(page.locator("#deserted")).to_be_visible()
        Call.objects.filter(pk=call.pk).update(deserted_until=timezone.now())
        assert wait_for(services.end_deserted, within_s=5, what="it ends") == 1
        expect(page.locator("body")).to_have_attribute("data-screen", "review")

    assert until is not None
    assert wrong == []
