"""The float operators of `semantics.terms.floats` on z3 bit-vectors of their bit patterns.

Inside, z3's theory of floating-point numbers (SMT-LIB's FloatingPoint), rounding to nearest, ties to even. What that
theory leaves open is decided here on the bits, as `semantics.terms.floats` decides it: which NaN a result is, the sign
of min and max of two zeros, conversions to integers that are out of range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3

from semantics.terms.floats import F32, F64, Format

Number = Any
"""A z3 floating-point number."""
BitVector = Any
"""A z3 bit-vector."""


def truth(claim: Any) -> BitVector:
    """A z3 Boolean as one bit."""
    return z3.If(claim, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


def _sort(form: Format) -> Any:
    return z3.FPSort(form.width - form.precision, form.precision)


def _number(form: Format, bits: BitVector) -> Number:
    """The number that a bit pattern stands for."""
    return z3.fpBVToFP(bits, _sort(form))


def _constant(form: Format, value: int) -> Number:
    """An integer that the format represents exactly."""
    return _number(form, z3.BitVecVal(form.bits(float(value)), form.width))


def _is_nan(form: Format, bits: BitVector) -> Any:
    return z3.UGT(bits & ~form.sign, form.infinity)


def _is_canonical(form: Format, bits: BitVector) -> Any:
    return bits & ~form.sign == form.canonical


def _nan(form: Format, *operands: BitVector) -> BitVector:
    """The NaN that an operator gives for these operands."""
    first = operands[-1]
    for bits in reversed(operands[:-1]):
        first = z3.If(_is_nan(form, bits), bits, first)
    canonical = z3.And([z3.Implies(_is_nan(form, bits), _is_canonical(form, bits)) for bits in operands])
    return z3.If(canonical, z3.BitVecVal(form.canonical, form.width), first | form.quiet)


def _bits(form: Format, result: Number, *operands: BitVector) -> BitVector:
    """The bit pattern of an operator's result, which is a NaN where an operand is one."""
    return z3.If(z3.fpIsNaN(result), _nan(form, *operands), z3.fpToIEEEBV(result))


FloatFunction = Callable[..., BitVector]


def _rounded(form: Format, function: Callable[..., Number]) -> FloatFunction:
    """An operator whose exact result is rounded to nearest."""

    def operate(_w: int, _r: int, *operands: BitVector) -> BitVector:
        return _bits(form, function(z3.RNE(), *(_number(form, bits) for bits in operands)), *operands)

    return operate


def _integral(form: Format, mode: Callable[[], Any]) -> FloatFunction:
    """Rounding to an integral number; the sign of the operand stays with a zero."""
    return lambda _w, _r, a: _bits(form, z3.fpRoundToIntegral(mode(), _number(form, a)), a)


def _extremum(
    form: Format, precedes: Callable[[Number, Number], Any], zeros: Callable[..., BitVector]
) -> FloatFunction:
    """min or max: of equal operands, which differ in no more than the sign of a zero, `zeros` of their bits."""

    def operate(_w: int, _r: int, a: BitVector, b: BitVector) -> BitVector:
        x, y = _number(form, a), _number(form, b)
        least = z3.If(precedes(x, y), a, z3.If(precedes(y, x), b, zeros(a, b)))
        return z3.If(z3.Or(_is_nan(form, a), _is_nan(form, b)), _nan(form, a, b), least)

    return operate


def _compare(form: Format, function: Callable[[Number, Number], Any]) -> FloatFunction:
    return lambda _w, _r, a, b: truth(function(_number(form, a), _number(form, b)))


def _convert(form: Format, signed: bool) -> FloatFunction:
    """The float nearest to an integer."""
    nearest = z3.fpSignedToFP if signed else z3.fpUnsignedToFP
    return lambda _w, _r, a: z3.fpToIEEEBV(nearest(z3.RNE(), a, _sort(form)))


