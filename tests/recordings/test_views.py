"""Who may see which recording, and how it is served."""

import csv
import hashlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.http import urlencode
from pytest_django.fixtures import Settings

from accounts.models import Role, User
from audit.models import AuditEntry
from common.ranges import PART_BYTES, Opened, answer, requested_range
from interviews.models import Snapshot
from parameters.services import set_value
from recordings import services
from recordings.folder import read_folder
from recordings.models import ArchiveEntry, Recording, SavedSearch
from recordings.selectors import Search, page_of
from recordings.states import Stage
from recordings.storage import sha256_of
from tests.recordings.conftest import MakeEnded

WHO = ("owner", "reviewer", "supervisor", "colleague", "stranger")


def with_role(staff_no: str, *operations: str, scope: str = "all") -> User:
    user = User.objects.create_user(staff_no, "test-password", name=staff_no)
    role = Role.objects.create(
        code=f"r{staff_no}", name=staff_no, operations=list(operations), scope="all"
    )
    user.roles.add(role)
    return user


def pretend_sealed(recording: Recording, body: bytes = bytes(range(256)) * 40) -> None:
    """Composing is tested elsewhere; here any bytes do. What follows - storing - is real."""
    root = Path(settings.SPOOL_DIR) / str(recording.call_id)
    (root / "out").mkdir()
    names = {"file": "out/e1.mp4", "manifest": "out/manifest.e1.json"}
    (root / names["file"]).write_bytes(body)
    folder = read_folder(root)
    for part in folder.parts:
        recording.tracks.create(
            participant_id=part.participant_id,
            leg_no=1,
            kind=part.kind,
            file=part.file,
            start_ms=round(part.start_ms),
            end_ms=part.end_ms or 0,
            bytes=part.bytes or 0,
            sha256=part.sha256 or "",
        )
    files = [
        {
            "name": file.relative_to(root).as_posix(),
            "bytes": file.stat().st_size,
            "sha256": sha256_of(file),
        }
        for file in [*folder.raw_files(), root / names["file"]]
    ]
    (root / names["manifest"]).write_text(json.dumps({"files": files}))
    fields = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **names}
    Recording.objects.filter(pk=recording.pk).update(stage=Stage.SEALED, **fields)


@pytest.fixture
def world(ended_call: MakeEnded) -> SimpleNamespace:
    """A stored recording and everybody who might ask for it."""
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    seat_role = Role.objects.create(code="seat", name="坐席", operations=["workbench.use"])
    call.seat.user.roles.add(seat_role)
    people = {
        "owner": call.seat.user,
        "reviewer": with_role("600201", "qc.review"),
        "supervisor": with_role("700101", "videos.view", "videos.download"),
        "colleague": with_role("700102", "workbench.use", scope="own"),
        "stranger": with_role("900001"),
    }
    recording.refresh_from_db()
    return SimpleNamespace(call=call, recording=recording, **people)


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def urls_of(world: SimpleNamespace, viewer: User | None = None) -> dict[str, str]:
    """The addresses of a recording; with the viewer's ticket where there is one."""
    raw = Path(world.recording.tracks.first().file).name
    ticket = services.issue_ticket(viewer, world.call.pk) if viewer else ""
    shot = Snapshot.objects.get(call=world.call)
    return {
        "detail": reverse("recordings:detail", args=[world.call.pk]),
        "review": reverse("recordings:review", args=[world.call.pk]),
        "raw": f"{reverse('recordings:raw', args=[world.call.pk, raw])}?t={ticket}",
        "snapshot": reverse("recordings:snapshot", args=[world.call.pk, shot.pk]),
        "play": f"{reverse('recordings:play', args=[world.call.pk])}?t={ticket}",
    }


@pytest.mark.parametrize("who", WHO)
def test_the_owner_reviewers_and_supervisors_open_it_for_others_it_is_not_there(
    world: SimpleNamespace, who: str
) -> None:
    viewer = getattr(world, who)
    client = as_user(viewer)
    allowed = who in {"owner", "reviewer", "supervisor"}

    for url in urls_of(world, viewer).values():
        response = client.get(url, headers={"Range": "bytes=0-"})
        assert (response.status_code in {200, 206}) is allowed, url
        assert allowed or response.status_code == 404


def test_without_login_there_is_only_the_login_page(world: SimpleNamespace) -> None:
    for url in urls_of(world).values():
        assert Client().get(url).status_code == 302


def test_opening_is_audited_once_a_playback_and_refusals_leave_nothing(
    world: SimpleNamespace,
) -> None:
    opened = AuditEntry.objects.filter(action="recording.opened")
    url = urls_of(world, world.owner)["play"]

    as_user(world.stranger).get(url, headers={"Range": "bytes=0-"})
    assert not opened.exists()

    client = as_user(world.owner)
    client.get(url, headers={"Range": "bytes=0-"})
    client.get(url, headers={"Range": "bytes=1000-"})
    entry = opened.get()
    assert entry.actor_name == world.owner.staff_no
    assert entry.chain == f"interview:{world.call.task_id}"


