"""Brute force: paths, values on cycles, choices, total orders."""

from __future__ import annotations

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import candidates, outcomes_of, outcomes_under
from semantics.axioms.linear import orders, static_order
from semantics.axioms.model import Waiting
from semantics.axioms.referees import referee_for
from semantics.execution.structure import Origin, Status, SymbolInfo
from tests.semantics.structures import SEQCST, Builder, equals


def values(b: Builder, model: str = "wasm") -> set[tuple[int, ...]]:
    referee = referee_for(model)
    assert referee is not None
    return {tuple(v for _, v in o.values) for o in outcomes_under(b.build(), referee)}


def copying() -> Builder:
    """LB with data: each side copies what it read."""
    b = Builder()
    for n in range(2):
        t = b.thread(f"T{n}")
        t.store(1 - n, t.load(n))
    return b


def test_values_out_of_thin_air() -> None:
    assert values(copying()) == {(v, v) for v in range(256)}
    referee = referee_for("wasm")
    assert referee is not None
    assert len(outcomes_under(copying().build(), referee, universe=(0, 7))) == 2
    assert values(copying(), "sc") == {(0, 0)}


def test_wide_values_out_of_thin_air_are_the_programs_own() -> None:
    b = Builder(size=4)
    for n in range(2):
        t = b.thread(f"T{n}")
        t.store(2 - 2 * n, t.load(2 * n, size=2), size=2)
    b.thread("T2").store(0, 0x1234, size=2)
    assert {a for a, _ in values(b)} >= {0, 0x1234}


def test_a_value_must_agree_with_its_path() -> None:
    b = Builder()
    t = b.thread("T0")
    full, empty = t.branch(equals(t.load(0), 1))
    full.end(Status.TRAP)
    empty.load(1)
    assert values(b) == {(0, 0)}


def test_choices_take_both_values() -> None:
    b = Builder()
    t = b.thread("T0")
    symbol = b.symbol(1, "fails")
    b.structure.symbols[symbol] = SymbolInfo(Origin.CHOICE)
    first, second = t.branch(equals(symbol, 1))
    first.load(0)
    second.load(1)
    second.load(1)
    assert values(b) == {(0,), (0, 0)}


def test_cut_paths_are_no_outcomes() -> None:
    b = Builder()
    t = b.thread("T0")
    cut, kept = t.branch(equals(t.load(0), 0))
    cut.end(Status.CUT)
    kept.load(1)
    b.thread("T1").store(0, 1)
    assert values(b) == {(1, 0)}


def test_a_thread_exists_only_where_it_is_spawned() -> None:
    b = Builder()
    b.thread("T0").store(0, 1)
    t = b.thread("T1")
    yes, _no = t.branch(equals(t.load(0), 1))
    b.thread("T2", parent=yes).load(0)
    assert values(b) == {(0,), (1, 0), (1, 1)}


def test_final_cells_are_read_after_everything() -> None:
    b = Builder()
    for n in (1, 2):
        b.thread(f"T{n}").store(0, n, SEQCST)
    structure = b.build(observe=(("x", 0, 1),))
    found = outcomes_of(structure, load_model("wasm"))
    assert {o.value(("", "x")) for o in found} == {1, 2}
    assert {t for o in found for t, _ in o.statuses} == {"T1", "T2"}


@pytest.mark.parametrize(("threads", "number"), [(1, 1), (2, 2), (3, 6)])
def test_orders_of_overlapping_writes(threads: int, number: int) -> None:
    b = Builder()
    for n in range(threads):
        b.thread(f"T{n}").store(0, n, SEQCST)
        b.thread(f"U{n}").load(1)  # overlaps the initial write only
    (execution,) = candidates(b.build(), waiting=Waiting.REACT)
    found = list(orders(execution, static_order(execution)))
    assert len(found) == len(set(found)) == number
    assert all(order[0] == 0 and len(order) == len(execution.events) for order in found)


def test_pruning_loses_nothing() -> None:
    model = load_model("wasm")
    assert outcomes_of(copying().build(), model, prune=True) == outcomes_of(copying().build(), model)
