"""Spans and the error families (floor 0): every complaint about input names its place.

An error that a user can cause is a `WeftError`; `render` prints it as

    FILE:LINE:COLUMN: family: message
      |  the source line
      |       ^^^^
      expected: ...
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

TAB = 4
WIDTH = 160
"""Columns of a source line that a message quotes."""
LONGEST = 1000
"""Characters of a message: one that names a word of the input can be as long as that."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text that was read, kept so that errors can quote it. `name` is what the user called it.

    A binary has no text to quote: it is one line, and a column is the offset of a byte, plus 1. `functions` are the
    stretches of its functions that have a name, (begin, end, $name), in order: its reader fills them in.
    """

    name: str
    text: str = field(repr=False)
    binary: bool = False
    functions: list[tuple[int, int, str]] = field(default_factory=list, repr=False, compare=False)

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
            return f"{self.source.name}:{self.offset}"
        return f"{self.source.name}:{self.line}:{self.column}"

    @property
    def offset(self) -> str:
        """Of a binary: where the span begins, and in which function if that has a name."""
        at = self.column - 1
        functions = self.source.functions
        found = bisect_right(functions, at, key=lambda f: f[0]) - 1
        inside = f" in {functions[found][2]}" if found >= 0 and at < functions[found][1] else ""
        return f"{at:#x}{inside}"


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
    """The message with its place, the source line and a caret under the offending stretch.

    A line or a message that is longer than people read is cut, with `...` where something is left out.
    """
    rule = f" (rule {error.rule})" if isinstance(error, Invalid) else ""
    span, message = error.span, error.message
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    kind = "" if isinstance(error, NotExpressible) else f"{error.family}: "  # its message begins so
    lines = [f"{span}: {kind}{message}{rule}" if span else f"{kind}{message}{rule}"]
    if span is not None and not span.source.binary:
        lines += _quoted(span)
    if error.expected:
        lines.append(f"  expected: {', '.join(error.expected)}")
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    return "\n".join(lines)


def _quoted(span: Span) -> tuple[str, str]:
    """The line of a span, or a window of it around the span's beginning, and the carets under it."""
    text = span.source.line(span.line)
    first, last = span.column - 1, span.end_column - 1 if span.end_line == span.line else len(text)
    left, right = "", ""
    if len(text) > WIDTH:
        begin = max(0, min(first - WIDTH // 2, len(text) - WIDTH))
        left, right = "... " if begin else "", " ..." if begin + WIDTH < len(text) else ""
        text, first, last = text[begin : begin + WIDTH], first - begin, min(last - begin, WIDTH)
    before, marked = (left + text[:first]).expandtabs(TAB), text[first:last].expandtabs(TAB)
    return f"  | {(left + text).expandtabs(TAB)}{right}", f"  | {' ' * len(before)}{'^' * max(1, len(marked))}"
