"""X3: wasi-threads by workers, and by fork and instantiate (systems.md B.14, B.2); what separates where a hypothesis is
dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from litmus.checking.encodings import check
from semantics.diagnostics import Invalid, WeftError
from semantics.encodings import ENCODINGS, Encoding
from semantics.encodings.generator import MEMORY, closed
from semantics.encodings.rewriting import instructions, modules_of, replaced, rewritten, translated
from semantics.exploration.program import Cell, Program
from semantics.profiles.wasi import WASI, WASI_CHILD
from semantics.syntax.instructions import Call, Expr, Instantiate, Instr, LocalGet
from semantics.syntax.modules import Module
from tests.semantics.encodings.compared import AWAIT, LIMITS, compared, decided, linked, program
from tests.semantics.profiles.hosted import shown

X3, FORK = ENCODINGS["X3"], ENCODINGS["X3-fork"]
BOTH = pytest.mark.parametrize("encoding", [X3, FORK], ids=["workers", "fork"])
IMPORT = '(import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))'
GO = "(drop (call $spawn (i32.const 0)))"
R = "(local $r i32)"
STORE_Y = "(i32.atomic.store (i32.const 4) (i32.const 1))"


def root(encoding: Encoding) -> str:
    """The name of a thread."""
    return "begin" if encoding is X3 else "boot"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {" ".join(body)})'


def start(*body: str) -> str:
    return f'(func $thread (export "wasi_thread_start") (param i32 i32) {R} {" ".join(body)})'


# --- what a thread has by itself ------------------------------------------------------------------
L4 = ('(data (i32.const 0) "\\07")',
      main("(i32.store (i32.const 0) (i32.const 1))", GO, "(local.set $r (i32.load (i32.const 0)))"),
      start(STORE_Y))  # fmt: skip
IN_FRAGMENT = {
    "L2": (("(global $g (mut i32) (i32.const 0))", main("(global.set $g (i32.const 1))", GO),
            start("(i32.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))")), "y", {(10,)}),
    "L4": (L4, "main:r", {(1,), (7,)}),
    "L5": (("(func $init (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $init)",
            main(GO, AWAIT, "(local.set $r (i32.atomic.load (i32.const 0)))"), start(STORE_Y)), "main:r", {(2,)}),
    "L6": (('(data $d "\\01")', main("(data.drop $d)", GO),
            start("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))")), "x", {(1,)}),
    "2a": ((main(GO, AWAIT, "(local.set $r (i32.load (i32.const 0)))"),
            start("(i32.store (i32.const 0) (i32.add (local.get 1) (i32.const 22)))", STORE_Y)), "main:r", {(22,)}),
    "a thread that waits": ((main(GO, "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))"),
                             start("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
                                   STORE_Y)), "y", {(0,), (1,)}),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("name", IN_FRAGMENT)
def test_named_programs(name: str, encoding: Encoding) -> None:
    fields, show, outcomes = IN_FRAGMENT[name]
    assert encoding.outside(program(encoding, IMPORT, *fields)) == ""
    found = compared(encoding, IMPORT, *fields)
    assert found.equal
    assert shown(found.target, show) == outcomes


TREE = (
    "(type $run (func (param i32 i32)))",
    "(table $runs funcref (elem $inner $inner $leaf $leaf $none $none $none $none))",
    "(func $none (type $run))",
    main("(drop (call $spawn (i32.const 0)))", "(drop (call $spawn (i32.const 1)))"),
    start("(call_indirect $runs (type $run) (local.get 0) (local.get 1) (i32.and (local.get 1) (i32.const 7)))"),
    "(func $inner (type $run) (call $leaf (local.get 0) (local.get 1))"
    " (drop (call $spawn (i32.or (local.get 1) (i32.const 2)))))",
    "(func $leaf (type $run) (i32.store (i32.add (i32.const 64) (i32.mul (local.get 1) (i32.const 4))) (local.get 0)))",
)
CELLS = tuple(Cell(f"n{k}", "env", "mem", 64 + 4 * k) for k in range(4))


def _tree() -> Program:
    return closed(f'(module (import "env" "mem" {MEMORY}) {IMPORT} {" ".join(TREE)})', X3.source, CELLS)


@BOTH
def test_numbers_differ(encoding: Encoding) -> None:
    """Every thread stores its own; no two of a tree are the same, though nothing orders who gives them."""
    found = decided(encoding, _tree())
    assert shown(found.target, "n0", "n1", "n2", "n3") == {(1, 2, 6, 9)}


@BOTH
def test_numbers_of_one_site(encoding: Encoding) -> None:
    """Passed twice, it gives the same: that is why the claim is for programs that do not look."""
    tree = (
        main("(call $go (i32.const 64))", "(call $go (i32.const 68))"),
        "(func $go (param i32) (drop (call $spawn (local.get 0))))",
        start("(i32.store (local.get 1) (local.get 0))"),
    )
    made = closed(f'(module (import "env" "mem" {MEMORY}) {IMPORT} {" ".join(tree)})', X3.source, CELLS[:2])
    found = decided(encoding, made)
    assert (shown(found.source, "n0", "n1"), shown(found.target, "n0", "n1")) == ({(1, 2)}, {(1, 1)})


# --- what separates -------------------------------------------------------------------------------
@BOTH
def test_a_number_that_is_used(encoding: Encoding) -> None:
    assert encoding.outside(_tree()) == "a thread's number is used"
    found = decided(encoding, _tree())
    assert found.equal is False


@BOTH
def test_a_trap_ends_all(encoding: Encoding) -> None:
    """L8: the program, or a thread."""
    fields = (main(GO, "(local.set $r (i32.const 5))"), start("(unreachable)"))
    assert encoding.outside(program(encoding, IMPORT, *fields)) == ""  # that nothing traps is not checked
    found = compared(replace(encoding, compare="whole"), IMPORT, *fields)
    assert found.equal is False
    assert shown(found.source, "thread") == {("trap",)}
    assert shown(found.target, "main:r", "main", root(encoding)) == {(5, "done", "trap")}


@BOTH
def test_the_main_threads_return_ends_all(encoding: Encoding) -> None:
    """L9, of a command: EXIT 0; here the thread waits on."""
    fields = (main(GO), start("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"))
    assert compared(encoding, IMPORT, *fields).equal
    found = compared(replace(encoding, source=WASI_CHILD, compare="whole"), IMPORT, *fields)
    assert shown(found.source, "main") == {("exit",)}
    assert shown(found.target, "main", root(encoding)) == {("done", "blocked")}


@BOTH
def test_the_creator_makes_the_instance(encoding: Encoding) -> None:
    """2b: the segment is there before the creator goes on."""
    found = compared(replace(encoding, source=replace(WASI, mainret="isolate")), IMPORT, *L4)
    assert (shown(found.source, "main:r"), shown(found.target, "main:r")) == ({(7,)}, {(1,), (7,)})


def test_waiting_in_main() -> None:
    wait = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))"
    fields = (main(wait, GO), start(STORE_Y))
    assert X3.outside(program(X3, IMPORT, *fields)) == "the main agent may wait"
    found = compared(X3, IMPORT, *fields)
    assert (shown(found.source, "main"), shown(found.target, "main")) == ({("done",)}, {("trap",)})
    assert FORK.outside(program(FORK, IMPORT, *fields)) == ""
    assert compared(FORK, IMPORT, *fields).equal


GROWING = (
    main("(drop (call $spawn (i32.const 0)))", STORE_Y, "(drop (call $spawn (i32.const 1)))"),
    start("(if (local.get 1) (then (i32.store (i32.const 72) (i32.load (i32.const 0)))) (else"
          " (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 64) (memory.grow (i32.const 1)))"
          " (i32.store (i32.const 68) (i32.atomic.load (i32.const 4)))))"),
)  # fmt: skip


@BOTH
def test_a_memory_that_grows(encoding: Encoding) -> None:
    """The one thread stores x, grows the memory, and reads y as main has not yet stored it; the other, made later, does
    not see x: nobody reads sizes as it is linked."""
    cells = tuple(Cell(name, "env", "mem", at) for name, at in (("grown", 64), ("y", 68), ("x", 72)))
    made = closed(f'(module (import "env" "mem" {MEMORY}) {IMPORT} {" ".join(GROWING)})', X3.source, cells)
    assert encoding.outside(made) == ""
    found = decided(encoding, made)
    assert found.equal
    assert (1, 0, 0) in shown(found.target, "grown", "y", "x")


N = """(module (global $k (export "k") (mut i32) (i32.const 0))
  (func (export "inc") (result i32) (global.set $k (i32.add (global.get $k) (i32.const 1))) (global.get $k)))"""
IMPORTED = {
    "LM": ('(import "N" "inc" (func $inc (result i32)))',
           (main("(local.set $r (call $inc))", GO), start("(i32.store (i32.const 4) (call $inc))"))),
    "L11": ('(import "N" "k" (global $k (mut i32)))',
            (main("(global.set $k (i32.const 1))", GO),
             start("(i32.store (i32.const 4) (i32.add (global.get $k) (i32.const 1)))"))),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTED)
def test_what_is_imported(name: str) -> None:
    """wasi's threads are linked with the same objects, workers with new ones."""
    imported, fields = IMPORTED[name]
    made = linked(X3, N, imported, IMPORT, *fields)
    assert X3.outside(made) == "an import that is no shared memory"
    found = decided(X3, made)
    assert (shown(found.source, "y"), shown(found.target, "y")) == ({(2,)}, {(1,)})
    assert FORK.outside(made) == X3.outside(made)
    with pytest.raises(Invalid, match="local"):  # $boot is shared
        decided(FORK, made)


