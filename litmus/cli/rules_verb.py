"""weft rules: the reduction and typing rules, and which of them a run exercised."""

from __future__ import annotations

from argparse import Namespace

from litmus import catalogue
from litmus.checking.run import Collected, collect
from litmus.checking.tables import coverage, rule_rows
from litmus.cli.status import BAD_INPUT, OK
from litmus.cli.terminal import show
from litmus.reporting import text


def main(options: Namespace) -> int:
    """Prints the table of rules; with --coverage, how often each fires."""
    if options.coverage is None:
        show("\n".join(text.table(rule_rows())) + "\n")
        return OK
    collected = collect(options.coverage, catalogue.find) if options.coverage else Collected(catalogue.paths())
    covered = coverage(collected)
    show(text.coverage(covered))
    return BAD_INPUT if covered.errors else OK
