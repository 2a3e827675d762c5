"""What every answer carries, errors included (S:X2…X5, X7)."""

import re
from collections.abc import Iterator, Sequence

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import override_settings
from django.urls import get_resolver, reverse

from accounts.models import Role, User
from accounts.operations import ALL_OPERATIONS
from audit.models import AuditEntry

pytestmark = pytest.mark.django_db
PAGES = (
    "/login", "/password", "/", "/recordings/", "/qc/", "/seats/", "/wallboard/", "/dispatch/",
    "/admin/", "/admin/accounts/user/", "/admin/audit/auditentry/", "/admin/parameters/parameter/",
    "/admin/channels_admin/channel/", "/h5/call/", "/demo/customer/", "/healthz", "/no-such-page",
    "/api/sdk/v1/session", "/api/partner/v1/tasks",
)  # fmt: skip


@pytest.fixture
def everything() -> Client:
    user = User.objects.create_user("A1", "test-password", name="甲", is_staff=True)
    user.roles.add(
        Role.objects.create(
            code="a", name="a", operations=sorted(ALL_OPERATIONS - {"workbench.use"}), scope="all"
        )
    )
    client = Client()
    client.force_login(user)
    return client


def answers(client: Client) -> Iterator[tuple[str, HttpResponseBase]]:
    for path in PAGES:
        yield path, client.get(path)


def test_the_content_policy_is_strict_on_every_answer(everything: Client) -> None:
    for path, answer in answers(everything):
        policy = answer.headers["Content-Security-Policy"]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
        assert directives["default-src"] == "'self'", path
        assert directives["object-src"] == "'none'", path
        assert directives["base-uri"] == "'none'", path
        assert directives["frame-ancestors"] == "'none'", path
        assert "unsafe" not in policy, path
        assert "*" not in policy, path


def test_no_page_has_a_script_or_style_of_its_own(everything: Client) -> None:
    for path, answer in answers(everything):
        if not answer.headers.get("Content-Type", "").startswith("text/html"):
            continue
        page = answer.getvalue().decode()
        for script in re.findall(r"<script\b[^>]*>", page):
            assert "src=" in script or "application/json" in script or "nonce=" in script, path
        assert "<style" not in page, path
        assert not re.search(r"<[^>]+\son\w+=", page), path
        assert not re.search(r"<[^>]+\sstyle=", page), path


def test_types_are_not_guessed_frames_and_powers_are_refused(everything: Client) -> None:
    for path, answer in answers(everything):
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, path
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        powers = answer.headers["Permissions-Policy"]
        if not path.startswith(("/h5/", "/workbench/")):
            assert "camera=()" in powers, path
            assert "microphone=()" in powers, path


def test_no_other_origin_is_let_in(everything: Client) -> None:
    for path in PAGES:
        if path.startswith("/api/docs"):
            continue
        answer = everything.get(path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers, path


def test_cookies_are_kept_from_scripts_and_other_sites(everything: Client) -> None:
    client = Client()
    client.post("/login", {"username": "A1", "password": "test-password"})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "name",
    ["login", "logout", "password", "recordings:save_search", "qc:next", "accounts_import"],
)
def test_a_change_without_the_pages_token_is_refused(everything: Client, name: str) -> None:
    path = reverse(f"admin:{name}" if name.startswith("accounts") else name)
    bare = Client(enforce_csrf_checks=True)
    bare.cookies = everything.cookies
    before = AuditEntry.objects.count()

    for body, kind in (({}, None), ('{"a":1}', "text/plain")):
        extra = {"content_type": kind} if kind else {}
        assert bare.post(path, body, **extra).status_code == 403, path  # type: ignore[arg-type]
    assert AuditEntry.objects.count() == before


def test_every_changing_view_of_a_login_is_under_csrf() -> None:
    """Only what asks for a ticket or key of its own may do without the page's token."""
    free = []

    def walk(patterns: Sequence[object], prefix: str) -> None:
        for each in patterns:
            path = prefix + str(each.pattern)  # type: ignore[attr-defined]
            inner = getattr(each, "url_patterns", None)
            if inner is not None:
                walk(inner, path)
            elif getattr(each.callback, "csrf_exempt", False):  # type: ignore[attr-defined]
                free.append(path)

    walk(get_resolver().url_patterns, "")

    assert [path for path in free if not path.startswith(("api/", "internal/"))] == []


@override_settings(DEBUG=False)
def test_an_error_page_tells_nothing_of_the_inside(everything: Client) -> None:
    page = everything.get("/no-such-page").content.decode()

    assert "Traceback" not in page
    assert "urls.py" not in page
