"""Least fixed points by demand: `r^+` and `let rec`.

A pair that may be in a closure gets a variable only when a check mentions it, and the variable is implied by what
puts the pair there, not the other way round: every check is antitone, so a larger closure never admits more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from semantics.solver.cnf import EMPTY, TRUE, Clauses, Conj, Dnf, bits
from semantics.solver.frame import Frame, Rows
from semantics.solver.relations import Relation, closed


class Demands:
    """The variables of closures that were asked for and still need their defining clauses.

    `supports[literal]` are conjunctions that directly imply the literal; `simplify` uses them.
    `pairs[literal]` are the pairs that a closure's literal stands for.
    """

    def __init__(self, clauses: Clauses) -> None:
        """No demands yet; variables and clauses go to `clauses`."""
        self.clauses = clauses
        self.supports: dict[int, list[Conj]] = {}
        self.pairs: dict[int, list[tuple[int, int]]] = {}
        self._definitions: dict[int, Callable[[int], None]] = {}
        self._defined: set[int] = set()
        self._pending: list[int] = []
        self._busy = False

    def announce(self, literal: int, define: Callable[[int], None], supports: list[Conj]) -> None:
        """A new variable whose clauses `define` adds, once somebody needs them."""
        self._definitions[literal] = define
        self.pairs[literal] = []
        if supports:
            self.supports[literal] = supports

    def need(self, literals: Iterable[int]) -> None:
        """Adds the definitions of the closure variables among `literals`, and of those that these need in turn."""
        for literal in literals:
            if literal in self._definitions and literal not in self._defined:
                self._defined.add(literal)
                self._pending.append(literal)
        if not self._busy:  # definitions ask for others: one loop serves them all
            self._busy = True
            while self._pending:
                literal = self._pending.pop()
                self._definitions[literal](literal)
            self._busy = False

    def simplify(self, conj: Conj) -> Conj:
        """A conjunction without the literals that its others imply."""
        supports = self.supports
        for literal in conj:
            for reason in supports.get(literal, ()):
                if literal not in reason and reason <= conj:
                    return self.simplify(conj - {literal})
        return conj


class Closure:
    """r^+ where r depends on choices. A pair's variable stands for all pairs with the same chosen steps after the
    first event and before the second."""

    def __init__(self, frame: Frame, demands: Demands, body: Relation) -> None:
        """Bounds of the closure; its literals come by demand."""
        self.frame = frame
        self.demands = demands
        self.body = body
        must = closed(body.sure(frame))
        self.steps: Rows = {x: m for x, mask in body.may.items() if (m := mask & ~must.get(x, 0))}
        joined = dict(must)
        for x, mask in self.steps.items():
            joined[x] = joined.get(x, 0) | mask
        self.relation = Relation(must, closed(joined) if self.steps else None, self._when, causal=must, exact=False)
        self.sources = sum(1 << x for x in self.steps)
        self.targets = 0
        for mask in self.steps.values():
            self.targets |= mask
        self._literals: dict[tuple[int, int], int] = {}
        self._keys: dict[int, tuple[int, int]] = {}
        self._taken: dict[tuple[int, int], list[Conj]] = {}

    def _starts(self, x: int) -> int:
        return self.sources & (self.relation.must.get(x, 0) | 1 << x)

    def _literal(self, starts: int, ends: int) -> int:
        key = (starts, ends)
        literal = self._literals.get(key)
        if literal is None:
            literal = self._literals[key] = self.demands.clauses.fresh()
            self._keys[literal] = key
            supports = []
            for s in bits(starts):
                for t in bits(self.steps[s] & ends):
                    supports += self._step(s, t)
            self.demands.announce(literal, self._define, supports)
        return literal

    def _step(self, s: int, t: int) -> list[Conj]:
        """When a chosen step is taken, existence of its ends included."""
        found = self._taken.get((s, t))
        if found is None:
            frame, both = self.frame, 1 << s | 1 << t
            found = [conj | frame.missing(both, frame.present(conj)) for conj in self.body.when(s, t)]
            self._taken[s, t] = found
        return found

    def _when(self, x: int, y: int) -> Dnf:
        ends = self.targets & (self.relation.must_columns.get(y, 0) | 1 << y)
        literal = self._literal(self._starts(x), ends)
        self.demands.pairs[literal].append((x, y))
        return (frozenset((literal,)),)

    def _define(self, literal: int) -> None:
        starts, ends = self._keys[literal]
        first = self._first(starts)
        if len(first) > 1:
            for s in first:
                self._imply(self._literal(self._starts(s), ends), EMPTY, literal)
            return
        for s in first:
            for t in bits(self.steps[s]):
                if ends >> t & 1:
                    further = TRUE
                else:
                    onward = self._starts(t)
                    if not onward or not self.relation.may.get(t, 0) & ends:
                        continue
                    further = self._literal(onward, ends)
                for conj in self._step(s, t):
                    self._imply(further, conj, literal)
            after = starts & ~(1 << s)
            if after:
                self._imply(self._literal(after, ends), EMPTY, literal)

    def _first(self, starts: int) -> list[int]:
        """The starts that come after no other start: what lies behind the others lies behind them."""
        later = 0
        for s in bits(starts):
            later |= self.relation.must.get(s, 0)
        return bits(starts & ~later) or bits(starts)

    def _imply(self, further: int, conj: Conj, literal: int) -> None:
        if further != literal:
            self.demands.need((*conj, further))
            self.demands.clauses.add([literal, -further, *(-x for x in conj)])


class Recursion:
    """One name of a `let rec` group: the least fixed point, a variable for each pair that is asked for.

    `body` gives the defining relation in which the group's names stand for their current bounds."""

    def __init__(self, demands: Demands, must: Rows, may: Rows) -> None:
        """The bounds of the fixed point; `body` is set when they are known."""
        self.demands = demands
        self.body: Relation | None = None
        self._literals: dict[int, tuple[int, int]] = {}
        self.relation = Relation(must, may, self._when, exact=False)

    def _when(self, x: int, y: int) -> Dnf:
        literal = self.demands.clauses.fresh()
        self._literals[literal] = (x, y)
        self.demands.announce(literal, self._define, [])
        self.demands.pairs[literal].append((x, y))
        return (frozenset((literal,)),)

    def _define(self, literal: int) -> None:
        assert self.body is not None
        for conj in self.body.when(*self._literals[literal]):
            self.demands.need(conj)
            self.demands.clauses.add([literal, *(-x for x in conj)])
