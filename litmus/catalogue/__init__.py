"""The tests that ship with weft, by theme; each file states the verdicts that its author derived.

Themes: paper (the programs of the figures), classic (the shapes that herd's users know), acquire-release, mixed-size,
growth, wait-notify, threads, floats, programs (small algorithms), designs (ways to create threads). A test's name is
its file's stem.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path

from semantics.diagnostics import TextError

SUFFIXES = (".litmus", ".wast")


@cache
def paths() -> tuple[Path, ...]:
    """All tests of the catalogue, by theme and name."""
    root = Path(str(resources.files(__name__)))
    found = (path for path in root.glob("*/*") if path.suffix in SUFFIXES)
    return tuple(sorted(found, key=lambda path: (path.parent.name, path.stem)))


def files() -> dict[str, Path]:
    """The catalogue's tests by name."""
    return {path.stem: path for path in paths()}


def find(name: str) -> Path:
    """The file of the test of that name. Raises TextError, with the nearest name, where there is none."""
    known = files()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "`weft run` without arguments runs the whole catalogue"
    raise TextError(f"there is no file {name}, nor a test of that name in the catalogue", hint=hint)
