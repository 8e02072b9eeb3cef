"""Every test of the catalogue is complete: it parses, validates, says what it shows and what is expected of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from litmus import catalogue
from litmus.language import Quantifier, Test, load_tests, stated
from semantics.diagnostics import TextError, load_source

PATHS = catalogue.paths()
THEMES = {
    "acquire-release",
    "paper",
    "classic",
    "mixed-size",
    "growth",
    "wait-notify",
    "threads",
    "programs",
    "compiled",
    "floats",
    "designs",
}
MODELS = {"wasm", "paper-dag", "wasm-threads", "wasm-acqrel", "js", "js-es2018", "sc"}


def only(path: Path) -> Test:
    [test] = load_tests(path)
    assert isinstance(test, Test)
    return test


DESIGNS = [path for path in PATHS if path.parent.name == "designs"]
MODELLED = [path for path in PATHS if path.parent.name != "designs"]


@pytest.mark.parametrize("path", DESIGNS, ids=lambda path: path.stem)
def test_file_of_designs(path: Path) -> None:
    """It says what it shows, and what is expected under which design."""
    said = stated(load_source(path))
    assert said.name == path.stem
    assert said.description.endswith((".", "?"))
    assert said.designs


@pytest.mark.parametrize("path", MODELLED, ids=lambda path: path.stem)
def test_file(path: Path) -> None:
    test = only(path)
    assert test.name == path.stem
    assert test.description.endswith(".")
    assert test.condition is not None
    know = {"wasm-acqrel"} if path.parent.name == "acquire-release" else {"wasm", "wasm-threads"}
    assert know | {"sc"} <= set(test.expectations)
    assert {model.partition("[")[0] for model in test.expectations} <= MODELS


def test_themes_and_names() -> None:
    assert {path.parent.name for path in PATHS} == THEMES
    assert len(PATHS) >= 100
    names = [path.stem.lower() for path in PATHS]
    assert len(set(names)) == len(names)


def test_plain_twins_expect_more() -> None:
    """What a shape with sequentially consistent accesses allows, its unordered twin allows too."""
    tests = {path.stem: only(path) for path in PATHS if path.parent.name == "classic"}
    twins = [(test, tests[name.replace("+seqcst", "+unord")]) for name, test in tests.items() if "+seqcst" in name]
    assert len(twins) >= 10
    for strong, weak in twins:
        assert strong.condition is not None and weak.condition is not None
        assert strong.condition.quantifier is weak.condition.quantifier is Quantifier.EXISTS
        stated = {m: v for m, v in strong.expectations.items() if "[" not in m}  # options have tests of their own
        for model, verdict in stated.items():
            assert weak.expectations[model].reachable >= verdict.reachable, (strong.name, model)


def test_sequential_consistency_is_the_strongest() -> None:
    for path in MODELLED:
        test = only(path)
        if test.expectations["sc"].reachable:
            assert all(verdict.reachable for model, verdict in test.expectations.items() if model in MODELS), path.stem


def test_find() -> None:
    assert catalogue.find("MP+seqcst").name == "MP+seqcst.litmus"
    with pytest.raises(TextError) as error:
        catalogue.find("MP+seqcts")
    assert "MP+seqcst" in error.value.hint
