"""weft check: parse and validate only."""

from __future__ import annotations

import sys
from argparse import Namespace

from litmus.checking.validate import check_files
from litmus.cli.status import BAD_INPUT, INTERNAL, OK


def main(options: Namespace) -> int:
    """Prints a line for each good file, and each error."""
    good, errors = check_files(options.files)
    for line in good:
        print(line)
    for error in errors:
        print(error.text, file=sys.stderr)
    return INTERNAL if any(e.ours for e in errors) else BAD_INPUT if errors else OK
