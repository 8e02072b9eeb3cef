"""Mutants of the official suites' modules and scripts: a verdict or a diagnostic, nothing else."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import pytest

from tests.conformance import MISSING, SUITES
from tests.fuzz import lines
from tests.fuzz.run import run
from tests.fuzz.seeds import Seeds, official

FILES = sorted(p for p in SUITES.rglob("*.wast") if p.stat().st_size < 60_000)
SAMPLE = 14
"""Files whose modules are damaged here: reading all of them would cost more than their mutants."""

pytestmark = pytest.mark.skipif(not FILES, reason=MISSING)


@cache
def _sampled() -> Seeds:
    return official(Random(5).sample(FILES, SAMPLE))


@pytest.mark.parametrize(("kind", "count"), [("binary", 800), ("text", 400), ("script", 150)])
def test_mutants_end_in_a_verdict_or_a_diagnostic(kind: str, count: int) -> None:
    fates, failures = run(kind, range(count), _sampled())
    assert failures == []
    assert fates[lines.VALID]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "text", "script"])
def test_many_mutants_of_all_files(kind: str) -> None:
    fates: Counter[str]
    fates, failures = run(kind, range(20_000), official(sorted(SUITES.rglob("*.wast"))))
    assert failures == []
    assert fates[lines.VALID]
