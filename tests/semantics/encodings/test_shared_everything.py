"""X10: programs 12a, 12c and 12e (systems.md B.12), and what separates where a hypothesis is dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import Compared, check, compare
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.encodings import ENCODINGS
from semantics.encodings.generator import MEMORY, closed
from semantics.encodings.rewriting import modules_of, replaced, translated
from semantics.exploration.program import Cell, HostThread, Instantiate, Program, Provider, Spawn
from semantics.syntax.instructions import Expr, Fork, GlobalGet, GlobalSet, Instr
from semantics.syntax.modules import Module
from semantics.syntax.types import Order, Share
from semantics.text import parse_module
from semantics.validation import validate
from tests.semantics.encodings.compared import AWAIT, LIMITS, OBSERVED, compared, model, program
from tests.semantics.profiles.hosted import shown

X10 = ENCODINGS["X10"]
REF = '(import "component" "thread.spawn-ref" (func $ref shared (param (shared funcref) i32) (result i32)))'
INDIRECT = '(import "component" "thread.spawn-indirect" (func $indirect shared (param i32 i32) (result i32)))'
GET = '(import "component" "context.get 0" (func $get shared (result i32)))'
SET = '(import "component" "context.set 0" (func $set shared (param i32)))'
TABLE = "(table $t shared 1 1 (shared funcref)) (elem (i32.const 0) shared (shared funcref) (ref.func $f))"
GO = "(drop (call $ref (ref.func $f) (i32.const 0)))"
BY_REFERENCE = "(drop (call $ref (table.get $t (i32.const 0)) (i32.const 0)))"
R = "(local $r i32) (local $s i32)"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {" ".join(body)})'


def f(*body: str) -> str:
    return f"(func $f shared (param $a i32) {R} {' '.join(body)})"


def equal(*fields: str) -> Compared:
    assert X10.outside(program(X10, *fields)) == ""
    found = compared(X10, *fields)
    assert found.equal
    return found


# --- programs of the page -------------------------------------------------------------------------
@pytest.mark.parametrize(("share", "sum"), (("thread_local", 10), ("shared", 11)))
def test_12a(share: str, sum: int) -> None:
    """L2: what the creator set before is the thread's, or not."""
    found = equal(
        REF, f"(global $g {share} (mut i32) (i32.const 0))",
        main("(global.set $g (i32.const 1))", GO, AWAIT, "(local.set $r (i32.load (i32.const 4)))"),
        f("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))"),
    )  # fmt: skip
    assert shown(found.target, "main:r") == {(sum,)}


@pytest.mark.parametrize("spawn", (GO, BY_REFERENCE, "(drop (call $indirect (i32.const 0) (i32.const 0)))"))
def test_12c(spawn: str) -> None:
    """MP with acqrel, whichever way the thread is made."""
    found = equal(
        REF, INDIRECT, TABLE,
        "(global $x shared (mut i32) (i32.const 0)) (global $flag shared (mut i32) (i32.const 0))",
        main(spawn, "(local.set $r (global.atomic.get acq_rel $flag))", "(local.set $s (global.get $x))"),
        f("(global.set $x (i32.const 1))", "(global.atomic.set acq_rel $flag (i32.const 1))"),
    )  # fmt: skip
    assert shown(found.target, "main:r", "main:s") == {(0, 0), (0, 1), (1, 1)}


def test_a_read_modify_write_is_one_step() -> None:
    """The global is a cell of a memory."""
    found = equal(
        REF, "(global $n shared (mut i64) (i64.const 0))",
        main(GO, "(local.set $r (i32.wrap_i64 (global.atomic.rmw.add acq_rel $n (i64.const 1))))"),
        f("(i32.store (i32.const 0) (i32.wrap_i64 (global.atomic.rmw.add acq_rel $n (i64.const 1))))"),
    )  # fmt: skip
    assert shown(found.target, "main:r", "x") == {(0, 1), (1, 0)}


@pytest.mark.parametrize("share", ("", "thread_local"))
def test_read_modify_writes_of_private_globals(share: str) -> None:
    operations = [f"{op} seq_cst $p (i32.const 6)" for op in ("add", "sub", "and", "or", "xor", "xchg")]
    operations += [f"cmpxchg seq_cst $p (i32.const {n}) (i32.const 3)" for n in (5, 6)]
    for operation in operations:
        found = equal(
            f"(global $p {share} (mut i32) (i32.const 0))",
            main("(global.atomic.set acq_rel $p (i32.const 5))", f"(local.set $r (global.atomic.rmw.{operation}))",
                 "(local.set $s (global.atomic.get seq_cst $p))"),
        )  # fmt: skip
        assert shown(found.target, "main:r") == {(5,)}


