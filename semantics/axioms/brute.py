"""Brute force: all candidate executions of a small event structure, and its outcomes under a model.

Shares no code with the solver. For some seven events: paths, wait queues, a source for every item read, values by
propagation, and <tot as the orientations of overlapping pairs. Exponential in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from semantics.axioms.candidates import access, done, ended, ill_formed, outcome_of, over
from semantics.axioms.evaluate import check, demanded_order
from semantics.axioms.linear import orders
from semantics.axioms.model import Linearisation, Model, Waiting
from semantics.axioms.queues import queue_of
from semantics.axioms.referees import Referee
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import Event, EventStructure, Fate, Kind, Origin, Status
from semantics.runtime.actions import (
    BYTE,
    Action,
    Field,
    Fill,
    Image,
    Location,
    Payload,
    Region,
    read_value,
    reading,
    unit,
    writing,
    written,
)
from semantics.terms import App, Sym, Term, evaluate, symbols

Item = tuple[int, Region, int]
Values = dict[Sym, int]
Judgement = Callable[[CandidateExecution], bool]
FULL = 8
"""Where no universe is given, symbols on a value cycle take all values up to this width and only the program's own
above it."""


def outcomes_under(
    structure: EventStructure, referee: Referee, *, universe: Sequence[int] | None = None
) -> set[Outcome]:
    """All outcomes that a referee's model allows."""
    return outcomes(
        structure,
        lambda x: not referee.late(x),
        waiting=referee.waiting,
        linearised=referee.linearised,
        early=lambda x: not referee.early(x),
        universe=universe,
    )


def outcomes_of(
    structure: EventStructure, model: Model, *, prune: bool = False, universe: Sequence[int] | None = None
) -> set[Outcome]:
    """All outcomes that a model's text allows: for models without a referee, and for broken twins of those with one."""
    return outcomes(
        structure,
        lambda x: not check(model, x),
        waiting=model.waiting,
        linearised=lambda x: linearisations(model, x),
        early=lambda x: not check(model, x, ordered=False),
        prune=prune,
        universe=universe,
    )


def linearisations(model: Model, execution: CandidateExecution) -> Iterator[CandidateExecution]:
    """The execution with every choice of the model's linearisations, as far as it matters (`orders`)."""

    def choose(x: CandidateExecution, rest: Sequence[Linearisation]) -> Iterator[CandidateExecution]:
        if not rest:
            yield x
            return
        first, *others = rest
        for order in orders(x, demanded_order(model, x, first)):
            chosen = replace(x, orders={**x.orders, first.name: order}) if others else replace(x, tot=order)
            yield from choose(chosen, others)

    return choose(execution, model.linearisations)


def outcomes(
    structure: EventStructure,
    consistent: Judgement,
    *,
    waiting: Waiting,
    linearised: Callable[[CandidateExecution], Iterator[CandidateExecution]],
    early: Judgement,
    prune: bool = True,
    universe: Sequence[int] | None = None,
) -> set[Outcome]:
    """The outcomes of the executions that `consistent` accepts.

    `waiting`: the wait queues (`candidates`). `linearised`: an execution with each of its total orders, up to pairs of
    events that make no difference. `early` may refuse an execution before these are known. `prune`: the model forbids
    reading from what program order and asw put after the read, or hide from it; switch it off for a model that does
    not. `universe`: values for symbols on a value cycle.
    """
    found: set[Outcome] = set()
    for execution in candidates(structure, waiting=waiting, prune=prune, universe=universe):
        assert execution.outcome is not None
        if execution.outcome not in found and early(execution) and any(map(consistent, linearised(execution))):
            found.add(execution.outcome)
    return found


def candidates(
    structure: EventStructure, *, waiting: Waiting, prune: bool = True, universe: Sequence[int] | None = None
) -> Iterator[CandidateExecution]:
    """All candidate executions without a CUT leaf, without total orders."""
    hb0 = structure.static_hb()
    for leaves in _leaf_choices(structure):
        nodes = [n for leaf in leaves.values() for n in structure.path(leaf)]
        events = tuple(sorted(e for n in nodes for e in structure.nodes[n].events))
        start = CandidateExecution(structure, events, leaves, {}, {})
        if over(start) > 1:
            continue
        ends = {s: ended(start, i.thread) for s, i in structure.symbols.items() if i.origin is Origin.ENDED}
        ends |= {s: over(start) for s, i in structure.symbols.items() if i.origin is Origin.OVER}
        ends |= {s: done(start, i.region) for s, i in structure.symbols.items() if i.origin is Origin.WRITTEN}
        conditions = [c for n in nodes for c in structure.nodes[n].condition]
        sources = _sources(structure, events, hb0 if prune else [0] * len(hb0))
        for wakes, queues in _wait_queues(structure, events, hb0, waiting):
            known = {**ends, **_suspension_values(structure, events, wakes)}
            for rf in _reads_from(sources):
                for values in _solutions(structure, events, rf, known, conditions, universe):
                    outcome = outcome_of(structure, leaves, values)
                    execution = CandidateExecution(structure, events, leaves, values, rf, wakes, queues, (), outcome)
                    if (not wakes and not queues) or not ill_formed(execution, waiting=waiting):
                        yield execution


