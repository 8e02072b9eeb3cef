"""X5, X6, X8, X9: equal outcomes on random programs, what separates where a hypothesis is dropped, and broken twins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import check, compare
from semantics.diagnostics import NotExpressible, Source
from semantics.encodings import ENCODINGS
from semantics.encodings.generator import MEMORY, closed
from semantics.encodings.rewriting import replaced, translated
from semantics.exploration.program import Instantiate, Program
from semantics.syntax.instructions import Drop, Expr, GlobalSet, Instr, Wait
from semantics.syntax.modules import Module
from semantics.text import parse_module
from tests.semantics.encodings.compared import LIMITS, OBSERVED, compared, model, program
from tests.semantics.profiles.hosted import shown

X5, X6, X8, X9 = (ENCODINGS[n] for n in ("X5", "X6", "X8", "X9"))
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


def test_x5_growth_of_the_program() -> None:
    """What fails in the source is granted in the target."""
    fields = (f'(func (export "main") {R} (local.set $r (memory.grow (i32.const 1))))',)
    assert X5.outside(program(X5, *fields)) == "growth that may fail"
    found = compared(X5, *fields)
    assert shown(found.source, "main:r") == {(1,), (2**32 - 1,)}
    assert shown(found.target, "main:r") == {(1,)}


def test_x5_types_keep_their_indices() -> None:
    """Also where a module has a type twice."""
    fields = (
        "(type $v (shared (func))) (type $same (shared (func))) (type $n (func (result i32)))",
        "(table $t 1 funcref) (elem (i32.const 0) $one) (func $one (result i32) (i32.const 1))",
        f'(func (export "main") {R} (thread.create_ref $v (ref.func $f))',
        "(local.set $r (call_indirect $t (type $n) (i32.const 0))))",
        "(func $f shared)",
    )
    found = compared(X5, *fields)
    assert found.equal
    assert shown(found.target, "main:r") == {(1,)}


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


TWICE = {
    "called": "(local.set 0 (call $go (i32.const 1))) (local.set 0 (call $go (i32.const 2)))",
    "by reference": "(local.set 0 (call_indirect (type $go) (i32.const 1) (i32.const 0)))"
    " (local.set 0 (call_indirect (type $go) (i32.const 2) (i32.const 0)))",
}


@pytest.mark.parametrize("how", TWICE)
def test_x6_a_fork_that_runs_twice(how: str) -> None:
    """Both threads have one cell: whoever joins the second may find the first."""
    table = "(table 1 funcref) (elem (i32.const 0) func $go)" if how == "by reference" else ""
    fields = (
        f"(type $go (func (param i32) (result (ref null (shared (thread i32)))))) {table}",
        '(func (export "main") (local (ref null (shared (thread i32)))) (local $j i32)'
        f" {TWICE[how]} (local.set $j (thread.join (local.get 0))))",
        "(func $go (type $go) (fork_h $f (local.get 0)))",
        "(func $f shared (param $a i32) (result i32) (local.get $a))",
    )
    assert X6.outside(program(X6, *fields)) == "a fork_h that may run twice"
    found = compared(X6, *fields)
    assert shown(found.source, "main:j") == {(2,)}
    assert (1,) in shown(found.target, "main:j")


def test_x6_a_host_that_calls_twice() -> None:
    """The first call's thread has stored in the cell of the second's."""
    count = "(func $f shared (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"
    made = program(X6, JOINED.replace("(i32.load (i32.const 0))", "(local.get $j)"), count)
    twice = replace(made, main=replace(made.main, commands=(*made.main.commands, made.main.commands[-1])))
    assert X6.outside(twice) == "a fork_h that may run twice"
    found = compare(X6, twice, model(X6.source.model), LIMITS)
    assert shown(found.source, "main:j") == {(1,)}
    assert shown(found.target, "main:j") == {(0,), (1,)}


def test_x6_a_handle_that_leaves_its_module() -> None:
    """The cell is in the module's own memory; who knows of no thread does not know what a handle is."""
    text = '(module (func (export "h") (result (ref null (shared (thread i32)))) (fork_h $f))'
    other = parse_module(Source("other.wat", f"{text} (func $f shared (result i32) (i32.const 5)))"))
    made = program(X6, '(func (export "main"))')
    env, m, call = made.main.commands
    given = replace(made, main=replace(made.main, commands=(env, Instantiate("other", other), m, call)))
    assert X6.outside(given) == "a handle that leaves its module"


NESTED = {
    "X6": (
        "handles in a nested module",
        "(module $n (func $f shared (result i32) (i32.const 1))"
        " (func $go (drop (thread.join (fork_h $f)))) (start $go))",
    ),
    "X8": (
        "a thread-local global of a nested module",
        "(module $n (global $p thread_local (mut i32) (i32.const 2))"
        " (func $go (global.set $p (i32.const 1))) (start $go))",
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_modules_are_not_translated(name: str) -> None:
    reason, nested = NESTED[name]
    fields = nested, '(func (export "main") (instantiate $n))'
    assert ENCODINGS[name].outside(program(ENCODINGS[name], *fields)) == reason
    with pytest.raises(NotExpressible):
        compared(ENCODINGS[name], *fields)


def test_x5_nested_modules_create_threads() -> None:
    fields = (
        '(module $n (import "" "f" (func $f shared)) (func $go (thread.create $f)) (start $go))',
        "(func $f shared (i32.store (i32.const 0) (i32.const 1)))",
        f'(func (export "main") {R} (instantiate $n (ref.func $f)) (local.set $r (i32.load (i32.const 0))))',
    )
    found = compared(X5, *fields)
    assert found.equal
    assert shown(found.target, "main:r") == {(0,), (1,)}
    again = "(thread.create_ref $v (ref.null (shared func)))"
    nested = f"(module $n (type $v (shared (func))) (func $go {again}) (start $go))"
    assert X5.outside(program(X5, nested)) == "a nested module that uses create_ref"


def test_x9_nested_modules_have_attributes_too() -> None:
    text = (
        f'(module shared (import "env" "mem" {MEMORY})'
        ' (module $n shared (import "" "f" (func $f shared)) (func $go shared (fork $f)) (start $go))'
        " (func $f shared (i32.store (i32.const 0) (i32.const 1)))"
        f' (func (export "main") shared {R} (instantiate $n (ref.func $f)) (local.set $r (i32.load (i32.const 0)))))'
    )
    found = compare(X9, closed(text, X9.source, OBSERVED), model(X9.source.model), LIMITS)
    assert found.equal
    assert shown(found.target, "main:r") == {(0,), (1,)}


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
