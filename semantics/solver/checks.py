"""The checks of a model as clauses, instance by instance, and the pruning of reads-from that follows from them.

`irreflexive a ; b ; c` becomes one clause for every ring of events that may close: no auxiliary variables stand for
compositions. Where literals are not needed (the instance holds in no execution) there is no clause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from semantics.axioms.model import CheckKind, IndexSort, Sort, Waiting
from semantics.diagnostics import Unsupported
from semantics.solver.closures import Demands
from semantics.solver.cnf import ALWAYS, Conj, Dnf, bits, conjunctions
from semantics.solver.evaluation import Env, Evaluation
from semantics.solver.frame import Frame, Rows
from semantics.solver.orders import Order
from semantics.solver.plans import Cycles, Factor
from semantics.solver.relations import NOTHING, Relation, closed

FEW = 8
"""So many events are tried one by one before the columns of a relation are worth computing."""


class Step:
    """A factor of a ring at one index: a relation in the ring's direction, a filter for its first event."""

    __slots__ = ("_relation", "allowed", "backwards", "rows", "when")

    def __init__(self, relation: Relation, backwards: bool, allowed: int) -> None:
        """`backwards`: the ring goes along the inverse."""
        self._relation = relation
        self.backwards = backwards
        self.allowed = allowed
        self.rows: Rows = relation.may_columns if backwards else relation.may
        self.when: Callable[[int, int], Dnf] = (lambda x, y: relation.when(y, x)) if backwards else relation.when

    def leading_to(self, x: int, among: int) -> list[int]:
        """The events of a mask from which the step may lead to x."""
        if among.bit_count() <= FEW:
            return [z for z in bits(among) if self.rows.get(z, 0) >> x & 1]
        columns = self._relation.may if self.backwards else self._relation.may_columns
        return bits(among & columns.get(x, 0))


def prune(evaluation: Evaluation) -> None:
    """Drops sources that a read can have in no execution: a check fails by its static edges alone.

    `evaluation` must be one without choices. Only for monotone models.
    """
    for cycles in evaluation.plan.checks:
        index = cycles.check.index
        if index is None or cycles.check.index_sort is not IndexSort.CELL:
            continue
        for ring in cycles.rings:
            if ring[0].reads_from and not any(f.reads_from for f in ring[1:]):
                for area in evaluation.frame.areas.values():
                    for cell in area.cells:
                        if cell.segment.readers:
                            _prune_segment(evaluation, ring, {index: cell})


def _prune_segment(evaluation: Evaluation, ring: tuple[Factor, ...], env: Env) -> None:
    frame, first = evaluation.frame, ring[0]
    segment = next(iter(env.values())).segment  # type: ignore[union-attr]
    steps = []
    for factor in ring[1:]:
        relation = evaluation.relation(factor.expr, env)
        rows = relation.must_columns if factor.inverted else relation.must
        steps.append((rows, _filter(evaluation, factor, env)))
    beside = [evaluation.relation(expr, env).must for expr in first.beside]
    begin = _filter(evaluation, first, env)
    for reader, sources in segment.sources.items():
        for writer in bits(sources):
            if any(not rows.get(writer, 0) >> reader & 1 for rows in beside):
                continue
            start, end = (reader, writer) if first.inverted else (writer, reader)
            if not begin >> start & 1:
                continue
            given = frame.entails[writer] | frame.entails[reader]
            reached = 1 << end
            for rows, allowed in steps:
                onward = 0
                for x in bits(reached & allowed & given):
                    onward |= rows.get(x, 0)
                reached = onward
            if reached >> start & 1:
                segment.sources[reader] &= ~(1 << writer)


def queue_order(evaluation: Evaluation) -> Relation:
    """What the order of every wait queue contains already, because the model orders both: static pairs only."""
    body = evaluation.plan.queue_order()
    if body is None or evaluation.plan.waiting is Waiting.REACT:
        return NOTHING
    rows = closed(evaluation.relation(body, {}).sure(evaluation.frame))
    return Relation(rows, causal=rows)


