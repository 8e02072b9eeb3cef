"""X3: wasi-threads by workers (systems.md B.14, B.2), and what separates where a hypothesis is dropped."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from litmus.checking.encodings import check
from semantics.diagnostics import WeftError
from semantics.encodings import ENCODINGS
from semantics.encodings.generator import MEMORY, closed
from semantics.encodings.rewriting import instructions, modules_of, rewritten, translated
from semantics.exploration.program import Cell, Program
from semantics.profiles.wasi import WASI, WASI_CHILD
from semantics.syntax.instructions import Call, Expr, Instr, LocalGet
from semantics.syntax.modules import Module
from tests.semantics.encodings.compared import AWAIT, LIMITS, compared, decided, linked, program, shown

X3 = ENCODINGS["X3"]
WHOLE = replace(X3, compare="whole")
IMPORT = '(import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))'
GO = "(drop (call $spawn (i32.const 0)))"
R = "(local $r i32)"
STORE_Y = "(i32.atomic.store (i32.const 4) (i32.const 1))"


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


@pytest.mark.parametrize("name", IN_FRAGMENT)
def test_named_programs(name: str) -> None:
    fields, show, outcomes = IN_FRAGMENT[name]
    assert X3.outside(program(X3, IMPORT, *fields)) == ""
    found = compared(X3, IMPORT, *fields)
    assert found.equal
    assert shown(found.target, show) == outcomes


TREE = (
    main("(drop (call $spawn (i32.const 1)))", "(drop (call $spawn (i32.const 2)))"),
    start("(i32.store (i32.add (i32.const 64) (i32.mul (local.get 1) (i32.const 4))) (local.get 0))",
          "(if (i32.le_u (local.get 1) (i32.const 2)) (then"
          " (drop (call $spawn (i32.add (local.get 1) (i32.const 2))))))"),
)  # fmt: skip
CELLS = tuple(Cell(f"n{k}", "env", "mem", 64 + 4 * k) for k in range(1, 5))


def _tree() -> Program:
    return closed(f'(module (import "env" "mem" {MEMORY}) {IMPORT} {" ".join(TREE)})', X3.source, CELLS)


def test_numbers_differ() -> None:
    """Every thread stores its own; no two of a tree are the same, though nothing orders who gives them."""
    found = decided(X3, _tree())
    assert shown(found.target, "n1", "n2", "n3", "n4") == {(1, 2, 6, 9)}


# --- what separates -------------------------------------------------------------------------------
def test_a_number_that_is_used() -> None:
    assert X3.outside(_tree()) == "a thread's number is used"
    found = decided(X3, _tree())
    assert found.equal is False


def test_a_trap_ends_all() -> None:
    """L8: the program, or a worker."""
    fields = (main(GO, "(local.set $r (i32.const 5))"), start("(unreachable)"))
    assert X3.outside(program(X3, IMPORT, *fields)) == ""  # that nothing traps is not checked
    found = compared(WHOLE, IMPORT, *fields)
    assert found.equal is False
    assert shown(found.source, "thread") == {("trap",)}
    assert shown(found.target, "main:r", "main", "begin") == {(5, "done", "trap")}


def test_the_main_threads_return_ends_all() -> None:
    """L9, of a command: EXIT 0; a worker waits on."""
    fields = (main(GO), start("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"))
    assert compared(X3, IMPORT, *fields).equal
    found = compared(replace(WHOLE, source=WASI_CHILD), IMPORT, *fields)
    assert shown(found.source, "main") == {("exit",)}
    assert shown(found.target, "main", "begin") == {("done", "blocked")}


def test_the_creator_makes_the_instance() -> None:
    """2b: the segment is there before the creator goes on."""
    found = compared(replace(X3, source=replace(WASI, mainret="isolate")), IMPORT, *L4)
    assert (shown(found.source, "main:r"), shown(found.target, "main:r")) == ({(7,)}, {(1,), (7,)})


def test_waiting_in_main() -> None:
    wait = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))"
    fields = (main(wait, GO), start(STORE_Y))
    assert X3.outside(program(X3, IMPORT, *fields)) == "the main agent may wait"
    found = compared(X3, IMPORT, *fields)
    assert (shown(found.source, "main"), shown(found.target, "main")) == ({("done",)}, {("trap",)})


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


def test_proc_exit() -> None:
    """A worker ends nobody else."""
    exit = '(import "wasi" "proc_exit" (func $exit (param i32)))'
    fields = (exit, main(GO), start("(call $exit (i32.const 3))"))
    assert X3.outside(program(X3, IMPORT, *fields)) == "proc_exit"
    with pytest.raises(WeftError, match="proc_exit"):
        compared(X3, IMPORT, *fields)


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


def posting_the_number(program: Program) -> Program:
    """A broken twin: a thread gets its number for its argument."""

    def step(e: Instr, _depth: int) -> Expr:
        return (LocalGet(0),) if e == LocalGet(1) else (e,)

    def change(module: Module) -> Module:
        funcs = (replace(f, body=rewritten(f.body, step)) if f.binding == "$begin" else f for f in module.funcs)
        return replace(module, funcs=tuple(funcs))

    return translated(X3.translate(program), change)


def test_an_argument_that_is_lost_is_caught() -> None:
    assert check(replace(X3, translate=posting_the_number), 60, limits=LIMITS).holds is False
