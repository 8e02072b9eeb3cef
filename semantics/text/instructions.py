"""Instruction sequences, plain and folded, read with a stack of their own: depth of folding costs no Python stack."""

from __future__ import annotations

import re
from enum import IntEnum

from semantics.diagnostics import Unsupported, WeftError
from semantics.syntax.instructions import Block, BlockType, Expr, If, Instr, Loop
from semantics.text.context import Context, suggestion
from semantics.text.cursor import Cursor
from semantics.text.opcodes import ROWS
from semantics.text.sexpr import Form
from semantics.text.types import block_type

NESTING = 250
"""How deep blocks may nest: later passes recurse over blocks."""

_STRUCTURED = ("block", "loop", "if")
_HEADER = ("type", "param", "result", "local", "then", "else", "import", "export")
_SIMD = re.compile(r"(?:v128|[if](?:8x16|16x8|32x4|64x2))\.\w+")
_LATER = re.compile(
    r"return_call\w*|call_ref|try_table|try|throw\w*|br_on_\w+|ref\.(?:as_non_null|eq|test|cast|i31\w*)"
    r"|(?:struct|array|i31|any|extern|cont|thread)\.\w[\w.]*|suspend|resume\w*|pause|(?:global|table)\.atomic\.rmw\.\w+"
)


class _Kind(IntEnum):
    """What the items of a form are."""

    BODY = 0  # instructions of a sequence
    OPERANDS = 1  # folded operands of a plain instruction
    IF = 2  # (if ...): folded condition, then, else
    BLOCK = 3  # instructions of (block ...) or (loop ...)
    ARM = 4  # instructions of (then ...) or (else ...)


class _Open:
    """A block, loop or if that is being read: `outer` is the sequence around it, `level` the number of forms around."""

    __slots__ = ("begin", "folded", "keyword", "label", "level", "orelse", "outer", "then", "type")

    def __init__(
        self, keyword: str, label: str | None, type: BlockType, begin: int, outer: list[Instr], level: int, folded: bool
    ) -> None:
        self.keyword = keyword
        self.label = label
        self.type = type
        self.begin = begin
        self.outer = outer
        self.level = level
        self.folded = folded
        self.then: Expr | None = None
        self.orelse: Expr | None = None


def read_sequence(cursor: Cursor, context: Context) -> Expr:
    """Reads all items that are left as an instruction sequence.

    Raises TextError for what is not an instruction and Unsupported for SIMD and later proposals.
    """
    return _Sequence(cursor, context).read()


