"""Results as JSON. Keys are never renamed or removed within a `schema` number; new ones may appear.

A run:

    {"schema": 1, "weft": VERSION, "interrupted": BOOL, "seconds": NUMBER,
     "tests": [TEST], "scripts": [SCRIPT], "errors": [ERROR], "summary": SUMMARY}

TEST, one for each test and model:

    {"name", "file", "profile", "model": STRING, "condition": STRING or null,
     "quantifier": "exists" | "~exists" | "forall" or null,
     "verdict": "allowed" | "forbidden" | "undecided" or null      whether the question has an answer (see below),
                or "invalid RULE" | "inexpressible FEATURE" | "unlinkable"       where the design refuses the program,
     "answer": "allowed" | "forbidden" | "holds" | "fails" or null in the words of expectations,
     "validated": BOOL or null                                     whether the condition is true as quantified,
     "expected": as answer, or null, "agrees": BOOL or null,
     "complete": BOOL, "gaps": [STRING], "reason": STRING or null (undecided, refused),
     "outcome": OUTCOME or null    of the witness (of the counter-example, for forall),
     "core": [STRING]              axioms that forbid it,
     "violations": [STRING]        local objects that threads of different owner groups access,
     "outcomes": [OUTCOME] or null, "bound": INT, "hash": STRING, "seconds": NUMBER}

The question asks for an outcome that satisfies the proposition, or for `forall` one that does not.

OUTCOME: {"values": {"T0:r0": INT, "[x]": INT}, "statuses": {"T0": "done" | "trap" | "blocked" |
"cancelled" | "exit" | "killed"}};
values are unsigned, those of floats bit patterns; a register that was never set is missing.

SCRIPT: {"name", "file", "model": STRING, "complete": BOOL, "gaps": [STRING], "seconds": NUMBER, "audits": [AUDIT],
         "assertions": [{"line": INT, "thread", "text": STRING, "result": "passed" | "failed" | "undecided",
                         "message": STRING}]}
AUDIT:  {"line": INT, "text": STRING, "reads": [STRING],
         "verdict": "exact" | "too weak" | "too strong" | "too weak and too strong" | "undecided",
         "possible", "allowed", "accepted", "too_weak", "too_strong": [[INT or null]]}
ERROR:  {"file", "family", "message": STRING, "line", "column": INT or null}
SUMMARY: {"as_expected", "unexpected", "undecided", "bad_files": INT}, where assertions count too.

`weft outcomes --json`: {"schema": 1, "weft", "name", "file", "condition", "models": [STRING], "gaps": [[STRING]],
"outcomes": [OUTCOME with "allowed": {MODEL: BOOL or null}]}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from litmus.checking.result import (
    AssertionResult,
    AuditResult,
    BadInput,
    Comparison,
    Passed,
    Report,
    Result,
    ScriptResult,
    Subject,
)
from litmus.checking.verdict import Allowed, Forbidden, Refused, Undecided, Verdict, word
from litmus.reporting.names import Names
from semantics.execution.outcomes import Outcome

SCHEMA = 1
Object = dict[str, Any]


def run(report: Report, version: str) -> str:
    """The JSON of a run."""
    tests = [r for r in report.results if isinstance(r, Result)]
    scripts = [r for r in report.results if isinstance(r, ScriptResult)]
    return _dump(
        {
            "schema": SCHEMA,
            "weft": version,
            "interrupted": report.interrupted,
            "seconds": round(report.seconds, 6),
            "tests": [_test(r) for r in tests],
            "scripts": [_script(s) for s in scripts],
            "errors": [_error(e) for e in report.errors],
            "summary": {
                "as_expected": sum(r.agrees is True for r in tests) + sum(s.count(Passed.YES) for s in scripts),
                "unexpected": sum(r.agrees is False for r in tests) + sum(s.count(Passed.NO) for s in scripts),
                "undecided": sum(isinstance(r.verdict, Undecided) for r in tests)
                + sum(s.count(Passed.UNKNOWN) for s in scripts),
                "bad_files": len(report.errors),
            },
        }
    )


def comparison(compared: Comparison, version: str) -> str:
    """The JSON of an outcome table."""
    names = Names.of(compared.subject)
    return _dump(
        {
            "schema": SCHEMA,
            "weft": version,
            "name": compared.subject.name,
            "file": compared.subject.file,
            "condition": _condition(compared.subject, names),
            "models": list(compared.models),
            "gaps": [list(g) for g in compared.gaps],
            "outcomes": [
                {**_outcome(o, names), "allowed": dict(zip(compared.models, allowed, strict=True))}
                for o, allowed in compared.rows
            ],
        }
    )


def _dump(value: Object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _condition(subject: Subject, names: Names) -> str | None:
    return names.condition(subject.condition) if subject.condition is not None else None


def _outcome(outcome: Outcome, names: Names) -> Object:
    return {
        "values": {names.observable(o): v for o, v in outcome.values},
        "statuses": {thread: status.value for thread, status in outcome.statuses},
    }


def _test(r: Result) -> Object:
    names = Names.of(r.subject)
    return {
        "name": r.subject.name,
        "file": r.subject.file,
        "profile": r.profile,
        "model": r.model,
        "condition": _condition(r.subject, names),
        "quantifier": r.subject.condition.quantifier.value if r.subject.condition is not None else None,
        "verdict": word(r.verdict) if r.verdict is not None else None,
        "answer": r.answer.value if r.answer is not None else None,
        "validated": r.validated,
        "expected": r.expected.value if r.expected is not None else None,
        "agrees": r.agrees,
        "complete": not r.gaps,
        "gaps": list(r.gaps),
        "reason": _reason(r.verdict),
        "outcome": _outcome(r.verdict.outcome, names) if isinstance(r.verdict, Allowed) else None,
        "core": list(r.verdict.core) if isinstance(r.verdict, Forbidden) else [],
        "outcomes": [_outcome(o, names) for o in r.table.outcomes] if r.table is not None else None,
        "violations": list(r.violations),
        "bound": r.bound,
        "hash": r.subject.digest,
        "seconds": round(r.seconds, 6),
    }


def _reason(verdict: Verdict | None) -> str | None:
    match verdict:
        case Undecided(reason):
            return reason
        case Refused(_, message):
            return message
    return None


def _script(s: ScriptResult) -> Object:
    return {
        "name": s.name,
        "file": s.file,
        "model": s.model,
        "complete": not s.gaps,
        "gaps": list(s.gaps),
        "seconds": round(s.seconds, 6),
        "audits": [_audit(a) for a in s.audits],
        "assertions": [_assertion(a) for a in s.assertions],
    }


def _assertion(a: AssertionResult) -> Object:
    return {"line": a.line, "thread": a.thread, "text": a.text, "result": a.passed.value, "message": a.message}


def _audit(a: AuditResult) -> Object:
    sets: Mapping[str, tuple[tuple[int | None, ...], ...]] = {
        "possible": a.possible,
        "allowed": a.allowed,
        "accepted": a.accepted,
        "too_weak": a.too_weak,
        "too_strong": a.too_strong,
    }
    head = {"line": a.line, "text": a.text, "reads": list(a.reads), "verdict": a.verdict}
    return {**head, **{key: [list(v) for v in values] for key, values in sets.items()}}


def _error(e: BadInput) -> Object:
    return {"file": e.file, "family": e.family, "message": e.text, "line": e.line, "column": e.column}
