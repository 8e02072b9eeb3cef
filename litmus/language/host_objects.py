"""What the names of a host script stand for, and the operations of `Atomics` on a memory."""

from __future__ import annotations

from typing import NamedTuple

from litmus.language.compiled import MEMORY
from semantics.diagnostics import Source
from semantics.exploration.program import Sent
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Export, Module
from semantics.syntax.types import I32, MemType, NumType, Share, ValType
from semantics.text import parse_module
from semantics.validation import validate


class Number(NamedTuple):
    """A number: a constant, or the register that has it."""

    type: ValType
    value: int | str


class Buffer(NamedTuple):
    """A Memory object: the instance that has it, under what name; `own`: as a definition of a module of the test."""

    instance: str
    type: MemType
    export: str = MEMORY
    own: bool = False


class Code(NamedTuple):
    """A Module object."""

    module: Module


class Linked(NamedTuple):
    """An Instance object, and the memories that it was linked with."""

    instance: str
    module: Module
    memories: tuple[Buffer, ...]


class Member(NamedTuple):
    """An export of an instance, but a memory."""

    of: Linked
    export: Export


Thing = Number | Buffer | Code | Linked | Member


def shape(things: list[Thing]) -> list[Thing | ValType]:
    """A message without the values of its numbers."""
    return [thing.type if isinstance(thing, Number) else thing for thing in things]


def sort_of(thing: Thing) -> Sent:
    """What W2 asks of something that is posted."""
    if isinstance(thing, Code):
        return Sent.MODULE
    shared = isinstance(thing, Buffer) and thing.type.share is Share.SHARED
    return Sent.SHARED_MEMORY if shared else Sent.OTHER


_I64 = NumType.I64
ATOMICS: dict[str, tuple[tuple[ValType, ...], tuple[ValType, ...], str]] = {
    "load": ((I32,), (I32,), "i32.atomic.load"),
    "store": ((I32, I32), (), "i32.atomic.store"),
    "add": ((I32, I32), (I32,), "i32.atomic.rmw.add"),
    "exchange": ((I32, I32), (I32,), "i32.atomic.rmw.xchg"),
    "compareExchange": ((I32, I32, I32), (I32,), "i32.atomic.rmw.cmpxchg"),
    "wait": ((I32, I32, _I64), (I32,), "memory.atomic.wait32"),
    "notify": ((I32, I32), (I32,), "memory.atomic.notify"),
}
"""Parameters, results and instruction of each operation: address first; wait takes a timeout in nanoseconds."""


def atomics(type: MemType, profile: Profile) -> Module:
    """The module whose exports are the operations on one buffer."""
    most = "" if type.limits.max is None else str(type.limits.max)
    shared = "shared" if type.share is Share.SHARED else ""
    functions = []
    for name, (params, results, instruction) in ATOMICS.items():
        operands = " ".join(f"(local.get {i})" for i in range(len(params)))
        signature = f"(param {' '.join(map(str, params))}) (result {' '.join(map(str, results))})"
        functions.append(f'(func (export "{name}") {signature} ({instruction} {operands}))')
    memory = f'(import "host" "{MEMORY}" (memory {type.limits.min} {most} {shared}))'
    module = parse_module(Source("Atomics", f"(module {memory} {' '.join(functions)})"))
    validate(module, profile.typing)
    return module
