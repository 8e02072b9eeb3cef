"""weft outcomes: the complete table."""

from __future__ import annotations

import sys
from argparse import Namespace

from litmus.checking.outcomes import compare, count
from litmus.cli.files import limits_of, one_test
from litmus.cli.status import OK, UNDECIDED
from litmus.cli.terminal import show


def main(options: Namespace) -> int:
    """Prints the outcomes of a test; UNDECIDED where some may be missing."""
    prepared, models = one_test(options)
    limits = limits_of(options)
    if options.count:
        from litmus.reporting import text

        counts = [count(prepared, m, limits) for m in models]
        show(text.counts(counts))
        return UNDECIDED if any(c.gaps for c in counts) else OK
    compared = compare(prepared, models, limits, everything=options.all)
    if options.format == "json":
        from litmus.cli.arguments import version
        from litmus.reporting import json

        sys.stdout.write(json.comparison(compared, version()))
    else:
        from litmus.reporting import text

        show(text.comparison(compared))
    return UNDECIDED if any(compared.gaps) else OK
