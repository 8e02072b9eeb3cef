"""Text -> forms: the parenthesised skeleton that modules, scripts and fragments share.

Two levels, for speed and for messages. The LALR grammar `sexpr.lark` knows words, strings and parentheses only; the
readers of the other files turn its forms into syntax with one table of instructions. A grammar of every instruction
would take lark some 100 ms to load and three or four reductions an instruction; this one loads in about 10 ms and takes
one step for `(i32.const 1)`. Terminals are scanned by one regular expression made of the grammar's own patterns, and
fed to lark's parser; positions are offsets until somebody needs a line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer, UnexpectedToken
from lark.lexer import Lexer

from semantics.diagnostics import InternalError, Source, Span, TextError

Word = tuple[str, int]
"""A word or a string literal (with its quotes), and the offset where it begins."""

_WORD = re.compile(r"[^ \t\r\n()]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Form:
    """A parenthesised form: `items` between the offsets `begin` and `end` (half-open)."""

    __slots__ = ("begin", "end", "items")

    def __init__(self, begin: int, end: int, items: list[Item]) -> None:
        """The form of the characters [begin, end)."""
        self.begin = begin
        self.end = end
        self.items = items

    @property
    def head(self) -> str:
        """The first word, "" if there is none."""
        if self.items:
            first = self.items[0]
            if not isinstance(first, Form):
                return first[0]
        return ""


Item = Word | Form


@dataclass(frozen=True, slots=True)
class Text:
    """A source with the offsets where its lines begin: turns offsets into spans."""

    source: Source
    lines: tuple[int, ...]

    def span(self, begin: int, end: int) -> Span:
        """The span of the characters [begin, end)."""
        lines = self.lines
        line = bisect_right(lines, begin)
        last = line if line == len(lines) or end <= lines[line] else bisect_right(lines, end)
        return Span(self.source, line, begin - lines[line - 1] + 1, last, end - lines[last - 1] + 1)

    def error(self, message: str, begin: int, end: int, *, expected: tuple[str, ...] = (), hint: str = "") -> TextError:
        """The error `message` about the characters [begin, end)."""
        return TextError(message, self.span(begin, end), expected=expected, hint=hint)


@lru_cache(maxsize=4)
def text_of(source: Source) -> Text:
    """`source` with its line table; remembered for the fragments of one file."""
    return Text(source, (0, *(match.end() for match in re.finditer("\n", source.text))))


def read_forms(text: Text, begin: int = 0, end: int | None = None) -> Form:
    """The items of the characters [begin, end), as one form without parentheses.

    Raises TextError for a parenthesis without its partner, an unclosed string or comment, and for characters that no
    token begins with.
    """
    end = len(text.source.text) if end is None else end
    parser: Any = _grammar().parse_interactive()
    feed = parser.parser_state.feed_token
    try:
        for token in _scan(text, begin, end):
            feed(token)
        items: list[Item] = feed(_Token("$END", end, end, []), True)
    except UnexpectedToken as error:
        raise _unbalanced(text, error) from None
    return Form(begin, end, items)


class _Token:
    """What lark's parser asks of a token is its type."""

    __slots__ = ("begin", "end", "items", "type")

    def __init__(self, type: str, begin: int, end: int, items: list[Item]) -> None:
        self.type = type
        self.begin = begin
        self.end = end
        self.items = items


class _Build(Transformer[Any, Any]):
    """Builds the forms while lark reduces; lists are extended in place."""

    def start(self, children: list[Any]) -> list[Item]:
        items: list[Item] = children[0]
        return items

    def items(self, children: list[Any]) -> list[Item]:
        return []

    def open(self, children: list[Any]) -> _Token:
        token: _Token = children[0]
        return token

    def form(self, children: list[Any]) -> Form:
        opened, closed = children
        return Form(opened.begin, closed.end, opened.items)

    def nested(self, children: list[Any]) -> Any:
        target, child = children
        (target.items if target.__class__ is _Token else target).append(child)
        return target

    def leaf(self, children: list[Any]) -> Any:
        target, token = children
        child = Form(token.begin, token.end, token.items)
        (target.items if target.__class__ is _Token else target).append(child)
        return target

    def atoms(self, children: list[Any]) -> Any:
        target, token = children
        (target.items if target.__class__ is _Token else target).extend(token.items)
        return target

    def __default__(self, data: Any, children: Any, meta: Any) -> Any:
        raise InternalError(f"no builder for the rule {data} of sexpr.lark")


