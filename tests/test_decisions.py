"""paper_notes/decisions.md against the code: every decision has a switch that exists and a test that speaks of it."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import pytest

from semantics.axioms import load_model, shipped_models
from semantics.exploration.program import Bounds
from semantics.runtime.discipline import Discipline
from semantics.runtime.profile import Profile

ROOT = Path(__file__).parent.parent
RECORDS = {"Profile": Profile, "Discipline": Discipline, "Bounds": Bounds}
TEXT = (ROOT / "paper_notes" / "decisions.md").read_text("utf-8")


class Decision(NamedTuple):
    number: int
    says: str
    switch: str
    tests: tuple[tuple[str, str], ...]

    @property
    def switches(self) -> list[tuple[str, str]]:
        """(record or "option", name)"""
        found = [(r, n) for r, n in re.findall(r"`(\w+)\.(\w+)`", self.switch)]
        return found + [("option", o) for o in re.findall(r"option `([\w-]+)`", self.switch)]


def read(text: str) -> list[Decision]:
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [
        Decision(int(number), says, switch, tuple(re.findall(r"`([\w/]+\.py)::(\w+)`", tests)))
        for number, says, switch, tests in rows
    ]


DECISIONS = read(TEXT)
each = pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: f"DEC {d.number}")


def test_all_28() -> None:
    assert [d.number for d in DECISIONS] == list(range(1, 29))


def missing_switches(decision: Decision) -> list[str]:
    options = {o for name in shipped_models() for o in load_model(name).options}
    known = {(r, f.name) for r, record in RECORDS.items() for f in fields(record)} | {("option", o) for o in options}
    return [".".join(s) for s in decision.switches if s not in known]


@each
def test_a_switch_exists_or_why_not(decision: Decision) -> None:
    assert missing_switches(decision) == []
    assert bool(decision.switches) != decision.switch.startswith("none: ")


def cases_in(path: Path) -> dict[str, str]:
    """The tests of a file, and their text with that of the decorators."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def unflipped(decision: Decision) -> list[str]:
    """The switches that none of the decision's tests speaks of: in the test, or in the constants of its file."""
    texts = []
    for file, name in decision.tests:
        path = ROOT / file
        found = cases_in(path)
        rest = path.read_text("utf-8")
        for other, text in found.items():
            if other != name:
                rest = rest.replace(text, "")
        texts.append(rest)
    return [name for _, name in decision.switches if not any(re.search(rf"\b{name}\b", text) for text in texts)]


@each
def test_its_tests_exist_and_flip_it(decision: Decision) -> None:
    assert decision.tests
    for file, name in decision.tests:
        assert (ROOT / file).is_file() and name in cases_in(ROOT / file), f"{file}::{name}"
    assert unflipped(decision) == []


def test_the_comparison_can_fail() -> None:
    [bad] = read("| 1 | x | `Profile.nothing`, option `none-such` | `tests/test_decisions.py::test_all_28` |\n")
    assert missing_switches(bad) == ["Profile.nothing", "option.none-such"]
    [other] = read("| 2 | x | `Profile.unaligned_atomics` | `tests/test_paper_map.py::test_rows_are_named_once` |\n")
    assert missing_switches(other) == [] and unflipped(other) == ["unaligned_atomics"]
