"""One test under one model: explore, ask the solver, let the referee judge what it says, answer in a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from time import perf_counter

from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.result import Result, Subject, Table
from litmus.checking.verdict import Allowed, Forbidden, Undecided, Verdict
from litmus.checking.witness import vouch
from litmus.language import Expectation, Test, observables
from semantics.axioms.model import Model
from semantics.execution.outcomes import Observable, Outcome, Proposition, holds
from semantics.execution.structure import EventStructure, Status
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Program
from semantics.solver import Problem, Reachable, Unknown, Unreachable


@dataclass(frozen=True, slots=True)
class Prepared:
    """A test with its event structure, which all models share."""

    test: Test
    subject: Subject
    structure: EventStructure
    bound: int
    seconds: float  # that exploration took


def prepare(test: Test, limits: Limits = UNLIMITED) -> Prepared:
    """Unfolds a test's program."""
    started = perf_counter()
    loop = limits.loop or test.bound or Bounds().loop
    structure = unfold(test.program, Limits(loop, limits.seconds))
    return Prepared(test, subject(test), structure, loop, perf_counter() - started)


def unfold(program: Program, limits: Limits) -> EventStructure:
    """A program's event structure, to the bounds."""
    return explore(program, Bounds() if limits.loop is None else Bounds(loop=limits.loop))


def subject(test: Test) -> Subject:
    """What reports need to know of a test."""
    named = list(test.locations)
    if test.condition is not None:
        named += observables(test.condition.proposition)
    order = {name: i for i, name in enumerate(test.threads)}
    shown = sorted(dict.fromkeys(named), key=lambda o: (o[0] == "", order.get(o[0], len(order)), o[1]))
    digest = hashlib.md5(test.source.text.encode(), usedforsecurity=False).hexdigest()
    file = test.source.name
    return Subject(test.name, file, test.condition, test.threads, tuple(shown), digest, test.description)


def open_problem(structure: EventStructure, model: Model, limits: Limits) -> Problem:
    """The solver's problem of an event structure under a model."""
    return Problem(structure, model, time_limit=limits.seconds)


def check(
    prepared: Prepared,
    model: Model,
    limits: Limits = UNLIMITED,
    *,
    expected: Expectation | None = None,
    outcomes: bool = False,
    why: bool = False,
) -> Result:
    """Decides the test's condition under a model; lists all outcomes too where `outcomes` asks for it, or where
    the test has no condition; finds out what forbids it where `why` asks for that.

    Raises InternalError where a witness does not pass the referee or the model's own text.
    """
    started = perf_counter()
    test = prepared.test
    problem = open_problem(prepared.structure, model, limits)
    verdict: Verdict | None = None
    table: Table | None = None
    gaps: tuple[str, ...] = ()
    if test.condition is not None:
        verdict, gaps = decide(problem, test.condition.query, why=why)
    if outcomes or test.condition is None:
        table = tabulate(prepared, problem)
        gaps = table.gaps
    reachable = None if verdict is None or isinstance(verdict, Undecided) else isinstance(verdict, Allowed)
    validated = test.condition.validated(reachable) if test.condition is not None and reachable is not None else None
    agrees = expected.reachable is reachable if expected is not None and reachable is not None else None
    seconds = prepared.seconds + perf_counter() - started
    return Result(
        prepared.subject,
        model.name,
        verdict,
        validated,
        expected,
        agrees,
        seconds,
        gaps,
        table,
        prepared.bound,
        prepared.structure.rules,
    )


def decide(problem: Problem, query: Proposition, *, why: bool = False) -> tuple[Verdict, tuple[str, ...]]:
    """Whether some consistent execution satisfies `query`, and what the exploration left out.

    Forbidden needs an unsatisfiable answer and no gaps; an allowed outcome is vouched for.
    """
    answer = ask(problem, query)
    gaps = gaps_of(problem)
    match answer:
        case Reachable(execution, outcome):
            return Allowed(outcome, execution), gaps
        case Unknown(reason):
            return Undecided(reason), (*gaps, reason)
    if gaps:
        return Undecided("; ".join(gaps)), gaps
    if not why:
        return Forbidden(), gaps
    explained = problem.explain(query)
    return Forbidden(explained.core, explained.execution), gaps


def ask(problem: Problem, query: Proposition) -> Reachable | Unreachable | Unknown:
    """`problem.reach`, without reasons for "no", which cost more than the answer; a witness is vouched for."""
    if problem.possible(query) is False:
        return Unreachable(())
    answer = problem.reach(query)
    if isinstance(answer, Reachable):
        vouch(problem.model, answer.execution)
    return answer


def gaps_of(problem: Problem) -> tuple[str, ...]:
    """What stands between "none was found" and "there is none": what the unfolding left out, and whether a path that a
    bound cut is consistently reachable. Empty: the exploration is complete."""
    structure = problem.structure
    found = list(structure.incomplete)
    cut = sorted({n.leaf.reason for n in structure.nodes if n.leaf is not None and n.leaf.status is Status.CUT})
    if cut:
        reachable = problem.cut_reachable()
        if reachable is not False:
            why = "; ".join(filter(None, cut)) or "a loop"
            found.append(f"bound reached: {why}" if reachable else f"a bound may be reached: {why}")
    return tuple(found)


def tabulate(prepared: Prepared, problem: Problem, *, everything: bool = False) -> Table:
    """All outcomes, projected to what the test shows (to all observables where it names none, or on request)."""
    found = problem.outcomes()
    shown = None if everything else prepared.subject.shown or None
    outcomes = sorted({project(o, shown) for o in found}, key=lambda o: (o.values, [s.value for _, s in o.statuses]))
    condition = prepared.test.condition
    positive = sum(condition is None or holds(condition.proposition, o) for o in outcomes)
    return Table(tuple(outcomes), positive, (*gaps_of(problem), *found.reasons))


def project(outcome: Outcome, shown: Collection[Observable] | None) -> Outcome:
    """The outcome with the observables `shown` alone (None: all)."""
    if shown is None:
        return outcome
    return Outcome(tuple(v for v in outcome.values if v[0] in shown), outcome.statuses)