@BOTH
def test_proc_exit(encoding: Encoding) -> None:
    """A thread ends nobody else."""
    exit = '(import "wasi" "proc_exit" (func $exit (param i32)))'
    fields = (exit, main(GO), start("(call $exit (i32.const 3))"))
    assert encoding.outside(program(encoding, IMPORT, *fields)) == "proc_exit"
    with pytest.raises(WeftError, match="exit"):
        compared(encoding, IMPORT, *fields)


OUTSIDE = {
    "a thread's number is used": [
        (main("(drop (ref.func $spawn))"), "(elem declare func $spawn)", start()),
        (main("(local.set $r (call $spawn (i32.const 0)))"), start()),
        (main("(drop (local.tee $r (call $spawn (i32.const 0))))"), start()),
        ('(export "go" (func $spawn))', start()),
    ],
    "the main agent may wait": [
        (main("(call $thread (i32.const 0) (i32.const 0))"),
         start("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))")),
        ("(func $w (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))) (start $w)", start()),
    ],
    "an import that is no shared memory": [('(import "N" "memory" (memory 1))', start())],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "fields"), [(r, f) for r, every in OUTSIDE.items() for f in every])
def test_more_that_is_outside(reason: str, fields: tuple[str, ...]) -> None:
    imports, others = [f for f in fields if "import" in f], [f for f in fields if "import" not in f]
    assert X3.outside(program(X3, *imports, IMPORT, *others)) == reason


