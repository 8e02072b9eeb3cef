"""Errors as records that reports can show and that can cross processes."""

from __future__ import annotations

from litmus.checking.result import BadInput
from semantics.diagnostics import InternalError, StuckConfiguration, WeftError, render


def bad_input(file: str, error: WeftError) -> BadInput:
    """An error as a record that can cross processes."""
    ours = isinstance(error, InternalError | StuckConfiguration)
    span = error.span
    text = render(error) if span is not None or file in error.message else f"{file}: {render(error)}"
    text += "\n  This is a bug of weft's, not of your input: please report it." if ours else ""
    return BadInput(file, error.family, text, span.line if span else None, span.column if span else None, ours)
