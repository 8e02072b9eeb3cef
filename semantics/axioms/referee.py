"""The referee: Figs. 16 and 17 in plain Python on one concrete execution, a function for each printed definition.

It reads the execution and nothing else: neither the text of a model nor the evaluator of models. The happens-before
that it judges by is the least one (systems.md A.6). Which parts make up which model is in `referees`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from semantics.axioms.trace import (
    HappensBefore,
    Trace,
    before,
    least,
    offset,
    overlap,
    paper_edges,
    program_order,
    range_,
    same,
    sync,
    tearfree,
    writing,
)
from semantics.axioms.violation import Violation
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Event
from semantics.runtime.actions import Action, Region

# Fig. 16 ------------------------------------------------------------------------------------------------------------


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

    `ordered`: whether <tot is known; without it sc-last-visible is not judged. `early`: what is before what on one
    region alone, without being part of <hb.
    """

    trace: Trace
    hb: HappensBefore
    tearfree: Callable[[Event, Action], bool] = tearfree
    dagger: bool = True
    ddagger: bool = True
    ordered: bool = True
    early: frozenset[tuple[Region, int, int]] = frozenset()

    def before(self, r: Region, first: int, second: int) -> bool:
        """ev1 <hb ev2, or so on region r alone"""
        return self.hb[first] >> second & 1 == 1 or (bool(self.early) and (r, first, second) in self.early)

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
        if self.before(r, read, write):
            yield Violation("hb-consistent-1", (write, read))
        if sync(self.trace, r, write, read) and not self.before(r, write, read):
            yield Violation("hb-consistent-2", (write, read))
        for other in self.trace.writing(r):
            between = self.before(r, write, other) and self.before(r, other, read)
            if between and k in range_(self.trace.access[r][other]):
                yield Violation("hb-consistent-3", (write, other, read))

    def sc_last_visible(self, r: Region, read: int, write: int) -> Iterator[Violation]:
        """forall eV in writing_r(tr), eW <hb eR =>
        eW <tot eV <tot eR /\\ sync_r(eW, eR) => not sync_r(eV, eR)
        eW <hb eV <tot eR => not sync_r(eV, eR)   (dagger)
        eW <tot eV <hb eR => not sync_r(eW, eV)   (ddagger)"""
        trace = self.trace
        if not self.before(r, write, read):
            return
        for other in trace.writing(r):
            place = (write, other, read)
            if sync(trace, r, other, read):
                if sync(trace, r, write, read) and trace.tot(write, other) and trace.tot(other, read):
                    yield Violation("sc-last-visible-1", place)
                if self.dagger and self.before(r, write, other) and trace.tot(other, read):
                    yield Violation("sc-last-visible-2", place)
            passed = sync(trace, r, write, other) and trace.tot(write, other) and self.before(r, other, read)
            if self.ddagger and passed:
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


def no_thin_references(trace: Trace) -> Iterator[Violation]:
    """No reference comes out of thin air: program order and reads-from of references make no cycle (D16)."""
    references = trace.execution.structure.references
    read = ((write, read) for (read, r, _), write in trace.execution.rf.items() if r in references)
    order = least(trace, (*program_order(trace), *read))
    yield from strict(order, "no-oota-refs")


def figure16(trace: Trace, rules: Fig16) -> list[Violation]:
    """Why an execution that is known to be a candidate is not valid; [] if it is."""
    found = list(strict(rules.hb))
    if rules.ordered:
        disorder = list(contained(trace, rules.hb))
        found += disorder
        if disorder and not disorder[0].events:  # <tot is no order of the events: nothing can be asked of it
            return found
    return unique([*found, *rules.valid()])


def unique(violations: Iterable[Violation]) -> list[Violation]:
    """Each once."""
    return list(dict.fromkeys(violations))


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
    hb = least(trace, paper_edges(trace))
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
