"""The bar of every page: the modules that are open to the person, and the menu for the rest."""

import re

import pytest
from django.test import Client

from accounts.models import Role, User
from ui.doors import DOORS

pytestmark = pytest.mark.django_db


def bar(path, *operations):
    user = User.objects.create_user("B1", "test-password", name="甲")
    user.roles.add(
        Role.objects.create(code="b", name="b", operations=list(operations), scope="all")
    )
    client = Client()
    client.force_login(user)
    page = client.get(path).content.decode()
    found = re.search(r'<nav class="nav".*?</nav>', page, re.DOTALL)
    assert found is not None
    return found[0]


def links(html):
    return re.findall(r'href="([^"]+)"', html)


def test_a_handful_of_modules_stands_in_the_bar_without_a_menu():
    shown = bar("/qc/", "qc.view", "videos.view")

    assert links(shown) == ["/", "/recordings/", "/qc/"]
    assert "<details" not in shown


def test_who_may_enter_everything_finds_every_module_once_the_rest_in_the_menu():
    shown = bar("/bridge/", *{door.operation for door in DOORS})

    in_bar, in_menu = shown.split("<details")
    assert links(in_bar) == ["/", *(door.url for door in DOORS[:7])]
    assert links(in_menu) == [door.url for door in DOORS[7:] if door.url != "/admin/"]


def test_the_menu_is_called_after_the_module_one_is_in():
    shown = bar("/bridge/", *{door.operation for door in DOORS})

    summary = re.search(r"<summary.*?</summary>", shown, re.DOTALL)
    assert summary is not None
    assert "is-here" in summary[0]
    assert "系统对接" in summary[0]
    assert "更多" not in summary[0]
