# ruff: noqa: F811 - the fixture is imported
"""A recording's page shows everything about the interview; words and places find it (VID-1)."""

import io
from importlib import import_module
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse

from channels_admin.regions import name_of, under
from credit_bridge import selectors as bridge
from credit_bridge.simulator import Fault
from interviews.models import Party
from outbox.services import publish
from queueing.models import CallRequest, Offer
from recordings import services
from recordings.models import ArchiveEntry, Recording
from recordings.selectors import Search, entries_found
from recordings.services import archive
from recordings.states import Stage
from tests.recordings.test_views import as_user, world  # noqa: F401 - a fixture
from tests.support.bank import http_bank, simulated
from tests.support.factories import make_call, make_case

pytestmark = pytest.mark.django_db


def page_of(world, **query):
    return as_user(world.supervisor).get(reverse("recordings:detail", args=[world.call.pk]), query)


def test_parties_are_shown_with_masked_numbers_only(world):
    party = world.call.task.parties.get()

    page = page_of(world).content.decode()

    assert party.phone not in page
    assert party.id_no not in page
    assert f"{party.phone[:3]}****{party.phone[-4:]}" in page
    assert "2026-01" in page  # the consent's version


def test_how_the_call_came_to_its_seat_is_told(world, django_assert_max_num_queries):
    request = CallRequest.objects.create(
        task=world.call.task,
        party=world.call.task.parties.get(),
        call=world.call,
        state="CONNECTED",
    )
    Offer.objects.create(
        request=request,
        seat=world.call.seat,
        state="ACCEPTED",
        deadline_at=request.arrived_at,
        trace={"rule": "VIP 优先", "why": "按“最空闲”选中。"},
    )

    client, url = as_user(world.supervisor), reverse("recordings:detail", args=[world.call.pk])
    with django_assert_max_num_queries(39):  # the same for any number of parties, files and marks
        page = client.get(url).content.decode()

    assert "VIP 优先 · 按“最空闲”选中。" in page
    assert "分案过程" in page
    assert "贷款信息与影像资料（信贷系统现值）" in page


def test_a_gap_of_who_was_there_without_devices_is_told_from_one_of_the_network(world):
    for at_ms, cause in ((100, "network"), (200, "devices")):
        world.call.events.create(kind="gap", at_ms=at_ms, until_ms=300, payload={"cause": cause})

    page = page_of(world).content.decode()

    assert "网络中断" in page
    assert "在线，但没有声音和画面送来" in page


def test_what_the_bank_has_is_asked_for_by_itself_and_again_when_it_did_not_answer(world):
    make_case(world.call.task.contract_no)
    client = as_user(world.supervisor)
    url = reverse("recordings:panel", args=[world.call.pk, "case"])

    with (
        simulated() as (simulator, address),
        http_bank(address) as bank,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(bridge, "bank", lambda: bank)
        simulator.set(Fault.DOWN, count=1000)
        page = page_of(world).content.decode()
        away = client.get(url).content.decode()
    there = client.get(url).content.decode()

    assert f'data-panel-url="{url}"' in page
    assert "正在从信贷系统读取" in page
    assert "信贷系统暂时无法访问" not in page
    assert "信贷系统暂时无法访问" in away
    assert "data-panel-again" in away
    assert "420,000.00" in there
    assert "data-panel-again" not in there


def test_only_a_panel_that_is_asked_for_by_itself_has_an_address(world):
    client = as_user(world.supervisor)

    for code in ("dispatch", "nothing"):
        url = reverse("recordings:panel", args=[world.call.pk, code])
        assert client.get(url).status_code == 404


def test_messages_to_other_systems_are_found_by_contract_task_and_call(world):
    for key in (world.call.task.contract_no, str(world.call.task_id), str(world.call.pk)):
        publish("verdict.filed", key=key, call_id=str(world.call.pk), verdict="PASS", note="")

    sent = page_of(world).context["sent"]

    assert {message.key for message in sent} >= {
        world.call.task.contract_no,
        str(world.call.task_id),
        str(world.call.pk),
    }
    assert "提交处理意见" in page_of(world).content.decode()


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("tag", {"kind": "risk", "note": "首付来源于借款"}, "来源于借"),
        ("chat", {"text": "请把身份证拿近一些"}, "身份证"),
        ("script_step", {"title": "核实用途", "text": "贷款用途是什么", "done": True}, "用途是"),
    ],
)
def test_words_of_tags_chat_and_steps_find_the_recording_and_its_page_opens_there(
    world,
    kind,
    payload,
    words,
):
    assert not entries_found(Search(words=words)).exists()
    world.call.events.create(kind=kind, at_ms=1234, payload=payload)
    services.index_call(world.call.pk)

    assert entries_found(Search(words=words)).get().pk == world.recording.pk
    assert not entries_found(Search(words=words[::-1])).exists()
    client = as_user(world.supervisor)
    row = client.get(reverse("recordings:index"), {"words": words}).content.decode()
    assert "?words=" in row
    assert f'value="{words}"' in page_of(world, words=words).content.decode()


