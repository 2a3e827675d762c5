"""The second factor: enrolment, codes, recovery codes, whom it is asked of (S:A4)."""

import base64
import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP

from accounts import second_factor
from accounts.models import RecoveryCode, Role, SecondFactor, User
from accounts.selectors import actor_of
from audit.models import AuditEntry
from parameters import services as parameters

pytestmark = pytest.mark.django_db
PASSWORD = "test-password"


@pytest.fixture
def supervisor():
    user = User.objects.create_user("M3001", PASSWORD, name="韩雪")
    user.roles.add(Role.objects.create(code="m", name="主管", operations=["seats.view"]))
    return user


@pytest.fixture
def enrolled(supervisor):
    """The person, the seed on the phone, and the recovery codes."""
    client = Client()
    client.force_login(supervisor)
    seed = seed_on(client.post("/second-factor", {"what": "begin"}))
    page = client.post("/second-factor", {"what": "confirm", "code": code_of(seed)})
    return supervisor, seed, codes_on(page)


def seed_on(page):
    found = re.search(r'login__seed">([A-Z2-7 ]+)<', page.content.decode())
    assert found is not None, page.content.decode()
    return found[1].replace(" ", "")


def codes_on(page):
    return re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page.content.decode())


def code_of(seed, steps=0):
    clock = TOTP(base64.b32decode(seed))
    clock.time = timezone.now().timestamp() + 30 * steps
    return f"{clock.token():06d}"


def entered(user):
    """A browser that has given the password."""
    client = Client()
    answer = client.post("/login", {"username": user.staff_no, "password": PASSWORD})
    return client, answer


def is_in(client):
    return client.get("/seats/").status_code == 200


def test_who_has_no_second_factor_and_needs_none_logs_in_as_ever(supervisor):
    client, answer = entered(supervisor)

    assert answer["Location"] == "/"
    assert is_in(client)


def test_the_password_alone_opens_nothing(enrolled):
    user, _seed, _codes = enrolled

    client, answer = entered(user)

    assert answer["Location"] == "/login/second"
    assert "_auth_user_id" not in client.session
    assert not is_in(client)
    assert not AuditEntry.objects.filter(action="user.logged_in").exists()


def test_a_code_opens_and_goes_where_the_person_wanted_to_go(enrolled):
    user, seed, _codes = enrolled
    client = Client()
    client.post(
        "/login", {"username": user.staff_no, "password": PASSWORD, "next": "/seats/?from=x"}
    )

    answer = client.post("/login/second", {"code": code_of(seed, 1)})

    assert answer["Location"] == "/seats/?from=x"
    assert is_in(client)
    assert AuditEntry.objects.filter(action="user.logged_in", object_id=user.pk).exists()


def test_a_code_counts_once_and_an_older_one_no_more(enrolled):
    user, seed, _codes = enrolled
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2), tick=False):
        code, before = code_of(seed), code_of(seed, -1)
        first, _ = entered(user)
        assert first.post("/login/second", {"code": code}).status_code == 302

        for again in (code, before):
            client, _ = entered(user)
            assert client.post("/login/second", {"code": again}).status_code == 200
            assert not is_in(client)


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(enrolled, steps, opens):
    user, seed, _codes = enrolled
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5), tick=False):
        client, _ = entered(user)
        client.post("/login/second", {"code": code_of(seed, steps)})

        assert is_in(client) is opens


def test_five_wrong_codes_lock_the_person_also_for_the_password(enrolled):
    user, seed, _codes = enrolled
    client, _ = entered(user)
    for _n in range(5):
        client.post("/login/second", {"code": "abcdef"})

    assert client.post("/login/second", {"code": code_of(seed, 1)}).status_code == 429
    assert entered(user)[1].status_code == 429
    assert AuditEntry.objects.filter(action="user.locked").exists()


