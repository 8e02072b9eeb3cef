"""`python -m litmus.cli` is `weft`."""

from litmus.cli import command

command()
