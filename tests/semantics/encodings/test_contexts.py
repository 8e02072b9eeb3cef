"""X7 under EQ-9, and the program that separates the two where one of its six hypotheses is dropped (systems.md B.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import compare
from semantics.diagnostics import Source
from semantics.encodings import ENCODINGS
from semantics.encodings.generator import closed
from semantics.exploration.program import Instantiate, Program, Provider
from semantics.profiles.wavm import WAVM_CLONE
from semantics.text import parse_module
from tests.semantics.encodings.compared import AWAIT, LIMITS, OBSERVED, compared, model, program, shown

X7 = ENCODINGS["X7"]
CREATE = '(import "wavm" "createThread" (func $create (param funcref i32) (result i64)))'
GO = "(drop (call $create (ref.func $f) (i32.const 0)))"
R = "(local $r i32)"
STORE_Y = "(i32.atomic.store (i32.const 4) (i32.const 1))"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {" ".join(body)})'


def f(*body: str) -> str:
    return f"(func $f (param i32) (result i64) {R} {' '.join(body)} (i64.const 0))"


SEPARATING = {
    "start: L5": (
        "a start function",
        ("(func $init (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $init)",
         main(GO, AWAIT, "(local.set $r (i32.atomic.load (i32.const 0)))"), f(STORE_Y)),
        "main:r", {(1,)}, {(2,)},
    ),
    "active segment: L4": (
        "an active segment",
        ('(data (i32.const 0) "\\07")',
         main("(i32.store (i32.const 0) (i32.const 1))", GO, "(local.set $r (i32.load (i32.const 0)))"), f(STORE_Y)),
        "main:r", {(1,)}, {(1,), (7,)},
    ),
    "drop: L6": (
        "a segment is dropped",
        ('(data $d "\\01")', main("(data.drop $d)", GO),
         f("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))")),
        "f", {("trap",)}, {("done",)},
    ),
    "own table: L7": (
        "a table is changed",
        ("(type $h (func (result i32))) (table $t 1 funcref) (elem declare func $h)"
         "(func $h (type $h) (i32.const 42))", main("(table.set $t (i32.const 0) (ref.func $h))", GO),
         f("(local.set $r (call_indirect $t (type $h) (i32.const 0)))")),
        "f", {("done",)}, {("trap",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SEPARATING)
def test_each_hypothesis_is_there_for_a_reason(name: str) -> None:
    reason, fields, show, source, target = SEPARATING[name]
    assert X7.outside(program(X7, CREATE, *fields)) == reason
    found = compared(X7, CREATE, *fields)
    assert found.equal is False
    assert shown(found.source, show) == source
    assert shown(found.target, show) == target


L2 = (
    "(global $g (mut i32) (i32.const 0))",
    main("(global.set $g (i32.const 1))", GO),
    f("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))"),
)


def test_the_current_value() -> None:
    """L2: a new context has the initial value, as a new instance has; a cloned one has the creator's."""
    found = compared(X7, CREATE, *L2)
    assert found.equal
    assert shown(found.target, "y") == {(10,)}
    cloned = compared(replace(X7, source=WAVM_CLONE), CREATE, *L2)
    assert (shown(cloned.source, "y"), shown(cloned.target, "y")) == ({(11,)}, {(10,)})


def test_an_imported_mutable_global_is_outside() -> None:
    """L11: one global of another instance. Contexts and workers have it anew; it is wasi that shares it."""
    imported = '(import "N" "g" (global $g (mut i32)))'
    fields = (main(GO, "(global.set $g (i32.const 1))"), f("(global.set $g (i32.const 2))",
              "(local.set $r (global.get $g))"))  # fmt: skip
    module = f'(module (import "env" "mem" (memory 1 2 shared)) {CREATE} {imported} {" ".join(fields)})'
    made = closed(module, X7.source, OBSERVED)
    assert X7.outside(made) == "an imported mutable global"
    found = compare(X7, _with_n(made), model(X7.source.model), LIMITS)
    assert shown(found.source, "f:r") == shown(found.target, "f:r") == {(2,)}


def _with_n(made: Program) -> Program:
    """The program with an instance N that has the global."""
    env, m, call = made.main.commands
    assert isinstance(m, Instantiate)
    n = parse_module(Source("n.wat", '(module (global (export "g") (mut i32) (i32.const 0)))'))
    pairs = zip(m.module.imports, m.providers, strict=True)
    providers = tuple(Provider("N", i.name) if i.module == "N" else p for i, p in pairs)
    commands = (env, Instantiate("N", n), replace(m, providers=providers), call)
    return replace(made, main=replace(made.main, commands=commands))


def test_a_thread_by_reference_is_outside() -> None:
    fields = (main("(local funcref)", "(drop (call $create (local.get 1) (i32.const 0)))"), f())
    assert X7.outside(program(X7, CREATE, *fields)) == "a thread that is entered by reference, or whose id is used"
