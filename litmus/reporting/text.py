"""Reports for a person: aligned, complete sentences at the end, plain text without colour (see colour.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from litmus.checking.graph import Graph, Node
from litmus.checking.result import (
    AuditResult,
    Comparison,
    Count,
    Coverage,
    Explanation,
    Passed,
    Report,
    Result,
    ScriptResult,
    Subject,
)
from litmus.checking.verdict import Allowed, Forbidden, Refused, Undecided, word
from litmus.language import Expectation
from litmus.reporting.names import Names, shows_statuses
from semantics.execution.outcomes import Outcome
from semantics.profiles import DEFAULT as FORK


def table(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Rows of cells as aligned lines, two spaces between columns, nothing trailing."""
    rows = [list(r) for r in rows]
    columns = max((len(r) for r in rows), default=0)
    widths = [max((len(r[c]) for r in rows if c < len(r)), default=0) for c in range(columns)]
    return [indent + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=False)).rstrip() for r in rows]


def run(report: Report) -> str:
    """What `weft run` prints: a line for each test and model, failures in full, then the summary."""
    results = [r for r in report.results if isinstance(r, Result)]
    scripts = [r for r in report.results if isinstance(r, ScriptResult)]
    lines: list[str] = []
    if results:
        rows = [("test", "profile", "model", "verdict", "expected", ""), *_verdict_rows(results)]
        if all(r.profile == FORK.name for r in results):
            rows = [(name, *rest) for name, _, *rest in rows]
        lines += table(rows)
        found = dict.fromkeys((r.subject.name, r.profile, v) for r in results for v in r.violations)
        lines += [""] if found else []
        lines += [f"{name} under {profile}: {violation}" for name, profile, violation in found]
    for script in scripts:
        lines += ([""] if lines else []) + _script(script)
    if report.errors:
        lines += ["", *(line for e in report.errors for line in e.text.splitlines())]
    return "\n".join([*lines, *([""] if lines else []), *summary(report)]) + "\n"


