"""Text of a model -> parse tree (lark), with errors in weft's form. The grammar is `model.lark`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from semantics.diagnostics import Malformed, Source, Span, TextError, Unsupported

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.tree import Meta

NESTING = 200
"""How deep the expressions of a model may nest: later passes recurse over them."""

_GRAMMAR = Path(__file__).with_name("model.lark")
_WORDS = {"NAME": "a name", "INDEX": "an index variable", "STRING": 'a "string"', "$END": "end of file"}


class Node(Protocol):
    """A node of the parse tree: the rule's name, its parts (nodes, tokens, None for what is left out), its place."""

    data: str
    children: list[Any]
    meta: Meta


def nodes(tree: Node) -> list[Node]:
    """Those parts of a node that are nodes."""
    return [child for child in tree.children if hasattr(child, "children")]


def span_of(source: Source, place: Token | Meta) -> Span:
    """The stretch of a token or of a tree's meta."""
    return Span(
        source,
        place.line or 1,
        place.column or 1,
        place.end_line or place.line or 1,
        place.end_column or (place.column or 1) + 1,
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or ""."""
    found = get_close_matches(name, list(known), 1, 0.5)
    return f"did you mean {found[0]}?" if found else ""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark  # imported here: not needed for --help

    return Lark(
        _GRAMMAR.read_text("utf-8"),
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=True,
    )


def _describe(terminals: Iterable[str]) -> tuple[str, ...]:
    """Terminals as a person would write them."""
    parser = _parser()
    found: set[str] = set()
    for name in terminals:
        if name in _WORDS:
            found.add(_WORDS[name])
            continue
        pattern = parser.get_terminal(name).pattern
        text = pattern.value
        found.update(text[3:-1].split("|") if text.startswith("(?:") else (text,))
    return tuple(sorted(found))


def parse(source: Source) -> Node:
    """The parse tree of a model file.

    Raises Malformed for an empty file, TextError for a syntax error and Unsupported for expressions that nest too deep.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    if not source.text.strip():
        raise Malformed(f"{source.name}: the model file is empty", Span(source, 1, 1, 1, 2))
    try:
        tree = cast(Node, _parser().parse(source.text))
    except UnexpectedToken as error:
        expected = _describe(error.accepts or error.expected)
        token = error.token
        if token.type == "$END":
            lines = source.text.rstrip().split("\n")
            end = Span(source, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
            raise TextError("the model file ends too early", end, expected=expected) from None
        hint = nearest(str(token), expected)
        raise TextError(f"unexpected {token}", span_of(source, token), expected=expected, hint=hint) from None
    except UnexpectedCharacters as error:
        expected = _describe(error.allowed or ())
        place = Span(source, error.line, error.column, error.line, error.column + 1)
        raise TextError(f"unexpected character {error.char!r}", place, expected=expected) from None
    except UnexpectedInput as error:  # pragma: no cover - lark has no further kinds today
        raise TextError(str(error), Span(source, error.line, error.column, error.line, error.column + 1)) from None
    _require_shallow(source, tree)
    return tree


def _require_shallow(source: Source, tree: Node) -> None:
    level = nodes(tree)
    for _ in range(NESTING + 2):  # a statement, its binding, and the expression
        level = [inner for node in level for inner in nodes(node)]
    if level:
        construct = f"a model whose expressions nest more than {NESTING} deep"
        raise Unsupported(construct, span_of(source, level[0].meta))