# --- random programs ------------------------------------------------------------------------------
def test_threads_spawn_threads() -> None:
    """The generator is not poor."""
    seen: set[str] = set()
    for number in range(100):
        [_, module] = modules_of(X3.generate(Random(number)))
        spawn = Call(0)
        for f in module.funcs:
            body = list(instructions(f.body))
            words = {"Spawn" if e == spawn else type(e).__name__ for e in body}
            seen |= {f"{'main' if f.binding == '$main' else 'thread'} {w}" for w in words}
    wanted = "Spawn If Load Store Rmw Cmpxchg Notify MemoryGrow GlobalSet CallIndirect MemoryInit"
    assert {f"{place} {w}" for place in ("main", "thread") for w in wanted.split()} | {"thread Wait"} <= seen


def _confused(e: Instr, _depth: int) -> Expr:
    return (LocalGet(0),) if e == LocalGet(1) else (e,)


def posting_the_number(program: Program) -> Program:
    """A broken twin: a worker gets its number for its argument."""

    def change(module: Module) -> Module:
        funcs = (replace(f, body=rewritten(f.body, _confused)) if f.binding == "$begin" else f for f in module.funcs)
        return replace(module, funcs=tuple(funcs))

    return translated(X3.translate(program), change)


def keeping_the_number(program: Program) -> Program:
    """A broken twin: a cell keeps the number for the argument."""

    def step(e: Instr, _depth: int) -> Expr:
        is_cell = isinstance(e, Instantiate) and e.module.binding == "$cell"
        return (replace(e, module=replaced(e.module, _confused)),) if is_cell else (e,)

    return translated(FORK.translate(program), lambda module: replaced(module, step))


@pytest.mark.parametrize(("encoding", "twin"), [(X3, posting_the_number), (FORK, keeping_the_number)])
def test_an_argument_that_is_lost_is_caught(encoding: Encoding, twin: Callable[[Program], Program]) -> None:
    assert check(replace(encoding, translate=twin), 60, limits=LIMITS).holds is False


@BOTH
@pytest.mark.parametrize("other", [{"place": "parent"}, {"restart": "skip"}], ids=str)
def test_instances_matter(encoding: Encoding, other: dict[str, str]) -> None:
    """Random programs tell who makes an instance, and whether start functions run again."""
    source = replace(encoding.source, **other)
    assert check(replace(encoding, source=source), 60, limits=LIMITS).holds is False
