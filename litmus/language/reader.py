"""Reads the text of a litmus test into its parts, unresolved: what stands where, by the grammar of litmus.lark.

Code (cells, thread blocks, the module block) stays raw here: it is kept as stretches of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Transformer, Tree, UnexpectedToken
from lark.lexer import Lexer, PatternRE, PatternStr

from litmus.language.parts import (
    Comparison,
    Connective,
    Ended,
    Expected,
    LocationItem,
    MemoryItem,
    Parts,
    Range,
    RegisterItem,
    Seen,
    ThreadText,
    Token,
)
from litmus.language.test import Quantifier
from semantics.diagnostics import TextError, Unsupported
from semantics.text.sexpr import Text

NESTING = 100
"""How deep the connectives of a condition may nest: later passes recurse over them."""


def read_parts(text: Text) -> Parts:
    """Takes a litmus file apart.

    Raises TextError, with the place and what was expected, for text that is not of the grammar.
    """
    chars = text.source.text
    if not chars.strip():
        raise TextError(f"{text.source.name} is empty", text.span(0, 0), expected=("WASM and the test's name",))
    parser: Any = _grammar().parse_interactive()
    feed = parser.parser_state.feed_token
    try:
        for token in _tokens(text):
            feed(token)
        children = feed(Token("$END", "", len(chars.rstrip())), True)
    except UnexpectedToken as error:
        raise _unexpected(text, error, parser) from None
    return _assemble(text, children)


# --- scanning -----------------------------------------------------------------------------------
_TAIL = r"(?:exists|~[ \t]*exists|forall|locations|expect|bound|profile)\b"
_AFTER_STATE = re.compile(rf"module\b|thread\b|main\b|script\b|{_TAIL}")
_TABLE_END = re.compile(rf"^[ \t]*{_TAIL}", re.MULTILINE)
_NOT_BLANK = re.compile(r"[^\s]+")
_IGNORED = r"(?:\s+|;;[^\n]*|\(;(?:[^;]++|;(?!\)))*+;\)|\(\*(?:[^*]++|\*(?!\)))*+\*\))*+"
_SKIP = re.compile(_IGNORED)
_BLOCKS = ("MODULE", "THREAD", "MAIN", "SCRIPT")
_CODE = re.compile(r'"(?:[^"\\\n]++|\\.)*+"|;;[^\n]*|\(;(?:[^;]++|;(?!\)))*+;\)|[{}|;]')


def _tokens(text: Text) -> Iterator[Token]:
    chars = text.source.text
    match_at, skip, kinds = _pattern().match, _SKIP.match, _words()
    at, size = 0, len(chars)
    previous = before = block = ""
    while True:
        at = skip(chars, at).end()  # type: ignore[union-attr]  # the pattern matches everywhere
        if at >= size:
            return
        if previous == "WASM":
            token = Token("TEST", _NOT_BLANK.match(chars, at).group(), at)  # type: ignore[union-attr]  # not blank here
        elif chars[at] == "{" and (previous == "MODULE" or before in _BLOCKS):
            token = Token("CODE", chars[at : _block_end(text, at)], at)
        elif (
            (previous in ("RBRACE", "CODE") or (before, previous) == ("MODULE", "STRING"))
            and before not in ("THREAD", "MAIN", "SCRIPT")
            and not _AFTER_STATE.match(chars, at)
        ):
            end = _TABLE_END.search(chars, at)
            token = Token("TABLE", chars[at : end.start() if end else size], at)
        else:
            match = match_at(chars, at)
            if match is None or chars.startswith(("(;", "(*"), at):  # a comment that ends was skipped
                raise _no_token(text, at)
            kind = match.lastgroup
            token = Token(kinds.get(match.group(), kind), match.group(), at)  # type: ignore[arg-type]  # a group matched
        before, previous = previous, token.type
        if token.type in _BLOCKS:
            block = token.type
        if token.type == "CODE":
            before = block
        at = token.end
        yield token


def _block_end(text: Text, begin: int) -> int:
    """Where the braces that open at `begin` close: code has none, but in strings and comments."""
    for match in _CODE.finditer(text.source.text, begin + 1):
        if match.group() == "}":
            return match.end()
    raise text.error('"{" is not closed', begin, begin + 1, expected=('"}"',))


def _no_token(text: Text, at: int) -> TextError:
    chars = text.source.text
    if chars[at] == '"':
        return text.error("unclosed string", at, at + 1, expected=("'\"' on the same line",))
    for opening, closing in (("(;", ";)"), ("(*", "*)")):
        if chars.startswith(opening, at):
            return text.error(f'unclosed comment "{opening}"', at, at + 2, expected=(f'"{closing}"',))
    return text.error(f"unexpected character {chars[at]!r}", at, at + 1)


# --- tables -------------------------------------------------------------------------------------
def _table(text: Text, table: Token) -> list[ThreadText]:
    """A column table: a row of names, then rows of cells; `|` between cells, `;` ends a row."""
    rows: list[list[Range]] = [[]]
    start = table.begin
    for match in _CODE.finditer(text.source.text, table.begin, table.end):
        if match.group() in "|;":
            rows[-1].append(Range(start, match.start()))
            start = match.end()
            if match.group() == ";":
                rows.append([])
    rest = _SKIP.match(text.source.text, start, table.end)
    if rows.pop() or (rest and rest.end() < table.end):
        begin = rest.end() if rest else start
        raise text.error(
            "a row of the thread table is not closed", begin, _line_end(text, begin), expected=('"|"', '";"')
        )
    threads = []
    for cell in rows[0]:
        name = _stripped(text, cell)
        if not _is_name(name.text):
            raise text.error(
                f"{name.text!r} is not a thread name" if name.text else "a thread name is missing",
                name.begin,
                name.end,
                expected=("a row of thread names, as  T0 | T1 ;",),
            )
        threads.append(ThreadText(name, []))
    for row in rows[1:]:
        if len(row) != len(threads):
            message = f"a row with {len(row)} cells in a table of {len(threads)} threads"
            raise text.error(message, _stripped(text, row[0]).begin, row[-1].end)
        for thread, cell in zip(threads, row, strict=True):
            thread.code.append(cell)
    return threads


def _stripped(text: Text, cell: Range) -> Token:
    content = text.source.text[cell.begin : cell.end]
    return Token("NAME", content.strip(), cell.begin + len(content) - len(content.lstrip()))


def _is_name(word: str) -> bool:
    match = _pattern().match(word)
    return match is not None and match.lastgroup == "NAME" and match.end() == len(word) and word not in _words()


def _line_end(text: Text, begin: int) -> int:
    end = text.source.text.find("\n", begin)
    return len(text.source.text) if end < 0 else end


# --- parsing ------------------------------------------------------------------------------------
class _Build(Transformer[Any, Any]):
    """Builds the parts while lark reduces. Tail items are pairs (what, content)."""

    def start(self, children: list[Any]) -> list[Any]:
        return children

    def description(self, children: list[Any]) -> Token:
        token: Token = children[0]
        return token

    def items(self, children: list[Any]) -> list[Any]:
        if len(children) == 1:
            return [] if children[0] is None else [children[0]]
        items: list[Any] = children[0]
        if children[2] is not None:
            items.append(children[2])
        return items

    def empty(self, children: list[Any]) -> None:
        return None

    def location(self, children: list[Any]) -> LocationItem:
        type, name, place, initial = children
        return LocationItem(type, name, place, initial)

    def memory(self, children: list[Any]) -> MemoryItem:
        word, least, most = children
        return MemoryItem(word, least, most)

    def register(self, children: list[Any]) -> RegisterItem:
        type, thread, _, name, initial = children
        return RegisterItem(type, thread, name, initial)

    def second(self, children: list[Any]) -> Any:
        return children[1]

    place = initial = prelude = state = second

    def first(self, children: list[Any]) -> Any:
        return children[0]

    thread = type = first

    def table(self, children: list[Any]) -> tuple[str, Any]:
        return "table", children[0]

    def blocks(self, children: list[Any]) -> tuple[str, Any]:
        return "blocks", children

    def block(self, children: list[Any]) -> ThreadText:
        _, name, code = children
        return ThreadText(name, [Range(code.begin + 1, code.end - 1)])

    def main(self, children: list[Any]) -> ThreadText:
        block = self.block(children)
        block.main = True
        return block

    def script(self, children: list[Any]) -> ThreadText:
        block = self.block(children)
        block.script = True
        return block

    def library(self, children: list[Any]) -> tuple[Token, Range]:
        _, name, code = children
        return name, Range(code.begin + 1, code.end - 1)

    def profile(self, children: list[Any]) -> tuple[str, Any]:
        return "profile", children

    tail = first

    def bound(self, children: list[Any]) -> tuple[str, Any]:
        return "bound", children

    def locations(self, children: list[Any]) -> tuple[str, Any]:
        return "locations", children[2]

    def shown(self, children: list[Any]) -> list[Seen]:
        if not children:
            return []
        seen: list[Seen] = children[0]
        if isinstance(children[1], Seen):
            seen.append(children[1])
        return seen

    def condition(self, children: list[Any]) -> tuple[str, Any]:
        (begin, quantifier), proposition = children
        return "condition", (begin, quantifier, proposition)

    def exists(self, children: list[Any]) -> tuple[Token, Quantifier]:
        return children[0], Quantifier.EXISTS

    def not_exists(self, children: list[Any]) -> tuple[Token, Quantifier]:
        return children[0], Quantifier.NOT_EXISTS

    def forall(self, children: list[Any]) -> tuple[Token, Quantifier]:
        return children[0], Quantifier.FORALL

    def implies(self, children: list[Any]) -> Connective:
        return Connective("=>", (children[0], children[2]))

    def either(self, children: list[Any]) -> Connective:
        return Connective("or", tuple(children[::2]))

    def both(self, children: list[Any]) -> Connective:
        return Connective("and", tuple(children[::2]))

    def negation(self, children: list[Any]) -> Connective:
        return Connective("not", (children[1],))

    def grouped(self, children: list[Any]) -> Any:
        return children[1]

    def true(self, children: list[Any]) -> Connective:
        return Connective("true", ())

    def equals(self, children: list[Any]) -> Comparison:
        return Comparison(children[0], children[2], True)

    same = equals

    def differs(self, children: list[Any]) -> Comparison:
        return Comparison(children[0], children[2], False)

    differ = differs

    def status(self, children: list[Any]) -> Ended:
        return Ended(children[0], children[2])

    def register_value(self, children: list[Any]) -> Seen:
        return Seen(children[0], children[2])

    def final_value(self, children: list[Any]) -> Seen:
        return Seen(None, children[0] if len(children) == 1 else children[1])

    def expectations(self, children: list[Any]) -> tuple[str, Any]:
        return "expect", [child for child in children if isinstance(child, tuple)]

    def expectation(self, children: list[Any]) -> Expected:
        design, names, _, verdict, detail = children
        return Expected(design is not None, names, verdict, detail)

    def models(self, children: list[Any]) -> list[Token]:
        return children if len(children) == 1 else [*children[0], children[2]]

    def __default__(self, data: Any, children: Any, meta: Any) -> Any:
        if data.startswith("__"):  # a repetition of the grammar; lark inlines it
            return Tree(data, children)
        raise AssertionError(f"no builder for the rule {data}")


def _assemble(text: Text, children: list[Any]) -> Parts:
    _, name, description, state, *rest = children
    libraries = [child for child in rest if isinstance(child, tuple) and isinstance(child[0], Token)]
    prelude, (shape, threads), *tail = rest[len(libraries) :]
    parts = Parts(name, description, state, libraries=libraries)
    if prelude is not None and prelude.type == "STRING":
        parts.file = prelude
    elif prelude is not None:
        parts.prelude = Range(prelude.begin + 1, prelude.end - 1)
    parts.threads = _table(text, threads) if shape == "table" else threads
    for kind, content in tail:
        match kind:
            case "condition":
                token, _, proposition = content
                if parts.condition is not None:
                    raise _twice(text, token, "condition")
                if isinstance(proposition, Connective) and proposition.depth > NESTING:
                    construct = f"a condition whose connectives nest more than {NESTING} deep"
                    raise Unsupported(construct, text.span(token.begin, token.end))
                parts.condition = content
            case "locations":
                parts.locations += content
            case "bound":
                if parts.bound is not None:
                    raise _twice(text, content[0], "bound")
                parts.bound = content[1]
            case "profile":
                if parts.profile is not None:
                    raise _twice(text, content[0], "profile")
                parts.profile = content[1]
            case _:
                parts.expectations += content
    return parts


def _twice(text: Text, token: Token, what: str) -> TextError:
    return text.error(f"a second {what}: a test has one", token.begin, token.end)


class _Elsewhere(Lexer):
    """Tells lark that tokens come from `_tokens`."""

    def __init__(self, conf: Any) -> None:
        """Lark's configuration is read by `_pattern`."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """No tokens: `read_parts` feeds them."""
        return iter(())


