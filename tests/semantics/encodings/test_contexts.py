"""X7 under EQ-9, and the program that separates the two where one of its six hypotheses is dropped; X7 by thread-local
globals (systems.md B.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import check
from semantics.diagnostics import WeftError
from semantics.encodings import ENCODINGS, Encoding
from semantics.encodings.rewriting import translated
from semantics.exploration.program import HostThread, Invoke, Program, Spawn
from semantics.profiles.wavm import WAVM_CLONE
from semantics.syntax.modules import Module
from semantics.syntax.types import Share
from tests.semantics.encodings.compared import AWAIT, LIMITS, compared, decided, linked, program
from tests.semantics.profiles.hosted import shown

X7, TLS, CLONE = (ENCODINGS[n] for n in ("X7", "X7-tls", "X7-clone"))
BY_INDEX = "a thread that is entered by reference, or whose id is used"
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


def test_a_thread_of_the_host() -> None:
    """It has a context of its own; agents that share an instance share its globals."""
    fields = (
        "(global $g (mut i32) (i32.const 0))",
        main("(global.set $g (i32.const 1))"),
        '(func (export "get") (i32.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))))',
    )
    made = program(X7, CREATE, *fields)
    spawn = Spawn(HostThread("t", (Invoke("m", "get"),)))
    made = replace(made, main=replace(made.main, commands=(*made.main.commands, spawn)))
    assert X7.outside(made) == "the host starts threads"
    assert TLS.outside(made) == ""
    found = decided(X7, made)
    assert (shown(found.source, "y"), shown(found.target, "y")) == ({(10,)}, {(11,)})
    assert decided(TLS, made).equal


def test_an_imported_mutable_global_is_outside() -> None:
    """L11: one global of another instance. Contexts and workers have it anew; it is wasi that shares it."""
    made = _l11(X7)
    assert X7.outside(made) == "an imported mutable global"
    found = decided(X7, made)
    assert shown(found.source, "f:r") == shown(found.target, "f:r") == {(2,)}


def _l11(encoding: Encoding) -> Program:
    n = '(module (global (export "g") (mut i32) (i32.const 0)))'
    imported = '(import "N" "g" (global $g (mut i32)))'
    fields = (main(GO, "(global.set $g (i32.const 1))"), f("(global.set $g (i32.const 2))",
              "(local.set $r (global.get $g))"))  # fmt: skip
    return linked(encoding, n, CREATE, imported, *fields)


def test_a_thread_by_reference_is_outside() -> None:
    fields = (main("(local funcref)", "(drop (call $create (local.get 1) (i32.const 0)))"), f())
    assert X7.outside(program(X7, CREATE, *fields)) == BY_INDEX


# --- by thread-local globals ----------------------------------------------------------------------
@pytest.mark.parametrize(("encoding", "y"), [(TLS, 10), (CLONE, 11)], ids=["initial", "copied"])
def test_l2_by_cells(encoding: Encoding, y: int) -> None:
    found = compared(encoding, CREATE, *L2)
    assert found.equal
    assert shown(found.target, "y") == {(y,)}


@pytest.mark.parametrize("encoding", [TLS, CLONE], ids=["initial", "copied"])
def test_l3_by_cells(encoding: Encoding) -> None:
    """A later write does not cross."""
    l3 = ("(global $g (mut i32) (i32.const 0))", main(GO, "(global.set $g (i32.const 1))"),
          f("(local.set $r (global.get $g))"))  # fmt: skip
    found = compared(encoding, CREATE, *l3)
    assert found.equal
    assert shown(found.target, "f:r") == {(0,)}


@pytest.mark.parametrize("encoding", [TLS, CLONE], ids=["initial", "copied"])
def test_l11_by_cells(encoding: Encoding) -> None:
    """The global of another module is thread-local too."""
    made = _l11(encoding)
    assert encoding.outside(made) == ""
    found = decided(encoding, made)
    assert found.equal
    assert shown(found.target, "f:r") == {(2,)}


@pytest.mark.parametrize("name", SEPARATING)
def test_the_instance_is_the_same(name: str) -> None:
    """What EQ-9 must exclude: start functions, segments, tables."""
    _, fields, show, source, _ = SEPARATING[name]
    assert TLS.outside(program(TLS, CREATE, *fields)) == ""
    found = compared(TLS, CREATE, *fields)
    assert found.equal
    assert shown(found.target, show) == source


def test_a_thread_that_returns_early() -> None:
    """Its function is called by others too."""
    fields = (
        main(GO, "(drop (call $f (i32.const 1)))"),
        f("(i32.atomic.store (i32.const 4) (i32.const 2))", "(block (br_if 0 (local.get 0)) (return (i64.const 7)))",
          "(i32.atomic.store (i32.const 0) (i32.const 3))"),
    )  # fmt: skip
    found = compared(TLS, CREATE, *fields)
    assert found.equal
    assert shown(found.target, "x", "y", "main", "f") == {(3, 2, "done", "done")}


def test_an_id_that_is_used() -> None:
    fields = (main("(local.set $r (i64.eqz (call $create (ref.func $f) (i32.const 0))))"), f())
    assert TLS.outside(program(TLS, CREATE, *fields)) == BY_INDEX
    found = compared(TLS, CREATE, *fields)
    assert (shown(found.source, "main:r"), shown(found.target, "main:r")) == ({(0,)}, {(1,)})


OUTSIDE = {
    "by reference": (BY_INDEX, "unknown function", ("(global $h funcref (ref.func $f))",
                     main("(drop (call $create (global.get $h) (i32.const 0)))"), f())),
    "of another type": (BY_INDEX, "type mismatch", ("(func $f (param i64) (result i64) (local.get 0))", main(GO))),
    "createThread itself": (BY_INDEX, "unknown function", (main("(drop (ref.func $create))"), f())),
    "a thread that exits": ("threads are joined or detached, or exit", "exitThread",
                            ('(import "wavm" "exitThread" (func $exit (param i64)))', main(GO),
                             f("(call $exit (i64.const 1))"))),
    "a cell for a reference": ("a mutable global that holds references", "thread-local global",
                               ("(global $h (mut funcref) (ref.null func))", main(GO), f())),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_has_no_translation(name: str) -> None:
    reason, said, fields = OUTSIDE[name]
    assert TLS.outside(program(TLS, CREATE, *fields)) == reason
    with pytest.raises(WeftError, match=said):
        compared(TLS, CREATE, *fields)


def sharing_one(program: Program) -> Program:
    """A broken twin: one mutable global stays common to all threads."""

    def change(module: Module) -> Module:
        local = (
            replace(g, type=replace(g.type, share=Share.LOCAL)) if g.binding == "$p" else g for g in module.globals
        )
        return replace(module, globals=tuple(local))

    return translated(TLS.translate(program), change)


@pytest.mark.parametrize("encoding", [TLS, CLONE], ids=["initial", "copied"])
def test_a_global_that_stays_shared_is_caught(encoding: Encoding) -> None:
    assert check(replace(encoding, translate=sharing_one), 60, limits=LIMITS).holds is False


def test_a_cell_that_is_not_copied_is_caught() -> None:
    assert check(replace(CLONE, target=TLS.target), 60, limits=LIMITS).holds is False
