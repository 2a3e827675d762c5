"""Every route and socket × every kind of person, out of `permissions.yaml` (S:B1, B2).

A route or socket without a line there fails. Refused is 401, 403, 404, 405 or the way to the log-in page; what
is open must answer something else. Everything a request does is rolled back before the next.
"""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.apps import apps
from django.contrib import admin
from django.db import connection, connections, transaction
from django.db.models import Model
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import DataScope, Institution, Role, User
from accounts.operations import ALL_OPERATIONS
from appointments.models import Appointment
from channels_admin.models import Channel
from interviews import services as interviews
from interviews.states import Verdict
from marketing_media.models import MediaItem
from outbox.models import OutboxMessage
from qc import services as qc
from qc.states import ReviewMove
from queueing.models import CallRequest
from recordings import services as recordings
from scripts_mgmt.models import Script
from seats.models import PresenceHistory, SeatPresence
from tests.support.factories import SEAT_ACTOR, make_call, make_seat, make_task
from tests.support.sockets import Socket

pytestmark = pytest.mark.django_db
RULES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent / "permissions.yaml").read_text(encoding="utf-8")
)
SUPERVISOR = frozenset(
    code
    for code in ALL_OPERATIONS
    if code.split(".")[0]
    in {"seats", "dispatch", "channels", "scripts", "media", "videos", "parameters", "qc"}
) - {"qc.review"}
KINDS: dict[str, tuple[frozenset[str], DataScope, str]] = {
    "anon": (frozenset(), DataScope.OWN, "here"),
    "nobody": (frozenset(), DataScope.OWN, "here"),
    "seat": (frozenset({"workbench.use"}), DataScope.OWN, "here"),
    "colleague": (frozenset({"workbench.use"}), DataScope.OWN, "here"),
    "supervisor": (SUPERVISOR, DataScope.INSTITUTION, "here"),
    "supervisor_elsewhere": (SUPERVISOR, DataScope.INSTITUTION, "there"),
    "reviewer": (frozenset({"qc.review", "qc.view", "videos.view"}), DataScope.INSTITUTION, "here"),
    "reviewer_elsewhere": (
        frozenset({"qc.review", "qc.view", "videos.view"}),
        DataScope.INSTITUTION,
        "there",
    ),
    "auditor": (frozenset({"audit.view"}), DataScope.ALL, "there"),
    "administrator": (ALL_OPERATIONS - {"workbench.use", "qc.review"}, DataScope.ALL, "there"),
}


@dataclass
class World:
    """One interview of one seat, and the people who might want it."""

    people: dict[str, User]
    ids: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)


def routes() -> Iterator[str]:
    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns, prefix + str(each.pattern))
            else:
                yield prefix + str(each.pattern)

    yield from walk(get_resolver().url_patterns, "")


def model_route(route: str) -> tuple[str, str] | None:
    """("seats/seat", "change") for the admin's own routes of a model."""
    found = re.fullmatch(
        r"admin/([a-z_]+/[a-z]+)/(?:(add)/|<path:object_id>/(?:(history|delete|change)/)?)?", route
    )
    if found is None:
        return None
    return found[1], found[2] or found[3] or ("list" if route.count("<") == 0 else "old")


def is_known(route: str) -> bool:
    listed = {*RULES["everyone"], *RULES["person"], *RULES["pages"]}
    model = model_route(route)
    return (
        route in listed
        or (model is not None and model[0] in RULES["models"])
        or any(re.match(pattern, route) for pattern in [*RULES["token"], *RULES["documents"]])
        or any(_of_back_office(route, each) for each in RULES["back_office"])
    )


def _of_back_office(route: str, each: str) -> bool:
    return route == each or ("(?P<" in each and route.startswith(each))


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    found = set(routes())

    assert [route for route in sorted(found) if not is_known(route)] == []
    assert [route for route in RULES["pages"] if route not in found] == []
    registered = {
        f"{model._meta.app_label}/{model._meta.model_name}" for model in admin.site._registry
    }
    assert set(RULES["models"]) == registered


