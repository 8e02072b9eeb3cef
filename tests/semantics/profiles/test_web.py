"""The Web today (systems.md B.1): workers that link a module again, and share its memories alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import LinkError
from semantics.exploration.program import Cell
from semantics.profiles.web import WEB
from tests.semantics.profiles.hosted import AWAIT, outcomes, shown, unfolded

MEMORY = '(import "env" "mem" (memory 1 1 shared))'
HERE = Cell("y", "env", "mem", 4, 4)


def web(*fields: str, params: str = "") -> str:
    return f'(module (import "worker" "f" (func $worker {params})) {MEMORY} {" ".join(fields)})'


def main(*body: str, locals: str = "") -> str:
    return f'(func (export "_start") {locals} {" ".join(body)})'


def worker(*body: str, locals: str = "") -> str:
    return f'(func $f (export "f") {locals} {" ".join(body)})'


GO = "(call $worker)"
R = "(local $r i32)"
STORE = "(i32.atomic.store (i32.const 4)"


def test_1a_a_worker_has_globals_of_its_own() -> None:
    text = web(
        "(global $g (mut i32) (i32.const 0))",
        main("(global.set $g (i32.const 1))", GO, AWAIT),
        worker(f"{STORE} (i32.add (global.get $g) (i32.const 10)))"),
    )
    assert shown(outcomes(WEB, text, observed=(HERE,)), "main", "f", "y") == {("done", "done", 10)}
    # linked with one another's objects it would be 11: the global is imported, and the same
    n = '(module (global (export "g") (mut i32) (i32.const 0)))'
    imported = text.replace("(global $g (mut i32) (i32.const 0))", "")
    imported = imported.replace(MEMORY, f'{MEMORY} (import "N" "g" (global $g (mut i32)))')
    for same, y in (("shared", 10), ("memories", 10), ("all", 11)):
        profile = replace(WEB, same=same)  # type: ignore[arg-type]
        assert shown(outcomes(profile, imported, observed=(HERE,), others=(("N", n),)), "y") == {(y,)}


def test_1c_the_worker_replays_the_segment() -> None:
    text = web(
        '(data (i32.const 0) "\\07")',
        main("(i32.store (i32.const 0) (i32.const 1))", GO, "(local.set $r (i32.load (i32.const 0)))", locals=R),
        worker(f"{STORE} (i32.const 1))"),
    )
    assert shown(outcomes(WEB, text), "main:r") == {(1,), (7,)}


def test_l1_what_stands_before_the_worker_is_seen_there() -> None:
    text = web(main("(i32.store (i32.const 4) (i32.const 1))", GO),
               worker("(local.set $r (i32.load (i32.const 4)))", locals=R))  # fmt: skip
    assert shown(outcomes(WEB, text), "f:r") == {(1,)}


REFERENCE = web(
    main("(call $worker (ref.null func))", "(local.set $r (i32.const 1))", "(call $worker (ref.func $h))",
         "(local.set $r (i32.const 2))", locals=R),
    "(func $h) (elem declare func $h)",
    '(func $f (export "f") (param funcref) (local $s i32) (local.set $s (ref.is_null (local.get 0))))',
    params="(param funcref)",
)  # fmt: skip


def test_l12_a_function_cannot_be_posted() -> None:
    """Null can; the sender of anything else gets the exception."""
    assert shown(outcomes(WEB, REFERENCE), "main", "main:r", "f", "f:s", "f#2") == {("trap", 1, "done", 1, None)}


def test_a_memory_that_cannot_be_posted() -> None:
    text = web(main(GO), worker())
    assert shown(outcomes(WEB, text), "main", "f") == {("done", "done")}
    assert shown(outcomes(replace(WEB, clone="data"), text), "main", "f") == {("trap", None)}


WAIT = "(local.set $r (memory.atomic.wait32 (i32.const 8) (i32.const 1) (i64.const 0)))"


def test_the_main_agent_must_not_wait() -> None:
    text = web(main(GO, WAIT, locals=R), worker(WAIT, locals=R))
    assert shown(outcomes(WEB, text), "main", "f", "f:r") == {("trap", "done", 1)}
    assert shown(outcomes(replace(WEB, block="any"), text), "main", "main:r", "f:r") == {("done", 1, 1)}


def test_l8_the_others_go_on_after_a_trap() -> None:
    text = web(main(GO, "(local.set $r (i32.const 5))", locals=R), worker("(unreachable)"))
    assert shown(outcomes(WEB, text), "main:r", "f") == {(5, "trap")}


@pytest.mark.parametrize("field", ("", '(func (export "f") (param i32))', '(global (export "f") i32 (i32.const 0))'))
def test_the_export_that_a_worker_calls_must_exist(field: str) -> None:
    with pytest.raises(LinkError, match='"worker" "f"'):
        unfolded(WEB, web(main(GO), field))
