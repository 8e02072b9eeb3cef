"""Contexts: labels, frames, branches, what stops a run, what a branch on a symbol leaves."""

from __future__ import annotations

import time

import pytest

from semantics.diagnostics import StuckConfiguration
from semantics.profiles.fork import FORK_PAPER
from semantics.reduction.machine import (
    Stop,
    resume,
    run_pure,
    start,
    successors,
    symbolic_operands,
    with_operand,
)
from semantics.runtime.configuration import Configuration, ForkPrime, Trap, Value
from semantics.runtime.store import FuncInst
from semantics.syntax import instructions as w
from semantics.syntax.modules import Function
from semantics.syntax.types import I32, FuncType, Share
from semantics.terms import Sym, apply
from tests.semantics.reduction.worlds import F_NULLARY, F_UNARY, INSTANCE, STORE, Answers, at, data, i32, i64

ONE, TWO = w.Const(I32, 1), w.Const(I32, 2)
X = Sym(70, 32)


def pure(config: Configuration) -> tuple[Configuration, Stop]:
    """Runs until something else stops it than the entry of a loop."""
    why = Stop.LOOP
    while why is Stop.LOOP:
        config, why, _ = run_pure(config, Answers())
    return config, why


def block(*body: w.Instr, results: int = 0) -> w.Block:
    return w.Block(w.BlockType((), (I32,) * results), body)


def loop(*body: w.Instr) -> w.Loop:
    return w.Loop(w.BlockType((), ()), body)


@pytest.mark.parametrize(
    ("code", "operands", "expected"),
    [
        ((block(ONE, results=1),), (i32(7),), (7, 1)),
        # br drops what the block left above its results
        ((block(ONE, TWO, w.Br(0), results=1),), (i32(7),), (7, 2)),
        ((block(TWO, block(ONE, w.Br(1)), results=1), TWO), (), (1, 2)),
        ((block(block(w.Br(1)), ONE, w.Drop()), TWO), (), (2,)),
        ((ONE, TWO, w.Br(0), ONE), (), (2,)),  # the outermost label is the function's
        ((block(ONE, TWO, w.Return(), results=1),), (i32(7),), (2,)),
        ((w.Call(1), ONE), (i32(7),), (7, 1)),
        ((w.Call(0), ONE), (i32(7), i32(8)), (7, 8, 1)),
        ((w.Loop(w.BlockType((I32,), (I32,)), (ONE, w.Binary(I32, "add"))),), (i32(7),), (8,)),
    ],
)
def test_contexts(code: w.Expr, operands: tuple[Value, ...], expected: tuple[int, ...]) -> None:
    after, why = pure(at(*code, operands=operands))
    assert why is Stop.VALUES
    assert after.finished
    assert tuple(v.term for v in after.operands) == expected


def test_locals_of_the_outermost_function_survive_its_end() -> None:
    body = (w.LocalGet(0), w.LocalSet(1), TWO, w.Return())
    of = FuncType(Share.LOCAL, (I32,), (I32,))
    func = STORE.allocate(FuncInst(of, INSTANCE, Function(of, (I32,), body), 0))
    after, why = pure(start(STORE, func, (i32(9),)))
    assert why is Stop.VALUES
    assert after.frame.locals == (i32(9), i32(9))
    assert after.operands == (i32(2),)


def test_a_back_edge_is_seen_and_compares_equal_if_nothing_changed() -> None:
    spin = loop(w.LocalGet(0), w.BrIf(0))
    first, why = pure(at(spin, values=(i32(1),)))
    assert why is Stop.BACK_EDGE
    assert first.label is not None
    assert first.label.node is spin
    second, why = pure(first)
    assert why is Stop.BACK_EDGE
    assert second == first
    changing = loop(w.LocalGet(0), ONE, w.Binary(I32, "sub"), w.LocalTee(0), w.BrIf(0))
    first, _ = pure(at(changing, values=(i32(9),)))
    second, _ = pure(first)
    assert second != first


def test_back_edges_of_symbolic_branches() -> None:
    spin = loop(w.LocalGet(0), w.BrIf(0))
    before, why = pure(at(spin, values=(i32(X),)))
    assert why is Stop.REDEX
    again, out = successors(before, Answers())
    assert again.rule == out.rule == "br-if-ok"
    assert again.back_edge is spin
    assert out.back_edge is None
    assert again.step.condition == (apply("ne", 1, X, 0, arg_width=32),)
    assert out.step.condition == (apply("eq", 1, X, 0, arg_width=32),)
    assert pure(out.after)[1] is Stop.VALUES