@cache
def _grammar() -> Lark:
    path = Path(__file__).with_name("litmus.lark")
    return Lark(
        path.read_text("utf-8"),
        parser="lalr",
        lexer=_Elsewhere,
        transformer=_Build(),
        keep_all_tokens=True,
        maybe_placeholders=True,
    )


@cache
def _pattern() -> re.Pattern[str]:
    """One terminal as a named group: the classes (names, numbers, strings), then the marks, longest first."""
    terminals = _grammar().terminals
    classes = [t for t in terminals if isinstance(t.pattern, PatternRE)]
    marks = [t for t in terminals if isinstance(t.pattern, PatternStr) and not t.pattern.value.isalnum()]
    marks.sort(key=lambda t: -len(t.pattern.value))
    return re.compile("|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in classes + marks))


@cache
def _words() -> dict[str, str]:
    """The reserved words, and the terminal that each is."""
    return {t.pattern.value: t.name for t in _grammar().terminals if t.pattern.value.isalnum()}


@cache
def _shown() -> dict[str, str]:
    """What messages call a terminal."""
    quoted = {t.name: f'"{t.pattern.value}"' for t in _grammar().terminals if isinstance(t.pattern, PatternStr)}
    return quoted | {
        "NAME": "a name",
        "INT": "a number",
        "FLOAT": "a float",
        "STRING": "text in quotes",
        "TEST": "the test's name",
        "TABLE": "a table of threads, as  T0 | T1 ;",
        "CODE": "{ code }",
        "$END": "the end of the file",
    }


def _unexpected(text: Text, error: UnexpectedToken, parser: Any) -> TextError:
    token: Any = error.token
    shown = _shown()
    expected = tuple(shown[name] for name in sorted(parser.accepts(), key=list(shown).index))
    if token.type == "$END":
        return text.error("the test ends too early", token.begin, token.begin, expected=expected)
    if error.expected == {"WASM"}:
        hint = "the first line of a test for WebAssembly is: WASM NAME"
        message = f"{token.text} is not an architecture that weft knows"
        return text.error(message, token.begin, token.end, expected=expected, hint=hint)
    word = token.text.split("\n", 1)[0].strip()
    reserved = " (a reserved word)" if token.type not in ("NAME", "INT", "FLOAT") and word.isalnum() else ""
    return text.error(f"unexpected {word}{reserved}", token.begin, token.begin + len(word), expected=expected)