def test_a_range_gives_exactly_those_bytes(world: SimpleNamespace) -> None:
    client = as_user(world.owner)
    url = urls_of(world, world.owner)["play"]
    size = world.recording.bytes

    whole = client.get(url, headers={"Range": "bytes=0-"})
    part = client.get(url, headers={"Range": "bytes=100-299"})
    tail = client.get(url, headers={"Range": "bytes=-50"})
    beyond = client.get(url, headers={"Range": f"bytes={size}-"})

    assert (whole.status_code, whole["Content-Range"]) == (206, f"bytes 0-{size - 1}/{size}")
    assert whole["Content-Type"] == "video/mp4"
    assert whole["Cache-Control"] == "private, no-store"
    assert len(whole.content) == size < PART_BYTES
    assert part.content == whole.content[100:300]
    assert tail.content == whole.content[-50:]
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{size}")


async def test_without_a_range_the_whole_file_is_streamed_and_closed(tmp_path: Path) -> None:
    file = tmp_path / "long.mp4"
    file.write_bytes(bytes(range(256)) * 3000)
    opened = Opened(file.open("rb"), 768_000, "video/mp4", "etag")

    response = answer(RequestFactory().get("/"), opened)

    assert isinstance(response, StreamingHttpResponse)
    chunks = [bytes(chunk) async for chunk in response.streaming_content]  # type: ignore[union-attr]
    assert response.status_code == 200
    assert b"".join(chunks) == file.read_bytes()
    assert len(chunks) == 3
    assert response["Content-Length"] == "768000"
    assert opened.file.closed


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=-0", None),
        ("bytes=100-", None),
    ],
)
def test_ranges_of_a_hundred_bytes(header: str, expected: tuple[int, int] | None) -> None:
    assert requested_range(header, 100) == expected


@pytest.mark.parametrize("header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2"])
def test_what_is_no_single_range_is_not_guessed_at(header: str) -> None:
    with pytest.raises(ValueError, match="range"):
        requested_range(header, 100)


@pytest.mark.parametrize(
    "name", ["..%2f..%2fjournal.jsonl", "journal.jsonl", "nothing.1.audio.mkv", ".hidden.mkv"]
)
def test_raw_serves_nothing_but_tracks_of_this_call(world: SimpleNamespace, name: str) -> None:
    base, ticket = urls_of(world, world.owner)["raw"].split("?")
    base = base.rsplit("/", 1)[0]

    assert as_user(world.owner).get(f"{base}/{name}?{ticket}").status_code == 404


def test_the_review_is_ready_before_anything_was_processed(
    ended_call: MakeEnded, settings: Settings
) -> None:
    call = ended_call()
    client = as_user(call.seat.user)

    view = client.get(reverse("recordings:review", args=[call.pk])).json()

    assert view["ready"]
    assert view["composed_url"] is None
    assert view["duration_ms"] == 2000
    assert sorted((t["kind"], t["role"]) for t in view["tracks"]) == [
        ("audio", "主借人"),
        ("audio", "坐席"),
        ("video", "主借人"),
        ("video", "坐席"),
    ]
    for track in view["tracks"]:
        response = client.get(track["url"], headers={"Range": "bytes=0-99"})
        assert response.status_code == 206
        assert response["Content-Type"] == track["mime"]


def test_raw_tracks_come_from_the_store_once_the_spool_is_gone(
    world: SimpleNamespace, settings: Settings, tmp_path: Path
) -> None:
    raw = urls_of(world, world.owner)["raw"]
    before = as_user(world.owner).get(raw, headers={"Range": "bytes=0-"})
    settings.SPOOL_DIR = tmp_path / "elsewhere"

    after = as_user(world.owner).get(raw, headers={"Range": "bytes=0-"})
    view = as_user(world.owner).get(urls_of(world)["review"]).json()

    assert after.content == before.content
    assert len(view["tracks"]) == 2


def test_a_deleted_snapshot_is_not_served(world: SimpleNamespace) -> None:
    url = urls_of(world)["snapshot"]
    Snapshot.objects.update(deleted_at="2026-01-01T00:00Z")

    assert as_user(world.supervisor).get(url).status_code == 404


