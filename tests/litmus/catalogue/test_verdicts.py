"""Every verdict that a catalogue file states is what weft answers."""

from __future__ import annotations

import pytest

from litmus import catalogue
from litmus.checking.check import check, prepare
from litmus.checking.decide import decide_litmus
from litmus.checking.limits import Options
from litmus.language import Test, load_tests
from semantics.axioms import load_model
from semantics.diagnostics import load_source

PATHS = {path.stem: path for path in catalogue.paths()}


@pytest.mark.parametrize("name", PATHS)
def test_verdicts(name: str) -> None:
    if PATHS[name].parent.name == "designs":
        results = decide_litmus(load_source(PATHS[name]), Options())
        assert results and [(r.profile, r.verdict) for r in results if r.agrees is not True] == []
        return
    [test] = load_tests(PATHS[name])
    assert isinstance(test, Test) and test.expectations
    prepared = prepare(test)
    for model, expected in test.expectations.items():
        result = check(prepared, load_model(model), expected=expected)
        assert result.agrees, f"{name} under {model}: {result.verdict}, expected {expected.value}"
