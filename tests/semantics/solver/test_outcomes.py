"""The solver finds what brute force finds, for every model, and every witness is one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.candidates import ill_formed
from semantics.axioms.evaluate import check
from semantics.axioms.model import Model
from semantics.axioms.referees import referee_for
from semantics.execution.outcomes import And, Equals
from semantics.execution.structure import EventStructure, Kind, Origin, Status, SymbolInfo
from semantics.runtime.actions import Field, Location, Region, Rmw, Write
from semantics.solver import Problem, search
from semantics.solver.orders import Order
from semantics.syntax.types import Order as AccessOrder
from semantics.terms import Sym
from tests.semantics.solver import shapes
from tests.semantics.structures import (
    FENCED,
    RELEASING,
    SEQCST,
    SMALL,
    SYNCHRONISING,
    UNORD,
    WAITING,
    Builder,
    Shape,
    random_structure,
)

MODELS = ("wasm", "paper-dag", "wasm-threads", "sc")
TINY = replace(SMALL, most=5)
WIDE = Shape(threads=(2, 2), accesses=(1, 2), wide=0.8, seqcst=0.1, rmw=0.1, other=0, guard=0, depends=0)
QUEUES = Shape(threads=(3, 3), accesses=(1, 2), bytes=1, wide=0, waits=0.75, other=0, guard=0, branch=0.05, spawn=0.05)
BRANCHING = Shape(threads=(2, 2), accesses=(1, 3), branch=0.5, depends=0.4, spawn=0.3, other=0.2, most=4)
OBJECTS = Shape(threads=(2, 2), accesses=(1, 3), wide=0, other=0.6, objects=0.4, branch=0, most=4)
COUNTING = Shape(threads=(2, 3), accesses=(1, 2), bytes=1, rmw=0.6, depends=0.3, most=3)
BATCHES = {
    "tiny": (TINY, 40),
    "wide": (WIDE, 40),
    "waiting": (WAITING, 40),
    "queues": (QUEUES, 40),
    "synchronising": (SYNCHRONISING, 40),
    "branching": (BRANCHING, 20),
    "counting": (COUNTING, 15),
}


def values(problem: Problem) -> set[tuple[int, ...]]:
    """The values of the outcomes, by observable."""
    return {tuple(v for _, v in outcome.values) for outcome in problem.outcomes()}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", MODELS)
def test_outcomes_are_those_of_brute_force(name: str, batch: str) -> None:
    shape, number = BATCHES[batch]
    model, referee = load_model(name), referee_for(name)
    assert referee is not None
    for seed in range(number):
        structure = random_structure(random.Random(seed), shape)
        found = Problem(structure, model).outcomes()
        listed = list(found)
        assert found.complete and found.count() == len(listed) == len(set(listed)), seed
        assert set(listed) == outcomes_under(structure, referee), seed


OTHERS = (
    "js",
    "js-es2018",
    "wasm-acqrel",
    "wasm-acqrel[+alloc-first,+grow-first,-fence]",
    "wasm[+fence,+js-cs]",
    "paper-dag[+fence,+notears,+alloc-first]",
    "wasm-threads[+alloc-first,+grow-first,+no-oota-refs]",
    "wasm-threads[-fifo-cs,-notears,+fence]",
)
SOME = {"tiny": TINY, "wide": WIDE, "queues": QUEUES, "fenced": FENCED, "releasing": RELEASING, "objects": OBJECTS}


@pytest.mark.parametrize("name", OTHERS)
def test_other_models_and_readings_are_those_of_brute_force(name: str) -> None:
    model, referee = load_model(name), referee_for(name)
    assert referee is not None
    for batch, shape in SOME.items():
        for seed in range(12):
            structure = random_structure(random.Random(f"{batch} {seed}"), shape)
            problem = Problem(structure, model)
            found = problem.outcomes()
            assert found.complete and set(found) == outcomes_under(structure, referee), (batch, seed)
            for outcome in list(found)[:1]:
                witness = problem.witness(outcome)
                assert check(model, witness) == [] and referee.judge(witness) == [], (batch, seed)


def with_exchanges(structure: EventStructure) -> EventStructure:
    """The structure with a read-modify-write of one location of its own in place of every fence."""
    own, made = Region(9, Field.VAL), replace(structure, events=list(structure.events), symbols=dict(structure.symbols))
    first = made.events[0]
    made.events[0] = replace(first, actions=(*first.actions, Write(AccessOrder.INIT, Location(own), 1, 0)))
    for event in structure.events:
        if event.kind is Kind.FENCE:
            old = Sym(1000 + event.id, 32, "fence")
            made.symbols[old] = SymbolInfo(Origin.READ, event.id, own)
            exchange = Rmw(Location(own), 1, old, event.id)
            made.events[event.id] = replace(event, kind=Kind.ACCESS, actions=(exchange,))
    return made


@pytest.mark.parametrize("name", ["wasm", "wasm-threads"])
def test_fences_that_order_are_exchanges_of_a_location_of_their_own(name: str) -> None:
    b, differ = Builder(size=2), 0
    for n in range(2):
        t = b.thread(f"T{n}")
        t.store(n, 1)
        t.fence()
        t.load(1 - n)
    drawn = [random_structure(random.Random(f"fences {seed}"), FENCED) for seed in range(60)]
    for seed, structure in enumerate([*drawn, b.build()]):
        found = set(Problem(structure, load_model(f"{name}[+fence]")).outcomes())
        assert found == set(Problem(with_exchanges(structure), load_model(name)).outcomes()), seed
        differ += found != set(Problem(structure, load_model(name)).outcomes())
    assert differ


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", MODELS)
def test_witnesses_are_consistent_candidates(name: str, batch: str) -> None:
    shape, _ = BATCHES[batch]
    model = load_model(name)
    for seed in range(100, 110):
        problem = Problem(random_structure(random.Random(seed), shape), model)
        for outcome in list(problem.outcomes())[:4]:
            witness = problem.witness(outcome)
            assert witness.outcome == outcome
            assert ill_formed(witness, waiting=model.waiting) == [], seed
            assert check(model, witness) == [], seed


CLASSIC_SEQCST = {
    "SB": {(0, 1), (1, 0), (1, 1)},
    "MP": {(0, 0), (0, 1), (1, 1)},
    "LB": {(0, 0), (0, 1), (1, 0)},
    "CoRR": {(0, 0), (0, 1), (1, 1)},
    "2+2W": {(1, 2), (2, 1), (2, 2)},
}


@pytest.mark.parametrize("shape", CLASSIC_SEQCST)
def test_classic_shapes(shape: str) -> None:
    make = shapes.CLASSIC[shape]
    assert values(Problem(make(SEQCST), load_model("wasm"))) == CLASSIC_SEQCST[shape]
    for order in AccessOrder.UNORD, AccessOrder.SEQCST:
        assert values(Problem(make(order), load_model("sc"))) == CLASSIC_SEQCST[shape]
    plain = values(Problem(make(UNORD), load_model("wasm")))
    assert len(plain) == 4 and plain > CLASSIC_SEQCST[shape]


def test_independent_reads_of_independent_writes() -> None:
    disagree = (1, 0, 1, 0)
    assert disagree not in values(Problem(shapes.iriw(SEQCST), load_model("wasm")))
    assert disagree in values(Problem(shapes.iriw(UNORD), load_model("wasm")))


def test_figure_18() -> None:
    assert (1, 2, 1) not in values(Problem(shapes.figure18(), load_model("wasm")))
    assert (1, 2, 1) in values(Problem(shapes.figure18(), load_model("paper-dag")))


@pytest.mark.parametrize("n", (2, 5, 9))
def test_a_ring_of_store_buffers(n: int) -> None:
    assert Problem(shapes.ring(n, SEQCST), load_model("wasm")).outcomes().count() == 2**n - 1
    assert Problem(shapes.ring(n, UNORD), load_model("wasm")).outcomes().count() == 2**n


def test_free_reads_stay_factored() -> None:
    b = Builder(size=1)
    for i in range(20):
        b.thread(f"W{i}").store(0, i + 1)
        b.thread(f"R{i}").load(0)
    found = Problem(b.build(), load_model("wasm")).outcomes()
    assert found.count() == 21**20


def test_rmw_counters() -> None:
    b = Builder(size=1)
    for i in range(4):
        b.thread(f"T{i}").rmw(0, "add", 1)
    found = values(Problem(b.build(), load_model("wasm")))
    assert len(found) == 24 and all(sorted(row) == [0, 1, 2, 3] for row in found)


def test_a_limit_is_said() -> None:
    problem = Problem(shapes.ring(6, SEQCST), load_model("wasm"))
    few = problem.outcomes(limit=5)
    assert len(few) == 5 == len(list(few)) and not few.complete and "5" in few.reasons[0]
    assert problem.outcomes(limit=1000).complete


def test_problems_take_turns_in_the_solver() -> None:
    first, second = Problem(shapes.sb(SEQCST), load_model("wasm")), Problem(shapes.lb(UNORD), load_model("wasm"))
    assert [p.outcomes().count() for p in (first, second, first, second)] == [3, 4, 3, 4]


# -- the property can fail


def without(model: Model, name: str) -> Model:
    """The model without one check."""
    return replace(model, checks=tuple(c for c in model.checks if c.name != name))


def aimed() -> list[EventStructure]:
    """Structures of which, for every check of the paper's model, some notices that it is gone."""
    classic = [make(SEQCST) for make in shapes.CLASSIC.values()]
    torn = [random_structure(random.Random(seed), WIDE) for seed in range(40)]
    written = [mixed_message(), own_write(), exchange_between(), wake_each_other()]
    return [*classic, *written, shapes.figure18(), *torn]


