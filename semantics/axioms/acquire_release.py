"""weft's candidate for acquire and release accesses (systems.md A.10), in plain Python: what it adds to Fig. 16.

mo orders the atomic writes of each region and range; the execution has them all in one list, of which only events of
one range are compared. eW, eV, eR as elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semantics.axioms.referee import Fig16
from semantics.axioms.trace import Trace, notears, reading, same, writing
from semantics.axioms.violation import Violation
from semantics.execution.structure import Event
from semantics.runtime.actions import Action, Region
from semantics.syntax.types import Order

ATOMIC = (Order.ACQREL, Order.SEQCST)


def accesses(trace: Trace) -> list[int]:
    """The events with an atomic write: what mo orders."""
    return [e.id for e in trace.events if any(writing(a) and a.order in ATOMIC for a in e.actions)]


def paired(trace: Trace, r: Region, ev1: int, ev2: int) -> bool:
    """Both actions on r are atomic and of the same range."""
    act1, act2 = trace.access[r].get(ev1), trace.access[r].get(ev2)
    return act1 is not None and act2 is not None and act1.order in ATOMIC and act2.order in ATOMIC and same(act1, act2)


def release(trace: Trace) -> Iterator[tuple[int, int]]:
    """sw(eW, eR): eR reads eW, same range, both atomic."""
    for (read, r, _), write in trace.execution.rf.items():
        if paired(trace, r, write, read):
            yield write, read


def whole(event: Event, act: Action) -> bool:
    """tearfree(act): atomic, or an access whose instruction has the no-tear flag."""
    return act.order in ATOMIC or notears(event, act)


@dataclass(frozen=True, slots=True)
class AcquireRelease(Fig16):
    """Fig. 16 with coherence of atomic accesses."""

    def valid(self) -> Iterator[Violation]:
        """As Fig. 16, and what mo demands where it is known."""
        yield from Fig16.valid(self)
        if self.ordered:
            for r in self.trace.access:
                yield from self.coherent(r)

    def coherent(self, r: Region) -> Iterator[Violation]:
        """On one region: eW <hb eV => eW mo eV; seqcst pairs agree with <tot; CoWR (CoRW, CoRR follow); atomicity."""
        trace = self.trace
        rank = {e: n for n, e in enumerate(trace.execution.orders.get("listed", ()))}
        writes = [e for e in trace.writing(r) if trace.access[r][e].order in ATOMIC]
        if not rank.keys() >= set(writes):
            yield Violation("listed")
            return

        def mo(first: int, second: int) -> bool:
            return rank[first] < rank[second] and paired(trace, r, first, second)

        pairs = [(a, b) for a in writes for b in writes if mo(a, b)]
        for a, b in pairs:
            if self.before(r, b, a):
                yield Violation("mo-hb", (a, b))
            if all(trace.access[r][e].order is Order.SEQCST for e in (a, b)) and trace.tot(b, a):
                yield Violation("mo-tot", (a, b))
        sources = [(w, e) for e in trace.reading(r) for w in dict.fromkeys(trace.sources(r, e))]
        for source, read in sources:
            for a, b in pairs:
                if a == source and paired(trace, r, source, read) and self.before(r, b, read):
                    yield Violation("mo-wr", (a, b, read))
        yield from self.exchanges(r, pairs, sources)

    def exchanges(self, r: Region, pairs: list[tuple[int, int]], sources: list[tuple[int, int]]) -> Iterator[Violation]:
        """An exchange reads its immediate mo-predecessor; what happens before that is hidden from it."""
        trace = self.trace
        for source, read in sources:
            act = trace.access[r][read]
            if not (reading(act) and writing(act)):
                continue
            for between in (a for a, b in pairs if b == read):
                if (source, between) in pairs or self.before(r, source, between):
                    yield Violation("mo-rmw", (source, between, read))
