"""One recording for one person: guardian's object permission with a reason and an end (ACC-1)."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from guardian.shortcuts import get_users_with_perms

from accounts.models import DataScope, Institution, Role, User
from audit.models import AuditEntry
from interviews import services as interviews
from parameters.services import set_value
from recordings import services
from recordings.models import RecordingShare
from recordings.selectors import may_open, other_calls
from tests.support.factories import SEAT_ACTOR, make_call, make_seat, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording():
    call = make_call(make_task(), make_seat("S1"))
    interviews.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    return services.ensure_recording(call.pk)


@pytest.fixture
def supervisor():
    return person("M1", "videos.view", "videos.share", scope=DataScope.ALL)


@pytest.fixture
def lawyer():
    return person("L1")


def person(staff_no, *operations, scope=DataScope.OWN, institution=None):
    user = User.objects.create_user(
        staff_no, "test-password", name=staff_no, institution=institution
    )
    role = Role.objects.create(code=staff_no, name="r", operations=list(operations), scope=scope)
    user.roles.add(role)
    return user


def entered(user):
    client = Client()
    client.force_login(user)
    return client


def page_of(recording):
    return f"/recordings/{recording.call_id}/"


def share(client, recording, staff_no="L1", **given):
    fields = {"staff_no": staff_no, "days": "3", "reason": "投诉核查"} | given
    return client.post(f"{page_of(recording)}share", fields, follow=True).content.decode()


def test_one_recording_opens_to_one_person_until_it_ends(recording, supervisor, lawyer):
    reader = entered(lawyer)
    assert reader.get(page_of(recording)).status_code == 404

    assert "已共享给 L1" in share(entered(supervisor), recording)

    assert reader.get(page_of(recording)).status_code == 200
    assert recording.download_name in reader.get("/recordings/shared/").content.decode()
    assert list(get_users_with_perms(recording)) == [lawyer]
    told = AuditEntry.objects.get(action="recording.shared")
    assert told.chain == f"interview:{recording.call.task_id}"
    with time_machine.travel(timezone.now() + dt.timedelta(days=3, minutes=1)):
        assert not may_open(lawyer, recording.call)
        assert services.remove_ended_shares() == 1


def test_it_opens_this_one_only_and_neither_download_nor_list(recording, supervisor, lawyer):
    share(entered(supervisor), recording)
    other = make_call(make_task(contract_no="HT-OTHER"), make_seat("S2"))
    reader = entered(lawyer)

    assert reader.get(f"/recordings/{other.pk}/").status_code == 404
    assert reader.get("/recordings/").status_code == 404
    assert reader.post(f"{page_of(recording)}download", {"reason": "x"}).status_code in {403, 404}
    assert list(other_calls(recording.call, lawyer)) == []


def test_what_was_shared_is_not_passed_on(recording, supervisor):
    there = Institution.objects.create(code="2", name="别处")
    colleague = person(
        "M2", "videos.view", "videos.share", scope=DataScope.INSTITUTION, institution=there
    )
    person("L2")
    assert "已共享给" in share(entered(supervisor), recording, "M2")

    answer = entered(colleague).post(
        f"{page_of(recording)}share", {"staff_no": "L2", "days": "3", "reason": "x"}
    )

    assert answer.status_code == 403
    assert RecordingShare.objects.count() == 1


def test_it_is_taken_back(recording, supervisor, lawyer):
    client = entered(supervisor)
    share(client, recording)
    row = RecordingShare.objects.get()

    client.post(f"{page_of(recording)}share/{row.pk}")

    assert entered(lawyer).get(page_of(recording)).status_code == 404
    assert AuditEntry.objects.filter(action="recording.share_withdrawn").count() == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reason": " "}, "请填写"),
        ({"days": "31"}, "请填写"),
        ({"staff_no": "nobody"}, "没有启用的用户 nobody"),
        ({"staff_no": "S1"}, "无需共享"),
    ],
)
def test_a_share_wants_a_person_a_reason_and_an_end(recording, supervisor, given, told):
    assert told in share(entered(supervisor), recording, **given)
    assert not RecordingShare.objects.exists()


def test_how_long_at_most_is_set_by_the_bank(recording, supervisor, lawyer):
    set_value("share_days", 2, scope="global", by="test")

    assert "请填写" in share(entered(supervisor), recording, days="3")
    assert "已共享给 L1" in share(entered(supervisor), recording, days="2")
    assert 'max="2"' in entered(supervisor).get(page_of(recording)).content.decode()


def test_who_can_do_what_names_it(recording, supervisor, lawyer):
    share(entered(supervisor), recording)
    root = User.objects.create_superuser("root", "test-password", name="root")

    page = entered(root).get("/admin/accounts/role/who/?person=L1").content.decode()

    assert f"查看录像 {recording.download_name}" in page
