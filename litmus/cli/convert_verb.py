"""weft convert: a module from text to binary or back."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from litmus.checking.convert import convert
from litmus.cli.status import OK
from litmus.cli.terminal import show


def main(options: Namespace) -> int:
    """Writes OUT and says so."""
    show(convert(Path(options.source), Path(options.target)) + "\n")
    return OK
