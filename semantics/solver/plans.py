"""What can be said of a model's text before any program is known, computed once per model.

`Plan` answers: which expressions depend on choices, which index variable an expression is about, whether the model is
monotone (every check only gets harder as relations grow), and the checks as cycles of factors.
"""

from __future__ import annotations

from dataclasses import dataclass

from semantics.axioms.model import (
    Base,
    BigUnion,
    Check,
    CheckKind,
    Definition,
    Difference,
    Empty,
    Expr,
    Identity,
    IndexSort,
    Intersection,
    Inverse,
    Linearisation,
    Model,
    Optional,
    Plus,
    Product,
    Ref,
    Sequence,
    Star,
    Union,
)

CHOSEN = frozenset({"rf", "susp", "wake", "queue", "section"})
"""Base relations that an execution chooses."""

CELLULAR = frozenset({"R", "W", "rf"})
"""Base names whose value is not the same for all cells of a region."""


@dataclass(eq=False, slots=True)
class Factor:
    """One step of a cycle: the relation `expr`, backwards if `inverted`; `filters` are the sets that the event
    before the step must be in. `reads_from`: the step goes along rf@index; `beside` are the other members of the
    intersection that says so."""

    expr: Expr
    inverted: bool
    filters: tuple[Expr, ...]
    reads_from: bool = False
    beside: tuple[Expr, ...] = ()


@dataclass(eq=False, slots=True)
class Cycles:
    """A check as cycles: none of these rings of factors may close. `body`: the check is acyclic(body) instead."""

    check: Check
    rings: tuple[tuple[Factor, ...], ...] = ()
    body: Expr | None = None
    only_read: bool = False  # holds of every cell that nobody reads


