"""The referee: Figs. 15 to 17 in plain Python on one concrete execution, a function for each printed definition.

It reads the execution and nothing else: neither the text of a model nor the evaluator of models. The happens-before
that it judges by is the least one (systems.md A.6), computed here. eR, eW, eV stand for ev_R, ev_W, ev'_W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from semantics.axioms.candidates import ill_formed
from semantics.axioms.violation import Violation
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
    """ev <tot ev' => ev <hb ev' for the suspensions of one location (proposal, suspensions-consistent; S5)"""
    for order in trace.execution.queues.values():
        yield from pairwise(order)


def paper_hb(trace: Trace) -> HappensBefore:
    """<hb of the paper: Fig. 11's premises and hb-consistent's second."""
    parts = (program_order, additional, creation, synchronisation, suspension, waking)
    return least(trace, (edge for part in parts for edge in part(trace)))


def threads_hb(trace: Trace) -> HappensBefore:
    """<hb of the proposal's text."""
    parts = (program_order, additional, initialisation, synchronisation, queues, waking)
    return least(trace, (edge for part in parts for edge in part(trace)))


def step_order(trace: Trace) -> HappensBefore:
    """What the order of the trace must respect where events take effect one after another."""
    parts = (program_order, additional, creation, queues, waking)
    return least(trace, (edge for part in parts for edge in part(trace)))


# Fig. 16 ------------------------------------------------------------------------------------------------------------


def sync(trace: Trace, r: Region, ev1: int, ev2: int) -> bool:
    """sync_r(ev1, ev2) :<=> ord_r(ev1) = ord_r(ev2) = seqcst /\\ same_r(ev1, ev2)"""
    act1, act2 = trace.access[r].get(ev1), trace.access[r].get(ev2)
    if act1 is None or act2 is None:
        return False
    return act1.order is Order.SEQCST and act2.order is Order.SEQCST and same(act1, act2)


def strict(hb: HappensBefore, name: str = "hb-strict") -> Iterator[Violation]:
    """<hb is a strict order."""
    yield from (Violation(name, (e,)) for e, after in hb.items() if after >> e & 1)


def contained(trace: Trace, hb: HappensBefore) -> Iterator[Violation]:
    """(Note: by construction, <hb is part of <tot), which is a strict total order of the events."""
    if len(set(trace.execution.tot)) != len(trace.execution.tot) or set(trace.rank) != set(trace.execution.events):
        yield Violation("tot")
        return
    later = 0
    for e in reversed(trace.execution.tot):
        wrong = hb[e] & ~later
        if wrong:
            yield Violation("tot", (e, (wrong & -wrong).bit_length() - 1))
            return
        later |= 1 << e


