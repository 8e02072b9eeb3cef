"""Numeric instructions of the base language, on integers."""

from __future__ import annotations

from semantics.diagnostics import Unsupported
from semantics.reduction.access import trap
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Frame, Step, Trap, Value
from semantics.syntax.instructions import Binary, Compare, Const, Convert, Test, Unary
from semantics.syntax.types import I32, NumType
from semantics.terms import Term, apply, extract, negate

_DIVISIONS = frozenset(("div_s", "div_u", "rem_s", "rem_u"))


@local_rule("const-ok", fig="core", instr=Const, pure=True)
def const_ok(frame: Frame, operands: tuple[Value, ...], instr: Const, oracle: Oracle) -> Step:
    """t.const c is a value."""
    return Step((Value(instr.type, instr.value),))


@local_rule("unary-ok", fig="core", instr=Unary, pure=True)
def unary_ok(frame: Frame, operands: tuple[Value, ...], instr: Unary, oracle: Oracle) -> Step:
    """(t.const c1) t.unop  -->  t.const unop(c1)"""
    bits, operand = _bits(instr.type, instr), operands[0].term
    if instr.op.startswith("extend"):
        narrow = int(instr.op.removeprefix("extend").removesuffix("_s"))
        return Step((Value(instr.type, apply("sext", bits, extract(operand, 0, narrow), arg_width=narrow)),))
    return Step((Value(instr.type, apply(instr.op, bits, operand)),))


@local_rule("binary-ok", fig="core", instr=Binary, pure=True)
def binary_ok(frame: Frame, operands: tuple[Value, ...], instr: Binary, oracle: Oracle) -> Step:
    """(t.const c1) (t.const c2) t.binop  -->  t.const binop(c1, c2)  if binop(c1, c2) is defined"""
    bits, first, second = _bits(instr.type, instr), operands[0].term, operands[1].term
    result = Value(instr.type, apply(instr.op, bits, first, second))
    if instr.op not in _DIVISIONS:
        return Step((result,))
    return Step((result,), None, (), (_nonzero(bits, second), negate(_overflow(instr.op, bits, first, second))))


@local_rule("binary-fail", fig="core", instr=Binary, pure=True)
def binary_fail(
    frame: Frame, operands: tuple[Value, ...], instr: Binary, oracle: Oracle
) -> tuple[Step, ...] | Step | None:
    """(t.const c1) (t.const c2) t.binop  -->  trap  if binop(c1, c2) is undefined"""
    if instr.op not in _DIVISIONS:
        return None
    bits, first, second = _bits(instr.type, instr), operands[0].term, operands[1].term
    zero, overflow = negate(_nonzero(bits, second)), _overflow(instr.op, bits, first, second)
    if zero == 1:
        return trap("integer divide by zero")
    if overflow == 1:
        return trap("integer overflow")
    return tuple(
        Step((), Trap(reason), (), (condition,))
        for condition, reason in ((zero, "integer divide by zero"), (overflow, "integer overflow"))
        if condition != 0
    )


@local_rule("test-ok", fig="core", instr=Test, pure=True)
def test_ok(frame: Frame, operands: tuple[Value, ...], instr: Test, oracle: Oracle) -> Step:
    """(t.const c1) t.eqz  -->  i32.const (c1 = 0)"""
    return _boolean(apply("eq", 1, operands[0].term, 0, arg_width=_bits(instr.type, instr)))


@local_rule("compare-ok", fig="core", instr=Compare, pure=True)
def compare_ok(frame: Frame, operands: tuple[Value, ...], instr: Compare, oracle: Oracle) -> Step:
    """(t.const c1) (t.const c2) t.relop  -->  i32.const relop(c1, c2)"""
    bits = _bits(instr.type, instr)
    return _boolean(apply(instr.op, 1, operands[0].term, operands[1].term, arg_width=bits))


@local_rule("convert-ok", fig="core", instr=Convert, pure=True)
def convert_ok(frame: Frame, operands: tuple[Value, ...], instr: Convert, oracle: Oracle) -> Step:
    """(t1.const c1) t2.cvtop_t1  -->  t2.const cvtop(c1)"""
    operand, source, target = operands[0].term, instr.source.bits, instr.to.bits
    match instr.op:
        case "wrap":
            return Step((Value(instr.to, extract(operand, 0, target)),))
        case "extend_s" | "extend_u":
            op = "sext" if instr.op == "extend_s" else "zext"
            return Step((Value(instr.to, apply(op, target, operand, arg_width=source)),))
        case "reinterpret":
            return Step((Value(instr.to, operand),))
    raise Unsupported(f"conversion {instr.to}.{instr.op}_{instr.source}: floating point", instr.span)


def _bits(kind: NumType, instr: Unary | Binary | Test | Compare) -> int:
    if not kind.is_integer:
        raise Unsupported(f"{kind}.{instr.op}: floating point arithmetic", instr.span)
    return kind.bits


def _boolean(condition: Term) -> Step:
    return Step((Value(I32, apply("zext", 32, condition, arg_width=1)),))


def _nonzero(bits: int, divisor: Term) -> Term:
    return apply("ne", 1, divisor, 0, arg_width=bits)


def _overflow(op: str, bits: int, first: Term, second: Term) -> Term:
    """Whether a signed quotient is not representable: the least number divided by -1."""
    if op != "div_s":
        return 0
    least = apply("eq", 1, first, 1 << (bits - 1), arg_width=bits)
    return apply("and", 1, least, apply("eq", 1, second, (1 << bits) - 1, arg_width=bits))