class Plan:
    """The analysis of one model. Raises nothing: the loader has checked names and sorts."""

    def __init__(self, model: Model) -> None:
        """Analyses a model."""
        self.model = model
        self.definitions: dict[str, Definition] = {d.name: d for d in model.definitions}
        self.linearised: dict[str, Linearisation] = {x.name: x for x in model.linearisations}
        self._indices: dict[int, frozenset[str]] = {}
        self._chosen: dict[int, bool] = {}
        self._scopes: dict[int, tuple[str | None, bool, bool]] = {}
        self.monotone = not any(c.negated for c in model.checks if not c.flag) and all(
            self._monotone(e) for e in self._bodies()
        )
        self.waiting = model.waiting
        self.checks = tuple(self._cycles(check) for check in model.checks if not check.flag)

    def _bodies(self) -> list[Expr]:
        bodies = [d.body for d in self.model.definitions] + [c.expr for c in self.model.checks if not c.flag]
        return bodies + [e for x in self.model.linearisations for e in (x.domain, x.order)]

    def indices(self, expr: Expr) -> frozenset[str]:
        """The free index variables of an expression."""
        found = self._indices.get(id(expr))
        if found is None:
            if isinstance(expr, Base | Ref):
                found = frozenset(()) if expr.index is None else frozenset((expr.index,))
            else:
                found = frozenset().union(*map(self.indices, children(expr)))
                if isinstance(expr, BigUnion):
                    found -= {expr.index}
            self._indices[id(expr)] = found
        return found

    def scope(self, expr: Expr) -> tuple[str | None, bool, bool]:
        """What the value of an expression depends on: its index variable if it has just one ("" for several), whether
        the cell matters and not only its region, whether choices matter."""
        found = self._scopes.get(id(expr))
        if found is None:
            names = self.indices(expr)
            index = None if not names else next(iter(names)) if len(names) == 1 else ""
            found = self._scopes[id(expr)] = (index, self._cellular(expr), self.chosen(expr))
        return found

    def _cellular(self, expr: Expr) -> bool:
        match expr:
            case Base(name, index):
                return index is not None and name in CELLULAR
            case Ref(name, index):
                return index is not None and self.definitions[name].index_sort is not IndexSort.REGION
        return any(map(self._cellular, children(expr)))

    def only_read(self, expr: Expr, index: str) -> bool:
        """Whether an expression is empty wherever rf@index is."""
        match expr:
            case Base(name):
                return name == "rf" and expr.index == index
            case Intersection(args) | Sequence(args):
                return any(self.only_read(arg, index) for arg in args)
            case Union(args):
                return all(self.only_read(arg, index) for arg in args)
            case Difference(left, _):
                return self.only_read(left, index)
            case Inverse(arg) | Plus(arg):
                return self.only_read(arg, index)
        return False

    def chosen(self, expr: Expr) -> bool:
        """Whether the value of an expression depends on an execution's choices."""
        found = self._chosen.get(id(expr))
        if found is None:
            match expr:
                case Base(name):
                    found = name in CHOSEN
                case Ref(name) if name in self.linearised:
                    found = True
                case Ref(name):
                    definition = self.definitions[name]
                    found = definition.recursive or self.chosen(definition.body)
                case _:
                    found = any(map(self.chosen, children(expr)))
            self._chosen[id(expr)] = found
        return found

    def recursive_group(self, name: str) -> list[Definition]:
        """The definitions of the `let rec` group that a name belongs to (neighbouring groups count as one)."""
        definitions = self.model.definitions
        first = last = next(n for n, d in enumerate(definitions) if d.name == name)
        while first > 0 and definitions[first - 1].recursive:
            first -= 1
        while last + 1 < len(definitions) and definitions[last + 1].recursive:
            last += 1
        return list(definitions[first : last + 1])

    def parts(self, expr: Expr) -> list[Expr]:
        """An expression with all its parts."""
        return [expr, *(part for child in children(expr) for part in self.parts(child))]

    def queue_order(self) -> Expr | None:
        """A relation that must be acyclic and has the order of the queues among its parts: they agree with the rest."""
        bodies = [cycles.body for cycles in self.checks if cycles.body is not None]
        for expr in bodies:
            parts = expr.args if isinstance(expr, Union) else (expr,)
            if any(isinstance(part, Base) and part.name in ("queue", "section") for part in parts):
                return expr
        return None

    def _monotone(self, expr: Expr) -> bool:
        if isinstance(expr, Difference) and self.chosen(expr.right):
            return False
        return all(map(self._monotone, children(expr)))

    def resolve(self, expr: Expr) -> Expr:
        """An expression without the names that merely stand for another expression without an index."""
        while isinstance(expr, Ref) and expr.name in self.definitions:
            definition = self.definitions[expr.name]
            if definition.index is not None or definition.recursive:
                break
            expr = definition.body
        return expr

    def reads_from(self, expr: Expr, index: str | None) -> tuple[Expr, ...] | None:
        """If an expression is rf@index or an intersection with it: the other members; else None."""
        if isinstance(expr, Base) and expr.name == "rf" and expr.index == index and index is not None:
            return ()
        if isinstance(expr, Intersection):
            for i, member in enumerate(expr.args):
                beside = self.reads_from(member, index)
                if beside is not None:
                    return (*expr.args[:i], *expr.args[i + 1 :], *beside)
        return None

    def _cycles(self, check: Check) -> Cycles:
        only_read = check.index is not None and not check.negated and self.only_read(check.expr, check.index)
        if check.negated or check.kind is CheckKind.EMPTY:
            return Cycles(check, only_read=only_read)
        expr = self.resolve(check.expr)
        if check.kind is CheckKind.ACYCLIC:
            return Cycles(check, body=expr.arg if isinstance(expr, Plus) else expr)
        if isinstance(expr, Plus):
            return Cycles(check, body=expr.arg)
        rings = tuple(self._ring(way, check) for way in self._alternatives(expr, False))
        return Cycles(check, rings, only_read=only_read)

    def _alternatives(self, expr: Expr, inverted: bool) -> list[list[tuple[Expr, bool]]]:
        """An expression as alternatives, each a sequence of (expression, inverted?)."""
        match expr:
            case Union(args):
                return [way for arg in args for way in self._alternatives(arg, inverted)]
            case Inverse(arg):
                return self._alternatives(arg, not inverted)
            case Sequence(args):
                ways: list[list[tuple[Expr, bool]]] = [[]]
                for arg in reversed(args) if inverted else args:
                    onward = self._alternatives(arg, inverted)
                    ways = [way + more for way in ways for more in onward]
                return ways
            case Optional(arg):
                return [[], *self._alternatives(arg, inverted)]
            case _:
                return [[(expr, inverted)]]

    def _ring(self, way: list[tuple[Expr, bool]], check: Check) -> tuple[Factor, ...]:
        """One cycle, started at its reads-from step if it has one."""
        factors: list[Factor] = []
        pending: list[Expr] = []
        for expr, inverted in way:
            if isinstance(expr, Identity):
                pending.append(expr.arg)
                continue
            beside = self.reads_from(expr, check.index)
            factors.append(Factor(expr, inverted, tuple(pending), beside is not None, beside or ()))
            pending = []
        if not factors:  # [S]: no event may be in S
            every = Base("id", sort=check.expr.sort)
            return (Factor(every, False, tuple(pending)),)
        factors[0].filters += tuple(pending)
        start = next((i for i, f in enumerate(factors) if f.reads_from), 0)
        return (*factors[start:], *factors[:start])


def children(expr: Expr) -> tuple[Expr, ...]:
    """The immediate parts of an expression."""
    match expr:
        case Union(args) | Intersection(args) | Sequence(args):
            return args
        case Difference(left, right) | Product(left, right):
            return (left, right)
        case Inverse(arg) | Plus(arg) | Star(arg) | Optional(arg) | Identity(arg):
            return (arg,)
        case BigUnion(_, _, body):
            return (body,)
        case Base() | Ref() | Empty():
            return ()
    raise TypeError(f"not an expression: {expr!r}")


_plans: dict[int, Plan] = {}
_KEPT = 64


def plan_of(model: Model) -> Plan:
    """The plan of a model, remembered."""
    plan = _plans.get(id(model))
    if plan is None or plan.model is not model:
        if len(_plans) >= _KEPT:
            _plans.clear()
        plan = _plans[id(model)] = Plan(model)
    return plan
