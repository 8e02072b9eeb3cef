"""weft explain: why a condition is allowed or forbidden."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from litmus.checking.explain import explain
from litmus.checking.graph import Graph
from litmus.checking.verdict import Undecided
from litmus.cli.files import limits_of, one_test
from litmus.cli.status import OK, UNDECIDED
from litmus.cli.terminal import show
from litmus.reporting import text
from semantics.diagnostics import TextError


def main(options: Namespace) -> int:
    """Prints an explanation for each model; writes the first witness as a graph where asked."""
    prepared, models = one_test(options)
    if prepared.test.condition is None:
        raise TextError(f"{prepared.subject.name} has no condition to explain", prepared.test.span)
    explained = [explain(prepared, m, limits_of(options)) for m in models]
    quiet = "-" in (options.dot, options.svg)
    if not quiet:
        show("\n".join(text.explanation(e) for e in explained))
    drawn = next((e for e in explained if e.graph is not None), None)
    if options.dot or options.svg:
        if drawn is None or drawn.graph is None:
            raise TextError("there is no witness to draw: the condition's outcome is not allowed", prepared.test.span)
        _draw(drawn.graph, f"{prepared.subject.name} under {drawn.result.model}", options)
    return UNDECIDED if any(isinstance(e.result.verdict, Undecided) for e in explained) else OK


def _draw(graph: Graph, title: str, options: Namespace) -> None:
    from litmus.reporting import dot

    source = dot.dot(graph, title)
    if options.dot:
        _write(options.dot, source.encode())
    if options.svg:
        _write(options.svg, dot.svg(source))


def _write(file: str, content: bytes) -> None:
    if file == "-":
        sys.stdout.write(content.decode())
        return
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise TextError(f"cannot write {file}: {error.strerror or error}") from error
