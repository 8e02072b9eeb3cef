"""Which models cannot tell apart the threads that one uninterrupted run of SPAWN events creates.

Program order relates the events of such a run, and with it each to the threads that later ones create. What happens
before any other event is the same for all of these threads; a model that composes relations only in events other
than those of the run therefore judges an execution and its image under a swap of two of the threads alike.
"""

from __future__ import annotations

from semantics.axioms.model import (
    Base,
    BigUnion,
    CheckKind,
    Difference,
    Empty,
    Expr,
    Identity,
    Intersection,
    Inverse,
    Plus,
    Product,
    Ref,
    Sequence,
    Star,
    Union,
)
from semantics.solver.plans import Plan, children

SEES_MARKERS = frozenset({"E", "MARK", "id", "po", "asw"})
"""The base names whose value may contain SPAWN events."""


def blind(plan: Plan) -> bool:
    """Whether the model cannot tell the events of a run apart. False where that is not obvious from its text."""
    return _Eyes(plan).closed()


class _Eyes:
    """What the expressions of one model can see of a run. Memoised by identity."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._away: dict[int, bool] = {}
        self._alike: dict[int, bool] = {}

    def closed(self) -> bool:
        """Whether all checks and linearisations are blind."""
        for linearisation in self.plan.linearised.values():
            everything = linearisation.domain == Base("E", sort=linearisation.domain.sort)
            if not (everything or self.away(linearisation.domain)) or not self._step(linearisation.order):
                return False
        for cycles in self.plan.checks:
            check = cycles.check
            if check.negated:
                return False
            judge = {
                CheckKind.EMPTY: self.away,
                CheckKind.ACYCLIC: self._step,
                CheckKind.IRREFLEXIVE: self._irreflexive,
            }
            if not judge[check.kind](check.expr):
                return False
        return True

    def away(self, expr: Expr) -> bool:
        """No event of a run is in the set or at an end of a pair of the relation, and swaps preserve it."""
        found = self._away.get(id(expr))
        if found is None:
            found = self._away[id(expr)] = self._is_away(expr)
        return found

    def _is_away(self, expr: Expr) -> bool:
        match expr:
            case Empty():
                return True
            case Base(name):
                return name not in SEES_MARKERS
            case Ref(name):
                body = self._body(name)
                return body is not None and self.away(body)
            case Intersection(args):
                return any(map(self.away, args)) and all(map(self.alike, args))
            case Difference(left, right):
                return self.away(left) and self.alike(right)
            case Sequence(args):
                return self.alike(expr) and self.away(args[0]) and self.away(args[-1])
            case Union() | Inverse() | Plus() | Identity() | Product() | BigUnion():
                return all(map(self.away, children(expr)))
        return False

    def alike(self, expr: Expr) -> bool:
        """Swaps preserve what the expression says of events outside of runs."""
        found = self._alike.get(id(expr))
        if found is None:
            found = self._alike[id(expr)] = self._is_alike(expr)
        return found

    def _is_alike(self, expr: Expr) -> bool:
        match expr:
            case Ref(name) if name in self.plan.linearised:
                return True
            case Ref(name):
                body = self._body(name)
                return body is not None and self.alike(body)
            case Sequence(args):
                return all(map(self.alike, args)) and self._apart(args, args[1:])
            case Plus(arg) | Star(arg):
                return self._step(arg)
        return all(map(self.alike, children(expr)))

    def _apart(self, lefts: tuple[Expr, ...], rights: tuple[Expr, ...]) -> bool:
        """Whether neighbours never meet in an event of a run."""
        return all(self.away(a) or self.away(b) for a, b in zip(lefts, rights, strict=False))

    def _step(self, expr: Expr) -> bool:
        """Whether swaps preserve the transitive closure: program order enters a run at all its events alike."""
        match expr:
            case Base(name):
                return name not in SEES_MARKERS or name in ("po", "asw")
            case Ref(name):
                body = self._body(name)
                return body is not None and self._step(body)
            case Union() | Plus() | BigUnion():
                return all(map(self._step, children(expr)))
        return self.away(expr)

    def _irreflexive(self, expr: Expr) -> bool:
        match expr:
            case Union():
                return all(map(self._irreflexive, children(expr)))
            case Plus(arg):
                return self._step(arg)
            case Sequence(args):
                return all(map(self.alike, args)) and self._apart(args, (*args[1:], args[0]))
            case Ref(name) if (body := self._body(name)) is not None:
                return self._irreflexive(body)
        return self.away(expr)

    def _body(self, name: str) -> Expr | None:
        """What a name stands for; None for a linearisation and a recursive definition."""
        definition = self.plan.definitions.get(name)
        return None if definition is None or definition.recursive else definition.body
