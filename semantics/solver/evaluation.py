"""A model's text evaluated over an event structure: expression -> relation, with base relations from the frame."""

from __future__ import annotations

from collections.abc import Mapping

from semantics.axioms.model import (
    Base,
    BigUnion,
    Difference,
    Empty,
    Expr,
    Identity,
    IndexSort,
    Intersection,
    Inverse,
    Linearisation,
    Optional,
    Plus,
    Product,
    Ref,
    Sequence,
    Sort,
    Star,
    Union,
)
from semantics.diagnostics import Unsupported
from semantics.execution.structure import Kind
from semantics.runtime.actions import Field, Read, Region, Rmw, Write
from semantics.solver.closures import Closure, Demands, Recursion
from semantics.solver.cnf import TRUE, bits
from semantics.solver.frame import Area, Cell, Frame, Rows
from semantics.solver.orders import Order
from semantics.solver.plans import Plan
from semantics.solver.relations import (
    NOTHING,
    Relation,
    composition,
    difference,
    intersection,
    inverse,
    union,
)
from semantics.syntax.types import Order as AccessOrder

CAUSAL = frozenset({"id", "po", "asw", "create", "init-overlap"})
"""Base relations whose edges EventStructure.static_hb may close over."""

Index = Cell | Area
Env = dict[str, Index]