def test_traps_end_the_thread_in_any_context() -> None:
    after, why = pure(at(block(w.Unreachable(), results=1), ONE))
    assert why is Stop.TRAP
    assert after.pending == Trap("unreachable")
    assert successors(after, Answers()) == ()


def test_steps_and_depth_are_bounded() -> None:
    spin = loop(w.Nop(), w.Nop(), w.Br(0))
    entered, why, taken = run_pure(at(spin), Answers(), steps=2)
    assert (why, taken) == (Stop.LOOP, 1)
    assert entered.label is not None
    assert entered.label.node is spin
    after, why, taken = run_pure(entered, Answers(), steps=2)
    assert (why, taken) == (Stop.LIMIT, 2)
    again, why, taken = run_pure(after, Answers())
    assert (why, taken) == (Stop.BACK_EDGE, 1)
    assert again == entered
    after, why, _ = run_pure(at(w.Call(1)), Answers(), depth=0)
    assert why is Stop.DEPTH
    assert run_pure(after, Answers(), depth=1)[1] is Stop.VALUES


def test_what_is_for_the_global_relation_stops_and_is_resumed() -> None:
    config = at(w.Fork(2), ONE, operands=(i32(3),))
    (step,) = successors(config, Answers())
    assert isinstance(step.after.pending, ForkPrime)
    assert pure(step.after)[1] is Stop.GLOBAL
    assert successors(step.after, Answers()) == ()
    after, _ = pure(resume(step.after))
    assert after.operands == (i32(1),)


def test_refuted_steps_are_left_out() -> None:
    load = w.Load(I32, 4, None, w.MemArg())
    assert [t.rule for t in successors(at(load, operands=(i32(0),)), Answers())] == ["load-ok"]
    assert [t.rule for t in successors(at(load, operands=(i32(2**31),)), Answers())] == ["load-oob"]
    (ok,) = successors(at(load, operands=(i32(0),)), Answers({data(0): 5}))
    assert ok.step.condition == ()
    assert ok.after.operands == (i32(5),)
    assert ok.instr is load


def test_operands_that_must_be_concrete() -> None:
    config = at(w.Store(I32, 4, w.MemArg()), operands=(i32(7), i32(X), i32(X)))
    assert symbolic_operands(config, STORE) == (0,)
    bound = with_operand(config, STORE, 0, 8)
    assert bound.operands == (i32(7), i32(8), i32(X))
    assert symbolic_operands(bound, STORE) == ()


def test_no_row_is_stuck() -> None:
    config = at(w.CallIndirect(0), operands=(i32(0),))
    oracle = Answers({}, FORK_PAPER)
    oracle.possible = lambda location: (0,)  # type: ignore[method-assign]
    with pytest.raises(StuckConfiguration):
        successors(config, oracle)


def test_call_indirect_leaves_the_arguments_for_the_callee() -> None:
    config = at(w.CallIndirect(0), operands=(i32(5), i32(1)))
    found = {t.rule: t for t in successors(config, Answers())}
    assert set(found) == {"call-indirect-null", "call-indirect-mismatch", "call-indirect-ok"}
    after, why = pure(found["call-indirect-ok"].after)
    assert why is Stop.VALUES
    assert after.operands == (i32(5),)


def test_rules_that_fire_are_counted() -> None:
    counts: dict[str, int] = {}
    _, _, taken = run_pure(start(STORE, F_UNARY, (i32(1),)), Answers(), counts=counts)
    assert counts == {"local-get-ok": 1}
    assert taken == 1
    assert run_pure(start(STORE, F_NULLARY), Answers())[2] == 0


def test_a_pure_step_takes_microseconds() -> None:
    code = (w.LocalGet(0), ONE, w.Binary(I32, "add"), w.LocalSet(0)) * 3
    config = at(*code, values=(i32(0), i64(0)))
    best = min(_timed(config) for _ in range(20))
    assert best < 1e-3  # 12 instructions; about 30 us on an idle machine


def _timed(config: Configuration) -> float:
    begin = time.perf_counter()
    run_pure(config, Answers())
    return time.perf_counter() - begin
