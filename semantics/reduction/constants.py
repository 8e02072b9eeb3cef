"""Constant expressions: (f; e* -->* f; v) of Fig. 22, by the same rules.

They read immutable globals only, whose value is the one that they were created with.
"""

from __future__ import annotations

from collections.abc import Iterable

from semantics.diagnostics import InternalError
from semantics.reduction.operands import operand_count
from semantics.reduction.registry import REDEXES
from semantics.runtime.actions import Location
from semantics.runtime.configuration import Frame, Step, Value
from semantics.runtime.profile import DEFAULT, Profile
from semantics.runtime.store import ModuleInst, Store
from semantics.syntax.instructions import Expr
from semantics.terms import Term


class _Initial:
    """An oracle that knows the initial values of globals."""

    profile: Profile = DEFAULT

    def __init__(self, store: Store) -> None:
        self.store = store

    def read(self, location: Location, size: int, width: int) -> Term:
        value = self.store.initial[location.region]
        if isinstance(value, int):
            return value
        raise InternalError(f"a constant expression reads {location}")

    def possible(self, location: Location) -> Iterable[int]:
        raise InternalError(f"a constant expression depends on {location}")

    def choice(self) -> Term:
        raise InternalError("a constant expression makes a choice")


def evaluate_constant(store: Store, instance: ModuleInst, code: Expr) -> int:
    """The value of a valid constant expression in `instance`. Raises InternalError for one that is not."""
    frame, oracle = Frame(instance, ()), _Initial(store)
    stack: tuple[Value, ...] = ()
    for instr in code:
        split = len(stack) - operand_count(instr, frame, store)
        step = REDEXES[instr.__class__][0].function(frame, stack[split:], instr, oracle)
        if not isinstance(step, Step) or step.then is not None or step.condition:
            raise InternalError(f"not a constant expression: {instr.__class__.__name__}")
        stack = stack[:split] + step.result
    if len(stack) == 1 and isinstance(stack[0].term, int):
        return stack[0].term
    raise InternalError("a constant expression must leave one value")