def test_a_recovery_code_opens_once(enrolled):
    user, _seed, codes = enrolled
    assert len(set(codes)) == second_factor.RECOVERY_CODES

    client, _ = entered(user)
    client.post("/login/second", {"code": codes[3].upper()})
    assert is_in(client)

    client, _ = entered(user)
    client.post("/login/second", {"code": codes[3]})
    assert not is_in(client)
    assert second_factor.recovery_codes_left(user) == 9
    assert AuditEntry.objects.filter(action="user.recovery_code_used").count() == 1


def test_neither_seed_nor_recovery_codes_stand_in_the_database(enrolled):
    _user, seed, codes = enrolled
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM accounts_secondfactor")
        stored = cursor.fetchone()[0]

    assert seed not in stored
    assert SecondFactor.objects.get().seed == seed
    kept = RecoveryCode.objects.values_list("fingerprint", flat=True)
    assert not any(code.replace("-", "") in each for code in codes for each in kept)


def test_a_role_that_demands_it_leads_to_enrolment_before_anything_opens(supervisor):
    Role.objects.update(second_factor=True)
    client, answer = entered(supervisor)
    assert answer["Location"] == "/login/second"
    assert "开始绑定" in client.get("/login/second").content.decode()
    assert not SecondFactor.objects.exists()

    seed = seed_on(client.post("/login/second", {"what": "begin"}))
    wrong = client.post("/login/second", {"what": "confirm", "code": "abc"})
    assert "验证码不正确" in wrong.content.decode()
    assert not is_in(client)
    page = client.post("/login/second", {"what": "confirm", "code": code_of(seed)})

    assert len(codes_on(page)) == 10
    assert is_in(client)


@pytest.mark.parametrize(("demand", "asked"), [(0, False), (1, False), (2, True)])
def test_the_parameter_says_of_whom_it_is_asked(supervisor, demand, asked):
    if demand != 1:
        parameters.set_value("second_factor", demand, scope="global", by="admin")

    _client, answer = entered(supervisor)

    assert (answer["Location"] == "/login/second") is asked


def test_the_half_way_is_open_for_ten_minutes(enrolled):
    user, seed, _codes = enrolled
    client, _ = entered(user)

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=11)):
        answer = client.post("/login/second", {"code": code_of(seed)})

    assert answer["Location"] == "/login"


def test_a_changed_account_ends_the_half_way(enrolled):
    user, seed, _codes = enrolled
    client, _ = entered(user)
    User.objects.update(is_active=False)

    assert client.post("/login/second", {"code": code_of(seed, 1)})["Location"] == "/login"


def test_a_new_phone_counts_from_its_first_code_and_the_old_one_until_then(enrolled):
    user, old, _codes = enrolled
    client = Client()
    client.force_login(user)

    new = seed_on(client.post("/second-factor", {"what": "begin"}))
    assert second_factor.prove(user, code_of(old, 1), actor=actor(user))
    client.post("/second-factor", {"what": "confirm", "code": code_of(new)})

    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5)):
        assert not second_factor.prove(user, code_of(old), actor=actor(user))
        assert second_factor.prove(user, code_of(new), actor=actor(user))


def test_who_must_have_it_cannot_give_it_up(enrolled):
    user, _seed, _codes = enrolled
    client = Client()
    client.force_login(user)
    Role.objects.update(second_factor=True)

    assert client.post("/second-factor", {"what": "remove"}).status_code == 409
    assert second_factor.has_one(user)

    Role.objects.update(second_factor=False)
    client.post("/second-factor", {"what": "remove"})
    assert not second_factor.has_one(user)
    assert not RecoveryCode.objects.exists()


def test_an_administrator_resets_it_and_all_logins_end(enrolled):
    user, _seed, _codes = enrolled
    open_one = Client()
    open_one.force_login(user)
    root = User.objects.create_superuser("root", PASSWORD, name="root")
    client = Client()
    client.force_login(root)

    client.post("/admin/accounts/user/act/second/", {"ids": str(user.pk)})

    assert not second_factor.has_one(user)
    assert not is_in(open_one)
    assert is_in(entered(user)[0])
    assert AuditEntry.objects.filter(
        action="user.second_factor_reset", actor_name="root", object_id=user.pk
    ).exists()


def actor(user):
    return actor_of(user)