def test_atomics_of_local_memories_and_tables() -> None:
    found = equal(
        "(memory $own 1) (table $refs 1 anyref)",
        main("(i32.atomic.store acq_rel $own (i32.const 8) (i32.const 5))",
             "(local.set $r (i32.atomic.load8_u $own (i32.const 8)))",
             "(table.atomic.set seq_cst $refs (i32.const 0) (ref.null any))",
             "(local.set $s (ref.is_null (table.atomic.get acq_rel $refs (i32.const 0))))"),
    )  # fmt: skip
    assert shown(found.target, "main:r", "main:s") == {(5, 1)}


def test_threads_make_threads_in_place() -> None:
    """By ref.func anybody may: it is a fork, and nothing grows."""
    found = equal(
        REF, GET, SET,
        main("(call $set (i32.const 5))", GO, "(local.set $r (call $get))"),
        f("(drop (call $ref (ref.func $g) (i32.add (local.get $a) (i32.const 1))))"),
        "(func $g shared (param i32) (i32.store (i32.const 0) (i32.add (local.get 0) (call $get))))",
    )  # fmt: skip
    assert shown(found.target, "main:r", "x") == {(5, 1)}
    [_, module] = modules_of(found.translation)
    assert sum(isinstance(e, Fork) for f in module.funcs for e in f.body) == 3  # the third is in thread.spawn-ref


# --- the hypotheses -------------------------------------------------------------------------------
def test_12e_a_trap_ends_all() -> None:
    """L8. Here a trap ends its thread."""
    found = compared(X10, REF, main(GO, "(local.set $r (i32.const 5))"), f("(unreachable)"))
    assert shown(found.source, "main", "main:r") == {("done", 5), ("killed", None)}
    assert shown(found.target, "main", "main:r") == {("done", 5)}


def test_the_place_of_the_trap() -> None:
    """The caller traps; encoded, the thread."""
    spawn = "(drop (call $ref (ref.null (shared func)) (i32.const 0)))"
    found = compared(X10, REF, main(spawn))
    assert shown(found.source, "main") == {("trap",)}
    assert shown(found.target, "main") == {("done",)}


def test_the_index_of_a_thread() -> None:
    spawn = "(call $ref (ref.func $f) (i32.const 0))"
    fields = (REF, main(f"(local.set $r {spawn})", f"(local.set $s {spawn})"), f())
    assert X10.outside(program(X10, *fields)) == "the index of a thread is used"
    found = compared(X10, *fields)
    assert shown(found.source, "main:r", "main:s") == {(1, 2)}
    assert shown(found.target, "main:r", "main:s") == {(1, 1)}


def test_growth() -> None:
    """In the target it is granted, for the auxiliary function's sake: else its thread traps."""
    fields = (main("(local.set $r (memory.grow (i32.const 1)))"),)
    assert X10.outside(program(X10, *fields)) == "growth that may fail"
    found = compared(X10, *fields)
    assert shown(found.source, "main:r") == {(1,), (2**32 - 1,)}
    assert shown(found.target, "main:r") == {(1,)}
    fields = (REF, TABLE, main(BY_REFERENCE), f("(i32.store (i32.const 0) (i32.const 1))"))
    assert compared(X10, *fields).equal
    failing = replace(X10, target=replace(X10.target, growth="may-fail"))
    assert shown(compared(failing, *fields).target, "x") == {(0,), (1,)}


def test_two_creators() -> None:
    """X5: the growth of the table orders their threads."""
    fields = (REF, TABLE, main(GO), "(func $g shared (param i32))", f(BY_REFERENCE))
    assert X10.outside(program(X10, *fields)) == "threads create threads by reference"
    one = program(X10, REF, TABLE, main(BY_REFERENCE), f())
    assert X10.outside(one) == ""
    other = HostThread("other", (one.main.commands[-1],))
    two = replace(one, main=replace(one.main, commands=(*one.main.commands, Spawn(other))))
    assert X10.outside(two) == "the host starts threads, and some are made by reference"


def test_two_creators_of_x5() -> None:
    """There, too, the host may start them."""
    x5 = ENCODINGS["X5"]
    create = '(func (export "main") (thread.create_ref $v (ref.func $f)))'
    one = program(x5, "(type $v (shared (func)))", "(func $f shared)", create)
    other = HostThread("other", (one.main.commands[-1],))
    two = replace(one, main=replace(one.main, commands=(*one.main.commands, Spawn(other))))
    assert (x5.outside(one), x5.outside(two)) == ("", "threads create threads")


def test_wide_globals_with_plain_accesses() -> None:
    """DEC 21: a global never tears, 64 bits of a memory may."""
    fields = (
        REF, "(global $n shared (mut i64) (i64.const 0))",
        main(GO, "(local.set $r (i32.wrap_i64 (i64.rem_u (global.get $n) (i64.const 4294967295))))"),
        f("(global.set $n (i64.const 4294967297))", "(drop (global.atomic.rmw.add seq_cst $n (i64.const 0)))"),
    )  # fmt: skip
    reason = "plain accesses of 64 bits to a shared global that has read-modify-writes"
    assert X10.outside(program(X10, *fields)) == reason
    found = compared(X10, *fields)
    assert shown(found.source, "main:r") == {(0,), (2,)}
    assert shown(found.target, "main:r") == {(0,), (1,), (2,)}


