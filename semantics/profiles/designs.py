"""How a design's file enters an instruction of its own into the rooms below: text, operands, confinement.

Typing rules and reduction rules enter by their decorators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from semantics.reduction.designs import Effect, enter
from semantics.syntax.instructions import DesignInstr
from semantics.text.opcodes import add_instruction


def instruction(
    kind: type[DesignInstr],
    operands: int | Callable[..., int],
    *,
    concrete: Sequence[int] | Literal["all"] = (),
    effect: Effect,
) -> None:
    """Enters an instruction that programs may write; the arguments are those of `enter`."""
    enter(kind, operands, concrete=concrete, effect=effect)
    add_instruction(kind)
