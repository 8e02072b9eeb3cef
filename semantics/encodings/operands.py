"""Which instructions push the operands of an instruction, as far as they stand before it in one sequence."""

from __future__ import annotations

from collections.abc import Sequence

from semantics.profiles.create_module import RefModule
from semantics.profiles.fork_refs import RefGlobal, RefMemory, RefTable
from semantics.runtime.discipline import Discipline
from semantics.syntax.instructions import (
    Binary,
    Call,
    Compare,
    Const,
    Convert,
    GlobalGet,
    Instantiate,
    Instr,
    Load,
    LocalGet,
    LocalTee,
    RefFunc,
    RefIsNull,
    RefNull,
    TableGet,
    Test,
    Unary,
)
from semantics.syntax.modules import Function
from semantics.syntax.types import ValType
from semantics.validation.spaces import IndexSpaces, interface
from semantics.validation.threads import reference_to

_TAKES: dict[type, int] = {
    **dict.fromkeys((Const, LocalGet, GlobalGet, RefNull, RefFunc, RefModule, RefGlobal, RefTable, RefMemory), 0),
    **dict.fromkeys((Unary, Test, Convert, Load, LocalTee, RefIsNull, TableGet), 1),
    **dict.fromkeys((Binary, Compare), 2),
}
"""Instructions that push one operand: how many they take."""


def operands(code: Sequence[Instr], count: int, spaces: IndexSpaces) -> tuple[int, ...] | None:
    """Where in `code` the instructions begin that push each of the `count` operands on top at its end; None where an
    operand comes of what is not followed here: of control, or of an instruction that pushes none or several."""
    found: list[int] = []
    end = len(code)
    for _ in range(count):
        taken = _takes(code[end - 1], spaces) if end else None
        inner = None if taken is None else operands(code[: end - 1], taken, spaces)
        if inner is None:
            return None
        end = min((end - 1, *inner))
        found.append(end)
    return tuple(reversed(found))


def _takes(e: Instr, spaces: IndexSpaces) -> int | None:
    """How many operands an instruction takes that pushes one."""
    if isinstance(e, Call):
        called = spaces.funcs[e.func]
        return len(called.params) if len(called.results) == 1 else None
    if isinstance(e, Instantiate):
        imports, exports = interface(e.module)
        return len(imports) if len(exports) == 1 else None
    return _TAKES.get(type(e))


def reference_pushed(e: Instr, function: Function, spaces: IndexSpaces, discipline: Discipline) -> ValType:
    """The type of the reference that an instruction pushes, where `operands` follows it."""
    match e:
        case RefNull():
            return e.type
        case LocalGet() | LocalTee():
            return (*function.type.params, *function.locals)[e.index]
        case GlobalGet():
            return spaces.globals[e.index].type
        case TableGet():
            return spaces.tables[e.table].elem
        case Call():
            return spaces.funcs[e.func].results[0]
        case Instantiate():
            return reference_to(interface(e.module)[1][0], discipline)
        case RefFunc():
            return reference_to(spaces.funcs[e.func], discipline)
        case RefGlobal():
            return reference_to(spaces.globals[e.global_], discipline)
        case RefTable():
            return reference_to(spaces.tables[e.table], discipline)
        case RefMemory():
            return reference_to(spaces.mems[e.memory], discipline)
    raise AssertionError(f"no reference: {e}")
