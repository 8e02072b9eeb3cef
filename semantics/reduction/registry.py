"""The registry of reduction rules: one pure function per printed row, found by instruction.

A rule takes (frame, operands, instr, oracle) and returns a Step, a tuple of Steps (several instances of the row
match), or None (the row does not match). Names end in a fixed vocabulary: -ok -oob -null -mismatch -grow -fail
-equal -unequal -unaligned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

from semantics.runtime.actions import Location
from semantics.runtime.configuration import Frame, Step
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store
from semantics.terms import Term


class Oracle(Protocol):
    """What a rule may ask of its surroundings. Every call of `read` stands for a reading action of its own."""

    @property
    def store(self) -> Store:
        """s: the objects."""

    @property
    def profile(self) -> Profile:
        """Which reading of the semantics."""

    @property
    def thread(self) -> int:
        """The number of the thread that steps."""

    @property
    def number(self) -> int:
        """What `spawned` said of the thread that steps before it was spawned; 0 for the first one."""

    @property
    def handle(self) -> int:
        """The store object that stands for the thread that steps, 0 where there is none (systems.md B.7)."""

    def read(self, location: Location, size: int, width: int) -> Term:
        """The value, of `width` bits in all, that a read of `size` units at `location` yields."""

    def possible(self, location: Location) -> Iterable[int]:
        """Every value that a read of the one unit at `location` may yield: asked where a row needs it concrete."""

    def spawned(self) -> int:
        """The host's number (from 1) of the thread that the running thread is about to spawn; no two have one."""

    def choice(self) -> Term:
        """A condition (width 1) that the environment decides: whether a growth that may succeed does."""


Outcome = Step | tuple[Step, ...] | None
RuleFunction = Callable[[Frame, Any, Any, Oracle], Outcome]

F = TypeVar("F", bound=RuleFunction)


class Rule(NamedTuple):
    """A row: its name, where it is printed (`row` None: not printed, added), the redexes that it speaks of. `figure` is
    "core" for the base language, and a word such as "B.3" for a rule that a design adds.

    `pure`: it neither carries actions nor asks the oracle to read, and leaves nothing for the global relation.
    """

    name: str
    figure: int | str
    row: int | None
    page: int | None
    instr: tuple[type, ...]
    function: Callable[..., Any]
    doc: str
    pure: bool


RULES: dict[str, Rule] = {}
"""Every rule, by name, in the order of definition."""

GLOBAL_FIGURE = 11

REDEXES: dict[type, tuple[Rule, ...]] = {}
"""The rules of each class of instruction, administrative ones included."""


def local_rule(
    name: str,
    *,
    fig: int | str,
    instr: type | tuple[type, ...],
    row: int | None = None,
    page: int | None = None,
    pure: bool = False,
) -> Callable[[F], F]:
    """Registers a rule function. Its docstring is the row in ASCII."""

    def register(function: F) -> F:
        kinds = instr if isinstance(instr, tuple) else (instr,)
        if name in RULES:
            raise ValueError(f"two rules are named {name}")
        rule = RULES[name] = Rule(name, fig, row, page, kinds, function, (function.__doc__ or "").strip(), pure)
        for kind in kinds:
            REDEXES[kind] = (*REDEXES.get(kind, ()), rule)
        return function

    return register


G = TypeVar("G", bound=Callable[..., Any])


def global_rule(name: str, *, row: int, page: int, instr: type) -> Callable[[G], G]:
    """Registers a row of Fig. 11: `instr` is what it takes, mostly an administrative instruction."""

    def register(function: G) -> G:
        if name in RULES:
            raise ValueError(f"two rules are named {name}")
        doc = (function.__doc__ or "").strip()
        RULES[name] = Rule(name, GLOBAL_FIGURE, row, page, (instr,), function, doc, False)
        return function

    return register
