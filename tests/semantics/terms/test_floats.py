"""Float operators: the corner cases by hand, and random operands against exact arithmetic on fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import pytest

from semantics.terms import apply
from semantics.terms.floats import F32, F64, FLOAT_OPERATORS, Format, nearest_bits
from semantics.terms.numerics import OPERATORS

INF, NAN, ONE = F32.infinity, F32.canonical, 0x3F800000
NEG = F32.sign
QUIET, SIGNALLING = NAN | 0x123, INF | 0x123


def op(name: str, *args: int) -> int:
    result_bits = 32 if name[1:3] == "32" else 64
    arg_bits = 64 if "64" in name.partition(".")[2] else 32 if "32" in name.partition(".")[2] else result_bits
    value = apply(name, result_bits, *args, arg_width=arg_bits)
    assert isinstance(value, int)
    return value


def test_every_operator_is_in_the_table() -> None:
    assert OPERATORS.keys() >= FLOAT_OPERATORS.keys()
    assert len(FLOAT_OPERATORS) == 2 * (3 + 5 + 6 + 6 + 8) + 2


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("add", (INF, INF | NEG), NAN),
        ("add", (NEG, NEG), NEG),
        ("add", (0, NEG), 0),
        ("sub", (ONE, ONE), 0),
        ("mul", (0, INF), NAN),
        ("mul", (1, 0x3F000000), 0),  # half the least subnormal: a tie, to even
        ("mul", (3, 0x3F000000), 2),
        ("mul", (0x7F7FFFFF, 0x40000000), INF),
        ("div", (ONE, NEG), INF | NEG),
        ("div", (NEG, 0), NAN),
        ("div", (INF, INF), NAN),
        ("min", (0, NEG), NEG),
        ("min", (NEG, 0), NEG),
        ("max", (NEG, 0), 0),
        ("max", (0, NEG), 0),
        ("min", (INF, ONE), ONE),
        ("min", (ONE, NAN), NAN),
        ("sqrt", (NEG,), NEG),
        ("sqrt", (ONE | NEG,), NAN),
        ("sqrt", (INF,), INF),
        ("nearest", (0x40200000,), 0x40000000),  # 2.5 -> 2
        ("nearest", (0xBF000000,), NEG),  # -0.5 -> -0
        ("ceil", (0xBF000000,), NEG),
        ("floor", (0xBF000000,), ONE | NEG),
        ("trunc", (INF | NEG,), INF | NEG),
        ("abs", (QUIET | NEG,), QUIET),
        ("neg", (SIGNALLING,), SIGNALLING | NEG),
        ("copysign", (ONE, SIGNALLING | NEG), ONE | NEG),
    ],
)
def test_corner_cases(name: str, args: tuple[int, ...], result: int) -> None:
    assert op(f"f32.{name}", *args) == result


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "min", "max"])
def test_nan_results(name: str) -> None:
    """Canonical and positive if all NaN operands are canonical; else the first NaN, quieted."""
    assert op(f"f32.{name}", NAN | NEG, ONE) == NAN
    assert op(f"f32.{name}", ONE, SIGNALLING | NEG) == QUIET | NEG
    assert op(f"f32.{name}", NAN, QUIET) == NAN
    assert op(f"f32.{name}", QUIET, NAN) == QUIET


def test_comparisons_with_nan_and_zeros() -> None:
    assert [op(f"f32.{c}", 0, NEG) for c in ("eq", "ne", "lt", "gt", "le", "ge")] == [1, 0, 0, 0, 1, 1]
    assert [op(f"f32.{c}", NAN, NAN) for c in ("eq", "ne", "lt", "gt", "le", "ge")] == [0, 1, 0, 0, 0, 0]


def exact(form: Format, bits: int) -> Fraction:
    return Fraction(form.number(bits))


def rounded(form: Format, value: Fraction) -> int:
    sign = form.sign if value < 0 else 0
    return sign | nearest_bits(abs(value.numerator), value.denominator, form)


def neighbours_decide(form: Format, value: Fraction) -> None:
    """`nearest_bits` against the definition: no neighbour is nearer, and a tie is even."""
    bits = nearest_bits(value.numerator, value.denominator, form)
    distance = abs(exact(form, bits) - value)
    for other in (bits - 1, bits + 1):
        if 0 <= other < form.infinity:
            away = abs(exact(form, other) - value)
            assert distance < away or (distance == away and bits % 2 == 0)


@pytest.mark.parametrize("form", [F32, F64], ids=["f32", "f64"])
def test_rounding_is_to_nearest_even(form: Format) -> None:
    random = Random(1)
    for _ in range(400):
        bits = random.randrange(form.infinity - 1)
        low, high = exact(form, bits), exact(form, bits + 1)
        if bits + 1 < form.infinity:
            neighbours_decide(form, low + (high - low) * Fraction(random.randrange(5), 4))
    assert nearest_bits(1, 1, form) == form.bits(1.0)
    top = exact(form, form.infinity - 1)
    half = (top - exact(form, form.infinity - 2)) / 2
    assert rounded(form, top + half) == form.infinity
    assert rounded(form, top + half - Fraction(1, 3)) == form.infinity - 1


OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


@pytest.mark.parametrize("form", [F32, F64], ids=["f32", "f64"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_arithmetic_is_rounded_once(form: Format, name: str) -> None:
    """Against fractions: in binary32 the detour over binary64 never shows, near ties and subnormals included."""
    random = Random(name)
    checked = 0
    for _ in range(1500):
        a = random.randrange(form.infinity) & ~random.choice((0, 0xFFF, (1 << (form.precision - 1)) - 2))
        near = (a & ~(form.quiet * 2 - 1)) + random.randrange(1 << (form.precision - 1))
        b = random.choice((random.randrange(1, form.infinity), near % form.infinity, random.randrange(1, 1 << 12)))
        a, b = a | random.choice((0, form.sign)), b | random.choice((0, form.sign))
        if name == "div" and exact(form, b) == 0:
            continue
        value = OPERATIONS[name](exact(form, a), exact(form, b))
        if value:
            assert op(f"{form.name}.{name}", a, b) == rounded(form, value)
            checked += 1
    assert checked > 1000


@pytest.mark.parametrize("form", [F32, F64], ids=["f32", "f64"])
def test_square_roots_are_nearest(form: Format) -> None:
    random = Random(7)
    for _ in range(500):
        a = random.randrange(1, form.infinity)
        root, value = op(f"{form.name}.sqrt", a), exact(form, a)
        middle_below = (exact(form, root - 1) + exact(form, root)) / 2
        middle_above = (exact(form, root) + exact(form, root + 1)) / 2
        assert middle_below**2 <= value <= middle_above**2


def test_integers_are_converted_with_one_rounding() -> None:
    assert (
        op("f32.convert_i64_u", 0x8000_0080_0000_0001) == 0x5F000001
    )  # over binary64 it would be a tie, to 0x5F000000
    assert op("f32.convert_i64_s", 2**64 - 1) == ONE | NEG
    assert op("f64.convert_i32_u", 2**32 - 1) == F64.bits(2.0**32 - 1)
    assert op("f32.convert_i32_s", 0) == 0


def test_truncation_saturates() -> None:
    big = F32.bits(1e10)
    assert [op(f"i32.trunc_sat_f32_{sx}", big) for sx in "su"] == [2**31 - 1, 2**32 - 1]
    assert [op(f"i32.trunc_sat_f32_{sx}", big | NEG) for sx in "su"] == [2**31, 0]
    assert op("i64.trunc_sat_f32_s", INF | NEG) == 2**63
    assert op("i32.trunc_sat_f64_u", F64.canonical) == 0
    assert op("i32.trunc_sat_f64_s", F64.bits(-1.9)) == 2**32 - 1


def test_demote_and_promote() -> None:
    assert op("f64.promote_f32", 1) == F64.bits(math.ldexp(1, -149))
    assert op("f32.demote_f64", F64.bits(math.ldexp(1, -150))) == 0
    assert op("f32.demote_f64", F64.bits(1e300) | F64.sign) == INF | NEG
    assert op("f64.promote_f32", NAN | NEG) == F64.canonical
    assert op("f64.promote_f32", SIGNALLING) == F64.canonical | 0x123 << 29
    assert op("f32.demote_f64", F64.canonical | F64.sign | 0x7 << 29) == NAN | NEG | 0x7
