"""How long recordings are kept, what holds them, and how they are made anew (STO-1, STO-4)."""

import datetime as dt
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role, User
from audit.models import AuditEntry
from interviews.models import Call
from recordings import health, selectors, services, tasks
from recordings.errors import CannotRebuild, HoldExists, NotDueYet
from recordings.models import (
    ArchiveEntry,
    DeletionCertificate,
    LegalHold,
    Recording,
    RetentionRule,
    StoredObject,
)
from recordings.services import stages
from recordings.services.keeping import add_months
from recordings.states import Stage
from recordings.storage import LocalStore, StillLocked, store
from tests.recordings.conftest import MakeEnded
from tests.recordings.test_views import pretend_sealed
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(ended_call: MakeEnded) -> Recording:
    call = ended_call(video=False)
    recording = services.ensure_recording(call.pk)
    pretend_sealed(recording)
    assert services.process(recording.pk) is Stage.STORED
    recording.refresh_from_db()
    return recording


def settle(recording: Recording, day: dt.date) -> None:
    task = recording.call.task
    task.settled_at = timezone.make_aware(dt.datetime.combine(day, dt.time(12)))
    task.save()
    services.date_again(task.pk)


LONG_AGO = dt.timedelta(days=400)


def is_old(recording: Recording, age: dt.timedelta = LONG_AGO) -> None:
    at = timezone.now() - age
    Call.objects.filter(pk=recording.call_id).update(clock_started_at=at, ended_at=at)
    Recording.objects.filter(pk=recording.pk).update(created_at=at, stored_at=at)


def settle_long_ago(recording: Recording) -> None:
    """Stored and settled so long ago that the shortest time is over."""
    is_old(recording)
    settle(recording, timezone.localdate() - LONG_AGO)


def expire(recording: Recording, *, deletes: bool = True) -> None:
    RetentionRule.objects.create(months=6, deletes=deletes)
    settle_long_ago(recording)
    assert services.set_keeping() == 1


def keys() -> list[str]:
    return list(StoredObject.objects.values_list("key", flat=True))


def test_the_time_counts_from_the_conclusion_by_the_products_own_rule(stored):
    RetentionRule.objects.create(months=6)
    RetentionRule.objects.create(product_code="YXD", months=12)
    is_old(stored)
    assert services.set_keeping() == 0  # no conclusion yet
    settle(stored, dt.date(2026, 1, 31))

    assert services.set_keeping() == 1
    assert services.set_keeping() == 0

    stored.refresh_from_db()
    assert stored.keep_until == dt.date(2027, 1, 31)


@pytest.mark.parametrize("start", ["call_ended", "task_settled", "contract_ended"])
def test_nothing_is_let_go_within_six_months_of_being_stored(stored, start):
    """Whatever day the event is said to have been."""
    RetentionRule.objects.create(months=6, start=start, deletes=True)
    long_ago = timezone.now() - LONG_AGO
    Call.objects.update(clock_started_at=long_ago, ended_at=long_ago)
    settle(stored, long_ago.date())
    services.end_contract(
        stored.call.task.contract_no, timezone.localdate(long_ago), actor=SEAT_ACTOR
    )

    tasks.keep()

    stored.refresh_from_db()
    assert stored.stage == Stage.STORED
    assert stored.keep_until == add_months(timezone.localdate(stored.stored_at), 6)


def test_what_is_over_is_deleted_with_a_certificate_of_every_file(stored):
    expire(stored)
    gone, names = keys(), set(StoredObject.objects.values_list("name", flat=True))

    assert services.delete_expired() == 1
    assert services.delete_expired() == 0

    stored.refresh_from_db()
    certificate = DeletionCertificate.objects.get(recording=stored)
    assert stored.stage == Stage.DELETED
    assert {file["name"] for file in certificate.files} == names
    assert all(len(file["sha256"]) == 64 for file in certificate.files)
    assert certificate.done_at is not None
    assert not any(store().exists(key) for key in gone)
    assert not (Path(settings.SPOOL_DIR) / str(stored.call_id)).exists()
    assert not ArchiveEntry.objects.exists()
    assert selectors.review_view(stored.call_id, "t")["tracks"] == []
    assert AuditEntry.objects.filter(action="recording.deleted").count() == 1


