"""Propositional clauses as plain integers: the only thing that the encoding hands to the SAT solver.

A literal is a non-zero int as in DIMACS; literal 1 is true in every model. A `Conj` is a conjunction of literals,
a `Dnf` a disjunction of conjunctions: () is false, (EMPTY,) is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TRUE = 1
FALSE = -1

Conj = frozenset[int]
Dnf = tuple[Conj, ...]

EMPTY: Conj = frozenset()
ALWAYS: Dnf = (EMPTY,)
NEVER: Dnf = ()


class Clauses:
    """A growing formula in conjunctive normal form."""

    def __init__(self) -> None:
        """The formula that says only that literal 1 is true."""
        self.variables = 1
        self.clauses: list[tuple[int, ...]] = [(TRUE,)]

    def fresh(self) -> int:
        """A new variable."""
        self.variables += 1
        return self.variables

    def add(self, literals: Iterable[int]) -> None:
        """Adds a clause: true literals satisfy it, false and repeated ones drop out."""
        clause = set(literals)
        clause.discard(FALSE)
        if TRUE in clause:
            return
        for literal in clause:
            if -literal in clause:
                return
        self.clauses.append(tuple(clause) if clause else (FALSE,))

    def at_most_one(self, literals: Sequence[int]) -> None:
        """At most one of the literals holds; a ladder of auxiliary variables where there are many."""
        count = len(literals)
        if count <= 6:
            for i, a in enumerate(literals):
                for b in literals[:i]:
                    self.add((-a, -b))
            return
        reached = literals[0]
        for literal in literals[1:]:
            self.add((-reached, -literal))
            further = self.fresh()
            self.add((-reached, further))
            self.add((-literal, further))
            reached = further

    def any_of(self, literals: Sequence[int]) -> int:
        """A literal equivalent to the disjunction of `literals`."""
        if TRUE in literals:
            return TRUE
        wanted = [literal for literal in literals if literal != FALSE]
        if not wanted:
            return FALSE
        if len(wanted) == 1:
            return wanted[0]
        result = self.fresh()
        for literal in wanted:
            self.add((-literal, result))
        self.add((-result, *wanted))
        return result

    def all_of(self, literals: Sequence[int]) -> int:
        """A literal equivalent to the conjunction of `literals`."""
        return -self.any_of([-literal for literal in literals])


def dimacs(variables: int, clauses: Sequence[Sequence[int]]) -> str:
    """The clauses in DIMACS format."""
    body = " 0\n".join([" ".join(map(str, clause)) for clause in clauses])
    return f"p cnf {variables} {len(clauses)}\n{body} 0\n"


def conjunctions(left: Dnf, right: Dnf) -> Dnf:
    """The conjunction of two disjunctive normal forms."""
    if left == ALWAYS:
        return right
    if right == ALWAYS:
        return left
    return minimal([a | b for a in left for b in right])


def minimal(alternatives: Iterable[Conj]) -> Dnf:
    """A disjunctive normal form without contradictory, repeated or subsumed alternatives."""
    kept: list[Conj] = []
    for conj in sorted(set(alternatives), key=len):
        if any(-literal in conj for literal in conj):
            continue
        if not any(known <= conj for known in kept):
            kept.append(conj)
    return tuple(kept)


def bits(mask: int) -> list[int]:
    """The members of a bit mask, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
