"""Named litmus structures under each model, by brute force with the referee and with the model's text."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_of, outcomes_under
from semantics.axioms.referees import referee_for
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure, Status
from semantics.syntax.types import Order
from tests.semantics.structures import SEQCST, SMALL, UNORD, WAITING, Builder, equals, random_structure

MODELS = ("wasm", "paper-dag", "wasm-threads", "sc")
ALL = frozenset(MODELS)
NONE: frozenset[str] = frozenset()
WEAK = ALL - {"sc"}

Registers = dict[tuple[str, str], int]


def allowed(structure: EventStructure, name: str) -> set[Outcome]:
    referee = referee_for(name)
    assert referee is not None
    return outcomes_under(structure, referee)


def sb(order: Order) -> Builder:
    b = Builder()
    for n in range(2):
        t = b.thread(f"T{n}")
        t.store(n, 1, order)
        t.load(1 - n, order)
    return b


def mp(data: Order, flag: Order) -> Builder:
    b = Builder()
    first, second = b.thread("T0"), b.thread("T1")
    first.store(0, 1, data)
    first.store(1, 1, flag)
    second.load(1, flag)
    second.load(0, data)
    return b


def lb(order: Order) -> Builder:
    b = Builder()
    for n in range(2):
        t = b.thread(f"T{n}")
        t.load(n, order)
        t.store(1 - n, 1, order)
    return b


def corr(order: Order) -> Builder:
    b = Builder()
    b.thread("T0").store(0, 1, order)
    t = b.thread("T1")
    t.load(0, order)
    t.load(0, order)
    return b


def iriw(order: Order) -> Builder:
    b = Builder()
    for n in range(2):
        b.thread(f"T{n}").store(n, 1, order)
    for n in range(2):
        t = b.thread(f"T{n + 2}")
        t.load(n, order)
        t.load(1 - n, order)
    return b


def figure18() -> Builder:
    b = Builder()
    first, second = b.thread("T0"), b.thread("T1")
    first.store(0, 1, SEQCST)
    first.store(1, 1, SEQCST)
    second.store(0, 2, SEQCST)
    then, _ = second.branch(equals(second.load(1, SEQCST), 1))
    then.load(0)
    then.load(0)
    return b


def arm8() -> Builder:
    b = Builder()
    first, second = b.thread("T0"), b.thread("T1")
    first.store(0, 1, SEQCST)
    first.load(1, SEQCST)
    second.store(1, 1, SEQCST)
    second.store(0, 2)
    second.load(0, SEQCST)
    return b


def wide(order: Order, size: int = 2) -> Builder:
    b = Builder(size=size)
    b.thread("T0").store(0, 0x0101, order, 2, notears=True)
    b.thread("T1").store(0, 0x0202, order, 2, notears=True)
    b.thread("T2").load(0, order, 2, notears=True)
    return b


def tearing(offset: int) -> Builder:
    b = Builder(size=3)
    b.thread("T0").store(offset, 0x0101, UNORD, 2)
    b.thread("T1").store(offset, 0x0202, UNORD, 2)
    b.thread("T2").load(offset, UNORD, 2)
    return b


def size_mp() -> Builder:
    """MP through memory.size: a plain store, a growth; the size read, then the byte."""
    b = Builder()
    t = b.thread("T0")
    t.store(0, 1)
    t.grow(1)
    u = b.thread("T1")
    u.length(SEQCST)
    u.load(0)
    return b


def bounds_mp() -> Builder:
    """MP through a bounds check: the length is read by an access, unordered."""
    b = Builder()
    t = b.thread("T0")
    t.store(0, 1)
    t.grow(1)
    u = b.thread("T1")
    u.load(1, guard=True)
    u.load(0)
    return b


def fork_mp() -> Builder:
    b = Builder()
    t = b.thread("T0")
    t.store(0, 1)
    b.thread("T1", parent=t).load(0)
    return b


def spawn_race() -> Builder:
    b = Builder()
    t = b.thread("T0")
    u = b.thread("T1", parent=t)
    t.store(0, 1)
    u.load(0)
    return b


CASES: dict[str, tuple[Callable[[], Builder], Registers, frozenset[str]]] = {
    "SB seqcst": (lambda: sb(SEQCST), {("T0", "r0"): 0, ("T1", "r0"): 0}, frozenset({"paper-dag"})),
    "SB": (lambda: sb(UNORD), {("T0", "r0"): 0, ("T1", "r0"): 0}, WEAK),
    "MP seqcst": (lambda: mp(SEQCST, SEQCST), {("T1", "r0"): 1, ("T1", "r1"): 0}, NONE),
    "MP plain data": (lambda: mp(UNORD, SEQCST), {("T1", "r0"): 1, ("T1", "r1"): 0}, NONE),
    "MP": (lambda: mp(UNORD, UNORD), {("T1", "r0"): 1, ("T1", "r1"): 0}, WEAK),
    "LB seqcst": (lambda: lb(SEQCST), {("T0", "r0"): 1, ("T1", "r0"): 1}, NONE),
    "LB": (lambda: lb(UNORD), {("T0", "r0"): 1, ("T1", "r0"): 1}, WEAK),
    "CoRR seqcst": (lambda: corr(SEQCST), {("T1", "r0"): 1, ("T1", "r1"): 0}, NONE),
    "CoRR": (lambda: corr(UNORD), {("T1", "r0"): 1, ("T1", "r1"): 0}, WEAK),
    "IRIW": (lambda: iriw(UNORD), {(f"T{n}", f"r{i}"): 1 - i for n in (2, 3) for i in (0, 1)}, WEAK),
    "Fig. 18": (figure18, {("T1", "r0"): 1, ("T1", "r1"): 2, ("T1", "r2"): 1}, frozenset({"paper-dag"})),
    "ARM8": (arm8, {("T0", "r0"): 0, ("T1", "r0"): 1}, WEAK),
    "tearing seqcst": (lambda: wide(SEQCST), {("T2", "r0"): 0x0102}, NONE),
    "tearing aligned": (lambda: wide(UNORD), {("T2", "r0"): 0x0102}, NONE),
    "tearing by the instruction": (lambda: tearing(0), {("T2", "r0"): 0x0102}, frozenset({"wasm-threads"})),
    "tearing unaligned": (lambda: tearing(1), {("T2", "r0"): 0x0102}, WEAK),
    "MP by memory.size": (size_mp, {("T1", "r0"): 2, ("T1", "r1"): 0}, NONE),
    "MP by bounds check": (bounds_mp, {("T1", "r0"): 2, ("T1", "r2"): 0}, WEAK),
    "fork MP": (fork_mp, {("T1", "r0"): 0}, NONE),
    "spawn then race": (spawn_race, {("T1", "r0"): 0}, ALL),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts(name: str) -> None:
    build, registers, expected = CASES[name]
    structure = build().build()
    found = {
        model for model in MODELS if any(registers.items() <= dict(o.values).items() for o in allowed(structure, model))
    }
    assert found == expected


def test_iriw_seqcst_readers_agree() -> None:
    structure = iriw(SEQCST).build()
    registers = {(f"T{n}", f"r{i}"): 1 - i for n in (2, 3) for i in (0, 1)}
    for model in ("wasm", "wasm-threads", "sc"):
        assert not any(registers.items() <= dict(o.values).items() for o in allowed(structure, model))


@pytest.mark.parametrize("order", [SEQCST, UNORD])
def test_lost_wakeup(order: Order) -> None:
    """store; notify || wait: the paper lets the waiter sleep for ever, the proposal does not (systems.md A.11)."""
    b = Builder(size=1)
    t = b.thread("T0")
    t.store(0, 1, order)
    t.notify(0)
    b.thread("T1").wait(0, 0)
    structure = b.build()
    deadlock = {m for m in MODELS if any(o.status("T1") is Status.BLOCKED for o in allowed(structure, m))}
    assert deadlock == {"wasm", "paper-dag"}
    results = {(o.value(("T0", "n0")), o.value(("T1", "w0"))) for o in allowed(structure, "wasm-threads")}
    assert results == {(0, 1), (1, 0)}


def test_notify_both_sides_order_stores_in_the_proposal() -> None:
    """SB + notify || notify: 0, 0 is forbidden where suspensions are ordered."""
    b = Builder(size=2)
    for n in range(2):
        t = b.thread(f"T{n}")
        t.store(n, 1)
        t.notify(0)
        t.load(1 - n)
    structure = b.build()
    zero = {("T0", "r1"): 0, ("T1", "r1"): 0}
    found = {m for m in MODELS if any(zero.items() <= dict(o.values).items() for o in allowed(structure, m))}
    assert found == {"wasm", "paper-dag"}


@pytest.mark.parametrize("name", MODELS)
def test_outcomes_by_text_equal_outcomes_by_referee(name: str) -> None:
    model, referee = load_model(name), referee_for(name)
    assert referee is not None
    sizes = 0
    for seed in range(25):
        structure = random_structure(random.Random(seed), WAITING if seed % 3 == 0 else SMALL)
        universe = (0, 1, 2, 3)
        by_text = outcomes_of(structure, model, prune=name == "sc", universe=universe)
        assert by_text == outcomes_under(structure, referee, universe=universe)
        sizes += len(by_text)
    assert sizes > 80
