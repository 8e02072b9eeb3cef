"""Metamorphic properties: what a change of the program, the model or the bound may do to the set of outcomes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from litmus.language import Test, load
from semantics.axioms import load_model
from semantics.diagnostics import Source
from semantics.exploration import explore
from semantics.exploration.program import Bounds
from semantics.solver import Problem
from tests.litmus.random_programs import PAGE, Op, RandomProgram, crowd, generate

MODELS = ("wasm", "paper-dag", "wasm-threads", "sc")
SEEDS = range(6)
BATCH = 5

Final = tuple[frozenset[tuple[tuple[str, str], int]], frozenset[tuple[str, str]]]
"""((thread, register), value) and (thread, status)."""


def finals(text: str, models: Sequence[str], bound: int = 8) -> list[tuple[set[Final], bool]]:
    """Under each model: the outcomes, and whether they are known to be all."""
    test = load(Source("random.litmus", text))
    assert isinstance(test, Test)
    structure = explore(test.program, Bounds(loop=bound))
    answers = []
    for name in models:
        problem = Problem(structure, load_model(name))
        found = problem.outcomes()
        complete = found.complete and not structure.incomplete and problem.cut_reachable() is False
        values = {(frozenset(o.values), frozenset((t, s.value) for t, s in o.statuses)) for o in found}
        answers.append((values, complete))
    return answers


def outcomes(program: RandomProgram, models: Sequence[str] = MODELS) -> list[set[Final]]:
    """Under each model: all outcomes of a program without loops."""
    answers = finals(program.litmus(), models)
    assert all(complete for _, complete in answers)
    return [found for found, _ in answers]


def programs(
    seed: int, make: Callable[[random.Random], RandomProgram] = generate, count: int = BATCH
) -> list[RandomProgram]:
    rng = random.Random(f"metamorphic {seed}")
    return [make(rng) for _ in range(count)]


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_threads_does_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    for program in programs(seed):
        order = rng.sample(range(len(program.threads)), len(program.threads))
        back = {f"T{new}": f"T{old}" for new, old in enumerate(order)}

        def renamed(final: Final, back: dict[str, str] = back) -> Final:
            values, statuses = final
            return (
                frozenset(((back[t], r), v) for (t, r), v in values),
                frozenset((back.get(t, t), s) for t, s in statuses),
            )

        permuted = RandomProgram(tuple(program.threads[old] for old in order))
        for ours, theirs in zip(outcomes(program), outcomes(permuted), strict=True):
            assert ours == {renamed(final) for final in theirs}, program.litmus()


def moved(program: RandomProgram, to: Callable[[int], int]) -> RandomProgram:
    """The program with other addresses."""
    return RandomProgram(tuple(tuple(replace(op, address=to(op.address)) for op in t) for t in program.threads))


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_locations_do_not_matter(seed: int) -> None:
    """Shifting all accesses by words, and swapping two words that accesses do not straddle."""
    for program in programs(seed):
        if all(op.address < PAGE - 8 for thread in program.threads for op in thread):
            assert outcomes(program) == outcomes(moved(program, lambda address: address + 40)), program.litmus()
    for program in programs(seed, crowd):
        assert outcomes(program) == outcomes(moved(program, lambda address: 4 - address)), program.litmus()


def weak(op: Op) -> bool:
    """An unord access that may be made seqcst: aligned, as atomic accesses must be."""
    return not op.atomic and (op.kind in ("get", "set") or (op.kind in ("load", "store") and op.address % op.size == 0))


def strengthened(program: RandomProgram, chosen: Callable[[Op], bool]) -> RandomProgram:
    """The program with some of its unord accesses made seqcst."""
    return RandomProgram(
        tuple(tuple(replace(op, atomic=op.atomic or (weak(op) and chosen(op))) for op in t) for t in program.threads)
    )


@pytest.mark.parametrize("make", [generate, crowd])
@pytest.mark.parametrize("seed", SEEDS)
def test_seqcst_adds_no_outcome(seed: int, make: Callable[[random.Random], RandomProgram]) -> None:
    """Every axiom is antitone in synchronisation; under sc.cat the order of an access says nothing at all."""
    rng = random.Random(seed)
    for program in programs(seed, make):
        some = strengthened(program, lambda _: rng.random() < 0.5)
        every = strengthened(some, lambda _: True)
        for stronger, weaker in pairwise([outcomes(p) for p in (every, some, program)]):
            assert all(s <= w for s, w in zip(stronger, weaker, strict=True)), program.litmus()
            assert stronger[MODELS.index("sc")] == weaker[MODELS.index("sc")], program.litmus()


def released(program: RandomProgram, chosen: Callable[[Op], bool]) -> RandomProgram:
    """The program with some of its seqcst accesses, fences and exchanges made acqrel."""
    known = ("load", "store", "add", "cmpxchg", "get", "set")
    return RandomProgram(
        tuple(
            tuple(replace(op, acqrel=op.atomic and op.kind in known and chosen(op)) for op in thread)
            for thread in program.threads
        )
    )


@pytest.mark.parametrize("make", [generate, crowd])
@pytest.mark.parametrize("seed", SEEDS)
def test_acqrel_is_between_unord_and_seqcst(seed: int, make: Callable[[random.Random], RandomProgram]) -> None:
    """unord to acqrel adds no outcome, nor does acqrel to seqcst; without acqrel the model is the proposal's."""
    rng = random.Random(f"acqrel {seed}")
    for program in programs(seed, make):
        every = strengthened(program, lambda _: True)
        steps = [every, released(every, lambda _: rng.random() < 0.5), released(every, lambda _: True)]
        found = [outcomes(p, ("wasm-acqrel",))[0] for p in (*steps, released(program, lambda _: True))]
        assert all(stronger <= weaker for stronger, weaker in pairwise(found)), program.litmus()
        assert found[0] == outcomes(every, ("wasm-threads",))[0], program.litmus()


