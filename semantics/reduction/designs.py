"""How the instructions of a thread-creation design enter the machine: operand counts and what their code may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from semantics.reduction.operands import ALL_CONCRETE, CONCRETE, COUNT, COUNT_OF
from semantics.runtime.actions import Field
from semantics.syntax.instructions import DesignInstr

Touch = tuple[str, int, Field, bool]
"""(index space of the instance, index, field, whether it is written)"""


class Effect(NamedTuple):
    """What code that contains an instruction may do, for the analysis of confinement; each takes the instruction.

    touches: definitions of its own instance that it accesses
    calls, forks: functions of its own instance that it calls, or starts in another thread
    reifies: (index space, index) of definitions to which it makes a reference
    indirect: it may call whatever function a reference denotes, or instantiate a module
    spawns: it may start whatever function a reference denotes in another thread
    fresh: it starts threads that run its module's exported functions in a new instance, linked as its own
    dooms: a thread that traps after it may end the whole program
    acts: it may act on objects that it knows otherwise than from its instance
    branches: it may start a thread, suspend, wake, or have two outcomes in a state of known values
    idle: others may run meanwhile, and nothing else happens; `hands`: it may name who runs next (B.12)
    """

    touches: Callable[[Any], tuple[Touch, ...]] = lambda _: ()
    calls: Callable[[Any], tuple[int, ...]] = lambda _: ()
    forks: Callable[[Any], tuple[int, ...]] = lambda _: ()
    reifies: Callable[[Any], tuple[tuple[str, int], ...]] = lambda _: ()
    indirect: bool = False
    spawns: bool = False
    fresh: bool = False
    dooms: bool = False
    acts: bool = False
    branches: bool = True
    idle: bool = False
    hands: bool = False


EFFECTS: dict[type, Effect] = {}
"""By class of instruction."""


def enter(
    kind: type[DesignInstr],
    operands: int | Callable[..., int],
    *,
    concrete: Sequence[int] | Literal["all"] = (),
    effect: Effect,
) -> None:
    """Enters an instruction: how many operands it takes (a number, or a function of (instr, frame, store)), which of
    them, counted from the deepest (from -1, from the top), must be concrete before its rules may look at them, and its
    effect."""
    if callable(operands):
        COUNT_OF[kind] = operands
    else:
        COUNT[kind] = operands
    if concrete == "all":
        ALL_CONCRETE.add(kind)
    elif concrete:
        CONCRETE[kind] = tuple(concrete)
    EFFECTS[kind] = effect
