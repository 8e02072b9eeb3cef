"""Cooperative threads (systems.md B.12, P12c): turns, suspension, switches, indices, program 12d."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.diagnostics import Invalid
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Program
from semantics.profiles.fork import FORK
from semantics.profiles.shared_everything import COOPERATIVE
from tests.semantics.exploration.programs import module
from tests.semantics.profiles.running import outcomes
from tests.semantics.profiles.test_shared_everything import component, main

START = "(drop (call $spawn (ref.func $f) (i32.const 7)))"
COOP = (
    '(import "component" "thread.spawn-ref" (func $spawn (param funcref i32) (result i32)))',
    '(import "component" "thread.yield" (func $yield (result i32)))',
    '(import "component" "thread.suspend" (func $suspend (result i32)))',
    '(import "component" "thread.resume-later" (func $resume (param i32)))',
    '(import "component" "thread.index" (func $index (result i32)))',
    '(import "component" "thread.new-indirect" (func $new (param i32 i32) (result i32)))',
    '(import "component" "thread.yield-then-resume" (func $y-resume (param i32) (result i32)))',
    '(import "component" "thread.suspend-then-resume" (func $s-resume (param i32) (result i32)))',
    '(import "component" "thread.yield-then-promote" (func $y-promote (param i32) (result i32)))',
    '(import "component" "thread.suspend-then-promote" (func $s-promote (param i32) (result i32)))',
)
HANDING = 6
UNSHARED = "(memory 1)"
YIELD = "(drop (call $yield))"


def turns(*fields: str, handing: bool = True) -> Program:
    """With the calls that hand a turn on, or without."""
    return component(*fields, profile=COOPERATIVE, imports=COOP if handing else COOP[:HANDING])


def g(*code: str, name: str = "f") -> str:
    return f"(func ${name} (param $a i32) (local $r i32) (local $s i32) {' '.join(code)})"


def test_12d_store_buffering_on_an_unshared_memory():
    x, y = "(i32.const 0)", "(i32.const 4)"
    first = f"(i32.store {x} (i32.const 1))", f"(local.set $r (i32.load {y}))"
    second = f"(i32.store {y} (i32.const 1))", f"(local.set $r (i32.load {x}))"
    fields = (
        UNSHARED, g(second[0], YIELD, second[1]),
        main(START, YIELD, first[0], YIELD, first[1]),
    )  # fmt: skip
    assert outcomes(COOPERATIVE, turns(*fields), ("T0.r", "f.r")) == {(1, 0), (0, 1), (1, 1)}
    preemptive = replace(COOPERATIVE, turns=False, host={k: v for k, v in COOPERATIVE.host.items()})
    plain = [x.replace(YIELD, "") for x in fields]
    assert (0, 0) in outcomes(preemptive, component(*plain, profile=preemptive, imports=COOP[:1]), ("T0.r", "f.r"))
    with pytest.raises(Invalid) as found:
        module(UNSHARED, "(func shared (i32.store (i32.const 4) (i32.const 1)))", discipline=FORK.typing)
    assert found.value.rule == "T29"


def test_a_thread_runs_alone_between_two_yields():
    """Two increments do not lose one another; with a yield within they may."""
    load = "(local.set $r (i32.load (i32.const 0)))"
    store = "(i32.store (i32.const 0) (i32.add (local.get $r) (i32.const 1)))"
    end = "(local.set $s (i32.load (i32.const 0)))"
    whole = turns(UNSHARED, g(load, store), main(START, load, store, YIELD, YIELD, end))
    assert outcomes(COOPERATIVE, whole, ("T0.s",)) == {(1,), (2,)}
    assert max(outcomes(COOPERATIVE, turns(UNSHARED, g(load, store, end), main(START, load, store)), ("f.s",))) == (2,)
    split = turns(UNSHARED, g(load, store, end), main(START, load, YIELD, store))
    assert outcomes(COOPERATIVE, split, ("f.s",)) == {(1,), (2,)}


def test_suspend_and_resume():
    """The suspended thread lets others run, and sees what was done before it was resumed."""
    child = g("(drop (call $suspend)) (local.set $r (i32.load (i32.const 0)))")
    spawning, resume = "(local.set $r (call $spawn (ref.func $f) (i32.const 0)))", "(call $resume (local.get $r))"
    made = turns(UNSHARED, child, main(spawning, YIELD, "(i32.store (i32.const 0) (i32.const 1))", resume))
    found = outcomes(COOPERATIVE, made, ("T0", "f", "f.r"))
    assert ("done", "done", 1) in found
    assert {x for x in found if x[0] == "done"} == {("done", "done", 1)}
    assert {x[0] for x in found} == {"done", "trap"}  # where f had not run, it was not suspended


def test_resuming_a_thread_that_is_not_suspended_traps():
    made = turns(UNSHARED, g(), main("(call $resume (call $spawn (ref.func $f) (i32.const 0)))"))
    assert {end for (end,) in outcomes(COOPERATIVE, made, ("T0",))} == {"trap"}


POLL = f"(loop $l {YIELD} (br_if $l (i32.eqz (i32.load (i32.const 4)))))"


def test_a_loop_that_yields_is_no_loop():
    """No bound is reached, unless turns are handed on: a thread may get each of them."""
    child = g("(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 1))")
    last = "(local.set $r (i32.load (i32.const 0)))"
    made = turns(UNSHARED, child, main(f"{START} {POLL} {last}"), handing=False)
    assert outcomes(COOPERATIVE, made, ("T0.r",)) == {(1,)}
    handing = g("(drop (call $y-promote (i32.const 0))) (i32.store (i32.const 4) (i32.const 1))")
    found = explore(turns(UNSHARED, handing, main(f"{START} {POLL}")), Bounds(loop=3), COOPERATIVE)
    assert any(n.leaf is not None and n.leaf.status.value == "cut" for n in found.nodes)


def test_nobody_resumes():
    made = turns(UNSHARED, g("(drop (call $suspend))"), main(START))
    assert outcomes(COOPERATIVE, made, ("T0", "f")) == {("done", "blocked")}


def test_indices():
    made = turns(
        UNSHARED, g("(local.set $r (call $index))"),
        main("(local.set $r (call $spawn (ref.func $f) (i32.const 0))) (local.set $s (call $index))"),
    )  # fmt: skip
    assert outcomes(COOPERATIVE, made, ("T0.r", "T0.s", "f.r")) == {(1, 0, 1)}


def test_slices_are_events():
    """Each thread begins with a turn and passes it on at its end; a yield does both."""
    made = explore(turns(UNSHARED, g(), main(START, YIELD)), Bounds(), COOPERATIVE)
    rules = {t.name: [e.rule for e in made.events if e.thread == t.id and "turn" in e.rule] for t in made.threads}
    assert rules["f"][:1] == ["take-turn-ok"] and rules["f"][-1] == "pass-turn"
    assert rules["T0"].count("take-turn-ok") == 2


# --- switches that name a thread ------------------------------------------------------------------
NEW = "(call $new (i32.const 0) (i32.const 0))"
TABLE = "(table 1 funcref) (elem (i32.const 0) func $f)"
LOAD = "(local.set $s (i32.load (i32.const 0)))"


def test_a_new_thread_is_suspended():
    """It does nothing before it is resumed; a spawned one may."""
    child = g("(i32.store (i32.const 0) (i32.const 1))")
    made = turns(UNSHARED, TABLE, child, main(f"(drop {NEW}) {YIELD} {LOAD}"))
    assert outcomes(COOPERATIVE, made, ("T0", "f", "T0.s")) == {("done", "blocked", 0)}
    made = turns(UNSHARED, TABLE, child, main(f"(call $resume {NEW}) {YIELD} {LOAD}"))
    assert outcomes(COOPERATIVE, made, ("T0", "f", "T0.s")) == {("done", "done", 0), ("done", "done", 1)}


@pytest.mark.parametrize(("entry", "end"), [(0, "done"), (1, "trap"), (2, "trap"), (3, "trap")])
def test_what_a_new_thread_begins_with(entry: int, end: str):
    """Null, another type, and what is out of bounds trap."""
    table = "(table 3 funcref) (elem (i32.const 0) func $f) (elem (i32.const 1) func $other) (func $other)"
    made = turns(UNSHARED, table, g(), main(f"(drop (call $new (i32.const {entry}) (i32.const 0)))"))
    assert outcomes(COOPERATIVE, made, ("T0",)) == {(end,)}


def test_a_new_thread_begins_with_what_the_table_held():
    """When it was made, not when it is resumed."""
    f, h = (g(f"(i32.store (i32.const 0) (i32.const {v}))", name=n) for n, v in (("f", 1), ("h", 2)))
    change = "(table.set (i32.const 0) (ref.func $h))"
    made = turns(
        UNSHARED, TABLE, f, h, main(f"(local.set $r {NEW}) {change} (drop (call $y-resume (local.get $r))) {LOAD}")
    )
    assert outcomes(COOPERATIVE, made, ("T0.s",)) == {(1,)}


@pytest.mark.parametrize(
    ("switch", "seen"),
    [
        ("(drop (call $y-resume NEW))", {1, 2}),  # f runs, h perhaps after it
        ("(call $resume NEW) (drop (call $yield))", {0, 1, 2}),
        ("(drop (call $y-promote (i32.const 1)))", {2}),  # h is ready
        ("(drop (call $y-promote NEW))", {0, 2}),  # f is not: as if nobody were named
    ],
)
def test_whose_turn_it_is(switch: str, seen: set[int]):
    f, h = (g(f"(i32.store (i32.const 0) (i32.const {v}))", name=n) for n, v in (("f", 1), ("h", 2)))
    spawn = "(drop (call $spawn (ref.func $h) (i32.const 0)))"
    made = turns(UNSHARED, TABLE, f, h, main(f"{spawn} {switch.replace('NEW', NEW)} {LOAD}"))
    assert outcomes(COOPERATIVE, made, ("T0.s",)) == {(v,) for v in seen}


@pytest.mark.parametrize("switch", ["resume", "y-resume", "s-resume", "y-promote", "s-promote"])
@pytest.mark.parametrize("thread", [0, 2, 65536, -1], ids=["itself", "none", "too great", "negative"])
def test_a_switch_to_nobody_traps(switch: str, thread: int):
    call = f"(call ${switch} (i32.const {thread}))"
    made = turns(UNSHARED, TABLE, g(), main(call if switch == "resume" else f"(drop {call})"))
    assert outcomes(COOPERATIVE, made, ("T0",)) == {("trap",)}


def test_a_thread_that_has_ended_is_not_promoted():
    made = turns(UNSHARED, g(), main(START, YIELD, "(drop (call $y-promote (i32.const 1)))"))
    assert outcomes(COOPERATIVE, made, ("T0",)) == {("done",), ("trap",)}
