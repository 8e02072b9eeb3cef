"""Expands the short forms of thread code to WebAssembly's own forms (FORMAT.md, "Short forms").

    r0 = i32.atomic.load y      becomes      (local.set $r0 (i32.atomic.load (i32.const 8)))

It works on forms, before instructions are read: every form that it makes keeps the place of the text it stands for.
Code without short forms passes through unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from litmus.language.signatures import (
    FLOAT_TYPES,
    VALUE_TYPES,
    Definitions,
    Signature,
    declared,
    is_instruction,
    signature,
)
from semantics.diagnostics import TextError, Unsupported
from semantics.text.cursor import bounds
from semantics.text.literals import is_float, is_integer
from semantics.text.opcodes import ORDERS
from semantics.text.sexpr import Form, Item, Text, Word

NESTING = 100
"""How deep the forms of thread code may nest: the expansion recurses over them."""

_ADDRESS = re.compile(r"([A-Za-z_]\w*)(?:\+(\d+))?")
_NAME = re.compile(r"[A-Za-z_]\w*")
TAKE_FUNCTION = ("call", "fork", "thread.create", "fork_h")
"""Instructions that take a function and its arguments."""
_ONE_IMMEDIATE = {
    "local.get", "local.set", "local.tee", "global.get", "global.set", "br", "br_if", "call", "fork", "ref.func",
    "ref.null", "data.drop", "elem.drop", "instantiate", *TAKE_FUNCTION,
}  # fmt: skip
_VARIABLE = re.compile(r"global\.(?:atomic\.)?(get|set)(?:\.seqcst|\.acqrel|\.unord)?")
_ALL_IMMEDIATES = ("br_table", "i32.const", "i64.const", "f32.const", "f64.const")
_STRUCTURED = ("block", "loop", "then", "else")
_TYPE_USES = ("type", "param", "result")


@dataclass(slots=True)
class Code:
    """The code of one thread or function while it is expanded.

    `registers` maps each register (without `$`) to its type, in order of appearance; those that are declared
    before are given, the others are declared by their first assignment.
    """

    text: Text
    owner: str
    locations: Mapping[str, int]
    known: Definitions
    registers: dict[str, str]
    used: dict[str, Word] = field(default_factory=dict)

    def expand(self, items: list[Item]) -> list[Item]:
        """A whole body. Raises TextError for names that are neither registers nor locations, and Unsupported for forms
        that nest too deep."""
        deep = _too_deep(items)
        if deep is not None:
            span = self.text.span(deep.begin, deep.begin + 1)
            raise Unsupported(f"thread code whose forms nest more than {NESTING} deep", span)
        expanded = self._sequence(items)
        for name, word in self.used.items():
            if name not in self.registers:
                raise self._unknown(name, word)
        return expanded

    # --- sequences -------------------------------------------------------------------------------
    def _sequence(self, items: list[Item]) -> list[Item]:
        items = [part for item in items for part in _split(item)]
        out: list[Item] = []
        at = 0
        while at < len(items):
            item = items[at]
            if isinstance(item, Form):
                if item.head == "local":
                    self._declare_form(item)
                elif _is_word(item.items, 1, "="):
                    out += self._sequence(item.items)
                else:
                    out.append(self._form(item))
                at += 1
            elif _is_word(items, at + 1, "="):
                at = self._assignment(items, at, out)
            elif item[0] in VALUE_TYPES and at + 1 < len(items):
                at = self._declaration(items, at)
            elif is_instruction(item[0]):
                at = self._plain(items, at, out)
            else:
                out.append(item)
                at += 1
        return out

    def _plain(self, items: list[Item], at: int, out: list[Item]) -> int:
        """An instruction and the operands that stand behind it on its line; gives the index of what follows."""
        word: Word = items[at]  # type: ignore[assignment]  # the caller saw a word
        immediates, at = self._immediates(word[0], items, at + 1)
        wanted = self._signature(word[0], immediates)
        operands: list[Item] = []
        last = bounds(immediates[-1])[1] if immediates else word[1] + len(word[0])
        while wanted and at < len(items) and "\n" not in self.text.source.text[last : bounds(items[at])[0]]:
            item = items[at]
            if not isinstance(item, Form) and (is_instruction(item[0]) or _is_word(items, at + 1, "=")):
                break
            if len(operands) == len(wanted.operands):
                if isinstance(item, Form):
                    break
                raise self._count(word[0], wanted, item)
            operands.append(item)
            last = bounds(item)[1]
            at += 1
        self._learn(word[0], immediates, operands)
        expanded = self._operands(word, wanted, operands)
        if word[0] == "if" or not operands:  # the `end` of an `if` is still to come: it cannot be folded
            out += [*expanded, word, *immediates]
        else:
            out.append(Form(word[1], last, [word, *immediates, *expanded]))
        return at

    def _assignment(self, items: list[Item], at: int, out: list[Item]) -> int:
        target: Word = items[at]  # type: ignore[assignment]  # the caller saw a word
        name = target[0].removeprefix("$")
        if name in self.locations:
            hint = f"to write memory: i32.store {name} ..."
            raise self._error(f"{name} is a location and cannot be a register of {self.owner}", target, hint=hint)
        if not _NAME.fullmatch(name) or is_instruction(name) or name in VALUE_TYPES:
            raise self._error(f"{target[0]} is not a register", target, expected=("a name such as r0",))
        at += 2
        if at >= len(items) or (not isinstance(items[at], Form) and items[at][0] == "="):  # type: ignore[index]
            raise self._error(f"nothing is assigned to {name}", target, expected=("an instruction, as i32.load x",))
        value: list[Item] = []
        first = items[at]
        if isinstance(first, Form) or not is_instruction(first[0]):
            type = self.registers.get(name) or self._type_of(first)
            value.append(self._operand(first, type))
            at += 1
        else:
            before = at
            at = self._plain(items, at, value)
            type = self._type_of(Form(*bounds(first), items[before:at]))
        self.registers.setdefault(name, type or "i32")
        begin = target[1]
        set_word: Item = ("local.set", begin)
        register: Item = ("$" + name, begin)
        end = bounds(value[-1])[1]
        if len(value) == 1 and isinstance(value[0], Form):
            out.append(Form(begin, end, [set_word, register, value[0]]))
        else:  # an instruction that takes its operands from the stack
            out += [*value, set_word, register]
        return at

    def _declaration(self, items: list[Item], at: int) -> int:
        type: str = items[at][0]  # type: ignore[index]  # the caller saw a word
        name = items[at + 1]
        if isinstance(name, Form) or not _NAME.fullmatch(name[0].removeprefix("$")) or is_instruction(name[0]):
            raise self._error(f"{type} declares a register", items[at], expected=("a register's name",))
        self._declare(name[0].removeprefix("$"), type, name)
        return at + 2 if not _is_word(items, at + 2, "=") else at + 1

    def _declare_form(self, form: Form) -> None:
        for name, type in declared(form):
            if name is None:
                raise self._error("a register needs a name", form, expected=("(local $r0 i32)",))
            if not type:
                hint = "functions of the module block may have locals of every type"
                raise self._error(f"the type of register {name[1:]} is no single word", form, hint=hint)
            self._declare(name[1:], type, form)

    def _declare(self, name: str, type: str, place: Item) -> None:
        if name in self.registers:
            raise self._error(f"duplicate register {name}", place)
        if name in self.locations:
            raise self._error(f"{name} is a location and cannot be a register of {self.owner}", place)
        self.registers[name] = type

    # --- folded instructions ---------------------------------------------------------------------
    def _form(self, form: Form) -> Form:
        if not form.items or isinstance(form.items[0], Form):
            return form
        head: Word = form.items[0]
        if head[0] in _STRUCTURED:
            rest = _header_length(form.items)
            return Form(form.begin, form.end, [*form.items[:rest], *self._sequence(form.items[rest:])])
        if head[0] == "if":
            return self._if(form)
        immediates, at = self._immediates(head[0], form.items, 1)
        operands = form.items[at:]
        self._learn(head[0], immediates, operands)
        expanded = self._operands(head, self._signature(head[0], immediates), operands)
        return Form(form.begin, form.end, [head, *immediates, *expanded])

    def _if(self, form: Form) -> Form:
        rest = _header_length(form.items)
        items: list[Item] = form.items[:rest]
        for item in form.items[rest:]:
            items.append(self._form(item) if isinstance(item, Form) else self._operand(item, "i32"))
        return Form(form.begin, form.end, items)

    # --- parts of an instruction -----------------------------------------------------------------
    def _immediates(self, name: str, items: list[Item], at: int) -> tuple[list[Item], int]:
        """What belongs to the instruction itself, registers with their `$`; and the index of what follows."""
        found: list[Item] = []
        while at < len(items):
            item = items[at]
            if isinstance(item, Form):
                if item.head not in _TYPE_USES:
                    break
            elif not self._is_immediate(name, item[0], not found):
                break
            elif name.startswith("local.") and not is_integer(item[0]):
                register = item[0].removeprefix("$")
                self.used.setdefault(register, item)
                item = ("$" + register, item[1])
            found.append(item)
            at += 1
        return found, at

    def _learn(self, name: str, immediates: list[Item], operands: list[Item]) -> None:
        """A register that local.set or local.tee assigns is declared by it."""
        if name in ("local.set", "local.tee") and immediates and operands:
            register = immediates[0][0]  # type: ignore[index]  # local.set has no type use
            if register.startswith("$"):
                self.registers.setdefault(register[1:], self._type_of(operands[0]) or "i32")

    def _is_immediate(self, name: str, word: str, first: bool) -> bool:
        if word.startswith("$") or "=" in word or (word in ORDERS and "atomic." in name):
            return True
        if name in _ALL_IMMEDIATES:
            return not is_instruction(word) and (first or name == "br_table")
        return first and (name in _ONE_IMMEDIATE or _VARIABLE.fullmatch(name) is not None)

    def _signature(self, name: str, immediates: list[Item]) -> Signature | None:
        found = signature(name)
        if found is not None or not immediates or isinstance(immediates[0], Form):
            return found
        target = immediates[0][0]
        if name in TAKE_FUNCTION:
            return self.known.functions.get(target)
        if name.startswith("local."):
            type = self.registers.get(target[1:], "")
            return {
                "local.get": Signature((), type),
                "local.set": Signature((type,)),
                "local.tee": Signature((type,), type),
            }.get(name)
        variable = _VARIABLE.fullmatch(name)
        if variable:
            type = self.known.globals.get(target, "")
            return Signature((), type) if variable.group(1) == "get" else Signature((type,))
        return None

    def _operands(self, head: Word, wanted: Signature | None, operands: list[Item]) -> list[Item]:
        if wanted is None or all(isinstance(o, Form) for o in operands):
            return [self._form(o) if isinstance(o, Form) else o for o in operands]
        if len(operands) != len(wanted.operands):
            bare = next(o for o in operands if not isinstance(o, Form))
            raise self._count(head[0], wanted, bare)
        types = wanted.operands
        if head[0] == "select":
            type = self._type_of(operands[0]) or self._type_of(operands[1]) or "i32"
            types = (type, type, "i32")
        return [self._operand(o, type) for o, type in zip(operands, types, strict=True)]

    def _operand(self, item: Item, type: str) -> Form:
        """One operand: a form, a number of the type that is wanted, a register or a location's address."""
        if isinstance(item, Form):
            return self._form(item)
        word, begin = item
        end = begin + len(word)
        is_number = is_integer(word) or (type in FLOAT_TYPES and is_float(word) and word not in self.registers)
        if is_number:
            return Form(begin, end, [(f"{type or 'i32'}.const", begin), item])
        match = _ADDRESS.fullmatch(word)
        if match and match.group(1) in self.locations:
            address = self.locations[match.group(1)] + int(match.group(2) or 0)
            return Form(begin, end, [("i32.const", begin), (str(address), begin)])
        name = word.removeprefix("$")
        if not _NAME.fullmatch(name):
            expected = ("a number", "a register", "a location", "a folded instruction")
            raise self._error(f"{word} is no operand", item, expected=expected)
        self.used.setdefault(name, item)
        return Form(begin, end, [("local.get", begin), ("$" + name, begin)])

    def _type_of(self, item: Item) -> str:
        """The type of an operand or instruction, "" where it cannot be told."""
        if not isinstance(item, Form):
            return self.registers.get(item[0].removeprefix("$"), "i32" if item[0] in self.locations else "")
        for part in item.items[1:]:
            if isinstance(part, Form) and part.head == "result":
                return declared(part)[0][1] if declared(part) else ""
        if item.head == "select":
            return next((t for t in map(self._type_of, item.items[1:3]) if t), "i32")
        immediates, _ = self._immediates(item.head, item.items, 1)
        found = self._signature(item.head, immediates)
        return found.result if found else ""

    # --- errors ----------------------------------------------------------------------------------
    def _count(self, name: str, wanted: Signature, place: Item) -> TextError:
        count = len(wanted.operands)
        return self._error(f"{name} takes {count} operand{'' if count == 1 else 's'}", place)

    def _unknown(self, name: str, word: Word) -> TextError:
        known = [*self.registers, *self.locations]
        near = get_close_matches(name, known, 1, 0.5)
        message = f"{name} is neither a register of {self.owner} nor a location"
        return self._error(message + (f"; did you mean {near[0]}?" if near else ""), word, expected=tuple(known))

    def _error(self, message: str, place: Item, *, expected: tuple[str, ...] = (), hint: str = "") -> TextError:
        return self.text.error(message, *bounds(place), expected=expected, hint=hint)


def _too_deep(items: list[Item]) -> Form | None:
    """A form within more than NESTING others."""
    level: list[Item] = items
    for _ in range(NESTING + 1):
        level = [inner for item in level if isinstance(item, Form) for inner in item.items]
    return next((item for item in level if isinstance(item, Form)), None)


def _split(item: Item) -> list[Item]:
    """`r0=i32.load` as three words."""
    if isinstance(item, Form) or "=" not in item[0] or item[0].startswith(("offset=", "align=", '"')) or item[0] == "=":
        return [item]
    word, begin = item
    left, _, right = word.partition("=")
    parts: list[Word] = [(left, begin), ("=", begin + len(left)), (right, begin + len(left) + 1)]
    return [part for part in parts if part[0]]


def _is_word(items: list[Item], at: int, word: str) -> bool:
    return at < len(items) and not isinstance(items[at], Form) and items[at][0] == word  # type: ignore[index]


def _header_length(items: list[Item]) -> int:
    """How many items of a folded block are its keyword, label and type."""
    at = 1
    while at < len(items):
        item = items[at]
        if isinstance(item, Form) and item.head not in _TYPE_USES:
            break
        if not isinstance(item, Form) and not item[0].startswith("$"):
            break
        at += 1
    return at