@dataclass(frozen=True, slots=True)
class Fig16:
    """The rules of Fig. 16 below "valid", with the parts that the models differ in.

    `ordered`: whether <tot is known; without it sc-last-visible is not judged.
    """

    trace: Trace
    hb: HappensBefore
    tearfree: Callable[[Event, Action], bool] = tearfree
    dagger: bool = True
    ddagger: bool = True
    ordered: bool = True

    def valid(self) -> Iterator[Violation]:
        """forall r, forall eR in reading_r(tr), exists eW*, tr |-_r eR reads-each-from eW*"""
        for r in self.trace.access:
            for read in self.trace.reading(r):
                yield from self.reads_each_from(r, read, self.trace.sources(r, read))

    def reads_each_from(self, r: Region, read: int, writes: list[int]) -> Iterator[Violation]:
        """|eW*| = |read_r(eR)|, forall i < |eW*|, tr |-_r^i eR reads-from (eW*[i]), |-_r eR no-tear eW*"""
        for i, write in enumerate(writes):
            yield from self.reads_from(r, i, read, write)
        yield from self.no_tear(r, read, writes)

    def reads_from(self, r: Region, i: int, read: int, write: int) -> Iterator[Violation]:
        """eR != eW, eW in writing_r(tr), value-consistent (see `candidates`), hb-consistent, sc-last-visible"""
        k = offset(self.trace.access[r][read]) + i
        yield from self.hb_consistent(r, k, read, write)
        if self.ordered:
            yield from self.sc_last_visible(r, read, write)

    def hb_consistent(self, r: Region, k: int, read: int, write: int) -> Iterator[Violation]:
        """not (eR <hb eW), sync_r(eW, eR) => eW <hb eR,
        forall eV in writing_r(tr), eW <hb eV <hb eR => k not in range_r(eV)"""
        hb = self.hb
        if before(hb, read, write):
            yield Violation("hb-consistent-1", (write, read))
        if sync(self.trace, r, write, read) and not before(hb, write, read):
            yield Violation("hb-consistent-2", (write, read))
        for other in self.trace.writing(r):
            if before(hb, write, other) and before(hb, other, read) and k in range_(self.trace.access[r][other]):
                yield Violation("hb-consistent-3", (write, other, read))

    def sc_last_visible(self, r: Region, read: int, write: int) -> Iterator[Violation]:
        """forall eV in writing_r(tr), eW <hb eR =>
        eW <tot eV <tot eR /\\ sync_r(eW, eR) => not sync_r(eV, eR)
        eW <hb eV <tot eR => not sync_r(eV, eR)   (dagger)
        eW <tot eV <hb eR => not sync_r(eW, eV)   (ddagger)"""
        trace, hb = self.trace, self.hb
        if not before(hb, write, read):
            return
        for other in trace.writing(r):
            place = (write, other, read)
            if sync(trace, r, other, read):
                if sync(trace, r, write, read) and trace.tot(write, other) and trace.tot(other, read):
                    yield Violation("sc-last-visible-1", place)
                if self.dagger and before(hb, write, other) and trace.tot(other, read):
                    yield Violation("sc-last-visible-2", place)
            if self.ddagger and sync(trace, r, write, other) and trace.tot(write, other) and before(hb, other, read):
                yield Violation("sc-last-visible-3", place)

    def no_tear(self, r: Region, read: int, writes: list[int]) -> Iterator[Violation]:
        """tearfree_r(eR) => |{eW in eW* | same_r(eR, eW) /\\ tearfree_r(eW)}| <= 1"""
        if len(set(writes)) > 1 and self._tearfree(r, read):
            act = self.trace.access[r][read]
            whole = {w for w in writes if same(act, self.trace.access[r][w]) and self._tearfree(r, w)}
            if len(whole) > 1:
                yield Violation("no-tear", (*sorted(whole), read))

    def _tearfree(self, r: Region, event: int) -> bool:
        return self.tearfree(self.trace.execution.structure.events[event], self.trace.access[r][event])


def notears(event: Event, act: Action) -> bool:
    """tearfree(act) of the proposal: not of a plain access whose instruction has no NOTEARS flag (S6)."""
    return act.order is Order.SEQCST or (event.notears is True and act.location.region.field is Field.DATA)


def _unique(violations: Iterable[Violation]) -> list[Violation]:
    return list(dict.fromkeys(violations))


def judge(execution: CandidateExecution, *, dagger: bool = True, ddagger: bool = True) -> list[Violation]:
    """Why the paper's model refuses an execution; [] if it is valid."""
    return ill_formed(execution, queue=False) or axioms(execution, dagger=dagger, ddagger=ddagger)


def axioms(
    execution: CandidateExecution, *, dagger: bool = True, ddagger: bool = True, ordered: bool = True
) -> list[Violation]:
    """`judge` on an execution that is known to be a candidate. With `ordered` off, all that does not need <tot."""
    trace = Trace(execution)
    hb = paper_hb(trace)
    rules = Fig16(trace, hb, tearfree, dagger, ddagger, ordered)
    return _figure16(trace, hb, rules)


def judge_threads(execution: CandidateExecution) -> list[Violation]:
    """Why the proposal's text refuses an execution; [] if it is consistent."""
    return ill_formed(execution, queue=True) or axioms_threads(execution)


def axioms_threads(execution: CandidateExecution, *, ordered: bool = True) -> list[Violation]:
    """`judge_threads` on an execution that is known to be a candidate, as `axioms`."""
    trace = Trace(execution)
    hb = threads_hb(trace)
    return _figure16(trace, hb, Fig16(trace, hb, notears, ordered=ordered))


def _figure16(trace: Trace, hb: HappensBefore, rules: Fig16) -> list[Violation]:
    found = list(strict(hb))
    if rules.ordered:
        disorder = list(contained(trace, hb))
        found += disorder
        if disorder and not disorder[0].events:  # <tot is no order of the events: nothing can be asked of it
            return found
    return _unique([*found, *rules.valid()])


