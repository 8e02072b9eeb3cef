"""Segments under sharing (systems.md B.11): the drop state (DEC 20), the attribute, programs 11a to 11d."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, product
from typing import Literal

import pytest

from semantics.axioms import load_model
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure
from semantics.exploration import explore, whole
from semantics.exploration.builder import Builder
from semantics.exploration.locks import hold_locks
from semantics.exploration.program import Cell, HostThread, Instantiate, Invoke, Program, Provider, Spawn
from semantics.profiles.fork import FORK
from semantics.runtime.actions import Field, Read, Region, Write
from semantics.runtime.discipline import EVERY, PAPER, Sort
from semantics.runtime.store import Store
from semantics.solver import Problem
from semantics.syntax.types import Order, Share
from semantics.text import parse_module
from semantics.text.printer import print_module
from tests.semantics.exploration.programs import SHARED, func, module, program, unfolded
from tests.semantics.profiles.running import outcomes, results

Seg = Literal["unord", "acqrel", "seqcst", "lock", "nop", "inst"]
OPTIONS: tuple[Seg, ...] = ("unord", "acqrel", "seqcst", "lock", "nop", "inst")
EXPLICIT = replace(PAPER, name="explicit", segments="explicit", shared=EVERY | {Sort.DATA, Sort.ELEM})
ORDER = {"unord": Order.UNORD, "acqrel": Order.ACQREL}
DATA = '(data $d "\\01")'
INIT = "(memory.init $d (i32.const 8) (i32.const 0) (i32.const 1))"


# --- typing -------------------------------------------------------------------------------------
def test_implicit_data_is_shared_and_elem_is_as_its_type():
    module("(memory 1 1 shared)", DATA, f"(func shared {INIT} (data.drop $d))")
    module("(func $f shared)", "(elem $e (shared funcref) (ref.func $f))", "(func shared (elem.drop $e))")
    with pytest.raises(Invalid, match="shared function 1 may not use local elem segment \\$e") as found:
        module("(func $f)", "(elem $e funcref (ref.func $f))", "(func shared (elem.drop $e))")
    assert found.value.rule == "T29"


def test_explicit_segments_carry_the_attribute():
    shared = '(data $d shared "\\01")'
    module("(memory 1 1 shared)", shared, f"(func shared {INIT} (data.drop $d))", discipline=EXPLICIT)
    module("(memory 1 1 shared)", DATA, f"(func {INIT} (data.drop $d))", discipline=EXPLICIT)
    for use in (INIT, "(data.drop $d)"):
        with pytest.raises(Invalid, match="shared function 0 may not use local data segment \\$d"):
            module("(memory 1 1 shared)", DATA, f"(func shared {use})", discipline=EXPLICIT)
    elem = "(func $f shared)", "(func shared (elem.drop $e))"
    module(*elem, "(elem $e shared (shared funcref) (ref.func $f))", discipline=EXPLICIT)
    with pytest.raises(Invalid, match="shared function 1 may not use local elem segment \\$e"):
        module(*elem, "(elem $e (shared funcref) (ref.func $f))", discipline=EXPLICIT)
    with pytest.raises(Invalid, match="a shared elem segment may not hold a local funcref"):
        module("(func $f)", "(elem $e shared funcref (ref.func $f))", discipline=EXPLICIT)


def test_other_designs_have_no_attribute_on_segments():
    with pytest.raises(NotExpressible, match="needs shared data segments"):
        module('(data shared "\\01")')
    with pytest.raises(NotExpressible, match="needs shared elem segments"):
        module("(func $f shared)", "(elem shared func $f)")


def test_the_attribute_in_text():
    text = """(module (memory 1) (table 1 (shared funcref)) (func $f shared)
      (data shared "a") (data (memory 0) (i32.const 0) shared "b") (data "c")
      (elem shared func $f) (elem (shared (ref null (shared func))) (ref.func $f))
      (elem (i32.const 0) shared (shared funcref) (ref.func $f)) (elem declare shared func $f)
      (elem (shared funcref) (ref.func $f)))"""
    made = parse_module(Source("t.wat", text))
    shares = [s.share is Share.SHARED for s in (*made.datas, *made.elems)]
    assert shares == [True, True, False, True, True, True, True, False]
    assert {str(e.type) for e in made.elems} == {"(shared funcref)"}
    assert parse_module(Source("t.wat", print_module(made))) == made


# --- rules --------------------------------------------------------------------------------------
@pytest.mark.parametrize("seg", OPTIONS)
def test_actions_on_the_drop_state(seg: Seg):
    """SG1 and SG2 with each option: order, whether there is an action at all, the places of the lock."""
    found = unfolded(
        SHARED, DATA, func("P0", "(data.drop $d)"), func("P1", INIT), func("P2", INIT), threads=("P0", "P1", "P2"),
        profile=replace(FORK, seg=seg),
    )  # fmt: skip
    events = [e for e in found.events if e.kind.value == "access"]
    states = [a for e in events for a in e.actions if a.location.region.field is Field.VAL]
    drops, inits = [a for a in states if isinstance(a, Write)], [a for a in states if isinstance(a, Read)]
    if seg in ("nop", "inst"):
        assert not states
    else:
        assert drops and inits and {a.order for a in states} == {ORDER.get(seg, Order.SEQCST)}
    held = {}
    for event in events:
        places = {a.location.region.of for a in event.actions if a.location.region.field is Field.LOCK}
        if places:
            held.setdefault(found.threads[event.thread].name, set()).update(places)
    numbers = {t.name: {1 + t.id} for t in found.threads}
    expected = {"P0": {0} | numbers["P1"] | numbers["P2"], "P1": numbers["P1"], "P2": numbers["P2"]}
    assert held == (expected if seg == "lock" else {})


# --- programs -----------------------------------------------------------------------------------
def run(seg: Seg, t1: str, t0: str, *show: str) -> set[tuple[object, ...]]:
    return results(
        replace(FORK, seg=seg),
        SHARED,
        DATA,
        f"(func $t1 shared (local $r i32) {t1})",
        func("P0", "(local $r i32) (fork $t1)", t0),
        show=show,
        model="wasm-acqrel",  # without acqrel actions it is wasm-threads
    )


@pytest.mark.parametrize("seg", OPTIONS)
def test_11a_store_buffering_on_the_drop_flag(seg: Seg):
    found = run(
        seg,
        f"(i32.atomic.store (i32.const 4) (i32.const 1)) {INIT}",
        "(data.drop $d) (local.set $r (i32.atomic.load (i32.const 4)))",
        "P0.r",
        "t1",
    )
    assert ((0, "done") in found) == (seg not in ("seqcst", "lock"))
    assert any(end == "trap" for _, end in found) == (seg not in ("nop", "inst"))


@pytest.mark.parametrize("seg", OPTIONS)
def test_11b_message_passing_through_an_init_that_the_drop_follows(seg: Seg):
    found = run(
        seg,
        f"(i32.store (i32.const 0) (i32.const 1)) {INIT}",
        "(data.drop $d) (local.set $r (i32.load (i32.const 0)))",
        "P0.r",
        "t1",
    )
    assert (1, "done") in found
    assert ((0, "done") in found) == (seg != "lock")


def _one_place(builder: Builder, store: Store) -> None:
    """The broken twin of `hold_locks`: all readers of a segment take the same place."""
    hold_locks(builder, store)
    for i, event in enumerate(builder.events):
        actions = {}
        for action in event.actions:
            region = action.location.region
            if region.field is Field.LOCK:
                region = replace(region, of=1)
            actions[region] = replace(action, location=replace(action.location, region=region))
        builder.events[i] = replace(event, actions=tuple(actions.values()))


@pytest.mark.parametrize("broken", (False, True))
def test_two_readers_of_a_lock_are_not_ordered(broken: bool, monkeypatch: pytest.MonkeyPatch):
    """SB around two inits, beside a drop: 0, 0 stays allowed, unless an init locks out another."""
    if broken:
        monkeypatch.setattr(whole, "hold_locks", _one_place)
    init = "(memory.init $d (i32.const {}) (i32.const 0) (i32.const 0))"
    found = results(
        replace(FORK, seg="lock"),
        SHARED,
        DATA,
        func(
            "P0",
            "(local $r i32) (i32.store (i32.const 0) (i32.const 1))",
            init.format(8),
            "(local.set $r (i32.load (i32.const 4)))",
        ),
        func(
            "P1",
            "(local $r i32) (i32.store (i32.const 4) (i32.const 1))",
            init.format(12),
            "(local.set $r (i32.load (i32.const 0)))",
        ),
        func("P2", "(data.drop $d)"),
        threads=("P0", "P1", "P2"),
        show=("P0.r", "P1.r"),
    )
    assert ((0, 0) in found) == (not broken)


@pytest.mark.parametrize("seg", OPTIONS)
def test_11c_a_drop_before_the_spawn(seg: Seg):
    """L6: the spawn edge makes the drop visible wherever there is one drop state for all."""
    found = results(
        replace(FORK, seg=seg),
        SHARED,
        DATA,
        f"(func $f shared (local $r i32) {INIT} (local.set $r (i32.const 1)))",
        func("P0", "(data.drop $d) (fork $f)"),
        show=("f", "f.r"),
    )
    assert found == ({("done", 1)} if seg in ("nop", "inst") else {("trap", 0)})


TABLE = module(
    '(table $t (export "t") shared 1 (shared funcref))',
    "(type $f (shared (func)))",
    func("go", "(call_indirect.seqcst (type $f) (i32.const 0))"),
)
ESCAPING = module(
    '(import "t" "t" (table $t shared 1 (shared funcref)))',
    '(memory (export "mem") 1 1 shared)',
    f"(func $f shared (i32.store (i32.const 4) (i32.const 1)) {INIT})",
    "(elem (table $t) (i32.const 0) (shared funcref) (ref.func $f))",
    '(data $d (i32.const 0) "\\01")',
)
"""f escapes through the table before the data segment is copied and dropped."""


def test_11d_escape_during_instantiation():
    """y = 1 says that f was called: its memory.init finds the segment that is still to come, or dropped."""
    early = Spawn(HostThread("a", (Invoke("t", "go"),)))
    make = Instantiate("m", ESCAPING, (Provider("t", "t"),))
    late = Spawn(HostThread("b", (Invoke("t", "go"),)))
    observed = (Cell("y", "m", "mem", 4, 4),)

    def run(*commands):
        main = HostThread("host", (Instantiate("t", TABLE), *commands), hidden=True)
        return Program("test", main, observed, ("y",))

    racing = outcomes(FORK, run(early, make), ("a", "y"))
    assert {("done", 1), ("trap", 1), ("trap", 0)} == racing  # 0: the table was still empty
    assert outcomes(FORK, run(make, late), ("b", "y")) == {("trap", 1)}


@pytest.mark.parametrize("bulk", ("check-once", "recheck"))
def test_an_init_checks_once_or_before_every_byte(bulk: Literal["check-once", "recheck"]):
    """DEC 19: the size is read by the first event alone, or with each byte."""
    grow = func("P1", "(drop (memory.grow (i32.const 1)))")
    init = func("P0", "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))")
    found = unfolded(
        '(memory (export "mem") 1 2 shared)', '(data $d "abc")', init, grow, profile=replace(FORK, bulk=bulk)
    )
    mine = [e for e in found.events if e.kind.value == "access" and found.threads[e.thread].name == "P0"]
    sizes = [any(a.location.region.field is Field.LEN for a in e.actions) for e in mine]
    assert sizes == [True, *[bulk == "recheck"] * 3]


# --- the lock by its definition --------------------------------------------------------------------
def _by_edges(structure: EventStructure, store_of: set[Region]) -> set[Outcome]:
    """The outcomes with happens-before edges between operations on a segment of which one is a drop, in either
    direction: the union over all choices."""
    users: dict[int, list[int]] = {}
    drops: set[int] = set()
    for event in structure.events:
        for action in event.actions:
            if action.location.region in store_of and action.order is not Order.INIT:
                users.setdefault(event.thread, []).append(event.id)
                if isinstance(action, Write):
                    drops.add(event.thread)
    pairs = [p for p in combinations(users, 2) if drops & set(p)]
    found: set[Outcome] = set()
    for turned in product((False, True), repeat=len(pairs)):
        ordered = [(b, a) if t else (a, b) for (a, b), t in zip(pairs, turned, strict=True)]
        edges = [edge for a, b in ordered for edge in product(users[a], users[b])]
        found |= set(Problem(replace(structure, asw=[*structure.asw, *edges]), load_model("wasm-threads")).outcomes())
    return found


def _random_thread(chance: random.Random, name: str) -> str:
    """An operation on the segment, between a store and a load."""
    here, there = chance.sample((0, 4), 2)
    operation = chance.choice(("(data.drop $d)", INIT.replace("8", "16"), INIT.replace("8", "20")))
    load = f"(local.set $r (i32.load (i32.const {there})))"
    return func(name, "(local $r i32)", f"(i32.store (i32.const {here}) (i32.const 1))", operation, load)


def _disagreements(monkeypatch: pytest.MonkeyPatch | None = None) -> int:
    if monkeypatch is not None:
        monkeypatch.setattr(whole, "hold_locks", _one_place)
    wrong = 0
    for seed in range(16):
        chance = random.Random(seed)
        names = ("P0", "P1", "P2")
        code = [_random_thread(chance, name) for name in names]
        made = program(SHARED, DATA, *code, threads=names)
        plain, locked = explore(made, profile=FORK), explore(made, profile=replace(FORK, seg="lock"))
        states = {Region(a, Field.VAL) for a in {x.location.region.addr for e in plain.events for x in e.actions}}
        found = set(Problem(locked, load_model("wasm-threads")).outcomes())
        wrong += found != _by_edges(plain, states)
    return wrong


def test_the_lock_is_edges_between_drops_and_the_rest(monkeypatch: pytest.MonkeyPatch):
    """One operation a thread. The broken twin, in which inits exclude each other, differs."""
    assert _disagreements() == 0
    assert _disagreements(monkeypatch) > 0
