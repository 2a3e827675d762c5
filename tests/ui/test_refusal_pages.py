"""What a person and a program see when a page is missing, forbidden or broken (S:L3, RFC 9457)."""

from collections.abc import Iterator

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from interview_site.urls import handler403, handler404, handler500  # noqa: F401  # used by Django

pytestmark = pytest.mark.django_db


def breaks(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("身份证 330102199001011234")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("User S1001")


urlpatterns = [
    path("broken", breaks),
    path("api/broken", breaks),
    path("internal/broken", breaks),
    path("missing", missing),
    path("api/missing", missing),
]


@pytest.fixture
def client() -> Iterator[Client]:
    with override_settings(ROOT_URLCONF=__name__, DEBUG=False):
        yield Client(raise_request_exception=False)


def test_a_broken_page_gives_a_number_to_name_and_nothing_of_the_fault(client: Client) -> None:
    answer = client.get("/broken")

    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "330102" not in answer.content.decode()


@pytest.mark.parametrize("url", ["/api/broken", "/internal/broken"])
def test_a_broken_interface_answers_with_problem_details(client: Client, url: str) -> None:
    answer = client.get(url)

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"], body["retryable"]) == ("server_error", 500, True)
    assert body["facts"] == {"request_id": answer["X-Request-ID"]}


@pytest.mark.parametrize("name", ["missing", "no-such-page"])
def test_what_is_missing_says_so_in_the_form_the_caller_reads(client: Client, name: str) -> None:
    page, interface = client.get(f"/{name}"), client.get(f"/api/{name}")

    assert (page.status_code, interface.status_code) == (404, 404)
    assert "没有找到该页面" in page.content.decode()
    assert "S1001" not in page.content.decode()
    assert interface.json()["code"] == "not_found"