class _Sequence:
    """One sequence while it is read.

    `forms` are the enclosing forms, each with its kind and the instruction that waits for its operands; `blocks` the
    structured instructions that are open; `out` the sequence that is being filled.
    """

    __slots__ = ("blocks", "context", "cursor", "forms", "kind", "out", "pending")

    def __init__(self, cursor: Cursor, context: Context) -> None:
        self.cursor = cursor
        self.context = context
        self.kind = _Kind.BODY
        self.pending: Instr | None = None
        self.forms: list[tuple[Cursor, _Kind, Instr | None]] = []
        self.blocks: list[_Open] = []
        self.out: list[Instr] = []

    def read(self) -> Expr:
        """Reads to the end of the outermost form."""
        while True:
            cursor = self.cursor
            if cursor.index >= len(cursor.items):
                self._finish_form()
                if not self.forms:
                    return tuple(self.out)
                self.cursor, self.kind, self.pending = self.forms.pop()
                continue
            item = cursor.items[cursor.index]
            if isinstance(item, Form):
                self._folded(item)
            elif self.kind is _Kind.OPERANDS:
                raise cursor.unexpected("a folded operand such as (i32.const 1)", '")"')
            elif self.kind is _Kind.IF:
                raise cursor.unexpected("a folded condition", "(then ...)")
            else:
                self._plain(item[0], item[1])

    # --- folded ----------------------------------------------------------------------------------
    def _folded(self, form: Form) -> None:
        cursor = self.cursor
        head = form.head
        if self.kind is _Kind.IF:
            if head in ("then", "else"):
                self._begin_arm(head, form)
                return
            if self.blocks[-1].then is not None:
                raise cursor.unexpected("(else ...)", '")"')
        inner = cursor.inside(form, 1)
        row = ROWS.get(head)
        if row is not None:
            immediates, build = row
            arguments = immediates(inner, self.context) if immediates else ()
            instr = build(*arguments, span=cursor.text.span(form.begin, form.end))
            cursor.index += 1
            if inner.index >= len(inner.items):
                self.out.append(instr)
            else:
                self._enter(inner, _Kind.OPERANDS, instr)
        elif head in _STRUCTURED:
            cursor.index += 1
            self._begin(head, inner, form.begin, folded=True)
            self._enter(inner, _Kind.IF if head == "if" else _Kind.BLOCK, None)
        elif head:
            inner.index = 0
            raise _unknown(inner, head)
        else:
            raise cursor.unexpected("an instruction")

    def _enter(self, inner: Cursor, kind: _Kind, pending: Instr | None) -> None:
        self.forms.append((self.cursor, self.kind, self.pending))
        self.cursor, self.kind, self.pending = inner, kind, pending

    def _begin_arm(self, head: str, form: Form) -> None:
        cursor, block = self.cursor, self.blocks[-1]
        if (head == "then") is not (block.then is None) or block.orelse is not None:
            raise cursor.unexpected("(then ...)" if block.then is None else '")"')
        cursor.index += 1
        self.context.labels.append(block.label)
        self.out = []
        self._enter(cursor.inside(form, 1), _Kind.ARM, None)

    def _finish_form(self) -> None:
        """The items of a form are read: emits what waited for them."""
        kind = self.kind
        if kind is _Kind.OPERANDS:
            self.out.append(self.pending)  # type: ignore[arg-type]  # set together with the kind
            return
        block = self.blocks[-1] if self.blocks else None
        if block is None:
            return
        if not block.folded and block.level == len(self.forms):
            begin = block.begin
            raise self.cursor.text.error(
                f'"{block.keyword}" has no "end"', begin, begin + len(block.keyword), expected=('"end"',)
            )
        if kind is _Kind.ARM:
            self._finish_arm(block)
        elif kind is _Kind.BLOCK:
            self._finish_block(self.cursor.form.end)
        elif kind is _Kind.IF:
            if block.then is None:
                raise self.cursor.unexpected("(then ...)")
            self._finish_block(self.cursor.form.end)

    def _finish_arm(self, block: _Open) -> None:
        arm, self.out = tuple(self.out), block.outer
        self.context.labels.pop()
        if block.then is None:
            block.then = arm
        else:
            block.orelse = arm

    # --- plain -----------------------------------------------------------------------------------
    def _plain(self, word: str, begin: int) -> None:
        cursor = self.cursor
        row = ROWS.get(word)
        if row is not None:
            cursor.index += 1
            immediates, build = row
            arguments = immediates(cursor, self.context) if immediates else ()
            self.out.append(build(*arguments, span=cursor.text.span(begin, cursor.last_end())))
        elif word in _STRUCTURED:
            cursor.index += 1
            self._begin(word, cursor, begin, folded=False)
        elif word == "else" or word == "end":
            self._else_or_end(word)
        else:
            raise _unknown(cursor, word)

    def _else_or_end(self, word: str) -> None:
        cursor = self.cursor
        block = self.blocks[-1] if self.blocks else None
        if block is None or block.folded or block.level != len(self.forms):
            raise cursor.error(f'"{word}" closes no block')
        if word == "else" and (block.keyword != "if" or block.then is not None):
            raise cursor.error('"else" belongs to no "if"')
        cursor.index += 1
        label = cursor.name()
        if label is not None and label != block.label:
            cursor.index -= 1
            raise cursor.error(f"mismatching label {label}: this {block.keyword} is named {block.label or 'nothing'}")
        if word == "else":
            block.then = tuple(self.out)
            self.out = []
        else:
            self._finish_block(cursor.last_end())

    # --- structured ------------------------------------------------------------------------------
    def _begin(self, keyword: str, cursor: Cursor, begin: int, *, folded: bool) -> None:
        if len(self.blocks) >= NESTING:
            span = cursor.text.span(begin, begin + len(keyword))
            raise Unsupported(f"blocks that nest more than {NESTING} deep", span)
        label = cursor.name()
        type = block_type(cursor, self.context)
        self.blocks.append(_Open(keyword, label, type, begin, self.out, len(self.forms), folded))
        if not (folded and keyword == "if"):  # there the condition comes first, outside
            self.context.labels.append(label)
            self.out = []

    def _finish_block(self, end: int) -> None:
        block = self.blocks.pop()
        span = self.cursor.text.span(block.begin, end)
        if not (block.folded and block.keyword == "if"):
            self.context.labels.pop()
        body, self.out = tuple(self.out), block.outer
        instr: Instr
        if block.keyword == "block":
            instr = Block(block.type, body, span=span)
        elif block.keyword == "loop":
            instr = Loop(block.type, body, span=span)
        elif block.folded:
            instr = If(block.type, block.then or (), block.orelse or (), span=span)
        elif block.then is None:
            instr = If(block.type, body, span=span)
        else:
            instr = If(block.type, block.then, body, span=span)
        self.out.append(instr)


def _unknown(cursor: Cursor, word: str) -> WeftError:
    """The error that `word`, the next item, is no instruction that is implemented."""
    for kind, pattern in (("SIMD instruction", _SIMD), ("instruction", _LATER)):
        if pattern.fullmatch(word):
            return cursor.unsupported(f"the {kind} {word}")
    if word in _HEADER:
        return cursor.unexpected(
            "an instruction", "(type ...), (param ...), (result ...), (local ...) before it, in this order"
        )
    if not word[0].isalpha() or word in (*ROWS, *_STRUCTURED):
        return cursor.unexpected("an instruction")
    return cursor.error(f"unknown operator {word}{suggestion(word, (*ROWS, *_STRUCTURED))}")
