"""A witness as a graph: events with what they read and wrote, and the named edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Event, EventStructure, Kind
from semantics.runtime.actions import (
    Action,
    Field,
    Fill,
    Image,
    Location,
    Payload,
    Read,
    Region,
    Rmw,
    Write,
    reading,
    writing,
)
from semantics.syntax.types import Order
from semantics.terms import Term, evaluate

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """An event: `label` is a letter for people, `actions` as "W.sc x=1", `place` as "file:line"."""

    id: int
    label: str
    thread: str
    text: str
    actions: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A named edge; program order is the order of the nodes and has no edges."""

    name: str
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Graph:
    """The events of each thread in program order, the edges, and the total order where the model has one."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    tot: tuple[int, ...] = ()


def graph(execution: CandidateExecution, relations: Mapping[str, Iterable[Pair]], also: Iterable[int] = ()) -> Graph:
    """The graph of an execution; `relations` are drawn besides reads-from, transitively reduced (against program order
    too) where they are transitive, each pair under the first of its names. Events without actions are drawn only where
    an edge touches them, those of the host's hidden thread only where a read does; all of `also` are."""
    structure = execution.structure
    before = structure.before()
    edges = list(_reads_from(execution))
    backstage = {e.id for e in structure.events if structure.threads[e.thread].hidden}
    backstage -= {e.source for e in edges} | set(also)
    named: set[Pair] = set()
    for name, pairs in relations.items():
        kept = [p for p in _reduced(frozenset(pairs), before) if p not in named and p[0] not in backstage]
        named.update(kept)
        edges += [Edge(name, a, b) for a, b in kept if a != structure.init]
    touched = {e.source for e in edges} | {e.target for e in edges} | set(also)
    chosen = [
        structure.events[e]
        for e in execution.events
        if e in touched or (_acts(structure.events[e]) and e not in backstage and e != structure.init)
    ]
    order = sorted(chosen, key=lambda e: (e.id != structure.init, e.thread, before[e.id].bit_count(), e.id))
    nodes = tuple(_node(execution, event, _letter(i)) for i, event in enumerate(order))
    drawn = {n.id for n in nodes}
    return Graph(nodes, tuple(edges), tuple(e for e in execution.tot if e in drawn))


def _acts(event: Event) -> bool:
    return bool(event.actions) or event.kind is Kind.NOTIFY


def _letter(index: int) -> str:
    high, low = divmod(index, 26)
    return (_letter(high - 1) if high else "") + chr(ord("a") + low)


def _node(execution: CandidateExecution, event: Event, label: str) -> Node:
    structure = execution.structure
    if event.id == structure.init:
        return Node(event.id, label, "", "initial state", (), "")
    actions = tuple(_action(execution, a) for a in event.actions)
    if event.kind is Kind.NOTIFY and event.count is not None:
        actions += (f"woke {execution.values.get(event.count, 0)}",)
    return Node(event.id, label, structure.threads[event.thread].name, _text(event), actions, _place(event))


def _text(event: Event) -> str:
    return event.text or event.kind.value


def _place(event: Event) -> str:
    span = event.span
    if span is None:
        return ""
    at = span.offset if span.source.binary else str(span.line)
    return f"{Path(span.source.name).name}:{at}"


def _order(action: Action) -> str:
    if action.order is Order.ACQREL:
        return ".ar"
    return ".sc" if action.order is Order.SEQCST and not isinstance(action, Rmw) else ""


def _action(execution: CandidateExecution, action: Action) -> str:
    sc = _order(action)
    place = place_name(execution.structure, action.location, action.size)
    match action:
        case Read(_, _, _, value):
            return f"R{sc} {place}={_value(execution, value)}"
        case Write(_, _, _, value):
            return f"W{sc} {place}={_value(execution, value)}"
        case Rmw(_, _, old, new):
            return f"RMW {place}={_value(execution, old)}->{_value(execution, new)}"


def place_name(structure: EventStructure, location: Location, size: int) -> str:
    """`x` for a named cell, `x+2/1` for a part of it, `mem[8]/4` or `mem.len` elsewhere."""
    for name, (start, length) in structure.cells.items():
        inside = start.region == location.region and start.offset <= location.offset
        if inside and location.offset + size <= start.offset + length:
            delta = location.offset - start.offset
            return name if (delta, size) == (0, length) else f"{name}+{delta}/{size}"
    return region_place(structure.region_names, location, size)


def region_place(names: Mapping[Region, str], location: Location, size: int = 1) -> str:
    """`mem[8]/4`, `mem.len`, `table[2]`, `g`: the region's name where it has one."""
    region = location.region
    known = names.get(region, str(region))
    if region.field is Field.DATA:
        return f"{known}[{location.offset}]/{size}"
    return f"{known}[{location.offset}]" if region.field is Field.ELEM else known


def _value(execution: CandidateExecution, payload: Payload) -> str:
    if isinstance(payload, Fill):
        return _term(execution, payload.value)
    if isinstance(payload, Image):
        return "initial content"
    return _term(execution, payload)


def _term(execution: CandidateExecution, term: Term) -> str:
    return str(evaluate(term, execution.values))


def _reads_from(execution: CandidateExecution) -> Iterable[Edge]:
    """One edge for each write that a read reads from; bytes are listed where the read has several sources."""
    sources: dict[tuple[int, Region], dict[int, list[int]]] = {}
    for (read, region, item), write in execution.rf.items():
        sources.setdefault((read, region), {}).setdefault(write, []).append(item)
    events = execution.structure.events
    for (read, region), by_write in sources.items():
        regions = sum(reading(a) for a in events[read].actions)
        name = "rf" if regions == 1 or region.field is not Field.LEN else "rf.len"
        for write, items in by_write.items():
            if region.field is Field.LEN and regions > 1 and not _grows(execution, write, region):
                continue  # the initial length, beside an access: says nothing
            which = f" byte {_ranges(sorted(items))}" if len(by_write) > 1 else ""
            yield Edge(name + which, write, read)


def _grows(execution: CandidateExecution, write: int, region: Region) -> bool:
    structure = execution.structure
    return write != structure.init and any(
        a.location.region == region and writing(a) for a in structure.events[write].actions
    )


def _ranges(items: list[int]) -> str:
    runs: list[list[int]] = []
    for item in items:
        if runs and item == runs[-1][1] + 1:
            runs[-1][1] = item
        else:
            runs.append([item, item])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _reduced(pairs: frozenset[Pair], before: list[int]) -> list[Pair]:
    """The pairs that neither program order nor, in a transitive relation, a detour already gives."""
    after: dict[int, set[int]] = {}
    for a, b in pairs:
        after.setdefault(a, set()).add(b)
    transitive = all(after.get(b, set()) <= successors for successors in after.values() for b in successors)
    kept = [(a, b) for a, b in pairs if not before[b] >> a & 1]
    if transitive:
        kept = [(a, b) for a, b in kept if not any(b in after.get(c, ()) for c in after[a] if c not in (a, b))]
    return sorted(kept)
