"""P5b: first-class memories, tables and globals, and no first-class instances (systems.md B.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import NotExpressible
from semantics.profiles.create import CREATE
from semantics.profiles.fork import FORK
from semantics.profiles.fork_refs import (
    FORK_REFS,
    FORK_REFS_UNTYPED,
    RefGlobal,
    RefMemory,
    RefTable,
    ref_global_ok,
    ref_memory_ok,
    ref_table_ok,
)
from semantics.reduction.fig22_instantiation import instantiate
from semantics.reduction.run import SequentialStore
from semantics.runtime.configuration import Frame, Step
from semantics.runtime.profile import Profile
from semantics.validation import validate
from tests.semantics.profiles.worked import MEM, inexpressible, outcomes, read, refused, valid

BOTH = pytest.mark.parametrize("profile", [FORK_REFS, FORK_REFS_UNTYPED], ids=lambda p: p.name)
WORKER = """(module $work (import "" "" (memory 1 1 shared)) (global $l (mut i32) (i32.const 0))
  (func $go (global.set $l (i32.add (global.get $l) (i32.const 1)))
    (i32.atomic.store (i32.const 4) (global.get $l)))
  (start $go))"""


# --- types ----------------------------------------------------------------------------------------
def test_references_have_the_type_of_what_they_denote() -> None:
    table, cell = "(table $t shared 1 (shared funcref))", "(global $g shared (mut i32) (i32.const 0))"
    for field, instr, type in (
        ("(memory $m 1 1 shared)", "ref.memory $m", "(ref null (memory shared))"),
        ("(memory $m 1)", "ref.memory", "(ref null (memory))"),
        (table, "ref.table", "(ref null (table shared (shared funcref)))"),
        (cell, "ref.global $g", "(ref null (global shared (mut i32)))"),
        ("(global $g i64 (i64.const 0))", "ref.global $g", "(ref null (global i64))"),
    ):
        valid(FORK_REFS, field, f"(func (result {type}) ({instr}))")
        refused(FORK_REFS, "T30", "type mismatch", field, f"(func (result externref) ({instr}))")
        any_type = "(shared externref)" if "shared" in type else "externref"
        valid(FORK_REFS_UNTYPED, field, f"(func (result {any_type}) ({instr}))")


@BOTH
def test_a_shared_function_reifies_shared_definitions_only(profile: Profile) -> None:
    """T29 speaks of every mention of a definition."""
    valid(profile, MEM, "(func shared (drop (ref.memory)))")
    refused(profile, "T29", "may not use local memory", "(memory 1)", "(func shared (drop (ref.memory)))")
    refused(
        profile, "T29", "may not use local global", "(global i32 (i32.const 0))", "(func shared (drop (ref.global 0)))"
    )
    refused(profile, "T29", "may not use local table", "(table 1 funcref)", "(func shared (drop (ref.table 0)))")


def test_a_thread_local_global_has_no_reference() -> None:
    """Another thread would find another cell behind it."""
    tls = replace(FORK_REFS, typing=replace(FORK_REFS.typing, tls=True))
    refused(
        tls,
        "ref.global",
        "no reference",
        "(global thread_local (mut i32) (i32.const 0))",
        "(func (drop (ref.global 0)))",
    )
    refused(tls, "reftype", "no reference", "(func (param (ref null (global thread_local i32))))")


def test_instantiate_takes_exactly_the_type_of_the_import() -> None:
    inner = '(module $n (import "" "" (global shared (mut i32))) (export "g" (global 0)))'
    cell = "(global $g shared (mut i32) (i32.const 0))"
    same = "(func (result (ref null (global shared (mut i32)))) (instantiate $n (ref.global $g)))"
    valid(FORK_REFS, inner, cell, same)
    for other in ("shared (mut i64) (i64.const 0)", "shared i32 (i32.const 0)", "(mut i32) (i32.const 0)"):
        refused(FORK_REFS, "T28", "type mismatch", inner, f"(global $g {other})", same)
    valid(
        FORK_REFS_UNTYPED,
        inner,
        "(global $g shared i32 (i32.const 0))",
        "(func (drop (instantiate $n (ref.global $g))))",
    )


def test_other_designs_refuse() -> None:
    for profile in (FORK, CREATE):
        inexpressible(profile, "references to own definitions", MEM, "(func (drop (ref.memory)))")
        inexpressible(profile, "definition references", "(func (param (ref null (memory shared))))")
        inexpressible(profile, "module references", "(func (local moduleref))")
        inexpressible(profile, "thread references", "(table 1 threadref)")
        inexpressible(profile, "imported types", '(import "a" "b" (type opaque))')
        inexpressible(profile, "definition references", "(func (drop (ref.null (global i32))))")
    with pytest.raises(NotExpressible):
        validate(read("(elem (ref null (memory)) (item ref.null (memory)))"), FORK.typing)


def test_what_stands_in_a_reference_must_be_well_formed() -> None:
    refused(FORK_REFS, "T7", "may not hold a local funcref", "(func (param (ref null (global shared funcref))))")
    refused(FORK_REFS, "T8", "may not hold a local funcref", "(func (param (ref null (table shared funcref))))")
    valid(FORK_REFS, "(global shared (mut (ref null (memory shared))) (ref.null (memory shared)))")
    refused(
        FORK_REFS,
        "T7",
        "may not hold a local (ref null (memory))",
        "(global shared (ref null (memory)) (ref.null (memory)))",
    )


# --- rules ----------------------------------------------------------------------------------------
@BOTH
def test_a_reference_is_the_address(profile: Profile) -> None:
    """f; (ref.memory i) --> ref f_mem(i), and no event."""
    made = read(MEM, "(memory 2)", "(table 1 funcref)", "(global i32 (i32.const 0))")
    oracle = SequentialStore(profile)
    instance = instantiate(oracle.store, made, ()).instance
    frame = Frame(instance, ())
    for rule, instr, address in (
        (ref_memory_ok, RefMemory(1), instance.mems[1]),
        (ref_table_ok, RefTable(0), instance.tables[0]),
        (ref_global_ok, RefGlobal(0), instance.globals[0]),
    ):
        step = rule(frame, (), instr, oracle)
        assert isinstance(step, Step)
        assert (step.actions, step.condition, step.then) == ((), (), None)
        assert [v.term for v in step.result] == [address]


# --- outcomes -------------------------------------------------------------------------------------
@BOTH
def test_5b_a_module_hands_its_own_memory_to_workers(profile: Profile) -> None:
    """The emulation of host threads: two instances with counters of their own; no outcome 2. ref.memory mends D4."""
    type = "(ref null (memory shared))" if profile is FORK_REFS else "(shared externref)"
    found = outcomes(
        profile,
        MEM,
        WORKER,
        f"(func $w shared (param {type}) (instantiate $work (local.get 0)))",
        '(func (export "T0") (local $y i32) (fork $w (ref.memory)) (fork $w (ref.memory))',
        "(local.set $y (i32.atomic.load (i32.const 4))))",
    )
    assert found == {"y=0 T0=done w=done w#2=done", "y=1 T0=done w=done w#2=done"}


def test_5b_without_start_functions() -> None:
    """D3: by the letter of Fig. 22 the workers' code never runs."""
    found = outcomes(
        replace(FORK_REFS, start=False),
        MEM,
        WORKER,
        "(func $w shared (param (ref null (memory shared))) (instantiate $work (local.get 0)))",
        '(func (export "T0") (local $y i32) (fork $w (ref.memory)) (local.set $y (i32.atomic.load (i32.const 4))))',
    )
    assert found == {"y=0 T0=done w=done"}


