"""X11: P6(D) = D on programs of the page, and what P6(D) cannot say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.encodings import compare
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.encodings import ENCODINGS
from semantics.encodings.generator import MEMORY
from semantics.exploration.program import Instantiate
from semantics.text import parse_module
from tests.semantics.encodings.compared import AWAIT, LIMITS, compared, model, program
from tests.semantics.profiles.hosted import shown

UNCHECKED, MODULE, HANDLE, WEB = (ENCODINGS[f"X11-{n}"] for n in ("create-unchecked", "create-module", "handle", "web"))
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


def test_3c_of_shared_functions() -> None:
    """An embedder of P5 does P3 as well."""
    found = compared(
        ENCODINGS["X11-create"],
        "(type $v (shared (func)))",
        f"{PLAIN} (thread.create_ref $v (ref.null (shared func))) (local.set $r (i32.const 1)))",
    )
    assert found.equal
    assert shown(found.target, "main", "main:r") == {("trap", 0)}


def test_of_an_argument_nothing_need_be_known() -> None:
    """Its values may be a circle; the reference alone says who runs."""
    create = "(thread.create_ref $v (global.get $g) (ref.func $f))"
    found = compared(
        UNCHECKED,
        "(type $v (func (param i32))) (global $g (mut i32) (i32.const 2))",
        f"{PLAIN} {create} {create})",
        "(func $f (param $a i32) (global.set $g (i32.and (global.get $g) (i32.const 1))))",
    )
    assert found.equal
    assert shown(found.source, "f:a") == {(2,)}


def test_local_functions_as_threads_of_an_instance() -> None:
    """P3u: who instantiates the module must give it a local spawn_func, which shared code has not."""
    nested = "(module $m (func $f) (func $go (thread.create $f)) (start $go))"
    fields = nested, "(func $i shared (instantiate $m))", f"{PLAIN} (call $i))"
    assert UNCHECKED.outside(program(UNCHECKED, *fields)).startswith("shared code instantiates")
    with pytest.raises(Invalid):
        compared(UNCHECKED, *fields)
    assert compared(UNCHECKED, nested, f"{PLAIN} (instantiate $m))").equal


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


def test_handles_in_globals() -> None:
    found = compared(
        HANDLE,
        "(global $h (mut (ref null (shared (thread i32)))) (ref.null (shared (thread i32))))",
        f"{PLAIN} (global.set $h (fork_h $f)) (local.set $r (thread.join (global.get $h))))",
        "(func $f shared (result i32) (i32.const 5))",
    )
    assert found.equal
    assert shown(found.target, "main:r") == {(5,)}


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


# --- P1 -----------------------------------------------------------------------------------------------
START = '(func $start (import "worker" "f"))'
GO = "(call $start)"
F = '(func $f (export "f") {0})'
STORE_Y = "(i32.atomic.store (i32.const 4) (i32.const 1))"


def test_l2_on_the_web() -> None:
    """6a, 1a: the worker has globals of its own."""
    found = compared(
        WEB,
        START,
        "(global $g (mut i32) (i32.const 0))",
        f"{PLAIN} (global.set $g (i32.const 1)) {GO})",
        F.format("(i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10)))"),
    )
    assert found.equal
    assert shown(found.target, "y") == {(10,)}


def test_l5_on_the_web() -> None:
    """The worker runs the start function again."""
    count = "(func $init (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $init)"
    found = compared(WEB, START, count, f"{PLAIN} {GO})", F.format(""))
    assert found.equal
    assert shown(found.target, "x") == {(2,)}


def test_1b_what_cannot_be_posted() -> None:
    found = compared(
        WEB,
        '(func $start (import "worker" "f") (param funcref))',
        f'{PLAIN} (call $start (ref.func $f))) (func $f (export "f") (param funcref))',
    )
    assert found.equal
    assert shown(found.target, "main", "f") == {("trap", None)}


NOT_OF_WEB = {
    "a worker that runs a function with results": (
        START, F.format("(result i32) (i32.const 0)"), f"{PLAIN} {GO} (local.set $r (i32.const 1)))",
    ),
    "a function that starts workers is not called by index": (
        START, "(type $v (func)) (table $t 1 funcref) (elem $t (i32.const 0) func $start)", F.format(""),
        f"{PLAIN} (call_indirect $t (type $v) (i32.const 0)) (local.set $r (i32.const 1)))",
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", NOT_OF_WEB)
def test_each_hypothesis_on_workers_is_there_for_a_reason(reason: str) -> None:
    assert WEB.outside(program(WEB, *NOT_OF_WEB[reason])) == reason
    found = compared(WEB, *NOT_OF_WEB[reason])
    assert shown(found.source, "main:r") == {(1,)}
    assert shown(found.target, "main", "main:r") == {("trap", 0)}


def test_a_worker_that_runs_a_function_of_another_module() -> None:
    """A worker instantiates the importer's module; spawn_func that of the function: no start function."""
    imported = '(import "env" "f" (func $f))'
    count = "(func $init (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))) (start $init)"
    made = program(WEB, START, imported, '(export "f" (func $f))', count, f"{PLAIN} {GO})")
    env, m, call = made.main.commands
    assert isinstance(env, Instantiate)
    host = parse_module(Source("env.wat", f'(module (memory (export "mem") {MEMORY[8:]} (func (export "f")))'))
    other = replace(made, main=replace(made.main, commands=(replace(env, module=host), m, call)))
    assert WEB.outside(other) == "a worker that runs a function of another module"
    found = compare(WEB, other, model(WEB.source.model), LIMITS)
    assert shown(found.source, "x") == {(2,)}
    assert shown(found.target, "x") == {(1,)}


