"""Floats that threads race on: the same outcomes from tables of values and from bit-vectors, and by brute force."""

from __future__ import annotations

import pytest

from litmus.checking.check import check, prepare, unfold
from litmus.checking.limits import UNLIMITED
from litmus.checking.result import Passed, ScriptResult
from litmus.checking.scripts import check_script
from litmus.checking.verdict import Allowed, Forbidden
from litmus.language import parse_litmus
from litmus.language.script import parse_script
from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.referees import referee_for
from semantics.diagnostics import Source
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import Status
from semantics.solver import Problem, problem
from semantics.solver.bitvectors import BitVectors
from semantics.solver.encoding import Encoding
from semantics.solver.values import DomainTooLarge

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


class TooLarge(Encoding):
    """Tables that never do."""

    def __init__(self, *_args: object, **_named: object) -> None:
        raise DomainTooLarge


BRANCHES = {
    "a comparison": "r0 = f32.load x\nif (f32.gt r0 1)\n r1 = i32.load y\nend",
    "a sum": "r0 = f32.add (f32.load x) (f32.load x)\nif (f32.ge r0 2)\n r1 = i32.load y\nend",
    "min of zeros": "r0 = f32.min (f32.neg (f32.load x)) 0\nif (f32.eq r0 0)\n r1 = i32.load y\nend",
    "a NaN": "r0 = f32.mul (f32.load x) inf\nif (f32.ne r0 r0)\n r1 = 1\nelse\n r1 = i32.load y\nend",
    "a trap": "r1 = i32.trunc_f32_u (f32.sub (f32.load x) 1.25)",
    "conversions": "r0 = f64.promote_f32 (f32.load x)\nr1 = i32.trunc_sat_f64_s r0",
    "an integer": "r0 = f32.convert_i32_s (i32.load8_s x+2)\nif (f32.lt r0 0)\n r1 = i32.load y\nend",
    "a quotient": "r0 = f32.div (f32.load x) (f32.load x)\nif (f32.eq r0 1)\n r1 = i32.load y\nend",
    "a root": "r0 = f32.sqrt (f32.neg (f32.load x))\nif (f32.eq r0 0)\n r1 = i32.load y\nend",
}


def race(reader: str) -> str:
    writer = "i32.store y 1\nf32.store x 1.5"
    return f"WASM race\n{{ f32 x; i32 y; }}\nthread T0 {{\n{writer}\n}}\nthread T1 {{\n{reader}\n}}\n"


COSTLY = ("a quotient", "a root")


@pytest.mark.parametrize(
    ("branch", "model"),
    [
        *(pytest.param(b, "wasm", marks=pytest.mark.slow if b in COSTLY else ()) for b in BRANCHES),
        ("a comparison", "sc"),
        ("an integer", "sc"),
    ],
)
def test_tables_bit_vectors_and_brute_force_agree(branch: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    test = parse_litmus(Source("race.litmus", race(BRANCHES[branch])))
    structure = unfold(test.program, UNLIMITED)
    referee = referee_for(model)
    assert referee is not None
    tabulated = Problem(structure, load_model(model))
    assert isinstance(tabulated.engine, Encoding)
    expected = outcomes_under(structure, referee)
    assert len(expected) > 1 and set(tabulated.outcomes()) == expected
    monkeypatch.setattr(problem, "Encoding", TooLarge)
    wide = Problem(structure, load_model(model))
    assert isinstance(wide.engine, BitVectors)
    found = wide.outcomes()
    assert found.complete and set(found) == expected


def test_a_trap_depends_on_a_racing_float(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem, "Encoding", TooLarge)
    found = decided(race(BRANCHES["a trap"]) + "exists (1:trap)", "wasm")
    assert isinstance(found, Allowed) and found.outcome.status("T1") is Status.TRAP
    assert isinstance(decided(race(BRANCHES["a trap"]) + "exists (1:r1=1)", "wasm"), Forbidden)


def decided(text: str, model: str) -> object:
    return check(prepare(parse_litmus(Source("t.litmus", text))), load_model(model)).verdict


THIN_AIR = """WASM thin-air
{ f64 x @ 0; f64 y @ 8; }
thread T0 {
  r0 = f64.load x
  f64.store y (f64.add r0 1)
}
thread T1 {
  r0 = f64.load y
  f64.store x (f64.mul r0 0.5)
}
"""
"""Each thread computes from what the other computed: whole, 1 and 2 are the only numbers that close the cycle. Bytes
of the initial zeros may be mixed in."""


@pytest.mark.parametrize(
    ("condition", "reachable"),
    [
        ("0:r0=1 /\\ 1:r0=2", True),
        ("0:r0=nan /\\ 1:r0=nan", True),
        ("0:r0=inf /\\ 1:r0=inf", True),
        ("0:r0=nan:0x8000000000001 /\\ 1:r0=nan:0x8000000000001", True),
        ("0:r0=nan:0x1 /\\ 1:r0=nan:0x1", False),  # the sum of a NaN is a quiet NaN
        ("0:r0=-inf /\\ 1:r0=inf", False),
        ("0:r0=-0 /\\ 1:r0=1", False),
    ],
)
def test_floats_out_of_thin_air(condition: str, reachable: bool) -> None:
    test = parse_litmus(Source("t.litmus", f"{THIN_AIR}exists ({condition})"))
    prepared = prepare(test)
    assert test.condition is not None
    problem = Problem(prepared.view, load_model("wasm"))
    assert isinstance(problem.engine, BitVectors)
    assert problem.possible(test.condition.query) is reachable
    assert isinstance(check(prepared, load_model("wasm")).verdict, Allowed if reachable else Forbidden)
    assert isinstance(check(prepared, load_model("sc")).verdict, Forbidden)


def test_more_floats_than_tables_hold() -> None:
    """Torn words of four stores: too many sums to list, one question to ask."""
    values = ("0x3fc12345", "0x40812345", "0x41812345", "0x40fedcba")
    writes = "\n".join(f"i32.store {at} {v}" for at, v in zip((0, 2, 1, 3), values, strict=True))
    reads = "r0 = f32.load x\nr1 = f32.load x\nr2 = f32.mul (f32.add r0 r1) (f32.load x)"
    text = f"WASM t\n{{ f32 x; f32 y; }}\nthread T0 {{\n{writes}\n}}\nthread T1 {{\n{reads}\n}}\n"
    test = parse_litmus(Source("t.litmus", text + "exists (1:r0=0 /\\ 1:r1=0 /\\ 1:r2=0)"))
    prepared = prepare(test)
    assert isinstance(Problem(prepared.structure, load_model("wasm")).engine, BitVectors)
    found = check(prepared, load_model("wasm")).verdict
    assert isinstance(found, Allowed) and isinstance(found.outcome, Outcome)
    assert isinstance(decided(text + "exists (1:r0=0 /\\ 1:r1=0 /\\ 1:r2=1)", "wasm"), Forbidden)
