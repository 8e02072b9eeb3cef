"""The tests that ship with weft, by theme; a test's file bears its name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from semantics.diagnostics import TextError

ROOT = Path(__file__).parent
SUFFIXES = (".litmus", ".wast")


def files() -> dict[str, Path]:
    """The catalogue's tests by name."""
    return {p.stem: p for p in sorted(ROOT.rglob("*")) if p.suffix in SUFFIXES}


def find(name: str) -> Path:
    """The file of the test of that name. Raises TextError, with the nearest name, where there is none."""
    known = files()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "`weft run` without arguments runs the whole catalogue"
    raise TextError(f"there is no file {name}, nor a test of that name in the catalogue", hint=hint)