def test_a_download_needs_the_permission_and_a_reason_and_has_the_agreed_name(
    world: SimpleNamespace,
) -> None:
    url = reverse("recordings:download", args=[world.call.pk])

    assert as_user(world.owner).post(url, {"reason": "复核"}).status_code == 404
    assert as_user(world.supervisor).post(url, {"reason": " "}).status_code == 400
    assert not AuditEntry.objects.filter(action="recording.downloaded").exists()
    sent_on = as_user(world.supervisor).post(url, {"reason": "监管调阅"})
    response = as_user(world.supervisor).get(
        sent_on.headers["Location"], headers={"Range": "bytes=0-"}
    )

    assert response.status_code == 206
    assert hashlib.sha256(response.content).hexdigest() == world.recording.sha256
    assert "filename*=utf-8''" in response["Content-Disposition"]
    assert "%E5%BC%A0%E6%99%93%E6%98%8E" in response["Content-Disposition"]
    entry = AuditEntry.objects.get(action="recording.downloaded")
    told = json.loads(entry.payload)
    assert told["reason"] == "监管调阅"
    staff_no, minute = told["mark"]
    assert f"_{staff_no}_{minute}.mp4" in response["Content-Disposition"]
    assert staff_no == world.supervisor.staff_no


def test_a_day_has_a_number_of_downloads_and_the_refusal_says_so(world: SimpleNamespace) -> None:
    set_value("downloads_per_day", 1, scope="global", by="test")
    url, client = (
        reverse("recordings:download", args=[world.call.pk]),
        as_user(world.supervisor),
    )

    assert client.post(url, {"reason": "监管调阅"}).status_code == 302
    refused = client.post(url, {"reason": "监管调阅"})

    assert refused.status_code == 429
    assert "今天已达上限 1 次" in refused.content.decode()
    assert AuditEntry.objects.filter(action="recording.downloaded").count() == 1


def test_the_list_shows_a_seat_its_own_and_a_supervisor_all(world: SimpleNamespace) -> None:
    url = reverse("recordings:index")

    for who, rows in {"owner": 1, "supervisor": 1, "reviewer": 1, "colleague": 0}.items():
        response = as_user(getattr(world, who)).get(url)
        assert response.status_code == 200
        assert response.content.decode().count("查看</a>") == rows, who
    assert as_user(world.stranger).get(url).status_code == 404


@pytest.mark.parametrize(
    ("field", "hit", "miss"),
    [
        ("customer", "晓明", "李"),
        ("customer", "明", "红"),
        ("customer", " 张 晓明 ", "晓张"),
        ("contract_no", "HIT", "MISS"),
        ("manager_no", "600300", "600301"),
        ("province", "310000", "410000"),
        ("words", "首付", "流水"),
        ("words", "来源 于", "付首"),
        ("from_day", "2000-01-01", "2999-01-01"),
        ("until_day", "2999-01-01", "2000-01-01"),
    ],
)
def test_the_list_is_searched_by_every_field_of_vid_1(
    world: SimpleNamespace, field: str, hit: str, miss: str
) -> None:
    task = world.call.task
    task.loan_type, task.manager_no, task.property_province = "抵押", "600300", "310000"
    world.call.events.create(
        kind="tag", at_ms=1, payload={"kind": "risk", "note": "首付来源于借款"}
    )
    task.contract_no = "HIT"
    task.save()
    services.index(Recording.objects.select_related("call__task", "call__seat__user").get())
    client = as_user(world.supervisor)

    found = [
        client.get(reverse("recordings:index"), {field: value}).context["page"].found
        for value in (hit, miss)
    ]

    assert found == [1, 0]


def test_the_file_of_the_list_names_the_places(world: SimpleNamespace) -> None:
    task = world.call.task
    task.property_province, task.property_city, task.property_county = "330000", "330500", "330502"
    task.save()
    services.index(Recording.objects.select_related("call__task", "call__seat__user").get())

    answer = as_user(world.supervisor).post(
        reverse("exports:new"), {"source": "recordings", "query": "", "form": "csv"}
    )

    heads, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    told = dict(zip(heads, row, strict=True))
    assert [told["省"], told["市"], told["区县"]] == ["浙江省", "湖州市", "吴兴区"]
    assert told["客户姓名"] == "张晓明"


def test_the_ribbon_shows_what_was_played_and_shared_and_who_listened(
    world: SimpleNamespace,
) -> None:
    for kind, payload in (
        ("media", {"title": "风险告知"}),
        ("share", {"title": "还款计划"}),
        ("supervision", {"silent": True}),
    ):
        world.call.events.create(kind=kind, at_ms=100, until_ms=900, payload=payload)

    view = as_user(world.owner).get(reverse("recordings:review", args=[world.call.pk])).json()

    shown = {event["kind"]: event for event in view["events"]}
    assert shown["media"]["payload"]["title"] == "风险告知"
    assert shown["share"]["payload"]["title"] == "还款计划"
    assert shown["supervision"]["payload"]["silent"] is True
    assert {shown[kind]["until_ms"] for kind in ("media", "share", "supervision")} == {900}


