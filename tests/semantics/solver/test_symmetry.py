"""Interchangeable threads: symmetry changes no answer, and threads that differ are not taken for alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from math import factorial
from pathlib import Path

import pytest

from litmus.language import Test, load
from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.referees import referee_for
from semantics.diagnostics import Source
from semantics.execution.outcomes import And, Equals, HasStatus, Not, Or, Outcome, Proposition, Same, holds
from semantics.execution.structure import EventStructure, Status
from semantics.exploration import explore
from semantics.solver import OutcomeSet, Problem, encoding, search, symmetry
from semantics.solver.orbits import arrangements, unmoved
from semantics.solver.plans import plan_of
from semantics.solver.spawning import blind
from semantics.solver.symmetry import interchangeable
from tests.litmus.random_programs import Op, RandomProgram, generate
from tests.semantics.structures import SEQCST, Builder

MODELS = ("wasm", "paper-dag", "wasm-threads", "sc")
WASM = load_model("wasm")


def structure_of(program: RandomProgram) -> EventStructure:
    test = load(Source("random.litmus", program.litmus()))
    assert isinstance(test, Test)
    return explore(test.program)


def coupled(rng: random.Random) -> tuple[Op, ...]:
    """One or two atomic operations, most of them on one word."""
    ops: list[Op] = []
    for i in range(rng.choice((1, 1, 2))):
        kind = rng.choice(("add", "add", "cmpxchg", "load")) if i == 0 else rng.choice(("add", "load", "store"))
        register = "" if kind == "store" else f"r{i}"
        address, when = rng.choice((0, 0, 0, 4)) if i else 0, "r0" if i and rng.random() < 0.3 else ""
        ops.append(Op(kind, address, 4, True, rng.choice((1, 2)), rng.choice((0, 1)), register, when))
    return tuple(ops)


def duplicated(rng: random.Random) -> RandomProgram:
    """A small program of which one thread occurs two or three times, sometimes between others."""
    threads = [coupled(rng), coupled(rng)] if rng.random() < 0.7 else list(generate(rng).threads)
    short = min(threads, key=len)
    copies = [short] * (2 if len(short) > 1 else 3)
    others = [t for t in threads if t is not short][:1]
    mixed = [*others, *copies] if rng.random() < 0.5 else [copies[0], *others, *copies[1:]]
    return RandomProgram(tuple(mixed))


def altered(rng: random.Random) -> RandomProgram:
    """A thread and its copy, in which one value is another."""
    thread = coupled(rng)
    copy = (replace(thread[0], value=3 - thread[0].value), *thread[1:])
    return RandomProgram((thread, copy, coupled(rng)))


def counters(n: int) -> EventStructure:
    b = Builder(size=1)
    for i in range(n):
        b.thread(f"T{i}").rmw(0, "add", 1)
    return b.build()


def folded(found: OutcomeSet) -> bool:
    return any(part.classes for part in found.parts)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Symmetry from two threads on, and for every question."""
    for module in (symmetry, search, encoding):
        monkeypatch.setattr(module, "LEAST", 2)
    monkeypatch.setattr(encoding, "QUICK", 1)


