"""What is left out loses no outcome: against unfoldings that drop no iteration and refute no path."""

from __future__ import annotations

import pytest

import semantics.exploration.whole
from semantics.axioms import load_model
from semantics.execution.outcomes import Outcome
from semantics.exploration.program import Bounds
from semantics.exploration.spin import Decision, Spin, Verdict
from semantics.solver import Problem
from tests.semantics.exploration.programs import SHARED, func, unfolded

PROGRAMS = {
    "await": (
        func("P0", "(i32.store (i32.const 0) (i32.const 1)) (i32.atomic.store (i32.const 4) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (loop (local.set $r (i32.atomic.load (i32.const 4)))",
            "(br_if 0 (i32.eqz (local.get $r)))) (local.set $s (i32.load (i32.const 0)))",
        ),
    ),
    "plain await": (
        func("P0", "(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (loop (br_if 0 (i32.eqz (i32.load (i32.const 4)))))",
            "(local.set $r (i32.load (i32.const 4))) (local.set $s (i32.load (i32.const 0)))",
        ),
    ),
    "cas loops": tuple(
        func(
            p,
            "(local $r i32) (loop (local.set $r (i32.load (i32.const 0))) (br_if 0 (i32.ne (local.get $r)",
            "(i32.atomic.rmw.cmpxchg (i32.const 0) (local.get $r) (i32.add (local.get $r) (i32.const 1))))))",
        )
        for p in ("P0", "P1")
    ),
    "notify": (
        func("P0", "(local $r i32) (local.set $r (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"),
        func(
            "P1",
            "(local $s i32) (loop (br_if 0 (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))",
            "(local.set $s (i32.load (i32.const 4)))",
        ),
    ),
    "trap": (
        func("P0", "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 65536) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (loop (local.set $r (i32.load (i32.const 65536))) (br_if 0 (i32.eqz (local.get $r))))",
        ),
    ),
}


def outcomes(name: str, model: str, bound: int) -> tuple[set[Outcome], bool]:
    memory = '(memory (export "mem") 1 2 shared)' if name == "trap" else SHARED
    s = unfolded(memory, *PROGRAMS[name], bounds=Bounds(loop=bound))
    problem = Problem(s, load_model(model))
    return set(problem.outcomes()), problem.cut_reachable() is False and not s.incomplete


def always_go(self: Spin, path) -> Decision:
    """Spin.back_edge without its rule."""
    head = path.heads[-1]
    if head.iterations + 1 >= self._bound:
        return Decision(Verdict.CUT)
    path.heads = (*path.heads[:-1], head._replace(iterations=head.iterations + 1))
    return Decision(Verdict.GO)


@pytest.mark.parametrize("model", ["wasm", "wasm-threads"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_dropped_iterations(name, model, monkeypatch):
    found, complete = outcomes(name, model, 8)
    assert complete
    monkeypatch.setattr(Spin, "back_edge", always_go)
    assert outcomes(name, model, 3)[0] == found


@pytest.mark.parametrize("name", PROGRAMS)
def test_refuted_paths(name, monkeypatch):
    found, _ = outcomes(name, "wasm", 8)
    monkeypatch.setattr(semantics.exploration.whole, "refute", lambda builder, init: None)
    assert outcomes(name, "wasm", 8)[0] == found
