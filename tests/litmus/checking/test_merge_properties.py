"""MG-static, MG-single and MG-spawn on given pairs; broken merges fail them, with a context that tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.checking.closing import Context
from litmus.checking.limits import Limits
from litmus.checking.merge_properties import Pair, mg_single, mg_spawn, mg_static, properties
from litmus.checking.merging import DEPLOYED
from semantics.axioms import load_model
from semantics.exploration import explore
from semantics.merging import ImportRef, merge
from semantics.profiles.fork import FORK, FORK_PAPER
from semantics.solver import Problem
from semantics.syntax.instructions import Const
from semantics.syntax.modules import Module
from semantics.syntax.types import I32
from semantics.validation import PAPER, THREADS, Discipline
from tests.semantics.merging.pairs import parsed

COUNTER = """(module (global $k {share} (mut i32) (i32.const 0))
  (func $inc (export "inc") {share} (result i32)
    (global.set $k (i32.add (global.get $k) (i32.const 1))) (global.get $k)))"""
LM = """(module (import "N" "inc" (func $inc shared (result i32))) (global $y shared (mut i32) (i32.const 0))
  (func $f shared (local $r1 i32) (local.set $r1 (call $inc)) (global.set.seqcst $y (i32.const 1)))
  (func (export "main") (result i32) (call $inc) (fork $f)
    (loop $await (br_if $await (i32.eqz (global.get.seqcst $y))))))"""


def pair(
    first: str | Module,
    second: str | Module,
    discipline: Discipline = PAPER,
    contexts: int = 6,
    model: str = "wasm-threads",
    both: bool = False,
) -> Pair:
    """A merged pair; the first imports from "N", with `both` the second from "M"."""
    modules = tuple(m if isinstance(m, Module) else parsed(m) for m in (first, second))
    assert len(modules) == 2
    links = {
        ImportRef(side, p): i.name
        for side, m in enumerate(modules)
        for p, i in enumerate(m.imports)
        if i.module == "NM"[side] and (both or side == 0)
    }
    return Pair(modules, merge(modules, links), load_model(model), FORK, discipline, ("M", "N"), contexts=contexts)


def broken(given: Pair, merged: Module) -> Pair:
    """The pair with another module for its merge."""
    return replace(given, merged=replace(given.merged, module=merged))


# --- LM -------------------------------------------------------------------------------------------
def test_lm_holds_under_fork() -> None:
    """Program 8c: with k shared, the child's r1 is 2 whether linked or merged."""
    static, single, spawn = properties(pair(LM, COUNTER.format(share="shared")))
    assert static.holds and single.holds and spawn.holds
    assert "N.inc()" in single.tried
    assert "M.main()" in spawn.tried  # a context that starts no thread, of a module that does
    assert "{ K: M.main() || T1: N.inc() }" in spawn.tried


def doubled(module: Module) -> Module:
    """The twin whose inc, once merged, counts by two."""
    inc = module.funcs[0]
    code = tuple(Const(I32, 2) if e == Const(I32, 1) else e for e in inc.body)
    assert code != inc.body
    return replace(module, funcs=(replace(inc, body=code), *module.funcs[1:]))


def test_a_wrong_merge_fails_with_a_context() -> None:
    given = pair(LM, COUNTER.format(share="shared"))
    for twin in (
        mg_single(broken(given, doubled(given.merged.module))),
        mg_spawn(broken(given, doubled(given.merged.module))),
    ):
        assert twin.holds is False
        assert twin.difference is not None
        assert twin.difference.context == twin.tried[-1]
        assert twin.difference.linked_only and twin.difference.merged_only
    assert twin.difference.context == "M.main()"
    registers = {dict(o.values)["f", "r1"] for o in twin.difference.linked_only}
    assert registers == {2}
    assert {dict(o.values)["f", "r1"] for o in twin.difference.merged_only} == {4}


def test_only_threads_tell_a_lost_atomic() -> None:
    """The twin whose increment is no rmw any more: one thread cannot tell, two can."""
    provider = """(module (memory (export "m") 1 1 shared)
      (func (export "inc") shared (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"""
    torn = """(module (memory (export "m") 1 1 shared)
      (func (export "inc") shared (result i32) (local $old i32)
        (local.set $old (i32.atomic.load (i32.const 0)))
        (i32.atomic.store (i32.const 0) (i32.add (local.get $old) (i32.const 1))) (local.get $old)))"""
    given = pair("(module)", provider)
    assert mg_spawn(given).holds
    twin = broken(given, merge((parsed("(module)"), parsed(torn)), {}).module)
    assert mg_single(twin).holds
    found = mg_spawn(twin)
    assert found.holds is False and found.difference is not None
    assert not found.difference.linked_only
    assert found.difference.merged_only


