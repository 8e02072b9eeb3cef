"""`module "FILE"` of a litmus test: a compiled module that imports its memory, run by several threads (FORMAT.md).

As on the web, every thread has an instance of its own over one shared memory. The host makes an instance too, before
all threads: it is the one that initialises the memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from litmus.language.modules import load_valid_module
from litmus.language.parts import Token
from semantics.binary.names import identifier
from semantics.diagnostics import Span, TextError
from semantics.exploration.program import Instantiate, Provider
from semantics.reduction.run import Exhausted, Sequential, Suspended
from semantics.runtime.configuration import Trap
from semantics.syntax.instructions import Const
from semantics.syntax.modules import Data, Export, ExternKind, Memory, Module, SegmentMode
from semantics.syntax.types import I32, FuncType, Limits, MemType, Share, ValType
from semantics.text.literals import read_string
from semantics.text.sexpr import Form, Item, Text

INSTANCE = "test"
MEMORY = "memory"
STEPS = 1_000_000
"""Bound on the start function."""

_OWN = "module"


@dataclass(frozen=True, slots=True)
class Compiled:
    """The module of a file: the memory that it imports, what its exported functions are called in code (`$name`),
    and the addresses that it exports as constant globals, as linkers do for variables."""

    module: Module
    memory: MemType
    functions: dict[str, tuple[str, FuncType]]
    addresses: dict[str, int]

    def fields(self, limits: Limits, at: int) -> list[Item]:
        """The fields that the module of the threads' code begins with: the memory and the functions, imported."""
        sizes: list[Item] = [(str(limits.min), at), (str(limits.max), at), ("shared", at)]
        fields: list[Item] = [Form(at, at, [("memory", at), ("$memory", at), _imported(INSTANCE, MEMORY, at), *sizes])]
        for name, (export, type) in self.functions.items():
            what = [_types("param", type.params, at), _types("result", type.results, at)]
            fields.append(Form(at, at, [("func", at), (name, at), _imported(_OWN, export, at), *what]))
        return fields

    def memory_owner(self, limits: Limits, segments: tuple[Data, ...], file: Span) -> Module:
        """The module whose instance has the memory, as the first instance of the file's module leaves it behind, with
        the test's initial values on top.

        No other thread runs by then, so that its segments and its start function are carried out here, concretely.
        Raises TextError where they trap or do not end.
        """
        owner = Module(
            memories=(Memory(MemType(Share.SHARED, limits)),), exports=(Export(MEMORY, ExternKind.MEMORY, 0),)
        )
        host = Sequential(steps=STEPS)
        made, _ = host.instantiate(owner)
        address = made.exports[MEMORY][1]
        _, ended = host.instantiate(self.module, (address,))
        if not isinstance(ended, tuple) or isinstance(ended, Trap | Exhausted | Suspended):
            raise TextError(f"the module's start function does not end well: {ended}", file)
        initial = tuple(
            Data(bytes(found.group()), SegmentMode.ACTIVE, 0, (Const(I32, offset + found.start()),))
            for offset, page in host.oracle.bytes[address].written()
            for found in re.finditer(rb"[^\0]+", page)
        )
        return replace(owner, datas=initial + segments)

    def of_thread(self, thread: str, code: Module) -> tuple[Instantiate, ...]:
        """The instances that a thread makes for itself: of the module, and of the code that calls it."""
        own = f"{thread}.{_OWN}"
        providers = [Provider(own if i.module == _OWN else INSTANCE, i.name) for i in code.imports]
        first = Instantiate(own, self.module, (Provider(INSTANCE, MEMORY),))
        return first, Instantiate(thread, code, tuple(providers))


def read_compiled(text: Text, file: Token) -> Compiled:
    """The module of a file that stands beside the test.

    Raises TextError for a module that imports anything but one shared memory, and what reading and validating it raise.
    """
    name = (read_string(file.text) or b"").decode("utf-8", "replace")
    module = load_valid_module(Path(text.source.name).parent / name)
    memory: MemType | None = None
    for imported in module.imports:
        if not isinstance(imported.type, MemType) or memory is not None:
            what = f'"{imported.module}" "{imported.name}"'
            raise text.error(
                f"{name} imports {what}: a test provides one memory and nothing else", file.begin, file.end
            )
        memory = imported.type
    if memory is None or memory.share is Share.LOCAL:
        hint = "link with --import-memory --shared-memory --max-memory=BYTES"
        raise text.error(f"{name} imports no shared memory", file.begin, file.end, hint=hint)
    types = [*(i.type for i in module.imported(ExternKind.FUNC)), *(f.type for f in module.funcs)]
    functions: dict[str, tuple[str, FuncType]] = {}
    addresses: dict[str, int] = {}
    for export in module.exports:
        known = identifier(export.name)
        if export.kind is ExternKind.FUNC and known is not None:
            type = types[export.index]
            assert isinstance(type, FuncType)  # imported(FUNC) and funcs
            functions.setdefault(known, (export.name, type))
        elif export.kind is ExternKind.GLOBAL:  # none is imported
            match module.globals[export.index].init:
                case (Const(value=value),):
                    addresses[export.name] = value
    return Compiled(module, memory, functions, addresses)


def _imported(module: str, name: str, at: int) -> Form:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return Form(at, at, [("import", at), (f'"{module}"', at), (f'"{quoted}"', at)])


def _types(head: str, types: Sequence[ValType], at: int) -> Form:
    return Form(at, at, [(head, at), *((str(type), at) for type in types)])
