"""The instructions by opcode (core specification 5.4 and the threads proposal's 0xFE page). One table a shape.

An opcode is one byte, or a prefix and a number: 0xFC 8 stands as 0xFC00 + 8 here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semantics.syntax import instructions as ast
from semantics.syntax.instructions import Instr
from semantics.syntax.types import F32, F64, I32, I64, NumType, Order

PREFIXES = {0xFC: 0xFC00, 0xFE: 0xFE00}
SIMD = 0xFD

INT_COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
INT_UNARY = ("clz", "ctz", "popcnt")
INT_BINARY = (
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl",
    "rotr",
)  # fmt: skip
FLOAT_UNARY = ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")
FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")
CONVERSIONS = (
    ("wrap", I32, I64),
    ("trunc_s", I32, F32), ("trunc_u", I32, F32), ("trunc_s", I32, F64), ("trunc_u", I32, F64),
    ("extend_s", I64, I32), ("extend_u", I64, I32),
    ("trunc_s", I64, F32), ("trunc_u", I64, F32), ("trunc_s", I64, F64), ("trunc_u", I64, F64),
    ("convert_s", F32, I32), ("convert_u", F32, I32), ("convert_s", F32, I64), ("convert_u", F32, I64),
    ("demote", F32, F64),
    ("convert_s", F64, I32), ("convert_u", F64, I32), ("convert_s", F64, I64), ("convert_u", F64, I64),
    ("promote", F64, F32),
    ("reinterpret", I32, F32), ("reinterpret", I64, F64), ("reinterpret", F32, I32), ("reinterpret", F64, I64),
)  # fmt: skip
SIGN_EXTENSIONS = (
    (I32, "extend8_s"),
    (I32, "extend16_s"),
    (I64, "extend8_s"),
    (I64, "extend16_s"),
    (I64, "extend32_s"),
)
NARROW = ((I32, 1), (I32, 2), (I64, 1), (I64, 2), (I64, 4))
ATOMIC = ((I32, 4), (I64, 8), *NARROW)
RMW = ("add", "sub", "and", "or", "xor", "xchg")


def _numerics() -> Iterator[Instr]:
    """0x45 to 0xC4, in order."""
    for t in (I32, I64):
        yield ast.Test(t, "eqz")
        yield from (ast.Compare(t, op) for op in INT_COMPARE)
    for t in (F32, F64):
        yield from (ast.Compare(t, op) for op in FLOAT_COMPARE)
    for t in (I32, I64):
        yield from (ast.Unary(t, op) for op in INT_UNARY)
        yield from (ast.Binary(t, op) for op in INT_BINARY)
    for t in (F32, F64):
        yield from (ast.Unary(t, op) for op in FLOAT_UNARY)
        yield from (ast.Binary(t, op) for op in FLOAT_BINARY)
    yield from (ast.Convert(*conversion) for conversion in CONVERSIONS)
    yield from (ast.Unary(t, op) for t, op in SIGN_EXTENSIONS)


def _saturating() -> Iterator[Instr]:
    """0xFC 0 to 0xFC 7, in order."""
    for to in (I32, I64):
        for source in (F32, F64):
            yield from (ast.Convert(f"trunc_sat_{sign}", to, source) for sign in "su")


_Shape = tuple[type[Any], tuple[Any, ...]]

_NUMERICS: tuple[Instr, ...] = (*_numerics(), *_saturating())
_FIRST_SATURATING = len(_NUMERICS) - 8
NO_IMMEDIATES: dict[int, _Shape] = {
    0x00: (ast.Unreachable, ()),
    0x01: (ast.Nop, ()),
    0x0F: (ast.Return, ()),
    0x1A: (ast.Drop, ()),
    0x1B: (ast.Select, ()),
    0xD1: (ast.RefIsNull, ()),
}
"""Opcode -> (class, arguments) of an instruction that is its opcode alone."""


def _arguments(instr: Instr) -> tuple[Any, ...]:
    match instr:
        case ast.Convert(op, to, source):
            return op, to, source
        case ast.Unary(t, op) | ast.Binary(t, op) | ast.Test(t, op) | ast.Compare(t, op):
            return t, op
    return ()


for _index, _instr in enumerate(_NUMERICS):
    _opcode = 0x45 + _index if _index < _FIRST_SATURATING else 0xFC00 + _index - _FIRST_SATURATING
    NO_IMMEDIATES[_opcode] = (type(_instr), _arguments(_instr))

INDEX: dict[int, type[Any]] = {
    0x0C: ast.Br,
    0x0D: ast.BrIf,
    0x10: ast.Call,
    0x20: ast.LocalGet,
    0x21: ast.LocalSet,
    0x22: ast.LocalTee,
    0x23: ast.GlobalGet,
    0x24: ast.GlobalSet,
    0x25: ast.TableGet,
    0x26: ast.TableSet,
    0xD2: ast.RefFunc,
    0xFC09: ast.DataDrop,
    0xFC0D: ast.ElemDrop,
    0xFC0F: ast.TableGrow,
    0xFC10: ast.TableSize,
    0xFC11: ast.TableFill,
}
"""Opcode -> class of an instruction whose one immediate is an index."""

ONE_MEMORY: dict[int, type[Any]] = {0x3F: ast.MemorySize, 0x40: ast.MemoryGrow, 0xFC0B: ast.MemoryFill}
"""Opcode -> class of an instruction on memory 0, followed by a zero byte."""


def _accesses() -> Iterator[tuple[int, _Shape, _Shape]]:
    """(opcode, (class, arguments before the memarg), (_, arguments behind it)) of every access to memory."""
    whole: tuple[NumType, ...] = (I32, I64, F32, F64)
    loads: list[tuple[NumType, int, bool | None]] = [(t, t.bytes, None) for t in whole]
    loads += [(t, size, signed) for t, size in NARROW for signed in (True, False)]
    for index, load in enumerate(loads):
        yield 0x28 + index, (ast.Load, load), (ast.Load, ())
    for index, store in enumerate([*((t, t.bytes) for t in whole), *NARROW]):
        yield 0x36 + index, (ast.Store, store), (ast.Store, ())
    yield 0xFE00, (ast.Notify, ()), (ast.Notify, ())
    yield 0xFE01, (ast.Wait, (I32,)), (ast.Wait, ())
    yield 0xFE02, (ast.Wait, (I64,)), (ast.Wait, ())
    opcode = 0xFE10
    for t, size in ATOMIC:
        yield opcode, (ast.Load, (t, size, False if size < t.bytes else None)), (ast.Load, (Order.SEQCST,))
        opcode += 1
    for t, size in ATOMIC:
        yield opcode, (ast.Store, (t, size)), (ast.Store, (Order.SEQCST,))
        opcode += 1
    for op in RMW:
        for t, size in ATOMIC:
            yield opcode, (ast.Rmw, (t, op, size)), (ast.Rmw, (Order.SEQCST,))
            opcode += 1
    for t, size in ATOMIC:
        yield opcode, (ast.Cmpxchg, (t, size)), (ast.Cmpxchg, (Order.SEQCST,))
        opcode += 1


ACCESS: dict[int, tuple[type[Any], tuple[Any, ...], tuple[Any, ...]]] = {
    opcode: (cls, before, behind) for opcode, (cls, before), (_, behind) in _accesses()
}
"""Opcode -> (class, arguments before the memarg, arguments behind it: the order of an atomic access)."""

ORDERED = 0x10
"""The bit of a memarg's flags that says that an order immediate follows (acquire-release proposal)."""
ORDERS = {0x00: Order.SEQCST, 0x01: Order.ACQREL}
EXCHANGE_ORDERS = {0x00: Order.SEQCST, 0x11: Order.ACQREL}
"""Order immediates; those of an exchange give the orders of its read and of its write, which must be equal."""


def opcode_bytes(opcode: int) -> bytes:
    """The bytes of an opcode; the numbers behind prefixes are below 128."""
    return bytes((opcode,)) if opcode < 0x100 else bytes((opcode >> 8, opcode & 0xFF))
