"""wasi-threads (systems.md B.2): an instance for each thread, and what ends them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import LinkError
from semantics.exploration.program import Cell
from semantics.profiles.wasi import WASI
from semantics.runtime.profile import Profile
from tests.semantics.profiles.hosted import AWAIT, outcomes, shown, unfolded

CHILD = replace(WASI, place="child")
SPAWN = '(import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))'
EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
MEMORY = '(import "env" "mem" (memory 1 1 shared))'


def thread(*body: str, locals: str = "") -> str:
    return f'(func $f (export "wasi_thread_start") (param i32 i32) {locals} {" ".join(body)})'


def main(*body: str, locals: str = "") -> str:
    return f'(func (export "_start") {locals} {" ".join(body)})'


def wasi(*fields: str) -> str:
    return f"(module {SPAWN} {EXIT} {MEMORY} {' '.join(fields)})"


GO = "(drop (call $spawn (i32.const 0)))"
X, Y, C = "(i32.const 0)", "(i32.const 4)", "(i32.const 8)"
HERE = Cell("y", "env", "mem", 4, 4)

UPSTREAM = wasi(
    main(
        "(drop (call $spawn (i32.const 22)))",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
        "(if (i32.ne (i32.load (i32.const 4)) (i32.const 1)) (then (unreachable)))",
        "(call $exit (i32.load (i32.const 8)))",
    ),
    thread(
        "(i32.store (i32.const 4) (local.get 0))",
        "(i32.store (i32.const 8) (local.get 1))",
        "(atomic.fence)",
        "(i32.atomic.store (i32.const 0) (i32.const 1))",
        "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))",
    ),
)


@pytest.mark.parametrize("profile", (WASI, CHILD))
def test_2a_the_thread_hands_its_number_and_argument_over(profile: Profile) -> None:
    """EXIT 22 always: no trap, nobody hangs; the child may have ended or be killed."""
    found = shown(outcomes(profile, UPSTREAM), "main", "main:exit", "f")
    assert found == {("exit", 22, "done"), ("exit", 22, "killed")}


def test_2a_with_the_queues_of_the_paper_it_may_hang() -> None:
    found = shown(outcomes(WASI, UPSTREAM, "wasm"), "main", "main:exit")
    assert found == {("exit", 22), ("blocked", None)}


REPLAYED = wasi(  # L4: an active segment writes x = 7
    '(data (i32.const 0) "\\07")',
    main(
        "(i32.store (i32.const 0) (i32.const 1))",
        GO,
        "(local.set $r (i32.load (i32.const 0)))",
        locals="(local $r i32)",
    ),
    thread("(i32.atomic.store (i32.const 4) (i32.const 1))"),
)


@pytest.mark.parametrize(("profile", "values"), ((WASI, {7}), (CHILD, {1, 7})))
def test_2b_active_segments_are_applied_again(profile: Profile, values: set[int]) -> None:
    found = shown(outcomes(profile, REPLAYED), "main", "main:r")
    assert found == {("exit", v) for v in values}


COUNTED = wasi(
    "(func $count (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1))))",
    "(start $count)",
    main(GO, AWAIT, "(local.set $r (i32.atomic.load (i32.const 8)))", locals="(local $r i32)"),
    thread("(i32.atomic.store (i32.const 4) (i32.const 1))"),
)


@pytest.mark.parametrize("profile", (WASI, CHILD))
@pytest.mark.parametrize(("restart", "count"), (("rerun", 2), ("skip", 1)))
def test_2c_start_functions_run_again(profile: Profile, restart: str, count: int) -> None:
    found = outcomes(replace(profile, restart=restart), COUNTED)  # type: ignore[arg-type]
    assert shown(found, "main", "main:r") == {("exit", count)}


TRAPPING = wasi(main(GO, "(local.set $r (i32.const 5))", locals="(local $r i32)"), thread("(unreachable)"))


def test_l8_a_trap_ends_everything_or_comes_too_late() -> None:
    found = shown(outcomes(WASI, TRAPPING, observed=(HERE,)), "main", "main:r", "main:exit", "f", "y")
    assert found == {("killed", None, None, "trap", None), ("exit", 5, 0, "killed", None)}


def test_l8_with_isolated_traps() -> None:
    isolate = replace(WASI, trap="isolate", mainret="isolate")
    assert shown(outcomes(isolate, TRAPPING), "main", "main:r", "f") == {("done", 5, "trap")}
    only_main = replace(WASI, trap="isolate")
    found = shown(outcomes(only_main, TRAPPING), "main", "main:r", "f")
    assert found == {("exit", 5, "trap"), ("exit", 5, "killed")}


WAITING = wasi(
    main(GO), thread("(drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))"),
)  # fmt: skip


def test_l9_the_end_of_main_kills_a_thread_that_waits() -> None:
    assert shown(outcomes(WASI, WAITING), "main", "main:exit", "f") == {("exit", 0, "killed")}
    isolate = replace(WASI, mainret="isolate")
    assert shown(outcomes(isolate, WAITING), "main", "main:exit", "f") == {("done", None, "blocked")}


INC = "(result i32) (global.set $k (i32.add (global.get $k) (i32.const 1))) (global.get $k)"
N = f'(module (global $k (mut i32) (i32.const 0)) (func (export "inc") {INC}))'
MERGE = wasi(
    '(import "N" "inc" (func $inc (result i32)))',
    main("(local.set $r0 (call $inc))", GO, AWAIT, locals="(local $r0 i32)"),
    thread("(local.set $r1 (call $inc))", "(i32.atomic.store (i32.const 4) (i32.const 1))", locals="(local $r1 i32)"),
)


@pytest.mark.parametrize("profile", (WASI, CHILD))
@pytest.mark.parametrize(("same", "second"), (("all", 2), ("memories", 1)))
def test_2d_what_the_new_instance_is_linked_with(profile: Profile, same: str, second: int) -> None:
    found = outcomes(replace(profile, same=same), MERGE, others=(("N", N),))  # type: ignore[arg-type]
    assert shown(found, "main:r0", "f:r1") == {(1, second), (1, None)}


def test_2d_merged() -> None:
    text = wasi(
        "(global $k (mut i32) (i32.const 0))",
        f"(func $inc {INC})",
        main("(local.set $r0 (call $inc))", GO, AWAIT, locals="(local $r0 i32)"),
        thread(
            "(local.set $r1 (call $inc))", "(i32.atomic.store (i32.const 4) (i32.const 1))", locals="(local $r1 i32)"
        ),
    )
    assert shown(outcomes(WASI, text), "main:r0", "f:r1") == {(1, 1), (1, None)}


def test_spawning_may_fail() -> None:
    text = wasi(main("(local.set $t (call $spawn (i32.const 0)))", locals="(local $t i32)"), thread())
    assert shown(outcomes(WASI, text), "main:t") == {(1,)}
    fails = replace(WASI, spawn_fails=True)
    assert shown(outcomes(fails, text), "main:t", "f") == {(1, "done"), (1, "killed"), ((1 << 32) - 1, None)}


def test_numbers_of_threads_are_distinct() -> None:
    text = wasi(
        main("(local.set $t (call $spawn (i32.const 1)))", "(local.set $u (call $spawn (i32.const 0)))",
             AWAIT, locals="(local $t i32) (local $u i32)"),
        thread("(if (local.get 1) (then (local.set $v (call $spawn (i32.const 0)))))",
               "(i32.atomic.store (i32.const 4) (i32.const 1))", locals="(local $v i32)"),
    )  # fmt: skip
    assert all(len(set(values) - {None, 0}) == 3 - values.count(None) - values.count(0)
               for values in shown(outcomes(WASI, text), "main:t", "main:u", "f:v"))  # fmt: skip


@pytest.mark.parametrize("entry", ("", '(func (export "wasi_thread_start") (param i32))'))
def test_the_entry_is_checked_when_it_is_first_linked(entry: str) -> None:
    text = wasi(main(GO), entry)
    with pytest.raises(LinkError, match="wasi_thread_start"):
        unfolded(WASI, text)


def test_without_the_check_spawning_fails() -> None:
    text = wasi(main("(local.set $t (call $spawn (i32.const 0)))", locals="(local $t i32)"))
    assert shown(outcomes(replace(WASI, needs={}), text), "main:t") == {((1 << 32) - 1,)}


def test_the_type_of_an_import_of_the_host() -> None:
    text = '(module (import "wasi" "thread-spawn" (func (param i64))) (func (export "_start")))'
    with pytest.raises(LinkError, match="thread-spawn"):
        unfolded(WASI, text)


def test_two_exits() -> None:
    """Whoever comes first; the other is killed before it exits, but what it wrote before may have been read."""
    text = wasi(
        main(GO, "(call $exit (i32.load (i32.const 4)))"),
        thread("(i32.store (i32.const 4) (i32.const 3))", "(call $exit (i32.const 9))"),
    )
    found = shown(outcomes(WASI, text, observed=(HERE,)), "main", "main:exit", "f", "f:exit", "y")
    assert found == {
        ("exit", 0, "killed", None, None),
        ("exit", 3, "killed", None, None),
        ("killed", None, "exit", 9, None),
    }


def test_the_final_memory_is_read_where_nobody_ended_the_program() -> None:
    text = wasi(
        main(GO, "(drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))"),
        thread("(i32.store (i32.const 4) (i32.const 3))"),
    )
    assert shown(outcomes(WASI, text, observed=(HERE,)), "main", "f", "y") == {("blocked", "done", 3)}
