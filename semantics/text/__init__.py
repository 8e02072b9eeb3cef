"""WebAssembly text <-> syntax: modules, and instruction sequences inside larger files.

The grammar is `sexpr.lark` (forms), `opcodes.py` (instructions by name) and the readers of types, instructions and
modules; see `sexpr.py` for why it is split so. Every node carries the span where it was written.
"""

from __future__ import annotations

from semantics.diagnostics import Source, Span, TextError, Unsupported
from semantics.syntax.instructions import Expr
from semantics.syntax.modules import Module
from semantics.text.context import Context, names_of
from semantics.text.cursor import Cursor
from semantics.text.instructions import read_sequence
from semantics.text.modules import read_module
from semantics.text.sexpr import Form, read_forms, text_of

__all__ = ["Context", "names_of", "parse_fragment", "parse_module", "parse_module_fields"]


def parse_module(source: Source) -> Module:
    """The module of a `.wat` text: one (module ...), or the fields of one.

    Raises TextError for text that is not of the grammar and for unknown or duplicate names, and Unsupported for what
    is outside the implemented fragment.
    """
    if not source.text.strip():
        raise TextError(
            "the text is empty",
            Span(source, 1, 1, 1, 1),
            expected=("(module ...)", "a module field such as (func ...)"),
        )
    return parse_module_fields(source, 0, len(source.text))[0]


def parse_module_fields(source: Source, begin: int, end: int) -> tuple[Module, Context]:
    """The module that the characters [begin, end) of a larger file hold, as (module ...) or as bare fields.

    Also gives the names it binds, for fragments that speak of it. Spans point into the whole source.
    """
    text = text_of(source)
    forms = read_forms(text, begin, end)
    first = forms.items[0] if forms.items else None
    if not (isinstance(first, Form) and first.head == "module"):
        return read_module(Cursor(text, forms))
    Cursor(text, forms, 1).finish("the end of the text: there is one module")
    inner = Cursor(text, first, 1)
    after_name = Cursor(text, first, 1)
    after_name.name()
    if after_name.peek() in ("binary", "quote"):
        raise Unsupported(f"a module given as {after_name.peek()} strings", after_name.span())
    return read_module(inner)


def parse_fragment(source: Source, begin: int, end: int, context: Context) -> Expr:
    """The characters [begin, end) of a source as an instruction sequence, plain or folded, under the given names.

    `context` names what the instructions may mention; types that they use implicitly are appended to its
    `signatures`. Spans point into the whole source.
    """
    text = text_of(source)
    return read_sequence(Cursor(text, read_forms(text, begin, end)), context)