@pytest.fixture
def world() -> World:
    places = {code: Institution.objects.create(code=code, name=code) for code in ("here", "there")}
    people = {}
    for kind, (operations, scope, place) in KINDS.items():
        if kind == "anon":
            continue
        user = User.objects.create_user(kind, None, name=kind, institution=places[place])
        user.is_staff = bool(operations - {"workbench.use"})
        user.save()
        role = Role.objects.create(
            code=kind.replace("_", "-"), name=kind, operations=sorted(operations), scope=scope
        )
        user.roles.add(role)
        people[kind] = user
    seat = make_seat("S1")
    seat.user = people["seat"]
    seat.save()
    make_seat("S2")
    other = make_seat("S3")
    other.user = people["colleague"]
    other.save()
    task = make_task()
    call = make_call(task, seat)
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    task.parties.update(interviewed_at=timezone.now())
    interviews.file_verdict(call.pk, verdict=Verdict.DOUBT, note="反光", actor=SEAT_ACTOR)
    review = qc.open_review(call.pk, doubt="反光")
    qc.claim(review.pk, reviewer=people["reviewer"])
    qc.decide(review.pk, ReviewMove.PASS, reviewer=people["reviewer"], reasons=[], note="")
    recording = recordings.ensure_recording(call.pk)
    slot = ("2026-01-05T09:00:00+08:00", "2026-01-05T09:30:00+08:00")
    appointment = Appointment.objects.create(
        task=task, seat=seat, slot=slot, state="EXPIRED", booked_by="t"
    )
    request = CallRequest.objects.create(
        task=task, party=task.parties.get(), state="CLOSED", channel_code="C"
    )
    channel = Channel.objects.create(code="C", name="渠道", enabled=True)
    script = Script.objects.create(title="话术")
    item = MediaItem.objects.create(title="素材", kind="risk")
    presence = SeatPresence.objects.get(seat=seat)
    history = PresenceHistory.objects.create(seat=seat, state="READY", since=slot[0], until=slot[1])
    rows: list[Model] = [
        seat,
        call,
        task,
        recording,
        appointment,
        request,
        channel,
        script,
        item,
        presence,
    ]
    rows += [history, task.parties.get(), people["seat"], Role.objects.get(code="seat")]
    rows += [places["here"], OutboxMessage.objects.earliest("pk")]
    return World(
        people=people,
        ids={
            "call_id": call.pk,
            "recording_id": recording.pk,
            "review_id": review.pk,
            "seat_id": seat.pk,
            "user_id": people["seat"].pk,
            "request_id": request.pk,
            "channel_id": channel.pk,
            "script_id": script.pk,
            "item_id": item.pk,
            "snapshot_id": uuid.uuid4(),
            "upload_id": uuid.uuid4(),
            "change_id": 1,
            "file": "x.video.mkv",
            "image_id": "1",
            "key": "offer_s",
            "what": "unlock",
            "form": "csv",
        },
        rows={row._meta.label_lower.replace(".", "/"): row for row in rows},
    )


def path_of(route: str, world: World) -> str:
    filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(world.ids.get(m[1], "1")), route)
    return f"/{filled}"


def is_refused(answer: HttpResponseBase) -> bool:
    if answer.status_code in {401, 403, 404, 405}:
        return True
    return answer.status_code in {301, 302} and "/login" in answer["Location"]


def entered(world: World, kind: str) -> Client:
    client = Client(raise_request_exception=True)
    if kind != "anon":
        client.force_login(world.people[kind], "django.contrib.auth.backends.ModelBackend")
    return client


def ask(client: Client, method: str, path: str) -> HttpResponseBase:
    """The answer; what the request changed is undone."""
    with transaction.atomic():
        answer = getattr(client, method.lower())(path)
        transaction.set_rollback(True)
    return answer


def may(kind: str, rule: dict[str, Any], method: str) -> bool:
    operations, scope, place = KINDS[kind]
    if kind == "seat" and rule.get("own_seat"):
        return method in rule
    if not operations & set(rule.get(method, ())):
        return False
    if not rule.get("owned") or scope == DataScope.ALL:
        return True
    return scope == DataScope.INSTITUTION and place == "here"


@pytest.mark.parametrize("kind", KINDS)
def test_pages_open_to_whom_the_table_says_and_to_nobody_else(world: World, kind: str) -> None:
    client = entered(world, kind)
    wrong = []
    for route, rule in RULES["pages"].items():
        for method in ("GET", "POST", *({"PUT", "PATCH"} & rule.keys())):
            answer = ask(client, method, path_of(route, world))
            expected = may(kind, rule, method)
            empty = rule.get("empty") and answer.status_code in {403, 404}
            if is_refused(answer) is expected and not (expected and empty):
                wrong.append((method, route, answer.status_code, "open" if expected else "closed"))
            if answer.status_code >= 500:
                wrong.append((method, route, answer.status_code, "broken"))

    assert wrong == [], wrong


@pytest.mark.parametrize("kind", KINDS)
def test_the_back_office_opens_as_the_table_says(world: World, kind: str) -> None:
    client = entered(world, kind)
    wrong = []
    for name, rule in RULES["models"].items():
        see = {"GET": [*rule.get("see", ()), *rule.get("change", ())]}
        change = {"GET": rule.get("change", ())}
        row = world.rows.get(name)
        asked: list[tuple[str, str, dict[str, Any]]] = [("list", f"/admin/{name}/", see)]
        asked.append(("add", f"/admin/{name}/add/", change))
        if row is not None:
            owned = {"owned": bool(rule.get("owned"))}
            asked.append(("see", f"/admin/{name}/{row.pk}/change/", see | owned))
            asked.append(("history", f"/admin/{name}/{row.pk}/history/", see | owned))
            if "delete" not in rule.get("deny", ()):
                asked.append(("delete", f"/admin/{name}/{row.pk}/delete/", change | owned))
        for what, path, needed in asked:
            answer = ask(client, "GET", path)
            # Django's admin leads away from a row that is not there.
            is_gone = answer.status_code == 302 and not is_refused(answer)
            if (is_refused(answer) or is_gone) is may(kind, needed, "GET"):
                wrong.append((what, path, answer.status_code))
    for path in ("/admin/", "/admin/jsi18n/"):
        if is_refused(ask(client, "GET", path)) is (
            kind in {"anon", "nobody", "seat", "colleague"}
        ):
            continue
        wrong.append(("index", path, 0))

    assert wrong == [], wrong