def mixed_message() -> EventStructure:
    """Message passing with plain data: only hb-consistent-3 hides the initial value."""
    b = Builder(size=2)
    first, second = b.thread("T0"), b.thread("T1")
    first.store(0, 1)
    first.store(1, 1, SEQCST)
    second.load(1, SEQCST)
    second.load(0)
    return b.build()


def own_write() -> EventStructure:
    """A thread reads before it writes: only hb-consistent-1 forbids to read that write."""
    b = Builder(size=1)
    t = b.thread("T0")
    t.load(0)
    t.store(0, 1)
    return b.build()


def exchange_between() -> EventStructure:
    """Two threads write x and read it back, a third exchanges it: no two may each see the other's write in between."""
    b = Builder(size=1)
    for name, value in (("T0", 1), ("T1", 3)):
        t = b.thread(name)
        t.store(0, value, SEQCST)
        t.load(0, SEQCST)
    b.thread("T2").rmw(0, "xchg", 5)
    return b.build()


def wake_each_other() -> EventStructure:
    """Two threads that wait and, when woken, wake the other: a cycle in hb that no read takes part in."""
    b = Builder(size=2)
    for i, name in enumerate(("T0", "T1")):
        unequal, woken = b.thread(name).wait(i, 0)
        woken.notify(1 - i)
        unequal.end(Status.TRAP)
    return b.build()