def test_a_hold_and_a_rule_that_only_tells_delete_nothing(stored):
    expire(stored, deletes=False)
    assert services.delete_expired() == 0

    RetentionRule.objects.update(deletes=True)
    services.place_hold(stored.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    with pytest.raises(HoldExists):
        services.place_hold(stored.call.task.contract_no, reason="再次", actor=SEAT_ACTOR)
    assert services.delete_expired() == 0
    assert all(store().exists(key) for key in keys())

    services.release_hold(stored.call.task.contract_no, actor=SEAT_ACTOR)
    assert services.delete_expired() == 1


def test_what_is_made_after_the_date_was_set_is_locked_until_then_too(
    stored, settings, tmp_path, monkeypatch
):
    locked: list[tuple[str, dt.date]] = []
    monkeypatch.setattr(
        LocalStore, "retain", lambda _self, key, until: locked.append((key, until.date()))
    )
    RetentionRule.objects.create(months=6)
    settle(stored, timezone.localdate())
    tasks.keep()
    until = add_months(timezone.localdate(), 6)
    assert sorted(locked) == sorted((key, until) for key in keys())
    locked.clear()
    late = StoredObject.objects.create(
        recording=stored, kind="manifest", name="out/manifest.e2.json", key="00/late", bytes=1,
        sha256="", confirmed_at=timezone.now(),
    )  # fmt: skip

    tasks.keep()
    tasks.keep()

    assert locked == [(late.key, until)]


def test_a_later_end_of_the_contract_prolongs_every_lock_even_while_one_is_made_anew(
    stored, monkeypatch
):
    locked: list[tuple[str, dt.date]] = []
    monkeypatch.setattr(
        LocalStore, "retain", lambda _self, key, until: locked.append((key, until.date()))
    )
    RetentionRule.objects.create(months=60, start="contract_ended")
    contract_no, today = stored.call.task.contract_no, timezone.localdate()
    is_old(stored, dt.timedelta(days=90))
    services.end_contract(contract_no, today - dt.timedelta(days=90), actor=SEAT_ACTOR)
    tasks.keep()
    locked.clear()
    Recording.objects.update(stage=Stage.RAW)
    services.end_contract(contract_no, today, actor=SEAT_ACTOR)
    Recording.objects.update(stage=Stage.STORED)

    tasks.keep()

    until = add_months(today, 60)
    assert sorted(locked) == sorted((key, until) for key in keys())


class Told(LocalStore):
    """A store that keeps what it was told of holds."""

    def __init__(self, told: list[tuple[str, bool]], *, away: tuple[str, ...] = ()) -> None:
        super().__init__(Path(settings.STORAGE_DIR))
        self.told, self.away = told, away

    def hold(self, key: str, *, on: bool) -> None:
        if key in self.away:
            raise ConnectionError
        self.told.append((key, on))


def test_the_store_is_told_of_a_hold_and_of_its_end_once_for_every_file(stored, monkeypatch):
    told: list[tuple[str, bool]] = []
    first, *others = keys()
    contract_no = stored.call.task.contract_no
    services.place_hold(contract_no, reason="诉讼", actor=SEAT_ACTOR)

    with monkeypatch.context() as patched:
        away = Told(told, away=(first,))
        patched.setattr("recordings.services.retention.store", lambda _tier: away)
        assert services.tell_holds() == len(others)
    monkeypatch.setattr("recordings.services.retention.store", lambda _tier: Told(told))
    assert services.tell_holds() == 1  # the one whose store was away
    assert services.tell_holds() == 0
    assert sorted(told) == sorted((key, True) for key in keys())

    told.clear()
    services.release_hold(contract_no, actor=SEAT_ACTOR)
    assert services.tell_holds() == len(keys())
    assert sorted(told) == sorted((key, False) for key in keys())
    assert not StoredObject.objects.filter(is_held=True).exists()


def test_a_file_that_comes_after_the_hold_is_held_too(stored):
    services.place_hold(stored.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    services.tell_holds()
    late = StoredObject.objects.create(
        recording=stored, kind="reel", name="out/late.mp4", key="00/late", bytes=1, sha256=""
    )
    assert services.tell_holds() == 0  # it is not in the store yet

    StoredObject.objects.filter(pk=late.pk).update(confirmed_at=timezone.now())

    assert services.tell_holds() == 1


def test_a_hold_goes_along_to_the_archive_tier(stored, monkeypatch, settings, tmp_path):
    settings.STORAGE_COLD_DIR = str(tmp_path / "cold")
    RetentionRule.objects.create(months=6, cold_after_days=30)
    Recording.objects.update(stored_at=timezone.now() - dt.timedelta(days=31))
    services.set_keeping()
    services.place_hold(stored.call.task.contract_no, reason="诉讼", actor=SEAT_ACTOR)
    services.tell_holds()
    told = []
    monkeypatch.setattr(
        LocalStore, "hold", lambda self, _key, *, on: told.append((self._root.name, on))
    )

    services.move_cold()

    count = len(keys())
    hot = Path(settings.STORAGE_DIR).name
    assert sorted(told) == sorted([("cold", True)] * count + [(hot, False)] * count)
    assert StoredObject.objects.filter(tier="cold", is_held=True).count() == count


def test_a_deletion_that_was_broken_off_is_ended_by_the_next_run(stored, monkeypatch):
    expire(stored)
    deleted: list[str] = []

    class Dies(LocalStore):
        def delete(self, key):
            if deleted:
                raise KeyboardInterrupt
            deleted.append(key)
            super().delete(key)

    with monkeypatch.context() as patched:
        patched.setattr(
            "recordings.services.retention.store", lambda _tier: Dies(Path(settings.STORAGE_DIR))
        )
        with pytest.raises(KeyboardInterrupt):
            services.delete_expired()
    stored.refresh_from_db()
    assert stored.stage == Stage.STORED
    assert DeletionCertificate.objects.get().done_at is None

    assert services.delete_expired() == 1
    assert DeletionCertificate.objects.get().done_at is not None


def test_what_the_store_still_locks_stays(stored, monkeypatch):
    expire(stored)

    class Locks(LocalStore):
        def delete(self, key):
            raise StillLocked(key)

    monkeypatch.setattr(
        "recordings.services.retention.store", lambda _tier: Locks(Path(settings.STORAGE_DIR))
    )

    assert services.delete_expired() == 0
    stored.refresh_from_db()
    assert stored.stage == Stage.STORED


def test_a_recording_is_made_anew_from_the_store_when_the_spool_is_gone(ended_call):
    recording = services.ensure_recording(ended_call().pk)
    assert services.process(recording.pk) is Stage.STORED
    before = Recording.objects.get(pk=recording.pk)
    shutil.rmtree(Path(settings.SPOOL_DIR) / str(recording.call_id))

    services.rebuild(recording.pk, actor=SEAT_ACTOR)
    assert services.process(recording.pk) is Stage.STORED

    after = Recording.objects.get(pk=recording.pk)
    assert after.duration_ms == before.duration_ms
    assert after.file != before.file
    assert store().exists(after.storage_key)
    assert store().exists(before.storage_key)


def test_what_somebody_works_on_is_not_rebuilt(stored):
    Recording.objects.update(leased_until=timezone.now() + dt.timedelta(minutes=1))

    with pytest.raises(CannotRebuild):
        services.rebuild(stored.pk, actor=SEAT_ACTOR)
    stored.refresh_from_db()
    assert stored.stage == Stage.STORED


def test_a_raw_file_that_is_not_what_it_was_is_not_rebuilt_from(stored):
    shutil.rmtree(Path(settings.SPOOL_DIR) / str(stored.call_id))
    track = StoredObject.objects.filter(kind="track")[0]
    (Path(settings.STORAGE_DIR) / track.key).write_bytes(b"tampered")

    services.rebuild(stored.pk, actor=SEAT_ACTOR)
    assert services.process(stored.pk) is Stage.STORED

    stored.refresh_from_db()
    assert stored.rebuild_asked_at is None
    assert not (Path(settings.SPOOL_DIR) / str(stored.call_id)).exists()
    (trouble,) = [health.explain(each) for each in health.troubled()]
    assert trouble.cause == "未能重建：有原始文件不在存储中，或与入库时不一致"


# --- a rebuild whose files come from the store ----------------------------------------------


@pytest.fixture
def wished(stored: Recording) -> Recording:
    """Its raw files are in the store alone; somebody asked for it to be made anew."""
    shutil.rmtree(Path(settings.SPOOL_DIR) / str(stored.call_id))
    services.rebuild(stored.pk, actor=SEAT_ACTOR)
    stored.refresh_from_db()
    return stored


def test_a_wished_rebuild_is_work_and_is_asked_for_once(wished):
    assert services.due_recordings(5) == [wished.pk]
    with pytest.raises(CannotRebuild):
        services.rebuild(wished.pk, actor=SEAT_ACTOR)
    assert AuditEntry.objects.filter(action="recording.rebuild_asked").count() == 1


def test_files_come_back_under_a_lease_that_is_renewed_and_the_page_says_how_far_it_is(
    wished, monkeypatch
):
    monkeypatch.setattr("recordings.services.work.every", lambda _seconds, act: act)
    monkeypatch.setitem(stages._STEPS, Stage.RAW, later)
    leases, shown = [], []

    def opened(self, key, real=LocalStore.open):
        row = Recording.objects.get(pk=wished.pk)
        assert row.leased_until is not None
        leases.append(row.leased_until)
        shown.append(selectors.upload_of(row))
        Recording.objects.update(leased_until=timezone.now())  # nearly over
        return real(self, key)

    monkeypatch.setattr(LocalStore, "open", opened)
    services.process(wished.pk)

    assert all(lease > timezone.now() + dt.timedelta(seconds=30) for lease in leases)
    assert {each["stage"] for each in shown} == {"RESTORING"}
    percents = [each["percent"] for each in shown]
    assert percents == sorted(percents)
    assert 0 == percents[0] < percents[-1]
    wished.refresh_from_db()
    assert (wished.stage, wished.progress) == (Stage.RAW, 0.0)


def later(_held, _recording):
    raise NotDueYet(timezone.now())


def test_a_store_that_is_away_leaves_the_wish(wished, monkeypatch):
    def away(_self, _key):
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "open", away)
        assert services.process(wished.pk) is None
    wished.refresh_from_db()
    assert (wished.stage, wished.attempts) == (Stage.STORED, 1)
    (trouble,) = [health.explain(each) for each in health.troubled()]
    assert trouble.advice == "正在取回原始文件以重建；系统会自动重试，录像照常可看。"

    Recording.objects.update(due_at=timezone.now())
    monkeypatch.setitem(stages._STEPS, Stage.RAW, later)
    services.process(wished.pk)
    wished.refresh_from_db()
    assert (wished.stage, wished.rebuild_asked_at, wished.error) == (Stage.RAW, None, "")


def test_nothing_is_deleted_moved_or_freed_while_its_files_come_back(
    wished, monkeypatch, settings, tmp_path
):
    settings.STORAGE_COLD_DIR = str(tmp_path / "cold")
    RetentionRule.objects.create(months=6, deletes=True, cold_after_days=1)
    settle_long_ago(wished)

    tasks.keep()

    wished.refresh_from_db()
    assert (wished.stage, wished.spool_freed_at) == (Stage.STORED, None)
    assert set(StoredObject.objects.values_list("tier", flat=True)) == {"hot"}


@given(day=st.dates(dt.date(2020, 1, 1), dt.date(2060, 1, 1)), months=st.integers(0, 600))
def test_months_later_is_the_same_day_or_the_months_last(day, months):
    later = add_months(day, months)

    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + dt.timedelta(days=1)).day == 1


