"""What makes an execution a candidate: paths, sources, values, wait queues; each fault is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from semantics.axioms import shipped_models
from semantics.axioms.brute import candidates
from semantics.axioms.candidates import ill_formed
from semantics.axioms.model import Waiting
from semantics.axioms.queues import fifo_violations, react_violations
from semantics.axioms.referees import referee_for
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure, Origin, Status, SymbolInfo
from semantics.runtime.actions import Location
from semantics.terms import negate
from tests.semantics.structures import DATA, SEQCST, Builder, equals

PLACE = Location(DATA, 0)


def names(execution: CandidateExecution, *, waiting: Waiting = Waiting.REACT) -> set[str]:
    return {v.name for v in ill_formed(execution, waiting=waiting)}


def branching() -> EventStructure:
    """T0 stores 1; T1 loads (event 2) and stores again (event 3) if it saw it."""
    b = Builder()
    b.thread("T0").store(0, 1)
    t = b.thread("T1")
    seen, _ = t.branch(equals(t.load(0), 1))
    seen.store(1, 2)
    return b.build()


def seen() -> CandidateExecution:
    """The execution of `branching` where T1 sees the store."""
    (execution,) = (x for x in candidates(branching(), waiting=Waiting.REACT) if len(x.events) == 4)
    return execution


def test_candidates_are_well_formed() -> None:
    assert [names(x) for x in candidates(branching(), waiting=Waiting.REACT)] == [set(), set()]


FAULTS: dict[str, Callable[[CandidateExecution], CandidateExecution]] = {
    "leaf": lambda x: replace(x, leaves={**x.leaves, 2: x.leaves[1]}),
    "events": lambda x: replace(x, events=x.events[:-1]),
    "thread": lambda x: replace(x, leaves={t: n for t, n in x.leaves.items() if t != 1}, events=(0, 2, 3)),
    "source": lambda x: replace(x, rf={}),
    "value-consistent": lambda x: replace(x, rf={(2, DATA, 0): 0}),
    "path-condition": lambda x: replace(x, values=dict.fromkeys(x.values, 0)),
    "outcome": lambda x: replace(x, outcome=Outcome((), ())),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str) -> None:
    assert fault in names(FAULTS[fault](seen()))


def test_an_event_may_not_read_from_itself_nor_from_a_read() -> None:
    b = Builder()
    b.thread("T0").rmw(0, "xchg", 0)
    b.thread("T1").load(0)
    execution = next(iter(candidates(b.build(), waiting=Waiting.REACT)))
    for source in (1, 2):
        assert names(replace(execution, rf={**execution.rf, (1, DATA, 0): source})) == {"source"}


def test_no_source_too_many() -> None:
    execution = seen()
    assert names(replace(execution, rf={**execution.rf, (2, DATA, 1): 0})) == {"source"}


def test_referees_refuse_what_is_no_candidate() -> None:
    execution = replace(seen(), rf={}, tot=(0, 1, 2, 3))
    for name in shipped_models():
        referee = referee_for(name)
        assert referee is not None
        assert {v.name for v in referee.judge(execution)} == {"source"}


def test_the_end_of_a_thread_is_known_to_who_joins() -> None:
    b = Builder()
    t, u = b.thread("T0"), b.thread("T1")
    t.wait(0, 0)
    symbol = b.symbol(1, "ended")
    b.structure.symbols[symbol] = SymbolInfo(Origin.ENDED, thread=1)
    u.child(equals(symbol, 1))
    u.child(negate(equals(symbol, 1))).end(Status.BLOCKED)
    found = {
        (x.outcome.status("T0"), x.outcome.status("T1"))
        for x in candidates(b.build(), waiting=Waiting.REACT)
        if x.outcome
    }
    assert found == {(Status.BLOCKED, Status.BLOCKED)}
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    assert names(replace(execution, values={**execution.values, symbol: 1})) >= {"join", "path-condition"}


def suspending(limit: int) -> EventStructure:
    """Two threads wait (events 1 and 4), a third notifies (the last event)."""
    b = Builder(size=1)
    for n in range(2):
        b.thread(f"T{n}").wait(0, 0)
    b.thread("T2").notify(0, limit)
    return b.build()


def counts(structure: EventStructure, *, waiting: Waiting) -> set[tuple[int, int]]:
    """(count of the notify, number of blocked threads) of all candidates."""
    return {
        (count, sum(s is Status.BLOCKED for _, s in x.outcome.statuses))
        for x in candidates(structure, waiting=waiting)
        if x.outcome and (count := x.outcome.value(("T2", "n0"))) is not None
    }


@pytest.mark.parametrize(("limit", "expected"), [(0, {(0, 2)}), (1, {(0, 2), (1, 1)}), (7, {(0, 2), (1, 1), (2, 0)})])
def test_both_readings_of_notify(limit: int, expected: set[tuple[int, int]]) -> None:
    """Waits come before or after the notify, so that as few as none are woken in either reading."""
    assert counts(suspending(limit), waiting=Waiting.REACT) == expected
    assert counts(suspending(limit), waiting=Waiting.FIFO) == expected


def test_fifo_wakes_the_oldest() -> None:
    (execution,) = (
        x for x in candidates(suspending(1), waiting=Waiting.FIFO) if x.wakes and x.queues[PLACE] == (1, 4, 7)
    )
    assert execution.wakes == {1: 7}
    assert fifo_violations(execution) == []
    other = replace(execution, queues={PLACE: (4, 1, 7)})
    assert [v.name for v in fifo_violations(other)] == ["queue-fifo"]
    assert react_violations(other) == []
    assert "queue-order" in {v.name for v in fifo_violations(replace(execution, queues={}))}


def test_faults_of_a_matching_are_found() -> None:
    execution = next(x for x in candidates(suspending(1), waiting=Waiting.REACT) if x.wakes == {1: 7})
    structure = execution.structure
    assert react_violations(execution) == []

    def found(changed: CandidateExecution) -> set[str]:
        return {v.name for v in react_violations(changed)}

    assert found(replace(execution, wakes={1: 4})) == {"matching", "notify-count"}
    assert found(replace(execution, wakes={1: 7, 4: 7})) == {"notify-count", "wait-fate"}
    count, fate = structure.events[7].count, structure.events[1].fate
    assert count is not None and fate is not None
    assert found(replace(execution, values={**execution.values, count: 0})) == {"notify-count"}
    assert found(replace(execution, values={**execution.values, fate: 3})) == {"wait-fate"}


def test_a_timeout_leaves_the_queue_from_anywhere() -> None:
    """The second of two waits may time out; the notify then still wakes the first."""
    b = Builder(size=1)
    b.thread("T0").wait(0, 0)
    b.thread("T1").wait(0, 0, timeout=True)
    b.thread("T2").notify(0, 2)
    structure = b.build()
    found = {
        tuple(v for _, v in x.outcome.values)
        for x in candidates(structure, waiting=Waiting.FIFO)
        if x.outcome is not None
    }
    assert {(0, 2, 1), (0, 0, 2), (2, 0), (0, 1)} <= found  # (w0, w0, n0), where not blocked
    late = next(
        x for x in candidates(structure, waiting=Waiting.FIFO) if x.outcome and x.outcome.value(("T1", "w0")) == 2
    )
    order = late.queues[PLACE]
    swapped = replace(late, queues={PLACE: tuple(reversed(order))})
    assert "queue-timeout" in {v.name for v in fifo_violations(swapped)}


def test_a_seqcst_wait_reads_what_it_compares() -> None:
    b = Builder(size=1)
    b.thread("T0").store(0, 1, SEQCST)
    b.thread("T1").wait(0, 1)
    statuses = {x.outcome.status("T1") for x in candidates(b.build(), waiting=Waiting.FIFO) if x.outcome}
    assert statuses == {Status.DONE, Status.BLOCKED}
