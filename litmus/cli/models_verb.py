"""weft models: the memory models that ship."""

from __future__ import annotations

from argparse import Namespace

from litmus.checking.tables import model_rows
from litmus.cli.status import OK
from litmus.cli.terminal import show
from litmus.reporting import text


def main(_options: Namespace) -> int:
    """Prints the table of models."""
    show("\n".join(text.table(model_rows())) + "\n")
    return OK