def _filter(evaluation: Evaluation, factor: Factor, env: Env) -> int:
    mask = evaluation.frame.alive
    for expr in factor.filters:
        mask &= evaluation.set(expr, env)
    return mask


def _step(evaluation: Evaluation, factor: Factor, env: Env) -> Step:
    return Step(evaluation.relation(factor.expr, env), factor.inverted, _filter(evaluation, factor, env))


class Checks:
    """Turns the checks of an evaluation's model into refused conjunctions, then into clauses."""

    def __init__(self, evaluation: Evaluation, demands: Demands, *, named: bool) -> None:
        """Nothing is evaluated before `collect`. `named`: clauses are to stand under a selector for each check."""
        self.evaluation = evaluation
        self.named = named
        self.frame: Frame = evaluation.frame
        self.demands = demands
        self.refused: dict[Conj, list[str]] = {}  # conjunction -> the checks that refuse it
        self.acyclic: list[Order] = []

    def collect(self) -> None:
        """Evaluates all checks and linearisations."""
        for linearisation in self.evaluation.plan.linearised.values():
            self.evaluation.order(linearisation)
        for cycles in self.evaluation.plan.checks:
            check = cycles.check
            if check.index is None:
                self._check(cycles, {})
            else:
                for item in self.evaluation.range(check.index_sort, only_read=cycles.only_read):
                    self._check(cycles, {check.index: item})

    def _check(self, cycles: Cycles, env: Env) -> None:
        check = cycles.check
        if check.negated:
            self._demand(cycles, env)
        elif cycles.body is not None:
            body, alive = self.evaluation.relation(cycles.body, env), self.frame.alive
            orders = self.evaluation.orders.values()
            if self.named or not any(o.given is body and o.domain == alive for o in orders):
                self.acyclic.append(Order(check.name, self.frame, self.demands, alive, body))
        elif check.kind is CheckKind.EMPTY:
            for events, dnf in self._members(cycles, env):
                self._refuse(check.name, events, dnf)
        else:
            for ring in cycles.rings:
                for events, dnf in self._ring([_step(self.evaluation, factor, env) for factor in ring]):
                    self._refuse(check.name, events, dnf)

    def _ring(self, steps: list[Step]) -> Iterator[tuple[int, Dnf]]:
        """All rings that may close, each with the mask of its events and its conditions."""
        first, last = steps[0], len(steps) - 1
        for x, mask in first.rows.items():
            if not first.allowed >> x & 1:
                continue
            if last == 0:
                if mask >> x & 1:
                    yield 1 << x, first.when(x, x)
                continue
            for y in bits(mask & steps[1].allowed):
                for path in self._paths(steps, 1, y, x):
                    dnf, events = first.when(x, y), 1 << x
                    for i, z in enumerate(path):
                        events |= 1 << z
                        following = path[i + 1] if i + 1 < len(path) else x
                        dnf = conjunctions(dnf, steps[i + 1].when(z, following))
                        if not dnf:
                            break
                    if dnf:
                        yield events, dnf

    def _paths(self, steps: list[Step], at: int, y: int, x: int) -> Iterator[tuple[int, ...]]:
        """Paths from y by steps[at:] to x, without x."""
        onward = steps[at].rows.get(y, 0)
        if at == len(steps) - 1:
            if onward >> x & 1:
                yield (y,)
            return
        following = steps[at + 1]
        onward &= following.allowed
        if at == len(steps) - 2:
            for z in following.leading_to(x, onward):
                yield (y, z)
            return
        for z in bits(onward):
            for path in self._paths(steps, at + 1, z, x):
                yield (y, *path)

    def _members(self, cycles: Cycles, env: Env) -> Iterator[tuple[int, Dnf]]:
        """The members that the expression of an `empty` (or any other) check may have."""
        expr = cycles.check.expr
        if expr.sort is Sort.SET:
            for x in bits(self.evaluation.set(expr, env)):
                yield 1 << x, ALWAYS
            return
        relation = self.evaluation.relation(expr, env)
        for x, mask in relation.may.items():
            for y in bits(mask):
                dnf = relation.when(x, y)
                if dnf:
                    yield 1 << x | 1 << y, dnf

    def _refuse(self, name: str, events: int, dnf: Dnf) -> None:
        frame, demands = self.frame, self.demands
        for conj in dnf:
            if demands.supports:
                conj = demands.simplify(conj)
            if frame.branching:
                conj |= frame.missing(events, frame.present(conj))
            if not any(-literal in conj for literal in conj):
                self.refused.setdefault(conj, []).append(name)

    def _demand(self, cycles: Cycles, env: Env) -> None:
        """A negated check: some member must exist."""
        check, clauses, frame = cycles.check, self.demands.clauses, self.frame
        if check.kind is CheckKind.EMPTY:
            members = list(self._members(cycles, env))
            exact = check.expr.sort is Sort.SET or self.evaluation.relation(check.expr, env).exact
        else:
            relation: Relation = self.evaluation.relation(check.expr, env)
            if check.kind is CheckKind.ACYCLIC and not relation.static:
                raise Unsupported("~acyclic of a relation that depends on choices", check.span)
            if check.kind is CheckKind.ACYCLIC:
                relation = self.evaluation.closure(relation)
            exact = relation.exact
            members = [(1 << x, relation.when(x, x)) for x in bits(frame.alive) if relation.may.get(x, 0) >> x & 1]
        if not exact:
            raise Unsupported("a negated check of a closure that depends on choices", check.span)
        some = []
        for events, dnf in members:
            for conj in dnf:
                some.append(clauses.all_of([*conj, *frame.missing(events, 0)]))
        clauses.add(some)

    def emit_all(self) -> dict[str, int]:
        """Adds the clauses; if `named`, under the selectors that it returns, one a check or linearisation."""
        if not self.named:
            self.emit()
            return {}
        model = self.evaluation.plan.model
        names = [c.check.name for c in self.evaluation.plan.checks] + [x.name for x in model.linearisations]
        selectors = {name: self.demands.clauses.fresh() for name in names}
        self.emit_named(selectors)
        return selectors

    def emit(self) -> None:
        """Adds the clauses of what `collect` found. An acyclicity that a linearisation contains needs none."""
        demands = self.demands
        units = {next(iter(conj)) for conj in self.refused if len(conj) == 1}
        for conj in self.refused:
            if (len(conj) > 1 and not units.isdisjoint(conj)) or self._subsumed(conj):
                continue
            demands.need(conj)
            demands.clauses.add([-literal for literal in conj])
        for order in [*self.evaluation.orders.values(), *self.acyclic]:
            order.finish(demands.clauses.add)

    def emit_named(self, selectors: Mapping[str, int]) -> None:
        """Adds the clauses so that those of a check or linearisation hold only where its selector does."""
        demands = self.demands

        def under(name: str) -> Callable[[list[int]], None]:
            return lambda clause: demands.clauses.add([*clause, -selectors[name]])

        for conj, names in self.refused.items():
            demands.need(conj)
            for name in dict.fromkeys(names):
                under(name)([-literal for literal in conj])
        for order in [*self.evaluation.orders.values(), *self.acyclic]:
            order.finish(under(order.name))

    def _subsumed(self, conj: Conj) -> bool:
        """Whether an order that contains a closure refuses the same already: h(x, y) implies x before y."""
        closures = [literal for literal in conj if literal in self.demands.pairs]
        if not closures:
            return False
        for order in self.evaluation.orders.values():
            ways: list[set[int]] = [set(conj)]
            for literal in closures:
                before = {b for x, y in self.demands.pairs[literal] if (b := order.mentioned(x, y)) is not None}
                if before:
                    ways = [(way - {literal}) | {b} for way in ways for b in before] + ways
            if any(frozenset(way) in self.refused for way in ways if way != conj):
                return True
        return False
