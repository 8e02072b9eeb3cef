"""Parsing and validation alone: what `weft check` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from litmus.checking.errors import bad_input
from litmus.checking.result import BadInput
from litmus.language import SUFFIXES, Test, load_tests
from litmus.language.modules import MODULES, load_valid_module
from semantics.diagnostics import TextError, WeftError


def check_files(arguments: Sequence[str]) -> tuple[list[str], list[BadInput]]:
    """A line for each good file, and the errors; directories are searched for tests and modules."""
    good: list[str] = []
    errors: list[BadInput] = []
    for argument in arguments:
        try:
            good += [f"{path}: {check_file(path)}" for path in _expand(Path(argument))]
        except WeftError as error:
            errors.append(bad_input(argument, error))
    return good, errors


def _expand(path: Path) -> list[Path]:
    suffixes = (*SUFFIXES, *MODULES)
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix in suffixes and p.is_file())
    if not found:
        raise TextError(f"the directory {path} has no tests or modules", expected=tuple(f"*{s}" for s in suffixes))
    return found


def check_file(path: Path) -> str:
    """What the file is, in words. Raises the WeftError of what is wrong with it."""
    if path.suffix in MODULES:
        load_valid_module(path)
        return "a valid module"
    for test in load_tests(path):
        if isinstance(test, Test):
            return f"a valid test of {len(test.threads)} threads"
        from litmus.language.script_lowering import Claim, lower

        claims = lower(test, path.name).claims
        actions = sum(isinstance(c, Claim) for c in claims)
        return f"a valid script: {actions} actions, {len(claims) - actions} assertions about modules"
    raise AssertionError("a file of tests holds one at least")
