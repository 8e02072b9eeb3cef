"""The instructions by name: how the immediates of each are read, and what it builds. One table a family.

A row is (immediates, build): `immediates(cursor, context)` takes what follows the name and gives the last arguments of
`build`; None stands for no immediates. To add a family, add its rows; plain and folded forms, unknown-instruction
suggestions and the printer follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

from semantics.diagnostics import TextError
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import Instr, MemArg
from semantics.syntax.types import F32, F64, I32, I64, NumType, Order
from semantics.text.context import Context, suggestion, take_index
from semantics.text.cursor import Cursor
from semantics.text.literals import is_float, is_integer, read_float, read_integer
from semantics.text.types import heap_type, take_results, take_share, type_use

Immediates = Callable[[Cursor, Context], tuple[Any, ...]]
Row = tuple[Immediates | None, Callable[..., Instr]]

BINARY = (
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl",
    "rotr",
)  # fmt: skip
COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
UNARY = ("clz", "ctz", "popcnt", "extend8_s", "extend16_s")
RMW = ("add", "sub", "and", "or", "xor", "xchg")
FLOAT_UNARY = ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")
FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max", "copysign")
FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
INTEGERS, FLOATS = (I32, I64), (F32, F64)
ORDERS = {"seqcst": Order.SEQCST, "seq_cst": Order.SEQCST, "acqrel": Order.ACQREL, "acq_rel": Order.ACQREL}
"""The order immediates of atomic accesses."""


# --- immediates ---------------------------------------------------------------------------------
def _index(space: str, kind: str) -> Immediates:
    def read(cursor: Cursor, context: Context) -> tuple[int]:
        return (take_index(cursor, getattr(context, space), kind),)

    return read


def _optional(space: str, kind: str) -> Immediates:
    def read(cursor: Cursor, context: Context) -> tuple[int]:
        return (take_index(cursor, getattr(context, space), kind) if cursor.at_index else 0,)

    return read


def _ordered(read: Immediates) -> Immediates:
    """The immediates of an atomic access and its order, which is written before or after them, or is seqcst."""

    def read_ordered(cursor: Cursor, context: Context) -> tuple[Any, ...]:
        before = _take_order(cursor)
        arguments = read(cursor, context)
        return (*arguments, before or _take_order(cursor) or Order.SEQCST)

    return read_ordered


def _take_order(cursor: Cursor) -> Order | None:
    found = ORDERS.get(cursor.peek() or "")
    if found is not None:
        cursor.index += 1
    return found


def _fence(cursor: Cursor, context: Context) -> tuple[Order]:
    return (_take_order(cursor) or Order.SEQCST,)


def _label(cursor: Cursor, context: Context) -> tuple[int]:
    return (_take_label(cursor, context),)


def _take_label(cursor: Cursor, context: Context) -> int:
    word = cursor.peek()
    if word is None or word[0] != "$":
        return cursor.number("a label (a name such as $l, or a depth)")
    for depth, name in enumerate(reversed(context.labels)):
        if name == word:
            cursor.index += 1
            return depth
    raise cursor.error(f"unknown label {word}{suggestion(word, [n for n in context.labels if n])}")


def _labels(cursor: Cursor, context: Context) -> tuple[tuple[int, ...], int]:
    depths = [_take_label(cursor, context)]
    while cursor.at_index:
        depths.append(_take_label(cursor, context))
    return tuple(depths[:-1]), depths[-1]


def _memarg(size: int) -> Immediates:
    natural = MemArg(align=size.bit_length() - 1)

    def read(cursor: Cursor, context: Context) -> tuple[MemArg]:
        word = cursor.peek()
        if word is None:
            return (natural,)
        memory = take_index(cursor, context.memories, "memory") if cursor.at_index else 0
        offset = _labelled_number(cursor, "offset=")
        align = _labelled_number(cursor, "align=")
        if align is not None and (align == 0 or align & (align - 1)):
            cursor.index -= 1
            raise cursor.error(f"alignment must be a power of two, not {align}")
        return (MemArg(offset or 0, natural.align if align is None else align.bit_length() - 1, memory),)

    return read


def _labelled_number(cursor: Cursor, label: str) -> int | None:
    word = cursor.peek()
    if word is None or not word.startswith(label):
        return None
    digits = word[len(label) :]
    if not digits[:1].isdigit() or not is_integer(digits):
        raise cursor.error(f"unknown operator {word}: {label} needs an unsigned number")
    value = read_integer(digits, 32)
    if value is None:
        raise cursor.error(f"i32 constant out of range: {word}")
    cursor.index += 1
    return value


def _integer(type: NumType) -> Immediates:
    def read(cursor: Cursor, context: Context) -> tuple[int]:
        word = cursor.peek()
        if word is None or not is_integer(word):
            raise _no_literal(cursor, type)
        value = read_integer(word, type.bits)
        if value is None:
            bits = type.bits
            raise cursor.error(
                f"constant out of range: {word} is no {type}", expected=(f"-2^{bits - 1} .. 2^{bits}-1",)
            )
        cursor.index += 1
        return (value,)

    return read


def _float(type: NumType) -> Immediates:
    def read(cursor: Cursor, context: Context) -> tuple[int]:
        word = cursor.peek()
        if word is None or not is_float(word):
            raise _no_literal(cursor, type)
        value = read_float(word, type.bits)
        if value is None:
            raise cursor.error(f"constant out of range: {word} is no finite {type} and no payload of a NaN")
        cursor.index += 1
        return (value,)

    return read


_NAN_PATTERNS = ("nan:canonical", "nan:arithmetic")  # tokens of scripts


def _no_literal(cursor: Cursor, type: NumType) -> TextError:
    word = cursor.peek()
    if word is None or not word[0].islower() or word in ROWS or word in _NAN_PATTERNS:
        return cursor.unexpected(f"an {type} literal")
    return cursor.error(f"unknown operator {word}", expected=(f"an {type} literal",))


def _call_indirect(cursor: Cursor, context: Context) -> tuple[int, int]:
    table = take_index(cursor, context.tables, "table") if cursor.at_index else 0
    return type_use(cursor, context, take_share(cursor))[0], table


def _select(cursor: Cursor, context: Context) -> tuple[Any]:
    return (take_results(cursor),) if cursor.peek_head() == "result" else ()  # type: ignore[return-value]


def _heap(cursor: Cursor, context: Context) -> tuple[Any]:
    return (heap_type(cursor),)


def _two(space: str, kind: str) -> Immediates:
    """Target and source of a copy: both or neither."""

    def read(cursor: Cursor, context: Context) -> tuple[int, ...]:
        if not cursor.at_index:
            return ()
        names = getattr(context, space)
        return take_index(cursor, names, kind), take_index(cursor, names, kind)

    return read


def _init(space: str, kind: str, segments: str, segment: str) -> Immediates:
    """The optional target and the segment of an *.init: (target, segment)."""

    def read(cursor: Cursor, context: Context) -> tuple[int, int]:
        begin = cursor.index
        if not cursor.at_index:
            raise cursor.unexpected(f"a {segment} segment (a name such as $x, or an index)")
        cursor.index += 1
        two = cursor.at_index
        cursor.index = begin
        target = take_index(cursor, getattr(context, space), kind) if two else 0
        return target, take_index(cursor, getattr(context, segments), f"{segment} segment")

    return read


def _memory_init(target: int, data: int, **rest: Any) -> Instr:
    return ast.MemoryInit(data, target, **rest)


def _nested_module(cursor: Cursor, context: Context) -> tuple[Any]:
    begin = cursor.index
    index = take_index(cursor, context.modules, "module")
    if index >= len(context.nested):
        cursor.index = begin
        raise cursor.error(f"unknown module {index}")
    return (context.nested[index],)


# --- families -----------------------------------------------------------------------------------
def _control() -> dict[str, Row]:
    rows: dict[str, Row] = {
        "unreachable": (None, ast.Unreachable),
        "nop": (None, ast.Nop),
        "br": (_label, ast.Br),
        "br_if": (_label, ast.BrIf),
        "br_table": (_labels, ast.BrTable),
        "return": (None, ast.Return),
        "call": (_index("funcs", "func"), ast.Call),
        "fork": (_index("funcs", "func"), ast.Fork),
        "instantiate": (_nested_module, ast.Instantiate),
        "drop": (None, ast.Drop),
        "select": (_select, ast.Select),
    }
    return rows | _orders("call_indirect", _call_indirect, ast.CallIndirect, "call_indirect.atomic")


def _orders(name: str, read: Immediates, build: Callable[..., Instr], atomic: str) -> dict[str, Row]:
    """`name`, `name`.unord and `name`.seqcst (the paper), `name`.acqrel beside them, and the atomic form as today's
    proposals spell it."""
    return {
        name: (read, build),
        f"{name}.unord": (read, build),
        f"{name}.acqrel": (read, partial(build, order=Order.ACQREL)),
        f"{name}.seqcst": (read, partial(build, order=Order.SEQCST)),
        atomic: (_ordered(read), build),
    }


def _variables() -> dict[str, Row]:
    local, variable = _index("locals", "local"), _index("globals", "global")
    return {
        "local.get": (local, ast.LocalGet),
        "local.set": (local, ast.LocalSet),
        "local.tee": (local, ast.LocalTee),
        **_orders("global.get", variable, ast.GlobalGet, "global.atomic.get"),
        **_orders("global.set", variable, ast.GlobalSet, "global.atomic.set"),
    }


def _numerics() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for t in INTEGERS:
        rows[f"{t}.const"] = (_integer(t), partial(ast.Const, t))
        rows[f"{t}.eqz"] = (None, partial(ast.Test, t, "eqz"))
        rows |= {f"{t}.{op}": (None, partial(ast.Unary, t, op)) for op in UNARY}
        rows |= {f"{t}.{op}": (None, partial(ast.Binary, t, op)) for op in BINARY}
        rows |= {f"{t}.{op}": (None, partial(ast.Compare, t, op)) for op in COMPARE}
    for t in FLOATS:
        rows[f"{t}.const"] = (_float(t), partial(ast.Const, t))
        rows |= {f"{t}.{op}": (None, partial(ast.Unary, t, op)) for op in FLOAT_UNARY}
        rows |= {f"{t}.{op}": (None, partial(ast.Binary, t, op)) for op in FLOAT_BINARY}
        rows |= {f"{t}.{op}": (None, partial(ast.Compare, t, op)) for op in FLOAT_COMPARE}
        for i in INTEGERS:
            for sx in "su":
                rows[f"{t}.convert_{i}_{sx}"] = (None, partial(ast.Convert, f"convert_{sx}", t, i))
                rows[f"{i}.trunc_{t}_{sx}"] = (None, partial(ast.Convert, f"trunc_{sx}", i, t))
                rows[f"{i}.trunc_sat_{t}_{sx}"] = (None, partial(ast.Convert, f"trunc_sat_{sx}", i, t))
    rows["f32.demote_f64"] = (None, partial(ast.Convert, "demote", F32, F64))
    rows["f64.promote_f32"] = (None, partial(ast.Convert, "promote", F64, F32))
    for i, f in ((I32, F32), (I64, F64)):
        rows[f"{i}.reinterpret_{f}"] = (None, partial(ast.Convert, "reinterpret", i, f))
        rows[f"{f}.reinterpret_{i}"] = (None, partial(ast.Convert, "reinterpret", f, i))
    rows["i64.extend32_s"] = (None, partial(ast.Unary, I64, "extend32_s"))
    rows["i32.wrap_i64"] = (None, partial(ast.Convert, "wrap", I32, I64))
    rows["i64.extend_i32_s"] = (None, partial(ast.Convert, "extend_s", I64, I32))
    rows["i64.extend_i32_u"] = (None, partial(ast.Convert, "extend_u", I64, I32))
    return rows


def _references() -> dict[str, Row]:
    table = _optional("tables", "table")
    return {
        "ref.null": (_heap, ast.RefNull),
        "ref.func": (_index("funcs", "func"), ast.RefFunc),
        "ref.is_null": (None, ast.RefIsNull),
        **_orders("table.get", table, ast.TableGet, "table.atomic.get"),
        **_orders("table.set", table, ast.TableSet, "table.atomic.set"),
        "table.size": (table, ast.TableSize),
        "table.grow": (table, ast.TableGrow),
        "table.fill": (table, ast.TableFill),
        "table.copy": (_two("tables", "table"), ast.TableCopy),
        "table.init": (_init("tables", "table", "elems", "elem"), ast.TableInit),
        "elem.drop": (_index("elems", "elem segment"), ast.ElemDrop),
    }


def _memory() -> dict[str, Row]:
    memory = _optional("memories", "memory")
    rows: dict[str, Row] = {
        "memory.size": (memory, ast.MemorySize),
        "memory.grow": (memory, ast.MemoryGrow),
        "memory.fill": (memory, ast.MemoryFill),
        "memory.copy": (_two("memories", "memory"), ast.MemoryCopy),
        "memory.init": (_init("memories", "memory", "datas", "data"), _memory_init),
        "data.drop": (_index("datas", "data segment"), ast.DataDrop),
    }
    for t in FLOATS:
        rows[f"{t}.load"] = (_memarg(t.bytes), partial(ast.Load, t, t.bytes, None))
        rows[f"{t}.store"] = (_memarg(t.bytes), partial(ast.Store, t, t.bytes))
    for t in INTEGERS:
        for size in _sizes(t):
            packed, memarg = size < t.bytes, _memarg(size)
            width = str(8 * size) if packed else ""
            rows[f"{t}.store{width}"] = (memarg, partial(ast.Store, t, size))
            for sign in ("_s", "_u") if packed else ("",):
                signed = sign == "_s" if packed else None
                rows[f"{t}.load{width}{sign}"] = (memarg, partial(ast.Load, t, size, signed))
    return rows


def _atomics() -> dict[str, Row]:
    rows: dict[str, Row] = {
        "atomic.fence": (_fence, ast.Fence),
        "memory.atomic.notify": (_memarg(4), ast.Notify),
        "memory.atomic.wait32": (_memarg(4), partial(ast.Wait, I32)),
        "memory.atomic.wait64": (_memarg(8), partial(ast.Wait, I64)),
    }
    for t in INTEGERS:
        for size in _sizes(t):
            packed, memarg = size < t.bytes, _ordered(_memarg(size))
            width, unsigned = (str(8 * size), "_u") if packed else ("", "")
            load = partial(ast.Load, t, size, False if packed else None)
            rows[f"{t}.atomic.load{width}{unsigned}"] = (memarg, load)
            rows[f"{t}.atomic.store{width}"] = (memarg, partial(ast.Store, t, size))
            for op in RMW:
                rows[f"{t}.atomic.rmw{width}.{op}{unsigned}"] = (memarg, partial(ast.Rmw, t, op, size))
            rows[f"{t}.atomic.rmw{width}.cmpxchg{unsigned}"] = (memarg, partial(ast.Cmpxchg, t, size))
    return rows


def _sizes(t: NumType) -> tuple[int, ...]:
    """The access sizes of a type, in bytes."""
    return tuple(size for size in (1, 2, 4, 8) if size <= t.bytes)


ROWS: dict[str, Row] = {**_control(), **_variables(), **_numerics(), **_references(), **_memory(), **_atomics()}
"""Every instruction but block, loop and if, by name."""


_SPACES: dict[str, Immediates] = {
    "func": _index("funcs", "func"),
    "type": _index("types", "type"),
    "global_": _index("globals", "global"),
    "table": _optional("tables", "table"),
    "memory": _optional("memories", "memory"),
    "elem": _index("elems", "elem segment"),
    "data": _index("datas", "data segment"),
    "module": _nested_module,
    "order": _fence,
    "count": lambda cursor, context: (cursor.number("a number"),),
}


def add_instruction(kind: type[ast.DesignInstr]) -> None:
    """Enters a design's instruction: its immediates are read in the order of its fields, by the name of each."""
    readers = [_SPACES[f.name] for f in fields(kind) if f.name != "span"]

    def read(cursor: Cursor, context: Context) -> tuple[Any, ...]:
        return tuple(value for reader in readers for value in reader(cursor, context))

    ROWS[kind.opcode] = (read, kind)
