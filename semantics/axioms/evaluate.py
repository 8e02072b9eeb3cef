"""A model's text evaluated on one concrete execution, exactly: every closure is the least one.

Relations are lists of rows, sets are bit masks (see `relations`). What the text means is in `relations`; whether the
execution is a candidate at all (values, sources, wait queues) is in `candidates`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_, or_
from typing import Any

from semantics.axioms import model as m
from semantics.axioms.model import Check, CheckKind, Expr, IndexSort, Linearisation, Model, Sort
from semantics.axioms.relations import BaseRelations, Rows, bits, closure, region_of
from semantics.axioms.violation import Violation
from semantics.execution.candidate import CandidateExecution, Cell
from semantics.runtime.actions import Region

Value = int | Rows
Env = dict[str, int]
"""Index variable -> number of a cell or region in `Evaluation.indices`."""


def check(model: Model, execution: CandidateExecution, *, ordered: bool = True) -> list[Violation]:
    """The checks of the model that the execution violates, in the order of the text; flags apart.

    A linearisation is violated, under its own name, where the execution has no strict total order of its domain that
    contains the demanded order. With `ordered` off, only the checks that do not depend on a linearisation.
    """
    work = Evaluation(model, execution)
    late = work.linearisations.keys()
    checks = [c for c in model.checks if not c.flag and (ordered or late.isdisjoint(work.mentions(c.expr, set())))]
    found = [v for c in checks if (v := work.violation(c)) is not None]
    if ordered:
        found += [v for li in model.linearisations if (v := work.disorder(li)) is not None]
    return found


def flags(model: Model, execution: CandidateExecution) -> list[Violation]:
    """The flags that the execution raises, with the cycle, pair or element that raises them."""
    work = Evaluation(model, execution)
    return [v for c in model.checks if c.flag and (v := work.raised(c)) is not None]


def shown(model: Model, execution: CandidateExecution) -> dict[str, tuple[tuple[int, ...], ...]]:
    """What the model asks to show: for each name its pairs of event ids, or its events as 1-tuples."""
    work = Evaluation(model, execution)
    return {name: work.members(name) for name in model.shown}


def demanded_order(model: Model, execution: CandidateExecution, linearisation: Linearisation) -> dict[int, int]:
    """What a linearisation of the model must contain: for each event of its domain the bit mask of the ids after it.
    May depend on linearisations before it, which the execution must then have."""
    work = Evaluation(model, execution)
    domain = work.set(linearisation.domain, {})
    rows = work.rows(linearisation.order, {})
    inside = closure([row & domain if domain >> i & 1 else 0 for i, row in enumerate(rows)])
    ids = work.base.ids
    return {ids[i]: sum(1 << ids[j] for j in bits(inside[i])) for i in bits(domain)}


class Evaluation:
    """Values of a model's names on one execution, each computed once."""

    def __init__(self, model: Model, execution: CandidateExecution) -> None:
        """Numbers the cells and regions and computes nothing else yet."""
        self.model = model
        self.execution = execution
        self.base = BaseRelations(execution)
        self.definitions = {d.name: d for d in model.definitions}
        self.linearisations = {li.name: li for li in model.linearisations}
        self.values: dict[tuple[str, int | None], Value] = {}
        self.known: dict[tuple[int, int], Value] = {}  # (id of an expression with one index, its number)
        cells, regions = self.base.cells, list(self.base.accesses)
        self.indices: list[Cell | Region] = [*cells, *regions]
        self.cells, self.regions = range(len(cells)), range(len(cells), len(cells) + len(regions))
        at = {r: n for n, r in enumerate(regions, len(cells))}
        self.region_of = [at[region_of(index)] for index in self.indices]

    # -- results

    def violation(self, check: Check) -> Violation | None:
        """How a check fails, if it does, for some value of its index."""
        for env in self._instances(check):
            witness = self._counterexample(check, env)
            if (witness is None) == check.negated:
                return Violation(check.name, self._ids(witness or ()))
        return None

    def raised(self, check: Check) -> Violation | None:
        """Whether a flag's condition holds for some value of its index."""
        for env in self._instances(check):
            witness = self._counterexample(check, env)
            if (witness is None) != check.negated:
                return Violation(check.name, self._ids(witness or ()))
        return None

    def disorder(self, linearisation: Linearisation) -> Violation | None:
        """How `tot` fails to be the linearisation that the model demands, if it does."""
        domain = self.set(linearisation.domain, {})
        tot = self._chosen(linearisation.name)
        if len(set(tot)) != len(tot) or any(self.base.ids[i] not in tot for i in bits(domain)):
            return Violation(linearisation.name)
        rank = {e: n for n, e in enumerate(tot)}
        ids = self.base.ids
        for i, row in enumerate(self.rows(linearisation.order, {})):
            for j in bits(row & domain if domain >> i & 1 else 0):
                if rank[ids[i]] >= rank[ids[j]]:
                    return Violation(linearisation.name, (ids[i], ids[j])[: 1 + (i != j)])
        return None

    def members(self, name: str) -> tuple[tuple[int, ...], ...]:
        """The pairs, or the elements, of a name without index."""
        value = self._named(name, None) if self._defines(name) else self.base.plain(name)
        ids = self.base.ids
        if isinstance(value, int):
            return tuple((ids[i],) for i in bits(value))
        return tuple((ids[i], ids[j]) for i, row in enumerate(value) for j in bits(row))

    def _ids(self, witness: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.base.ids[i] for i in witness)

    def _instances(self, check: Check) -> list[Env]:
        if check.index is None:
            return [{}]
        return [{check.index: value} for value in self._range(check.index_sort)]

    def _range(self, sort: IndexSort | None) -> range:
        return self.regions if sort is IndexSort.REGION else self.cells

    def mentions(self, expr: Expr, found: set[str]) -> set[str]:
        """Adds to `found` the defined names that an expression mentions, itself or through definitions."""
        match expr:
            case m.Ref(name):
                if name not in found:
                    found.add(name)
                    if name in self.definitions:
                        self.mentions(self.definitions[name].body, found)
            case m.Union(args) | m.Intersection(args) | m.Sequence(args):
                for arg in args:
                    self.mentions(arg, found)
            case m.Difference(left, right) | m.Product(left, right):
                self.mentions(left, found)
                self.mentions(right, found)
            case m.Inverse(arg) | m.Plus(arg) | m.Star(arg) | m.Optional(arg) | m.Identity(arg):
                self.mentions(arg, found)
            case m.BigUnion(body=body):
                self.mentions(body, found)
        return found

    # -- values

    def set(self, expr: Expr, env: Env) -> int:
        """The value of an expression of sort SET."""
        value = self.value(expr, env)
        assert isinstance(value, int)
        return value

    def rows(self, expr: Expr, env: Env) -> Rows:
        """The value of an expression of sort RELATION."""
        value = self.value(expr, env)
        assert isinstance(value, list)
        return value

    def value(self, expr: Expr, env: Env) -> Value:
        """The value of an expression where `env` gives its index variables."""
        return _VALUES[type(expr)](self, expr, env)

    def _base(self, expr: m.Base, env: Env) -> Value:
        if expr.index is None:
            return self.base.plain(expr.name)
        return self.base.indexed(expr.name, self.indices[env[expr.index]])

    def _ref(self, expr: m.Ref, env: Env) -> Value:
        return self._named(expr.name, None if expr.index is None else env[expr.index])

    def _empty(self, expr: m.Empty, env: Env) -> Value:
        return 0 if expr.sort is Sort.SET else [0] * self.base.count

    def _union(self, expr: m.Union, env: Env) -> Value:
        return self._fold(expr.args, env, union=True)

    def _intersection(self, expr: m.Intersection, env: Env) -> Value:
        return self._once(expr, env, lambda: self._fold(expr.args, env, union=False))

    def _difference(self, expr: m.Difference, env: Env) -> Value:
        if expr.sort is Sort.SET:
            return self.set(expr.left, env) & ~self.set(expr.right, env)
        return [a & ~b for a, b in zip(self.rows(expr.left, env), self.rows(expr.right, env), strict=True)]

    def _big_union(self, expr: m.BigUnion, env: Env) -> Value:
        found: Value = 0 if expr.sort is Sort.SET else [0] * self.base.count
        for item in self._range(expr.index_sort):
            part = self.value(expr.body, {**env, expr.index: item})
            if isinstance(found, int) and isinstance(part, int):
                found |= part
            elif isinstance(found, list) and isinstance(part, list) and any(part):
                found = [a | b for a, b in zip(found, part, strict=True)]
        return found

    def _sequence(self, expr: m.Sequence, env: Env) -> Value:
        rows: Rows | None = None
        for arg in expr.args:
            if rows is not None and isinstance(arg, m.Identity):
                members = self.set(arg.arg, env)
                rows = [row & members for row in rows]
            else:
                step = self.rows(arg, env)
                rows = step if rows is None else compose(rows, step)
        assert rows is not None
        return rows

    def _inverse(self, expr: m.Inverse, env: Env) -> Value:
        return self._once(expr, env, lambda: inverse(self.rows(expr.arg, env)))

    def _plus(self, expr: m.Plus, env: Env) -> Value:
        return closure(self.rows(expr.arg, env))

    def _star(self, expr: m.Star, env: Env) -> Value:
        return [row | 1 << i for i, row in enumerate(closure(self.rows(expr.arg, env)))]

    def _optional(self, expr: m.Optional, env: Env) -> Value:
        return [row | 1 << i for i, row in enumerate(self.rows(expr.arg, env))]

    def _product(self, expr: m.Product, env: Env) -> Value:
        source, target = self.set(expr.left, env), self.set(expr.right, env)
        return [target if source >> i & 1 else 0 for i in range(self.base.count)]

    def _identity(self, expr: m.Identity, env: Env) -> Value:
        members = self.set(expr.arg, env)
        return [members & 1 << i for i in range(self.base.count)]

    def _once(self, expr: Expr, env: Env, compute: Callable[[], Value]) -> Value:
        """Keeps the value of an expression with one index: equal ones of a model are one object (see `sorts`)."""
        if len(env) != 1:
            return compute()
        (number,) = env.values()
        found = self.known.get((id(expr), number))
        if found is None:
            found = self.known[id(expr), number] = compute()
        return found

    def _fold(self, args: tuple[Expr, ...], env: Env, *, union: bool) -> Value:
        values = []
        for arg in args:
            value = self.value(arg, env)
            if not union and not (value if isinstance(value, int) else any(value)):
                return value
            values.append(value)
        op = or_ if union else and_
        if isinstance(values[0], int):
            return reduce(op, (v for v in values if isinstance(v, int)))
        rows = [v for v in values if isinstance(v, list)]
        return [reduce(op, column) for column in zip(*rows, strict=True)]

    def _defines(self, name: str) -> bool:
        return name in self.definitions or name in self.linearisations

    def _named(self, name: str, index: int | None) -> Value:
        definition = self.definitions.get(name)
        if definition is not None and index is not None and definition.index_sort is IndexSort.REGION:
            index = self.region_of[index]
        found = self.values.get((name, index))
        if found is not None:
            return found
        if definition is None:
            found = self._total(name)
        elif definition.recursive:
            self._solve(name)
            return self.values[name, None]
        else:
            env = {definition.index: index} if definition.index is not None and index is not None else {}
            found = self.value(definition.body, env)
        self.values[name, index] = found
        return found

    def _chosen(self, name: str) -> tuple[int, ...]:
        """The order that the execution has for a linearisation."""
        earlier = any(name == linearisation.name for linearisation in self.model.linearisations[:-1])
        return self.execution.orders.get(name, ()) if earlier else self.execution.tot

    def _total(self, name: str) -> Rows:
        rows = [0] * self.base.count
        later = 0
        for e in reversed(self._chosen(name)):
            i = self.base.place.get(e)
            if i is not None:
                rows[i] = later
                later |= 1 << i
        return rows

    def _solve(self, name: str) -> None:
        """The least fixed point of the recursive definitions that stand together with `name`."""
        definitions = self.model.definitions
        first = last = next(n for n, d in enumerate(definitions) if d.name == name)
        while first > 0 and definitions[first - 1].recursive:
            first -= 1
        while last + 1 < len(definitions) and definitions[last + 1].recursive:
            last += 1
        group = definitions[first : last + 1]
        for d in group:
            self.values[d.name, None] = 0 if d.body.sort is Sort.SET else [0] * self.base.count
        changed = True
        while changed:
            changed = False
            for d in group:
                value = self.value(d.body, {})
                if value != self.values[d.name, None]:
                    self.values[d.name, None] = value
                    changed = True

    # -- counterexamples

    def _counterexample(self, check: Check, env: Env) -> tuple[int, ...] | None:
        """A cycle, pair or element that shows that the expression is not as `kind` says; None where it is."""
        if check.kind is CheckKind.EMPTY:
            value = self.value(check.expr, env)
            if isinstance(value, int):
                return next(((i,) for i in bits(value)), None)
            return next(((i, j) for i, row in enumerate(value) for j in bits(row)), None)
        if check.kind is CheckKind.ACYCLIC:
            return shortest_cycle(self.rows(check.expr, env))
        if isinstance(check.expr, m.Sequence):
            return self._round(check.expr.args, env)
        return next(
            (self._cycle(check.expr, env, i) for i, row in enumerate(self.rows(check.expr, env)) if row >> i & 1), None
        )

    def _round(self, args: tuple[Expr, ...], env: Env) -> tuple[int, ...] | None:
        """A cycle through steps of `args` in turn. Starts at the smallest relation: all rotations are alike."""
        steps: list[Rows | int] = []
        for arg in reversed(args):  # models put reads-from last, which is empty for most cells
            step = self.set(arg.arg, env) if isinstance(arg, m.Identity) else self.rows(arg, env)
            if not (step if isinstance(step, int) else any(step)):
                return None
            steps.append(step)
        steps.reverse()
        sizes = [sum(row.bit_count() for row in s) if isinstance(s, list) else self.base.count**2 for s in steps]
        start = sizes.index(min(sizes))
        turned = steps[start:] + steps[:start]
        first = turned[0] if isinstance(turned[0], list) else [turned[0] & 1 << i for i in range(self.base.count)]
        for i, row in enumerate(first):
            if not row:
                continue
            reached = [row]
            for step in turned[1:]:
                mask = reached[-1]
                reached.append(mask & step if isinstance(step, int) else image(mask, step))
            if reached[-1] >> i & 1:
                return self._unwind(i, [1 << i, *reached], turned, start)
        return None

    @staticmethod
    def _unwind(i: int, reached: list[int], turned: list[Rows | int], start: int) -> tuple[int, ...]:
        """The cycle that passes `reached`, read backwards from i; sets are no steps. Begins where the text begins."""
        at = i
        places = [at]
        for n in range(len(turned) - 1, 0, -1):
            step = turned[n]
            if not isinstance(step, int):
                at = next(j for j in bits(reached[n]) if step[j] >> at & 1)
            places.append(at)
        places.reverse()  # places[n]: target of step n, source of step n + 1
        count = len(turned)
        shift = (count - start) % count  # the text's first step is turned[shift]
        sources = [places[(n - 1) % count] for n in range(shift, shift + count)]
        moves = [not isinstance(turned[n % count], int) for n in range(shift, shift + count)]
        return tuple(s for s, move in zip(sources, moves, strict=True) if move)

    def _cycle(self, expr: Expr, env: Env, i: int) -> tuple[int, ...]:
        """Events on a cycle from i to i in `expr`, as far as the text shows them."""
        match expr:
            case m.Ref(name, index) if name in self.definitions and not self.definitions[name].recursive:
                definition = self.definitions[name]
                inner = {definition.index: env[index]} if definition.index is not None and index is not None else {}
                return self._cycle(definition.body, inner, i)
            case m.Plus(arg):
                return shortest_cycle(self.rows(arg, env), i) or (i,)
            case m.Union(args):
                return self._cycle(next(a for a in args if self.rows(a, env)[i] >> i & 1), env, i)
        return (i,)