def test_the_loan_types_that_are_there_are_offered(
    world: SimpleNamespace, ended_call: MakeEnded
) -> None:
    for loan_type in ("抵押", "信用", "抵押", ""):
        call = ended_call(folder=False)
        call.task.loan_type = loan_type
        call.task.save()
        services.ensure_recording(call.pk)
    client, url = as_user(world.supervisor), reverse("recordings:index")

    page = client.get(url, {"loan_type": "抵押"})

    offered = [value for value, _label in page.context["form"].fields["loan_type"].choices]
    assert sorted(offered) == sorted(["", "信用", "抵押"])
    assert page.context["page"].found == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from_day": "2026-02-31"}, "from_day"),
        ({"from_day": "2026-03-02", "until_day": "2026-03-01"}, "until_day"),
        ({"loan_type": "没有的"}, "loan_type"),
    ],
)
def test_what_cannot_be_asked_is_said_and_no_wider_list_is_taken_out(
    world: SimpleNamespace, query: dict[str, str], field: str
) -> None:
    client, url = as_user(world.supervisor), reverse("recordings:index")

    page = client.get(url, query)
    form = page.context["form"]
    assert list(form.errors) == [field]
    assert str(form.errors[field][0]) in page.content.decode()

    asked = {"source": "recordings", "query": f"{url}?{urlencode(query)}", "form": "csv"}
    refused = client.post(reverse("exports:new"), asked, follow=True)
    assert "查询条件有误，未导出" in refused.content.decode()
    assert not AuditEntry.objects.filter(action="export.made").exists()


def test_the_list_takes_a_fixed_number_of_queries(
    world: SimpleNamespace, ended_call: MakeEnded, django_assert_num_queries: object
) -> None:
    client = as_user(world.supervisor)
    for _ in range(3):
        services.ensure_recording(ended_call(folder=False).pk)

    # Session, person, scope, loan types, keys, rows, saved searches, the bar's modules.
    with django_assert_num_queries(7):  # type: ignore[operator]
        client.get(reverse("recordings:index"))
    assert Recording.objects.count() == 4


def test_pages_have_no_inline_script_or_style(world: SimpleNamespace) -> None:
    client = as_user(world.supervisor)

    for url in (reverse("recordings:index"), urls_of(world)["detail"]):
        page = client.get(url).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page


def many_entries(ended_call: MakeEnded, count: int) -> list[Recording]:
    return [services.ensure_recording(ended_call(folder=False).pk) for _ in range(count)]


def test_pages_go_older_and_newer_and_show_everything_once(
    world: SimpleNamespace, ended_call: MakeEnded
) -> None:
    many_entries(ended_call, 4)
    search, shown, cursors = Search(), [], [""]

    while True:
        page = page_of(search, cursors[-1], size=2)
        shown.append([row.pk for row in page.rows])
        if page.older is None:
            break
        cursors.append(page.older)
    assert page.newer is not None
    back = page_of(search, page.newer, size=2)

    assert [len(rows) for rows in shown] == [2, 2, 1]
    assert len({pk for rows in shown for pk in rows}) == 5
    assert [row.pk for row in back.rows] == shown[1]


@pytest.mark.parametrize("cursor", ["x", "o1", "o99999999999999999.", "n1." + "g" * 32])
def test_a_broken_position_is_the_first_page(world: SimpleNamespace, cursor: str) -> None:
    assert [row.pk for row in page_of(Search(), cursor).rows] == [world.recording.pk]


def test_a_saved_search_is_kept_replaced_and_forgotten(world: SimpleNamespace) -> None:
    client = as_user(world.supervisor)
    url = reverse("recordings:save_search")

    client.post(url, {"name": "湖州", "query": "region=330500"})
    client.post(url, {"name": "湖州", "query": "region=330502"})
    saved = SavedSearch.objects.get(user=world.supervisor)
    as_user(world.owner).post(url, {"forget": saved.pk})

    assert saved.query == "region=330502"
    assert "湖州" in client.get(reverse("recordings:index")).content.decode()
    client.post(url, {"forget": saved.pk})
    assert not SavedSearch.objects.exists()


def test_the_list_is_exported_for_those_who_see_all_and_names_are_no_formulas(
    world: SimpleNamespace,
) -> None:
    ArchiveEntry.objects.update(customer_name="=cmd()")
    asked = {
        "source": "recordings",
        "query": f"/recordings/?seat_no={world.owner.staff_no}",
        "form": "csv",
    }

    assert as_user(world.owner).post("/exports/new", asked).status_code == 404
    body = as_user(world.supervisor).post("/exports/new", asked).content.decode()

    assert body.startswith("\ufeff面谈时间,客户姓名")
    assert ",'=cmd()," in body
    assert AuditEntry.objects.get(action="export.made").object_id == "recordings"
