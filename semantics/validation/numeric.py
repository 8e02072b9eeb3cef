"""Numeric instructions (core 3.3.1): which operators exist at which types, and their arrows."""

from __future__ import annotations

from semantics.syntax.instructions import Binary, Compare, Const, Convert, Test, Unary
from semantics.syntax.types import F32, F64, I32, I64, NumType
from semantics.validation.context import Context, refuse
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

NUMERIC = "3.3.1 Numeric Instructions"
INTEGERS, FLOATS = (I32, I64), (F32, F64)


def _signed(*ops: str) -> tuple[str, ...]:
    return tuple(f"{op}_{sx}" for op in ops for sx in "su")


def _family(integer: tuple[str, ...], floating: tuple[str, ...]) -> dict[NumType, frozenset[str]]:
    return {t: frozenset(integer if t.is_integer else floating) for t in NumType}


UNARY = _family(
    ("clz", "ctz", "popcnt", "extend8_s", "extend16_s"), ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")
)
UNARY[I64] |= {"extend32_s"}
BINARY = _family(
    ("add", "sub", "mul", *_signed("div", "rem", "shr"), "and", "or", "xor", "shl", "rotl", "rotr"),
    ("add", "sub", "mul", "div", "min", "max", "copysign"),
)
TEST = _family(("eqz",), ())
COMPARE = _family(("eq", "ne", *_signed("lt", "gt", "le", "ge")), ("eq", "ne", "lt", "gt", "le", "ge"))
CONVERT = frozenset(
    {("wrap", I32, I64), ("demote", F32, F64), ("promote", F64, F32)}
    | {(op, I64, I32) for op in _signed("extend")}
    | {(op, i, f) for op in _signed("trunc", "trunc_sat") for i in INTEGERS for f in FLOATS}
    | {(op, f, i) for op in _signed("convert") for i in INTEGERS for f in FLOATS}
    | {("reinterpret", *pair) for pair in ((I32, F32), (F32, I32), (I64, F64), (F64, I64))}
)

_CONST = {t: Arrow((), (t,)) for t in NumType}
_UNARY = {t: Arrow((t,), (t,)) for t in NumType}
_BINARY = {t: Arrow((t, t), (t,)) for t in NumType}
_TEST = {t: Arrow((t,), (I32,)) for t in NumType}
_COMPARE = {t: Arrow((t, t), (I32,)) for t in NumType}


def _exists(e: Unary | Binary | Test | Compare, family: dict[NumType, frozenset[str]]) -> None:
    if e.op not in family[e.type]:
        raise refuse(e, f"unknown operator {e.type}.{e.op}")


@typing_rule("const", Const, row=NUMERIC, source="core")
def const(_c: Context, e: Const, _operands: Operands) -> Arrow:
    """
    -------------------------
    C |- t.const c : eps -> t
    """
    return _CONST[e.type]


@typing_rule("unop", Unary, row=NUMERIC, source="core")
def unop(_c: Context, e: Unary, _operands: Operands) -> Arrow:
    """
    --------------------
    C |- t.unop : t -> t
    """
    _exists(e, UNARY)
    return _UNARY[e.type]


@typing_rule("binop", Binary, row=NUMERIC, source="core")
def binop(_c: Context, e: Binary, _operands: Operands) -> Arrow:
    """
    -----------------------
    C |- t.binop : t t -> t
    """
    _exists(e, BINARY)
    return _BINARY[e.type]


@typing_rule("testop", Test, row=NUMERIC, source="core")
def testop(_c: Context, e: Test, _operands: Operands) -> Arrow:
    """
    ------------------------
    C |- t.testop : t -> i32
    """
    _exists(e, TEST)
    return _TEST[e.type]


@typing_rule("relop", Compare, row=NUMERIC, source="core")
def relop(_c: Context, e: Compare, _operands: Operands) -> Arrow:
    """
    -------------------------
    C |- t.relop : t t -> i32
    """
    _exists(e, COMPARE)
    return _COMPARE[e.type]


@typing_rule("cvtop", Convert, row=NUMERIC, source="core")
def cvtop(_c: Context, e: Convert, _operands: Operands) -> Arrow:
    """
    -------------------------------
    C |- t2.cvtop_t1_sx? : t1 -> t2
    """
    if (e.op, e.to, e.source) not in CONVERT:
        raise refuse(e, f"unknown operator {e.to}.{e.op} from {e.source}")
    return Arrow((e.source,), (e.to,))
