"""The slices of threads that take turns: begun where a thread starts or is woken, ended where it is suspended or ends.

`thread.yield` does both by itself. The host's hidden thread takes no turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.execution.structure import Kind
from semantics.exploration.path import Path
from semantics.reduction.turns import passing, taking

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding


def begin(unfolding: Unfolding, path: Path) -> None:
    """The path's thread takes its turn, where threads do."""
    store = unfolding.plan.store
    if store.turn and not path.planned.hidden:
        unfolding.builder.event(path.thread, path.node, Kind.ACCESS, (taking(store),), "take-turn-ok", text="turn")
        path.effects += 1
        path.visible += 1


def end(unfolding: Unfolding, path: Path) -> None:
    """The path's thread lets others take theirs."""
    store = unfolding.plan.store
    if store.turn and not path.planned.hidden:
        unfolding.builder.event(path.thread, path.node, Kind.ACCESS, (passing(store),), "pass-turn", text="turn")
        path.effects += 1
        path.visible += 1
