"""Nobody works on it: the page is locked until the person has shown who it is (ACC, S:A9)."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from interviews.models import Participant
from interviews.states import ParticipantRole, ParticipantState
from parameters import services as parameters
from parameters.selectors import value_of
from seats.models import SeatPresence
from seats.states import SIGNED_IN, Presence
from tests.support.factories import make_call, make_seat

pytestmark = pytest.mark.django_db
PASSWORD = "test-password"
SCRIPT = {"Sec-Fetch-Dest": "empty"}
WATCHERS = {"W1": ["dispatch.view"], "M1": ["dispatch.view", "dispatch.manage"]}
SETTING = {"scope": "global", "value": "40", "note": "测试"}


@pytest.fixture
def supervisor():
    return person("M3001", "seats.view", "parameters.view", "parameters.manage")


@pytest.fixture
def client(supervisor):
    return entered(supervisor)


def person(staff_no, *operations):
    user = User.objects.create_user(staff_no, PASSWORD, name=staff_no, is_staff=True)
    user.roles.add(Role.objects.create(code=staff_no, name="r", operations=list(operations)))
    return user


def entered(user):
    client = Client()
    client.post("/login", {"username": user.staff_no, "password": PASSWORD})
    return client


def later(**delta):
    return time_machine.travel(timezone.now() + dt.timedelta(**delta))


def audited():
    kept = AuditEntry.objects.filter(action__startswith="user.page_").order_by("pk")
    return [entry.action for entry in kept]


def test_a_screen_on_the_wall_that_may_do_nothing_else_stays():
    wall, supervisor = (entered(person(no, *ops)) for no, ops in WATCHERS.items())
    with later(hours=2):
        assert wall.get("/wallboard/board.json", headers=SCRIPT).status_code == 200
        assert supervisor.get("/wallboard/board.json", headers=SCRIPT).json()["code"] == "locked"


def test_after_half_an_hour_a_page_asks_for_the_password_and_goes_on_where_it_was(client):
    with later(minutes=29):
        assert client.get("/seats/").status_code == 200
    with later(minutes=60):
        answer = client.get("/seats/?from=2026-01-05")
        assert answer.url == "/again?next=%2Fseats%2F%3Ffrom%3D2026-01-05"
        assert "已锁定" in client.get(answer.url).content.decode()

        back = client.post("/again", {"proof": PASSWORD, "next": "/seats/?from=2026-01-05"})

        assert back.url == "/seats/?from=2026-01-05"
        assert client.get(back.url).status_code == 200
    assert audited() == ["user.page_locked", "user.page_unlocked"]


def test_nothing_but_the_unlocking_and_the_way_out_is_answered(client):
    with later(minutes=31):
        for path in ("/", "/exports/state", "/admin/", "/password", "/second-factor"):
            answer = client.get(path, headers=SCRIPT)
            assert (answer.status_code, answer.json()["code"]) == (403, "locked"), path
        assert client.post("/columns", {"back": "/"}).status_code == 403
        assert client.post("/idle", headers=SCRIPT).json()["locked"] is True
        assert client.post("/again", {"proof": PASSWORD}, headers=SCRIPT).json() == {"proved": True}
        assert client.get("/seats/").status_code == 200
    with later(minutes=90):
        client.post("/logout")
        assert client.get("/seats/").url.startswith("/login")


def test_a_form_that_is_sent_too_late_waits_for_the_password_with_what_was_entered(client):
    before = value_of("offer_s")
    path = "/admin/parameters/parameter/of/offer_s/"
    with later(minutes=31):
        asked = client.post(path, SETTING)
        page = asked.content.decode()
        assert asked.status_code == 403
        assert "已锁定" in page
        assert 'name="value" value="40"' in page
        assert value_of("offer_s") == before

        assert client.post(path, SETTING | {"proof": PASSWORD}).status_code == 302

    assert value_of("offer_s") == 40


def test_wrong_passwords_count_as_failed_logins_and_it_stays_locked(client):
    with later(minutes=31):
        told = [client.post("/again", {"proof": "x"}, headers=SCRIPT).status_code for _ in range(6)]

        assert told[:4] == [403] * 4
        assert told[-1] == 429
        assert client.post("/again", {"proof": PASSWORD}, headers=SCRIPT).status_code == 429
        assert client.get("/idle", headers=SCRIPT).json()["locked"] is True
        assert client.get("/seats/").status_code == 429
    assert AuditEntry.objects.filter(action="user.locked").exists()


def test_it_stays_locked_whatever_the_parameter_says_later(client):
    with later(minutes=31):
        client.get("/seats/")
        parameters.set_value("idle_lock_min", 0, scope="global", by="root")

        assert client.get("/seats/").url.startswith("/again")


def test_a_page_that_asks_by_itself_is_nobodys_act_and_one_that_tells_of_work_is(client):
    with later(minutes=20):
        assert 540 < client.get("/idle", headers=SCRIPT).json()["left_s"] <= 600
    with later(minutes=25):
        client.post("/idle", headers=SCRIPT)
    with later(minutes=35):
        assert 1140 < client.get("/idle", headers=SCRIPT).json()["left_s"] <= 1200
    with later(minutes=56):
        assert client.get("/idle", headers=SCRIPT).json()["locked"] is True


def test_none_is_locked_where_the_parameter_says_so(client):
    parameters.set_value("idle_lock_min", 0, scope="global", by="root")

    with later(hours=3):
        assert client.get("/idle", headers=SCRIPT).json() == {"locked": False, "left_s": None}
        assert client.get("/seats/").status_code == 200


@pytest.mark.parametrize("state", sorted(SIGNED_IN))
def test_a_signed_in_seat_is_never_locked_and_is_after_signing_out(state):
    seat = make_seat("S9001")
    seat.user.roles.add(Role.objects.create(code="s", name="s", operations=["workbench.use"]))
    client = entered(seat.user)
    presence = SeatPresence.objects.create(seat=seat, state=state)

    with later(hours=3):
        assert client.get("/idle", headers=SCRIPT).json() == {"locked": False, "left_s": None}
        assert client.get("/workbench/", headers=SCRIPT).status_code == 200
    presence.state = Presence.SIGNED_OUT
    presence.save()
    with later(hours=4):
        assert client.get("/workbench/", headers=SCRIPT).json()["code"] == "locked"


def test_a_supervisor_in_a_call_is_not_locked(supervisor, client):
    call = make_call()
    place = Participant.objects.create(
        call=call, user=supervisor, role=ParticipantRole.SUPERVISOR, silent=True
    )

    with later(hours=1):
        assert client.get("/idle", headers=SCRIPT).json() == {"locked": False, "left_s": None}
    Participant.objects.filter(pk=place.pk).update(state=ParticipantState.LEFT)
    with later(hours=1):
        assert client.get("/idle", headers=SCRIPT).json()["locked"] is True
