"""Mutants of the project's own small inputs, and that the bounds which they are put under hold."""

from __future__ import annotations

import pytest

from semantics.diagnostics import InternalError, StuckConfiguration, TextError
from tests.fuzz import lines
from tests.fuzz.bounds import TooSlow, bounded_memory, fate
from tests.fuzz.run import FATES, KINDS, mutant, run
from tests.fuzz.seeds import own

FEW = {"binary": 1200, "text": 500, "script": 300, "litmus": 200, "whole": 500}
MANY = {"binary": 20_000, "text": 20_000, "script": 10_000, "litmus": 5_000, "whole": 500}


@pytest.mark.parametrize("kind", KINDS)
def test_mutants_end_in_a_verdict_or_a_diagnostic(kind: str) -> None:
    fates, failures = run(kind, range(FEW[kind]), own())
    assert failures == []
    assert fates[lines.VALID] and fates["malformed" if kind == "binary" else "syntax error"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_mutants(kind: str) -> None:
    assert run(kind, range(1_000_000, 1_000_000 + MANY[kind]), own())[1] == []


def test_every_truncation_of_a_binary() -> None:
    for data in own().binaries:
        for end in range(len(data)):
            assert fate(lambda data=data, end=end: lines.binary(data[:end])) in FATES


def test_a_number_brings_its_mutant_back() -> None:
    seeds = own()
    for kind in KINDS:
        assert [mutant(kind, n, seeds)[0] for n in range(20)] == [mutant(kind, n, seeds)[0] for n in range(20)]


def _hang() -> str:
    while True:
        try:
            pass
        except Exception:
            continue


def _grow() -> str:
    return str(len(bytearray(1 << 33)))


def _wrong(error: Exception) -> str:
    raise error


def test_the_bounds_hold() -> None:
    """What a broken reader could do is not taken for a diagnostic."""
    assert fate(lambda: _wrong(TextError("a diagnostic"))) == "syntax error"
    with pytest.raises(TooSlow):
        fate(_hang, seconds=0.2)
    with bounded_memory(), pytest.raises(MemoryError):
        fate(_grow)
    for error in (RecursionError(), IndexError(), AssertionError(), InternalError("x"), StuckConfiguration("x")):
        with pytest.raises(type(error)):
            fate(lambda error=error: _wrong(error))
