"""The log by institutions and by contracts: which entries are open to whom (ACC-3): by people, and about people, of the own data scope.

An interview's chain holds what customers and systems did, too. It is open as a whole to who may see
the seat that held the interview or is booked for it; it is found by its contract number.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext

from accounts.models import DataScope, User
from accounts.selectors import NOTHING, scope_of, visible
from appointments.models import Appointment
from audit.services import ADMIN_CHAIN, interview_chain
from audit.states import EVERY_CHAIN
from interviews.models import Call, InterviewTask
from seats.models import Seat

VIEW = "audit.view"


def sees_every_entry(user: User) -> bool:
    return scope_of(user, VIEW) == DataScope.ALL


def entries_open_to(user: User, tasks: Collection[UUID] = ()) -> Q:
    """A condition on entries; `tasks` are interviews that are asked for."""
    if sees_every_entry(user):
        return Q()
    if scope_of(user, VIEW) is None:
        return NOTHING
    people = [
        str(pk) for pk in User.objects.filter(visible(user, VIEW)).values_list("pk", flat=True)
    ]
    seats = [
        str(pk)
        for pk in Seat.objects.filter(visible(user, VIEW, owner="user")).values_list(
            "pk", flat=True
        )
    ]
    return (
        Q(actor_kind="user", actor_id__in=people)
        | Q(object_type="user", object_id__in=people)
        | Q(object_type="seat", object_id__in=seats)
        | Q(chain__in=_open_chains(user, tasks))
    )


def _open_chains(user: User, tasks: Collection[UUID]) -> list[str]:
    mine = visible(user, VIEW, owner="seat__user")
    held = Call.objects.filter(mine, task__in=tasks).values_list("task_id", flat=True)
    booked = Appointment.objects.filter(mine, task__in=tasks).values_list("task_id", flat=True)
    return [interview_chain(pk) for pk in {*held, *booked}]


def chain_names(chains: set[str]) -> dict[str, str]:
    """An interview's chain is called by its contract."""
    keys = {each.partition(":")[2]: each for each in chains if each.startswith("interview:")}
    known = InterviewTask.objects.filter(pk__in=keys).values_list("pk", "contract_no")
    names = {keys[str(pk)]: gettext("面谈 {contract}").format(contract=no) for pk, no in known}
    return names | {ADMIN_CHAIN: gettext("管理操作链"), EVERY_CHAIN: gettext("全部日志链")}
