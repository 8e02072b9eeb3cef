"""One test under one model: explore, ask the solver, let the referee judge what it says, answer in a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter

from litmus.checking.confinement import violations
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.observing import observing
from litmus.checking.result import Result, Subject, Table
from litmus.checking.verdict import Allowed, Forbidden, Undecided, Verdict
from litmus.checking.witness import vouch
from litmus.language import Expectation, Test, observables
from semantics.axioms.model import Model
from semantics.execution.outcomes import TRUE, Observable, Proposition, holds
from semantics.execution.structure import EventStructure, Leaf, PathNode, Status
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Program
from semantics.profiles import DEFAULT as FORK
from semantics.runtime.profile import Profile
from semantics.solver import TIME_LIMIT, Problem, Reachable, Unknown, Unreachable
from semantics.syntax.types import Order
from semantics.terms import Term


@dataclass(frozen=True, slots=True)
class Prepared:
    """A test with its event structure, which all models share.

    `view` is the structure with those observables alone that the test shows: outcomes that agree on them are one.
    """

    test: Test
    subject: Subject
    structure: EventStructure
    view: EventStructure
    bound: int
    seconds: float  # that exploration took


def prepare(test: Test, limits: Limits = UNLIMITED) -> Prepared:
    """Unfolds a test's program."""
    started = perf_counter()
    loop = limits.loop or test.bound or Bounds().loop
    structure = unfold(test.program, Limits(loop, limits.seconds), test.profile)
    shown = subject(test, structure)
    wanted = frozenset(shown.shown)

    def choose(thread: str, _node: PathNode, leaf: Leaf) -> dict[str, Term]:
        return {name: value for name, value in leaf.registers.items() if (thread, name) in wanted}

    view = observing(structure, choose)
    return Prepared(test, shown, structure, view, loop, perf_counter() - started)


def unfold(program: Program, limits: Limits, profile: Profile = FORK) -> EventStructure:
    """A program's event structure, to the bounds."""
    bounds = Bounds(seconds=limits.seconds)
    return explore(program, bounds if limits.loop is None else replace(bounds, loop=limits.loop), profile)


def subject(test: Test, structure: EventStructure) -> Subject:
    """What reports need to know of a test. One that names no observables and asks nothing shows all that it has."""
    named = list(test.locations)
    if test.condition is not None:
        named += observables(test.condition.proposition)
    elif not named:
        threads = structure.threads
        named = [(threads[n.thread].name, r) for n in structure.nodes if n.leaf is not None for r in n.leaf.registers]
    order = {name: i for i, name in enumerate(test.threads)}
    shown = sorted(dict.fromkeys(named), key=lambda o: (o[0] == "", order.get(o[0], len(order)), o[1]))
    digest = hashlib.md5(test.source.text.encode(), usedforsecurity=False).hexdigest()
    file = test.source.name
    return Subject(
        test.name, file, test.condition, test.threads, tuple(shown), digest, test.description, _floats(test, shown)
    )


def _floats(test: Test, shown: Iterable[Observable]) -> dict[Observable, int]:
    """Those of the observables that are floats, with their width."""
    found: dict[Observable, int] = {}
    for thread, name in shown:
        kind = test.kinds.get(thread.partition("#")[0], {}).get(name)
        if kind is not None and kind.is_float:
            found[thread, name] = kind.bits
    return found


def open_problem(structure: EventStructure, model: Model, limits: Limits, spent: float = 0) -> Problem:
    """The solver's problem of an event structure under a model, whose time begins; exploration spent some already."""
    return Problem(structure, model, time_limit=None if limits.seconds is None else limits.seconds - spent)


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
    problem = open_problem(prepared.view, model, limits, prepared.seconds)
    verdict: Verdict | None = None
    table: Table | None = None
    gaps: tuple[str, ...] = ()
    if test.condition is not None:
        verdict, gaps = decide(problem, test.condition.query, why=why)
    if outcomes or test.condition is None:
        table = tabulate(prepared.test, problem)
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
        test.profile.name,
        tuple(map(str, violations(prepared.structure, model, test.profile, limits.seconds))),
    )


def decide(problem: Problem, query: Proposition, *, why: bool = False) -> tuple[Verdict, tuple[str, ...]]:
    """Whether some consistent execution satisfies `query`, and what the exploration left out.

    Forbidden needs an unsatisfiable answer and no gaps; an allowed outcome is vouched for.
    """
    answer = ask(problem, query)
    gaps = gaps_of(problem)
    match answer:
        case Reachable(execution, outcome):
            if reason := unspoken(problem):
                return Undecided(reason), (*gaps, reason)
            return Allowed(outcome, execution), gaps
        case Unknown(reason):
            return Undecided(reason), (*gaps, reason)
    if gaps:
        return Undecided("; ".join(gaps)), gaps
    some = problem.possible(TRUE)
    if some is None:
        return Undecided(TIME_LIMIT), (TIME_LIMIT,)
    if not some:
        nothing = "no execution ends, so that there is no outcome to speak of"
        return Undecided(nothing), (nothing,)
    if not why:
        return Forbidden(), gaps
    try:
        explained = problem.explain(query)
    except TimeoutError:
        late = "forbidden, but the time limit struck before it was clear by what"
        return Undecided(late), (*gaps, late)
    return Forbidden(explained.core, explained.execution), gaps


def ask(problem: Problem, query: Proposition) -> Reachable | Unreachable | Unknown:
    """`problem.reach`, without reasons for "no", which cost more than the answer; a witness is vouched for."""
    if problem.possible(query) is False:
        return Unreachable(())
    answer = problem.reach(query)
    if isinstance(answer, Reachable):
        vouch(problem.model, answer.execution)
    return answer


def unspoken(problem: Problem) -> str:
    """Why what the model allows may not be allowed: there are acqrel accesses, and it tells orders apart but has no
    rule for that one, so that they are as weak as unordered ones. "" where it has, or where no order matters."""
    model, actions = problem.model, (a for e in problem.structure.events for a in e.actions)
    if "AR" in model.uses or "SC" not in model.uses or all(a.order is not Order.ACQREL for a in actions):
        return ""
    return f"{model.name} has no rule for acqrel accesses (wasm-acqrel has)"


def gaps_of(problem: Problem) -> tuple[str, ...]:
    """What stands between "none was found" and "there is none": what the unfolding left out, and whether a path that a
    bound cut is consistently reachable. Empty: the exploration is complete."""
    structure = problem.structure
    found = list(structure.incomplete)
    cut = sorted({n.leaf.reason for n in structure.nodes if n.leaf is not None and n.leaf.status is Status.CUT})
    if cut or structure.behind:
        reachable = problem.cut_reachable()
        if reachable is not False:
            why = "; ".join(filter(None, (*cut, structure.behind))) or "a loop"
            found.append(f"bound reached: {why}" if reachable else f"a bound may be reached: {why}")
    return tuple(found)


def tabulate(test: Test, problem: Problem) -> Table:
    """All outcomes of a problem."""
    found = problem.outcomes()
    outcomes = sorted(found, key=lambda o: (o.values, [s.value for _, s in o.statuses]))
    condition = test.condition
    positive = sum(condition is None or holds(condition.proposition, o) for o in outcomes)
    gaps = (*gaps_of(problem), *found.reasons, *filter(None, (unspoken(problem),)))
    return Table(tuple(outcomes), positive, gaps)
