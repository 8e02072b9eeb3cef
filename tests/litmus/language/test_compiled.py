"""`module "FILE"` in a litmus test: instances, locations at exported addresses, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from litmus.checking.check import check, prepare
from litmus.checking.verdict import Forbidden
from litmus.language import Test, load_tests
from semantics.axioms import load_model
from semantics.binary import encode_module
from semantics.diagnostics import Invalid, Source, TextError
from semantics.text import parse_module

COUNTER = """(module
  (import "env" "memory" (memory 1 1 shared))
  (global $calls (mut i32) (i32.const 0))
  (global (export "total") i32 (i32.const 64))
  (func (export "add-it") (param i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (drop (i32.atomic.rmw.add (i32.const 64) (local.get 0)))
    (global.get $calls))
  (func $start (i32.atomic.store (i32.const 72) (i32.add (i32.atomic.load (i32.const 72)) (i32.const 1))))
  (start $start))"""
TEST = """WASM T
{{ i32 total @ total{initial}; i32 starts @ 72; }}
module "{file}"
 T0                  | T1                  ;
 r0 = call $add-it 1 | r0 = call $add-it 2 ;
                     | r1 = call $add-it 0 ;
{tail}
"""


def loaded(directory: Path, module: str, file: str = "m.wat", initial: str = "", tail: str = "") -> Test:
    if file.endswith(".wasm"):
        (directory / file).write_bytes(encode_module(parse_module(Source("m.wat", module))))
    else:
        (directory / file).write_text(module)
    (directory / "t.litmus").write_text(TEST.format(file=file, initial=initial, tail=tail))
    [test] = load_tests(directory / "t.litmus")
    assert isinstance(test, Test)
    return test


def holds(test: Test) -> bool:
    """Whether the `forall` holds: no execution satisfies its negation."""
    return isinstance(check(prepare(test), load_model("wasm-threads")).verdict, Forbidden)


@pytest.mark.parametrize("file", ["m.wat", "m.wasm"])
def test_every_thread_has_its_own_globals_over_one_memory(tmp_path: Path, file: str) -> None:
    tail = "forall (total=3 /\\ 0:r0=1 /\\ 1:r0=1 /\\ 1:r1=2)"
    assert holds(loaded(tmp_path, COUNTER, file, tail=tail))


def test_initial_values_are_written_over_those_of_the_module(tmp_path: Path) -> None:
    assert holds(loaded(tmp_path, COUNTER, initial=" = 7", tail="forall (total=10)"))


def test_the_first_instance_runs_before_all_threads(tmp_path: Path) -> None:
    assert holds(loaded(tmp_path, COUNTER, tail="forall (starts=2 \\/ starts=3)"))
    assert not holds(loaded(tmp_path, COUNTER, tail="forall (starts=3)"))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ('(module (import "a" "f" (func)))', 'm.wat imports "a" "f"'),
        ("(module (memory 1 1 shared))", "m.wat imports no shared memory"),
        ('(module (import "a" "m" (memory 1)))', "m.wat imports no shared memory"),
        (COUNTER.replace('"total"', '"totals"'), "total is no address that the module exports; did you mean totals?"),
        (COUNTER.replace("(start", "(func $t unreachable) (start").replace("(start $start)", "(start $t)"), "start"),
    ],
)
def test_refused(tmp_path: Path, module: str, message: str) -> None:
    with pytest.raises(TextError) as raised:
        loaded(tmp_path, module)
    assert message in raised.value.message


def test_the_module_is_validated(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        loaded(tmp_path, "(module (func i32.add))")


def test_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "t.litmus").write_text(TEST.format(file="none.wasm", initial="", tail=""))
    with pytest.raises(TextError, match=r"cannot read .*none\.wasm"):
        load_tests(tmp_path / "t.litmus")
