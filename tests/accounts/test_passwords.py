"""Which passwords are good enough (ACC-2, S:A3), and how somebody comes to a new one (S:A5)."""

import datetime as dt

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import passwords, services
from accounts.models import UsedPassword, User
from accounts.passwords import initial_password
from audit.models import AuditEntry
from parameters.models import Parameter
from seats.models import SeatPresence
from seats.states import Presence
from tests.support.factories import SEAT_ACTOR, make_seat

pytestmark = pytest.mark.django_db
GOOD = "大雨落在旧屋檐上 once"


@pytest.fixture
def user():
    return User.objects.create_user("800123", "Old-Password-1", name="林可欣")


def entered(user, password="Old-Password-1"):
    client = Client()
    client.post("/login", {"username": user.staff_no, "password": password})
    return client


def change(client, new, old="Old-Password-1", again=None):
    return client.post("/password", {"old": old, "new": new, "again": again or new})


def set_parameter(key, value):
    Parameter.objects.create(key=key, scope="global", code="", value=value)


@pytest.mark.parametrize(
    "password",
    [
        "short-9",
        "password123",
        "1234567890",
        "qwertyuiop",
        "800123-abcdef",
        "示例银行2026欢迎",
        "x" * 129,
    ],
)
def test_a_weak_password_is_refused(user, password):
    with pytest.raises(ValidationError):
        validate_password(password, user)


@pytest.mark.parametrize(
    "password", [GOOD, "y" * 40 + "Z" * 60, " leading and trailing ", "龙马精神海鹤姿态春风"]
)
def test_long_words_spaces_and_chinese_are_good(user, password):
    validate_password(password, user)


def test_nothing_of_a_long_password_is_cut_off(user):
    user.set_password("a" * 100 + "1")

    assert not user.check_password("a" * 100 + "2")


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("onlylowercase", False),
        ("lower-and-marks", False),
        ("Lower-And-Upper", True),
        ("lower4nd-digit", True),
    ],
)
def test_the_graded_profile_wants_three_kinds(user, password, good):
    set_parameter("password_profile", 1)

    if good:
        validate_password(password, user)
    else:
        with pytest.raises(ValidationError):
            validate_password(password, user)


def test_a_used_password_is_not_chosen_again_until_it_is_forgotten(user):
    set_parameter("password_history", 2)
    for password in ("First-Choice-77", "Second-Choice-77"):
        services.change_password(user.pk, password, actor=SEAT_ACTOR)
    user.refresh_from_db()

    for used in ("First-Choice-77", "Second-Choice-77", "Old-Password-1"):
        with pytest.raises(ValidationError):
            services.change_password(user.pk, used, actor=SEAT_ACTOR)
    services.change_password(user.pk, "Third-Choice-77", actor=SEAT_ACTOR)
    services.change_password(user.pk, "Old-Password-1", actor=SEAT_ACTOR)
    assert UsedPassword.objects.filter(user=user).count() == 2


def test_an_initial_password_satisfies_the_strictest_policy(user):
    set_parameter("password_profile", 1)

    for _n in range(50):
        validate_password(initial_password(), user)


def test_first_login_leads_to_the_change_and_nowhere_else(user):
    initial = services.reset_password(user.pk, actor=SEAT_ACTOR)
    client = entered(user, initial)

    assert client.get("/").url == "/password"
    assert client.get("/recordings/").url == "/password"
    assert client.post("/recordings/saved", {"name": "x"}).status_code == 403
    assert change(client, GOOD, initial).url == "/"
    assert client.get("/").status_code == 200
    assert entered(user, initial).get("/").status_code == 302


def test_an_initial_password_nobody_came_for_is_worth_nothing(user):
    initial = services.reset_password(user.pk, actor=SEAT_ACTOR)

    with time_machine.travel(timezone.now() + dt.timedelta(days=8), tick=False):
        answer = Client().post("/login", {"username": "800123", "password": initial})

    assert "初始密码已过期" in answer.content.decode()


def test_a_password_that_is_too_old_has_to_be_changed(user):
    set_parameter("password_days", 30)

    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        client = entered(user)
        assert client.get("/").url == "/password"


def test_the_graded_profile_never_lets_a_password_get_older_than_ninety_days():
    set_parameter("password_profile", 1)

    assert passwords.days_valid() == 90
    set_parameter("password_days", 200)
    assert passwords.days_valid() == 90


@pytest.mark.parametrize(
    ("old", "new", "again", "told"),
    [
        ("wrong", GOOD, GOOD, "原密码不正确"),
        ("Old-Password-1", GOOD, "other", "两次输入的新密码不一致"),
        ("Old-Password-1", "short", "short", "密码至少 10 位"),
        ("Old-Password-1", "Old-Password-1", "Old-Password-1", "使用过的密码相同"),
    ],
)
def test_a_change_that_is_refused_says_why_and_changes_nothing(user, old, new, again, told):
    answer = change(entered(user), new, old, again)

    assert told in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password("Old-Password-1")


def test_guessing_the_old_password_locks_as_guessing_at_the_door_does(user):
    client = entered(user)
    for _n in range(5):
        answer = change(client, GOOD, "wrong")

    assert change(client, GOOD).status_code == 429
    assert answer.status_code in {200, 429}
    assert (
        Client().post("/login", {"username": "800123", "password": "Old-Password-1"}).status_code
        == 429
    )


def test_a_changed_password_ends_the_other_logins_and_keeps_this_one(user):
    here, there = entered(user), entered(user)

    change(here, GOOD)

    assert here.get("/").status_code == 200
    assert there.get("/").url.startswith("/login")
    entry = AuditEntry.objects.get(action="user.password_changed")
    assert GOOD not in entry.payload


def test_a_seat_signs_out_before_it_changes_the_password():
    seat = make_seat("S9001")
    client = Client()
    client.force_login(seat.user)
    SeatPresence.objects.create(seat=seat, state=Presence.IN_CALL)

    assert client.get("/password").status_code == 409