# --- P4 -----------------------------------------------------------------------------------------------
CHILD = """(module $m (import "" "f" (func $f shared)) (global $l (mut i32) (i32.const 0))
  (func $go (global.set $l (i32.const 1)) (call $f)) (start $go))"""
COPY = "(func $f shared (i32.store (i32.const 4) (i32.load (i32.const 0))))"


@pytest.mark.parametrize(
    ("create", "show", "outcomes"),
    [
        ("(ref.module $m) (ref.func $f)", ("main:r", "go", "y"), {(1, "done", 1)}),
        ("(ref.module $m) (ref.null (shared func))", ("main:r", "go", "y"), {(1, "trap", 0)}),
        ("(ref.null (shared module)) (ref.func $f)", ("main:r", "go", "y"), {(0, None, 0)}),
    ],
    ids=["4a", "link", "null"],
)
def test_modules_as_threads(create: str, show: tuple[str, ...], outcomes: set[tuple[object, ...]]) -> None:
    body = f"{STORE_X} (thread.create_mod 1 {create}) (local.set $r (i32.const 1))"
    found = compared(MODULE, CHILD, COPY, f"{PLAIN} {body})")
    assert found.equal
    assert shown(found.target, *show) == outcomes


def test_an_instance_starts_threads_of_code_that_it_gets() -> None:
    """A module that is instantiated gets the embedder's functions, and code by a global."""
    found = compared(
        MODULE,
        CHILD,
        COPY,
        """(module $once (import "" "f" (func $f shared))
          (import "" "g" (global $g shared (mut (ref null (shared module)))))
          (func $go (thread.create_mod 1 (global.get $g) (ref.func $f))) (start $go))
        (module $hold (global (export "g") shared (mut (ref null (shared module))) (ref.null (shared module))))
        (module $set (import "" "g" (global $g shared (mut (ref null (shared module)))))
          (func (export "set") shared (param (ref null (shared module))) (global.set $g (local.get 0))))
        (table $t shared 1 (shared funcref)) (type $s (shared (func (param (ref null (shared module))))))""",
        f"""{PLAIN} (local (ref null (shared any))) {STORE_X}
          (local.set 1 (instantiate $hold))
          (table.set $t (i32.const 0) (instantiate $set (local.get 1)))
          (call_indirect $t (type $s) (ref.module $m) (i32.const 0))
          (instantiate $once (ref.func $f) (local.get 1)))""",
    )
    assert found.equal
    assert shown(found.target, "main", "go", "y") == {("done", "done", 1)}


def test_a_thread_whose_module_instantiates() -> None:
    """Its module has more imports, translated, than it is given externals."""
    fields = (
        "(module $m (module $n) (func $go (instantiate $n)) (start $go))",
        f"{PLAIN} (thread.create_mod 0 (ref.module $m)))",
    )
    assert MODULE.outside(program(MODULE, *fields)) == "a thread whose module instantiates or starts threads"
    found = compared(MODULE, *fields)
    assert (shown(found.source, "go"), shown(found.target, "go")) == ({("done",)}, {("trap",)})


NOT_PLAIN = "an external whose type is not plain"
NOT_OF_CODE = {
    "a memory": (
        "a reference to a definition of its own",
        '(module $m (import "" "m" (memory 1 2 shared)))',
        f"{PLAIN} (thread.create_mod 1 (ref.module $m) (ref.memory 0)))",
    ),
    "of a block": (
        NOT_PLAIN, CHILD, COPY,
        f"{PLAIN} (thread.create_mod 1 (ref.module $m) (block (result (shared funcref)) (ref.func $f))))",
    ),
    "of an instance": (
        NOT_PLAIN, CHILD,
        '(module $gives (module $n) (func $go (instantiate $n)) (start $go) (func (export "f") shared))',
        f"{PLAIN} (thread.create_mod 1 (ref.module $m) (instantiate $gives)))",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_OF_CODE)
def test_what_p6_cannot_say_of_modules(name: str) -> None:
    reason, *fields = NOT_OF_CODE[name]
    assert MODULE.outside(program(MODULE, *fields)) == reason
    with pytest.raises((Invalid, NotExpressible)):
        compared(MODULE, *fields)


# --- instances ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["X11", "X11-create", "X11-create-unchecked", "X11-handle"])
def test_what_is_nested_asks_the_embedder_too(name: str) -> None:
    """The instance gets the embedder's functions from who makes it."""
    encoding = ENCODINGS[name]
    fork = "(thread.create $f)" if "create" in name else "(fork $f)"
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


@pytest.mark.parametrize("name", ["X11", "X11-create", "X11-create-unchecked", "X11-handle"])
def test_the_fragment_is_that_of_x2(name: str) -> None:
    encoding = ENCODINGS[name]
    fields = '(module $m (func (export "f")))', "(func $f shared (drop (instantiate $m)))", PLAIN + ")"
    assert encoding.outside(program(encoding, *fields)).startswith("shared code instantiates")
    with pytest.raises(Invalid):
        compared(encoding, *fields)