_VALUES: dict[type[Expr], Callable[[Evaluation, Any, Env], Value]] = {
    m.Base: Evaluation._base,
    m.Ref: Evaluation._ref,
    m.Empty: Evaluation._empty,
    m.Union: Evaluation._union,
    m.Intersection: Evaluation._intersection,
    m.Difference: Evaluation._difference,
    m.BigUnion: Evaluation._big_union,
    m.Sequence: Evaluation._sequence,
    m.Inverse: Evaluation._inverse,
    m.Plus: Evaluation._plus,
    m.Star: Evaluation._star,
    m.Optional: Evaluation._optional,
    m.Product: Evaluation._product,
    m.Identity: Evaluation._identity,
}


def inverse(rows: Rows) -> Rows:
    """r^-1"""
    turned = [0] * len(rows)
    for i, row in enumerate(rows):
        for j in bits(row):
            turned[j] |= 1 << i
    return turned


def image(mask: int, rows: Rows) -> int:
    """The events that are related to some member of a set."""
    found = 0
    while mask:
        low = mask & -mask
        found |= rows[low.bit_length() - 1]
        mask ^= low
    return found


def compose(left: Rows, right: Rows) -> Rows:
    """left ; right"""
    return [image(row, right) if row else 0 for row in left]


def shortest_cycle(rows: Rows, through: int | None = None) -> tuple[int, ...] | None:
    """A shortest cycle of a relation (through one event, where asked), in cycle order; None where there is none."""
    best: tuple[int, ...] | None = None
    for start in range(len(rows)) if through is None else (through,):
        parent = {start: start}
        layer, end = [start], None
        while layer and end is None:
            following = []
            for i in layer:
                if rows[i] >> start & 1:
                    end = i
                    break
                for j in bits(rows[i]):
                    if j not in parent:
                        parent[j] = i
                        following.append(j)
            layer = following
        if end is None:
            continue
        path = [end]
        while path[-1] != start:
            path.append(parent[path[-1]])
        if best is None or len(path) < len(best):
            best = tuple(reversed(path))
    return best
