"""State machines as tables."""

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from .errors import IllegalMove

S = TypeVar("S", bound=Enum)
M = TypeVar("M", bound=Enum)


class Machine(Generic[S, M]):
    """A table of moves. Pure: it answers questions, it never saves."""

    def __init__(self, moves: Mapping[M, tuple[frozenset[S], S]]) -> None:
        self._moves = dict(moves)

    def after(self, state: S, move: M) -> S:
        """The state after `move`. Raises IllegalMove when the table has no such move."""
        sources, target = self._moves[move]
        if state not in sources:
            raise IllegalMove(state=state.value, move=move.value)
        return target

    def allows(self, state: S, move: M) -> bool:
        return state in self._moves[move][0]

    @property
    def moves(self) -> Mapping[M, tuple[frozenset[S], S]]:
        return self._moves