# Paths --------------------------------------------------------------------------------------------------------------


def _leaf_choices(structure: EventStructure) -> Iterator[dict[int, int]]:
    """One leaf, not CUT, for every thread that exists."""
    options = {
        t.id: [n for n in structure.leaves(t.id) if (leaf := structure.nodes[n].leaf) and leaf.status is not Status.CUT]
        for t in structure.threads
    }

    def extend(number: int, chosen: dict[int, int], exist: set[int]) -> Iterator[dict[int, int]]:
        waiting = [t for t in structure.threads if t.id not in chosen and (t.spawn is None or t.spawn in exist)]
        if not waiting:
            yield dict(chosen)
            return
        thread = waiting[0].id
        for leaf in options[thread]:
            events = {e for n in structure.path(leaf) for e in structure.nodes[n].events}
            yield from extend(number + 1, {**chosen, thread: leaf}, exist | events)

    yield from extend(0, {}, set())


# Wait queues --------------------------------------------------------------------------------------------------------


def _suspension_values(structure: EventStructure, events: tuple[int, ...], wakes: Mapping[int, int]) -> Values:
    """Fates and counts, as the matching and the paths say."""
    values: Values = {}
    late = {structure.events[e].peer for e in events if structure.events[e].kind is Kind.TIMEOUT}
    for event in (structure.events[e] for e in events):
        if event.fate is not None:
            fate = Fate.WOKEN if event.id in wakes else Fate.TIMEOUT if event.id in late else Fate.BLOCKED
            values[event.fate] = fate.value
        if event.count is not None:
            values[event.count] = sum(n == event.id for n in wakes.values())
    return values


def _wait_queues(
    structure: EventStructure, events: tuple[int, ...], hb0: list[int], waiting: Waiting
) -> Iterator[tuple[dict[int, int], dict[Location, tuple[int, ...]]]]:
    """(wakes, queues): matchings of Fig. 11, or runs of FIFO queues; limits that are symbols are checked later."""
    groups: dict[Location, list[Event]] = {}
    for event in (structure.events[e] for e in events):
        place = queue_of(event, waiting)
        if place is not None:
            groups.setdefault(place, []).append(event)
    if not groups:
        yield {}, {}
        return
    woken = {structure.events[e].peer for e in events if structure.events[e].kind is Kind.WOKEN}
    woken.discard(None)
    if waiting is not Waiting.REACT:
        runs = [[(q, run) for run in _fifo_runs(group, hb0, woken)] for q, group in groups.items()]
        for choice in product(*runs):
            wakes = {w: n for _, (_, matched) in choice for w, n in matched}
            yield wakes, {q: order for q, (order, _) in choice}
        return
    waits = [e for group in groups.values() for e in group if e.kind is Kind.WAIT and e.id in woken]
    notifies = [[n.id for n in groups[w.queue] if n.kind is Kind.NOTIFY] if w.queue else [] for w in waits]
    for matched in product(*notifies):
        yield {w.id: n for w, n in zip(waits, matched, strict=True)}, {}


def _fifo_runs(
    group: list[Event], hb0: list[int], woken: set[int | None]
) -> Iterator[tuple[tuple[int, ...], tuple[tuple[int, int], ...]]]:
    """(order of the events that take turns, pairs wait and notify) of each run of one location's queue."""

    def run(
        order: tuple[int, ...], rest: list[Event], waiting: tuple[int, ...], matched: tuple[tuple[int, int], ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[tuple[int, int], ...]]]:
        if not rest:
            if not woken.intersection(waiting):
                yield order, matched
            return
        for event in rest:
            others = [e for e in rest if e is not event]
            if any(hb0[event.id] >> e.id & 1 for e in others):
                continue
            longer = (*order, event.id)
            if event.kind is Kind.WAIT:
                yield from run(longer, others, (*waiting, event.id), matched)
            elif event.kind is Kind.TIMEOUT:
                if event.peer in waiting:
                    yield from run(longer, others, tuple(w for w in waiting if w != event.peer), matched)
            elif event.kind is Kind.ACCESS:
                yield from run(longer, others, waiting, matched)
            else:
                number = range(len(waiting) + 1)
                if isinstance(event.limit, int):
                    number = range(min(event.limit, len(waiting)), min(event.limit, len(waiting)) + 1)
                for n in number:
                    if woken.issuperset(waiting[:n]):
                        pairs = tuple((w, event.id) for w in waiting[:n])
                        yield from run(longer, others, waiting[n:], matched + pairs)

    yield from run((), group, (), ())


# Reads-from and values ----------------------------------------------------------------------------------------------