@pytest.mark.parametrize(
    ("profile", "own", "wanted", "end"),
    [
        (FORK_REFS, "1 2 shared", "2 2 shared", "trap"),  # the size stays dynamic
        (FORK_REFS, "2 2 shared", "1 2 shared", "done"),
        (FORK_REFS_UNTYPED, "1 2 shared", "2 2 shared", "trap"),
        (FORK_REFS_UNTYPED, "1", "1 2 shared", "trap"),  # the attribute too
        (FORK_REFS_UNTYPED, "1", "1", "done"),
    ],
)
def test_links_are_checked_as_far_as_types_do_not_tell(profile: Profile, own: str, wanted: str, end: str) -> None:
    inner = f'(module $n (import "" "" (memory {wanted})))'
    if profile is FORK_REFS_UNTYPED and ("shared" in own) != ("shared" in wanted):
        inner = '(module $n (import "" "" (table 1 funcref)))'  # of the same reference type, another definition
    found = outcomes(profile, f"(memory {own})", inner, '(func (export "T0") (instantiate $n (ref.memory)))')
    assert found == {f"T0={end}"}


def test_null_is_no_definition() -> None:
    inner = '(module $n (import "" "" (memory 1 1 shared)))'
    body = '(func (export "T0") (instantiate $n (ref.null (memory shared))))'
    assert outcomes(FORK_REFS, inner, body) == {"T0=trap"}


def test_a_local_global_that_is_reified_is_seen_through_the_reference() -> None:
    """Accesses through an instance of its own and through the module's are to one region: Effect.reifies."""
    setter = '(module $n (import "" "" (global (mut i32))) (func $go (global.set 0 (i32.const 7))) (start $go))'
    found = outcomes(
        FORK_REFS,
        "(global $g (mut i32) (i32.const 0))",
        setter,
        '(func (export "T0") (local $r i32) (global.set $g (i32.const 1)) (instantiate $n (ref.global $g))',
        "(local.set $r (global.get $g)))",
    )
    assert found == {"r=7 T0=done"}
