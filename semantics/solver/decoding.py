"""A model of the clauses as a concrete candidate execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from semantics.axioms.candidates import outcome_of
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import DECIDED, EventStructure, Status, deciding
from semantics.runtime.actions import Region
from semantics.solver.cnf import TRUE, bits
from semantics.solver.evaluation import Evaluation
from semantics.solver.frame import Frame, Rows
from semantics.solver.orders import Order
from semantics.solver.suspensions import Suspensions
from semantics.terms import Sym


class Decodable(Protocol):
    """What an encoding must offer for its models to be read."""

    structure: EventStructure
    frame: Frame
    suspensions: Suspensions
    evaluation: Evaluation

    def value(self, symbol: Sym, holds: set[int]) -> int:
        """The value of a symbol in a model, given as its true literals."""


def decode(encoding: Decodable, holds: set[int]) -> CandidateExecution:
    """The execution that a model (its true literals) describes. Where the linearisation is not enforced and the model
    has a cycle in it, `tot` is some order of the events."""
    structure, frame = encoding.structure, encoding.frame

    def true(literal: int) -> bool:
        return literal == TRUE or literal in holds

    chosen = [true(literal) for literal in frame.guard_of_node]
    leaves = {n.thread: n.id for n in structure.nodes if n.leaf is not None and chosen[n.id]}
    events = tuple(e.id for e in structure.events if chosen[e.node])
    exist = sum(1 << e for e in events)
    rf: dict[tuple[int, Region, int], int] = {}
    for area in frame.areas.values():
        for segment in area.segments:
            for reader in bits(segment.readers & exist):
                first = area.actions[reader].location.offset
                found: dict[int, int] = {}
                for cell in segment.cells:
                    writers = [w for w in bits(segment.sources[reader]) if true(cell.rf[w, reader])]
                    found[cell.offset] = writers[0]
                leader = found[segment.cells[0].offset]
                for unit in range(segment.low, segment.high):
                    rf[reader, area.region, unit - first] = found.get(unit, leader)
    values = _values(encoding, holds, events, chosen)
    wakes = {wait: notify for (wait, notify), x in encoding.suspensions.wakes.items() if true(x)}
    queues = {
        place: tuple(_sorted(order, holds, exist & order.domain))
        for place, order in encoding.suspensions.queues.items()
        if exist & order.domain
    }
    orders = encoding.evaluation.orders
    chosen_orders = {x: tuple(_sorted(o, holds, exist & o.domain)) for x, o in orders.items()}
    last = encoding.evaluation.plan.model.linearisations[-1:]
    tot = chosen_orders.pop(last[0].name) if last and last[0].name in orders else ()
    ends = [structure.nodes[n].leaf for n in leaves.values()]
    cut = any(leaf is not None and leaf.status is Status.CUT for leaf in ends)
    outcome = None if cut else outcome_of(structure, leaves, values)
    return CandidateExecution(structure, events, leaves, values, rf, wakes, queues, tot, outcome, chosen_orders)


def _values(encoding: Decodable, holds: set[int], events: tuple[int, ...], chosen: Sequence[bool]) -> dict[Sym, int]:
    """The values of the symbols that occur in the events that exist, and of those that belong to no event. The chosen
    nodes give those that say which are chosen: where no condition has such a symbol, neither have the clauses."""
    structure = encoding.structure
    exist = set(events)
    values: dict[Sym, int] = {}
    for symbol, info in structure.symbols.items():
        if info.origin in DECIDED:
            nodes = deciding(structure.nodes, structure.events, info)
            values[symbol] = int(any(chosen[n.id] for n in nodes))
        elif info.event is None or info.event in exist:
            values[symbol] = encoding.value(symbol, holds)
    return values


def _sorted(order: Order, holds: set[int], exist: int) -> list[int]:
    """A total order of the events that exist, with all that the model chose."""
    rows: Rows = {x: mask & exist for x, mask in order.must.items() if exist >> x & 1}
    for x, mask in order.steps.items():
        for y in bits(mask & exist if exist >> x & 1 else 0):
            if any(all(literal == TRUE or literal in holds for literal in conj) for conj in order.given.when(x, y)):
                rows[x] = rows.get(x, 0) | 1 << y
    for (x, y), literal in order.pairs.items():
        if exist >> x & 1 and exist >> y & 1:
            a, b = (x, y) if literal == TRUE or literal in holds else (y, x)
            rows[a] = rows.get(a, 0) | 1 << b
    left = bits(exist)
    before = {y: 0 for y in left}
    for x, mask in rows.items():
        for y in bits(mask):
            before[y] |= 1 << x
    done, result = 0, []
    while left:
        ready = next((e for e in left if not before[e] & ~done), left[0])
        left.remove(ready)
        result.append(ready)
        done |= 1 << ready
    return result
