"""How decisions are written."""

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()
_MOVES = {
    "pass": _("质检通过"),
    "reject": _("拒件"),
    "return": _("退回二次面谈"),
    "flag": _("抽检不合格"),
}


@register.filter
def move_label(move: str) -> str:
    return str(_MOVES.get(move, move))
