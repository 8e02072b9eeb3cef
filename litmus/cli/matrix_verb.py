"""weft matrix: programs under designs, side by side."""

from __future__ import annotations

import sys
from argparse import Namespace

from litmus import catalogue
from litmus.checking.matrix import matrix
from litmus.checking.run import collect
from litmus.cli.arguments import version
from litmus.cli.files import limits_of
from litmus.cli.status import BAD_INPUT, OK, UNDECIDED
from litmus.cli.terminal import show
from litmus.reporting import matrix as tables
from semantics.profiles import DESIGNS, profile


def main(options: Namespace) -> int:
    """Prints the matrix; UNDECIDED where some outcomes may be missing."""
    designs = [profile(name) for name in options.profile or DESIGNS]
    collected = collect(options.paths, catalogue.find)
    for error in collected.errors:
        print(error.text, file=sys.stderr)
    if collected.errors:
        return BAD_INPUT
    model = options.model[-1] if options.model else None
    rows = matrix([p for p in collected.files if p.suffix == ".litmus"], designs, model, limits_of(options))
    if options.format == "json":
        show(tables.as_json(rows, version()))
    else:
        show({"text": tables.text, "markdown": tables.markdown, "html": tables.html}[options.format](rows))
    gaps = any(c.table is not None and c.table.gaps for row in rows for c in row.cells)
    return UNDECIDED if gaps else OK
