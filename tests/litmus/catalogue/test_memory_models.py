"""The memory-model axis: which model allows what, cell by cell, and what each option of a model changes.

The table is that of the design, with its outcomes; "-" where a model does not speak of the test.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from litmus import catalogue
from litmus.language import Test, load_tests
from semantics.axioms import load_model, shipped_models
from semantics.execution.structure import EventStructure
from semantics.exploration import explore
from semantics.profiles.fork import FORK
from semantics.solver import Problem

COLUMNS = ("wasm", "paper-dag", "js-es2018", "wasm-threads", "js")
"""paper, paper without dagger and ddagger, ES2018, the threads proposal's text, ECMA-262 today."""

TABLE = {
    "SB+seqcst": "no yes no no no",
    "SB+unord": "yes yes yes yes yes",
    "Fig-18": "no yes yes no no",
    "ARM8": "yes yes no yes yes",
    "Fig-12": "yes yes - yes yes",
    "MP+size": "no no - no no",
    "lost-wakeup": "yes yes yes no no",
    "lost-wakeup+unord": "yes yes yes no no",
    "SB+notify-notify": "yes yes yes no no",
    "SB+notify-wait": "yes yes yes yes no",
    "SB+cmpxchg-fail": "- - no yes yes",
    "grown-byte": "yes yes - yes no",
}
CELLS = [
    (test, model, cell == "yes")
    for test, row in TABLE.items()
    for model, cell in zip(COLUMNS, row.split(), strict=True)
    if cell != "-"
]

WRITING_BACK = replace(FORK, name="fork-es2018", failing_cmpxchg="rmw")
"""In ES2018 a compareExchange that fails writes back what it read; that is the machine's part, not the model's."""
ES2018_EXCHANGE = ("SB+cmpxchg-fail", "js-es2018")


@cache
def loaded(name: str) -> Test:
    [test] = load_tests(catalogue.find(name))
    assert isinstance(test, Test)
    return test


@cache
def structure(name: str, *, writing_back: bool = False) -> EventStructure:
    return explore(loaded(name).program, profile=WRITING_BACK if writing_back else FORK)


def reachable(name: str, model: str, *, writing_back: bool = False) -> bool | None:
    condition = loaded(name).condition
    assert condition is not None
    problem = Problem(structure(name, writing_back=writing_back), load_model(model))
    return problem.possible(condition.proposition)


@pytest.mark.parametrize(("name", "model", "allowed"), CELLS)
def test_cell(name: str, model: str, allowed: bool) -> None:
    if (name, model) == ES2018_EXCHANGE:
        assert reachable(name, model, writing_back=True) is allowed
        return
    assert reachable(name, model) is allowed
    assert loaded(name).expectations[model].reachable is allowed


def test_the_exchange_is_the_machines() -> None:
    """The one cell that a file cannot state: on the default machine a failing exchange only reads, in ES2018 too. What
    it is there has a test of its own."""
    name, model = ES2018_EXCHANGE
    assert model not in loaded(name).expectations
    assert reachable(name, model) is True
    assert not loaded("SB+rmw-fence").expectations[model].reachable


SWITCHES = [
    ("wasm", "-dagger", "SB+seqcst"),
    ("wasm", "-ddagger", "Fig-18"),
    ("wasm", "+fifo-cs", "lost-wakeup"),
    ("wasm", "+js-cs", "SB+notify-wait"),
    ("wasm", "+alloc-first", "MP+alloc"),
    ("wasm", "+grow-first", "grown-byte"),
    ("wasm", "+no-oota-refs", "LB+refs"),
    ("wasm", "+notears", "tear-f32"),
    ("wasm", "+fence", "SB+fence"),
    ("wasm-threads", "-fifo-cs", "lost-wakeup"),
    ("wasm-threads", "+js-cs", "SB+notify-wait"),
    ("wasm-threads", "+alloc-first", "MP+alloc"),
    ("wasm-threads", "+grow-first", "grown-byte"),
    ("wasm-threads", "+no-oota-refs", "LB+refs"),
    ("wasm-threads", "-notears", "tear-f32"),
    ("wasm-threads", "+fence", "SB+fence"),
    ("wasm-acqrel", "+alloc-first", "MP+alloc"),
    ("wasm-acqrel", "+grow-first", "grown-byte"),
    ("wasm-acqrel", "+no-oota-refs", "LB+refs"),
    ("wasm-acqrel", "-fence", "SB+fence"),
]


@pytest.mark.parametrize(("model", "switch", "name"), SWITCHES)
def test_every_option_changes_a_verdict(model: str, switch: str, name: str) -> None:
    switched = f"{model}[{switch}]"
    answers = reachable(name, model), reachable(name, switched)
    assert sorted(map(bool, answers)) == [False, True] and None not in answers
    expected = loaded(name).expectations
    for known, answer in zip((model, switched), answers, strict=True):
        assert expected[known].reachable is answer, known


def test_all_options_are_tried() -> None:
    """Of every shipped model that declares options; paper-dag and js only set those of the model that they include."""
    declared = {(m, o) for m in shipped_models() for o in load_model(m).options if m not in ("paper-dag", "js")}
    assert {(model, switch[1:]) for model, switch, _ in SWITCHES} == declared
