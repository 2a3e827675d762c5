"""A deletion that a hold or another rule stopped half way: what is gone and what stays (STO-4)."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from recordings import health, services, tasks
from recordings.models import DeletionCertificate, Recording, RetentionRule, StoredObject
from recordings.states import Stage
from recordings.storage import LocalStore, store
from tests.recordings.conftest import time_for
from tests.recordings.test_keeping import client_with, expire, keys, settle_long_ago, stored
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db
__all__ = ["stored"]


class Dies(LocalStore):
    """The process is killed after the first file."""

    died = False

    def delete(self, key):
        if type(self).died:
            raise KeyboardInterrupt
        super().delete(key)
        type(self).died = True


@pytest.fixture
def half_deleted(stored, monkeypatch):
    """Its first file's name, and the recording."""
    expire(stored)
    first = stored.objects_stored.all()[0].name
    monkeypatch.setattr(Dies, "died", False)
    with monkeypatch.context() as patched:
        patched.setattr(
            "recordings.services.retention.store", lambda _tier: Dies(Path(settings.STORAGE_DIR))
        )
        with pytest.raises(KeyboardInterrupt):
            services.delete_expired()
    return first, stored


def hold(recording):
    services.place_hold(recording.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)


def player(client, recording):
    return client.get(reverse("recordings:review", args=[recording.call_id])).json()


def troubles():
    return [health.explain(row) for row in health.troubled()]


def test_a_hold_keeps_the_rest_and_the_exception_says_so(half_deleted):
    gone, recording = half_deleted
    count = StoredObject.objects.count()
    hold(recording)

    assert services.delete_expired() == 0
    assert services.note_broken_deletions() == 1
    assert services.note_broken_deletions() == 1

    assert [(each.cause, each.advice) for each in troubles()] == [
        (
            f"到期删除中断：{count} 个文件中 1 个已删除",
            "法定保留中，其余文件不再删除。已删除的文件见录像详情的删除证明。",
        )
    ]
    assert DeletionCertificate.objects.get().gone == [gone]
    assert [store().exists(key) for key in keys()].count(True) == count - 1


def test_the_pages_name_the_files_that_are_gone(half_deleted):
    gone, recording = half_deleted
    RetentionRule.objects.update(set_by="A1", agreed_by="A2")
    DeletionCertificate.objects.update(rule={
        "product": "", "start": "task_settled", "months": 6, "set_by": "A1", "agreed_by": "A2",
    })  # fmt: skip
    hold(recording)
    services.note_broken_deletions()
    client = client_with("videos.view")

    listed = client.get(reverse("recordings:troubles")).content.decode()
    page = client.get(reverse("recordings:detail", args=[recording.call_id])).content.decode()

    assert "到期删除中断" in listed
    assert "法定保留中，其余文件不再删除" in page
    assert "面谈任务有结论起 6 个月，到期自动删除；设定人 A1；复核人 A2" in page
    proof, rest = page.split("删除证明</h3>")[1], StoredObject.objects.exclude(name=gone)
    assert f'<td class="rec__hash">{gone}</td>' in proof
    assert not any(f'<td class="rec__hash">{each.name}</td>' in proof for each in rest)
    files = page.split("已保存的文件")[1].split("</table>")[0]
    assert files.count(">已删除</span>") == 1


def test_the_player_asks_for_no_file_that_is_gone(half_deleted):
    first, recording = half_deleted
    client = client_with("videos.view")
    names = {urlsplit(each["url"]).path for each in player(client, recording)["tracks"]}
    names = {f"tracks/{Path(name).name}" for name in names}
    track = StoredObject.objects.get(name=min(names))
    copy = StoredObject.objects.get(name=recording.file)
    hold(recording)
    for each in (track, copy):  # in whichever order the deletion came to them
        store().delete(each.key)
    services.note_broken_deletions()

    view = player(client, recording)

    assert view["composed_url"] is None
    assert len(view["tracks"]) == len(names - {first, track.name}) > 0
    for each in view["tracks"]:
        assert client.get(each["url"], headers={"Range": "bytes=0-9"}).status_code == 206


def test_when_the_hold_ends_the_deletion_is_ended_too(half_deleted):
    _gone, recording = half_deleted
    hold(recording)
    services.note_broken_deletions()

    services.release_hold(recording.call.task.contract_no, actor=SEAT_ACTOR)
    assert services.delete_expired() == 1

    recording.refresh_from_db()
    certificate = DeletionCertificate.objects.get()
    assert (recording.stage, recording.error) == (Stage.DELETED, "")
    assert certificate.done_at is not None
    assert certificate.files_gone == certificate.files
    assert troubles() == []
    assert services.note_broken_deletions() == 0


def test_a_rule_that_deletes_no_more_stops_it_as_well(half_deleted):
    RetentionRule.objects.update(deletes=False)

    services.delete_expired()
    services.note_broken_deletions()

    (trouble,) = troubles()
    assert trouble.advice == "其余文件到保管期限允许时继续删除；要保留请设为法定保留。"


def test_where_no_byte_was_gone_nothing_is_wrong(stored, monkeypatch):
    expire(stored)

    def held_at_the_last_moment(name):
        if name == "deletion.begun":
            hold(stored)

    monkeypatch.setattr("recordings.services.retention.faultpoint", held_at_the_last_moment)
    assert services.delete_expired() == 0

    assert services.note_broken_deletions() == 0
    assert DeletionCertificate.objects.get().gone == []
    assert troubles() == []


def test_files_that_are_back_are_missed_no_more(half_deleted, tmp_path):
    _gone, recording = half_deleted
    hold(recording)
    folder = Path(settings.STORAGE_DIR)
    folder.rename(tmp_path / "unmounted")
    assert services.note_broken_deletions() == 1
    assert len(DeletionCertificate.objects.get().gone) == StoredObject.objects.count()

    (tmp_path / "unmounted").rename(folder)
    services.note_broken_deletions()

    assert len(DeletionCertificate.objects.get().gone) == 1


def test_the_store_is_not_asked_to_hold_what_is_gone(half_deleted, monkeypatch):
    _gone, recording = half_deleted
    told = []
    monkeypatch.setattr(LocalStore, "hold", lambda _self, key, *, on: told.append((key, on)))
    hold(recording)

    tasks.tell_holds()

    assert sorted(told) == sorted((key, True) for key in keys() if store().exists(key))


def test_what_is_held_or_only_told_does_not_stand_in_the_way(ended_call, stored):
    """The first in the queue is held; one behind it goes all the same."""
    expire(stored)
    other = services.ensure_recording(ended_call(video=False).pk)
    settle_long_ago(other)
    Recording.objects.filter(pk=other.pk).update(
        stage=Stage.STORED, keep_until=timezone.localdate().replace(month=1, day=1)
    )
    hold(stored)
    Recording.objects.filter(pk=stored.pk).update(
        keep_until=timezone.localdate().replace(year=2000, month=1, day=1)
    )

    assert services.delete_expired(time_for(rows=1)) == 1
    other.refresh_from_db()
    assert other.stage == Stage.DELETED

    RetentionRule.objects.create(product_code="YXD", months=6, deletes=False)
    services.release_hold(stored.call.task.contract_no, actor=SEAT_ACTOR)
    assert services.delete_expired(time_for(rows=1)) == 0