# Fig. 17 ------------------------------------------------------------------------------------------------------------


def race_with(trace: Trace, hb: HappensBefore, r: Region, ev1: int, ev2: int) -> bool:
    """not (ev <hb ev' \\/ ev' <hb ev), writing_r(ev) \\/ writing_r(ev'), overlap_r(ev, ev'); ev != ev' (D5)"""
    act1, act2 = trace.access[r][ev1], trace.access[r][ev2]
    unordered = ev1 != ev2 and not before(hb, ev1, ev2) and not before(hb, ev2, ev1)
    return unordered and (writing(act1) or writing(act2)) and overlap(act1, act2)


def data_races(execution: CandidateExecution) -> list[tuple[int, int]]:
    """|-_r ev data-race-with ev' :<=> not sync_r(ev, ev') /\\ |-_r ev race-with ev', with the paper's least <hb.

    Pairs of event ids, each once, the smaller first.
    """
    trace = Trace(execution)
    hb = paper_hb(trace)
    found = {
        (a, b)
        for r, access in trace.access.items()
        for a in access
        for b in access
        if a < b and race_with(trace, hb, r, a, b) and not sync(trace, r, a, b)
    }
    return sorted(found)


def is_seqcst(trace: Trace) -> Iterator[Violation]:
    """forall r, forall eR in reading_r(tr), exists eW*, tr |-_r eR seqcst-reads-each-from eW*: for every item
    eW <tot eR, value-consistent, forall eV in writing_r(tr), eW <tot eV <tot eR => k not in range_r(eV)"""
    for r in trace.access:
        for read in trace.reading(r):
            for i, write in enumerate(trace.sources(r, read)):
                k = offset(trace.access[r][read]) + i
                if not trace.tot(write, read):
                    yield Violation("sc-past", (write, read))
                for other in trace.writing(r):
                    if trace.tot(write, other) and trace.tot(other, read) and k in range_(trace.access[r][other]):
                        yield Violation("sc-last", (write, other, read))


def judge_sc(execution: CandidateExecution) -> list[Violation]:
    """Why an execution is no interleaving of whole events; [] if it is one."""
    return ill_formed(execution, queue=True) or axioms_sc(execution)


def axioms_sc(execution: CandidateExecution, *, ordered: bool = True) -> list[Violation]:
    """`judge_sc` on an execution that is known to be a candidate, as `axioms`."""
    trace = Trace(execution)
    steps = step_order(trace)
    found = list(strict(steps, "sc-order"))
    if not ordered:
        return found
    disorder = list(contained(trace, steps))
    if disorder and not disorder[0].events:
        return found + disorder
    return _unique([*found, *disorder, *is_seqcst(trace)])


# Which models have a referee ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Referee:
    """A model in plain Python. `judge`: all; `early`: only what does not need <tot, on a candidate; `late`: all, on a
    candidate; `order`: what <tot must contain; `queue`: whether it has FIFO wait queues."""

    queue: bool
    judge: Callable[[CandidateExecution], list[Violation]]
    early: Callable[[CandidateExecution], list[Violation]]
    late: Callable[[CandidateExecution], list[Violation]]
    order: Callable[[Trace], HappensBefore]


def _paper(dagger: bool, ddagger: bool) -> Referee:
    return Referee(
        False,
        lambda x: judge(x, dagger=dagger, ddagger=ddagger),
        lambda x: axioms(x, dagger=dagger, ddagger=ddagger, ordered=False),
        lambda x: axioms(x, dagger=dagger, ddagger=ddagger),
        paper_hb,
    )


_THREADS = Referee(
    True, judge_threads, lambda x: axioms_threads(x, ordered=False), lambda x: axioms_threads(x), threads_hb
)
_SC = Referee(True, judge_sc, lambda x: axioms_sc(x, ordered=False), lambda x: axioms_sc(x), step_order)


def referee_for(model_name: str) -> Referee | None:
    """The referee of a shipped model, by its name in `Model.name` as `wasm[-dagger]`; None where there is none."""
    name, _, switches = model_name.partition("[")
    if name == "wasm":
        off = switches.rstrip("]").split(",")
        return _paper("-dagger" not in off, "-ddagger" not in off)
    if switches:
        return None
    return {"paper-dag": _paper(False, False), "wasm-threads": _THREADS, "sc": _SC}.get(name)
