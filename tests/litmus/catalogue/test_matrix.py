"""The verdict matrix of the designs, cell by cell, and how it is printed.

A cell is what `weft matrix` prints: outcomes between bars, "!" where threads of different owners access a local object.
Where the cells say more or less than the table that was drawn up by hand, paper_notes/deviations.md derives them.
"""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from litmus import catalogue
from litmus.checking.matrix import MatrixRow, cell, matrix
from litmus.reporting import matrix as tables
from semantics.diagnostics import load_source
from semantics.profiles import profile

COLUMNS = (
    "web", "wasi", "create-unchecked", "create", "fork", "create-module", "handle", "module-shared", "wavm",
    "wavm-clone", "tls",
)  # fmt: skip
T29, FLAG = "invalid T29", "invalid module-flag"
NO_SHARED, NO_TLS = "inexpressible shared-globals", "inexpressible thread-local-globals"
KILLED = "f:r=none T0:exit f:killed"

TABLE: dict[str, tuple[str, ...]] = {
    "L1": ("f:r=1", f"{KILLED} | f:r=1 T0:exit", *("f:r=1",) * 9),
    "L2": (
        "T0:r0=10", "T0:r0=10 T0:exit | T0:r0=10 T0:exit f:killed", "T0:r0=11 !", T29, T29, "T0:r0=10", T29, FLAG,
        "T0:r0=10", "T0:r0=11", T29,
    ),
    "L2+shared": (
        NO_SHARED, NO_SHARED, "T0:r0=11", "T0:r0=11", "T0:r0=11", "T0:r0=10", "T0:r0=11", "T0:r0=11", NO_SHARED,
        NO_SHARED, "T0:r0=11",
    ),
    "L2+tls": (*(NO_TLS,) * 7, FLAG, NO_TLS, NO_TLS, "T0:r0=10"),
    "L3": (
        "f:r=0", f"{KILLED} | f:r=0 T0:exit", "f:r=0 ! | f:r=1 !", T29, T29, "f:r=0", T29, FLAG, "f:r=0", "f:r=0", T29,
    ),
    "L3+shared": (
        NO_SHARED, NO_SHARED, "f:r=0 | f:r=1", "f:r=0 | f:r=1", "f:r=0 | f:r=1", "f:r=0", "f:r=0 | f:r=1",
        "f:r=0 | f:r=1", NO_SHARED, NO_SHARED, "f:r=0 | f:r=1",
    ),
    "L3+tls": (*(NO_TLS,) * 7, FLAG, NO_TLS, NO_TLS, "f:r=0"),
    "L4": ("T0:r=1 | T0:r=7", "T0:r=7 T0:exit | T0:r=7 T0:exit f:killed", *("T0:r=1",) * 9),
    "L5": (
        "T0:r=2", "T0:r=2 T0:exit | T0:r=2 T0:exit f:killed", "T0:r=1", "T0:r=1", "T0:r=1",
        "inexpressible a-start-function-beside-the-thread", *("T0:r=1",) * 5,
    ),
    "L6": ("f:r=1", f"{KILLED} | f:r=1 T0:exit", *("f:r=0 f:trap",) * 3, "f:r=1", *("f:r=0 f:trap",) * 5),
    "L7": (
        "f:r=0 f:trap", f"{KILLED} | f:r=0 T0:killed f:trap", "f:r=42 !", T29, T29, "f:r=0 f:trap", T29, FLAG,
        "f:r=42 !", "f:r=42 !", T29,
    ),
    "L8": (
        "T0:r=5 f:trap", "T0:r=none T0:killed f:trap | T0:r=5 T0:exit f:killed", *("T0:r=5 f:trap",) * 9,
    ),
    "L9": ("f:blocked", "T0:exit f:killed", *("f:blocked",) * 9),
    "L11": (
        "f:r=2", f"{KILLED} ! | f:r=1 T0:exit ! | f:r=2 T0:exit !", "f:r=1 ! | f:r=2 !", T29, T29,
        "inexpressible imports-of-a-thread", T29, FLAG, "f:r=2", "f:r=2", T29,
    ),
    "L12": (
        "f:r=none T0:trap", "inexpressible a-thread-that-takes-funcref", "f:r=1 !", "invalid T6", "invalid T6",
        "inexpressible arguments-of-a-thread-that-is-a-module", "invalid T6", FLAG,
        "inexpressible a-thread-that-takes-funcref", "inexpressible a-thread-that-takes-funcref", "invalid T6",
    ),
    "L12+table": (
        "f:r=0 f:trap", f"{KILLED} | f:r=0 T0:killed f:trap", "f:r=1 !", T29, T29, "f:r=0 f:trap", T29, FLAG,
        "f:r=1 !", "f:r=1 !", T29,
    ),
    "LM": (
        "T0:r0=1 f:r1=1", "T0:r0=1 f:r1=none T0:exit f:killed ! | T0:r0=1 f:r1=2 T0:exit !", "T0:r0=1 f:r1=2 !",
        T29, T29, "inexpressible imports-of-a-thread", T29, FLAG, "T0:r0=1 f:r1=1", "T0:r0=1 f:r1=2", T29,
    ),
    "LM+shared": (
        NO_SHARED, NO_SHARED, *("T0:r0=1 f:r1=2",) * 3, "inexpressible imports-of-a-thread", *("T0:r0=1 f:r1=2",) * 2,
        NO_SHARED, NO_SHARED, "T0:r0=1 f:r1=2",
    ),
    "LM+tls": (*(NO_TLS,) * 7, FLAG, NO_TLS, NO_TLS, "T0:r0=1 f:r1=1"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_cells(name: str) -> None:
    source = load_source(catalogue.find(name))
    found = tuple(" | ".join(tables.outcomes(cell(source, profile(p)))) for p in COLUMNS)
    assert dict(zip(COLUMNS, found, strict=True)) == dict(zip(COLUMNS, TABLE[name], strict=True))


def test_designs_differ() -> None:
    """No two columns are alike: each design shows itself in some program."""
    columns = list(zip(*TABLE.values(), strict=True))
    alike = {(a, b) for i, a in enumerate(COLUMNS) for j, b in enumerate(COLUMNS[:i]) if columns[i] == columns[j]}
    assert alike == {("fork", "create"), ("handle", "create"), ("handle", "fork")}  # B.3: create with an index is fork


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
