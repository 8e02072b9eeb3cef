"""The code of a litmus test as fields of a module: short forms expanded, threads as functions, and the module read."""

from __future__ import annotations

from collections.abc import Mapping

from litmus.language.initial_state import Register
from litmus.language.parts import Parts, ThreadText
from litmus.language.short_forms import Code
from litmus.language.signatures import Definitions, declared, name_of
from litmus.language.test import Kind
from semantics.syntax.modules import Function, Module
from semantics.syntax.types import F32, F64
from semantics.text.cursor import Cursor
from semantics.text.modules import read_module
from semantics.text.sexpr import Form, Item, Text, read_forms

_FIELDS_FIRST = ("param", "result", "local", "export", "type", "import")


def module_of(text: Text, fields: list[Item], parts: Parts) -> tuple[Module, dict[str, dict[str, Kind]]]:
    """The module of expanded fields, and per thread or named function what its registers hold."""
    at = parts.name.begin
    module, _ = read_module(Cursor(text, Form(0, len(text.source.text), [("module", at), *fields]), 1))
    registers: dict[str, dict[str, Kind]] = {thread.name.text: {} for thread in parts.threads}
    for function in module.funcs:
        if function.binding:
            registers[function.binding[1:]] = _kinds(function)
    return module, registers


def is_function(field: Item) -> bool:
    """Whether a field of a module is a function."""
    return isinstance(field, Form) and field.head == "func"


def export_form(name: str, at: int) -> Form:
    """(export "name")"""
    return Form(at, at, [("export", at), (f'"{name}"', at)])


def expanded_function(text: Text, field: Item, addresses: Mapping[str, int], known: Definitions) -> Form:
    """A function of the module block, its short forms expanded."""
    assert isinstance(field, Form)  # _is_function
    header = 1
    registers: dict[str, str] = {}
    while header < len(field.items):
        item = field.items[header]
        if isinstance(item, Form):
            if item.head not in _FIELDS_FIRST:
                break
            if item.head in ("param", "local"):
                registers |= {name[1:]: type for name, type in declared(item) if name}
        elif item[0] != "shared" and not item[0].startswith("$"):
            break
        header += 1
    owner = name_of(field) or "the function"
    code = Code(text, owner, addresses, known, dict(registers))
    body = code.expand(field.items[header:])
    fresh = [_local(name, type, field.begin) for name, type in code.registers.items() if name not in registers]
    return Form(field.begin, field.end, [*field.items[:header], *fresh, *body])


def expanded_field(text: Text, field: Item, addresses: Mapping[str, int], known: Definitions) -> Item:
    """A field with the short forms of its code, and of that of nested modules, expanded."""
    if not isinstance(field, Form):
        return field
    if field.head == "module":
        return Form(field.begin, field.end, [expanded_field(text, item, addresses, known) for item in field.items])
    imported = any(isinstance(item, Form) and item.head == "import" for item in field.items)
    return expanded_function(text, field, addresses, known) if is_function(field) and not imported else field


def thread_function(
    text: Text,
    thread: ThreadText,
    addresses: Mapping[str, int],
    known: Definitions,
    initial: Mapping[str, Register],
    attribute: list[Item],
    code_items: list[Item] | None = None,
) -> Form:
    """(func $T0 shared? (export "T0") (param $r t)* (local $r t)* code); the code is the thread's, as written, unless
    it is given."""
    name, at = thread.name.text, thread.name.begin
    items = code_items
    if items is None:
        items = [item for part in thread.code for item in read_forms(text, part.begin, part.end).items]
    given = {register.name: register.type for register in initial.values()}
    code = Code(text, name, addresses, known, dict(given))
    body = code.expand(items)
    head: list[Item] = [("func", at), ("$" + name, at), *attribute, export_form(name, at)]
    params = [Form(at, at, [("param", at), ("$" + r, at), (type, at)]) for r, type in given.items()]
    fresh = [_local(r, type, at) for r, type in code.registers.items() if r not in given]
    return Form(at, thread.name.end, [*head, *params, *fresh, *body])


def _local(name: str, type: str, at: int) -> Form:
    return Form(at, at, [("local", at), ("$" + name, at), (type, at)])


def _kinds(function: Function) -> dict[str, Kind]:
    types = function.type.params + function.locals
    named = zip(function.local_names, types, strict=False)
    return {name[1:]: Kind(type.bits, type in (F32, F64)) for name, type in named if name is not None}
