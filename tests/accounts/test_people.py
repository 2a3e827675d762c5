"""Creating, changing, disabling and deleting people; roles and their duties (ACC-1, ACC-2)."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts import services
from accounts.errors import (
    IncompatibleDuties,
    LastAdministrator,
    OwnAccount,
    RoleInUse,
    StaffNoTaken,
)
from accounts.models import Institution, Role, User
from accounts.selectors import actor_of, may
from accounts.services import UserDraft
from appointments.models import Appointment
from audit.models import AuditEntry
from seats.errors import SeatHasAppointments
from seats.models import Seat
from tests.support.factories import SEAT_ACTOR, make_seat, make_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator():
    user = User.objects.create_user("admin", "test-password", name="管理员")
    user.roles.add(role("admin", "accounts.view", "accounts.manage"))
    return user


@pytest.fixture
def seat_role():
    return role("seat", "workbench.use")


def role(code, *operations):
    return Role.objects.create(code=code, name=code, operations=list(operations))


def draft(staff_no="800500", **fields):
    return UserDraft(staff_no=staff_no, name="韩雪", **fields)


def entries(action):
    return AuditEntry.objects.filter(action=action)


def test_a_new_person_has_a_password_to_be_changed_and_the_way_in_that_the_roles_open(
    administrator, seat_role
):
    clerk, password = services.create_user(draft(roles=(seat_role,)), actor=actor_of(administrator))
    lead, _ = services.create_user(
        draft("800501", roles=(role("lead", "videos.view"),)), actor=actor_of(administrator)
    )

    assert clerk.check_password(password)
    assert clerk.must_change_password
    assert not clerk.is_staff
    assert lead.is_staff
    assert may(clerk, "workbench.use")
    assert password not in "".join(entries("user.created").values_list("payload", flat=True))


def test_a_number_is_taken_for_ever(administrator):
    user, _ = services.create_user(draft(), actor=actor_of(administrator))
    services.delete_user(user.pk, actor=actor_of(administrator))

    with pytest.raises(StaffNoTaken):
        services.create_user(draft(), actor=actor_of(administrator))


def test_a_change_says_what_changed(administrator):
    user, _ = services.create_user(draft(), actor=actor_of(administrator))
    branch = Institution.objects.create(code="11", name="分行")

    services.change_user(
        user.pk, draft(phone="13900000001", institution=branch), actor=actor_of(administrator)
    )
    services.change_user(
        user.pk, draft(phone="13900000001", institution=branch), actor=actor_of(administrator)
    )

    entry = entries("user.changed").get()
    assert '"changes":{"institution":["","分行（11）"]},"fields":["phone"]' in entry.payload
    assert "13900000001" not in entry.payload


def test_nobody_changes_the_own_roles_or_puts_oneself_out(administrator, seat_role):
    actor = actor_of(administrator)

    with pytest.raises(OwnAccount):
        services.change_user(administrator.pk, draft("admin", roles=(seat_role,)), actor=actor)
    with pytest.raises(OwnAccount):
        services.disable_user(administrator.pk, actor=actor)
    with pytest.raises(OwnAccount):
        services.delete_user(administrator.pk, actor=actor)
    own = Role.objects.get(code="admin")
    own.operations = [*own.operations, "videos.view"]
    with pytest.raises(OwnAccount):
        services.save_role(own, actor=actor)
    assert Role.objects.get(code="admin").operations == ["accounts.view", "accounts.manage"]


def test_somebody_who_can_give_rights_stays(administrator):
    with pytest.raises(LastAdministrator):
        services.disable_user(administrator.pk, actor=SEAT_ACTOR)
    administrator.refresh_from_db()
    assert administrator.is_active


@pytest.mark.parametrize("other", ["qc.review", "videos.download", "videos.keep"])
def test_who_interviews_does_not_judge_or_take_away(administrator, seat_role, other):
    second = role("second", other)

    with pytest.raises(IncompatibleDuties):
        services.create_user(draft(roles=(seat_role, second)), actor=actor_of(administrator))
    assert not User.objects.filter(staff_no="800500").exists()
    seat_role.operations = ["workbench.use", other]
    with pytest.raises(IncompatibleDuties):
        services.save_role(seat_role, actor=actor_of(administrator))


def test_a_role_that_changes_is_asked_with_everybodys_other_roles(administrator, seat_role):
    second = role("second", "videos.view")
    services.create_user(draft(roles=(seat_role, second)), actor=actor_of(administrator))

    second.operations = ["videos.view", "videos.download"]
    with pytest.raises(IncompatibleDuties):
        services.save_role(second, actor=actor_of(administrator))

    assert Role.objects.get(code="second").operations == ["videos.view"]


def test_a_role_that_changes_opens_and_closes_the_back_office(administrator):
    plain = role("plain")
    user, _ = services.create_user(draft(roles=(plain,)), actor=actor_of(administrator))
    assert not user.is_staff

    plain.operations = ["channels.view"]
    services.save_role(plain, actor=actor_of(administrator))

    assert User.objects.get(pk=user.pk).is_staff
    assert '"gained":["channels.view"]' in entries("role.changed").get().payload


def test_a_role_somebody_has_is_not_deleted(administrator, seat_role):
    services.create_user(draft(roles=(seat_role,)), actor=actor_of(administrator))

    with pytest.raises(RoleInUse):
        services.delete_role(seat_role.pk, actor=actor_of(administrator))
    services.delete_role(role("free").pk, actor=actor_of(administrator))
    assert not Role.objects.filter(code="free").exists()


def test_a_deleted_person_stays_as_a_row_that_can_do_nothing(administrator, seat_role):
    user, password = services.create_user(
        draft(phone="13900000001", email="a@b.cn", roles=(seat_role,)),
        actor=actor_of(administrator),
    )

    services.delete_user(user.pk, actor=actor_of(administrator))

    user.refresh_from_db()
    assert (user.is_active, user.phone, user.email) == (False, "", "")
    assert not user.check_password(password)
    assert not user.roles.exists()


def test_a_seat_that_leaves_cannot_be_booked_any_more(administrator, seat_role):
    seat = make_seat("S9001")
    seat.user.roles.add(seat_role)

    services.disable_user(seat.user.pk, actor=actor_of(administrator))

    assert not Seat.objects.get(pk=seat.pk).enabled


def test_a_seat_with_appointments_hands_them_over_first(administrator, seat_role):

    seat = make_seat("S9001")
    seat.user.roles.add(seat_role)
    start = timezone.now() + dt.timedelta(days=1)
    Appointment.objects.create(
        task=make_task(), seat=seat, slot=(start, start + dt.timedelta(minutes=30)), booked_by="t"
    )

    with pytest.raises(SeatHasAppointments):
        services.disable_user(seat.user.pk, actor=actor_of(administrator))
    with pytest.raises(SeatHasAppointments):
        services.change_user(seat.user.pk, draft("S9001"), actor=actor_of(administrator))

    seat.user.refresh_from_db()
    assert seat.user.is_active
    assert seat.user.roles.get() == seat_role
