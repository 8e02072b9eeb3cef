"""Reachability, cores and explanations, bounds, values out of thin air."""

from __future__ import annotations

from time import perf_counter

import pytest

from semantics.axioms import load_model
from semantics.axioms.candidates import ill_formed
from semantics.axioms.evaluate import check
from semantics.axioms.model import Waiting
from semantics.diagnostics import InternalError
from semantics.execution.outcomes import TRUE, And, Equals, HasStatus, Not, Or, Outcome, Proposition, Same, holds
from semantics.execution.structure import EventStructure, Status
from semantics.solver import TIME_LIMIT, Problem, Reachable, Unknown, Unreachable
from semantics.solver.bitvectors import BitVectors
from semantics.solver.deadline import Deadline
from semantics.solver.encoding import Encoding
from tests.semantics.solver import shapes
from tests.semantics.structures import SEQCST, UNORD, Builder, equals

WASM = load_model("wasm")


def register(thread: int, name: str, value: int) -> Proposition:
    return Equals((f"T{thread}", name), value)


BOTH_ZERO = And((register(0, "r0", 0), register(1, "r0", 0)))
BOTH_ONE = And((register(0, "r0", 1), register(1, "r0", 1)))


def test_reachable_comes_with_a_witness() -> None:
    answer = Problem(shapes.sb(UNORD), WASM).reach(BOTH_ZERO)
    assert isinstance(answer, Reachable)
    assert holds(BOTH_ZERO, answer.outcome) and answer.execution.outcome == answer.outcome
    assert check(WASM, answer.execution) == [] and ill_formed(answer.execution, waiting=Waiting.REACT) == []


PROPOSITIONS = [
    TRUE,
    Or(()),
    BOTH_ZERO,
    Not(BOTH_ONE),
    Same(("T0", "r0"), ("T1", "r0")),
    Not(Same(("T0", "r0"), ("T1", "r0"))),
    Same(("T0", "r0"), ("T9", "r0")),
    Or((register(0, "r0", 7), register(1, "r0", 1))),
    HasStatus("T0", Status.DONE),
    HasStatus("T0", Status.TRAP),
    Not(HasStatus("T9", Status.DONE)),
    register(0, "r9", 0),
]


@pytest.mark.parametrize("p", PROPOSITIONS, ids=str)
@pytest.mark.parametrize("order", (UNORD, SEQCST))
def test_reach_agrees_with_the_outcomes(p: Proposition, order: object) -> None:
    structure = shapes.sb(order)  # type: ignore[arg-type]
    problem = Problem(structure, WASM)
    expected = any(holds(p, outcome) for outcome in problem.outcomes())
    assert isinstance(problem.reach(p), Reachable if expected else Unreachable)
    assert problem.possible(p) is expected


def test_threads_of_one_name() -> None:
    """Forked on alternative paths, they share it: what is asked of the name is asked of whichever there is."""
    b = Builder(size=8)
    creator = b.thread("T0")
    for path in creator.branch(equals(creator.load(shapes.X, UNORD, 4), 0)):
        b.thread("f", parent=path).load(shapes.Y, UNORD, 4)
    other = b.thread("T1")
    other.store(shapes.X, 1, UNORD, 4)
    other.store(shapes.Y, 1, UNORD, 4)
    problem = Problem(b.build(), WASM)
    found = list(problem.outcomes())
    assert len(found) == 4
    for outcome in found:
        values = (Equals(observable, value) for observable, value in outcome.values)
        ends = (HasStatus(thread, status) for thread, status in outcome.statuses)
        assert isinstance(problem.reach(And((*values, *ends))), Reachable)
    assert isinstance(problem.reach(Not(HasStatus("f", Status.DONE))), Unreachable)


CORES = [
    (shapes.sb, BOTH_ZERO, "wasm", {"sc-last-visible-2"}),
    (shapes.lb, BOTH_ONE, "wasm", {"hb-strict"}),
    (
        shapes.mp,
        And((register(1, "r0", 1), register(1, "r1", 0))),
        "wasm",
        {"hb-consistent-3"},
    ),  # the initial write is hidden
    (shapes.sb, BOTH_ZERO, "sc", {"sc-last"}),
]


@pytest.mark.parametrize(("shape", "p", "name", "core"), CORES)
def test_a_core_names_what_forbids(shape: object, p: Proposition, name: str, core: set[str]) -> None:
    model = load_model(name)
    problem = Problem(shape(SEQCST), model)  # type: ignore[operator]
    answer = problem.reach(p)
    assert isinstance(answer, Unreachable)
    named = {c.name for c in model.checks}
    assert set(answer.core) == core <= named
    explanation = problem.explain(p)
    assert core <= set(explanation.violated)
    execution = explanation.execution
    assert execution is not None and execution.outcome is not None and holds(p, execution.outcome)
    assert ill_formed(execution, waiting=model.waiting) == []
    violated = {v.name for v in check(model, execution)}
    assert violated and violated <= set(explanation.violated)


def test_what_no_candidate_shows_has_no_core() -> None:
    explanation = Problem(shapes.sb(SEQCST), WASM).explain(register(0, "r0", 5))
    assert explanation.core == explanation.violated == () and explanation.execution is None


def test_the_reachable_is_not_explained_away() -> None:
    with pytest.raises(InternalError):
        Problem(shapes.sb(UNORD), WASM).explain(BOTH_ZERO)


def test_no_witness_of_an_impossible_outcome() -> None:
    problem = Problem(shapes.sb(SEQCST), WASM)
    statuses = (("T0", Status.DONE), ("T1", Status.DONE))
    impossible = Outcome(((("T0", "r0"), 0), (("T1", "r0"), 0)), statuses)
    with pytest.raises(InternalError):
        problem.witness(impossible)


