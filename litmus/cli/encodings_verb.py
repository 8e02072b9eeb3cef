"""weft encodings: translations between designs, and whether they keep outcomes."""

from __future__ import annotations

from argparse import Namespace

from litmus.checking.encodings import check
from litmus.checking.limits import Limits
from litmus.cli.status import FAILED, OK, UNDECIDED
from litmus.cli.terminal import show
from litmus.reporting.encodings import checked, listing
from semantics.axioms import load_model
from semantics.diagnostics import TextError
from semantics.encodings import ENCODINGS


def main(options: Namespace) -> int:
    """Lists the encodings, or checks those that are named; FAILED where outcomes differ, UNDECIDED where some are."""
    for name in options.names:
        if name not in ENCODINGS:
            raise TextError(f"unknown encoding {name}", expected=tuple(ENCODINGS))
    if not options.names:
        show(listing(ENCODINGS.values()))
        return OK
    model = load_model(options.model[-1]) if options.model else None
    holds = set()
    for name in options.names:
        limits = Limits(options.bound, options.time_limit)
        found = check(ENCODINGS[name], options.programs, seed=options.seed, model=model, limits=limits)
        show(checked(found))
        holds.add(found.holds)
    return FAILED if False in holds else UNDECIDED if None in holds else OK
