"""weft merge: two modules become one; what that preserves."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from litmus.checking.limits import Limits
from litmus.checking.merging import MergeReport, merge_files
from litmus.cli.status import FAILED, OK, UNDECIDED
from litmus.cli.terminal import show
from litmus.reporting.merging import merging
from semantics.axioms import DEFAULT, load_model
from semantics.diagnostics import TextError
from semantics.profiles import profile


def main(options: Namespace) -> int:
    """Merges, writes, and prints what was done; with --check FAILED or UNDECIDED where a property is."""
    if options.output is None and not options.check:
        raise TextError("nothing to do", expected=("-o OUT", "--check"))
    models = [load_model(name) for name in options.model or (DEFAULT,)] if options.check else []
    report = merge_files(
        (Path(options.first), Path(options.second)),
        Path(options.output) if options.output is not None else None,
        options.link,
        models,
        profile=profile(options.profile) if options.profile else None,
        limits=Limits(options.bound, options.time_limit),
        contexts=options.contexts,
        fuse=options.fuse,
    )
    show(merging(report))
    return status_of(report)


def status_of(report: MergeReport) -> int:
    """The exit status of a merge."""
    found = {p.holds for c in report.checked for p in c.properties}
    return FAILED if False in found else UNDECIDED if None in found else OK
