"""The official suite of the threads proposal: every command that is inside the fragment must go as the script says."""

from __future__ import annotations

import pytest

from tests.conformance import MISSING, SUITES
from tests.semantics.reduction.scripts import Runner

CORE = SUITES / "threads-proposal" / "core"

PASSING = {
    "i32": 370, "i64": 380, "fac": 7, "forward": 4, "labels": 25, "select": 80, "stack": 5, "switch": 26, "nop": 80,
    "int_exprs": 100, "memory": 10, "memory_size": 36, "memory_trap": 10, "bulk": 110, "func_ptrs": 25, "start": 12,
    "data": 30, "elem": 50, "linking": 120, "imports": 75, "table_size": 35, "table_fill": 15, "address": 200,
    "load": 35, "store": 5, "memory_init": 150, "table_copy": 1500, "table_init": 600,
}  # fmt: skip
"""File -> commands that must at least have been decided (how many there are inside the fragment)."""


@pytest.mark.skipif(not CORE.is_dir(), reason=MISSING)
@pytest.mark.parametrize("name", PASSING)
def test_core_suite(name: str) -> None:
    runner = Runner()
    runner.run(CORE / f"{name}.wast")
    assert runner.failures == []
    assert runner.tally["passed"] >= PASSING[name]


@pytest.mark.skipif(not CORE.is_dir(), reason=MISSING)
def test_atomic_accesses() -> None:
    runner = Runner()
    runner.run(SUITES / "threads-proposal" / "threads" / "atomic.wast")
    assert runner.failures == []
    assert runner.tally["passed"] >= 270
