"""A witness comes with the flags that it raises."""

from __future__ import annotations

from pathlib import Path

from litmus import catalogue
from litmus.checking.check import prepare
from litmus.checking.explain import explain
from litmus.language import Test, load_tests
from litmus.reporting.text import explanation
from semantics.axioms import load_model

RACES = """"Data races flagged"
include "wasm.cat"
let race@r: region = (overlap@r & (W@r * E | E * W@r)) \\ (hb | hb^-1)
forall r: region. flag ~empty race@r \\ sync@r as data-race
"""


def flags(name: str, model: Path) -> tuple[str, ...]:
    [test] = load_tests(catalogue.find(name))
    assert isinstance(test, Test)
    explained = explain(prepare(test), load_model(str(model)))
    assert all(f"flag {flag}: " in explanation(explained) for flag, _ in explained.flags)
    return tuple(flag for flag, _ in explained.flags)


def test_races_are_flagged(tmp_path: Path) -> None:
    model = tmp_path / "race.cat"
    model.write_text(RACES)
    assert flags("SB+unord", model) == ("data-race",)
    assert flags("2+2W+seqcst", model) == ()
