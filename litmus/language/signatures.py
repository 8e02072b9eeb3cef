"""What an instruction takes and gives, by its name: enough to type bare operands and registers of short forms.

Validation, not this, decides whether the code is well typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from semantics.text.literals import is_float
from semantics.text.opcodes import ROWS
from semantics.text.sexpr import Form, Item

FLOAT_TYPES = ("f32", "f64")
VALUE_TYPES = ("i32", "i64", *FLOAT_TYPES, "funcref", "externref", "anyref")


class Signature(NamedTuple):
    """Types of the operands and of the result, "" where there is none or where any type will do."""

    operands: tuple[str, ...]
    result: str = ""


_TYPED = re.compile(r"(i32|i64|f32|f64)\.(?:(atomic)\.)?([a-z_]+)([0-9a-z_.]*)")
_FIXED = {
    "memory.size": Signature((), "i32"),
    "memory.grow": Signature(("i32",), "i32"),
    "memory.fill": Signature(("i32", "i32", "i32")),
    "memory.copy": Signature(("i32", "i32", "i32")),
    "memory.init": Signature(("i32", "i32", "i32")),
    "memory.atomic.wait32": Signature(("i32", "i32", "i64"), "i32"),
    "memory.atomic.wait64": Signature(("i32", "i64", "i64"), "i32"),
    "memory.atomic.notify": Signature(("i32", "i32"), "i32"),
    "table.get": Signature(("i32",), "funcref"),
    "table.set": Signature(("i32", "")),
    "table.size": Signature((), "i32"),
    "table.grow": Signature(("", "i32"), "i32"),
    "table.fill": Signature(("i32", "", "i32")),
    "table.copy": Signature(("i32", "i32", "i32")),
    "table.init": Signature(("i32", "i32", "i32")),
    "ref.is_null": Signature(("",), "i32"),
    "drop": Signature(("",)),
    "select": Signature(("i32", "i32", "i32"), "i32"),
    "br_if": Signature(("i32",)),
    "if": Signature(("i32",)),
}
_COMPARISONS = {"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"}
_COMPARISONS |= {"lt", "gt", "le", "ge"}
_UNARY = {"clz", "ctz", "popcnt", "extend8_s", "extend16_s", "extend32_s"}
_UNARY |= {"abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"}
_CONVERSION = re.compile(r"[a-z_]+_(i32|i64|f32|f64)(?:_[su])?")
KEYWORDS = {
    "block", "loop", "if", "else", "end", "then", "br", "br_if", "br_table", "return", "call", "call_indirect",
    "drop", "select", "nop", "unreachable", "fork", "instantiate",
}  # fmt: skip
"""Names of instructions without a dot."""


def is_instruction(word: str) -> bool:
    """Whether a word can only be the name of an instruction, known or not."""
    return word in KEYWORDS or ("." in word and not is_float(word))


@lru_cache(maxsize=1024)
def signature(word: str) -> Signature | None:
    """The signature of an instruction whose immediates do not matter; None for all others."""
    base = re.sub(r"\.(seqcst|acqrel|unord)$", "", word).replace("table.atomic.", "table.")
    if base in _FIXED:
        return _FIXED[base]
    match = _TYPED.fullmatch(word)
    if match is None or base not in ROWS:  # what is misspelt takes no operands: the reader of instructions says so
        return None
    t, atomic, op, rest = match.groups()
    if op in ("load", "store"):
        return Signature(("i32",), t) if op == "load" else Signature(("i32", t))
    if atomic:
        return Signature(("i32", t, t) if "cmpxchg" in rest else ("i32", t), t) if op == "rmw" else None
    op += rest
    if op == "const":
        return Signature((), t)
    if op == "eqz":
        return Signature((t,), "i32")
    if op in _COMPARISONS:
        return Signature((t, t), "i32")
    if op in _UNARY:
        return Signature((t,), t)
    if source := _CONVERSION.fullmatch(op):
        return Signature((source.group(1),), t)
    return Signature((t, t), t)


class Definitions(NamedTuple):
    """What the module block defines: signatures of functions and types of globals, by `$name`."""

    functions: Mapping[str, Signature]
    globals: Mapping[str, str]


def definitions(fields: list[Item]) -> Definitions:
    """The definitions among the fields of a module block."""
    types: dict[str, Signature] = {}
    functions: dict[str, Signature] = {}
    variables: dict[str, str] = {}
    for field in fields:
        name = name_of(field)
        if not isinstance(field, Form) or name is None:
            continue
        if field.head == "type":
            types[name] = _function(field, types)
        elif field.head == "func":
            functions[name] = _function(field, types)
        elif field.head == "global":
            variables[name] = next((word for word in _words(field) if word in VALUE_TYPES), "")
    return Definitions(functions, variables)


def name_of(field: Item) -> str | None:
    """The `$name` behind the head of a form."""
    if isinstance(field, Form) and len(field.items) > 1:
        second = field.items[1]
        if not isinstance(second, Form) and second[0].startswith("$"):
            return second[0]
    return None


def declared(form: Form) -> list[tuple[str | None, str]]:
    """The (name, type) pairs of (param ...), (result ...) or (local ...)."""
    words = [item[0] for item in form.items[1:] if not isinstance(item, Form)]
    if words and words[0].startswith("$"):
        return [(words[0], words[1] if len(words) > 1 else "")]
    return [(None, word) for word in words]


def _words(form: Form) -> list[str]:
    found: list[str] = []
    for item in form.items:
        found += _words(item) if isinstance(item, Form) else [item[0]]
    return found


def _function(field: Form, types: Mapping[str, Signature]) -> Signature:
    params: list[str] = []
    results: list[str] = []
    for item in field.items:
        if not isinstance(item, Form):
            continue
        if item.head == "type" and (named := types.get(name_of(item) or "")):
            return named
        if item.head == "param":
            params += [type for _, type in declared(item)]
        elif item.head == "result":
            results += [type for _, type in declared(item)]
        elif item.head in ("func", "shared"):  # the type that a (type ...) field defines
            return _function(item, types)
    return Signature(tuple(params), results[0] if len(results) == 1 else "")