class Evaluation:
    """Values of a model's expressions on one structure, each computed once.

    `choices` gives susp, wake, queue and section; without them (None) everything chosen, rf included, is taken as
    empty: what is then in a relation is in it in every execution of a monotone model.
    """

    def __init__(self, frame: Frame, plan: Plan, demands: Demands, choices: Mapping[str, Relation] | None) -> None:
        """Nothing is evaluated yet."""
        self.frame = frame
        self.plan = plan
        self.demands = demands
        self.choices = choices
        self.orders: dict[str, Order] = {}
        self._sets: dict[tuple[str, Index | None], int] = {}
        self._relations: dict[tuple[int, object], Relation] = {}
        self._fixed: dict[tuple[int, object], Relation] = {}
        self._names: dict[tuple[str, Index | None], Relation] = {}
        self._set_names: dict[tuple[str, Index | None], int] = {}
        self._bases: dict[tuple[str, Index | None], Relation] = {}

    def adopt(self, other: Evaluation) -> None:
        """Takes over what another evaluation knows of expressions that do not depend on choices."""
        self._sets, self._set_names = other._sets, other._set_names
        self._bases, self._fixed = other._bases, other._fixed

    # -- sets

    def set(self, expr: Expr, env: Env) -> int:
        """The value of an expression of sort SET: a mask (sets never depend on choices)."""
        match expr:
            case Base(name, index):
                return self._base_set(name, None if index is None else env[index])
            case Ref(name, index):
                return self._named_set(name, None if index is None else env[index])
            case Empty():
                return 0
            case Union(args):
                mask = 0
                for arg in args:
                    mask |= self.set(arg, env)
                return mask
            case Intersection(args):
                mask = self.frame.alive
                for arg in args:
                    mask &= self.set(arg, env)
                return mask
            case Difference(left, right):
                return self.set(left, env) & ~self.set(right, env)
            case BigUnion(index, index_sort, body):
                mask = 0
                for item in self.range(index_sort):
                    mask |= self.set(body, {**env, index: item})
                return mask
        raise TypeError(f"not a set: {expr!r}")

    def range(self, sort: IndexSort | None, *, only_read: bool = False) -> list[Cell] | list[Area]:
        """What an index variable runs over; `only_read`: without the cells that nobody reads."""
        areas = self.frame.areas.values()
        if sort is IndexSort.REGION:
            return list(areas)
        if only_read:
            return [cell for area in areas for cell in area.cells if cell.segment.readers]
        return [cell for area in areas for cell in area.cells]

    def _named_set(self, name: str, index: Index | None) -> int:
        definition = self.plan.definitions[name]
        if isinstance(index, Cell) and definition.index_sort is IndexSort.REGION:
            index = index.region
        known = self._set_names.get((name, index))
        if known is not None:
            return known
        if definition.recursive:
            group = [d for d in self.plan.recursive_group(name) if d.body.sort is Sort.SET]
            masks = {d.name: 0 for d in group}
            while True:
                self._set_names.update({(d.name, None): masks[d.name] for d in group})
                grown = {d.name: self.set(d.body, {}) for d in group}
                if grown == masks:
                    return masks[name]
                masks = grown
        env = {} if definition.index is None or index is None else {definition.index: index}
        found = self._set_names[name, index] = self.set(definition.body, env)
        return found

    def _base_set(self, name: str, index: Index | None) -> int:
        found = self._sets.get((name, index))
        if found is None:
            found = self._sets[name, index] = self._fresh_set(name, index)
        return found

    def _fresh_set(self, name: str, index: Index | None) -> int:
        frame = self.frame
        if isinstance(index, Cell) and name in ("R", "W"):
            return index.segment.readers if name == "R" else index.segment.writers
        if index is not None:
            area = index.region if isinstance(index, Cell) else index
            if name == "REF":
                return area.reads | area.writes if area.region in frame.structure.references else 0
            return {
                "R": area.reads, "W": area.writes, "SC": area.seqcst, "AR": area.acqrel, "TF": area.tearfree,
                "NT": area.notears,
            }[name]  # fmt: skip
        mask = 0
        for event in frame.structure.events:
            match name:
                case "E":
                    member = True
                case "R":
                    member = any(not isinstance(a, Write) for a in event.actions)
                case "W":
                    member = any(not isinstance(a, Read) for a in event.actions)
                case "RMW":
                    member = any(isinstance(a, Rmw) for a in event.actions)
                case "SC":
                    member = any(a.order is AccessOrder.SEQCST for a in event.actions)
                case "INIT":
                    member = event.kind is Kind.INIT
                case "F":
                    member = event.kind is Kind.FENCE
                case "MARK":
                    member = not event.actions
                case _:
                    raise TypeError(f"not a base set: {name}")
            if member:
                mask |= 1 << event.id
        return mask & frame.alive

    # -- relations

    def relation(self, expr: Expr, env: Env) -> Relation:
        """The value of an expression of sort RELATION, where `env` gives its index variables."""
        index, cellular, chosen = self.plan.scope(expr)
        where: object = None
        if index:
            item = env[index]
            where = item.region if isinstance(item, Cell) and not cellular else item
        elif index is not None:
            where = tuple(env[i] for i in sorted(self.plan.indices(expr)))
        values = self._relations if chosen else self._fixed
        key = (id(expr), where)
        found = values.get(key)
        if found is None:
            found = values[key] = self._relation(expr, env)
        return found

    def _relation(self, expr: Expr, env: Env) -> Relation:
        match expr:
            case Base(name, index):
                return self._base(name, None if index is None else env[index])
            case Ref(name, index):
                return self._named(name, None if index is None else env[index])
            case Empty():
                return NOTHING
            case Union(args):
                return union([self.relation(a, env) for a in args])
            case Intersection(args):
                return intersection([self.relation(a, env) for a in args], self.demands.simplify)
            case Difference(left, right):
                subtracted = self.relation(right, env)
                if not subtracted.exact:
                    raise Unsupported("the right side of \\ may not be a closure that depends on choices", expr.span)
                return difference(self.relation(left, env), subtracted)
            case Sequence(args):
                result = self.relation(args[0], env)
                for arg in args[1:]:
                    result = composition(self.frame, result, self.relation(arg, env))
                return result
            case Inverse(arg):
                return inverse(self.relation(arg, env))
            case Plus(arg):
                return self.closure(self.relation(arg, env))
            case Star(arg):
                return union([self._base("id", None), self.closure(self.relation(arg, env))])
            case Optional(arg):
                return union([self._base("id", None), self.relation(arg, env)])
            case Product(left, right):
                targets, together = self.set(right, env), self.frame.together
                return Relation({x: m for x in bits(self.set(left, env)) if (m := targets & together[x])})
            case Identity(arg):
                return Relation({x: 1 << x for x in bits(self.set(arg, env))})
            case BigUnion(index, index_sort, body):
                items = self.range(index_sort, only_read=self.plan.only_read(body, index))
                parts = [self.relation(body, {**env, index: item}) for item in items]
                parts = [p for p in parts if p.may]
                return union(parts) if parts else NOTHING
        raise TypeError(f"not a relation: {expr!r}")

    def closure(self, body: Relation) -> Relation:
        """body^+"""
        return Closure(self.frame, self.demands, body).relation

    def _named(self, name: str, index: Index | None) -> Relation:
        definition = self.plan.definitions.get(name)
        if definition is None:
            return self.order(self.plan.linearised[name]).relation
        if isinstance(index, Cell) and definition.index_sort is IndexSort.REGION:
            index = index.region
        found = self._names.get((name, index))
        if found is None:
            if definition.recursive:
                self._recur(name)
                return self._names[name, None]
            env = {} if definition.index is None or index is None else {definition.index: index}
            found = self._names[name, index] = self.relation(definition.body, env)
        return found

    def _recur(self, name: str) -> None:
        """Bounds of a `let rec` group from below and above, then a variable for what lies between."""
        group = [d for d in self.plan.recursive_group(name) if d.body.sort is Sort.RELATION]
        bounds: dict[str, tuple[Rows, Rows]] = {d.name: ({}, {}) for d in group}
        inside = {id(e) for d in group for e in self.plan.parts(d.body)}
        while True:
            recursions = {n: Recursion(self.demands, must, may) for n, (must, may) in bounds.items()}
            for key in [k for k in self._relations if k[0] in inside]:
                del self._relations[key]
            self._names.update({(n, None): r.relation for n, r in recursions.items()})
            bodies = {d.name: self.relation(d.body, {}) for d in group}
            grown = {n: (dict(body.must), dict(body.may)) for n, body in bodies.items()}
            if grown == bounds:
                for n, recursion in recursions.items():
                    recursion.body = bodies[n]
                return
            bounds = grown

    def order(self, linearisation: Linearisation) -> Order:
        """The order of a linearisation."""
        found = self.orders.get(linearisation.name)
        if found is None:
            domain = self.set(linearisation.domain, {})
            expr = self.plan.resolve(linearisation.order)
            if isinstance(expr, Plus) and domain == self.frame.alive:
                expr = expr.arg  # a total order contains r^+ iff it contains r
            given = self.relation(expr, {})
            found = Order(linearisation.name, self.frame, self.demands, domain, given)
            self.orders[linearisation.name] = found
        return found

    # -- base relations

    def _base(self, name: str, index: Index | None) -> Relation:
        if name == "rf":
            return self._reads_from(index)
        if name in ("susp", "wake", "queue", "section"):
            return NOTHING if self.choices is None else self.choices[name]
        key = (name, index.region if isinstance(index, Cell) else index)
        found = self._bases.get(key)
        if found is None:
            found = self._bases[key] = self._static(name, key[1])
        return found

    def _reads_from(self, index: Index | None) -> Relation:
        if self.choices is None or index is None:
            return NOTHING
        if isinstance(index, Area):
            cells = [self._reads_from(cell) for cell in index.cells if cell.rf]
            return union(cells) if cells else NOTHING
        must: Rows = {}
        may: Rows = {}
        guards, rf = self.frame.guards, index.rf
        for (writer, reader), literal in rf.items():
            may[writer] = may.get(writer, 0) | 1 << reader
            if literal in (TRUE, guards[reader]):
                must[writer] = must.get(writer, 0) | 1 << reader
        return Relation(must, may, lambda w, r: (frozenset((rf[w, r],)),))

    def _static(self, name: str, area: Area | None) -> Relation:
        frame = self.frame
        structure, alive, together = frame.structure, frame.alive, frame.together
        rows: Rows = {}

        def add(x: int, mask: int) -> None:
            mask &= together[x]
            if mask and alive >> x & 1:
                rows[x] = rows.get(x, 0) | mask

        match name:
            case "id":
                for x in bits(alive):
                    rows[x] = 1 << x
            case "po":
                for y, before in enumerate(structure.before()):
                    for x in bits(before):
                        add(x, 1 << y)
            case "asw":
                for x, y in structure.asw:
                    add(x, 1 << y)
                add(structure.init, alive & ~(1 << structure.init))
                last = sum(1 << e for e in frame.by_kind(Kind.OBSERVE))
                if last:
                    for x in bits(alive & ~last):
                        add(x, last)
            case "create" if area is not None:
                for x in frame.by_kind(Kind.INIT):
                    if isinstance(area.actions.get(x), Write):
                        add(x, (area.reads | area.writes) & ~(1 << x))
            case "create":
                for x in frame.by_kind(Kind.INIT):
                    made = {a.location.region.addr for a in structure.events[x].actions if not isinstance(a, Read)}
                    for region, there in frame.areas.items():
                        if region.addr in made:
                            add(x, (there.reads | there.writes) & ~(1 << x))
            case "init-overlap":
                for there in frame.areas.values() if area is None else (area,):
                    overlap = frame.overlap(there)
                    for x, action in there.actions.items():
                        initial = structure.events[x].kind is Kind.INIT or action.order is AccessOrder.INIT
                        if initial and not isinstance(action, Read):
                            add(x, overlap.get(x, 0))
            case "grow" if area is not None:
                length = frame.areas.get(Region(area.region.addr, Field.LEN))
                overlap = frame.overlap(area)
                for x, action in area.actions.items():
                    if isinstance(action, Write) and length and isinstance(length.actions.get(x), Rmw):
                        add(x, overlap.get(x, 0))
            case "same-range" | "overlap" if area is not None:
                rows = frame.same_range(area) if name == "same-range" else frame.overlap(area)
            case _:
                raise TypeError(f"not a base relation: {name}")
        return Relation(rows, causal=rows if name in CAUSAL else None)