def test_words_are_indexed_again_when_the_opinion_is_filed(world):
    from recordings.handlers import index_again

    world.call.events.create(kind="tag", at_ms=1, payload={"kind": "risk", "note": "复查补录"})

    index_again("m1", {"call_id": str(world.call.pk)})

    assert "复查补录" in ArchiveEntry.objects.get().words_plain


def test_places_cascade_from_province_to_county(world):
    client = as_user(world.supervisor)
    url = reverse("recordings:regions")

    assert len(client.get(url).json()["places"]) == 34
    cities = client.get(url, {"under": "330000"}).json()["places"]
    assert {"code": "330500", "name": "湖州市"} in cities
    assert all(place["code"].startswith("33") for place in cities)
    counties = client.get(url, {"under": "330500"}).json()["places"]
    assert "330502" in {place["code"] for place in counties}
    assert as_user(world.stranger).get(url).status_code == 404


def test_a_municipality_has_its_districts_below_it():
    assert any(place.level == 3 for place in [*under("110000"), *under("110100")])
    assert name_of("330502").endswith("吴兴区")
    assert name_of("x") == "x"


def test_the_form_works_without_a_script(world):
    page = as_user(world.supervisor).get(
        reverse("recordings:index"), {"province": "330000", "city": "330500"}
    )

    form = page.context["form"]
    assert ("330500", "湖州市") in form.fields["city"].choices
    assert "330502" in dict(form.fields["county"].choices)
    assert page.context["page"].found == 0


def forget_words(*recordings):
    """As rows were before words were indexed."""
    ArchiveEntry.objects.filter(pk__in=[each.pk for each in recordings]).update(
        words=[], words_plain="", is_whole=False
    )


def with_co_borrower(world, name="欧阳红"):
    task = world.call.task
    Party.objects.create(
        task=task, name=name, roles=["CO_BORROWER"], phone="13900000009", id_no="410105199001010019"
    )
    return task


def test_everybody_of_the_case_finds_the_recording_and_the_list_says_who_it_was(world):
    with_co_borrower(world)
    services.index_call(world.call.pk)
    client = as_user(world.supervisor)

    def row(customer):
        page = client.get(reverse("recordings:index"), {"customer": customer})
        assert page.context["page"].found == 1
        return page.content.decode()

    assert "欧阳红 共借人" in row("阳红")
    assert "欧阳红 共借人" in row("红")
    assert "欧阳红" not in row("晓明")
    assert not entries_found(Search(customer="明欧")).exists()  # across two names


def test_recordings_from_before_are_found_by_everybody_once_they_were_indexed_again(world):
    with_co_borrower(world)
    assert not entries_found(Search(customer="欧阳红")).exists()

    import_module("recordings.migrations.0028_index_names_again").mark(apps, None)

    assert services.index_old(10) == 1
    assert entries_found(Search(customer="欧阳红")).exists()


def test_old_recordings_are_indexed_again_and_a_broken_off_run_goes_on(world, monkeypatch):
    others = [services.ensure_recording(make_call().pk) for _ in range(2)]
    for recording in (world.recording, *others):
        recording.call.events.create(kind="tag", at_ms=5, payload={"note": "首付来源"})
    forget_words(world.recording, *others)
    true_index = archive.index
    done: list[UUID] = []

    def dies(recording):
        if done:
            raise KeyboardInterrupt
        true_index(recording)
        done.append(recording.pk)

    with monkeypatch.context() as patched:
        patched.setattr(archive, "index", dies)
        with pytest.raises(KeyboardInterrupt):
            call_command("index_recordings", stdout=io.StringIO())
    assert list(ArchiveEntry.objects.filter(is_whole=True).values_list("pk", flat=True)) == done
    told = io.StringIO()
    call_command("index_recordings", stdout=told)

    assert told.getvalue().splitlines() == ["2 份待补建", "已补建 2 / 2"]
    assert entries_found(Search(words="首付来源")).count() == 3
    assert services.index_old(10) == 0


def test_a_recording_that_is_deleted_meanwhile_is_not_found_again(world):
    forget_words(world.recording)
    Recording.objects.filter(pk=world.recording.pk).update(stage=Stage.DELETED)

    assert services.index_old(10) == 0

    assert ArchiveEntry.objects.get(pk=world.recording.pk).words == []
