"""Evaluation of model texts on one execution: operators, cycles in cycle order, flags, linearisations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from semantics.axioms import Violation, load_model
from semantics.axioms.brute import candidates
from semantics.axioms.evaluate import check, demanded_order, flags, shown
from semantics.axioms.model import Model, Waiting
from semantics.axioms.referee import data_races
from semantics.execution.candidate import CandidateExecution
from tests.semantics.structures import DATA, LEN, SEQCST, UNORD, VAL, Builder

# event 0 initialises; 1, 2 are T0's stores of x and y; 3, 4 are T1's loads of y and x
INIT, WX, WY, RY, RX = range(5)


def message_passing(flag: int, data: int, order: object = SEQCST) -> CandidateExecution:
    """MP where the flag is read from event `flag` and the data from event `data`."""
    b = Builder()
    t, u = b.thread("T0"), b.thread("T1")
    t.store(0, 1)
    t.store(1, 1, order)  # type: ignore[arg-type]
    u.load(1, order)  # type: ignore[arg-type]
    u.load(0)
    for execution in candidates(b.build(), waiting=Waiting.REACT, prune=False):
        if (execution.rf[RY, DATA, 0], execution.rf[RX, DATA, 0]) == (flag, data):
            return replace(execution, tot=(INIT, WX, WY, RY, RX))
    raise AssertionError("no such execution")


def model(folder: Path, text: str) -> Model:
    path = folder / "m.cat"
    path.write_text(text)
    return load_model(str(path))


def value(folder: Path, expression: str, execution: CandidateExecution) -> tuple[tuple[int, ...], ...]:
    return shown(model(folder, f"let x = {expression}\nempty E as c\nshow x"), execution)["x"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("po", {(WX, WY), (RY, RX)}),
        ("asw", {(INIT, e) for e in (WX, WY, RY, RX)}),
        ("create", {(INIT, e) for e in (WX, WY, RY, RX)}),
        ("init-overlap", {(INIT, e) for e in (WX, WY, RY, RX)}),
        ("union b. (rf@b)", {(WY, RY), (WX, RX)}),
        ("union r: region. (rf@r)", {(WY, RY), (WX, RX)}),
        ("union b. (rf@b & same-range@b)", {(WY, RY), (WX, RX)}),
        ("union r: region. (overlap@r) \\ asw \\ asw^-1", {(WY, RY), (RY, WY), (WX, RX), (RX, WX)}),
        ("(union b. (rf@b))^-1", {(RY, WY), (RX, WX)}),
        ("po ; (union b. (rf@b))", {(WX, RY)}),
        ("(po | union b. (rf@b))^+ & (W * R)", {(WX, RY), (WX, RX), (WY, RY), (WY, RX)}),
        ("[INIT] ; asw ; [R]", {(INIT, RY), (INIT, RX)}),
        ("po? & id", {(e, e) for e in range(5)}),
        ("po^* \\ id", {(WX, WY), (RY, RX)}),
        ("R", {(RY,), (RX,)}),
        ("W \\ INIT", {(WX,), (WY,)}),
        ("SC", {(WY,), (RY,)}),
        ("union r: region. (SC@r)", {(WY,), (RY,)}),
        ("union r: region. (TF@r)", {(e,) for e in range(5)}),
        ("union r: region. (NT@r)", set()),
        ("MARK | RMW", set()),
        ("R & W", set()),
        ("susp | wake | queue", set()),
    ],
)
def test_expressions(expression: str, expected: set[tuple[int, ...]], tmp_path: Path) -> None:
    assert set(value(tmp_path, expression, message_passing(WY, WX))) == expected


def test_recursion_is_the_least_fixed_point(tmp_path: Path) -> None:
    execution = message_passing(WY, WX)
    text = "let rec a = po | b and b = a ; (union b. (rf@b)) | b ; a\nempty E as c\nshow a"
    closed = value(tmp_path, "(po | po ; (union b. (rf@b)))^+", execution)
    assert set(shown(model(tmp_path, text), execution)["a"]) >= {(WX, WY), (WX, RY), (WX, RX)}
    assert set(shown(model(tmp_path, text), execution)["a"]) <= set(closed) | {(WX, RX)}


def test_sets_by_recursion(tmp_path: Path) -> None:
    text = "let rec s = INIT | (s & W)\nempty E as c\nshow s"
    assert shown(model(tmp_path, text), message_passing(WY, WX))["s"] == ((INIT,),)


def test_a_violated_sequence_shows_its_cycle() -> None:
    found = check(load_model("wasm"), message_passing(WY, INIT))
    assert found == [Violation("hb-consistent-3", (INIT, WX, RX))]


def test_a_cycle_of_happens_before_is_spelled_out() -> None:
    b = Builder()
    for n in range(2):
        t = b.thread(f"T{n}")
        t.load(n, SEQCST)
        t.store(1 - n, 1, SEQCST)
    (execution,) = (
        x for x in candidates(b.build(), waiting=Waiting.REACT) if x.rf[1, DATA, 0] == 4 and x.rf[3, DATA, 0] == 2
    )
    found = check(load_model("wasm"), replace(execution, tot=(0, 1, 2, 3, 4)))
    assert found[0] == Violation("hb-strict", (1, 2, 3, 4))
    assert found[-1].name == "tot"


def test_kinds_and_negation(tmp_path: Path) -> None:
    execution = message_passing(WY, WX)
    text = """
        acyclic po | po^-1 as a
        irreflexive po ; po^-1 as i
        empty po as e
        empty RMW | INIT as s
        ~acyclic po as na
        ~empty po as ne
        ~irreflexive id as ni
        forall b. ~empty rf@b as nf
    """
    assert check(model(tmp_path, text), execution) == [
        Violation("a", (WX, WY)),
        Violation("i", (WX, WY)),
        Violation("e", (WX, WY)),
        Violation("s", (INIT,)),
        Violation("na", ()),
        Violation("nf", ()),
    ]


RACES = """
let sync@r: region = [SC@r] ; same-range@r ; [SC@r]
let hb = (po | asw | create | union b. (rf@b & sync@b) | susp | wake)^+
let race@r: region = (overlap@r & (W@r * E | E * W@r)) \\ (hb | hb^-1)
irreflexive hb as hb-strict
forall r: region. flag ~empty race@r \\ sync@r as data-race
"""


def test_flags_report_and_do_not_forbid(tmp_path: Path) -> None:
    racy, synchronised = message_passing(INIT, WX), message_passing(WY, WX)
    assert check(model(tmp_path, RACES), racy) == []
    assert flags(model(tmp_path, RACES), racy) == [Violation("data-race", (WX, RX))]
    assert flags(model(tmp_path, RACES), synchronised) == []
    assert data_races(racy) == [(WX, RX)]
    assert data_races(synchronised) == []


def test_a_plain_store_does_not_race_with_itself() -> None:
    b = Builder()
    b.thread("T0").store(0, 1)
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    assert data_races(execution) == []


def test_mixed_size_atomics_race() -> None:
    b = Builder()
    b.thread("T0").store(0, 1, SEQCST, 2)
    b.thread("T1").store(1, 1, SEQCST)
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    assert data_races(execution) == [(1, 2)]


@pytest.mark.parametrize(
    ("tot", "events"),
    [
        ((), ()),
        ((INIT, WX, WY, RY), ()),
        ((INIT, WX, WX, WY, RY, RX), ()),
        ((INIT, WX, RY, WY, RX), (WY, RY)),
        ((WX, INIT, WY, RY, RX), (INIT, WX)),
    ],
)
def test_tot_must_be_a_linearisation(tot: tuple[int, ...], events: tuple[int, ...]) -> None:
    found = check(load_model("wasm"), replace(message_passing(WY, WX), tot=tot))
    assert found == [Violation("tot", events)]


def test_the_demanded_order_is_hb() -> None:
    model = load_model("wasm")
    order = demanded_order(model, message_passing(WY, WX), model.linearisations[0])
    assert order[WX] == 1 << WY | 1 << RY | 1 << RX
    assert order[RX] == 0


def test_checks_without_the_linearisation() -> None:
    execution = replace(message_passing(WY, INIT), tot=())
    assert [v.name for v in check(load_model("wasm"), execution, ordered=False)] == ["hb-consistent-3"]


def test_tearfree_by_size_and_alignment(tmp_path: Path) -> None:
    b = Builder(size=16)
    t = b.thread("T0")
    for offset, size in ((0, 4), (1, 2), (8, 8), (2, 2)):
        t.store(offset, 1, UNORD, size)
    t.store(9, 1, SEQCST, 8)
    t.store(0, 1, UNORD, 2, notears=True)
    t.global_set(7)
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    assert value(tmp_path, "union r: region. (TF@r) \\ INIT", execution) == ((1,), (4,), (5,), (6,), (7,))
    assert value(tmp_path, "union r: region. (NT@r)", execution) == ((6,),)


def test_lengths_and_globals_are_regions() -> None:
    b = Builder(pages=3, glob=5)
    t = b.thread("T0")
    t.grow()
    t.global_get()
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    assert set(execution.rf) == {(1, LEN, 0), (2, VAL, 0)}
    assert execution.outcome is not None and dict(execution.outcome.values) == {("T0", "r0"): 3, ("T0", "r1"): 5}