def _sources(structure: EventStructure, events: tuple[int, ...], hb0: list[int]) -> dict[Item, list[int]]:
    """For each item read, the writes that cover it and that `hb0` neither puts after the read nor hides from it."""
    writes: dict[Region, list[tuple[int, Action]]] = {}
    for e in events:
        for action in filter(writing, structure.events[e].actions):
            writes.setdefault(action.location.region, []).append((e, action))
    found: dict[Item, list[int]] = {}
    for e in events:
        for action in filter(reading, structure.events[e].actions):
            region = action.location.region
            for i in range(action.size):
                k = action.location.offset + i
                covering = [w for w, a in writes.get(region, ()) if 0 <= k - a.location.offset < a.size and w != e]
                found[e, region, i] = [
                    w
                    for w in covering
                    if not hb0[w] >> e & 1 and not any(hb0[e] >> v & 1 and hb0[v] >> w & 1 for v in covering)
                ]
    return found


def _reads_from(sources: dict[Item, list[int]]) -> Iterator[dict[Item, int]]:
    for choice in product(*sources.values()):
        yield dict(zip(sources, choice, strict=True))


def _solutions(
    structure: EventStructure,
    events: tuple[int, ...],
    rf: dict[Item, int],
    known: Values,
    conditions: list[Term],
    universe: Sequence[int] | None,
) -> Iterator[Values]:
    """The values that agree with the sources and with the path conditions."""
    reads = [(e, a) for e in events for a in structure.events[e].actions if reading(a)]
    mentioned = _mentioned(structure, events, conditions)
    free = [s for s, info in structure.symbols.items() if info.origin is Origin.CHOICE and s in mentioned]
    for choice in product(*(range(1 << s.width) for s in free)):
        start = {**known, **dict(zip(free, choice, strict=True))}
        for values in _propagate(structure, reads, rf, start, conditions, universe):
            if all(evaluate(c, values) == 1 for c in conditions):
                yield values


def _mentioned(structure: EventStructure, events: tuple[int, ...], conditions: list[Term]) -> set[Sym]:
    found: set[Sym] = set()
    for term in conditions:
        found |= symbols(term)
    for e in events:
        for action in structure.events[e].actions:
            payload = written(action) if writing(action) else 0
            found |= symbols(payload.value if isinstance(payload, Fill) else _term(payload))
    return found


def _term(payload: Payload) -> Term:
    return payload if isinstance(payload, int | Sym | App) else 0


def _propagate(
    structure: EventStructure,
    reads: list[tuple[int, Action]],
    rf: dict[Item, int],
    values: Values,
    conditions: list[Term],
    universe: Sequence[int] | None,
) -> Iterator[Values]:
    """Values of all reads. Those on a cycle of values are guessed, one symbol after another, and then verified."""
    values = dict(values)
    rest = list(reads)
    progress = True
    while rest and progress:
        progress = False
        for read in list(rest):
            value = _value(structure, read, rf, values)
            if value is None:
                continue
            rest.remove(read)
            progress = True
            expected = read_value(read[1])
            if isinstance(expected, Sym) and expected not in values:
                values[expected] = value
            elif evaluate(expected, values) != value:
                return
            if not all(evaluate(c, values) == 1 for c in conditions if symbols(c) <= values.keys()):
                return
    if not rest:
        yield values
        return
    unknown = {s for _, a in rest for s in symbols(read_value(a))} - values.keys()
    guess = next(s for s in structure.symbols if s in unknown)  # not the equal one in `unknown`: widths may differ
    found = universe
    if found is None:
        found = range(1 << guess.width) if guess.width <= FULL else _constants(structure)
    for value in (v for v in found if v < 1 << guess.width):
        yield from _propagate(structure, reads, rf, {**values, guess: value}, conditions, universe)


def _value(structure: EventStructure, read: tuple[int, Action], rf: dict[Item, int], values: Values) -> int | None:
    """What a read yields; None while a source's value is not known."""
    event, action = read
    region, total = action.location.region, 0
    for i in range(action.size):
        write = rf[event, region, i]
        source = access(structure, write, region)
        assert source is not None
        term = unit(region, written(source), action.location.offset + i - source.location.offset)
        if not isinstance(term, int) and not symbols(term) <= values.keys():
            return None
        value = evaluate(term, values)
        total = total | value << (BYTE * i) if region.field is Field.DATA else value
    return total


def _constants(structure: EventStructure) -> list[int]:
    """The values that occur in writes and conditions."""
    found: set[int] = {0}

    def visit(term: Term) -> None:
        if isinstance(term, int):
            found.add(term)
        elif isinstance(term, App):
            for arg in term.args:
                visit(arg)

    for event in structure.events:
        for action in filter(writing, event.actions):
            payload = written(action)
            if isinstance(payload, Image):
                found.update(value for _, value in payload.units)
            else:
                visit(payload.value if isinstance(payload, Fill) else payload)
    for node in structure.nodes:
        for condition in node.condition:
            visit(condition)
    return sorted(found)