def test_the_order_of_starts_is_seen() -> None:
    importer = """(module (import "N" "get" (func $get (result i32))) (global $g (export "g") (mut i32) (i32.const 0))
      (func $s (global.set $g (call $get))) (start $s))"""
    provider = """(module (global $v (mut i32) (i32.const 0)) (func $s (global.set $v (i32.const 7))) (start $s)
      (func (export "get") (result i32) (global.get $v)))"""
    given = pair(importer, provider)
    assert mg_single(given).holds
    module = given.merged.module
    wrapper = module.funcs[-1]
    swapped = replace(module, funcs=(*module.funcs[:-1], replace(wrapper, body=wrapper.body[::-1])))
    found = mg_single(broken(given, swapped))
    assert found.holds is False and found.difference is not None
    assert [dict(o.values)["", "M.g"] for o in found.difference.linked_only] == [7]
    assert [dict(o.values)["", "M.g"] for o in found.difference.merged_only] == [0]


def test_growth_and_traps_are_outcomes() -> None:
    """Growth may fail and accesses may trap: the sets have all of it on both sides."""
    importer = """(module (import "N" "m" (memory $m 1 2))
      (func (export "grow") (result i32) (memory.grow $m (i32.const 1)))
      (func (export "far") (result i32) (i32.load $m (i32.const 65536))))"""
    assert mg_single(pair(importer, '(module (memory (export "m") 1 2))', contexts=12)).holds


# --- what cannot be decided -------------------------------------------------------------------------
def test_invalid_merges_fail_mg_static() -> None:
    memory = "(module (memory 1))"
    given = pair(memory, memory, THREADS)
    static, single, spawn = properties(given)
    assert static.holds is False and "multiple memories" in static.why
    assert single.holds is None and spawn.holds is None
    assert mg_static(replace(given, discipline=DEPLOYED)).holds


def test_open_functions_leave_it_undecided() -> None:
    found = mg_single(pair('(module (import "env" "f" (func)) (func (export "g")))', "(module)"))
    assert found.holds is None
    assert found.why.startswith('not closed: import "env" "f" of M is a function')


def test_imports_in_both_directions() -> None:
    first = '(module (import "N" "odd" (func)) (func (export "even")))'
    second = '(module (import "M" "even" (func)) (func (export "odd")))'
    static, single, _ = properties(pair(first, second, both=True))
    assert static.holds
    assert single.holds is None and "no host can instantiate one before the other" in single.why


def test_imports_that_nothing_satisfies() -> None:
    first, second = ('(module (import "e" "m" (memory 3)))', '(module (import "e" "m" (memory 1 2)))')
    found = mg_single(pair(first, second))
    assert found.holds is None and "no one definition" in found.why


def test_without_exports_there_is_nothing_to_try() -> None:
    _, single, spawn = properties(pair("(module)", "(module)"))
    assert (single.holds, single.why) == (None, "no function is exported")
    assert spawn.holds is None


def test_without_shared_functions_no_thread_can_be_started() -> None:
    given = pair('(module (import "N" "inc" (func (result i32))))', COUNTER.format(share=""))
    assert mg_single(given).holds
    found = mg_spawn(given)
    assert found.holds is None and "no exported function is shared" in found.why


def test_bounds_leave_it_undecided() -> None:
    spin = """(module (memory (export "m") 1 1 shared)
      (func (export "count") shared (loop $l (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (br_if $l (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.const 50))))))"""
    found = mg_spawn(replace(pair("(module)", spin), limits=Limits(loop=2)))
    assert found.holds is None and "bound" in found.why
    assert "N.count(); { T1: N.count() }" in found.tried  # the thread finds the work done