@pytest.mark.parametrize("name", [c.name for c in load_model("wasm").checks])
def test_every_check_of_the_model_is_encoded(name: str) -> None:
    """Dropping a check changes some outcome set. tot contains hb: hb-strict matters where there is no tot."""
    model = load_model("wasm")
    if name == "hb-strict":
        plain = ("hb-strict", "hb-consistent-1", "hb-consistent-3", "no-tear")
        model = replace(model, linearisations=(), checks=tuple(c for c in model.checks if c.name in plain))
    assert any(values(Problem(s, model)) != values(Problem(s, without(model, name))) for s in aimed())


def test_without_transitivity_of_the_order_brute_force_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Order, "_triangles", lambda self, emit: None)
    referee = referee_for("wasm")
    assert referee is not None
    structures = [shapes.sb(SEQCST), shapes.lb(SEQCST)]
    wrong = [s for s in structures if set(Problem(s, load_model("wasm")).outcomes()) != outcomes_under(s, referee)]
    assert wrong


def test_a_model_whose_order_no_check_mentions() -> None:
    model = load_model("sc")
    bare = replace(model, checks=())
    problem = Problem(shapes.sb(UNORD), bare)
    for outcome in problem.outcomes():
        assert check(bare, problem.witness(outcome)) == []


def test_long_chains_do_not_exhaust_the_stack() -> None:
    """A message handed on by 300 threads: each closure variable needs the next."""
    n = 300
    b = Builder(size=n + 1)
    first = b.thread("T0")
    first.store(n, 1)
    first.store(0, 1, SEQCST)
    for i in range(1, n):
        t = b.thread(f"T{i}")
        t.load(i - 1, SEQCST)
        t.store(i, 1, SEQCST)
    last = b.thread("R")
    last.load(n - 1, SEQCST)
    last.load(n)
    problem = Problem(b.build(), load_model("wasm"))
    ones = And(tuple(Equals((f"T{i}", "r0"), 1) for i in range(1, n)))
    seen = Equals(("R", "r0"), 1)
    assert problem.possible(And((ones, seen, Equals(("R", "r1"), 1)))) is True
    assert problem.possible(And((ones, seen, Equals(("R", "r1"), 0)))) is False


@pytest.mark.parametrize("patience", (0, 1, 2, 1000))
def test_blocking_clauses_may_take_over_at_any_time(patience: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_PATIENCE", patience)
    b = Builder(size=1)
    for i in range(4):
        b.thread(f"T{i}").rmw(0, "add", 1)
    assert len(values(Problem(b.build(), load_model("wasm")))) == 24
    assert Problem(shapes.ring(6, SEQCST), load_model("wasm")).outcomes().count() == 63


def test_short_cores_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_LONG", 2)
    referee = referee_for("wasm")
    assert referee is not None
    for seed in range(10):
        structure = random_structure(random.Random(seed), COUNTING)
        assert set(Problem(structure, load_model("wasm")).outcomes()) == outcomes_under(structure, referee), seed
