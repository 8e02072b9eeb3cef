"""X1: equal outcomes on random programs, and a separating program for each hypothesis of the fragment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import check
from semantics.encodings import ENCODINGS
from semantics.encodings.rewriting import instructions, modules_of, replaced, translated
from semantics.exploration.program import Program
from semantics.syntax.instructions import Call, Expr, Instr
from semantics.syntax.modules import Module
from tests.semantics.encodings.compared import AWAIT, LIMITS, compared, program
from tests.semantics.profiles.hosted import shown

X1 = ENCODINGS["X1"]
R = "(local $r i32)"
GO = "(fork $f)"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {" ".join(body)})'


def f(*body: str, params: str = "") -> str:
    return f"(func $f shared {params} {R} {' '.join(body)})"


STORE_Y = "(i32.atomic.store (i32.const 4) (i32.const 1))"

SEPARATING = {
    "L4 active segment": (
        "an active segment",
        ('(data (i32.const 0) "\\07")',
         main("(i32.store (i32.const 0) (i32.const 1))", GO, "(local.set $r (i32.load (i32.const 0)))"), f(STORE_Y)),
        "main:r", {(1,)}, {(1,), (7,)},
    ),
    "L5 start function": (
        "a start function",
        ("(func $init (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $init)",
         main(GO, AWAIT, "(local.set $r (i32.atomic.load (i32.const 0)))"), f(STORE_Y)),
        "main:r", {(1,)}, {(2,)},
    ),
    "L6 segment use": (
        "a shared function that uses a segment",
        ('(data $d "\\01")', main("(data.drop $d)", GO),
         f("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))", "(local.set $r (i32.const 1))")),
        "f", {("trap",)}, {("done",)},
    ),
    "L2 shared global": (
        "a shared table or global",
        ("(global $g shared (mut i32) (i32.const 0))", main("(global.set $g (i32.const 1))", GO),
         f("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))")),
        "y", {(11,)}, {(10,)},
    ),
    "L7 shared table": (
        "a shared table or global",
        ("(table $t shared 1 (shared funcref)) (type $v (shared (func)))"
         "(func $h shared (i32.store (i32.const 0) (i32.const 1)))",
         main("(table.set $t (i32.const 0) (ref.func $h))", GO), f("(call_indirect $t (type $v) (i32.const 0))")),
        "f", {("done",)}, {("trap",)},
    ),
    "L12 reference as argument": (
        "an argument that is a reference",
        (main("(fork $f (ref.func $h))"), f(params="(param (shared funcref))"), "(func $h shared)"),
        "main", {("done",)}, {("trap",)},
    ),
    "waiting in main": (
        "the main agent may wait",
        (main("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))", GO), f(STORE_Y)),
        "main", {("done",)}, {("trap",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEPARATING)
def test_each_hypothesis_is_there_for_a_reason(name: str) -> None:
    """Dropped, the translation has other outcomes."""
    reason, fields, show, source, target = SEPARATING[name]
    assert X1.outside(program(X1, *fields)) == reason
    found = compared(X1, *fields)
    assert found.equal is False
    assert shown(found.source, show) == source
    assert shown(found.target, show) == target


def test_waiting_without_a_thread() -> None:
    """It traps in the main agent, whether or not somebody forks."""
    fields = (main("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))"),)
    assert X1.outside(program(X1, *fields)) == "the main agent may wait"
    assert compared(X1, *fields).equal is False


def test_a_memory_that_is_not_imported() -> None:
    """Every worker gets its own."""
    fields = (
        '(memory $own (export "own") 1 1 shared)',
        main("(i32.store $own (i32.const 8) (i32.const 1))", GO),
        f("(local.set $r (i32.load $own (i32.const 8)))"),
    )
    assert X1.outside(program(X1, *fields)) == "a shared memory that is not imported"


def test_local_state_may_be_anything() -> None:
    """T29 hides it from the thread: globals, tables and segments of the creator are in the fragment."""
    fields = (
        '(global $g (mut i32) (i32.const 0)) (table 1 funcref) (data $d "\\05")',
        main("(global.set $g (i32.const 1))", "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))", GO),
        f("(local.set $r (i32.load (i32.const 0)))"),
    )
    assert X1.outside(program(X1, *fields)) == ""
    found = compared(X1, *fields)
    assert found.equal
    assert shown(found.target, "f:r") == {(5,)}


def test_random_programs() -> None:
    found = check(X1, 25, seed=1, limits=LIMITS)
    assert found.holds, (found.undecided, found.counterexample)
    assert found.outcomes > 2 * found.programs


@pytest.mark.slow
def test_the_theorem() -> None:
    """At least two thousand programs."""
    found = check(X1, 2000, limits=LIMITS)
    assert found.holds, (found.undecided, found.counterexample)


def test_two_levels_of_threads_occur() -> None:
    """The generator is not poor: threads start threads, wait, and branch on what they read."""
    from random import Random

    seen: set[str] = set()
    for number in range(200):
        [_, module] = modules_of(X1.generate(Random(number)))
        for function in module.funcs:
            words = {type(e).__name__ for e in instructions(function.body)}
            place = "main" if function.binding == "$main" else "thread"
            seen |= {f"{place} {w}" for w in words}
    wanted = "Fork If Load Store Rmw Cmpxchg Notify MemoryGrow GlobalGet Call"
    assert {f"{place} {w}" for place in ("main", "thread") for w in wanted.split()} <= seen
    assert {"thread Wait", "main CallIndirect", "main MemoryInit", "main GlobalSet"} <= seen


def posting_another(program: Program) -> Program:
    """A broken twin: every worker runs the first function."""

    def change(module: Module) -> Module:
        workers = [n for n, i in enumerate(module.imports) if i.module == "worker"]
        if len(workers) < 2:
            return module
        first = workers[0]  # the memory stands before the functions

        def step(e: Instr, _depth: int) -> Expr:
            wrong = isinstance(e, Call) and e.func in [w - 1 for w in workers]
            return (Call(first - 1),) if wrong else (e,)

        return replaced(module, step)

    return translated(X1.translate(program), change)


def test_a_worker_that_runs_another_function_is_caught() -> None:
    found = check(replace(X1, translate=posting_another), 60, limits=LIMITS)
    assert found.holds is False