def _truncate(form: Format, signed: bool) -> FloatFunction:
    """The integer of `r` bits that a float truncates to, saturating; 0 for a NaN."""
    integer = z3.fpToSBV if signed else z3.fpToUBV

    def operate(_w: int, r: int, a: BitVector) -> BitVector:
        x = _number(form, a)
        least, most = (-(1 << (r - 1)), (1 << (r - 1)) - 1) if signed else (0, (1 << r) - 1)
        below = z3.fpLEQ(x, _constant(form, least))  # what is below truncates to `least` or to less
        above = z3.fpGEQ(x, _constant(form, most + 1))
        value = z3.If(above, z3.BitVecVal(most, r), integer(z3.RTZ(), x, z3.BitVecSort(r)))
        return z3.If(z3.fpIsNaN(x), z3.BitVecVal(0, r), z3.If(below, z3.BitVecVal(least, r), value))

    return operate


def _resize(source: Format, target: Format) -> FloatFunction:
    """demote and promote: a NaN keeps its sign and the leading bits of its payload, unless it is canonical."""

    def operate(_w: int, _r: int, a: BitVector) -> BitVector:
        shift = target.precision - source.precision
        if shift > 0:
            payload = z3.ZeroExt(target.width - source.width, a & (source.quiet - 1)) << shift
        else:
            payload = z3.Extract(target.width - 1, 0, z3.LShR(a & (source.quiet - 1), -shift))
        sign = z3.If(a & source.sign == 0, z3.BitVecVal(0, target.width), z3.BitVecVal(target.sign, target.width))
        kept = z3.If(
            _is_canonical(source, a), z3.BitVecVal(target.canonical, target.width), sign | target.canonical | payload
        )
        number = z3.fpFPToFP(z3.RNE(), _number(source, a), _sort(target))
        return z3.If(_is_nan(source, a), kept, z3.fpToIEEEBV(number))

    return operate


def _operators(form: Format) -> dict[str, FloatFunction]:
    t, sign = form.name, form.sign
    rows: dict[str, FloatFunction] = {
        "abs": lambda _w, _r, a: a & ~sign,
        "neg": lambda _w, _r, a: a ^ sign,
        "copysign": lambda _w, _r, a, b: (a & ~sign) | (b & sign),
        "ceil": _integral(form, z3.RTP),
        "floor": _integral(form, z3.RTN),
        "trunc": _integral(form, z3.RTZ),
        "nearest": _integral(form, z3.RNE),
        "sqrt": _rounded(form, z3.fpSqrt),
        "add": _rounded(form, z3.fpAdd),
        "sub": _rounded(form, z3.fpSub),
        "mul": _rounded(form, z3.fpMul),
        "div": _rounded(form, z3.fpDiv),
        "min": _extremum(form, z3.fpLT, lambda a, b: a | b),
        "max": _extremum(form, z3.fpGT, lambda a, b: a & b),
        "eq": _compare(form, z3.fpEQ),
        "ne": _compare(form, z3.fpNEQ),
        "lt": _compare(form, z3.fpLT),
        "gt": _compare(form, z3.fpGT),
        "le": _compare(form, z3.fpLEQ),
        "ge": _compare(form, z3.fpGEQ),
        "convert_i32_s": _convert(form, True),
        "convert_i32_u": _convert(form, False),
        "convert_i64_s": _convert(form, True),
        "convert_i64_u": _convert(form, False),
    }
    truncations = {f"{i}.trunc_sat_{t}_{sx}": _truncate(form, sx == "s") for i in ("i32", "i64") for sx in ("s", "u")}
    return {**{f"{t}.{op}": function for op, function in rows.items()}, **truncations}


FLOAT_OPERATORS: dict[str, FloatFunction] = {
    **_operators(F32),
    **_operators(F64),
    "f32.demote_f64": _resize(F64, F32),
    "f64.promote_f32": _resize(F32, F64),
}
"""Name -> function (arg_width, width, *operands), as in `semantics.terms.floats.FLOAT_OPERATORS`."""
