"""JUnit XML, as continuous integration reads it: a suite for each file, a case for each test and model or assertion."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from litmus.checking.result import AssertionResult, FileReport, Passed, Report, Result, ScriptResult
from litmus.checking.verdict import Undecided, word

_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def run(report: Report) -> str:
    """The XML of a run: what disagrees is a failure, what is undecided or bad input an error."""
    suites = [_suite(f) for f in report.files]
    head = f'<testsuites name="weft" time="{report.seconds:.3f}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]) + "\n"


def _suite(file: FileReport) -> str:
    cases: list[str] = []
    for result in file.results:
        if isinstance(result, Result):
            cases.append(_test(result))
        else:
            cases += [_assertion(result, a) for a in result.assertions]
    if file.error is not None:
        cases.append(_case(file.file, file.error.family, 0.0, ("error", file.error.family, file.error.text)))
    failures, errors = (sum(f"<{kind} " in c for c in cases) for kind in ("failure", "error"))
    name = _attribute(file.file)
    head = f'  <testsuite name={name} tests="{len(cases)}" failures="{failures}" errors="{errors}">'
    return "\n".join([head, *cases, "  </testsuite>"])


def _test(r: Result) -> str:
    problem = None
    if isinstance(r.verdict, Undecided):
        problem = ("error", "undecided", r.verdict.reason)
    elif r.agrees is False and r.verdict is not None:
        expected = r.expected.value if r.expected is not None else ""
        found = r.answer.value if r.answer is not None else word(r.verdict)
        problem = ("failure", f"expected {expected}", f"{r.subject.name} under {r.model}: {found}, expected {expected}")
    return _case(r.subject.name, r.model, r.seconds, problem)


def _assertion(script: ScriptResult, a: AssertionResult) -> str:
    kinds = {Passed.NO: "failure", Passed.UNKNOWN: "error"}
    problem = (kinds[a.passed], a.passed.value, a.message) if a.passed in kinds else None
    return _case(f"{script.name}:{a.line}", script.model, script.seconds / len(script.assertions), problem)


def _case(name: str, group: str, seconds: float, problem: tuple[str, str, str] | None) -> str:
    head = f'    <testcase name={_attribute(name)} classname={_attribute(group)} time="{seconds:.3f}"'
    if problem is None:
        return head + "/>"
    kind, message, text = problem
    return f"{head}><{kind} message={_attribute(message)}>{escape(_clean(text))}</{kind}></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
