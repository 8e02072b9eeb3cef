"""The slices of threads that take turns: begun where a thread starts or is woken, ended where it is suspended or ends.

The host's hidden thread takes no turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.execution.structure import Kind
from semantics.exploration import handles, killing
from semantics.exploration.path import Path
from semantics.reduction.designs import EFFECTS
from semantics.reduction.machine import evaluating, interrupted
from semantics.reduction.turns import FREE, STATE_BITS, passing, state_of, taking
from semantics.runtime.actions import Action, Read
from semantics.runtime.configuration import Configuration, Doing, TakeTurn
from semantics.runtime.store import HOST
from semantics.syntax.instructions import Instr
from semantics.syntax.types import Order
from semantics.terms import apply

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding


def first(unfolding: Unfolding, path: Path) -> None:
    """The first slice of all begins."""
    store = unfolding.plan.store
    if store.turn and not path.planned.hidden:
        _event(unfolding, path, "take-turn-ok", taking(store, path.number, FREE, Doing.NONE))


def begin(unfolding: Unfolding, path: Path, was: Doing) -> None:
    """The path's thread has to take its turn before it does what comes next, where threads take turns."""
    if unfolding.plan.store.turn and not path.planned.hidden:
        path.config = (path.config or evaluating(HOST, ()))._replace(pending=TakeTurn(was))


def end(unfolding: Unfolding, path: Path, doing: Doing) -> None:
    """The path's thread lets others take their turn."""
    store = unfolding.plan.store
    if store.turn and not path.planned.hidden:
        _event(unfolding, path, "pass-turn", passing(store, path.number, doing))


def idle(unfolding: Unfolding, instr: Instr | None) -> bool:
    """Whether an instruction only lets others run. Where the host has calls that name who runs next, the turn that is
    passed on may be one that was meant for just this thread."""
    effect = EFFECTS.get(instr.__class__)
    return effect is not None and effect.idle and not unfolding.hands


def _event(unfolding: Unfolding, path: Path, rule: str, actions: tuple[Action, ...]) -> None:
    unfolding.builder.event(path.thread, path.node, Kind.ACCESS, actions, rule, text="turn")
    path.effects += 1
    path.visible += 1


def take(unfolding: Unfolding, path: Path, config: Configuration, pending: TakeTurn) -> bool:
    """take': a slice begins; none does where the thread is suspended for ever. Whether the path goes on."""
    [row] = interrupted(config, unfolding.oracle)
    conditions, doing = [row.step.condition], unfolding.builder.symbol(STATE_BITS)
    if pending.was is Doing.SUSPENDED:
        never = apply("eq", 1, doing, Doing.SUSPENDED, arg_width=STATE_BITS)
        conditions.append((never, *killing.goes_on(unfolding, path)))
    made = unfolding.children(path, conditions)
    for child in made[:1]:
        handles.interrupt(unfolding, child, row, Kind.ACCESS)
        child.effects -= idle(unfolding, handles.suspending(config))
        child.begun = child.visible
        child.exposed = False  # who is killed now may as well be killed before: it only keeps others from running
    for child in made[1:]:
        unfolding.spin.ended(config)
        read = Read(Order.UNORD, state_of(unfolding.plan.store, path.number), 1, doing)
        handles.blocked(unfolding, child, (read,), "never resumed")
    return unfolding.schedule(made[:1])
