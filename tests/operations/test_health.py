"""Health as a load balancer and the supervisor read it."""

import datetime as dt
import io
import time
from typing import NamedTuple

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from common.clock import db_now
from media_worker.models import MediaWorker
from operations.checks import CELERY_SEEN_KEY, LONG_SEEN_KEY

NOBODY_LISTENS = "redis://127.0.0.1:9/0"


def make_worker(*, age_s: float = 0, draining: bool = False) -> MediaWorker:
    now = db_now()
    return MediaWorker.objects.create(
        worker_id="media-1",
        control_url="http://127.0.0.1:9",
        started_at=now,
        last_heartbeat_at=now - dt.timedelta(seconds=age_s),
        capacity=8,
        draining=draining,
    )


def test_a_living_process_answers_without_asking_anybody(client: Client) -> None:
    response = client.get("/healthz")  # no database fixture: a query would fail

    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_every_part_works(client: Client) -> None:
    make_worker()
    cache.set(CELERY_SEEN_KEY, time.time())
    cache.set(LONG_SEEN_KEY, {"at": time.time(), "busy": 2})

    response = client.get("/readyz")

    assert response.status_code == 200
    checks = response.json()["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == {
        "database": True,
        "migrations": True,
        "redis": True,
        "media": True,
        "spool": True,
        "celery": True,
        "celery-long": True,
    }
    assert "正在处理 2 项，排队 0 项" in checks["celery-long"]["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "worker", [{"age_s": 60}, {"draining": True}], ids=["silent worker", "draining worker"]
)
def test_not_ready_without_a_media_worker_that_takes_calls(
    client: Client, worker: dict[str, float]
) -> None:
    make_worker(**worker)  # type: ignore[arg-type]  # ages and flags

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["media"] == {
        "ok": False,
        "detail": "没有在线的媒体服务进程",
        "required": True,
        "warning": False,
    }


@pytest.mark.django_db
def test_events_that_a_worker_had_to_put_aside_are_a_warning(client: Client) -> None:
    make_worker()
    MediaWorker.objects.update(events_set_aside=3)

    media = client.get("/readyz").json()["checks"]["media"]

    assert (media["ok"], media["warning"]) == (True, True)
    assert media["detail"] == "在线媒体服务：1，搁置了 3 条无法处理的事件：请联系开发"


@pytest.mark.django_db
def test_lost_redis_is_a_finding_that_tells_no_address(client: Client, settings: Settings) -> None:
    make_worker()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS}}

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["redis"]["detail"] == "ConnectionError"
    assert "127.0.0.1" not in response.content.decode()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": _real(settings)}}


def _real(settings: Settings) -> str:
    return f"{settings.REDIS_URL}/2"


@pytest.mark.django_db
def test_pages_stay_in_service_while_background_work_is_away(client: Client) -> None:
    make_worker()
    cache.set(CELERY_SEEN_KEY, time.time() - 60)
    cache.set(LONG_SEEN_KEY, {"at": time.time() - 60, "busy": 0})

    response = client.get("/readyz")

    assert response.status_code == 200
    checks = response.json()["checks"]
    assert (checks["celery"]["ok"], checks["celery-long"]["ok"]) == (False, False)


@pytest.mark.django_db
def test_a_missing_spool_is_a_finding_not_an_error(client: Client, settings: Settings) -> None:
    make_worker()
    settings.SPOOL_DIR = "/nonexistent/spool"

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["spool"]["detail"] == "FileNotFoundError"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.django_db
@pytest.mark.parametrize(("free_percent", "warning"), [(19, True), (21, False)])
def test_a_spool_four_fifths_full_is_a_warning_before_it_is_a_failure(
    client: Client, monkeypatch: pytest.MonkeyPatch, free_percent: int, warning: bool
) -> None:
    make_worker()
    free = free_percent << 30
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(100 << 30, (100 << 30) - free, free))
    said = io.StringIO()

    response = client.get("/readyz")
    call_command("doctor", stdout=said, no_color=True)

    spool = response.json()["checks"]["spool"]
    assert (response.status_code, spool["ok"], spool["warning"]) == (200, True, warning)
    shown = f"spool       录制盘剩余 {free_percent}%（{free_percent}.0 GB）"
    expected = f"! {shown}，已用超过 80%：请清理或扩容" if warning else f"✓ {shown}"
    assert expected in said.getvalue().splitlines()


@pytest.mark.django_db
def test_doctor_names_what_is_wrong_and_fails() -> None:
    said = io.StringIO()

    with pytest.raises(CommandError, match="系统未就绪"):
        call_command("doctor", stdout=said, no_color=True)

    assert "✗ media       没有在线的媒体服务进程" in said.getvalue()
    assert "✓ database    PostgreSQL 18" in said.getvalue()