def plain(structure: EventStructure, name: str, monkeypatch: pytest.MonkeyPatch) -> set[Outcome]:
    """The outcomes without symmetry."""
    with monkeypatch.context() as patch:
        patch.setattr(encoding, "interchangeable", lambda structure, plan: [])
        return set(Problem(structure, load_model(name)).outcomes())


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", MODELS)
def test_symmetry_changes_no_outcome(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    used = 0
    for _ in range(12):
        program = duplicated(rng)
        structure = structure_of(program)
        problem = Problem(structure, load_model(name))
        found = problem.outcomes()
        used += folded(found)
        listed = list(found)
        assert found.complete and found.count() == len(listed) == len(set(listed)), program.litmus()
        assert set(listed) == plain(structure, name, monkeypatch), program.litmus()
        for outcome in listed[:2]:
            assert problem.witness(outcome).outcome == outcome
    assert used >= 3


def careless(self: object, thread: int) -> object:
    """A broken twin of the test: takes all threads of a size to be alike."""
    return "alike"


@pytest.mark.usefixtures("eager")
def test_the_property_catches_threads_that_are_not_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symmetry._Forms, "of", careless)
    wrong = 0
    rng = random.Random(7)
    for _ in range(30):
        structure = structure_of(altered(rng))
        wrong += set(Problem(structure, WASM).outcomes()) != plain(structure, "wasm", monkeypatch)
    assert wrong >= 3


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("seed", range(4))
def test_questions_are_answered_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(100 + seed)
    for _ in range(8):
        structure = structure_of(duplicated(rng))
        outcomes = plain(structure, "wasm", monkeypatch)
        names = [t.name for t in structure.threads if not t.hidden]
        registers = sorted({o for outcome in outcomes for o, _ in outcome.values})
        problem = Problem(structure, WASM)
        for _ in range(6):
            p = proposition(rng, names, registers)
            answer = any(holds(p, outcome) for outcome in outcomes)
            assert problem.possible(p) is answer
            if not answer:
                problem.reach(p)


def proposition(rng: random.Random, names: list[str], registers: list[tuple[str, str]]) -> Proposition:
    """A random proposition, half of the time one that speaks of all threads alike."""

    def atom() -> Proposition:
        if not registers or rng.random() < 0.1:
            return HasStatus(rng.choice(names), Status.TRAP)
        if rng.random() < 0.3:
            return Same(rng.choice(registers), rng.choice(registers))
        return Equals(rng.choice(registers), rng.choice((0, 1, 2, 0x0201)))

    if registers and rng.random() < 0.5:
        _, register = rng.choice(registers)
        value = rng.choice((0, 1, 2))
        parts = tuple(Equals((name, register), value) for name in names)
        return Not(And(parts)) if rng.random() < 0.5 else Not(Or(parts))
    both = (atom(), Not(atom()) if rng.random() < 0.5 else atom())
    return And(both) if rng.random() < 0.7 else Or(both)


def test_counters_are_one_orbit() -> None:
    found = Problem(counters(8), WASM).outcomes()
    assert found.complete and found.count() == factorial(8)
    assert [len(part.rows) for part in found.parts if part.classes] == [1]
    first = next(iter(found))
    assert sorted(v for _, v in first.values) == list(range(8))


def test_brute_force_agrees() -> None:
    referee = referee_for("wasm")
    assert referee is not None
    found = Problem(counters(3), WASM).outcomes()
    assert folded(found) and set(found) == outcomes_under(counters(3), referee)


def test_a_limit_counts_outcomes_not_orbits() -> None:
    problem = Problem(counters(5), WASM)
    few = problem.outcomes(limit=7)
    assert len(few) == 7 == len(set(few)) and not few.complete
    assert problem.outcomes(limit=120).count() == 120


def test_independent_threads_stay_factors() -> None:
    b = Builder(size=1)
    b.thread("W").store(0, 1)
    for i in range(12):
        b.thread(f"R{i}").load(0)
    found = Problem(b.build(), WASM).outcomes()
    assert found.count() == 2**12 and not folded(found)


# -- what is alike


def test_threads_that_differ_in_anything_are_not_alike() -> None:
    plan = plan_of(WASM)

    def classes(*changes: Callable[[int], Op]) -> list[list[int]]:
        threads = tuple(tuple(change(i) for change in changes) for i in range(3))
        return interchangeable(structure_of(RandomProgram(threads)), plan)

    add = Op("add", 0, 4, True, 1, register="r0")
    assert len(classes(lambda i: add)) == 1
    assert classes(lambda i: replace(add, value=1 + (i == 2))) == []
    assert classes(lambda i: replace(add, address=4 * (i == 1))) == []
    assert classes(lambda i: replace(add, register=f"r{i == 0:d}")) == []
    load_ = Op("load", 0, 2, False, register="r0")
    assert len(classes(lambda i: load_, lambda i: add)) == 1
    assert classes(lambda i: replace(load_, atomic=i == 2), lambda i: add) == []
    assert classes(lambda i: add, lambda i: Op("store", 4, 4, True, 1, when="r0" if i else "")) == []


