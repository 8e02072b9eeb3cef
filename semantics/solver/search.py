"""All outcomes: what is shown falls into independent parts, and each part is searched by deciding its values one after
another under assumptions. No models, no blocking clauses, unless values are so coupled that most checks fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod

from semantics.execution.outcomes import Outcome
from semantics.solver.cnf import FALSE, TRUE, Clauses
from semantics.solver.deadline import TIME_LIMIT
from semantics.solver.observables import Observables, Shown, Value
from semantics.solver.orbits import Member, ascending, orbit, orbit_size
from semantics.solver.sat import Answer, Sat, Stack
from semantics.solver.symmetry import LEAST

Row = tuple[Value, ...]

_PATIENCE = 20
"""Blocking clauses take over when the checks exceed so many times the rows found."""

_LONG = 5
"""Cores of so many decisions are worth shortening."""


@dataclass(slots=True)
class Part:
    """A factor of the outcome set: rows of values for the observables `shown`. Each row stands for its orbit under
    the permutations of the threads of each class in `classes`, which lists the columns of every thread."""

    shown: list[Shown]
    rows: list[Row]
    classes: list[list[list[int]]] = field(default_factory=list)

    def count(self) -> int:
        """How many rows the part stands for."""
        return sum(orbit_size(row, self.classes) for row in self.rows) if self.classes else len(self.rows)

    def expanded(self) -> Iterator[Row]:
        """These rows, each once."""
        for row in self.rows:
            yield from orbit(row, self.classes)


class OutcomeSet:
    """Distinct outcomes, kept as a product of parts. `complete`: no outcome is missing; else `reasons` say why."""

    def __init__(
        self, parts: list[Part], outcome: Callable[[Mapping[Shown, Value]], Outcome], reasons: tuple[str, ...] = ()
    ) -> None:
        """`outcome` makes an outcome of one row from each part."""
        self.parts = parts
        self.reasons = reasons
        self._outcome = outcome
        self._listed: list[Outcome] | None = None

    @classmethod
    def listed(cls, outcomes: list[Outcome], reasons: tuple[str, ...] = ()) -> OutcomeSet:
        """A set that is known as a list."""
        made = cls([], lambda chosen: outcomes[0], reasons)
        made._listed = outcomes
        return made

    @property
    def complete(self) -> bool:
        """Whether these are all outcomes."""
        return not self.reasons

    def count(self) -> int:
        """How many outcomes there are, without listing them."""
        return prod(part.count() for part in self.parts) if self._listed is None else len(self._listed)

    def __len__(self) -> int:
        """As `count`."""
        return self.count()

    def __iter__(self) -> Iterator[Outcome]:
        """The outcomes, one after another, each once."""
        if self._listed is not None:
            yield from self._listed
            return
        folded = [part for part in self.parts if part.classes]
        flat = [part for part in self.parts if not part.classes]
        shown = [s for part in (*folded, *flat) for s in part.shown]
        for first in _unfolded(folded):
            for rows in product(*(part.rows for part in flat)):
                values = [*first, *(value for row in rows for value in row)]
                yield self._outcome(dict(zip(shown, values, strict=True)))


def _unfolded(parts: list[Part]) -> Iterator[Row]:
    """The product of parts whose rows stand for orbits, without listing any of them."""
    if not parts:
        yield ()
        return
    for row in parts[0].expanded():
        for rest in _unfolded(parts[1:]):
            yield (*row, *rest)


def outcomes_of(
    sat: Sat,
    clauses: Clauses,
    observables: Observables,
    assumptions: list[int],
    limit: int | None,
    doubt: tuple[str, ...] = (),
    alike: Sequence[Sequence[Member]] = (),
) -> OutcomeSet:
    """All outcomes, or `limit` of them, under assumptions. `doubt`: reasons why some are missing from the clauses.
    `alike`: classes of interchangeable threads."""
    groups = independent(clauses, observables.shown, assumptions)
    answer = sat.check(assumptions)
    if answer is not Answer.SAT:
        reasons = (TIME_LIMIT,) if answer is Answer.UNKNOWN else doubt
        return OutcomeSet([Part([], [])], observables.outcome, reasons)
    parts, found, count = [], [], 1
    for group in groups:
        classes = _within(group, alike)
        order = [ascending(clauses, classes)] if classes else []
        search = Search(sat, group, [*assumptions, *order], limit)
        reason = search.run()
        if reason is not None:
            found.append(reason)
        column = {id(one): i for i, one in enumerate(group)}
        columns = [[[column[id(m[r])] for r in sorted(m)] for m in threads] for threads in classes]
        parts.append(Part(group, search.rows, columns))
        count *= parts[-1].count()
    made = OutcomeSet(parts, observables.outcome, tuple(dict.fromkeys((*doubt, *found))))
    if limit is None or count <= limit:
        return made
    return OutcomeSet.listed(list(islice(made, limit)), (f"stopped after {limit} outcomes",))


def _within(group: list[Shown], alike: Sequence[Sequence[Member]]) -> list[list[Member]]:
    """The interchangeable threads all of whose choices are in the group. (Threads that choose independently of each
    other are better kept as factors.)"""
    here = set(map(id, group))
    classes = [[m for m in threads if all(id(one) in here for one in m.values())] for threads in alike]
    return [threads for threads in classes if len(threads) >= LEAST]


def independent(clauses: Clauses, shown: list[Shown], assumptions: list[int]) -> list[list[Shown]]:
    """Groups observables that share, directly or not, a clause: different groups choose independently."""
    parent = list(range(clauses.variables + 1))

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    fixed = set(assumptions) | {clause[0] for clause in clauses.clauses if len(clause) == 1}
    for clause in clauses.clauses:
        if any(literal in fixed for literal in clause):
            continue
        root = 0
        for literal in clause:
            if -literal in fixed:
                continue
            other = find(abs(literal))
            if root and root != other:
                parent[other] = root
            else:
                root = other
    groups: dict[int, list[Shown]] = {}
    for one in shown:
        root = 0
        for literal in one.literals.values():
            if abs(literal) == TRUE:
                continue
            other = find(abs(literal))
            if root and root != other:
                parent[other] = root
            else:
                root = other
    for one in shown:
        variables = [abs(literal) for literal in one.literals.values() if abs(literal) != TRUE]
        groups.setdefault(find(variables[0]) if variables else 0, []).append(one)
    return list(groups.values())


class Interrupted(Exception):
    """The time is over, or enough rows were found."""

    def __init__(self, reason: str) -> None:
        """`reason` is for people."""
        super().__init__(reason)
        self.reason = reason


class Search:
    """Enumerates the rows of one group of observables under fixed assumptions."""

    def __init__(self, sat: Sat, group: list[Shown], assumptions: list[int], limit: int | None) -> None:
        """`limit`: most rows to find."""
        self.sat = sat
        self.group = group
        self.limit = limit
        self.assumptions = assumptions
        self.stack = Stack(sat, len(assumptions) + len(group))
        for literal in assumptions:
            self.stack.push(literal)
        self.rows: list[Row] = []
        self.choices = [[(v, x) for v, x in one.literals.items() if x != FALSE] for one in group]
        self._place: dict[int, int] = {}  # literal -> where it is decided last
        for at, choice in enumerate(self.choices):
            self._place.update((x, at) for _, x in choice)
        self._bits = {literal: 1 << i for i, literal in enumerate(self._place)}
        self._nogoods: dict[int, list[int]] = {}  # literal -> masks of decisions before it that it contradicts
        self._checks = 0
        self._shortening = 0

    def run(self) -> str | None:
        """Fills `rows`; returns why some may be missing. Some row must exist."""
        try:
            if not self._decide(0, (), 0):
                self._block()
        except Interrupted as stop:
            return stop.reason
        return None

    def _decide(self, at: int, row: Row, decided: int) -> bool:
        """Rows that extend `row`, which is possible; `decided`: mask of its literals. False: give up, values are too
        coupled."""
        if at == len(self.group):
            self.rows.append(row)
            if self.limit is not None and len(self.rows) >= self.limit:
                raise Interrupted(f"stopped after {self.limit} outcomes")
            return True
        open_ = [(v, x) for v, x in self.choices[at] if not self._refuted(x, decided)]
        possible = False
        last = len(open_) - 1
        for i, (value, literal) in enumerate(open_):
            if literal == TRUE:
                if not self._decide(at + 1, (*row, value), decided):
                    return False
                continue
            self.stack.push(literal)
            if i < last or possible:
                self._checks += 1
                if self._checks > _PATIENCE * (len(self.rows) + 20):
                    self.stack.pop()
                    return False
                answer = self.stack.check()
                if answer is Answer.UNKNOWN:
                    raise Interrupted(TIME_LIMIT)
                if answer is Answer.UNSAT:
                    self._learn(literal)
                    self.stack.pop()
                    continue
            possible = True
            goes_on = self._decide(at + 1, (*row, value), decided | self._bits[literal])
            self.stack.pop()
            if not goes_on:
                return False
        return True

    def _learn(self, last: int) -> None:
        """Keeps the decisions that the last check found to contradict each other, `last` the latest of them."""
        core = self._shortened([x for x in self.sat.core() if x in self._place])
        latest = max(core, key=self._place.__getitem__, default=last)
        mask = 0
        for literal in core:
            if literal != latest:
                mask |= self._bits[literal]
        self._nogoods.setdefault(latest, []).append(mask)

    def _shortened(self, core: list[int]) -> list[int]:
        """The core without decisions that it can spare: a short one refutes more. Costs no more checks than the
        search itself."""
        if len(core) < _LONG or self._shortening > self._checks:
            return core
        for literal in list(core):
            if literal in core and len(core) > 1:
                self._shortening += 1
                without = [x for x in core if x != literal]
                if self.sat.check([*self.assumptions, *without]) is Answer.UNSAT:
                    needed = set(self.sat.core())
                    core = [x for x in without if x in needed]
        return core

    def _refuted(self, literal: int, decided: int) -> bool:
        return any([mask & decided == mask for mask in self._nogoods.get(literal, ())])

    def _block(self) -> None:
        """The rows one model at a time, each excluded by a clause that only this search activates."""
        sat = self.sat
        active = sat.clauses.fresh()
        seen = set(self.rows)
        assumed = [*self.assumptions, active]
        for row in self.rows:
            sat.clauses.add([-active, *(-dict(choice)[v] for choice, v in zip(self.choices, row, strict=True))])
        while True:
            answer = sat.check(assumed)
            if answer is Answer.UNSAT:
                return
            if answer is Answer.UNKNOWN:
                raise Interrupted(TIME_LIMIT)
            holds = sat.holds()
            chosen = [next((v, x) for v, x in choice if x == TRUE or holds(x)) for choice in self.choices]
            row = tuple(v for v, _ in chosen)
            sat.clauses.add([-active, *(-x for _, x in chosen)])
            if row not in seen:
                seen.add(row)
                self.rows.append(row)
                if self.limit is not None and len(self.rows) >= self.limit:
                    raise Interrupted(f"stopped after {self.limit} outcomes")