def test_designs_are_asked() -> None:
    """The profile reaches the machine: to the letter of the paper, start functions do not run."""
    provider = """(module (global $v (export "v") (mut i32) (i32.const 0)) (func (export "f"))
      (func $s (global.set $v (i32.const 7))) (start $s))"""
    given = pair("(module)", provider)
    unstarted = broken(given, replace(given.merged.module, start=None))
    assert mg_single(unstarted).holds is False
    assert mg_single(replace(unstarted, profile=FORK_PAPER)).holds  # nobody starts
    table = """(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0))))"""
    assert mg_single(pair("(module)", table)).holds
    stuck = mg_single(replace(pair("(module)", table), profile=FORK_PAPER))
    assert stuck.holds is None and "stuck configuration" in stuck.why


# --- today's rules: a thread has instances of its own -----------------------------------------------
WEB = (
    """(module (import "N" "inc" (func $inc (result i32))) (import "env" "memory" (memory 1 1 shared))
      (func (export "put") (param i32) (i32.store (i32.const 8) (local.get 0)))
      (func (export "main") (result i32) (i32.add (i32.mul (call $inc) (i32.const 16)) (i32.load (i32.const 8)))))""",
    COUNTER.format(share=""),
)


def test_threads_of_today_make_instances() -> None:
    """LM on the web: every thread links N and M again, over one memory; each counts for itself."""
    given = pair(*WEB, discipline=DEPLOYED, contexts=12)
    found = mg_spawn(given)
    assert found.holds
    assert "M.main(); { T1: N.inc() }" in found.tried
    inc = next(c for c in given.closing.calls if c.export == "inc")
    program = given.closing.program(Context((inc,), (inc,)), merged=True)
    outcomes = list(Problem(explore(program), given.model).outcomes())
    assert {(o.value(("K", "r0")), o.value(("T1", "r"))) for o in outcomes} == {(1, 1)}


def test_the_host_provides_memories_globals_and_tables() -> None:
    first = """(module (import "env" "m" (memory $m 1)) (import "env" "base" (global $b i32))
      (import "env" "t" (table $t 2 funcref)) (func $f (export "f") (result i32)
        (table.set $t (i32.const 1) (ref.func $f)) (i32.store $m (global.get $b) (i32.const 5))
        (i32.load $m (i32.const 1024))))"""
    second = """(module (import "env" "m" (memory $m 2 3)) (import "env" "t" (table $t 1 4 funcref))
      (func (export "g") (result i32)
        (i32.add (i32.load $m (i32.const 1024)) (ref.is_null (table.get $t (i32.const 1))))))"""
    given = pair(first, second, contexts=9)
    assert mg_single(given).holds
    assert given.closing.supplies["env", "m"].type.limits.min == 2  # type: ignore[union-attr]
    calls = {c.export: c for c in given.closing.calls}
    for merged in (False, True):
        program = given.closing.program(Context((calls["f"], calls["g"])), merged=merged)
        (outcome,) = Problem(explore(program), given.model).outcomes()
        assert (outcome.value(("K", "r0")), outcome.value(("K", "r1"))) == (5, 5)


def test_few_contexts_still_mix() -> None:
    """A few of many contexts have every call, and different calls in parallel."""
    given = pair(*WEB, discipline=DEPLOYED)
    for found in (given.closing.single(20), given.closing.parallel(20)):
        calls = [c for k in found.chosen for c in (*k.before, *k.threads, *k.after)]
        assert {(c.export, c.arguments) for c in calls} == {("put", (0,)), ("put", (1,)), ("main", ()), ("inc", ())}
        several = [k for k in found.chosen if len({c.export for c in (*k.before, *k.threads, *k.after)}) > 1]
        assert len(several) > len(found.chosen) // 3


@pytest.mark.parametrize("most", [1, 5, 24, 1000])
def test_contexts_are_spread_and_counted(most: int) -> None:
    given = pair(LM, COUNTER.format(share="shared"))
    single = given.closing.single(most)
    assert len(single.chosen) == min(most, 2 + 4 + 8)
    assert single.total == 14
    assert len(set(single.chosen)) == len(single.chosen)
    parallel = given.closing.parallel(most)
    assert parallel.total == 2 + 2 + 1 + 4
    assert len(parallel.chosen) == min(most, 9)
    if most > 3:
        assert {len(c.before) for c in single.chosen} == {1, 2, 3}


def test_references_are_not_compared() -> None:
    """Their addresses are those of one store, and no observation."""
    text = '(module (func $f) (func (export "f") (result funcref) (ref.func $f)) (func (export "g") (param funcref)))'
    given = pair("(module (func) (func))", text)
    assert mg_single(given).holds
