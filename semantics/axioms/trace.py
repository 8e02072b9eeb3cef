"""An execution as Figs. 15 and 11 speak of it: accesses by region, ranges, and the edges of happens-before, a function
for each, in plain Python. eR, eW, eV stand for ev_R, ev_W, ev'_W."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Event, Kind
from semantics.runtime.actions import Action, Field, Region, Rmw, Write
from semantics.syntax.types import Order

Edges = Iterable[tuple[int, int]]
HappensBefore = dict[int, int]
"""For each event the bit mask of the ids of the events after it."""


class Trace:
    """tr: the events of an execution by region (access_r of Fig. 15), its reads-from and its total order."""

    def __init__(self, execution: CandidateExecution) -> None:
        """Sorts the accesses by region."""
        self.execution = execution
        self.events: list[Event] = [execution.structure.events[e] for e in execution.events]
        self.access: dict[Region, dict[int, Action]] = {}
        for event in self.events:
            for action in event.actions:
                self.access.setdefault(action.location.region, {})[event.id] = action
        self.rank = {e: n for n, e in enumerate(execution.tot)}

    def reading(self, r: Region) -> list[int]:
        """reading_r(tr)"""
        return [e for e, act in self.access[r].items() if reading(act)]

    def writing(self, r: Region) -> list[int]:
        """writing_r(tr)"""
        return [e for e, act in self.access[r].items() if writing(act)]

    def tot(self, first: int, second: int) -> bool:
        """ev1 <tot ev2"""
        return self.rank[first] < self.rank[second]

    def sources(self, r: Region, read: int) -> list[int]:
        """eW*: the write that each item of a read reads from."""
        rf = self.execution.rf
        return [rf[read, r, i] for i in range(self.access[r][read].size)]


# Fig. 15 ------------------------------------------------------------------------------------------------------------


def offset(act: Action) -> int:
    """offset(act) := offset(loc(act))"""
    return act.location.offset


def range_(act: Action) -> range:
    """range(act) := [offset(act), offset(act) + size(act)["""
    return range(offset(act), offset(act) + act.size)


def reading(act: Action) -> bool:
    """reading(act) :<=> read(act) != eps"""
    return not isinstance(act, Write)


def writing(act: Action) -> bool:
    """writing(act) :<=> write(act) != eps"""
    return isinstance(act, Write | Rmw)


def aligned(act: Action) -> bool:
    """aligned(act) :<=> exists n. offset(act) = n * size(act)"""
    return offset(act) % act.size == 0


def tearfree(_: Event, act: Action) -> bool:
    """tearfree(act) :<=> ord(act) = seqcst \\/ (aligned(act) /\\ size(act) <= 4)"""
    return act.order is Order.SEQCST or (aligned(act) and act.size <= 4)


def same(act1: Action, act2: Action) -> bool:
    """same(act1, act2) :<=> region(act1) = region(act2) /\\ range(act1) = range(act2)"""
    return act1.location == act2.location and act1.size == act2.size


def overlap(act1: Action, act2: Action) -> bool:
    """overlap(act1, act2) :<=> region(act1) = region(act2) /\\ range(act1) intersects range(act2)"""
    if act1.location.region != act2.location.region:
        return False
    return offset(act1) < offset(act2) + act2.size and offset(act2) < offset(act1) + act1.size


# Happens-before -----------------------------------------------------------------------------------------------------


def least(trace: Trace, edges: Edges) -> HappensBefore:
    """The least transitive relation with these edges; edges of events that do not exist fall away."""
    after = dict.fromkeys(trace.execution.events, 0)
    for a, b in edges:
        if a in after and b in after:
            after[a] |= 1 << b
    for k, reach in after.items():  # after[k] may grow while k is being handled only by k's own bit
        for e, mask in after.items():
            if mask >> k & 1:
                after[e] = mask | reach
    return after


def before(hb: HappensBefore, first: int, second: int) -> bool:
    """ev1 <hb ev2"""
    return hb[first] >> second & 1 == 1


def program_order(trace: Trace) -> Iterator[tuple[int, int]]:
    """Each event of a thread before the next on its path."""
    structure = trace.execution.structure
    for leaf in trace.execution.leaves.values():
        path = [e for node in structure.path(leaf) for e in structure.nodes[node].events]
        yield from pairwise(path)


def additional(trace: Trace) -> Iterator[tuple[int, int]]:
    """Spawn before start, end before join; the initial event before all, all before the final observation."""
    structure = trace.execution.structure
    yield from structure.asw
    for event in trace.events:
        if event.id != structure.init:
            yield structure.init, event.id
        if event.kind is Kind.OBSERVE:
            yield from ((other.id, event.id) for other in trace.events if other.kind is not Kind.OBSERVE)


def creation(trace: Trace) -> Iterator[tuple[int, int]]:
    """create(addr(act)) <hb h' (Fig. 11, row 1; D1): the creation of an object before each other use of it."""
    for maker in trace.events:
        if maker.kind is Kind.INIT:
            made = {act.location.region.addr for act in maker.actions if isinstance(act, Write)}
            for r, access in trace.access.items():
                if r.addr in made:
                    yield from ((maker.id, e) for e in access if e != maker.id)


def initialisation(trace: Trace) -> Iterator[tuple[int, int]]:
    """ord_r(eI) = INIT /\\ eI != ev /\\ overlap(eI, ev) => eI <hb ev (proposal, consistent-with; S2)"""
    for event in trace.events:
        initial = any(writing(a) and (event.kind is Kind.INIT or a.order is Order.INIT) for a in event.actions)
        for act in event.actions if initial else ():
            for e, other in trace.access[act.location.region].items():
                if e != event.id and overlap(act, other):
                    yield event.id, e


def regional_creation(trace: Trace) -> Iterator[tuple[Region, int, int]]:
    """The write that creates a region before each other use of that region, and no more (systems.md D17)."""
    for maker in trace.events:
        for act in maker.actions if maker.kind is Kind.INIT else ():
            if isinstance(act, Write):
                r = act.location.region
                yield from ((r, maker.id, e) for e in trace.access[r] if e != maker.id)


def regional_initialisation(trace: Trace) -> Iterator[tuple[Region, int, int]]:
    """An initialising write before each access of its region that overlaps it, and no more."""
    for event in trace.events:
        for act in event.actions:
            if writing(act) and (event.kind is Kind.INIT or act.order is Order.INIT):
                r = act.location.region
                for e, other in trace.access[r].items():
                    if e != event.id and overlap(act, other):
                        yield r, event.id, e


def growth(trace: Trace) -> Iterator[tuple[Region, int, int]]:
    """The write of fresh units that grows a region before each other access that overlaps it (systems.md D18).

    Growth alone exchanges a length (Figs. 6 and 9).
    """
    for event in trace.events:
        grown = {a.location.region.addr for a in event.actions if isinstance(a, Rmw) and in_length(a)}
        for act in event.actions:
            r = act.location.region
            if r.addr in grown and isinstance(act, Write):
                for e, other in trace.access[r].items():
                    if e != event.id and overlap(act, other):
                        yield r, event.id, e


def in_length(act: Action) -> bool:
    """Whether an action is on the length of a table or memory."""
    return act.location.region.field is Field.LEN


def sync(trace: Trace, r: Region, ev1: int, ev2: int) -> bool:
    """sync_r(ev1, ev2) :<=> ord_r(ev1) = ord_r(ev2) = seqcst /\\ same_r(ev1, ev2)"""
    act1, act2 = trace.access[r].get(ev1), trace.access[r].get(ev2)
    if act1 is None or act2 is None:
        return False
    return act1.order is Order.SEQCST and act2.order is Order.SEQCST and same(act1, act2)


def synchronisation(trace: Trace) -> Iterator[tuple[int, int]]:
    """sync_r(eW, eR) => eW <hb eR, where eR reads from eW (hb-consistent)"""
    for (read, r, _), write in trace.execution.rf.items():
        if sync(trace, r, write, read):
            yield write, read


def suspension(trace: Trace) -> Iterator[tuple[int, int]]:
    """Wait before the notify that wakes it (Fig. 11, row 3, premise)."""
    yield from trace.execution.wakes.items()


def waking(trace: Trace) -> Iterator[tuple[int, int]]:
    """Notify before what the woken thread does next (Fig. 11, row 3)."""
    wakes = trace.execution.wakes
    for event in trace.events:
        if event.kind is Kind.WOKEN and event.peer is not None and event.peer in wakes:
            yield wakes[event.peer], event.id


def queues(trace: Trace) -> Iterator[tuple[int, int]]:
    """ev <tot ev' => ev <hb ev' for the suspensions of one location (proposal, suspensions-consistent; S5), or for the
    critical sections of its waiter list (ECMA-262)"""
    for order in trace.execution.queues.values():
        yield from pairwise(order)


def fences(trace: Trace) -> Iterator[tuple[int, int]]:
    """Sequentially consistent fences, as read-modify-writes of one location would be, one after another (DEC 7)."""
    yield from pairwise(trace.execution.orders.get("fences", ()))


def paper_edges(trace: Trace) -> Iterator[tuple[int, int]]:
    """What <hb of the paper is made of: Fig. 11's premises and hb-consistent's second."""
    for part in (program_order, additional, creation, synchronisation, suspension, waking):
        yield from part(trace)


def notears(event: Event, act: Action) -> bool:
    """tearfree(act) of the proposal: not of a plain access whose instruction has no NOTEARS flag (S6)."""
    return act.order is Order.SEQCST or (event.notears is True and act.location.region.field is Field.DATA)
