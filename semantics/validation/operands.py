"""The operand stack of algorithmic typing, and the arrows t1* -> t2* that instruction rules conclude."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from semantics.syntax.instructions import Instr, Node
from semantics.syntax.types import RefType, ValType

Slot = ValType | None
"""The type of an operand; None is bottom: any type, the operand of code that is never reached."""


class Body(NamedTuple):
    """A premise C, label (t*) |- e* : t1* -> t2*; `label` is None where no label is bound (constant expressions)."""

    code: Sequence[Instr]
    params: tuple[ValType, ...]
    results: tuple[ValType, ...]
    label: tuple[ValType, ...] | None
    owner: Node
    rule: str


class Arrow(NamedTuple):
    """The conclusion t1* -> t2* of an instruction rule.

    `diverges`: the rule is stack-polymorphic, what follows is unreachable. `bodies` are premises on nested code, which
    the checker works off in order.
    """

    ins: tuple[Slot, ...]
    outs: tuple[Slot, ...] = ()
    diverges: bool = False
    bodies: tuple[Body, ...] = ()


class Operands:
    """The operands of one body; below them an endless supply of bottoms once the code is unreachable."""

    __slots__ = ("polymorphic", "values")

    def __init__(self, values: Sequence[Slot]) -> None:
        """The operands a body starts with: its parameters."""
        self.values: list[Slot] = list(values)
        self.polymorphic = False

    def peek(self, depth: int) -> Slot:
        """The operand at `depth` from the top, bottom where there is none (popping it then finds the error)."""
        return self.values[-1 - depth] if depth < len(self.values) else None

    def matches(self, wanted: Sequence[Slot]) -> bool:
        """Whether the topmost operands are of the types `wanted`."""
        values = self.values
        here = values[-len(wanted) :] if wanted else []
        missing = len(wanted) - len(here)
        if missing and not self.polymorphic:
            return False
        return all(a is None or b is None or a == b for a, b in zip(here, wanted[missing:], strict=True))

    def apply(self, arrow: Arrow) -> bool:
        """Pops `ins` and pushes `outs`; False, and nothing done, if the operands do not match."""
        ins, values = arrow.ins, self.values
        if ins:
            n = len(ins)
            if tuple(values[-n:]) != ins and not self.matches(ins):
                return False
            del values[-n:]
        if arrow.diverges:
            values.clear()
            self.polymorphic = True
        values.extend(arrow.outs)
        return True

    def top(self, n: int) -> list[Slot]:
        """At most `n` topmost operands."""
        return self.values[-n:] if n else []


def mismatch(wanted: Sequence[Slot], found: Sequence[Slot]) -> tuple[str, str]:
    """Message and hint of a stack mismatch, in the words of the specification."""
    message = f"type mismatch: expected {_show(wanted, len(wanted))}, found {_show(found, len(wanted))}"
    only_share = any(
        isinstance(a, RefType) and isinstance(b, RefType) and a.kind is b.kind and a.share is not b.share
        for a, b in zip(reversed(wanted), reversed(found), strict=False)
    )
    return message, "local and shared references never convert into each other" if only_share else ""


def _show(types: Sequence[Slot], wanted: int) -> str:
    words = ["_" if t is None else str(t) for t in types]
    if wanted == 1 and len(words) <= 1:
        return words[0] if words else "nothing"
    return f"[{' '.join(words)}]"
