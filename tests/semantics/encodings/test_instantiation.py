"""X2: equal outcomes where instances are made by the embedder, what cannot be made so, and broken twins."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from litmus.checking.encodings import check
from semantics.diagnostics import Invalid, Source
from semantics.encodings import ENCODINGS
from semantics.encodings.rewriting import all_code, modules_of, translated
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Program
from semantics.syntax.instructions import (
    BlockType,
    Call,
    Expr,
    GlobalGet,
    GlobalSet,
    If,
    Instantiate,
    LocalGet,
    RefIsNull,
    RefNull,
)
from semantics.syntax.modules import ExternKind, Global, Module, with_nested
from semantics.syntax.types import SHARED_ANYREF, GlobalType, Share
from semantics.text import parse_module
from semantics.text.printer import print_module
from tests.semantics.encodings.compared import LIMITS, compared, program
from tests.semantics.profiles.hosted import shown

X2 = ENCODINGS["X2"]
STORE = "(func $store shared (param i32 i32) (i32.store (local.get 0) (local.get 1)))"
IMPORT = '(import "" "store" (func $store shared (param i32 i32)))'


def test_the_translation_instantiates_nothing_and_reads_back() -> None:
    for number in range(20):
        [_, module] = modules_of(X2.translate(X2.generate(Random(number))))
        assert not any(isinstance(e, Instantiate) for m in with_nested(module) for e in all_code(m))
        again = parse_module(Source("again.wat", print_module(module)))
        assert print_module(again) == print_module(module)


# --- programs of the page ---------------------------------------------------------------------------
def test_5b_two_instances_have_two_counters() -> None:
    found = compared(
        X2,
        f"""(module $work {IMPORT} (global $l (mut i32) (i32.const 0))
          (func $go (global.set $l (i32.add (global.get $l) (i32.const 1))) (call $store (i32.const 4) (global.get $l)))
          (start $go))""",
        STORE,
        "(func $w shared (instantiate $work (ref.func $store)))",
        '(func (export "main") (fork $w) (fork $w))',
    )
    assert found.equal
    assert shown(found.target, "y") == {(1,)}


MEM = '(module $mem (memory (export "m") 1 1 shared))'
USE = f"""(module $use {IMPORT} (import "" "m" (memory 1 1 shared))
  (func $go (call $store (i32.const 4) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $go))"""
WORK = "(func $w shared (param (ref null (shared any))) (instantiate $use (ref.func $store) (local.get 0)))"


def test_5b_a_fresh_memory_is_given_on() -> None:
    found = compared(
        X2,
        MEM,
        USE,
        STORE,
        WORK,
        '(func (export "main") (local (ref null (shared any))) (local.set 0 (instantiate $mem))'
        " (fork $w (local.get 0)) (fork $w (local.get 0)))",
    )
    assert found.equal
    assert shown(found.target, "y") == {(0,), (1,)}


def test_code_forks_what_it_imports() -> None:
    found = compared(
        X2,
        '(module $go (import "" "f" (func $f shared)) (func $s (fork $f)) (start $s))',
        "(global $g shared (mut i32) (i32.const 0)) (func $f shared (global.set $g (i32.const 1)))",
        '(func (export "main") (local $r i32) (instantiate $go (ref.func $f)) (local.set $r (global.get $g)))',
    )
    assert found.equal
    assert shown(found.target, "main:r") == {(0,), (1,)}


@pytest.mark.parametrize(
    "given", ["(ref.null (shared any))", "(instantiate $global)", "(instantiate $small)"], ids=["null", "type", "size"]
)
def test_what_does_not_link_traps(given: str) -> None:
    """The page: "up to trap-vs-exception". Our embedder traps, and nothing is to be told apart."""
    found = compared(
        X2,
        '(module $global (global (export "g") shared i32 (i32.const 0)))',
        '(module $small (memory (export "m") 0 1 shared))',
        USE,
        STORE,
        WORK,
        f'(func (export "main") (local $r i32) (fork $w {given}) (local.set $r (i32.const 1)))',
    )
    assert found.equal
    assert shown(found.target, "main:r", "w") == {(1, "trap")}


def test_a_cut_hides_what_instances_do() -> None:
    """Whoever makes them: code that stands behind a cut may feed what stands before it."""
    memory = '(import "" "m" (memory 1 1 shared))'
    given = "(param (ref null (shared any)))"
    made = program(
        X2,
        MEM,
        f"(module $late {memory} (func $go (i32.store (i32.const 0) (i32.const 1))) (start $go))",
        f"(module $copy {IMPORT} {memory} (func $go (call $store (i32.const 0) (i32.load (i32.const 0)))) (start $go))",
        STORE,
        f"(func $a shared {given} (local $n i32) (loop $l (local.set $n (i32.add (local.get $n) (i32.const 1)))"
        " (br_if $l (i32.load (i32.const 0))))"
        " (if (i32.ge_u (local.get $n) (i32.const 4)) (then (instantiate $late (local.get 0)))))",
        f"(func $b shared {given} (instantiate $copy (ref.func $store) (local.get 0)))",
        '(func (export "main") (local (ref null (shared any))) (local.set 0 (instantiate $mem))'
        " (fork $a (local.get 0)) (fork $b (local.get 0)))",
    )
    for cut, profile in ((made, X2.source), (X2.translate(made), X2.target)):
        assert "no explored path performs" in explore(cut, Bounds(loop=2), profile).behind


# --- the fragment -----------------------------------------------------------------------------------
OUTSIDE = "shared code instantiates a module with a local import or export"
LOCAL = {
    "an export": ('(module $m (func (export "f")))', "(drop (instantiate $m))"),
    "an import": ('(module $m (import "" "f" (func)))', "(instantiate $m (ref.null func))"),
    "inside": (
        '(module $m (module $n (import "" "f" (func)))'
        " (func $f) (func $go (instantiate $n (ref.func $f))) (start $go))",
        "(instantiate $m)",
    ),
}


@pytest.mark.parametrize("name", LOCAL)
def test_shared_code_cannot_ask_for_what_is_local(name: str) -> None:
    """P5 has it: a shared function may hold local references, and nobody but `instantiate` takes or gives them."""
    nested, body = LOCAL[name]
    fields = nested, f"(func $f shared {body})", '(func (export "main") (fork $f))'
    assert X2.outside(program(X2, *fields)) == OUTSIDE
    with pytest.raises(Invalid):
        compared(X2, *fields)


@pytest.mark.parametrize("name", LOCAL)
def test_local_code_may(name: str) -> None:
    nested, body = LOCAL[name]
    fields = nested, f'(func (export "main") (local $r i32) {body} (local.set $r (i32.const 1)))'
    assert X2.outside(program(X2, *fields)) == ""
    found = compared(X2, *fields)
    assert found.equal
    assert shown(found.target, "main:r") == {(0,) if name == "an import" else (1,)}


def test_equal_modules_and_modules_without_a_name() -> None:
    """The embedder knows code by its name."""
    one, other = (
        '(module (global (export "g") shared i32 (i32.const 0)))',
        '(module $module0 (func (export "f") shared))',
    )
    fields = one, other, one, '(func (export "main") (local $r i32) (drop (instantiate 0)) (drop (instantiate 2))'
    found = compared(X2, *fields, "(drop (instantiate $module0)) (local.set $r (i32.const 1)))")
    assert found.equal
    assert shown(found.target, "main:r") == {(1,)}


def test_types_that_are_given_twice_keep_their_indices() -> None:
    """What is added comes behind them."""
    fields = (
        "(type $a (func)) (type $b (func)) (type $c (func (result i32)))",
        '(module $m (func (export "f") (result i32) (i32.const 7)))',
        "(table $t 1 funcref)",
        '(func (export "main") (local $r i32) (table.set $t (i32.const 0) (instantiate $m))'
        " (local.set $r (call_indirect $t (type $c) (i32.const 0))))",
    )
    found = compared(X2, *fields)
    assert found.equal
    assert shown(found.target, "main:r") == {(7,)}


# --- broken twins -----------------------------------------------------------------------------------
def changing(name: str, body) -> object:
    """The translation, with another body for the function that instantiates a module."""

    def change(module: Module) -> Module:
        cache = len(module.imported(ExternKind.GLOBAL)) + len(module.globals)
        funcs = tuple(replace(f, body=body(f.body, cache)) if f.binding == name else f for f in module.funcs)
        null = Global(GlobalType(Share.SHARED, True, SHARED_ANYREF), (RefNull(SHARED_ANYREF),))
        return replace(module, funcs=funcs, globals=(*module.globals, null))

    def twin(program: Program) -> Program:
        return translated(X2.translate(program), change)

    return twin


def once(body: Expr, cache: int) -> Expr:
    """One instance, made once and given again."""
    make = If(BlockType((), ()), (*body, GlobalSet(cache)), ())
    return (GlobalGet(cache), RefIsNull(), make, GlobalGet(cache))


def exchanged(body: Expr, _cache: int) -> Expr:
    """The operands in the order in which they are popped."""
    code, first, second, call = body
    assert isinstance(first, LocalGet) and isinstance(call, Call)
    return (code, second, first, call)


@pytest.mark.parametrize(
    ("name", "body"), [("$instantiate.fresh", once), ("$instantiate.both", exchanged)], ids=["once", "exchanged"]
)
def test_a_broken_twin_is_caught(name: str, body) -> None:
    assert check(replace(X2, translate=changing(name, body)), 60, limits=LIMITS).holds is False
