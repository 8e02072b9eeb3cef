"""The official core suite (WebAssembly 2.0 without SIMD, with threads): every assertion of every file, whole."""

from __future__ import annotations

import pytest

from litmus.checking.limits import Options
from litmus.checking.result import Passed, ScriptResult
from litmus.checking.run import decide_file
from tests.conformance import MISSING, SUITES

CORE = SUITES / "threads-proposal" / "core"

WHOLE: dict[str, int] = {
    "address": 256, "align": 131, "binary": 93, "binary-leb128": 58, "block": 222, "br": 96, "br_if": 117,
    "br_table": 173, "bulk": 66, "call": 90, "call_indirect": 167, "comments": 0, "const": 376, "conversions": 618,
    "custom": 8, "data": 36, "elem": 65, "endianness": 68, "exports": 40, "f32": 2513, "f32_bitwise": 363,
    "f32_cmp": 2406, "f64": 2513, "f64_bitwise": 363, "f64_cmp": 2406, "fac": 7, "float_exprs": 794,
    "float_literals": 161, "float_memory": 60, "float_misc": 440, "forward": 4, "func": 168, "func_ptrs": 32,
    "global": 105, "i32": 459, "i64": 415, "if": 238, "imports": 125, "inline-module": 0, "int_exprs": 89,
    "int_literals": 50, "labels": 28, "left-to-right": 95, "linking": 102, "load": 96, "local_get": 35,
    "local_set": 52, "local_tee": 96, "loop": 119, "memory": 70, "memory_copy": 4402, "memory_fill": 84,
    "memory_grow": 91, "memory_init": 207, "memory_redundancy": 4, "memory_size": 38, "memory_trap": 180,
    "names": 482, "nop": 87, "ref_func": 11, "ref_is_null": 13, "ref_null": 2, "return": 83, "select": 146,
    "skip-stack-guard-page": 10, "stack": 5, "start": 11, "store": 67, "switch": 27, "table": 10, "table-sub": 2,
    "table_copy": 1649, "table_fill": 44, "table_get": 14, "table_grow": 45, "table_init": 729, "table_set": 25,
    "table_size": 38, "token": 2, "tokens": 21, "traps": 32, "type": 2, "unreachable": 63, "unreached-invalid": 118,
    "unreached-valid": 5, "unwind": 49, "utf8-custom-section-id": 176, "utf8-import-field": 176,
    "utf8-import-module": 176, "utf8-invalid-encoding": 176,
}  # fmt: skip
"""File -> its number of assertions, all of which pass."""

LONG = {"call_indirect", "memory_copy", "memory_fill", "memory_grow"}
"""Files that run millions of steps: with the slow tests."""

NOT_YET: dict[str, str] = {}
"""File -> why it does not pass whole."""

pytestmark = pytest.mark.skipif(not CORE.is_dir(), reason=MISSING)


def test_no_file_is_forgotten() -> None:
    assert {p.stem for p in CORE.glob("*.wast")} == WHOLE.keys() | NOT_YET.keys()
    assert not WHOLE.keys() & NOT_YET.keys()
    print(f"{len(WHOLE)} files whole, {sum(WHOLE.values())} assertions; not yet: {', '.join(NOT_YET) or 'none'}")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in WHOLE])
def test_every_assertion_passes(name: str) -> None:
    report = decide_file(CORE / f"{name}.wast", Options())
    assert report.error is None
    [result] = report.results
    assert isinstance(result, ScriptResult)
    assert [(a.line, a.text, a.message) for a in result.assertions if a.passed is not Passed.YES] == []
    assert sum(a.text.startswith("assert_") for a in result.assertions) == WHOLE[name]
