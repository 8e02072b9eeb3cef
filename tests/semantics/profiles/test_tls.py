"""Thread-local globals (systems.md B.10): typing, cells, what they hold at first (DEC 18), programs 10a to 10d."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import Invalid, NotExpressible, TextError
from semantics.exploration import explore
from semantics.exploration.program import Cell, Get, HostThread, Instantiate, Invoke, Program, Provider, Spawn
from semantics.profiles.fork import FORK
from semantics.profiles.tls import TLS, TLS_INHERIT
from tests.semantics.exploration.programs import SHARED, func, module, program, unfolded
from tests.semantics.profiles.running import outcomes, results

G = "(global $g thread_local (mut i32) (i32.const 0))"
AWAIT = "(loop $l (br_if $l (i32.eqz (i32.atomic.load (i32.const 4)))))"
AWAIT_L2 = "(loop $l (br_if $l (i32.eqz (local.tee $y (i32.atomic.load (i32.const 4))))))"


# --- typing -------------------------------------------------------------------------------------
def test_visible_from_both_kinds_of_function():
    module(G, "(func (drop (global.get $g)))", "(func shared (global.set $g (global.get $g)))", discipline=TLS.typing)


def test_only_with_the_feature_and_only_on_globals():
    with pytest.raises(NotExpressible, match="not expressible under fork: needs thread-local globals"):
        module(G, discipline=FORK.typing)
    with pytest.raises(NotExpressible, match="needs thread-local tables"):
        module("(table thread_local 1 funcref)", discipline=TLS.typing)


def test_10c_the_value_must_be_sharable():
    with pytest.raises(Invalid, match="a thread-local global may not hold a local funcref") as found:
        module("(global thread_local (mut funcref) (ref.null func))", discipline=TLS.typing)
    assert found.value.rule == "T7"
    module("(global thread_local (mut (shared funcref)) (ref.null (shared func)))", discipline=TLS.typing)


def test_seqcst_is_invalid_but_by_switch():
    code = G, "(func (drop (global.get.seqcst $g)))"
    with pytest.raises(Invalid, match="seqcst access to thread-local global \\$g") as found:
        module(*code, discipline=TLS.typing)
    assert found.value.rule == "T2"
    module(*code, discipline=replace(TLS.typing, tls_seqcst=True))


def test_the_default_as_initialiser():
    """tls_init = default (DEC 18)."""
    default = replace(TLS.typing, tls_default=True)
    for init in ("i32.const 7", "i32.const 0"):
        module(f"(global thread_local (mut i32) ({init}))", discipline=TLS.typing)
    module(G, "(global thread_local (mut (shared funcref)) (ref.null (shared func)))", discipline=default)
    module("(global (mut i32) (i32.const 7))", discipline=default)
    with pytest.raises(Invalid, match="must start with the default of its type") as found:
        module("(global thread_local (mut i32) (i32.const 7))", discipline=default)
    assert found.value.rule == "T31"


def test_an_import_has_the_attribute_exactly():
    n = module('(global (export "g") thread_local (mut i32) (i32.const 0))', discipline=TLS.typing)
    for attribute in ("", "shared"):
        m = module(f'(import "n" "g" (global {attribute} (mut i32)))', discipline=TLS.typing)
        main = HostThread("host", (Instantiate("n", n), Instantiate("m", m, (Provider("n", "g"),))))
        with pytest.raises(Exception, match="incompatible import type"):
            explore(Program("test", main), profile=TLS)


# --- cells --------------------------------------------------------------------------------------
def test_accesses_of_a_cell_are_no_events():
    found = unfolded(
        SHARED, G, func("P0", "(global.set $g (i32.const 1))"), func("P1", "(drop (global.get $g))"),
        profile=TLS, discipline=TLS.typing,
    )  # fmt: skip
    assert not any(e.kind.value == "access" for e in found.events)


def test_the_host_reads_the_cell_of_its_own_thread():
    exported = '(global $g (export "g") thread_local (mut i32) (i32.const 3))'
    n = module(exported, func("set", "(global.set $g (i32.const 4))"), discipline=TLS.typing)
    other = Spawn(HostThread("a", (Get("n", "g", "r"),)))
    main = HostThread("main", (Instantiate("n", n), Invoke("n", "set"), other, Get("n", "g", "r")))
    made = Program("test", main)
    assert outcomes(TLS, made, ("main.r", "a.r")) == {(4, 3)}
    assert outcomes(TLS_INHERIT, made, ("main.r", "a.r")) == {(4, 4)}
    observed = replace(made, cells=(Cell("g", "n", "g"),), observed=("g",))
    with pytest.raises(TextError, match="g has a value for each thread"):
        explore(observed, profile=TLS)


def test_a_copy_is_taken_at_the_spawn():
    """inherit: neither what the parent writes later nor what another thread writes."""
    found = results(
        TLS_INHERIT, SHARED, G, "(func $f shared (local $r i32) (local.set $r (global.get $g)))",
        func("P0", "(global.set $g (i32.const 1)) (fork $f) (global.set $g (i32.const 2)) (fork $f)"),
        show=("f.r", "f#2.r"),
    )  # fmt: skip
    assert found == {(1, 2)}


# --- programs -----------------------------------------------------------------------------------
L2 = (
    SHARED,
    "(func $f shared (i32.atomic.store (i32.const 4) (i32.add (global.get $g) (i32.const 10))))",
    func("P0", "(local $y i32) (global.set $g (i32.const 1)) (fork $f)", AWAIT_L2),
)


def test_10a_private_before():
    assert results(TLS, G, *L2, show=("P0.y",)) == {(10,)}
    assert results(TLS_INHERIT, G, *L2, show=("P0.y",)) == {(11,)}
    with pytest.raises(Invalid) as found:
        program("(global $g (mut i32) (i32.const 0))", *L2, threads=("P0",), discipline=TLS.typing)
    assert found.value.rule == "T29"


def test_10b_one_name_in_two_instances():
    exported = '(global $g (export "g") thread_local (mut i32) (i32.const 0))'
    n = module(exported, func("set", "(global.set $g (i32.const 1))"), discipline=TLS.typing)
    imported = '(import "n" "g" (global $g thread_local (mut i32)))'
    m = module(imported, func("get", "(result i32) (global.get $g)"), discipline=TLS.typing)
    other = Spawn(HostThread("a", (Invoke("m", "get", results=("r",)),)))
    main = HostThread(
        "main",
        (Instantiate("n", n), Instantiate("m", m, (Provider("n", "g"),)), Invoke("n", "set"), other,
         Invoke("m", "get", results=("r",))),
    )  # fmt: skip
    assert outcomes(TLS, Program("test", main), ("main.r", "a.r")) == {(1, 0)}


def test_10d_a_cell_travels_by_value_only():
    """A stores the value of its cell; B, which reads it, has another cell."""
    found = results(
        TLS, SHARED, G,
        "(func $b shared (local $r i32) (local $own i32)",
        "(local.set $r (i32.load (i32.const 0))) (local.set $own (global.get $g)))",
        func("P0", "(global.set $g (i32.const 5)) (i32.store (i32.const 0) (global.get $g)) (fork $b)"),
        show=("b.r", "b.own"),
    )  # fmt: skip
    assert found == {(5, 0)}
