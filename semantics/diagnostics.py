"""Spans and the error families (floor 0): every complaint about input names its place.

An error that a user can cause is a `WeftError`; `render` prints it as

    FILE:LINE:COLUMN: family: message
      |  the source line
      |       ^^^^
      expected: ...
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

TAB = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A text that was read, kept so that errors can quote it. `name` is what the user called it.

    A binary has no text to quote: it is one line, and a column is the offset of a byte, plus 1.
    """

    name: str
    text: str = field(repr=False)
    binary: bool = False

    def line(self, number: int) -> str:
        """The `number`-th line (from 1), or "" past the end."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of a source; lines and columns count from 1, columns in characters."""

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        if self.source.binary:
            return f"{self.source.name}:{self.column - 1:#x}"
        return f"{self.source.name}:{self.line}:{self.column}"


class WeftError(Exception):
    """An error with a place. Families below; `expected` lists what would have been accepted."""

    family = "error"

    def __init__(
        self, message: str, span: Span | None = None, *, expected: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.expected = expected
        self.hint = hint


class TextError(WeftError):
    """SyntaxError of the architecture: text that is not of the grammar, or an unknown name."""

    family = "syntax error"


class Malformed(WeftError):
    """A binary, an encoding or a model file that is not well formed."""

    family = "malformed"


class Invalid(WeftError):
    """A typing rule refuses the program; `rule` is its name (Fig. 21 or the base language)."""

    family = "invalid"

    def __init__(
        self, message: str, span: Span | None = None, *, rule: str, expected: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message, span, expected=expected, hint=hint)
        self.rule = rule


class NotExpressible(WeftError):
    """A program uses what the design in force does not have: another design's instruction, attribute or type."""

    family = "not expressible"

    def __init__(self, design: str, feature: str, span: Span | None = None, *, hint: str = "") -> None:
        super().__init__(f"not expressible under {design}: needs {feature}", span, hint=hint)
        self.feature = feature


class LinkError(WeftError):
    """An import has no provider, or one of the wrong type."""

    family = "link error"


class Unsupported(WeftError):
    """A construct outside the implemented fragment; the message names it."""

    family = "unsupported"


class StuckConfiguration(WeftError):
    """Validated code that matches no reduction row: progress does not hold. A bug of ours."""

    family = "stuck configuration"


class InternalError(WeftError):
    """A bug of ours; asks for a report."""

    family = "internal error"


BINARY_HEAD = 64
"""A null character among so many first ones marks a binary file; a later one may stand in a comment."""


def load_source(path: Path) -> Source:
    """Reads `path` as UTF-8.

    Raises Malformed for a binary or non-UTF-8 file and TextError for a file that cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TextError(f"cannot read {path}: {error.strerror or error}") from error
    if raw.startswith(b"\0asm"):
        raise Malformed(f"{path} is a WebAssembly binary; text was expected")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}:{line}: not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}") from error
    if "\0" in text[:BINARY_HEAD]:
        raise Malformed(f"{path} is a binary file; text was expected")
    return Source(str(path), text)


def render(error: WeftError) -> str:
    """The message with its place, the source line and a caret under the offending stretch."""
    rule = f" (rule {error.rule})" if isinstance(error, Invalid) else ""
    span = error.span
    lines = [f"{span}: {error.family}: {error.message}{rule}" if span else f"{error.family}: {error.message}{rule}"]
    if span is not None and not span.source.binary:
        text = span.source.line(span.line)
        before = text[: span.column - 1].expandtabs(TAB)
        until = span.end_column - 1 if span.end_line == span.line else len(text)
        marked = text[span.column - 1 : until].expandtabs(TAB)
        lines += [f"  | {text.expandtabs(TAB)}", f"  | {' ' * len(before)}{'^' * max(1, len(marked))}"]
    if error.expected:
        lines.append(f"  expected: {', '.join(error.expected)}")
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return "\n".join(lines)
