"""Total orders of some events of one execution, for brute force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from semantics.axioms.trace import HappensBefore, Trace, overlap, writing
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Kind


def static_order(execution: CandidateExecution) -> HappensBefore:
    """Program order, asw, initial event first: for each event the mask of those after it."""
    masks = execution.structure.static_hb()
    return {a: sum(1 << b for b in execution.events if masks[b] >> a & 1) for a in execution.events}


def unordered(events: Iterable[int]) -> HappensBefore:
    """The empty order of some events."""
    return dict.fromkeys(events, 0)


def orders(execution: CandidateExecution, base: HappensBefore) -> Iterator[tuple[int, ...]]:
    """Total orders of the events of `base` that contain it (it is transitive): one for each way to order the pairs of
    events that overlap and of which one writes, and the pairs of fences. No two executions that differ in other pairs
    only are told apart by a shipped model."""
    if any(after >> e & 1 for e, after in base.items()):
        return
    trace = Trace(execution)
    pairs = {
        (a, b)
        for accesses in trace.access.values()
        for a, act in accesses.items()
        for b, other in accesses.items()
        if a < b and a in base and b in base and (writing(act) or writing(other)) and overlap(act, other)
    }
    fences = [e.id for e in trace.events if e.kind is Kind.FENCE and e.id in base]
    pairs |= {(a, b) for a in fences for b in fences if a < b}

    def orient(after: HappensBefore, rest: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
        while rest and (after[rest[-1][0]] >> rest[-1][1] & 1 or after[rest[-1][1]] >> rest[-1][0] & 1):
            rest = rest[:-1]
        if not rest:
            yield tuple(sorted(after, key=lambda e: -after[e].bit_count()))
            return
        a, b = rest[-1]
        for first, second in ((a, b), (b, a)):
            reach = after[second] | 1 << second
            grown = {e: m | reach if e == first or m >> first & 1 else m for e, m in after.items()}
            yield from orient(grown, rest[:-1])

    yield from orient(base, sorted(pairs))
