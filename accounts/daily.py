"""What one person may take out in a day: parameters a supervisor sets, counted in 操作日志."""

from collections.abc import Collection

from audit import services as audit
from common.actor import Actor, ActorKind
from parameters.definitions import DEFINITIONS
from parameters.selectors import value_of

from .errors import DailyLimit
from .models import User


def require_left(
    parameter: str, actions: Collection[str], *, actor: Actor, pending: int = 0
) -> None:
    """Raises DailyLimit when these actions have been noted today as often as the parameter says.

    A partner system and the system itself have no bound here. Holds the person's row, so that two at once are counted: in the transaction that notes the next one.
    """
    if actor.kind != ActorKind.USER:
        return
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.id)
    most = int(value_of(parameter))
    used = pending + sum(audit.count_today(action, actor=actor) for action in actions)
    if used >= most:
        raise DailyLimit(most=most, parameter=str(DEFINITIONS[parameter].label))
