"""The end of a whole program, three ways: the solver, brute force on the axioms, all interleavings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.candidates import ill_formed
from semantics.axioms.referees import referee_for
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure, Status
from semantics.exploration import explore, killing
from semantics.exploration.path import Path
from semantics.exploration.program import Bounds, HostThread, Instantiate, Invoke, Program, Spawn
from semantics.exploration.unfold import Unfolding
from semantics.profiles.fork import FORK
from semantics.runtime.actions import reading
from semantics.solver import Problem
from semantics.solver.frame import Frame
from semantics.solver.plans import plan_of
from semantics.solver.symmetry import interchangeable
from semantics.syntax.modules import Module
from tests.semantics.exploration.interleaving import TooMany, interleavings
from tests.semantics.exploration.programs import SHARED, func, module, unfolded
from tests.semantics.exploration.test_interleavings import ADDRESS, REGISTER, SIMPLE, SPIN, VALUE

KILLING = replace(FORK, trap="all")
TRAP = REGISTER.map(lambda r: f"(if (local.get {r}) (then (unreachable)))") | st.just("(unreachable)")
WAIT = ADDRESS.map(lambda a: f"(local.set $s (memory.atomic.wait32 {a} (i32.const 0) (i64.const -1)))")
NOTIFY = ADDRESS.map(lambda a: f"(local.set $s (memory.atomic.notify {a} (i32.const 1)))")
AT = st.sampled_from(("(i32.const 0)", "(i32.const 4)"))
BYTES = (  # one byte at a time: brute force then has few sources to choose from
    st.tuples(REGISTER, st.sampled_from(("load8_u", "atomic.load8_u")), AT).map(
        lambda t: f"(local.set {t[0]} (i32.{t[1]} {t[2]}))"
    )
    | st.tuples(st.sampled_from(("store8", "atomic.store8")), AT, VALUE).map(lambda t: f"(i32.{t[0]} {t[1]} {t[2]})")
    | st.tuples(REGISTER, st.sampled_from(("add", "xchg")), AT).map(
        lambda t: f"(local.set {t[0]} (i32.atomic.rmw8.{t[1]}_u {t[2]} (i32.const 1)))"
    )
)
BODY = st.lists(BYTES | TRAP, min_size=1, max_size=3).map(" ".join)
SUSPENDING = st.lists(BYTES | TRAP | WAIT | NOTIFY, min_size=1, max_size=2).map(" ".join)
SPINNING = st.lists(SIMPLE | TRAP | SPIN, min_size=1, max_size=3).map(" ".join)
LOCALS = "(local $r i32) (local $s i32)"
NAMES = ("P0", "P1")


def made(*bodies: str) -> Module:
    return module(SHARED, *(func(name, LOCALS, body) for name, body in zip(NAMES, bodies, strict=True)))


def structure(m: Module) -> EventStructure:
    spawns = (Spawn(HostThread(t, (Invoke("m", t),))) for t in NAMES)
    host = HostThread("host", (Instantiate("m", m), *spawns), hidden=True)
    return explore(Program("test", host), Bounds(loop=4), KILLING)


def solved(s: EventStructure, model: str) -> set[Outcome]:
    problem = Problem(s, load_model(model))
    found = set(problem.outcomes())
    for outcome in found:
        assert ill_formed(problem.witness(outcome), waiting=load_model(model).waiting) == []
    return found


def brute(s: EventStructure, model: str) -> set[Outcome]:
    referee = referee_for(model)
    assert referee is not None
    return outcomes_under(s, referee)


def small(bodies: tuple[str, str], s: EventStructure) -> bool:
    """Few ways to read for brute force; additions that read one another in a circle have every value of a byte."""
    if " ".join(bodies).count("rmw8.add") > 1:
        return False
    reads = [e for e in s.events for a in e.actions if reading(a)]
    return len(reads) <= 4 and len(s.nodes) <= 30


@pytest.mark.parametrize("model", ("wasm", "wasm-threads"))
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.tuples(BODY, BODY) | st.tuples(SUSPENDING, SUSPENDING))
def test_the_solver_finds_what_brute_force_finds(model: str, bodies: tuple[str, str]) -> None:
    s = structure(made(*bodies))
    assume(small(bodies, s))
    assert solved(s, model) == brute(s, model)


def agree(bodies: tuple[str, str]) -> bool:
    m = made(*bodies)
    s = structure(m)
    problem = Problem(s, load_model("sc"))
    shown, expected = set(problem.outcomes()), interleavings(m, NAMES, killing=True)
    complete = not s.incomplete and problem.cut_reachable() is False
    return shown == expected if complete else shown <= expected


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.tuples(SPINNING, SPINNING))
def test_under_sequential_consistency_all_interleavings(bodies: tuple[str, str]) -> None:
    try:
        assert agree(bodies)
    except TooMany:
        assume(False)


AFTER = (
    "(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 1))",
    "(local.set $r (i32.load (i32.const 0))) (local.set $s (i32.load (i32.const 4)))"
    " (if (i32.gt_u (local.get $r) (local.get $s)) (then (unreachable)))",
)


def test_twin_that_kills_before_the_first_event_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    original = killing.may_be_killed

    def first(unfolding: Unfolding, path: Path) -> bool:
        if path.visible:
            path.exposed = False
            return True
        return original(unfolding, path)

    assert agree(AFTER)
    monkeypatch.setattr(killing, "may_be_killed", first)
    assert not agree(AFTER)


def test_twin_that_lets_two_threads_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    s = structure(made("(unreachable)", "(unreachable)"))
    assert solved(s, "wasm") == brute(s, "wasm")
    monkeypatch.setattr(Frame, "_one_end", lambda *_: None)
    both = set(Problem(s, load_model("wasm")).outcomes()) - brute(s, "wasm")
    assert {o.statuses for o in both} == {(("P0", Status.TRAP), ("P1", Status.TRAP))}


def test_twin_that_blocks_where_the_program_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed waiter must not count as one that is blocked for ever."""
    bodies = ("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))", "(unreachable)")
    blocked = (("P0", Status.BLOCKED), ("P1", Status.TRAP))
    assert blocked not in {o.statuses for o in solved(structure(made(*bodies)), "wasm")}
    monkeypatch.setattr(killing, "goes_on", lambda *_: ())
    assert blocked in {o.statuses for o in solved(structure(made(*bodies)), "wasm")}


