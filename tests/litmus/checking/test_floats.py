"""Floats that threads race on: exact where values can be listed, refused by name where they cannot."""

from __future__ import annotations

import pytest

from litmus.checking.result import Passed, ScriptResult
from litmus.checking.scripts import check_script
from litmus.language.script import parse_script
from semantics.axioms import load_model
from semantics.diagnostics import Source, Unsupported

RACE = """
(module $M (memory (export "m") 1 1 shared))
(thread $A (shared (module $M)) (register "M" $M)
  (module (import "M" "m" (memory 1 1 shared)) (func (export "s") {writes}))
  (invoke "s"))
(thread $B (shared (module $M)) (register "M" $M)
  (module (import "M" "m" (memory 1 1 shared)) (func (export "l") (result f32) {reads}))
  (assert_return (invoke "l") {expected}))
(wait $A) (wait $B)
"""


def checked(writes: str, reads: str, expected: str) -> ScriptResult:
    text = RACE.format(writes=writes, reads=reads, expected=expected)
    return check_script(parse_script(Source("t.wast", text)), load_model("wasm-threads"))


def test_arithmetic_on_a_racing_float() -> None:
    """A float may tear: its two bytes that are not 0 arrive alone or together."""
    write, read = "(f32.store (i32.const 0) (f32.const 1.5))", "(f32.add (f32.load (i32.const 0)) (f32.const 1))"
    whole = "(f32.const 1) (f32.const 2.5)"
    torn = "(f32.const 1.5)"
    assert checked(write, read, f"(either {whole} {torn})").count(Passed.NO) == 0
    found = checked(write, read, f"(either {whole})")
    assert [a.message for a in found.assertions if a.passed is Passed.NO] == [
        "in an outcome that is allowed it returns f32.const 0x1.8000000000000p+0"
    ]


def test_too_many_racing_floats_are_refused() -> None:
    values = ("0x3fc12345", "0x40812345", "0x41812345")
    writes = "".join(
        f"(i32.store (i32.const {at}) (i32.const {v}))" for at, v in zip((0, 0, 2, 4, 4, 5), values * 2, strict=True)
    )
    load = "(f32.load (i32.const {}))".format
    reads = f"(f32.mul {load(4)} (f32.add {load(0)} {load(1)}))"
    with pytest.raises(Unsupported, match=r"^f32\.\w+ of a value that races"):
        checked(writes, reads, "(f32.const 1)")
