"""weft profiles: the thread-creation designs."""

from __future__ import annotations

from argparse import Namespace

from litmus.checking.tables import profile_rows
from litmus.cli.status import OK
from litmus.cli.terminal import show
from litmus.reporting import text


def main(_options: Namespace) -> int:
    """Prints the table of designs."""
    show("\n".join(text.table(profile_rows())) + "\n")
    return OK
