"""Sensitive operations ask again who it is (S:A10)."""

import datetime as dt

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from accounts.models import User
from accounts.sensitive import SENSITIVE
from audit.models import AuditEntry
from parameters import services as parameters
from parameters.selectors import value_of

pytestmark = pytest.mark.django_db
PASSWORD = "test-password"
SETTING = {"scope": "global", "value": "40", "note": "测试"}


@pytest.fixture
def client():
    user = User.objects.create_superuser("root", PASSWORD, name="root")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def later():
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=20)):
        yield


def set_it(client, **given):
    return client.post("/admin/parameters/parameter/of/offer_s/", SETTING | given)


def test_soon_after_the_login_nothing_is_asked(client):
    assert set_it(client).status_code == 302
    assert value_of("offer_s") == 40


def test_later_the_form_waits_for_the_password_and_then_does_what_was_meant(client, later):
    before = value_of("offer_s")
    asked = set_it(client)
    assert asked.status_code == 403
    assert 'name="value" value="40"' in asked.content.decode()
    wrong = set_it(client, proof="wrong")
    assert "密码或验证码不正确" in wrong.content.decode()
    assert value_of("offer_s") == before

    assert set_it(client, proof=PASSWORD).status_code == 302

    assert value_of("offer_s") == 40
    assert set_it(client, value="41").status_code == 302
    assert AuditEntry.objects.filter(action="user.proved_again").count() == 1


def test_wrong_proofs_are_counted_as_failed_logins(client, later):
    for _n in range(5):
        set_it(client, proof="wrong")

    assert set_it(client, proof=PASSWORD).status_code == 429


def test_a_file_leads_over_the_question_and_is_chosen_again(client, later):
    address = "/admin/accounts/user/import/"
    given = SimpleUploadedFile("a.csv", b"a,b\n1,2\n")
    asked = client.post(f"{address}?x=1", {"file": given})
    assert asked["Location"] == "/again?next=%2Fadmin%2Faccounts%2Fuser%2Fimport%2F%3Fx%3D1"

    page = client.post("/again", {"next": address, "proof": PASSWORD})

    assert f'href="{address}"' in page.content.decode()
    assert client.post(address, {"file": given}).status_code == 200


def test_a_script_is_told_so(client, later):
    answer = client.post("/exports/new", headers={"Sec-Fetch-Dest": "empty"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "reauth_required"
    ajax = {"Sec-Fetch-Dest": "empty"}
    assert client.post("/again", {"proof": "wrong"}, headers=ajax).status_code == 403
    assert client.post("/again", {"proof": PASSWORD}, headers=ajax).json() == {"proved": True}


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "\\\\evil.example"])
def test_the_way_on_stays_in_the_house(client, to):
    page = client.post("/again", {"next": to, "proof": PASSWORD})

    assert "evil" not in page.content.decode()


def test_the_parameter_turns_it_off(client, later):
    parameters.set_value("reauth_min", 0, scope="global", by="root")

    assert set_it(client).status_code == 302


def test_every_name_of_the_table_is_a_route():
    found = set()

    def walk(patterns, space):
        for each in patterns:
            if isinstance(each, URLResolver):
                inner = [*space, each.namespace] if each.namespace else space
                walk(each.url_patterns, inner)
            elif each.name:
                found.add(":".join([*space, each.name]))

    walk(get_resolver().url_patterns, [])

    assert set(SENSITIVE) - found == set()
