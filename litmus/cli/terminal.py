"""Where reports go: in colour to a terminal, plain elsewhere."""

from __future__ import annotations

import os
import sys


def show(text: str) -> None:
    """Prints a finished report to standard output."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        from litmus.reporting.colour import show as coloured

        coloured(text)
    else:
        sys.stdout.write(text)
