"""Outcomes and propositions over them.

An observable is ("T0", "r0") for a register, ("", "x") for a final value of a named cell; statuses are kept per
thread. A proposition is the body of a condition: boolean combinations of comparisons with observables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semantics.execution.structure import Status

Observable = tuple[str, str]
"""(thread name, register) or ("", cell name)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A final state: values of the observables (unsigned bit patterns; a register that a trapped, blocked or never
    started thread did not set is absent) and how each thread ended (absent: it was never spawned)."""

    values: tuple[tuple[Observable, int], ...]  # sorted
    statuses: tuple[tuple[str, Status], ...]  # sorted by thread name

    def value(self, observable: Observable) -> int | None:
        """The value of an observable, None where it has none."""
        return dict(self.values).get(observable)

    def status(self, thread: str) -> Status | None:
        """How a thread ended, None where it was never spawned."""
        return dict(self.statuses).get(thread)


@dataclass(frozen=True, slots=True)
class Equals:
    """observable = value. False where the observable has no value."""

    observable: Observable
    value: int


@dataclass(frozen=True, slots=True)
class Same:
    """observable = observable. False where either has no value."""

    left: Observable
    right: Observable


@dataclass(frozen=True, slots=True)
class HasStatus:
    """The thread ended with this status."""

    thread: str
    status: Status


@dataclass(frozen=True, slots=True)
class Not:
    """~p"""

    operand: Proposition


@dataclass(frozen=True, slots=True)
class And:
    """p /\\ q ...; And(()) is true."""

    operands: tuple[Proposition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """p \\/ q ...; Or(()) is false."""

    operands: tuple[Proposition, ...]


Proposition = Equals | Same | HasStatus | Not | And | Or
TRUE = And(())


def holds(proposition: Proposition, outcome: Outcome) -> bool:
    """Whether an outcome satisfies a proposition."""
    return _holds(proposition, dict(outcome.values), dict(outcome.statuses))


def _holds(p: Proposition, values: Mapping[Observable, int], statuses: Mapping[str, Status]) -> bool:
    match p:
        case Equals(observable, value):
            return values.get(observable) == value
        case Same(left, right):
            return left in values and values[left] == values.get(right)
        case HasStatus(thread, status):
            return statuses.get(thread) is status
        case Not(operand):
            return not _holds(operand, values, statuses)
        case And(operands):
            return all(_holds(o, values, statuses) for o in operands)
        case Or(operands):
            return any(_holds(o, values, statuses) for o in operands)
