"""One outcome stands for all that differ from it by a permutation of interchangeable threads.

The representative is the outcome in which what the threads show ascends from thread to thread, position by position
as in a dictionary. Every orbit has exactly one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import factorial, prod
from typing import TypeVar

from semantics.execution.outcomes import And, Equals, HasStatus, Not, Or, Proposition, Same
from semantics.execution.structure import Status
from semantics.solver.cnf import FALSE, TRUE, Clauses
from semantics.solver.observables import Observables, Shown, Value

T = TypeVar("T", bound=Hashable)

Member = dict[str, Shown]
"""What one of several interchangeable threads shows and may vary: by register; its status under ""."""


def members(observables: Observables, names: Sequence[str]) -> list[list[Member]]:
    """Threads with these names, which are interchangeable, in classes that vary in the same registers. (A register
    that is constant in one thread has that value in all, even where the clauses do not show it at once.)"""
    found: dict[frozenset[str], list[Member]] = {}
    wanted: dict[str, Member] = {name: {} for name in names}
    for shown in observables.shown:
        thread, register = (shown.thread, "") if shown.observable is None else shown.observable
        if thread in wanted and not constant(shown):
            wanted[thread][register] = shown
    for member in wanted.values():
        if member:
            found.setdefault(frozenset(member), []).append(member)
    return list(found.values())


def constant(shown: Shown) -> bool:
    """Whether only one value is possible."""
    return TRUE in shown.literals.values()


def ascending(clauses: Clauses, classes: Sequence[Sequence[Member]]) -> int:
    """A literal under which what the threads of each class show ascends."""
    active = clauses.fresh()
    for alike in classes:
        registers = sorted(alike[0])
        values = {r: sorted({v for m in alike for v in m[r].literals}, key=_rank) for r in registers}
        least = [{r: _at_least(clauses, m[r], values[r]) for r in registers} for m in alike]
        for i, (left, right) in enumerate(pairwise(alike)):
            equal = active  # all before is equal
            for r in registers:
                for low, high in zip(least[i][r], least[i + 1][r], strict=True):
                    clauses.add([-equal, -low, high])
                if r == registers[-1]:
                    break
                longer = clauses.fresh()
                for value in values[r]:
                    a, b = left[r].literals.get(value, FALSE), right[r].literals.get(value, FALSE)
                    clauses.add([-equal, -a, -b, longer])
                equal = longer
    return active


def _rank(value: Value) -> tuple[int, int | str]:
    return (0, 0) if value is None else (2, value.value) if isinstance(value, Status) else (1, value)


def _at_least(clauses: Clauses, shown: Shown, values: list[Value]) -> list[int]:
    """For each value but the first, the literal of "that one or a later one"."""
    result: list[int] = []
    for value in values[:0:-1]:
        literal = shown.literals.get(value, FALSE)
        result.append(clauses.any_of([literal, result[-1]]) if result else literal)
    return result[::-1]


def orbit_size(row: Sequence[Hashable], classes: Sequence[Sequence[Sequence[int]]]) -> int:
    """How many rows the permutations of the threads make of one. `classes`: the columns of each thread of a class."""
    return prod(
        factorial(len(alike)) // prod(map(factorial, Counter(tuple(row[c] for c in m) for m in alike).values()))
        for alike in classes
    )


def orbit(row: tuple[Value, ...], classes: Sequence[Sequence[Sequence[int]]]) -> Iterator[tuple[Value, ...]]:
    """The rows themselves, each once."""
    if not classes:
        yield row
        return
    shown = [tuple(row[c] for c in columns) for columns in classes[0]]
    for arranged in arrangements(shown):
        changed = list(row)
        for columns, values in zip(classes[0], arranged, strict=True):
            for column, value in zip(columns, values, strict=True):
                changed[column] = value
        yield from orbit(tuple(changed), classes[1:])


def arrangements(items: Sequence[T]) -> Iterator[list[T]]:
    """The distinct orders of some items, by Narayana's algorithm on their ranks."""
    kinds = {item: rank for rank, item in enumerate(dict.fromkeys(items))}
    known = list(kinds)
    ranks = sorted(kinds[item] for item in items)
    while True:
        yield [known[rank] for rank in ranks]
        at = len(ranks) - 2
        while at >= 0 and ranks[at] >= ranks[at + 1]:
            at -= 1
        if at < 0:
            return
        other = max(i for i in range(at + 1, len(ranks)) if ranks[i] > ranks[at])
        ranks[at], ranks[other] = ranks[other], ranks[at]
        ranks[at + 1 :] = reversed(ranks[at + 1 :])


def unmoved(proposition: Proposition, names: Sequence[str]) -> list[list[str]]:
    """Interchangeable threads in classes that the proposition does not tell apart either."""
    form = _form(proposition, {})
    mentioned = _mentioned(proposition)
    free = [name for name in names if name not in mentioned]
    classes: list[list[str]] = [free] if free else []
    for name in names:
        if name not in mentioned:
            continue
        for alike in classes:
            if alike is not free and _form(proposition, {name: alike[0], alike[0]: name}) == form:
                alike.append(name)
                break
        else:
            classes.append([name])
    return classes


def _mentioned(p: Proposition) -> set[str]:
    match p:
        case Equals((thread, _), _) | HasStatus(thread, _):
            return {thread}
        case Same((left, _), (right, _)):
            return {left, right}
        case Not(operand):
            return _mentioned(operand)
        case And(operands) | Or(operands):
            return set().union(*map(_mentioned, operands))


def _form(p: Proposition, names: Mapping[str, str]) -> Hashable:
    """The proposition with threads renamed, up to the order of operands."""
    match p:
        case Equals((thread, register), value):
            return "equals", names.get(thread, thread), register, value
        case HasStatus(thread, status):
            return "status", names.get(thread, thread), status
        case Same((a, r), (b, s)):
            return "same", frozenset(((names.get(a, a), r), (names.get(b, b), s)))
        case Not(operand):
            return "not", _form(operand, names)
        case And(operands) | Or(operands):
            return type(p).__name__, frozenset(_form(o, names) for o in operands)