def test_a_design_without_such_ends_pays_nothing() -> None:
    bodies = (func("P0", "(i32.store (i32.const 0) (i32.const 1))"), func("P1", "(unreachable)"))
    plain, kills = (unfolded(SHARED, *bodies, profile=p) for p in (FORK, KILLING))
    assert not any(n.leaf is not None and n.leaf.status is Status.KILLED for n in plain.nodes)
    assert len(plain.nodes) == 3 and len(kills.nodes) > 3


def test_where_nothing_can_trap_nobody_is_killed() -> None:
    """The places where threads might be killed are refuted."""
    s = unfolded(SHARED, func("P0", "(i32.store (i32.const 0) (i32.const 1))"), func("P1"), profile=KILLING)
    assert {n.leaf.status for n in s.nodes if n.leaf is not None} == {Status.DONE}


@pytest.mark.parametrize(
    "body",
    [
        "(if (i32.atomic.load8_u (i32.const 0)) (then (unreachable))) (i32.atomic.store8 (i32.const 0) (i32.const 1))",
        "(i32.store8 (i32.const 0) (i32.const 1)) (unreachable)",
    ],
)
def test_interchangeable_threads(body: str) -> None:
    """Threads that are alike are solved for once: killed ones too."""
    names = ("P0", "P1", "P2")
    s = unfolded(SHARED, *(func(name, body) for name in names), threads=names, profile=KILLING)
    assert interchangeable(s, plan_of(load_model("wasm"))) == [[1, 2, 3]]
    assert solved(s, "wasm") == brute(s, "wasm")
