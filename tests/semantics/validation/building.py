"""Short builders of modules for the tests of validation."""

from __future__ import annotations

import pytest

from semantics.diagnostics import Invalid, NotExpressible
from semantics.syntax.instructions import Block, BlockType, Const, Drop, If, Instr, Loop, MemArg
from semantics.syntax.modules import ExternKind, Function, Global, Import, Memory, Module, Table
from semantics.syntax.types import (
    FUNCREF,
    I32,
    SHARED_FUNCREF,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    RefType,
    Share,
    TableType,
    ValType,
)
from semantics.validation import PAPER, Discipline, validate

LOCAL, SHARED = Share.LOCAL, Share.SHARED
FUNC, GLOBAL, TABLE, MEMORY = ExternKind.FUNC, ExternKind.GLOBAL, ExternKind.TABLE, ExternKind.MEMORY
ZERO = Const(I32, 0)
A4 = MemArg(0, 2)


def ft(share: Share = LOCAL, params: tuple[ValType, ...] = (), results: tuple[ValType, ...] = ()) -> FuncType:
    return FuncType(share, params, results)


def func(*body: Instr, share: Share = LOCAL, params=(), results=(), locals=(), name: str | None = None) -> Function:
    return Function(ft(share, tuple(params), tuple(results)), tuple(locals), tuple(body), name)


def gt(share: Share = LOCAL, t: ValType = I32, mutable: bool = True) -> GlobalType:
    return GlobalType(share, mutable, t)


def glob(share: Share = LOCAL, t: ValType = I32, init=(ZERO,), mutable: bool = True, name: str | None = None) -> Global:
    return Global(gt(share, t, mutable), tuple(init), name)


def tt(share: Share = LOCAL, elem: RefType | None = None, low: int = 1, high: int | None = None) -> TableType:
    own = SHARED_FUNCREF if share is SHARED else FUNCREF
    return TableType(share, Limits(low, high), elem or own)


def mt(share: Share = LOCAL, low: int = 1, high: int | None = 1) -> MemType:
    return MemType(share, Limits(low, high))


def tab(share: Share = LOCAL, elem: RefType | None = None, name: str | None = None) -> Table:
    return Table(tt(share, elem), None, name)


def mem(share: Share = LOCAL, low: int = 1, high: int | None = 1, name: str | None = None) -> Memory:
    return Memory(mt(share, low, high), name)


def imp(et: ExternType) -> Import:
    return Import("m", "n", et)


def mod(*parts: object, **more: object) -> Module:
    """A module of the given functions, globals, tables, memories and imports, each in its section."""
    sections = {"funcs": Function, "globals": Global, "tables": Table, "memories": Memory, "imports": Import}
    return Module(**{s: tuple(p for p in parts if isinstance(p, c)) for s, c in sections.items()}, **more)


def block(*body: Instr, params=(), results=()) -> Block:
    return Block(BlockType(tuple(params), tuple(results)), tuple(body))


def loop(*body: Instr, params=(), results=()) -> Loop:
    return Loop(BlockType(tuple(params), tuple(results)), tuple(body))


def if_(then: tuple[Instr, ...], orelse: tuple[Instr, ...] = (), params=(), results=()) -> If:
    return If(BlockType(tuple(params), tuple(results)), then, orelse)


def const(t: ValType) -> Const:
    return Const(t, 0)


def drops(n: int) -> tuple[Drop, ...]:
    return (Drop(),) * n


def accepted(module: Module, discipline: Discipline = PAPER) -> None:
    validate(module, discipline)


def refused(module: Module, rule: str, words: str, discipline: Discipline = PAPER) -> Invalid:
    """Requires the refusal by `rule` with a message that starts with `words`; returns the error."""
    with pytest.raises(Invalid) as caught:
        validate(module, discipline)
    assert caught.value.rule == rule, caught.value.message
    assert caught.value.message.startswith(words), caught.value.message
    return caught.value


def inexpressible(module: Module, feature: str, discipline: Discipline) -> None:
    with pytest.raises(NotExpressible) as raised:
        validate(module, discipline)
    assert raised.value.message == f"not expressible under {discipline.name}: needs {feature}"
