"""The complete outcome table of a test: for several models, the union of their outcomes and who allows which."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from litmus.checking.check import Prepared, gaps_of, open_problem, tabulate
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.result import Comparison, Count, Table
from semantics.axioms.model import Model
from semantics.execution.outcomes import Outcome


def compare(
    prepared: Prepared, models: Sequence[Model], limits: Limits = UNLIMITED, *, everything: bool = False
) -> Comparison:
    """All outcomes under each of the models; traps and blocked threads are outcomes too.

    `everything` keeps all observables; otherwise those that the test shows.
    """
    started = perf_counter()
    structure = prepared.structure if everything else prepared.view
    tables = [tabulate(prepared.test, open_problem(structure, m, limits, prepared.seconds)) for m in models]
    rows: dict[Outcome, None] = dict.fromkeys(o for t in tables for o in t.outcomes)
    found = [frozenset(t.outcomes) for t in tables]
    return Comparison(
        prepared.subject,
        tuple(m.name for m in models),
        tuple((o, tuple(_allowed(o, s, t) for s, t in zip(found, tables, strict=True))) for o in rows),
        tuple(t.gaps for t in tables),
        prepared.bound,
        prepared.seconds + perf_counter() - started,
    )


def _allowed(outcome: Outcome, found: frozenset[Outcome], table: Table) -> bool | None:
    return True if outcome in found else (None if table.gaps else False)


def count(prepared: Prepared, model: Model, limits: Limits = UNLIMITED) -> Count:
    """How many outcomes there are, without listing them where the solver keeps them factored."""
    problem = open_problem(prepared.view, model, limits, prepared.seconds)
    found = problem.outcomes()
    return Count(prepared.subject, model.name, found.count(), (*gaps_of(problem), *found.reasons))
