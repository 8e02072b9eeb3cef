"""Numeric instructions of the base language."""

from __future__ import annotations

from semantics.reduction.access import trap
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Frame, Step, Trap, Value
from semantics.syntax.instructions import Binary, Compare, Const, Convert, Test, Unary
from semantics.syntax.types import I32
from semantics.terms import Term, apply, extract, negate
from semantics.terms.floats import FORMATS, nearest_bits

_DIVISIONS = frozenset(("div_s", "div_u", "rem_s", "rem_u"))
_TRUNCATIONS = frozenset(("trunc_s", "trunc_u"))


@local_rule("const-ok", fig="core", instr=Const, pure=True)
def const_ok(frame: Frame, operands: tuple[Value, ...], instr: Const, oracle: Oracle) -> Step:
    """t.const c is a value."""
    return Step((Value(instr.type, instr.value),))


@local_rule("unary-ok", fig="core", instr=Unary, pure=True)
def unary_ok(frame: Frame, operands: tuple[Value, ...], instr: Unary, oracle: Oracle) -> Step:
    """(t.const c1) t.unop  -->  t.const unop(c1)"""
    bits, operand = instr.type.bits, operands[0].term
    if instr.op.startswith("extend"):
        narrow = int(instr.op.removeprefix("extend").removesuffix("_s"))
        return Step((Value(instr.type, apply("sext", bits, extract(operand, 0, narrow), arg_width=narrow)),))
    return Step((Value(instr.type, apply(_operator(instr), bits, operand)),))


@local_rule("binary-ok", fig="core", instr=Binary, pure=True)
def binary_ok(frame: Frame, operands: tuple[Value, ...], instr: Binary, oracle: Oracle) -> Step:
    """(t.const c1) (t.const c2) t.binop  -->  t.const binop(c1, c2)  if binop(c1, c2) is defined"""
    bits, first, second = instr.type.bits, operands[0].term, operands[1].term
    result = Value(instr.type, apply(_operator(instr), bits, first, second))
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
    bits, first, second = instr.type.bits, operands[0].term, operands[1].term
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
    return _boolean(apply("eq", 1, operands[0].term, 0, arg_width=instr.type.bits))


@local_rule("compare-ok", fig="core", instr=Compare, pure=True)
def compare_ok(frame: Frame, operands: tuple[Value, ...], instr: Compare, oracle: Oracle) -> Step:
    """(t.const c1) (t.const c2) t.relop  -->  i32.const relop(c1, c2)"""
    bits = instr.type.bits
    return _boolean(apply(_operator(instr), 1, operands[0].term, operands[1].term, arg_width=bits))


@local_rule("convert-ok", fig="core", instr=Convert, pure=True)
def convert_ok(frame: Frame, operands: tuple[Value, ...], instr: Convert, oracle: Oracle) -> Step:
    """(t1.const c1) t2.cvtop_t1  -->  t2.const cvtop(c1)  if cvtop(c1) is defined"""
    operand, source, target = operands[0].term, instr.source, instr.to
    kind, _, sign = instr.op.rpartition("_")
    if instr.op == "wrap":
        result = extract(operand, 0, target.bits)
    elif instr.op == "reinterpret":
        result = operand
    elif kind == "extend":
        result = apply("sext" if sign == "s" else "zext", target.bits, operand, arg_width=source.bits)
    else:
        op = f"{target}.{instr.op}_{source}"  # promote, demote
        if kind:
            op = f"{target}.{'trunc_sat' if kind == 'trunc' else kind}_{source}_{sign}"
        result = apply(op, target.bits, operand, arg_width=source.bits)
    condition = tuple(negate(refused) for refused, _reason in _refused(operand, instr))
    return Step((Value(target, result),), None, (), condition)


@local_rule("convert-fail", fig="core", instr=Convert, pure=True)
def convert_fail(
    frame: Frame, operands: tuple[Value, ...], instr: Convert, oracle: Oracle
) -> tuple[Step, ...] | Step | None:
    """(t1.const c1) t2.cvtop_t1  -->  trap  if cvtop(c1) is undefined"""
    steps: list[Step] = []
    for condition, reason in _refused(operands[0].term, instr):
        if condition == 1:
            return trap(reason)
        if condition != 0:
            steps.append(Step((), Trap(reason), (), (condition,)))
    return tuple(steps) or None


def _refused(operand: Term, instr: Convert) -> tuple[tuple[Term, str], ...]:
    """When a trapping truncation is undefined, and why: exclusive conditions."""
    if instr.op not in _TRUNCATIONS:
        return ()
    t, w = instr.source, instr.source.bits
    not_a_number = apply(f"{t}.ne", 1, operand, operand, arg_width=w)
    integral = apply(f"{t}.trunc", w, operand)
    form = FORMATS[w]
    limit = nearest_bits(1 << (instr.to.bits - (instr.op == "trunc_s")), 1, form)
    least = limit | form.sign if instr.op == "trunc_s" else 0
    below = apply(f"{t}.lt", 1, integral, least, arg_width=w)
    above = apply(f"{t}.ge", 1, integral, limit, arg_width=w)
    outside = apply("or", 1, below, above)
    return (not_a_number, "invalid conversion to integer"), (outside, "integer overflow")


def _operator(instr: Unary | Binary | Compare) -> str:
    """The name of an operator on terms: those on floats carry their type."""
    return instr.op if instr.type.is_integer else f"{instr.type}.{instr.op}"


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
