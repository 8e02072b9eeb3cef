"""Results made by hand: reports are functions of results alone."""

from __future__ import annotations

from litmus.checking.result import (
    AssertionResult,
    AuditResult,
    BadInput,
    FileReport,
    Passed,
    Report,
    Result,
    ScriptResult,
    Subject,
    Table,
)
from litmus.checking.verdict import Allowed, Forbidden, Undecided
from litmus.language import Condition, Expectation, Quantifier
from semantics.execution.outcomes import And, Equals, Observable, Outcome, holds
from semantics.execution.structure import Status

R0: Observable = ("P", "r0")
R1: Observable = ("Q", "r0")
X: Observable = ("", "x")
BOTH_ZERO = And((Equals(R0, 0), Equals(R1, 0)))


def outcome(p: int | None, q: int | None, *, x: int | None = None, q_status: Status = Status.DONE) -> Outcome:
    values = [(o, v) for o, v in ((X, x), (R0, p), (R1, q)) if v is not None]
    return Outcome(tuple(sorted(values)), (("P", Status.DONE), ("Q", q_status)))


def subject(quantifier: Quantifier | None = Quantifier.EXISTS, *, name: str = "SB", shown=(R0, R1)) -> Subject:
    condition = Condition(quantifier, BOTH_ZERO) if quantifier is not None else None
    return Subject(name, f"{name}.litmus", condition, ("P", "Q"), shown, "5d03da51985940025b1aac3b41cafe8e")


ALL = tuple(outcome(p, q) for p in (0, 1) for q in (0, 1))


def result(
    quantifier: Quantifier | None = Quantifier.EXISTS,
    outcomes: tuple[Outcome, ...] = ALL,
    *,
    model: str = "wasm-threads",
    expected: Expectation | None = Expectation.ALLOWED,
    gaps: tuple[str, ...] = (),
    name: str = "SB",
    shown: tuple[Observable, ...] = (R0, R1),
) -> Result:
    about = subject(quantifier, name=name, shown=shown)
    if about.condition is None:
        return Result(about, model, None, None, None, None, 0.0123, gaps, Table(outcomes, len(outcomes), gaps), 8)
    query = about.condition.query
    hit = next((o for o in outcomes if holds(query, o)), None)
    verdict = Allowed(hit) if hit is not None else Undecided(gaps[0]) if gaps else Forbidden(("hb-consistent-1",))
    reachable = None if isinstance(verdict, Undecided) else hit is not None
    positive = sum(holds(about.condition.proposition, o) for o in outcomes)
    return Result(
        about,
        model,
        verdict,
        None if reachable is None else about.condition.validated(reachable),
        expected,
        None if reachable is None or expected is None else expected.reachable is reachable,
        0.0123,
        gaps,
        Table(outcomes, positive, gaps),
        8,
    )


def script(*passed: Passed, audits: tuple[AuditResult, ...] = ()) -> ScriptResult:
    assertions = tuple(
        AssertionResult("MP.wast", 50 + i, "main", "assert_return (get)", p, "" if p is Passed.YES else "it returns 0")
        for i, p in enumerate(passed)
    )
    return ScriptResult("MP.wast", "MP.wast", "sc", assertions, audits, 0.25)


BAD = BadInput("bad.litmus", "syntax error", "bad.litmus:3:7: syntax error: no <such> thing\n  | i32.laod", 3, 7)


def report(*results: Result | ScriptResult, error: BadInput | None = None, interrupted: bool = False) -> Report:
    files = [FileReport(r.subject.file if isinstance(r, Result) else r.file, (r,)) for r in results]
    if error is not None:
        files.append(FileReport(error.file, (), error))
    return Report(tuple(files), len(files) + interrupted, 1.5, interrupted)
