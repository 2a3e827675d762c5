"""What every list of the back office has in common: empty states, the bar, cheap filters."""

import re

import pytest
from django.test import Client

from accounts.models import Role, User
from accounts.operations import ALL_OPERATIONS
from tests.support.factories import make_task

pytestmark = pytest.mark.django_db
TASKS = "/admin/interviews/interviewtask/"


@pytest.fixture
def administrator() -> Client:
    user = User.objects.create_user("A1", "test-password", name="甲", is_staff=True)
    user.roles.add(
        Role.objects.create(code="a", name="a", operations=sorted(ALL_OPERATIONS), scope="all")
    )
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_an_empty_list_says_what_to_do_next(administrator: Client) -> None:
    media = "/admin/marketing_media/mediaitem/"

    assert "请用右上角的按钮增加第一条。" in page(administrator, media)
    assert "请放宽条件或清除过滤后重查。" in page(administrator, f"{media}?q=x")
    assert "增加第一条" not in page(administrator, TASKS)


def test_every_page_of_a_module_lights_its_name_in_the_bar(administrator: Client) -> None:
    for path in ("/admin/accounts/user/", "/admin/accounts/role/", "/admin/accounts/role/who/"):
        lit = page(administrator, path).split('aria-current="page">')[1]
        assert lit.startswith("权限管理"), path


def test_tasks_are_found_by_whole_number_and_filtered_by_what_is_there(
    administrator: Client,
) -> None:
    make_task(contract_no="YXD-1")
    make_task(contract_no="YXD-12")

    assert "YXD-12" not in page(administrator, f"{TASKS}?q=YXD-1")
    assert 'product_name=%E6%B0%B8%E7%BB%AD%E8%B4%B7"' in page(administrator, TASKS)
    assert "YXD-12" in page(administrator, f"{TASKS}?product_name=永续贷")
    assert "YXD-12" not in page(administrator, f"{TASKS}?product_name=其他")


def test_a_list_that_grows_offers_to_sort_only_by_what_has_an_index(
    administrator: Client,
) -> None:
    make_task()

    headings = page(administrator, TASKS).split("<thead>")[1].split("</thead>")[0]
    people = page(administrator, "/admin/accounts/user/").split("<thead>")[1].split("</thead>")[0]

    offered = set(re.findall(r'class="sortable column-(\w+)', headings))
    assert offered == {"manager_no", "created_at"}
    assert "customer_name" in headings  # shown, not sorted
    assert {"staff_no", "name"} <= set(re.findall(r'class="sortable column-(\w+)', people))
