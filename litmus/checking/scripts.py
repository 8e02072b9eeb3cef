"""A script under a model: assertions about modules as the text decides, those about actions in all outcomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

from litmus.checking.audit import audit
from litmus.checking.check import ask, gaps_of, open_problem, unfold
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.observing import Chooser, observing
from litmus.checking.result import AssertionResult, AuditResult, Passed, ScriptResult
from litmus.checking.sequential import is_sequential, run_script
from litmus.language.script import AssertExhaustion, AssertReturn, AssertTrap, Script
from litmus.language.script_lowering import Claim, Decided, lower, spelled
from semantics.axioms.model import Model
from semantics.diagnostics import Span
from semantics.execution.outcomes import And, Equals, HasStatus, Not, Or, Outcome, Proposition, Same
from semantics.execution.structure import Leaf, PathNode, Status
from semantics.solver import Problem, Reachable, Unknown
from semantics.terms import Term

RETURNED, TRAPPED, OTHER_TRAP = 0, 1, 2
"""Values of a claim's marker. The third is ours: a trap whose reason is not the one that the claim states."""


def check_script(script: Script, model: Model, limits: Limits = UNLIMITED) -> ScriptResult:
    """Decides every assertion of a script under a model, and audits those that depend on racing reads.

    An assertion passes if it does in every consistent execution, and some execution gets to it. A script of one thread
    has one execution, which is run and not solved for.
    """
    if is_sequential(script):
        return run_script(script, model, limits.seconds)
    started = perf_counter()
    name = Path(script.source.name).name
    lowered = lower(script, name)
    claims = [c for c in lowered.claims if isinstance(c, Claim)]
    structure = unfold(lowered.program, limits)
    problem = open_problem(observing(structure, _observed(claims)), model, limits, perf_counter() - started)
    gaps = gaps_of(problem)
    found = _decide(claims, problem, gaps)
    assertions: list[AssertionResult] = []
    audits: list[AuditResult] = []
    for claim in lowered.claims:
        if isinstance(claim, Decided):
            passed = {True: Passed.YES, False: Passed.NO, None: Passed.UNKNOWN}[claim.passed]
            assertions.append(_result(claim.span, claim.thread, claim.text, passed, claim.message))
            continue
        passed, message = found[claim.marker]
        assertions.append(_result(claim.span, claim.thread, claim.text, passed, message))
        left = replace(limits, seconds=problem.deadline.left())
        report = audit(claim, structure, model, left, violation(claim)) if claim.kind is AssertReturn else None
        if report is not None:
            audits.append(report)
    seconds = perf_counter() - started
    source = script.source.name
    return ScriptResult(
        name, source, model.name, tuple(assertions), tuple(audits), seconds, gaps, dict(structure.rules)
    )


def _observed(claims: list[Claim]) -> Chooser:
    """The registers of which claims speak, with traps for another reason told apart."""
    by_thread: dict[str, list[Claim]] = {}
    for claim in claims:
        by_thread.setdefault(claim.thread, []).append(claim)

    def choose(thread: str, _node: PathNode, leaf: Leaf) -> dict[str, Term]:
        kept: dict[str, Term] = {}
        for claim in by_thread.get(thread, ()):
            for register in (claim.marker, *(e.register for e in claim.expected)):
                if register in leaf.registers:
                    kept[register] = leaf.registers[register]
            reason = leaf.traps.get(claim.marker)
            if claim.kind is AssertTrap and reason is not None and not reason.startswith(claim.message):
                kept[claim.marker] = OTHER_TRAP
        return kept

    return choose


def _result(span: Span, thread: str, text: str, passed: Passed, message: str) -> AssertionResult:
    return AssertionResult(span.source.name, span.line, thread, text, passed, message)


def _decide(claims: list[Claim], problem: Problem, gaps: tuple[str, ...]) -> dict[str, tuple[Passed, str]]:
    """How each claim fares, by its marker. One query asks for a violation of any; only where there is one is each asked
    on its own."""
    wrong = {c.marker: violation(c) for c in claims}
    if not gaps and problem.possible(Or(tuple(wrong.values()))) is False:
        reached = problem.possible(And(tuple(_ended(c) for c in claims)))
        if reached:
            return dict.fromkeys(wrong, (Passed.YES, ""))
    return {c.marker: _decide_one(c, wrong[c.marker], problem, gaps) for c in claims}


def _decide_one(claim: Claim, wrong: Proposition, problem: Problem, gaps: tuple[str, ...]) -> tuple[Passed, str]:
    match ask(problem, wrong):
        case Reachable(_, outcome):
            return Passed.NO, _why(claim, outcome)
        case Unknown(reason):
            return Passed.UNKNOWN, reason
    if gaps:
        return Passed.UNKNOWN, "; ".join(gaps)
    if problem.possible(_ended(claim)):
        return Passed.YES, ""
    return Passed.UNKNOWN, "no execution gets to the end of this"


def _ended(claim: Claim) -> Proposition:
    """The action of a claim came to its end: it returned or trapped."""
    return _set(claim.thread, claim.marker)


def _set(thread: str, register: str) -> Proposition:
    """The register has a value."""
    return Same((thread, register), (thread, register))


def violation(claim: Claim) -> Proposition:
    """The outcomes that a claim forbids. One where the thread never gets to the action is not among them.

    With threads the call stack ends in a cut, so that an expected exhaustion is refuted or undecided, never confirmed.
    """
    thread = claim.thread
    returned: Proposition = Equals((thread, claim.marker), RETURNED)
    stuck = _stuck(claim)
    if claim.kind is AssertExhaustion:
        return _set(thread, claim.marker)
    if claim.kind is AssertTrap:
        return Or((returned, Equals((thread, claim.marker), OTHER_TRAP), stuck))
    trapped: Proposition = Equals((thread, claim.marker), TRAPPED)
    if claim.get:
        returned, trapped = _set(thread, claim.marker), Or(())
    right = And(tuple(Or(tuple(Equals((thread, e.register), v) for v in e.values)) for e in claim.expected))
    return Or((trapped, And((returned, Not(right))), stuck))


def _stuck(claim: Claim) -> Proposition:
    """The thread is blocked for ever in the action: all before it has ended, and it has not."""
    before = [_set(claim.thread, claim.previous)] if claim.previous else []
    ended = HasStatus(claim.thread, Status.BLOCKED)
    joined = [Or((HasStatus(t, Status.DONE), HasStatus(t, Status.TRAP))) for t in claim.joined]
    return And((ended, *before, *joined, Not(_set(claim.thread, claim.marker))))


def _why(claim: Claim, outcome: Outcome) -> str:
    """What happens instead, in an outcome that violates a claim."""
    marker = outcome.value((claim.thread, claim.marker))
    if marker is None:
        status = outcome.status(claim.thread)
        return f"in an outcome that is allowed it never ends: the thread is {status.value if status else 'not started'}"
    if not claim.get and marker != RETURNED:
        return "in an outcome that is allowed it traps" + (" for another reason" if marker == OTHER_TRAP else "")
    values = ((e.type, outcome.value((claim.thread, e.register))) for e in claim.expected)
    found = ", ".join(spelled(t, v)[1:-1] for t, v in values if v is not None)
    return f"in an outcome that is allowed it returns {found or 'nothing'}"
