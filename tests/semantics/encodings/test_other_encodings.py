"""X5, X6, X8: equal outcomes on random programs, what separates where a hypothesis is dropped, and broken twins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import check
from semantics.encodings import ENCODINGS
from semantics.encodings.rewriting import replaced, translated
from semantics.exploration.program import Program
from semantics.syntax.instructions import Drop, Expr, GlobalSet, Instr, Wait
from semantics.syntax.modules import Module
from tests.semantics.encodings.compared import LIMITS, compared, program, shown

X5, X6, X8 = (ENCODINGS[n] for n in ("X5", "X6", "X8"))
R = "(local $r i32)"


@pytest.mark.parametrize("name", [n for n in ENCODINGS if n != "X1"])
def test_random_programs(name: str) -> None:
    found = check(ENCODINGS[name], 15, seed=1, limits=LIMITS)
    assert found.holds, (found.undecided, found.counterexample)
    assert found.outcomes > found.programs


def test_x5_the_place_of_the_trap() -> None:
    """3c: on null the creator traps; encoded, it returns and the thread traps."""
    fields = (
        "(type $v (shared (func)))",
        f'(func (export "main") {R} (thread.create_ref $v (ref.null (shared func))) (local.set $r (i32.const 1)))',
    )
    assert X5.outside(program(X5, *fields)) == "a reference that may be null or of another type"
    found = compared(replace(X5, compare="whole"), *fields)
    assert shown(found.source, "main", "main:r", "aux") == {("trap", 0, None)}
    assert shown(found.target, "main", "main:r", "aux") == {("done", 1, "trap")}


def test_x5_growth_may_fail() -> None:
    """On a host that does not grant it the thread traps."""
    fields = (
        "(type $v (shared (func)))",
        f'(func (export "main") {R} (thread.create_ref $v (ref.func $f)))',
        "(func $f shared (i32.store (i32.const 0) (i32.const 1)))",
    )
    assert compared(X5, *fields).equal
    failing = replace(X5, target=replace(X5.target, growth="may-fail"))
    found = compared(failing, *fields)
    assert shown(found.source, "x") == {(1,)}
    assert shown(found.target, "x") == {(0,), (1,)}


JOINED = (
    '(func (export "main") (local (ref null (shared (thread i32)))) (local $j i32) (local $r i32)'
    " (local.set 0 (fork_h $f)) (local.set $j (thread.join (local.get 0))) (local.set $r (i32.load (i32.const 0))))"
)


def test_x6_l10() -> None:
    """A join synchronises."""
    found = compared(X6, JOINED, "(func $f shared (result i32) (i32.store (i32.const 0) (i32.const 1)) (i32.const 5))")
    assert found.equal
    assert shown(found.target, "main:j", "main:r") == {(5, 1)}


def test_x6_a_handle_in_a_global() -> None:
    found = compared(
        X6,
        "(global $h (mut (ref null (shared (thread i32)))) (ref.null (shared (thread i32))))",
        f'(func (export "main") {R} (global.set $h (fork_h $f)) (local.set $r (thread.join (global.get $h))))',
        "(func $f shared (result i32) (i32.const 5))",
    )
    assert found.equal
    assert shown(found.target, "main:r") == {(5,)}


def test_x6_a_thread_that_traps() -> None:
    """7b: the joiner traps; encoded, it is stuck."""
    found = compared(X6, JOINED, "(func $f shared (result i32) (unreachable))")
    assert shown(found.source, "main") == {("trap",)}
    assert shown(found.target, "main") == {("blocked",)}


def test_x6_a_fork_that_runs_twice() -> None:
    """Both threads have one cell: whoever joins the second may find the first."""
    fields = (
        '(func (export "main") (local (ref null (shared (thread i32)))) (local $j i32)'
        " (local.set 0 (call $go (i32.const 1))) (local.set 0 (call $go (i32.const 2)))"
        " (local.set $j (thread.join (local.get 0))))",
        "(func $go (param $a i32) (result (ref null (shared (thread i32)))) (fork_h $f (local.get $a)))",
        "(func $f shared (param $a i32) (result i32) (local.get $a))",
    )
    assert X6.outside(program(X6, *fields)) == "a fork_h that may run twice"
    found = compared(X6, *fields)
    assert shown(found.source, "main:j") == {(2,)}
    assert (1,) in shown(found.target, "main:j")


def without_wait(program: Program) -> Program:
    """A broken twin: who joins waits for nobody."""

    def step(e: Instr, _depth: int) -> Expr:
        return (Drop(), Drop()) if isinstance(e, Wait) else (e,)

    def change(module: Module) -> Module:
        return replaced(module, step)

    return translated(X6.translate(program), change)


def test_a_join_without_synchronisation_is_caught() -> None:
    assert check(replace(X6, translate=without_wait), 40, limits=LIMITS).holds is False


def forgetting(program: Program) -> Program:
    """A broken twin: what is stored to thread-local globals is lost."""

    def step(e: Instr, _depth: int) -> Expr:
        return (Drop(),) if isinstance(e, GlobalSet) else (e,)

    return X8.translate(translated(program, lambda module: replaced(module, step)))


def test_a_cell_that_keeps_nothing_is_caught() -> None:
    assert check(replace(X8, translate=forgetting), 40, limits=LIMITS).holds is False


def test_x8_a_thread_begins_with_the_initial_value() -> None:
    """10a."""
    fields = (
        "(global $g thread_local (mut i32) (i32.const 0))",
        '(func (export "main") (global.set $g (i32.const 1)) (fork $f))',
        "(func $f shared (i32.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))))",
    )
    found = compared(X8, *fields)
    assert found.equal
    assert shown(found.target, "y") == {(10,)}


def test_x8_a_host_that_calls_twice() -> None:
    """Host-called entries would need a look-up by thread."""
    fields = (
        "(global $g thread_local (mut i32) (i32.const 0))",
        '(func (export "main") (i32.store (i32.const 0) (global.get $g)) (global.set $g (i32.const 1)))',
    )
    twice = program(X8, *fields)
    twice = replace(twice, main=replace(twice.main, commands=(*twice.main.commands, twice.main.commands[-1])))
    assert X8.outside(twice) == "the host calls twice"