def _verdict_rows(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    previous = ""
    for r in results:
        name = "" if r.subject.file + r.subject.name == previous else r.subject.name
        previous = r.subject.file + r.subject.name
        yield name, r.profile, r.model, _verdict(r), r.expected.value if r.expected is not None else "-", _remark(r)


def _verdict(result: Result) -> str:
    if result.verdict is None:
        return "no condition"
    return result.answer.value if result.answer is not None else word(result.verdict)


def _remark(result: Result) -> str:
    names = Names.of(result.subject)
    match result.verdict:
        case Undecided(reason):
            return reason
        case Refused(_, message) if not result.agrees:
            return ("UNEXPECTED: " if result.agrees is False else "") + message.splitlines()[0]
        case Allowed(outcome) if result.agrees is False:
            return "UNEXPECTED: " + _state(names, result.subject, outcome)
        case Forbidden() if result.agrees is False:
            return "UNEXPECTED"
    return "ok" if result.agrees else ""


def _state(names: Names, subject: Subject, outcome: Outcome) -> str:
    statuses = shows_statuses((outcome,), subject.proposition, subject.threads)
    return " ".join(names.bindings(outcome, subject.shown, statuses))


def _script(script: ScriptResult) -> list[str]:
    passed, failed, unknown = (script.count(p) for p in (Passed.YES, Passed.NO, Passed.UNKNOWN))
    parts = [f"{passed} of {_counted(len(script.assertions), 'assertion')} passed"]
    parts += [f"{failed} FAILED"] if failed else []
    parts += [f"{unknown} undecided"] if unknown else []
    lines = [f"{script.name} under {script.model}: {', '.join(parts)} ({script.seconds:.2f} s)"]
    for a in script.assertions:
        if a.passed is not Passed.YES:
            lines.append(f"  {a.file}:{a.line}: {a.passed.value}: {a.text}")
            lines += [f"    {line}" for line in a.message.splitlines()]
    for audit in script.audits:
        lines += [f"  {line}" for line in _audit(audit)]
    lines += [f"  incomplete: {gap}" for gap in script.gaps]
    return lines


def _audit(audit: AuditResult) -> list[str]:
    known = f"{len(audit.allowed)} of {_counted(len(audit.possible), 'possible combination')}"
    lines = [
        f"line {audit.line}, {audit.text}: {audit.verdict}",
        f"  depends on {', '.join(audit.reads)}: {audit.model} allows {known}, "
        f"the assertion accepts {len(audit.accepted)}",
    ]
    if set(audit.accepted) == set(audit.possible):
        lines.append("  it cannot fail: it accepts every value that the loads could see with no axiom at all")
    for title, values in (
        ("allowed", audit.allowed),
        ("accepted although forbidden", audit.too_weak),
        ("refused although allowed", audit.too_strong),
    ):
        lines += [f"  {title}: {' '.join(map(_values, sorted(values, key=str)))}"] if values else []
    lines += [f"  incomplete: {gap}" for gap in audit.gaps]
    return lines


def _values(values: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("-" if v is None else str(v) for v in values) + ")"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def summary(report: Report) -> list[str]:
    """The last lines of a run: counts, what disagrees, and always whether the exploration was complete."""
    results = [r for r in report.results if isinstance(r, Result)]
    scripts = [r for r in report.results if isinstance(r, ScriptResult)]
    tests = len({(r.subject.file, r.subject.name) for r in results})
    agree = sum(r.agrees is True for r in results)
    differ = sum(r.agrees is False for r in results)
    unknown = sum(isinstance(r.verdict, Undecided) for r in results)
    lines = []
    if report.interrupted:
        lines.append(f"Interrupted: {len(report.files)} of {_counted(report.total, 'file')} decided.")
    if results:
        stated = f"{agree} as expected, {differ} not, {unknown} undecided"
        silent = len(results) - agree - differ - unknown
        lines.append(
            f"{_counted(tests, 'test')}, {_counted(len(results), 'verdict')}: {stated}"
            + (f", {silent} with nothing expected." if silent else ".")
        )
    if scripts:
        counts = {p: sum(s.count(p) for s in scripts) for p in Passed}
        lines.append(
            f"{_counted(len(scripts), 'script')}, {_counted(sum(counts.values()), 'assertion')}: "
            f"{counts[Passed.YES]} passed, {counts[Passed.NO]} failed, {counts[Passed.UNKNOWN]} undecided."
        )
    if report.errors:
        lines.append(f"{_counted(len(report.errors), 'bad file')}.")
    lines += _completeness([(_title(r), r.model, r.gaps) for r in report.results])
    lines.append(f"{report.seconds:.2f} s")
    return lines


def _title(result: Result | ScriptResult) -> str:
    return result.subject.name if isinstance(result, Result) else result.name


def _completeness(gaps: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[str]:
    missing = [(name, model, g) for name, model, found in gaps for g in found]
    if not missing:
        return ["Exploration complete: no bound was reached."] if gaps else []
    return ["Exploration incomplete:", *table(missing, "  ")]


def comparison(compared: Comparison) -> str:
    """What `weft outcomes` prints: every outcome, and under which models it is allowed."""
    subject, names = compared.subject, Names.of(compared.subject)
    outcomes = [o for o, _ in compared.rows]
    statuses = shows_statuses(outcomes, subject.proposition, subject.threads)
    head = [names.observable(o) for o in subject.shown] + ([f"{t} ends" for t in subject.threads] if statuses else [])
    marks = {True: "allowed", False: "forbidden", None: "?"}
    rows = sorted(
        (_cells(subject, names, o, statuses) + [marks[a] for a in allowed] for o, allowed in compared.rows),
        key=_numeric,
    )
    lines = [_question(subject, names)]
    lines += table([[*head, *compared.models], *rows], "  ")
    lines += [
        f"{_counted(compared.count(i), 'outcome')} under {m}"
        + (f"; incomplete: {'; '.join(compared.gaps[i])}" if compared.gaps[i] else "; complete")
        for i, m in enumerate(compared.models)
    ]
    return "\n".join(lines) + "\n"


def counts(found: Sequence[Count]) -> str:
    """What `weft outcomes --count` prints."""
    rows = [
        (c.subject.name, c.model, str(c.count), f"incomplete: {'; '.join(c.gaps)}" if c.gaps else "complete")
        for c in found
    ]
    return "\n".join(table(rows)) + "\n"


def _cells(subject: Subject, names: Names, outcome: Outcome, statuses: bool) -> list[str]:
    values, ended = dict(outcome.values), dict(outcome.statuses)
    cells = [names.value(o, values[o]) if o in values else "none" for o in subject.shown]
    if statuses:
        cells += [ended[t].value if t in ended else "none" for t in subject.threads]
    return cells


def _numeric(row: Sequence[str]) -> list[tuple[int, str]]:
    return [(int(c), "") if c.isdigit() else (-1, c) for c in row]


def _question(subject: Subject, names: Names) -> str:
    if subject.condition is None:
        return subject.name
    return f"{subject.name}: {names.condition(subject.condition)}"


def explanation(explained: Explanation) -> str:
    """What `weft explain` prints: the witness, or the axioms and events that forbid it."""
    result = explained.result
    subject, names = result.subject, Names.of(result.subject)
    lines = [f"{_question(subject, names)}", f"under {result.model}: {_answer(result)}"]
    if isinstance(result.verdict, Allowed):
        lines += [f"outcome: {_state(names, subject, result.verdict.outcome)}"]
        lines += [f"flag {name}: {' -> '.join(events)}" for name, events in explained.flags]
    if isinstance(result.verdict, Forbidden):
        if explained.axioms:
            lines += ["", *_axioms(explained)]
        else:
            lines += [
                "no execution was found even without the model's checks: values, or branches, that the model rules out",
                "were left out before the question was asked, so that no single check is to blame",
            ]
    if explained.graph is not None:
        lines += ["", *graph(explained.graph)]
    lines += ["", *_completeness([(subject.name, result.model, result.gaps)])]
    return "\n".join(lines) + "\n"


def _axioms(explained: Explanation) -> list[str]:
    lines = ["forbidden by"]
    for a in explained.axioms:
        lines += [f"  {a.name}  ({a.place})", f"    {a.text}"]
        lines += [f"    violated by {' -> '.join((*a.events, a.events[0]))}"] if a.events else []
    return [*lines, "in this execution, which has the outcome"]


def _answer(result: Result) -> str:
    """The verdict as a sentence about the condition as it was quantified."""
    match result.verdict, result.answer:
        case None, _:
            return "the test asks nothing"
        case Undecided(reason), _:
            return f"undecided: {reason}"
        case _, Expectation.FAILS:
            return "fails: a counter-example is allowed"
        case _, Expectation.HOLDS:
            return "holds: every counter-example is forbidden"
    return _verdict(result)


def graph(drawn: Graph) -> list[str]:
    """A graph in text: the events of each thread in program order, then the edges by name."""
    labels = {n.id: n.label for n in drawn.nodes}
    lines: list[str] = []
    for thread in dict.fromkeys(n.thread for n in drawn.nodes):
        lines += [f"{thread}:"] if thread else []
        lines += table((_event(n) for n in drawn.nodes if n.thread == thread), "  ")
    for name in dict.fromkeys(e.name for e in drawn.edges):
        pairs = [f"{labels[e.source]}->{labels[e.target]}" for e in drawn.edges if e.name == name]
        lines.append(f"{name}: {', '.join(pairs)}")
    if drawn.tot:
        lines.append("tot: " + " ".join(labels[e] for e in drawn.tot))
    return lines


def coverage(covered: Coverage) -> str:
    """What `weft rules --coverage` prints."""
    rows = [("rule", "figure", "fired"), *((name, figure, str(n) if n else "-") for name, figure, n in covered.fired)]
    hit = sum(n > 0 for _, _, n in covered.fired)
    last = f"{hit} of {_counted(len(covered.fired), 'rule')} fired in {_counted(covered.tests, 'test')}."
    return "\n".join([*table(rows), "", *(e.text for e in covered.errors), last]) + "\n"


def _event(node: Node) -> tuple[str, ...]:
    return node.label, "; ".join(node.actions), node.text, node.place
