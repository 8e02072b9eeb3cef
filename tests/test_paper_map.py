"""paper_notes/map.toml against the registries, both ways: every printed row is accounted for, nothing else is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from semantics.reduction.rules import RULES
from semantics.validation import TYPING_RULES

ROOT = Path(__file__).parent.parent
ROWS = tomllib.loads((ROOT / "paper_notes" / "map.toml").read_text("utf-8"))["row"]
ERRATA = set(re.findall(r"^\| (E\d+) \|", (ROOT / "paper_notes" / "errata.md").read_text("utf-8"), re.MULTILINE))

ABRIDGED = "abridged instantiate"  # Fig. 10 prints instantiate without its side conditions, Fig. 22 with them

# Rows printed in each figure, counted on the page images.
PRINTED = {4: 2, 5: 4, 6: 3, 7: 6, 8: 6, 9: 3, 10: 7, 11: 5, 21: 37, 22: 5}


def test_rows_are_named_once() -> None:
    keys = [(r["figure"], r["name"]) for r in ROWS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("figure", PRINTED)
def test_every_printed_row_is_there(figure: int) -> None:
    numbers = sorted(r["row"] for r in ROWS if r["figure"] == figure and not r["status"].startswith("added"))
    assert numbers == list(range(1, PRINTED[figure] + 1))


def test_map_and_reduction_agree() -> None:
    """Each rule of a figure has its row, each row its rule, with figure, row, page and place."""
    figures = {*range(4, 12), 22}
    mapped = {
        r["name"]: r
        for r in ROWS
        if r["figure"] in figures and r["name"] != ABRIDGED and not r["name"].startswith("match ")
    }
    rules = {r.name: r for r in RULES.values() if isinstance(r.figure, int)}
    assert mapped.keys() == rules.keys()
    for name, rule in rules.items():
        row = mapped[name]
        place = f"{rule.function.__module__.replace('.', '/')}.py:{rule.function.__name__}"
        assert (row["figure"], row["row"], row["code"]) == (rule.figure, rule.row or 0, place)
        assert rule.page in (None, row["page"])
        assert row["status"].startswith("added") == (rule.row is None)


def test_map_and_typing_agree() -> None:
    mapped = {r["name"]: r for r in ROWS if r["figure"] == 21}
    rules = {r.name: r for r in TYPING_RULES.values() if r.figure == 21}
    assert mapped.keys() == rules.keys()
    for name, rule in rules.items():
        place = f"{rule.function.__module__.replace('.', '/')}.py:{rule.function.__name__}"
        assert mapped[name]["code"] == place


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"fig{r['figure']}:{r['name']}")
def test_row_is_true(row: dict[str, object]) -> None:
    """Code and tests exist, the status is of the vocabulary, errata are known."""
    status, code = str(row["status"]), str(row["code"])
    if status.startswith("omitted: "):
        assert not code and not row["tests"]
        return
    path, _, name = code.partition(":")
    text = (ROOT / path).read_text("utf-8")
    if name:
        last = name.rsplit(".", 1)[-1]
        assert re.search(rf"^\s*(def |class )?{re.escape(last)}\b", text, re.MULTILINE), f"{path} has no {name}"
    tests = row["tests"]
    assert isinstance(tests, list) and tests
    for test in tests:
        assert (ROOT / test).exists(), test
    assert re.fullmatch(r"as printed|corrected: E\d+|carried over|added: .+", status), status
    for erratum in re.findall(r"\bE\d+\b", status):
        assert erratum in ERRATA
