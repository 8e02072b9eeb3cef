"""The log of herd7 (7.58), to the letter, so that mcompare7, mdiff7 and their kin read weft's answers.

weft counts distinct outcomes after `Positive:` and `Negative:`, where herd counts candidate executions. `Model`,
`Bound` and `Complete` are weft's own lines; the readers of such logs skip them.
"""

from __future__ import annotations

from litmus.checking.result import FileReport, Result, ScriptResult, Table
from litmus.language import Condition, Quantifier
from litmus.reporting.names import Names, shows_statuses
from semantics.execution.outcomes import TRUE

KINDS = {Quantifier.EXISTS: "Allowed", Quantifier.NOT_EXISTS: "Forbidden", Quantifier.FORALL: "Required"}


def report(files: tuple[FileReport, ...]) -> str:
    """One block per test and model. Scripts have no condition and do not stand in such a log."""
    return "".join(
        block(r) for f in files for r in f.results if not isinstance(r, ScriptResult) and r.table is not None
    )


def block(result: Result) -> str:
    """The block of one test, with its final empty line. The result must carry its outcome table."""
    subject, table = result.subject, result.table
    assert table is not None, "the herd log needs the outcomes"
    names = Names.of(subject, numbers=True)
    statuses = shows_statuses(table.outcomes, subject.proposition, subject.threads)
    states = sorted(
        {tuple(names.bindings(o, subject.shown, statuses)) for o in table.outcomes},
        key=lambda state: [_sortable(b) for b in state],
    )
    ok = {True: "Ok", False: "No", None: "Undef"}[result.validated]
    loop = "Loop " if any("bound" in g for g in table.gaps) else ""
    quantifier = subject.condition.quantifier if subject.condition is not None else Quantifier.EXISTS
    forbids = quantifier is Quantifier.NOT_EXISTS
    right, wrong = (table.negative, table.positive) if forbids else (table.positive, table.negative)
    condition = names.condition(subject.condition or Condition(quantifier, TRUE))
    lines = [
        f"Test {subject.name} {KINDS[quantifier]}",
        f"States {len(states)}",
        *(" ".join(f"{b};" for b in state) for state in states),
        loop + ok,
        "Witnesses",
        f"Positive: {right} Negative: {wrong}",
        f"Condition {condition}",
        f"Observation {subject.name} {_frequency(table)} {table.positive} {table.negative}",
        f"Time {subject.name} {result.seconds:.2f}",
        f"Hash={subject.digest}",
        f"Model={result.model}",
        f"Bound={result.bound}",
        f"Complete={'no: ' + '; '.join(table.gaps) if table.gaps else 'yes'}",
    ]
    return "\n".join(lines) + "\n\n"


def _frequency(table: Table) -> str:
    if table.positive == 0:
        return "Never"
    return "Always" if table.negative == 0 else "Sometimes"


def _sortable(binding: str) -> tuple[str, int, str]:
    name, _, value = binding.partition("=")
    return (name, int(value), "") if value.isdigit() else (name, -1, value)
