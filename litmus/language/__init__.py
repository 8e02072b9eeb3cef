"""Test formats -> tests: .litmus files (a litmus test each), .wast scripts of the threads proposal, and modules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from litmus.language.condition import observables, show_condition, show_proposition
from litmus.language.litmus_format import Stated, parse_litmus, stated
from litmus.language.modules import MODULES
from litmus.language.test import Condition, DesignExpectation, Expectation, Quantifier, Test
from semantics.diagnostics import Source, TextError, load_source

if TYPE_CHECKING:
    from litmus.language.script import Script
    from semantics.runtime.profile import Profile

__all__ = [
    "SUFFIXES",
    "Condition",
    "DesignExpectation",
    "Expectation",
    "Quantifier",
    "Stated",
    "Test",
    "load",
    "load_tests",
    "observables",
    "parse_litmus",
    "show_condition",
    "show_proposition",
    "stated",
]

SUFFIXES = (".litmus", ".wast")
"""File names that hold tests end so."""


def load(source: Source, profile: Profile | None = None) -> Test | Script:
    """The test or script of a text, by the suffix of its name; a litmus test as the design `profile` writes it.

    Raises TextError, Invalid and Unsupported for what is wrong in it, each with its place, and TextError for a
    suffix that names no test format.
    """
    suffix = Path(source.name).suffix
    if suffix == ".litmus":
        return parse_litmus(source, profile)
    if suffix == ".wast":
        from litmus.language.script import parse_script  # a litmus file needs none of it

        return parse_script(source)
    raise TextError(f"{source.name} is no test", expected=tuple(f"a {known} file" for known in SUFFIXES))


def load_tests(path: Path, profile: Profile | None = None) -> list[Test | Script]:
    """The tests of one file, as `load` reads them; a module is one too.

    Raises what `load`, `lone_module` and `load_source` raise.
    """
    if path.suffix in MODULES:
        from litmus.language.lone_module import lone_module  # a litmus file needs none of it

        return [lone_module(path)]
    if path.suffix not in SUFFIXES:
        raise TextError(f"{path} is no test", expected=tuple(f"a {known} file" for known in (*SUFFIXES, *MODULES)))
    return [load(load_source(path), profile)]
