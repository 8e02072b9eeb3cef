"""Cooperative threads (systems.md B.12, P12c): turns, suspension, indices, program 12d."""

from __future__ import annotations

import random
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
)
UNSHARED = "(memory 1)"
YIELD = "(drop (call $yield))"


def turns(*fields: str) -> Program:
    return component(*fields, profile=COOPERATIVE, imports=COOP)


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


# --- the same by interleaving slices -------------------------------------------------------------
Op = tuple[str, int, int]  # (st, cell, value), (ld, cell, register), (yield, 0, 0)


def _random_code(chance: random.Random) -> list[Op]:
    kinds = chance.choices(("st", "ld", "yield"), (3, 3, 2), k=chance.randint(1, 4))
    return [(k, chance.randint(0, 1), chance.randint(0, 1) if k == "ld" else chance.randint(1, 2)) for k in kinds]


def _text(code: list[Op]) -> str:
    words = {
        "st": "(i32.store (i32.const {0}) (i32.const {2}))",
        "ld": "(local.set $r{1} (i32.load (i32.const {0})))",
        "yield": YIELD,
    }
    return " ".join(words[k].format(4 * cell, v, v) for k, cell, v in code)


def _interleaved(threads: list[list[Op]], *, anywhere: bool = False) -> set[tuple[int, ...]]:
    """The registers at the end, from every order of slices; of single operations, where threads change `anywhere`.

    The first thread has spawned the others in its first slice, which so is the first of all.
    """
    found: set[tuple[int, ...]] = set()
    start = (tuple(0 for _ in threads), (0, 0), tuple((0, 0) for _ in threads))
    todo, seen, first = [start], {start}, True
    while todo:
        places, memory, registers = todo.pop()
        if all(p == len(c) for p, c in zip(places, threads, strict=True)):
            found.add(tuple(v for r in registers for v in r))
        for i, code in enumerate(threads):
            if places[i] == len(code) or (first and i and not anywhere):
                continue
            at, cells, mine = places[i], list(memory), list(registers[i])
            while at < len(code):
                kind, cell, value = code[at]
                at += 1
                if kind == "st":
                    cells[cell] = value
                elif kind == "ld":
                    mine[value] = cells[cell]
                if kind == "yield" or anywhere:
                    break
            after = (
                (*places[:i], at, *places[i + 1 :]),
                tuple(cells),
                (*registers[:i], tuple(mine), *registers[i + 1 :]),
            )
            if after not in seen:
                seen.add(after)
                todo.append(after)
        first = False
    return found


def _disagreements(*, anywhere: bool = False) -> int:
    wrong = 0
    for seed in range(12):
        chance = random.Random(seed)
        threads = [_random_code(chance) for _ in range(2 + seed % 2)]
        functions = [
            f"(func $t{i} (param i32) (local $r0 i32) (local $r1 i32) {_text(c)})" for i, c in enumerate(threads) if i
        ]
        names = [f"t{i}" for i in range(1, len(threads))]
        spawns = " ".join(f"(drop (call $spawn (ref.func ${n}) (i32.const 0)))" for n in names)
        first = f'(func (export "main") (local $r0 i32) (local $r1 i32) {spawns} {_text(threads[0])})'
        made = turns(UNSHARED, "(func $f (param i32))", *functions, first)
        show = tuple(f"{t}.r{k}" for t in ("T0", *names) for k in (0, 1))
        wrong += outcomes(COOPERATIVE, made, show) != _interleaved(threads, anywhere=anywhere)
    return wrong


def test_turns_are_interleavings_of_slices():
    """And not of single operations: the broken twin."""
    assert _disagreements() == 0
    assert _disagreements(anywhere=True) > 0
