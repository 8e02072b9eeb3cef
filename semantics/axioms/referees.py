"""Which models have a referee, and what it is made of. A model with other options is judged by other parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from semantics.axioms.acquire_release import AcquireRelease, accesses, release
from semantics.axioms.acquire_release import whole as atomic_whole
from semantics.axioms.candidates import ill_formed
from semantics.axioms.ecmascript import Es2018, steps
from semantics.axioms.linear import orders, unordered
from semantics.axioms.model import Waiting
from semantics.axioms.referee import (
    Fig16,
    contained,
    figure16,
    is_seqcst,
    no_thin_references,
    strict,
    unique,
)
from semantics.axioms.trace import (
    HappensBefore,
    Trace,
    additional,
    before,
    creation,
    fences,
    growth,
    initialisation,
    least,
    notears,
    program_order,
    queues,
    regional_creation,
    regional_initialisation,
    suspension,
    synchronisation,
    tearfree,
    waking,
)
from semantics.axioms.violation import Violation
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Kind
from semantics.runtime.actions import Region

Edges = Callable[[Trace], Iterator[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Referee:
    """A model in plain Python. `early`: only what does not need linearisations, on a candidate; `late`: all, on a
    candidate; `linearised`: a candidate with every choice of its linearisations; `waiting`: its wait queues."""

    waiting: Waiting
    early: Callable[[CandidateExecution], list[Violation]]
    late: Callable[[CandidateExecution], list[Violation]]
    linearised: Callable[[CandidateExecution], Iterator[CandidateExecution]]

    def judge(self, execution: CandidateExecution) -> list[Violation]:
        """Why the model refuses an execution; [] if it is consistent."""
        return ill_formed(execution, waiting=self.waiting) or self.late(execution)


@dataclass(frozen=True, slots=True)
class Reading:
    """The record of a model of Fig. 16's form: its rules, its `synchronisation`, what `creation` is to <hb and
    (`regional`) to single regions, and the options of its text (litmus/MODELS.md) that are `on`."""

    on: frozenset[str]
    creation: Edges
    regional: Callable[[Trace], Iterator[tuple[Region, int, int]]]
    rules: type[Fig16] = Fig16
    synchronisation: Edges = synchronisation

    @property
    def waiting(self) -> Waiting:
        """The wait queues."""
        if "js-cs" in self.on:
            return Waiting.SECTIONS
        return Waiting.FIFO if "fifo-cs" in self.on else Waiting.REACT

    def hb(self, trace: Trace) -> HappensBefore:
        """The least happens-before."""
        parts = [program_order, additional, self.synchronisation]
        if self.rules is not Es2018:  # where waiting is no part of the memory model
            parts += [suspension if self.waiting is Waiting.REACT else queues, waking]
        if "alloc-first" not in self.on:
            parts.append(self.creation)
        if "fence" in self.on:
            parts.append(fences)
        return least(trace, (edge for part in parts for edge in part(trace)))

    def axioms(self, execution: CandidateExecution, *, ordered: bool = True) -> list[Violation]:
        """Why an execution that is known to be a candidate is not consistent."""
        trace, on = Trace(execution), self.on
        hb = self.hb(trace)
        first = self.regional(trace) if "alloc-first" in on else ()
        early = frozenset((*first, *(growth(trace) if "grow-first" in on else ())))
        whole = atomic_whole if self.rules is AcquireRelease else notears if "notears" in on else tearfree
        found = figure16(trace, self.rules(trace, hb, whole, "dagger" in on, "ddagger" in on, ordered, early))
        if "alloc-first" in on:
            everything = (*((a, b) for a in hb for b in hb if before(hb, a, b)), *self.creation(trace))
            found += strict(least(trace, everything), "creation-first")
        if "no-oota-refs" in on:
            found += no_thin_references(trace)
        if self.rules is Es2018:
            found += strict(steps(trace), "agents-step")
        return unique(found)

    def linearised(self, execution: CandidateExecution) -> Iterator[CandidateExecution]:
        """The execution with every order of fences, of the atomic writes of each range, and of all events."""
        chosen = [execution]
        if "fence" in self.on:
            chosen = [*_each(chosen, "fences", [e for e in execution.events if _is_fence(execution, e)])]
        if self.rules is AcquireRelease:
            chosen = [*_each(chosen, "listed", accesses(Trace(execution)))]
        for one in chosen:
            for tot in orders(one, self.hb(Trace(one))):
                yield replace(one, tot=tot)

    def referee(self) -> Referee:
        """The referee that judges by this record."""
        return Referee(self.waiting, lambda x: self.axioms(x, ordered=False), self.axioms, self.linearised)


def _is_fence(execution: CandidateExecution, event: int) -> bool:
    return execution.structure.events[event].kind is Kind.FENCE


def _each(executions: list[CandidateExecution], name: str, domain: list[int]) -> Iterator[CandidateExecution]:
    for one in executions:
        for order in orders(one, unordered(domain)):
            yield replace(one, orders={**one.orders, name: order})


# Sequential consistency ---------------------------------------------------------------------------------------------


def step_order(trace: Trace) -> HappensBefore:
    """What the order of the trace must respect where events take effect one after another."""
    parts = (program_order, additional, creation, queues, waking)
    return least(trace, (edge for part in parts for edge in part(trace)))


def axioms_sc(execution: CandidateExecution, *, ordered: bool = True) -> list[Violation]:
    """Why a candidate is no interleaving of whole events; [] if it is one. With `ordered` off, without <tot."""
    trace = Trace(execution)
    order = step_order(trace)
    found = list(strict(order, "sc-order"))
    if not ordered:
        return found
    disorder = list(contained(trace, order))
    if disorder and not disorder[0].events:
        return found + disorder
    return unique([*found, *disorder, *is_seqcst(trace)])


def _interleaved(execution: CandidateExecution) -> Iterator[CandidateExecution]:
    for tot in orders(execution, step_order(Trace(execution))):
        yield replace(execution, tot=tot)


_SC = Referee(Waiting.FIFO, lambda x: axioms_sc(x, ordered=False), axioms_sc, _interleaved)


# By name ------------------------------------------------------------------------------------------------------------

WASM = Reading(frozenset({"dagger", "ddagger"}), creation, regional_creation)
THREADS = Reading(WASM.on | {"fifo-cs", "notears"}, initialisation, regional_initialisation)
READINGS = {
    "wasm": WASM,
    "paper-dag": replace(WASM, on=frozenset()),
    "wasm-threads": THREADS,
    "wasm-acqrel": replace(THREADS, on=THREADS.on | {"fence"}, rules=AcquireRelease, synchronisation=release),
    "js": replace(THREADS, on=THREADS.on | {"js-cs", "grow-first"}),
    "js-es2018": replace(THREADS, rules=Es2018),
}


@lru_cache(maxsize=64)
def referee_for(model_name: str) -> Referee | None:
    """The referee of a shipped model, by its name in `Model.name` as `wasm[-dagger]`; None where there is none."""
    name, _, switches = model_name.partition("[")
    if name == "sc" and not switches:
        return _SC
    reading = READINGS.get(name)
    if reading is None:
        return None
    for switch in filter(None, switches.rstrip("]").split(",")):
        option = {switch[1:]}
        reading = replace(reading, on=reading.on | option if switch[0] == "+" else reading.on - option)
    return reading.referee()
