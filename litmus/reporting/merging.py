"""What `weft merge` prints."""

from __future__ import annotations

from collections.abc import Sequence

from litmus.checking.merge_properties import Difference, Property
from litmus.checking.merging import Checked, MergeReport
from litmus.reporting.text import table
from semantics.execution.outcomes import Outcome

SHOWN = 12
"""So many outcomes of a set are listed."""


def merging(report: MergeReport) -> str:
    """What was merged, what changed, and what came of each property."""
    first, second = report.names
    head = f"{first} and {second}, {report.first} instantiated first"
    lines = [f"{report.target}: {report.size} bytes, merged from {head}" if report.target else f"merged: {head}"]
    rows = [("resolved", f"import {i} of {m}", f'by export "{e}" of {p}') for m, i, p, e in report.resolved]
    rows += [("open", f"import {i} of {m}", why) for m, i, why in report.open]
    rows += [("fused", f"import {i} of {m}", f"with that of {other}") for m, i, other in report.fused]
    rows += [("renamed", f"{r.what} {r.old} of {report.names[r.side]}", f"to {r.new}") for r in report.renamed]
    rows += [("left out", f"custom sections of {m}", ", ".join(sections)) for m, sections in report.lost]
    lines += table(rows, "  ")
    for checked in report.checked:
        lines += ["", *_checked(checked, report.discipline)]
    return "\n".join(lines) + "\n"


def _checked(checked: Checked, discipline: str) -> list[str]:
    lines = [f"properties under {checked.model}, typing rules: {discipline}"]
    lines.append(f"compared: {', '.join(['results and traps of calls', 'how threads end', *checked.observed])}")
    for p in checked.properties:
        lines.append(f"  {p.name}: {_answer(p)}")
        if p.difference is not None:
            lines += _difference(p.difference)
        if p.tried:
            lines += ["    tried:", *(f"      {context}" for context in p.tried)]
    return lines


def _answer(p: Property) -> str:
    tried = f"{len(p.tried)} context{'' if len(p.tried) == 1 else 's'}"
    left = f"; {p.untried} more of such a size were not tried" if p.untried else ""
    if p.holds is None:
        return f"undecided: {p.why}" + (f"; the two agree on {tried}" if p.tried else "")
    if not p.holds:
        return "fails" + (f": {p.why}" if p.why else "")
    return f"holds on {tried}{left}" if p.tried else "holds"


def _difference(d: Difference) -> list[str]:
    lines = [f"    the context that tells: {d.context}"]
    for title, outcomes, only in (("linked", d.linked, d.linked_only), ("merged", d.merged, d.merged_only)):
        lines.append(f"    outcomes when {title}: {len(outcomes)}; those that only this has have a *")
        lines += [f"    {line}" for line in outcomes_table(outcomes, only)]
    return lines


def outcomes_table(outcomes: Sequence[Outcome], only: Sequence[Outcome]) -> list[str]:
    """A table; those that tell the two apart come first."""
    ordered = [*only, *(o for o in outcomes if o not in only)]
    shown = sorted({name for o in ordered for name, _ in o.values})
    threads = sorted({t for o in ordered for t, _ in o.statuses} - {""})
    rows = [["", *(f"{t}:{r}" if t else f"[{r}]" for t, r in shown), *(f"{t} ends" for t in threads)]]
    for o in ordered[:SHOWN]:
        values, ended = dict(o.values), dict(o.statuses)
        cells = [str(values.get(name, "none")) for name in shown]
        ends = [ended[t].value if t in ended else "none" for t in threads]
        rows.append(["*" if o in only else "", *cells, *ends])
    more = len(ordered) - SHOWN
    return [*table(rows, "  "), *([f"  and {more} more"] if more > 0 else [])]
