"""What the production profile serves and how, asked of a process that runs under it (S:A4, X2)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.run_checks import PRODUCTION

PROJECT = Path(__file__).resolve().parent.parent.parent
ASKED = """
import json
import re
import django
django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.test import Client, RequestFactory
from partner_portals.urls import urlpatterns

client = Client(raise_request_exception=False)
def answer(path, **more):
    return client.get(path, headers={"Host": "interview.example.com"}, **more)

routes = ["/demo/" + re.sub("<[^>]*>", "600318", str(each.pattern)) for each in urlpatterns]
def view(request):
    get_token(request)
    return HttpResponse()
request = RequestFactory().get("/", secure=True)
cookie = CsrfViewMiddleware(view)(request).cookies[settings.CSRF_COOKIE_NAME]
health = answer("/healthz", secure=True)
print(json.dumps({
    "demo": {route: answer(route, secure=True).status_code for route in routes},
    "hsts": health.headers["Strict-Transport-Security"],
    "plain": [(a := answer("/login")).status_code, a.headers.get("Location")],
    "csrf": [cookie.key, cookie["secure"], cookie["path"], cookie["domain"], cookie["samesite"]],
    "session": [settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_PATH,
        settings.SESSION_COOKIE_DOMAIN, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Needs no database: nothing of this gets as far as one."""
    folder = str(tmp_path_factory.mktemp("production"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASKED],
        cwd=PROJECT,
        env={**os.environ, **PRODUCTION, "RUN_DIR": folder},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_no_stand_in_of_the_bank_is_served(told: dict[str, Any]) -> None:
    assert len(told["demo"]) > 10
    assert {route: code for route, code in told["demo"].items() if code != 404} == {}


def test_browsers_are_held_to_https_for_a_year(told: dict[str, Any]) -> None:
    assert told["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert told["plain"] == [301, "https://interview.example.com/login"]


def test_cookies_are_bound_to_this_very_host(told: dict[str, Any]) -> None:
    """`__Host-` holds in a browser only with Secure, the path / and no domain."""
    assert told["csrf"] == ["__Host-csrftoken", True, "/", "", "Lax"]
    assert told["session"] == ["__Host-session", True, "/", None, True, "Lax"]
