"""Decisions (paper_notes/decisions.md) about the whole machine: the switch, flipped."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from semantics.diagnostics import Invalid, StuckConfiguration
from semantics.execution.structure import Status
from semantics.exploration.program import Bounds
from semantics.profiles import PROFILES
from semantics.profiles.create import CREATE
from semantics.profiles.fork import FORK
from semantics.runtime.profile import Profile
from semantics.validation import validate
from tests.semantics.exploration.programs import SHARED, func, statuses, unfolded
from tests.semantics.profiles.running import results
from tests.semantics.profiles.worked import read

CHILD = "(func $f shared (local $r i32) (local.set $r (i32.load (i32.const 0))))"


@pytest.mark.parametrize(("profile", "spawn"), [(FORK, "fork"), (CREATE, "thread.create")])
@pytest.mark.parametrize(("sync", "seen"), [(True, {(1,)}), (False, {(0,), (1,)})])
def test_spawning_synchronises(profile: Profile, spawn: str, sync: bool, seen: set[tuple[int]]) -> None:
    """DEC 8, program L1: what stands before the spawn is there for the thread; the wasi text does not say so."""
    main = func("P0", "(i32.store (i32.const 0) (i32.const 1))", f"({spawn} $f)")
    assert results(replace(profile, spawn_sync=sync), SHARED, CHILD, main, show=("f.r",)) == seen


@pytest.mark.parametrize("sync", [True, False])
def test_the_end_of_a_thread_synchronises_with_nobody(sync: bool) -> None:
    """DEC 8: after a store of the child, its creator may read what was there before, whatever the spawn does."""
    child = "(func $f shared (i32.store (i32.const 0) (i32.const 1)))"
    main = func("P0", "(local $r i32)", "(fork $f)", "(local.set $r (i32.load (i32.const 0)))")
    found = results(replace(FORK, spawn_sync=sync), SHARED, child, main, show=("P0.r",))
    assert found == {(0,), (1,)}


NULL = ("(type $v (func))", "(table $t 1 funcref)", func("P0", "(call_indirect $t (type $v) (i32.const 0))"))
OTHER = (
    '(module $n (import "" "" (global $x i32)))',
    func("P0", "(instantiate $n (ref.null extern))"),
)


@pytest.mark.parametrize(("switch", "fields"), [("null_call", NULL), ("link_mismatch", OTHER)])
def test_what_is_stuck_in_the_paper_traps(switch: str, fields: tuple[str, ...]) -> None:
    """DEC 3."""
    assert results(FORK, *fields, show=("P0",)) == {("trap",)}
    with pytest.raises(StuckConfiguration):
        results(replace(FORK, **{switch: "stuck"}), *fields, show=("P0",))  # type: ignore[arg-type]


@pytest.mark.parametrize(("switch", "end"), [("trap", "trap"), ("allow", "done")])
def test_misaligned_atomics(switch: Literal["trap", "allow"], end: str) -> None:
    """DEC 24."""
    code = func("P0", "(drop (i32.atomic.load (i32.const 2)))")
    assert results(replace(FORK, unaligned_atomics=switch), SHARED, code, show=("P0",)) == {(end,)}


def test_start_functions_are_part_of_instantiate() -> None:
    """DEC 2."""
    inner = "(module $n (func $go unreachable) (start $go))"
    for start, end in ((True, "trap"), (False, "done")):
        assert results(replace(FORK, start=start), inner, func("P0", "(instantiate $n)"), show=("P0",)) == {(end,)}


def test_growth_honours_the_maximum() -> None:
    """DEC 25, whoever measures imports how."""
    code = func("P0", "(local $r i32)", "(local.set $r (memory.grow (i32.const 1)))")
    for measured in ("current", "minimum"):
        profile = replace(FORK, import_size=measured, growth="granted")  # type: ignore[arg-type]
        assert results(profile, SHARED, code, show=("P0.r",)) == {(0xFFFFFFFF,)}


def test_a_bound_is_no_deadlock() -> None:
    """DEC 28: what turns for ever is cut, and said to be; who waits for ever is blocked."""
    turning = func("P0", "(loop $l (i32.store (i32.const 0) (i32.const 1)) (br $l))")
    looking = func("P1", "(drop (i32.load (i32.const 0)))")  # else the stores are nobody's concern
    both = unfolded(SHARED, turning, looking, threads=("P0", "P1"), bounds=Bounds(loop=3))
    assert statuses(both, "P0") == [Status.CUT]
    waiting = func("P0", "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))")
    assert results(FORK, SHARED, waiting, show=("P0",)) == {("blocked",)}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_several_memories_everywhere(profile: Profile) -> None:
    """DEC 27; only today's proposal, which checks scripts, has one."""
    made = read("(memory 1)", "(memory 1)", "(table 1 funcref)", "(table 1 funcref)")
    validate(made, profile.typing)
    with pytest.raises(Invalid, match="multiple memories"):
        validate(made, replace(profile.typing, several_memories=False))
