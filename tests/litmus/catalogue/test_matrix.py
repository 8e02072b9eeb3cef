"""The verdict matrix of the designs, cell by cell, and how it is printed.

A cell is what `weft matrix` prints: outcomes between bars, "!" where threads of different owners access a local object.
Where the cells say more or less than the table that was drawn up by hand, paper_notes/deviations.md derives them.
"""

from __future__ import annotations

import json
from itertools import product
from xml.etree import ElementTree

import pytest

from litmus import catalogue
from litmus.checking.matrix import MatrixRow, cell, matrix
from litmus.reporting import matrix as tables
from semantics.diagnostics import load_source
from semantics.profiles import DESIGNS, profile

TABLE: dict[str, dict[str, str]] = {
    "L1": {
        "f:r=1": (
            "web create-unchecked create create-module fork-paper fork fork-refs embed handle module-shared "
            "wavm tls shared-everything"
        ),
        "f:r=none T0:exit f:killed | f:r=1 T0:exit": "wasi",
    },
    "L11": {
        "f:r=2": "web wavm",
        "f:r=none T0:exit f:killed ! | f:r=1 T0:exit ! | f:r=2 T0:exit !": "wasi",
        "f:r=1 ! | f:r=2 !": "create-unchecked",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "inexpressible imports-of-a-thread": "create-module",
        "f:r=none T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
    "L12+table": {
        "f:r=0 f:trap": "web create-module",
        "f:r=none T0:exit f:killed | f:r=0 T0:killed f:trap": "wasi",
        "f:r=1 !": "create-unchecked wavm",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "f:r=none T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
    "L12": {
        "f:r=none T0:trap": "web embed",
        "inexpressible a-thread-that-takes-funcref": "wasi wavm shared-everything",
        "f:r=1 !": "create-unchecked",
        "invalid T6": "create fork-paper fork fork-refs handle tls",
        "inexpressible arguments-of-a-thread-that-is-a-module": "create-module",
        "invalid module-flag": "module-shared",
    },
    "L2+shared": {
        "inexpressible shared-globals": "web wasi wavm",
        "T0:r0=11": (
            "create-unchecked create fork-paper fork fork-refs embed handle module-shared tls "
            "shared-everything"
        ),
        "T0:r0=10": "create-module",
    },
    "L2+tls": {
        "inexpressible thread-local-globals": (
            "web wasi create-unchecked create create-module fork-paper fork fork-refs embed handle wavm"
        ),
        "invalid module-flag": "module-shared",
        "T0:r0=10": "tls shared-everything",
    },
    "L2": {
        "T0:r0=10": "web create-module wavm",
        "T0:r0=10 T0:exit | T0:r0=10 T0:exit f:killed": "wasi",
        "T0:r0=11 !": "create-unchecked",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "T0:r0=0 T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
    "L3+shared": {
        "inexpressible shared-globals": "web wasi wavm",
        "f:r=0 | f:r=1": (
            "create-unchecked create fork-paper fork fork-refs embed handle module-shared tls "
            "shared-everything"
        ),
        "f:r=0": "create-module",
    },
    "L3+tls": {
        "inexpressible thread-local-globals": (
            "web wasi create-unchecked create create-module fork-paper fork fork-refs embed handle wavm"
        ),
        "invalid module-flag": "module-shared",
        "f:r=0": "tls shared-everything",
    },
    "L3": {
        "f:r=0": "web create-module wavm",
        "f:r=none T0:exit f:killed | f:r=0 T0:exit": "wasi",
        "f:r=0 ! | f:r=1 !": "create-unchecked",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "f:r=none T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
    "L4": {
        "T0:r=1 | T0:r=7": "web",
        "T0:r=7 T0:exit | T0:r=7 T0:exit f:killed": "wasi",
        "T0:r=1": (
            "create-unchecked create create-module fork-paper fork fork-refs embed handle module-shared wavm "
            "tls shared-everything"
        ),
    },
    "L5": {
        "T0:r=2": "web",
        "T0:r=2 T0:exit | T0:r=2 T0:exit f:killed": "wasi",
        "T0:r=1": "create-unchecked create fork fork-refs embed handle module-shared wavm tls shared-everything",
        "inexpressible a-start-function-beside-the-thread": "create-module",
        "T0:r=0": "fork-paper",
    },
    "L6": {
        "f:r=1": "web create-module",
        "f:r=none T0:exit f:killed | f:r=1 T0:exit": "wasi",
        "f:r=0 f:trap": "create-unchecked create fork-paper fork fork-refs embed handle module-shared wavm tls",
        "invalid T29": "shared-everything",
    },
    "L7": {
        "f:r=0 f:trap": "web create-module",
        "f:r=none T0:exit f:killed | f:r=0 T0:killed f:trap": "wasi",
        "f:r=42 !": "create-unchecked wavm",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "f:r=none T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
    "L8": {
        "T0:r=5 f:trap": (
            "web create-unchecked create create-module fork-paper fork fork-refs embed handle module-shared "
            "wavm tls"
        ),
        "T0:r=none T0:killed f:trap | T0:r=5 T0:exit f:killed": "wasi",
        "T0:r=none T0:killed f:trap | T0:r=5 f:trap": "shared-everything",
    },
    "L9": {
        "f:blocked": (
            "web create-unchecked create create-module fork-paper fork fork-refs embed handle module-shared "
            "wavm tls shared-everything"
        ),
        "T0:exit f:killed": "wasi",
    },
    "LM+shared": {
        "inexpressible shared-globals": "web wasi wavm",
        "T0:r0=1 f:r1=2": (
            "create-unchecked create fork-paper fork fork-refs embed handle module-shared tls "
            "shared-everything"
        ),
        "inexpressible imports-of-a-thread": "create-module",
    },
    "LM+tls": {
        "inexpressible thread-local-globals": (
            "web wasi create-unchecked create create-module fork-paper fork fork-refs embed handle wavm"
        ),
        "invalid module-flag": "module-shared",
        "T0:r0=1 f:r1=1": "tls shared-everything",
    },
    "LM": {
        "T0:r0=1 f:r1=1": "web wavm",
        "T0:r0=1 f:r1=none T0:exit f:killed ! | T0:r0=1 f:r1=2 T0:exit !": "wasi",
        "T0:r0=1 f:r1=2 !": "create-unchecked",
        "invalid T29": "create fork-paper fork fork-refs handle tls shared-everything",
        "inexpressible imports-of-a-thread": "create-module",
        "T0:r0=1 f:r1=none T0:trap": "embed",
        "invalid module-flag": "module-shared",
    },
}  # fmt: skip
"""Program -> cell -> the designs that have it."""


ALIKE = ("create", "fork", "fork-refs", "handle")


@pytest.mark.parametrize("name", TABLE)
def test_cells(name: str) -> None:
    source = load_source(catalogue.find(name))
    found: dict[str, list[str]] = {}
    for design in DESIGNS:
        found.setdefault(" | ".join(tables.outcomes(cell(source, profile(design)))), []).append(design)
    assert {words: " ".join(designs) for words, designs in found.items()} == TABLE[name]


def test_designs_differ() -> None:
    """Nearly every design shows itself in some program: the cells tell them apart."""
    cells = {d: tuple(words for row in TABLE.values() for words, ds in row.items() if d in ds.split()) for d in DESIGNS}
    alike = {(a, b) for i, a in enumerate(DESIGNS) for b in DESIGNS[:i] if cells[a] == cells[b]}
    # with a function's index, create is fork (B.3); references and handles need programs of their own
    assert alike == {(a, b) for a, b in product(ALIKE, ALIKE) if DESIGNS.index(a) > DESIGNS.index(b)}


@pytest.fixture(scope="module")
def rows() -> list[MatrixRow]:
    files = [catalogue.find(name) for name in ("L2", "L11")]
    return matrix(files, [profile("fork"), profile("create-unchecked"), profile("web")])


def test_text(rows: list[MatrixRow]) -> None:
    lines = tables.text(rows).splitlines()
    assert lines[:4] == [
        "L2",
        "  fork              invalid T29",
        "  create-unchecked  T0:r0=11 !",
        "  web               T0:r0=10",
    ]
    assert any(line.startswith("  create-unchecked: not confined: local g: ") for line in lines)


def test_markdown(rows: list[MatrixRow]) -> None:
    lines = tables.markdown(rows).splitlines()
    assert lines[0] == "| program | fork | create-unchecked | web |"
    assert lines[3] == "| L11 | invalid T29 | f:r=1 ! <br> f:r=2 ! | f:r=2 |"


def test_json(rows: list[MatrixRow]) -> None:
    first = json.loads(tables.as_json(rows, "1"))["programs"][0]
    assert first["name"] == "L2"
    assert [c["refusal"] for c in first["cells"]] == ["invalid T29", None, None]
    assert "rule T29" in first["cells"][0]["message"]
    assert first["cells"][1]["outcomes"] == ["T0:r0=11 !"] and first["cells"][1]["complete"]
    assert len(first["cells"][1]["violations"]) == 1


def test_html(rows: list[MatrixRow]) -> None:
    page = tables.html(rows).removeprefix("<!DOCTYPE html>").replace('<meta charset="utf-8">', "")
    cells = [["".join(c.itertext()) for c in line] for line in ElementTree.fromstring(page).iter("tr")]
    assert cells[1] == ["L2", "invalid T29", "T0:r0=11 !", "T0:r0=10"]
