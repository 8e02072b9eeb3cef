"""Floating-point operators on bit patterns (IEEE 754, binary32 and binary64, to nearest, ties to even).

Every operator takes and gives unsigned bit patterns, as those of `numerics`. NaN results are deterministic: where an
operand is a NaN that is not canonical, the result is the first NaN operand with its quiet bit set (an arithmetic NaN);
in all other cases it is the canonical NaN with sign 0 (core 4.3.3 allows both, and more).

Arithmetic runs on Python's floats, which are binary64. For binary32 the result is rounded twice, and that is exact:
53 >= 2 * 24 + 2 bits make the second rounding innocuous for + - * / and sqrt, and where a result is subnormal a sum
or product is exact in binary64 and a quotient stays 2^-49 away from every midpoint. Conversions of 64-bit integers do
not have that property: they, and literals, are rounded once from the exact number by `nearest_bits`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import NamedTuple


class Format(NamedTuple):
    """An interchange format: its name as a type, its width, its precision p in bits with the implicit one."""

    name: str
    width: int
    precision: int
    code: str  # of the struct module

    @property
    def infinity(self) -> int:
        """The bit pattern of +inf."""
        return (1 << (self.width - 1)) - (1 << (self.precision - 1))

    @property
    def canonical(self) -> int:
        """The bit pattern of the canonical NaN with sign 0."""
        return self.infinity | self.quiet

    @property
    def quiet(self) -> int:
        """The most significant bit of the payload."""
        return 1 << (self.precision - 2)

    @property
    def sign(self) -> int:
        """The sign bit."""
        return 1 << (self.width - 1)

    @property
    def least_exponent(self) -> int:
        """emin, the exponent of the least normal number."""
        return 2 - (1 << (self.width - self.precision - 1))

    def is_nan(self, bits: int) -> bool:
        """Whether a bit pattern is a NaN."""
        return (bits & ~self.sign) > self.infinity

    def is_canonical(self, bits: int) -> bool:
        """Whether a bit pattern is a canonical NaN, of either sign."""
        return (bits & ~self.sign) == self.canonical

    def is_arithmetic(self, bits: int) -> bool:
        """Whether a bit pattern is a NaN whose payload has its most significant bit set."""
        return (bits & self.canonical) == self.canonical

    def number(self, bits: int) -> float:
        """The number that a bit pattern stands for, exactly."""
        value: float = struct.unpack(self.code, bits.to_bytes(self.width // 8, "little"))[0]
        return value

    def bits(self, value: float) -> int:
        """The bit pattern of a number that is no NaN, rounded to nearest."""
        try:
            return int.from_bytes(struct.pack(self.code, value), "little")
        except OverflowError:  # rounds to infinity
            return self.infinity | (self.sign if value < 0 else 0)


F32 = Format("f32", 32, 24, "<f")
F64 = Format("f64", 64, 53, "<d")
FORMATS = {F32.width: F32, F64.width: F64}
"""Width -> format."""


def nearest_bits(numerator: int, denominator: int, form: Format) -> int:
    """The bit pattern nearest to numerator / denominator (numerator >= 0, denominator > 0); +inf where too large."""
    if numerator == 0:
        return 0
    exponent = numerator.bit_length() - denominator.bit_length()
    if (numerator << max(-exponent, 0)) < (denominator << max(exponent, 0)):
        exponent -= 1  # now 2^exponent <= quotient < 2^(exponent + 1)
    exponent = max(exponent, form.least_exponent)
    unit = exponent - (form.precision - 1)
    divisor = denominator << max(unit, 0)
    significand, rest = divmod(numerator << max(-unit, 0), divisor)
    if 2 * rest > divisor or (2 * rest == divisor and significand & 1):
        significand += 1
    # the implicit bit of the significand, and a carry out of it, add to the exponent field
    bits = ((exponent - form.least_exponent) << (form.precision - 1)) + significand
    return min(bits, form.infinity)


def _nan(form: Format, *operands: int) -> int:
    """The NaN that an operator gives for these operands."""
    nans = [bits for bits in operands if form.is_nan(bits)]
    if all(map(form.is_canonical, nans)):
        return form.canonical
    return nans[0] | form.quiet


FloatFunction = Callable[..., int]


def _unary(form: Format, function: Callable[[float], float]) -> FloatFunction:
    def operate(_w: int, _r: int, a: int) -> int:
        if form.is_nan(a):
            return _nan(form, a)
        result = function(form.number(a))
        return form.canonical if result != result else form.bits(result)

    return operate


def _binary(form: Format, function: Callable[[float, float], float]) -> FloatFunction:
    def operate(_w: int, _r: int, a: int, b: int) -> int:
        if form.is_nan(a) or form.is_nan(b):
            return _nan(form, a, b)
        result = function(form.number(a), form.number(b))
        return form.canonical if result != result else form.bits(result)

    return operate


def _compare(form: Format, function: Callable[[float, float], bool]) -> FloatFunction:
    return lambda _w, _r, a, b: int(function(form.number(a), form.number(b)))


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return math.nan if a == 0 else math.copysign(math.inf, a) * math.copysign(1, b)


def _square_root(a: float) -> float:
    return math.sqrt(a) if a >= 0 else math.nan


def _minimum(a: float, b: float) -> float:
    return a if math.copysign(1, a) < 0 and a == b else min(b, a)


def _maximum(a: float, b: float) -> float:
    return a if math.copysign(1, a) > 0 and a == b else max(b, a)


def _integral(function: Callable[[float], int]) -> Callable[[float], float]:
    """Rounding to an integral number; the sign of the operand stays with a zero."""

    def operate(a: float) -> float:
        return math.copysign(float(function(a)), a) if math.isfinite(a) else a

    return operate


def _convert(form: Format, signed: bool) -> FloatFunction:
    """The float nearest to an integer of `w` bits."""

    def operate(w: int, _r: int, a: int) -> int:
        if signed and a >> (w - 1):
            return nearest_bits((1 << w) - a, 1, form) | form.sign
        return nearest_bits(a, 1, form)

    return operate


def _truncate(form: Format, signed: bool) -> FloatFunction:
    """The integer of `r` bits that a float truncates to, saturating; 0 for a NaN."""

    def operate(_w: int, r: int, a: int) -> int:
        if form.is_nan(a):
            return 0
        least, most = (-(1 << (r - 1)), (1 << (r - 1)) - 1) if signed else (0, (1 << r) - 1)
        value = form.number(a)
        if math.isinf(value):
            return (least if value < 0 else most) & ((1 << r) - 1)
        return max(least, min(most, math.trunc(value))) & ((1 << r) - 1)

    return operate


def _resize(source: Format, target: Format) -> FloatFunction:
    """demote and promote: a NaN keeps its sign and the leading bits of its payload, unless it is canonical."""

    def operate(_w: int, _r: int, a: int) -> int:
        if not source.is_nan(a):
            return target.bits(source.number(a))
        if source.is_canonical(a):
            return target.canonical
        shift = target.precision - source.precision
        payload = a & (source.quiet - 1)
        payload = payload << shift if shift > 0 else payload >> -shift
        sign = target.sign if a & source.sign else 0
        return sign | target.canonical | payload

    return operate


_UNARY: dict[str, tuple[Callable[[float], float], str]] = {
    "ceil": (_integral(math.ceil), "least integral number not below"),
    "floor": (_integral(math.floor), "greatest integral number not above"),
    "trunc": (_integral(math.trunc), "nearest integral number towards 0"),
    "nearest": (_integral(round), "nearest integral number, ties to even"),
    "sqrt": (_square_root, "square root; NaN below 0"),
}
_BINARY: dict[str, tuple[Callable[[float, float], float], str]] = {
    "add": (lambda a, b: a + b, "sum"),
    "sub": (lambda a, b: a - b, "difference"),
    "mul": (lambda a, b: a * b, "product"),
    "div": (_divide, "quotient; x/0 is infinite, 0/0 NaN"),
    "min": (_minimum, "the smaller; -0 < +0"),
    "max": (_maximum, "the larger; -0 < +0"),
}
_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "eq": (lambda a, b: a == b, "a = b; false with a NaN"),
    "ne": (lambda a, b: a != b, "a != b; true with a NaN"),
    "lt": (lambda a, b: a < b, "a < b; false with a NaN"),
    "gt": (lambda a, b: a > b, "a > b; false with a NaN"),
    "le": (lambda a, b: a <= b, "a <= b; false with a NaN"),
    "ge": (lambda a, b: a >= b, "a >= b; false with a NaN"),
}


def _operators(form: Format) -> dict[str, tuple[int, FloatFunction, str]]:
    t, sign = form.name, form.sign
    rows: dict[str, tuple[int, FloatFunction, str]] = {
        f"{t}.abs": (1, lambda _w, _r, a: a & ~sign, "absolute value: clears the sign, of a NaN too"),
        f"{t}.neg": (1, lambda _w, _r, a: a ^ sign, "negation: flips the sign, of a NaN too"),
        f"{t}.copysign": (2, lambda _w, _r, a, b: (a & ~sign) | (b & sign), "a with the sign of b"),
    }
    rows |= {f"{t}.{op}": (1, _unary(form, function), doc) for op, (function, doc) in _UNARY.items()}
    rows |= {f"{t}.{op}": (2, _binary(form, function), doc) for op, (function, doc) in _BINARY.items()}
    rows |= {f"{t}.{op}": (2, _compare(form, function), doc) for op, (function, doc) in _COMPARE.items()}
    for sx, signed, word in (("s", True, "signed"), ("u", False, "unsigned")):
        for i in ("i32", "i64"):
            rows[f"{t}.convert_{i}_{sx}"] = (1, _convert(form, signed), f"nearest float to a {word} integer")
            rows[f"{i}.trunc_sat_{t}_{sx}"] = (1, _truncate(form, signed), f"{word} integer towards 0, saturating")
    return rows


FLOAT_OPERATORS: dict[str, tuple[int, FloatFunction, str]] = {
    **_operators(F32),
    **_operators(F64),
    "f32.demote_f64": (1, _resize(F64, F32), "nearest binary32"),
    "f64.promote_f32": (1, _resize(F32, F64), "the same number as binary64"),
}
"""Name, as the instruction is spelled -> (number of operands, function (arg_width, width, *args), meaning). A trapping
truncation is its saturating twin under the conditions of the reduction rule."""
