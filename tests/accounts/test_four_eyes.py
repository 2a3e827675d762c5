"""双人复核: what one person asks for another one lets through (S:A11)."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import changes, services
from accounts.errors import AlreadyDecided, OwnAccount, OwnChange
from accounts.models import ChangeState, PendingChange, Role, User
from accounts.selectors import actor_of
from accounts.services import UserDraft
from audit.models import AuditEntry
from channels_admin.models import Channel
from common.errors import Forbidden
from parameters import services as parameters
from parameters.selectors import value_of
from recordings import services as recordings
from recordings.models import LegalHold

pytestmark = pytest.mark.django_db


@pytest.fixture
def both():
    """Two administrators; what needs two needs both of them."""
    role = Role.objects.create(
        code="admin",
        name="管理员",
        scope="all",
        operations=["accounts.manage", "channels.manage", "parameters.manage", "videos.keep"],
    )
    people = [
        User.objects.create_user(no, "test-password", name=no, is_staff=True) for no in ("A1", "A2")
    ]
    role.users.set(people)
    parameters.set_value("four_eyes", 1, scope="global", by="root")
    return people


@pytest.fixture
def reader():
    return Role.objects.create(code="reader", name="查询", operations=["videos.view"])


def somebody():
    return User.objects.create_user("B1", "test-password", name="B1")


def give(user, role, *, by):
    draft = UserDraft(staff_no=user.staff_no, name=user.name, roles=(role,) if role else ())
    services.change_user(user.pk, draft, actor=actor_of(by))


def test_a_role_counts_when_somebody_else_has_agreed(both, reader):
    first, second = both
    user = somebody()

    give(user, reader, by=first)
    assert not user.roles.exists()
    change = PendingChange.objects.get()
    assert change.subject == "授予 B1 角色：查询"

    with pytest.raises(OwnChange):
        changes.decide(change.pk, agrees=True, user=first)
    changes.decide(change.pk, agrees=True, user=second)

    assert list(user.roles.all()) == [reader]
    assert User.objects.get(pk=user.pk).is_staff
    told = AuditEntry.objects.filter(action__startswith="change.").order_by("pk")
    assert list(told.values_list("action", "actor_name")) == [
        ("change.requested", "A1"),
        ("change.approved", "A2"),
    ]
    with pytest.raises(AlreadyDecided):
        changes.decide(change.pk, agrees=False, user=second)


def test_the_database_itself_knows_no_agreeing_to_the_own_wish(both, reader):
    give(somebody(), reader, by=both[0])
    rows = PendingChange.objects.all()

    for by in (both[0], None):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(state=ChangeState.APPROVED, decided_by=by)


def test_taking_away_needs_nobody(both, reader):
    user = somebody()
    user.roles.add(reader)

    give(user, None, by=both[0])

    assert not user.roles.exists()
    assert not PendingChange.objects.exists()


def test_who_would_profit_cannot_agree(both, reader):
    first, second = both
    give(second, reader, by=first)
    second.roles.add(Role.objects.get(code="admin"))

    with pytest.raises(OwnAccount):
        changes.decide(PendingChange.objects.get().pk, agrees=True, user=second)

    assert PendingChange.objects.get().state == ChangeState.PENDING


def test_who_lacks_the_operation_cannot_agree(both, reader):
    stranger = User.objects.create_user("C1", "test-password", name="C1")
    stranger.roles.add(reader)
    give(somebody(), reader, by=both[0])
    change = PendingChange.objects.get()

    with pytest.raises(Forbidden):
        changes.decide(change.pk, agrees=True, user=stranger)
    assert not changes.changes_open_to(stranger).exists()


def test_a_role_that_people_have_gets_wider_only_by_two(both, reader):
    somebody().roles.add(reader)
    reader.operations = ["qc.view"]

    services.save_role(reader, actor=actor_of(both[0]))
    reader.refresh_from_db()
    assert reader.operations == []

    changes.decide(PendingChange.objects.get().pk, agrees=True, user=both[1])
    reader.refresh_from_db()
    assert reader.operations == ["qc.view"]


def test_the_newest_wish_counts(both, reader):
    user = somebody()
    other = Role.objects.create(code="qc", name="质检", operations=["qc.view"])
    give(user, reader, by=both[0])
    give(user, other, by=both[0])

    assert list(PendingChange.objects.values_list("state", flat=True)) == ["PENDING", "WITHDRAWN"]
    changes.decide(
        PendingChange.objects.get(state=ChangeState.PENDING).pk, agrees=True, user=both[1]
    )
    assert list(user.roles.all()) == [other]


def test_channels_are_opened_by_two_and_closed_by_one(both):
    channel = Channel.objects.create(code="C", name="渠道")
    first, second = (entered(user) for user in both)
    act = {"_selected_action": [channel.pk]}

    first.post("/admin/channels_admin/channel/", act | {"action": "enable"})
    assert not is_open(channel)
    page = second.get("/changes/").content.decode()
    assert "启用渠道 渠道（C）" in page
    change = PendingChange.objects.get()
    assert first.post(f"/changes/{change.pk}", {"what": "approve"}).status_code == 302
    assert not is_open(channel)

    second.post(f"/changes/{change.pk}", {"what": "approve"})
    assert is_open(channel)
    first.post("/admin/channels_admin/channel/", act | {"action": "disable"})
    assert not is_open(channel)


def test_a_form_with_the_switch_on_waits_too(both):
    first = entered(both[0])
    address = "/admin/channels_admin/channel/add/"
    given = {"name": "渠道", "code": "C", "enabled": "True", "institution_name": "分行"}
    for formset in first.get(address).context["inline_admin_formsets"]:
        prefix = formset.formset.prefix
        given |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}

    answer = first.post(address, given | {"institution_no": "11"})

    assert answer.status_code == 302, answer.context["errors"]
    assert Channel.objects.get().enabled is False
    assert PendingChange.objects.get().kind == "channel"


def test_the_end_of_a_hold_needs_two(both):
    recordings.place_hold("HT-1", reason="案号", actor=actor_of(both[0]))

    assert recordings.release_hold("HT-1", actor=actor_of(both[0])) is False
    assert LegalHold.objects.get().released_at is None

    changes.decide(PendingChange.objects.get().pk, agrees=True, user=both[1])
    assert LegalHold.objects.get().released_by == "A2"


def test_the_rule_itself_is_turned_off_by_two(both):
    first = entered(both[0])
    off = {"scope": "global", "value": "0", "note": "测试"}

    first.post("/admin/parameters/parameter/of/four_eyes/", off)
    assert value_of("four_eyes") == 1

    changes.decide(PendingChange.objects.get().pk, agrees=True, user=both[1])
    assert value_of("four_eyes") == 0


def test_other_parameters_are_set_at_once(both):
    entered(both[0]).post(
        "/admin/parameters/parameter/of/offer_s/", {"scope": "global", "value": "41", "note": "n"}
    )

    assert value_of("offer_s") == 41
    assert not PendingChange.objects.exists()


def test_a_wish_is_taken_back_by_whose_it_is(both, reader):
    give(somebody(), reader, by=both[0])
    change = PendingChange.objects.get()

    assert entered(both[1]).post(f"/changes/{change.pk}", {"what": "withdraw"}).status_code == 404
    entered(both[0]).post(f"/changes/{change.pk}", {"what": "withdraw"})

    change.refresh_from_db()
    assert change.state == ChangeState.WITHDRAWN


def test_without_the_parameter_nothing_waits(both, reader):
    parameters.set_value("four_eyes", 0, scope="global", by="root")
    user = somebody()

    give(user, reader, by=both[0])

    assert list(user.roles.all()) == [reader]


def entered(user):
    client = Client()
    client.force_login(user)
    return client


def is_open(channel):
    return Channel.objects.get(pk=channel.pk).enabled
