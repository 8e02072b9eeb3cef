"""Float literals: one exact rounding, whatever their base and length."""

from __future__ import annotations

import time
from random import Random

import pytest

from semantics.terms.floats import F32, F64
from semantics.text.literals import is_float, read_float


@pytest.mark.parametrize(
    ("word", "bits"),
    [
        ("1", 0x3F800000),
        ("-0", 0x80000000),
        ("1.", 0x3F800000),
        ("0x1p-149", 1),
        ("0x1p-150", 0),
        ("0x1.8p-150", 1),
        ("0x1.000001p0", 0x3F800000),  # a tie, to even
        ("0x1.0000010000000000000000000000001p0", 0x3F800001),
        ("+0x1.000003p0", 0x3F800002),
        ("340282356779733642748073463979561713663", 0x7F7FFFFF),
        ("340282356779733661637539395458142568448", None),
        ("1e39", None),
        ("1e-46", 0),
        ("1_0.2_5e0_1", 0x42CD0000),
        ("inf", 0x7F800000),
        ("-nan", 0xFFC00000),
        ("nan:0x7f_ffff", 0x7FFFFFFF),
        ("nan:0x80_0000", None),
        ("nan:0x0", None),
    ],
)
def test_binary32(word: str, bits: int | None) -> None:
    assert is_float(word)
    assert read_float(word, 32) == bits


@pytest.mark.parametrize("word", ["", ".5", "1e", "0x", "1__0", "_1", "0x1p", "infinity", "nan:", "nan:1", "1.e+_1"])
def test_what_is_no_float(word: str) -> None:
    assert not is_float(word)
    assert read_float(word, 64) is None


def test_decimals_agree_with_the_host() -> None:
    random = Random(3)
    for _ in range(2000):
        word = (
            f"{random.randrange(10 ** random.randrange(1, 25))}.{random.randrange(10**6)}e{random.randrange(-340, 290)}"
        )
        assert read_float(word, 64) == F64.bits(float(word))


def test_digits_beyond_every_midpoint_still_decide() -> None:
    tie = f"1.00000005960464477539062{'5'}"  # 1 + 2^-24
    assert read_float(tie, 32) == F32.bits(1.0)
    assert read_float(tie + "0" * 5000, 32) == F32.bits(1.0)
    assert read_float(tie + "0" * 5000 + "1", 32) == 0x3F800001


def test_no_literal_costs_more_than_its_length() -> None:
    started = time.perf_counter()
    for word in ("1e999999999999999999", "1e-999999999999999999", "0x1p999999999999", "0x1p-99999999999999999"):
        assert read_float(word, 64) in (None, 0)
    assert read_float("0." + "0" * 100_000 + "1e100001", 64) == F64.bits(1.0)
    assert time.perf_counter() - started < 1