def test_a_first_value() -> None:
    """A fresh memory holds zeros."""
    fields = (
        "(global $n shared (mut i32) (i32.const 5))",
        main("(local.set $r (global.atomic.rmw.add seq_cst $n (i32.const 1)))"),
    )
    reason = "a shared global that has read-modify-writes and does not begin with zero"
    assert X10.outside(program(X10, *fields)) == reason
    found = compared(X10, *fields)
    assert (shown(found.source, "main:r"), shown(found.target, "main:r")) == ({(5,)}, {(0,)})


def test_a_global_that_others_see() -> None:
    """Moved into a memory, it is not where they look."""
    fields = (
        '(global $n (export "n") shared (mut i32) (i32.const 0))',
        main("(drop (global.atomic.rmw.add seq_cst $n (i32.const 1)))"),
    )
    made = closed(f"(module {' '.join(fields)})", X10.source, (Cell("n", "m", "n"),))
    assert X10.outside(made) == "a shared global of several modules that has read-modify-writes"
    found = compare(X10, made, model(X10.source.model), LIMITS)
    assert (shown(found.source, "n"), shown(found.target, "n")) == ({(1,)}, {(0,)})


def test_a_context_of_several_modules() -> None:
    """There is one of a thread; encoded, one of a thread and module."""
    fields = f'(import "N" "get" (func $get (result i32))) {SET}'
    body = main("(call $set (i32.const 5))", "(local.set $r (call $get))")
    made = _with_n(closed(f'(module (import "env" "mem" {MEMORY}) {fields} {body})', X10.source, OBSERVED))
    assert X10.outside(made) == "several modules with a context"
    found = compare(X10, made, model(X10.source.model), LIMITS)
    assert (shown(found.source, "main:r"), shown(found.target, "main:r")) == ({(5,)}, {(0,)})


def _with_n(made: Program) -> Program:
    """The program with an instance N that reads the context."""
    env, m, call = made.main.commands
    assert isinstance(m, Instantiate)
    n = parse_module(Source("n.wat", f'(module {GET} (func (export "get") (result i32) (call $get)))'))
    pairs = zip(m.module.imports, m.providers, strict=True)
    providers = tuple(Provider("N", i.name) if i.module == "N" else p for i, p in pairs)
    commands = (env, Instantiate("N", n, (None,)), replace(m, providers=providers), call)
    return replace(made, main=replace(made.main, commands=commands))


ANY = "(table $any shared 1 (shared anyref))"
UNTRANSLATED = {
    "table.atomic.rmw.xchg": (
        ANY, main("(drop (table.atomic.rmw.xchg acq_rel $any (i32.const 0) (ref.null (shared any))))"),
    ),
    "a read-modify-write, wait or notify on a local memory": (
        "(memory $own 1)", main("(drop (i32.atomic.rmw.add $own (i32.const 0) (i32.const 1)))"),
    ),
    "thread.spawn-indirect without a shared table of functions": (
        INDIRECT, ANY, main("(drop (call $indirect (i32.const 0) (i32.const 0)))"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", UNTRANSLATED)
def test_what_has_no_translation(reason: str) -> None:
    """P10 refuses it."""
    made = program(X10, *UNTRANSLATED[reason])
    assert X10.outside(made) == reason
    [_, module] = modules_of(X10.translate(made))
    with pytest.raises((Invalid, NotExpressible)):
        validate(module, X10.target.typing)


def test_what_the_component_alone_has() -> None:
    index = '(import "component" "thread.index" (func $index shared (result i32)))'
    assert X10.outside(program(X10, index, main("(local.set $r (call $index))"))) == "thread.index"
    taken = (REF, main("(drop (ref.func $ref))"))
    assert X10.outside(program(X10, *taken)) == "a reference to a function of the component"


# --- broken twins ---------------------------------------------------------------------------------
def common(program: Program) -> Program:
    """A broken twin: all threads have one context."""

    def change(module: Module) -> Module:
        cells = (replace(g, type=replace(g.type, share=Share.SHARED)) if not g.binding else g for g in module.globals)
        return replace(module, globals=tuple(cells))

    return translated(X10.translate(program), change)


def test_a_context_that_threads_share_is_caught() -> None:
    assert check(replace(X10, translate=common), 40, limits=LIMITS).holds is False


def unordered(program: Program) -> Program:
    """A broken twin: atomic accesses of globals are plain ones, of shared globals too."""

    def step(e: Instr, _depth: int) -> Expr:
        return (replace(e, order=Order.UNORD),) if isinstance(e, GlobalGet | GlobalSet) else (e,)

    return translated(X10.translate(program), lambda module: replaced(module, step))


def test_atomics_that_are_plain_are_caught() -> None:
    assert check(replace(X10, translate=unordered), 40, limits=LIMITS).holds is False