class _Elsewhere(Lexer):
    """Tells lark that tokens come from `_scan`."""

    def __init__(self, conf: Any) -> None:
        """Lark's configuration is read by `_pattern`."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """No tokens: `read_forms` feeds them."""
        return iter(())


@cache
def _grammar() -> Lark:
    path = Path(__file__).with_name("sexpr.lark")
    return Lark(path.read_text("utf-8"), parser="lalr", lexer=_Elsewhere, transformer=_Build())


@cache
def _pattern() -> re.Pattern[str]:
    """Ignored text, then one terminal as a named group: the grammar's own patterns, by priority."""
    conf = _grammar().lexer_conf
    ignored = "|".join(t.pattern.to_regexp() for t in conf.terminals if t.name in conf.ignore)
    tokens = sorted((t for t in conf.terminals if t.name not in conf.ignore), key=lambda t: -t.priority)
    groups = "|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in tokens)
    return re.compile(f"(?:{ignored})*+(?:{groups})?")


def _scan(text: Text, begin: int, end: int) -> Iterator[_Token]:
    chars = text.source.text
    match_at, words = _pattern().match, _WORD.finditer
    while True:
        match: re.Match[str] = match_at(chars, begin, end)  # type: ignore[assignment]  # every part is optional
        kind = match.lastgroup
        begin = match.end()
        if kind is None:
            if begin == end:
                return
            begin = _skip_comment(text, begin, end)
        elif kind == "CLOSE":
            yield _Token(kind, begin - 1, begin, [])
        elif kind == "STRING":
            first = match.start(kind)
            _require_space(text, first, begin, end)
            yield _Token(kind, first, begin, [(match.group(kind), first)])
        else:
            first = match.start(kind)
            yield _Token(kind, first, begin, [(word.group(), word.start()) for word in words(chars, first, begin)])


def _skip_comment(text: Text, begin: int, end: int) -> int:
    """Where the (nested) comment that begins at `begin` ends; raises for anything that is not a comment."""
    chars = text.source.text
    if not chars.startswith("(;", begin, end):
        raise _no_token(text, begin, end)
    depth = 0
    for mark in re.compile(r"\(;|;\)").finditer(chars, begin, end):
        depth += 1 if mark.group() == "(;" else -1
        if depth == 0:
            return mark.end()
    raise text.error('unclosed comment "(;"', begin, begin + 2, expected=('";)"',))


def _no_token(text: Text, begin: int, end: int) -> TextError:
    chars = text.source.text
    if chars[begin] != '"':
        return text.error(
            f"unexpected character {chars[begin]!r}", begin, begin + 1, expected=("a word", "a string", '"("')
        )
    line_end = chars.find("\n", begin, end)
    stop = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL).match(chars, begin, end if line_end < 0 else line_end)
    if stop is None:
        return text.error("unclosed string", begin, begin + 1, expected=("'\"' on the same line",))
    control = _CONTROL.search(chars, begin, stop.end())
    if control:
        return text.error("control character in a string", control.start(), control.end(), hint=r"write it as \hh")
    escapes = (r"\n \r \t \\ \" \'", r"\hh", r"\u{hex}")
    return text.error("illegal escape in a string", begin, stop.end(), expected=escapes)


def _require_space(text: Text, first: int, last: int, end: int) -> None:
    """A string touches neither a word nor another string (the standard, "Tokens")."""
    chars = text.source.text
    for place in (first - 1, last):
        if 0 <= place < end and chars[place] not in " \t\r\n();":
            raise text.error("unknown operator: a string and its neighbour need a space between them", place, place + 1)


def _unbalanced(text: Text, error: UnexpectedToken) -> TextError:
    token: Any = error.token
    if token.type == "CLOSE":
        return text.error('")" closes nothing', token.begin, token.end, hint='there is a ")" too many before this')
    state: Any = error.state
    opened = next(value for value in reversed(state.value_stack) if value.__class__ is _Token and value.type == "OPEN")
    head = f"({opened.items[0][0]}" if opened.items and not isinstance(opened.items[0], Form) else "("
    line = text.span(opened.begin, opened.begin + 1).line
    return text.error(
        f'"{head}" of line {line} is not closed', opened.begin, opened.begin + len(head), expected=('")"',)
    )
