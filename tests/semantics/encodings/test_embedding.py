"""X11: P6(D) = D on programs of the page, and what P6(D) cannot say."""

from __future__ import annotations

import pytest

from semantics.diagnostics import Invalid
from semantics.encodings import ENCODINGS
from tests.semantics.encodings.compared import AWAIT, compared, program, shown

FORK, UNCHECKED, HANDLE = (ENCODINGS[n] for n in ("X11", "X11-create-unchecked", "X11-handle"))
R = "(local $r i32)"
H = "(local (ref null (shared (thread i32))))"


def main(*body: str) -> str:
    return f'(func (export "main") {R} {H} {" ".join(body)})'


# --- P3u ----------------------------------------------------------------------------------------------
PLAIN = f'(func (export "main") {R} '
L2 = (
    "(global $g (mut i32) (i32.const 0))",
    PLAIN + "(global.set $g (i32.const 1)) (thread.create $f))",
    "(func $f (i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))))",
)


def test_l2_unchecked() -> None:
    """6a, 3a: the thread has the creator's instance."""
    found = compared(UNCHECKED, *L2)
    assert found.equal
    assert shown(found.target, "y") == {(11,)}


@pytest.mark.parametrize("reference", ["(ref.null func)", "(ref.func $other)"])
def test_3c_the_creator_traps(reference: str) -> None:
    found = compared(
        UNCHECKED,
        "(type $v (func)) (func $other (param i32))",
        f"{PLAIN} (thread.create_ref $v {reference}) (local.set $r (i32.const 1)))",
    )
    assert found.equal
    assert shown(found.target, "main", "main:r") == {("trap", 0)}


# --- P7 -----------------------------------------------------------------------------------------------
FORK_H = "(local.set 1 (fork_h $f))"
JOIN = "(local.set $r (thread.join (local.get 1)))"
STORE_X = "(i32.store (i32.const 0) (i32.const 1))"
WAIT = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"


@pytest.mark.parametrize(
    ("body", "thread", "show", "outcomes"),
    [
        ((FORK_H, JOIN, "(local.set $r (i32.load (i32.const 0)))"), STORE_X, ("main:r",), {(1,)}),
        ((FORK_H, JOIN), "(unreachable)", ("main", "f"), {("trap", "trap")}),
        (
            (FORK_H, "(thread.cancel (local.get 1))", JOIN),
            WAIT,
            ("main", "f"),
            {("trap", "cancelled")},
        ),
        ((JOIN,), "", ("main",), {("trap",)}),
        ((FORK_H, JOIN, JOIN), "", ("main:r",), {(42,)}),
        (
            (FORK_H, "(local.set $r (thread.await (local.get 1) (i64.const 0)))"),
            "(unreachable)",
            ("main:r",),
            {(1,), (2,)},
        ),
    ],
    ids=["7a", "7b", "7c", "null", "7d", "await"],
)
def test_handles(body: tuple[str, ...], thread: str, show: tuple[str, ...], outcomes: set[tuple[object, ...]]) -> None:
    found = compared(HANDLE, main(*body), f"(func $f shared (result i32) {thread} (i32.const 42))")
    assert found.equal
    assert shown(found.target, *show) == outcomes


def test_fork_gives_no_handle_and_polls_nothing() -> None:
    """P7 has fork as well: its thread cannot be cancelled; P6(P7) has spawn_func alone, and drops the handle."""
    found = compared(
        HANDLE,
        main("(fork $f)", AWAIT),
        "(func $f shared (i32.atomic.store (i32.const 4) (i32.add (thread.poll_cancel) (i32.const 1))))",
    )
    assert found.equal
    assert shown(found.target, "y") == {(1,)}


def test_handles_of_two_types() -> None:
    """A join gives what the type of its operand says; translated, it cannot ask that of a handle."""
    fields = (
        main(FORK_H, JOIN, "(thread.join (fork_h $g))"),
        "(func $f shared (result i32) (i32.const 1)) (func $g shared)",
    )
    assert HANDLE.outside(program(HANDLE, *fields)) == "handles of several types"
    with pytest.raises(Invalid):
        compared(HANDLE, *fields)


# --- instances ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["X11", "X11-create-unchecked", "X11-handle"])
def test_what_is_nested_asks_the_embedder_too(name: str) -> None:
    """The instance gets the embedder's functions from who makes it."""
    encoding = ENCODINGS[name]
    fork = "(thread.create $f)" if encoding is UNCHECKED else "(fork $f)"
    found = compared(
        encoding,
        f"""(module $outer (import "" "f" (func $f shared))
          (module $inner (import "" "f" (func $f shared)) (func $go {fork}) (start $go))
          (func $go (instantiate $inner (ref.func $f))) (start $go))""",
        "(global $g shared (mut i32) (i32.const 0)) (func $f shared (global.set $g (i32.const 1)))",
        PLAIN + "(instantiate $outer (ref.func $f)) (local.set $r (global.get $g)))",
    )
    assert found.equal
    assert shown(found.target, "main:r") == {(0,), (1,)}


@pytest.mark.parametrize("name", ["X11", "X11-create-unchecked", "X11-handle"])
def test_the_fragment_is_that_of_x2(name: str) -> None:
    encoding = ENCODINGS[name]
    fields = '(module $m (func (export "f")))', "(func $f shared (drop (instantiate $m)))", PLAIN + ")"
    assert encoding.outside(program(encoding, *fields)).startswith("shared code instantiates")
    with pytest.raises(Invalid):
        compared(encoding, *fields)