@pytest.mark.parametrize("kind", ["anon", "seat", "administrator"])
def test_a_login_opens_no_interface_of_other_systems(world: World, kind: str) -> None:
    client = entered(world, kind)
    wrong = []
    for route in routes():
        if not any(re.match(pattern, route) for pattern in RULES["token"]):
            continue
        for method in ("GET", "POST"):
            answer = ask(client, method, path_of(route, world))
            # Admission is where an app without a token begins: it is refused for its body only.
            begins = route == "api/sdk/v1/admission" and answer.status_code == 415
            if not is_refused(answer) and not begins:
                wrong.append((method, route, answer.status_code))

    assert wrong == [], wrong


def test_no_model_of_the_back_office_is_reached_by_djangos_own_permissions(world: World) -> None:
    """Django's permissions are not ours: whoever has them all, and no role, enters nothing."""
    user = world.people["nobody"]
    user.is_staff = True
    user.save()
    user.user_permissions.set(apps.get_model("auth", "Permission").objects.all())
    client = entered(world, "nobody")

    opened = [
        name
        for name in RULES["models"]
        if not name.startswith("axes/") and not is_refused(ask(client, "GET", f"/admin/{name}/"))
    ]

    assert opened == []


# What looking at something may write: that it was looked at, how long the login and a ticket last.
NOTED_BY_LOOKING = {
    "django_session",
    "audit_auditentry",
    "recordings_viewticket",
}
WRITING = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')


@pytest.mark.parametrize("kind", ["administrator", "seat", "reviewer"])
def test_looking_changes_nothing(world: World, kind: str) -> None:
    """S:X5: no GET of any page changes a row, whoever asks."""
    client = entered(world, kind)
    lists = [f"/admin/{name}/" for name in RULES["models"]]
    forms = [f"/admin/{name}/{row.pk}/change/" for name, row in world.rows.items()]
    pages = [path_of(route, world) for route in [*RULES["pages"], *RULES["person"]]]
    wrong = []
    for path in [*pages, *lists, *forms]:
        with CaptureQueriesContext(connection) as asked:
            ask(client, "GET", path)
        found = {match[1] for each in asked if (match := WRITING.match(each["sql"]))}
        if found - NOTED_BY_LOOKING:
            wrong.append((path, sorted(found - NOTED_BY_LOOKING)))

    assert wrong == []


# --- sockets --------------------------------------------------------------------------------

NOT_LOGGED_IN, NOT_ALLOWED = 4401, 4403


def test_every_socket_has_a_rule_and_every_rule_a_socket() -> None:
    from interview_site.asgi import sockets

    assert {str(each.pattern) for each in sockets} == set(RULES["sockets"])


def expected_of(kind: str, rule: dict[str, Any]) -> str | int:
    if rule.get("token") or kind == "anon":
        return NOT_LOGGED_IN
    return "open" if may(kind, rule, "open") else NOT_ALLOWED


async def told_by(path: str, client: Client, rule: dict[str, Any]) -> str | int:
    """ "open" when the socket shows something, else the code it is closed with."""
    from interview_site.asgi import application

    cookie = "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())
    headers = {"host": "testserver", "origin": "http://testserver", "cookie": cookie}
    socket = Socket(application, path, [(k.encode(), v.encode()) for k, v in headers.items()])
    assert await socket.open()
    try:
        if rule.get("token"):
            await socket.tell({"type": "hello", "id": "1", "token": "none"})
        while (told := await socket.receive_output(30))["type"] == "websocket.send":
            if json.loads(told["text"])["type"] in {"snapshot", "state"}:
                return "open"
        return int(told["code"])
    finally:
        await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_sockets_open_to_whom_the_table_says_and_to_nobody_else(world: World) -> None:
    wrong = []
    for kind in KINDS:
        client = await sync_to_async(entered)(world, kind)
        for route, rule in RULES["sockets"].items():
            told = await told_by(path_of(route, world), client, rule)
            if told != expected_of(kind, rule):
                wrong.append((kind, route, told, expected_of(kind, rule)))
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()
    await sync_to_async(connections.close_all)()

    assert wrong == []