def cut(order: object, expected: int) -> EventStructure:
    """Message passing; the reader's path is cut where it sees y = 1 and x = `expected`."""
    b = Builder(size=2)
    writer, reader = b.thread("T0"), b.thread("T1")
    writer.store(0, 1, order)  # type: ignore[arg-type]
    writer.store(1, 1, order)  # type: ignore[arg-type]
    y = reader.load(1, order)  # type: ignore[arg-type]
    x = reader.load(0, order)  # type: ignore[arg-type]
    hit, _ = reader.branch(equals(y, 1))
    bad, _ = hit.branch(equals(x, expected))
    bad.end(Status.CUT)
    return b.build()


def test_cut_paths() -> None:
    assert Problem(shapes.sb(UNORD), WASM).cut_reachable() is False
    assert Problem(cut(SEQCST, 0), WASM).cut_reachable() is False
    problem = Problem(cut(SEQCST, 1), WASM)
    assert problem.cut_reachable() is True
    assert {tuple(v for _, v in o.values) for o in problem.outcomes()} == {(0, 0), (0, 1)}
    assert all(o.status("T1") is Status.DONE for o in problem.outcomes())


def copying(order: object, bits: int) -> EventStructure:
    """r0 = x; y = r0 || r1 = y; x = r1: any value, out of thin air, where nothing synchronises."""
    b = Builder(size=2 * (bits // 8))
    size = bits // 8
    for thread, (source, target) in enumerate(((0, size), (size, 0))):
        t = b.thread(f"T{thread}")
        seen = t.load(source, order, size)  # type: ignore[arg-type]
        t.store(target, seen, order, size)  # type: ignore[arg-type]
    return b.build()


def test_thin_air_takes_every_value() -> None:
    found = Problem(copying(UNORD, 8), WASM).outcomes()
    assert found.complete and found.count() == 256
    assert Problem(copying(SEQCST, 8), WASM).outcomes().count() == 1


def test_thin_air_beyond_the_limit_is_said() -> None:
    problem = Problem(copying(UNORD, 32), WASM)
    found = problem.outcomes(limit=10)
    assert len(found) == 10 and not found.complete and "out of thin air" in found.reasons[0]
    odd = And((register(0, "r0", 0xDEADBEEF), register(1, "r0", 0xDEADBEEF)))
    answer = problem.reach(odd)
    assert isinstance(answer, Reachable)
    assert check(WASM, answer.execution) == [] and ill_formed(answer.execution, waiting=Waiting.REACT) == []
    split = And((register(0, "r0", 1), register(1, "r0", 2)))
    blame = problem.explain(split)
    assert isinstance(problem.reach(split), Unreachable) and blame.core == () and blame.execution is None


def test_ordered_value_cycles_need_no_bit_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every step of a value cycle is in the order, none closes; were that claimed wrongly, values would go."""
    assert isinstance(Problem(copying(SEQCST, 8), WASM).engine, Encoding)
    assert isinstance(Problem(copying(UNORD, 8), WASM).engine, BitVectors)
    monkeypatch.setattr(Encoding, "_ordered_values", lambda self, order: self.domains.cyclic)
    assert Problem(copying(UNORD, 8), WASM).outcomes().count() < 256


def test_a_time_limit_gives_no_verdict() -> None:
    b = Builder(size=1)
    for i in range(10):
        b.thread(f"T{i}").rmw(0, "add", 1)
    problem = Problem(b.build(), WASM, time_limit=0.01)
    assert isinstance(problem.reach(register(0, "r0", 10)), Unknown)
    assert not problem.outcomes().complete
    assert Problem(shapes.sb(SEQCST), WASM).outcomes().complete  # the limit is that problem's own


def test_a_time_limit_is_one_for_all_questions() -> None:
    """Thousands of outcomes, each found quickly: the limit stops them, and what is asked later."""
    problem = Problem(copying(UNORD, 32), WASM, time_limit=1)
    started = perf_counter()
    found = problem.outcomes()
    assert not found.complete and TIME_LIMIT in found.reasons[0] and found.count() == len(set(found)) > 0
    assert problem.possible(TRUE) is None and problem.cut_reachable() is False
    assert perf_counter() - started < 10


class Countdown(Deadline):
    """A deadline that passes when it is looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__(3600)
        self.looks = looks

    @property
    def over(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def left(self) -> float:
        return 0.0 if self.over else 3600.0


@pytest.mark.parametrize("shape", (shapes.sb(SEQCST), copying(UNORD, 8), cut(SEQCST, 0)), ids=("SB", "thin-air", "cut"))
def test_wherever_the_limit_strikes_no_answer_is_wrong(shape: EventStructure) -> None:
    whole = Problem(shape, WASM)
    every = set(whole.outcomes())
    answered = 0
    for looks in (*range(0, 40, 3), 100, 200, 10**6):
        problem = Problem(shape, WASM)
        problem.deadline = Countdown(looks)
        found = problem.outcomes()
        assert set(found) == every if found.complete else set(found) <= every
        for p in (BOTH_ZERO, BOTH_ONE):
            problem = Problem(shape, WASM)
            problem.deadline = Countdown(looks)
            assert problem.possible(p) in (whole.possible(p), None)
            answer = problem.reach(p)
            answered += not isinstance(answer, Unknown)
            assert isinstance(answer, Unknown) or isinstance(answer, Reachable) is whole.possible(p)
            assert not isinstance(answer, Unreachable) or answer == whole.reach(p)  # with the same core
            assert problem.cut_reachable() in (whole.cut_reachable(), None)
    assert answered >= 2