def client_with(*operations):
    user = User.objects.create_user("M1", "test-password", name="主管")
    user.roles.add(
        Role.objects.create(code="m", name="m", operations=list(operations), scope="all")
    )
    client = Client()
    client.force_login(user)
    return client


def test_pages_of_troubles_and_room_are_for_those_who_see_recordings(stored):
    Recording.objects.update(stage=Stage.RAW, attempts=3, error="StepFailed: disk")
    viewer = client_with("videos.view")

    page = viewer.get(reverse("recordings:troubles")).content.decode()
    refused = viewer.post(reverse("recordings:rebuild", args=[stored.pk]))

    assert "StepFailed: disk" in page
    assert "重建</button>" not in page
    assert refused.status_code == 404
    assert viewer.get(reverse("recordings:capacity")).status_code == 200
    Role.objects.update(operations=["workbench.use"])
    assert viewer.get(reverse("recordings:troubles")).status_code == 404
    assert viewer.get(reverse("recordings:capacity")).status_code == 404


def test_troubles_are_paged_by_place_until_none_are_left(stored, ended_call, monkeypatch):
    monkeypatch.setattr("recordings.views.TROUBLES_A_PAGE", 2)
    for _more in range(4):
        services.ensure_recording(ended_call(folder=False).pk)
    at = timezone.now()  # all at one moment: the place is by the id, then
    Recording.objects.update(stage=Stage.RAW, attempts=3, error="StepFailed", created_at=at)
    client, url, told = client_with("videos.view"), reverse("recordings:troubles"), []

    page = client.get(url)
    while True:
        told.append([row.recording.pk for row in page.context["rows"]])
        if page.context["older"] is None:
            break
        page = client.get(url, {"at": page.context["older"]})

    assert [len(each) for each in told] == [2, 2, 1]
    assert [pk for each in told for pk in each] == list(
        Recording.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    )


def test_a_hold_is_placed_and_released_from_the_page_by_permission(stored):
    client = client_with("videos.view")
    url = reverse("recordings:hold", args=[stored.call_id])
    assert client.post(url, {"reason": "诉讼"}).status_code == 404

    Role.objects.update(operations=["videos.view", "videos.keep"])
    refused = client.post(url, {"reason": " "}, follow=True).content.decode()
    assert "请填写原因。" in refused
    client.post(url, {"reason": "诉讼"})
    shown = client.get(reverse("recordings:detail", args=[stored.call_id])).content.decode()
    held = LegalHold.objects.filter(released_at=None).count()
    client.post(url, {"release": "1"})

    assert "法定保留中" in shown
    assert held == 1
    assert not LegalHold.objects.filter(released_at=None).exists()
