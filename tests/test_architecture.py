"""The walls of the house: which room may import which, checked on the import statements themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each room and the rooms that it may import (besides itself). A room that is missing here fails.
ALLOWED: dict[str, set[str]] = {
    "semantics.diagnostics": set(),
    "semantics.syntax": {"semantics.diagnostics"},
    "semantics.terms": {"semantics.diagnostics"},
    "semantics.text": {"semantics.diagnostics", "semantics.syntax", "semantics.terms"},
    "semantics.binary": {"semantics.diagnostics", "semantics.syntax"},
    "semantics.runtime": {"semantics.diagnostics", "semantics.syntax", "semantics.terms"},
    "semantics.validation": {"semantics.diagnostics", "semantics.syntax", "semantics.runtime"},
    "semantics.profiles": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.terms",
        "semantics.text",  # a design's file says how its instructions are written
        "semantics.runtime",
        "semantics.validation",
        "semantics.reduction",
    },
    "semantics.merging": {"semantics.diagnostics", "semantics.syntax", "semantics.runtime", "semantics.validation"},
    "semantics.reduction": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.terms",
        "semantics.runtime",
        "semantics.validation",  # for the subtyping rows, which Fig. 22 prints
    },
    "semantics.execution": {"semantics.diagnostics", "semantics.syntax", "semantics.terms", "semantics.runtime"},
    "semantics.exploration": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.terms",
        "semantics.runtime",
        "semantics.text",
        "semantics.validation",
        "semantics.reduction",
        "semantics.profiles",
        "semantics.execution",
    },
    "semantics.encodings": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.text",  # random programs are written as text
        "semantics.runtime",
        "semantics.validation",
        "semantics.profiles",
        "semantics.merging",
        "semantics.exploration",  # what is translated is a program, with its host
    },
    "semantics.axioms": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.terms",
        "semantics.runtime",
        "semantics.execution",
    },
    "semantics.solver": {
        "semantics.diagnostics",
        "semantics.syntax",
        "semantics.terms",
        "semantics.runtime",
        "semantics.execution",
        "semantics.axioms",
    },
    "litmus.language": {"semantics"},
    "litmus.catalogue": {"semantics.diagnostics"},
    "litmus.checking": {"semantics", "litmus.language", "litmus.catalogue"},
    "litmus.reporting": {"semantics", "litmus.language", "litmus.checking"},
    "litmus.cli": {"semantics", "litmus.language", "litmus.catalogue", "litmus.checking", "litmus.reporting"},
}


def room_of(path: Path) -> str | None:
    """The room of a source file: its first two components; None for the packages' own __init__."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return None if parts[1:] == ("__init__",) else ".".join(parts[:2])


def imports_of(path: Path) -> set[str]:
    """The modules of weft that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


FILES = sorted(p for package in ("semantics", "litmus") for p in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path: Path) -> None:
    """A file imports only rooms that its own room may see."""
    room = room_of(path)
    if room is None:
        return
    assert room in ALLOWED, f"{room} has no floor: give it one in this table"
    for name in imports_of(path):
        package, _, rest = name.partition(".")
        if package not in ("semantics", "litmus") or not rest:
            continue
        target = f"{package}.{rest.split('.')[0]}"
        fits = target == room or target in ALLOWED[room] or package in ALLOWED[room]
        assert fits or target not in ALLOWED, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_solver_imports_z3(path: Path) -> None:
    """The solver is the only importer of z3."""
    if any(name.split(".")[0] == "z3" for name in imports_of(path)):
        assert room_of(path) == "semantics.solver"


def test_the_table_can_fail() -> None:
    """The two layers meet only in `execution`: neither sees the other."""
    assert "semantics.reduction" not in ALLOWED["semantics.axioms"]
    assert "semantics.axioms" not in ALLOWED["semantics.reduction"]
    assert not any("semantics.solver" in allowed for room, allowed in ALLOWED.items() if room.startswith("semantics"))


def test_every_room_stands() -> None:
    """No room of the table is missing from the tree."""
    for room in ALLOWED:
        base = ROOT.joinpath(*room.split("."))
        assert base.is_dir() or base.with_suffix(".py").is_file(), room


def test_files_stay_readable() -> None:
    """A module does one thing; past some six hundred lines it has become two."""
    long = {str(p.relative_to(ROOT)): n for p in FILES if (n := len(p.read_text("utf-8").splitlines())) > 650}
    assert not long
