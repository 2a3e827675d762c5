"""The people and the case of a rehearsal: flagged, so that no list or report counts them."""

import datetime as dt
import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import Role, User
from appointments import services as appointments
from appointments.models import Appointment
from appointments.states import AppointmentMove, AppointmentState
from channels_admin.models import AdmissionAttempt, Channel
from common.actor import Actor, ActorKind
from interviews import services as interviews
from interviews.models import Call, InterviewTask
from interviews.states import Verdict
from seats.models import Seat, SeatPresence
from seats.states import Presence

STAFF_NO = "REHEARSAL"
CHANNEL = "REHEARSAL"
ACTOR = Actor(ActorKind.SYSTEM, "rehearsal", "rehearsal")


@dataclass(frozen=True, slots=True)
class Setting:
    password: str
    task_id: str
    party_id: str


@transaction.atomic
def prepare() -> Setting:
    """A seat with a password of this run only, a channel, and a task whose appointment is now."""
    role, _ = Role.objects.update_or_create(
        code="rehearsal", defaults={"name": "演练", "operations": ["workbench.use"]}
    )
    user, _ = User.objects.get_or_create(staff_no=STAFF_NO, defaults={"name": "演练坐席"})
    password = secrets.token_urlsafe(24)
    user.set_password(password)
    user.is_active = True
    user.save()
    user.roles.set([role])
    seat, _ = Seat.objects.update_or_create(
        user=user, defaults={"enabled": True, "rehearsal": True}
    )
    _free(seat)
    Channel.objects.update_or_create(
        code=CHANNEL, defaults={"name": "演练", "enabled": True, "institution_name": ""}
    )
    task = interviews.create_task(
        interviews.TaskDraft(
            contract_no=STAFF_NO,
            product_code=STAFF_NO,
            product_name="演练",
            customer_name="演练客户",
            channel_code=CHANNEL,
            rehearsal=True,
            parties=(
                interviews.PartyDraft(
                    name="演练客户",
                    phone="10000000000",
                    id_no=STAFF_NO,
                    roles=("PRIMARY_BORROWER",),
                ),
            ),
        ),
        actor=ACTOR,
    )
    appointments.book(
        task.pk,
        seat_id=seat.pk,
        start=timezone.now().replace(microsecond=0) - dt.timedelta(seconds=30),
        minutes=30,
        actor=ACTOR,
    )
    return Setting(password, str(task.pk), str(task.parties.get().pk))


def _free(seat: Seat) -> None:
    """What a rehearsal that was broken off left behind."""
    for call in Call.objects.filter(seat=seat, state__in=["CONNECTING", "PREROLL", "LIVE"]):
        interviews.end_call(call.pk, actor=ACTOR, reason="rehearsal_over")
    for call in Call.objects.filter(seat=seat, state="ENDED"):
        interviews.file_verdict(call.pk, verdict=Verdict.PARTIAL, actor=ACTOR)
    for row in Appointment.objects.filter(seat=seat, state=AppointmentState.BOOKED):
        appointments.close(row, AppointmentMove.EXPIRE, actor=ACTOR)
    SeatPresence.objects.filter(seat=seat).update(state=Presence.SIGNED_OUT, reason="")


@transaction.atomic
def clear_away() -> None:
    """Nobody can log in or call in as a rehearsal until the next one; reports show none."""
    User.objects.filter(staff_no=STAFF_NO).update(is_active=False)
    for seat in Seat.objects.filter(rehearsal=True):
        _free(seat)
    Seat.objects.filter(rehearsal=True).update(enabled=False)
    interviews.supersede_task(STAFF_NO, actor=ACTOR)
    AdmissionAttempt.objects.filter(channel_code=CHANNEL).delete()
    Channel.objects.filter(code=CHANNEL).delete()


def state_of(task_id: str) -> str:
    return str(InterviewTask.objects.values_list("state", flat=True).get(pk=task_id))