def test_acqrel_is_neither() -> None:
    """Some programs have more outcomes with acqrel than with seqcst, and fewer than with unord."""
    weaker = stronger = 0
    for program in programs(0, crowd, 80):
        plain = RandomProgram(tuple(tuple(replace(op, atomic=False) for op in t) for t in program.threads))
        every = strengthened(plain, lambda _: True)
        sc, ar, un = (outcomes(p, ("wasm-acqrel",))[0] for p in (every, released(every, lambda _: True), plain))
        weaker += sc < ar
        stronger += ar < un
    assert min(weaker, stronger) > 0, (weaker, stronger)


@pytest.mark.parametrize("seed", SEEDS)
def test_models_are_ordered(seed: int) -> None:
    """Every interleaving is an execution of each model; without the highlighted conditions there are no fewer."""
    for program in [*programs(seed), *programs(seed, crowd)]:
        paper, dag, threads, sc = outcomes(program)
        assert sc <= paper <= dag, program.litmus()
        assert sc <= threads, program.litmus()


@pytest.mark.parametrize("seed", SEEDS)
def test_without_races_there_is_sequential_consistency(seed: int) -> None:
    """All accesses seqcst and of one size: no data race, so that no model but paper-dag has more than sc.cat."""
    for program in programs(seed, crowd, 6 * BATCH):  # many, so that a shape like store buffering is among them
        paper, threads, sc = outcomes(strengthened(program, lambda _: True), ("wasm", "wasm-threads", "sc"))
        assert paper == threads == sc, program.litmus()


def looping(rng: random.Random) -> str:
    """Two threads; the first repeats itself for as long as a register of its own asks for it. With a counter every
    iteration makes a difference and the bound is reached; without, some iterations only wait."""
    program = crowd(rng)
    body, other = program.threads
    if not (read := next((op.register for op in body if op.register), None)):
        body, read = (Op("load", 0, atomic=True, register="r0"), *body[:1]), "r0"
    program = RandomProgram((body, other))
    count = "(local.set $n (i32.add (local.get $n) (i32.const 1)))" if rng.random() < 0.3 else ""
    lines = program.litmus().split("\n")
    begin = lines.index("thread T0 {")
    end = lines.index("}", begin)
    again = f"  {count} (br_if $again (i32.ne (local.get ${read}) (i32.const {rng.choice((0, 1, 2))}))))"
    text = "\n".join([*lines[: begin + 1], "  (loop $again", *lines[begin + 1 : end], again, *lines[end:]])
    return text.replace("memory 1 2;", "memory 1 2; i32 0:n = 0;").replace("locations [", "locations [0:n; ")


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_only_add(seed: int) -> None:
    """A larger bound loses no outcome, and finds none where a smaller one claims to have found all."""
    rng = random.Random(f"looping {seed}")
    for text in (looping(rng) for _ in range(BATCH)):
        levels = [finals(text, ("wasm", "sc"), bound) for bound in (1, 2, 4)]
        for smaller, larger in pairwise(levels):
            for (few, all_of_them), (many, _) in zip(smaller, larger, strict=True):
                assert few <= many, text
                assert few == many or not all_of_them, text


def test_loops_are_of_both_kinds() -> None:
    """The programs of test_bounds_only_add: some reach their bound, some are known to be complete, and some of these
    have outcomes."""
    seen = {
        (complete, bool(found))
        for seed in SEEDS
        for rng in [random.Random(f"looping {seed}")]
        for text in (looping(rng) for _ in range(BATCH))
        for found, complete in finals(text, ("sc",), 2)
    }
    assert {(True, True), (False, True)} <= seen
