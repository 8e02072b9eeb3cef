"""Programs under designs, side by side: what each refuses, and which outcomes the others have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from litmus.checking.check import open_problem, prepare, tabulate
from litmus.checking.confinement import violations
from litmus.checking.decide import REFUSES, refused
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.result import Subject, Table
from litmus.language import DesignExpectation, Test, load
from semantics.axioms import load_model
from semantics.diagnostics import Source, load_source, render
from semantics.runtime.profile import Profile


@dataclass(frozen=True, slots=True)
class Cell:
    """One program under one design: how the design refuses it, with the diagnostic; or its table of outcomes, and the
    local objects that are not confined (INV-C)."""

    profile: str
    model: str
    refusal: DesignExpectation | None = None
    message: str = ""
    subject: Subject | None = None
    table: Table | None = None
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One program under every design asked for."""

    name: str
    file: str
    cells: tuple[Cell, ...]


def matrix(
    files: Sequence[Path], profiles: Sequence[Profile], model: str | None = None, limits: Limits = UNLIMITED
) -> list[MatrixRow]:
    """A row for each litmus file, a cell for each design, under the design's own model unless one is given."""
    return [_row(path, profiles, model, limits) for path in files]


def _row(path: Path, profiles: Sequence[Profile], model: str | None, limits: Limits) -> MatrixRow:
    source = load_source(path)
    return MatrixRow(path.stem, str(path), tuple(cell(source, p, model, limits) for p in profiles))


def cell(source: Source, profile: Profile, model: str | None = None, limits: Limits = UNLIMITED) -> Cell:
    """One cell. Raises what is wrong with the text whatever the design."""
    name = model or profile.model
    try:
        test = load(source, profile)
        assert isinstance(test, Test)  # a litmus file holds one
        prepared = prepare(test, limits)
    except REFUSES as error:
        return Cell(profile.name, name, refused(error), render(error))
    chosen = load_model(name)
    table = tabulate(test, open_problem(prepared.view, chosen, limits))
    shared = tuple(map(str, violations(prepared.structure, chosen, profile, limits.seconds)))
    return Cell(profile.name, name, subject=prepared.subject, table=table, violations=shared)
