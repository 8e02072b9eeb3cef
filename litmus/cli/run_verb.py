"""weft run: decide tests, compare with what they expect."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from litmus import catalogue
from litmus.checking.limits import Limits, Options
from litmus.checking.result import Passed, Report, Result
from litmus.checking.run import Collected, collect, run
from litmus.checking.verdict import Undecided
from litmus.cli.status import BAD_INPUT, FAILED, INTERNAL, INTERRUPTED, OK, UNDECIDED

LONG = 20
"""A progress bar is shown for so many files or more."""


def main(options: Namespace) -> int:
    """Decides, reports, and returns the exit status."""
    chosen = Options(
        tuple(options.model),
        tuple(options.profile),
        Limits(options.bound, options.time_limit),
        outcomes=options.format == "herd",
        why=options.format == "json",
        jobs=options.jobs,
    )
    collected = collect(options.paths, catalogue.find) if options.paths else Collected(catalogue.paths())
    with _progress(len(collected.files)) as progress:
        report = run(collected, chosen, progress)
    _show(report, options.format)
    return status_of(report)


def status_of(report: Report) -> int:
    """The exit status of a run."""
    if report.interrupted:
        return INTERRUPTED
    if report.errors:
        return INTERNAL if any(e.ours for e in report.errors) else BAD_INPUT
    failed = undecided = False
    for r in report.results:
        if isinstance(r, Result):
            failed |= r.agrees is False
            undecided |= isinstance(r.verdict, Undecided)
        else:
            failed |= r.count(Passed.NO) > 0
            undecided |= r.count(Passed.UNKNOWN) > 0
    return FAILED if failed else UNDECIDED if undecided else OK


def _show(report: Report, form: str) -> None:
    if form == "herd":
        from litmus.reporting import herd, text

        sys.stdout.write(herd.report(report.files))
        sys.stderr.write("".join(f"{e.text}\n" for e in report.errors))
        if report.interrupted:
            sys.stderr.write("\n".join(text.summary(report)) + "\n")
    elif form == "json":
        from litmus.cli.arguments import version
        from litmus.reporting import json

        sys.stdout.write(json.run(report, version()))
    elif form == "junit":
        from litmus.reporting import junit

        sys.stdout.write(junit.run(report))
    else:
        from litmus.cli.terminal import show
        from litmus.reporting import text

        show(text.run(report))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, where that is a terminal and the work is long."""
    if total < LONG or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("deciding"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("deciding", total=total)
        yield lambda done, _: bar.update(task, completed=done)
