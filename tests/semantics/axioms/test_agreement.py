"""The text of each shipped model says what its referee says, and every axiom of wasm.cat matters."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from semantics.axioms import load_model, shipped_models
from semantics.axioms.evaluate import check
from semantics.axioms.model import Waiting
from semantics.axioms.referees import referee_for
from semantics.execution.structure import EventStructure
from tests.semantics.axioms.executions import random_executions
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

MODELS = ["wasm", "wasm[-dagger]", "wasm[-ddagger]", "paper-dag", "wasm-threads", "sc", "js", "js-es2018"]
SHAPES = {"small": SMALL, "waiting": WAITING, "synchronising": SYNCHRONISING, "figure-18": None}
MORE = [
    "wasm-acqrel",
    "wasm-acqrel[-fence,+alloc-first,+grow-first,+no-oota-refs]",
    "wasm[+fence,+fifo-cs]",
    "wasm[+js-cs,+alloc-first]",
    "wasm[+no-oota-refs,+grow-first,+notears]",
    "wasm-threads[-fifo-cs,-notears]",
    "wasm-threads[+js-cs,+alloc-first,+fence]",
    "wasm-threads[+no-oota-refs,+grow-first]",
]
"""Models that need fences, releases, objects and growth to be told from others."""
OBJECTS = Shape(threads=(2, 3), accesses=(1, 3), wide=0, other=0.6, objects=0.4, branch=0)
COHERENT = Shape(
    threads=(2, 2), accesses=(2, 2), bytes=1, seqcst=1, acqrel=0.5, wide=0, rmw=0.3, other=0, guard=0, branch=0, spawn=0
)
REFERENCES = Shape(threads=(2, 2), accesses=(2, 2), bytes=1, wide=0, rmw=0, other=1, guard=0, branch=0, spawn=0)
FURTHER = {"waiting": WAITING, "fenced": FENCED, "releasing": RELEASING, "objects": OBJECTS}

MIXED = Shape(threads=(2, 2), accesses=(1, 2), wide=0.8, seqcst=0.1, rmw=0, other=0, guard=0, depends=0)


def figure18(rng: random.Random) -> EventStructure:
    """Programs around Fig. 18 and its dual: seqcst and plain accesses of x between which y synchronises."""
    b = Builder(size=2)
    first, second = b.thread("T0"), b.thread("T1")
    first.store(0, 1, SEQCST if rng.random() < 0.7 else UNORD)
    first.store(1, 1, SEQCST)
    if rng.random() < 0.5:
        second.store(0, 2, SEQCST)
    second.load(1, SEQCST)
    for _ in range(2):
        second.load(0, rng.choice((SEQCST, UNORD)))
    if rng.random() < 0.5:
        b.thread("T2").store(0, 3, SEQCST)
    return b.build()


def drawn(shape: Shape | None, rng: random.Random) -> EventStructure:
    return figure18(rng) if shape is None else random_structure(rng, shape)


def test_every_shipped_model_is_compared() -> None:
    assert {name.partition("[")[0] for name in MODELS + MORE} == set(shipped_models())
    switched = {(n.partition("[")[0], s[1:]) for n in MORE for s in n.partition("[")[2].rstrip("]").split(",") if s}
    for name in ("wasm", "wasm-threads", "wasm-acqrel"):
        assert {o for m, o in switched if m == name} == load_model(name).options.keys() - {"dagger", "ddagger"}


@pytest.mark.parametrize(
    ("name", "shape"), [*product(MODELS, SHAPES), *product(MORE, FURTHER)], ids=lambda parameter: str(parameter)
)
def test_text_and_referee_find_the_same_violations(name: str, shape: str) -> None:
    model, referee = load_model(name), referee_for(name)
    assert referee is not None
    verdicts = {True: 0, False: 0}
    for seed in range(60):
        rng = random.Random(f"{name} {shape} {seed}")
        structure = drawn((SHAPES | FURTHER)[shape], rng)
        for execution in random_executions(structure, rng, waiting=referee.waiting):
            by_text = {v.name for v in check(model, execution)}
            assert by_text == {v.name for v in referee.judge(execution)}, (seed, execution)
            verdicts[not by_text] += 1
    assert min(verdicts.values()) > 20, verdicts


@pytest.mark.parametrize(
    ("axiom", "shape"),
    [
        ("hb-strict", SYNCHRONISING),
        ("hb-consistent-1", SMALL),
        ("hb-consistent-3", SMALL),
        ("sc-last-visible-1", SYNCHRONISING),
        ("sc-last-visible-2", None),
        ("sc-last-visible-3", None),
        ("no-tear", MIXED),
    ],
)
def test_a_dropped_axiom_is_noticed(axiom: str, shape: Shape | None) -> None:
    model, referee = load_model("wasm"), referee_for("wasm")
    assert referee is not None
    broken = replace(model, checks=tuple(c for c in model.checks if c.name != axiom))
    assert len(broken.checks) == len(model.checks) - 1
    if axiom == "hb-strict":  # a cyclic <hb has no linearisation either: drop both
        broken = replace(broken, linearisations=())
    for seed in range(1000):
        rng = random.Random(seed)
        for execution in random_executions(drawn(shape, rng), rng, waiting=Waiting.REACT):
            if referee.judge(execution) and not check(broken, execution):
                return
    pytest.fail(f"no execution tells that {axiom} is missing")


@pytest.mark.parametrize("shape", [SMALL, SYNCHRONISING], ids=("small", "synchronising"))
def test_more_happens_before_allows_no_more(shape: Shape) -> None:
    """The least <hb decides (DEC 1): where an execution is consistent with a larger one, it is with the least."""
    referee = referee_for("wasm")
    assert referee is not None
    least_only = both = 0
    for seed in range(150):
        rng = random.Random(seed)
        structure = random_structure(rng, shape)
        for execution in random_executions(structure, rng, waiting=referee.waiting):
            one, other = sorted(rng.sample(range(len(execution.tot)), 2))
            pair = execution.tot[one], execution.tot[other]
            larger = replace(execution, structure=replace(structure, asw=[*structure.asw, pair]))
            if referee.judge(larger):
                least_only += not referee.judge(execution)
            else:
                assert not referee.judge(execution), (seed, pair)
                both += 1
    assert least_only > 20 and both > 20


@pytest.mark.parametrize(
    ("name", "axiom", "shape"),
    [
        *(("wasm-acqrel", f"mo-{part}", COHERENT) for part in ("hb", "tot", "wr", "rmw")),
        ("js-es2018", "sc-atomics", SYNCHRONISING),
        ("js-es2018", "agents-step", WAITING),
        ("wasm-threads[+no-oota-refs]", "no-oota-refs", REFERENCES),
    ],
)
def test_a_dropped_axiom_of_other_models_is_noticed(name: str, axiom: str, shape: Shape) -> None:
    """Some execution is refused for that alone."""
    model, referee = load_model(name), referee_for(name)
    assert referee is not None
    broken = replace(model, checks=tuple(c for c in model.checks if c.name != axiom))
    assert len(broken.checks) == len(model.checks) - 1
    for seed in range(3000):
        rng = random.Random(seed)
        for execution in random_executions(random_structure(rng, shape), rng, waiting=referee.waiting):
            if referee.judge(execution) and not check(broken, execution):
                return
    pytest.fail(f"no execution tells that {axiom} is missing")


@pytest.mark.parametrize("shape", [COHERENT, RELEASING], ids=["coherent", "releasing"])
def test_coherence_of_reads_follows(shape: Shape, tmp_path: Path) -> None:
    """CoRW and CoRR, which wasm-acqrel.cat leaves out, hold wherever its checks do, and are not void."""
    text = """include "wasm-acqrel.cat"
        forall r: region. irreflexive before@r ; mo@r ; (rf@r & paired@r) as mo-rw
        forall r: region. irreflexive (rf@r & paired@r) ; before@r ; (rf@r & paired@r)^-1 ; mo@r as mo-rr"""
    (tmp_path / "longer.cat").write_text(text)
    longer, referee = load_model(str(tmp_path / "longer.cat")), referee_for("wasm-acqrel")
    assert referee is not None
    seen = set()
    for seed in range(150):
        rng = random.Random(seed)
        for execution in random_executions(random_structure(rng, shape), rng, waiting=referee.waiting):
            names = {v.name for v in check(longer, execution)}
            seen |= names
            assert not names or names - {"mo-rw", "mo-rr"}, seed
    assert {"mo-rw", "mo-rr"} <= seen