def test_a_thread_of_which_others_speak_is_unlike() -> None:
    b = Builder(size=2)
    symbols = [b.thread(f"T{i}").rmw(0, "add", 1) for i in range(4)]
    b.thread("R").store(1, symbols[0])
    assert interchangeable(b.build(), plan_of(WASM)) == [[2, 3, 4]]


def test_threads_created_at_different_places_are_unlike() -> None:
    b = Builder(size=2)
    parent = b.thread("P")
    early = [b.thread(f"T{i}", parent=parent) for i in range(3)]
    parent.store(1, 1)
    late = [b.thread(f"T{3 + i}", parent=parent) for i in range(3)]
    for t in (*early, *late):
        t.load(1)
        t.rmw(0, "add", 1)
    structure = b.build()
    ids = [[t.node.thread for t in group] for group in (early, late)]
    assert interchangeable(structure, plan_of(WASM)) == ids


@pytest.mark.parametrize("name", MODELS)
def test_the_models_do_not_see_the_order_of_spawns(name: str) -> None:
    assert blind(plan_of(load_model(name)))


SEEING = (
    "irreflexive po ; asw ; po as x",
    "irreflexive (po ; po)^+ as x",
    "empty po \\ asw as x",
    "let far = po^+\nirreflexive far ; far ; asw as x",
    "empty [MARK] ; po ; [MARK] as x",
    "~empty po as x",
)


@pytest.mark.parametrize("text", SEEING)
def test_a_model_that_may_see_them_gets_no_symmetry(text: str, tmp_path: Path) -> None:
    path = tmp_path / "seeing.cat"
    path.write_text(f'"seeing"\n{text}\n')
    model = load_model(str(path))
    assert not blind(plan_of(model))
    assert interchangeable(counters(3), plan_of(model)) == []


# -- orbits


def test_arrangements_are_the_distinct_permutations() -> None:
    for items in ("", "a", "aab", "abc", "aabb", "caba"):
        listed = [tuple(a) for a in arrangements(items)]
        assert len(listed) == len(set(listed)) and set(listed) == set(permutations(items))


def test_what_a_proposition_does_not_tell_apart() -> None:
    names = ["T0", "T1", "T2", "T3"]
    assert unmoved(Equals(("", "x"), 1), names) == [names]
    assert unmoved(Equals(("T1", "r0"), 1), names) == [["T0", "T2", "T3"], ["T1"]]
    both = And((Equals(("T0", "r0"), 1), Equals(("T2", "r0"), 1)))
    assert unmoved(both, names) == [["T1", "T3"], ["T0", "T2"]]
    chain = Or((Same(("T0", "r0"), ("T1", "r0")), Same(("T2", "r0"), ("T1", "r0"))))
    assert unmoved(chain, names) == [["T3"], ["T0", "T2"], ["T1"]]
    assert unmoved(Not(And((*both.operands, Equals(("T0", "r1"), 1)))), names) == [["T1", "T3"], ["T0"], ["T2"]]


def test_seqcst_reads_of_a_race_expand_to_all_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder(size=1)
    for i in range(2):
        b.thread(f"W{i}").store(0, i + 1, SEQCST)
    for i in range(4):
        t = b.thread(f"R{i}")
        t.load(0, SEQCST)
        t.load(0, SEQCST)
    structure = b.build()
    found = Problem(structure, WASM).outcomes()
    assert folded(found) and set(found) == plain(structure, "wasm", monkeypatch)
