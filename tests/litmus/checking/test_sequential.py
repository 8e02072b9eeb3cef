"""Scripts of one thread: run concretely, with the same verdicts as the model-checked ones."""

from __future__ import annotations

import pytest

from litmus.checking.result import Passed, ScriptResult
from litmus.checking.scripts import check_script
from litmus.checking.sequential import is_sequential, run_script
from litmus.language.script import parse_script
from semantics.axioms import load_model
from semantics.diagnostics import LinkError, Source, TextError

COUNTER = """
(module $M (global $g (export "g") (mut i32) (i32.const 0)) (memory (export "m") 1 3)
  (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "nan") (param f32) (result f32) (f32.add (local.get 0) (f32.const 1)))
  (func (export "id") (param externref) (result externref) (local.get 0))
  (func $down (export "down") (call $down))
  (func (export "spin") (loop (br 0))))
"""


DIVIDED = "it traps: integer divide by zero"
QUIETED = "it returns (f32.const nan:0x400001)"


def checked(text: str, model: str = "wasm-threads") -> ScriptResult:
    return check_script(parse_script(Source("t.wast", COUNTER + text)), load_model(model))


def fates(text: str) -> list[tuple[Passed, str]]:
    return [(a.passed, a.message) for a in checked(text).assertions]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('(assert_return (invoke "next") (i32.const 1))', ""),
        ('(assert_return (invoke "next") (i32.const 2))', "it returns (i32.const 1)"),
        ('(assert_return (get "g") (i32.const 0))', ""),
        ('(assert_return (invoke "grow" (i32.const 2)) (i32.const 1))', ""),
        ('(assert_return (invoke "grow" (i32.const 3)) (i32.const -1))', ""),
        ('(assert_return (invoke "div" (i32.const 1) (i32.const 0)) (i32.const 0))', DIVIDED),
        ('(assert_trap (invoke "div" (i32.const 1) (i32.const 0)) "integer divide by zero")', ""),
        ('(assert_trap (invoke "div" (i32.const 1) (i32.const 0)) "unreach")', DIVIDED),
        ('(assert_trap (invoke "next") "unreachable")', "it returns (i32.const 1)"),
        ('(assert_exhaustion (invoke "down") "call stack exhausted")', ""),
        ('(assert_return (invoke "nan" (f32.const nan)) (f32.const nan:canonical))', ""),
        ('(assert_return (invoke "nan" (f32.const nan:0x1)) (f32.const nan:arithmetic))', ""),
        ('(assert_return (invoke "nan" (f32.const nan:0x1)) (f32.const nan:canonical))', QUIETED),
        ('(assert_return (invoke "id" (ref.extern 7)) (ref.extern 7))', ""),
        ('(assert_return (invoke "id" (ref.extern 7)) (ref.extern))', ""),
        ('(assert_return (invoke "id" (ref.extern 7)) (ref.extern 8))', "it returns (ref.extern 7)"),
        ('(assert_return (invoke "id" (ref.null extern)) (ref.null extern))', ""),
        ('(assert_trap (module (func $f unreachable) (start $f)) "unreachable")', ""),
        ('(assert_unlinkable (module (import "no" "x" (func))) "unknown import")', ""),
        ('(assert_unlinkable (module (import "spectest" "print" (func (param i32)))) "incompatible import type")', ""),
        ('(module (import "spectest" "global_i32" (global i32)) (export "x" (global 0))) '
         '(assert_return (get "x") (i32.const 666))', ""),
    ],
)  # fmt: skip
def test_verdicts(text: str, message: str) -> None:
    assert fates(text) == [(Passed.NO if message else Passed.YES, message)]


def test_state_lives_on_between_commands_and_modules() -> None:
    linked = """(invoke "next") (register "M" $M)
      (module (import "M" "m" (memory 2)) (func (export "f") (result i32) (memory.size)))
      (assert_return (invoke "f") (i32.const 2)) (assert_return (invoke $M "next") (i32.const 2))"""
    assert {p for p, _ in fates('(invoke "grow" (i32.const 1))' + linked)} == {Passed.YES}
    with pytest.raises(LinkError, match="incompatible import type"):
        fates(linked)


def test_an_endless_run_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    from litmus.checking import sequential

    monkeypatch.setattr(sequential, "STEPS", 1000)
    assert fates('(assert_return (invoke "spin"))') == [(Passed.UNKNOWN, "step limit reached")]
    assert fates('(assert_exhaustion (invoke "spin") "call")') == [(Passed.UNKNOWN, "step limit reached")]


def test_models_do_not_matter() -> None:
    text = '(assert_return (invoke "next") (i32.const 1))'
    for model in ("wasm", "sc"):
        result = checked(text, model)
        assert result.model == model and result.count(Passed.YES) == 1 and result.rules["global-set-ok"] == 1


@pytest.mark.parametrize(
    ("text", "sequential"),
    [
        ("", True),
        ("(module (func (block (i32.const 0) (if (then nop)))))", True),
        ("(thread $T (invoke \"f\")) (wait $T)", False),
        ("(module (func $f shared) (func (loop (i32.const 0) (if (then) (else (fork $f))))))", False),
    ],
)  # fmt: skip
def test_what_is_sequential(text: str, sequential: bool) -> None:
    assert is_sequential(parse_script(Source("t.wast", "(module)" + text))) is sequential


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('(invoke "nxt")', 'exports no "nxt"'),
        ('(get "next")', "is no global"),
        ('(invoke "g")', "is no function"),
        ('(invoke "div" (i32.const 1))', "takes other arguments"),
        ('(assert_return (invoke "next"))', "0 results are expected"),
        ('(invoke $N "next")', "unknown module"),
    ],
)
def test_bad_commands(text: str, says: str) -> None:
    with pytest.raises(TextError, match=says):
        checked(text)


def test_a_time_limit_ends_a_loop_without_end() -> None:
    source = Source(
        "loop.wast",
        '(module (func (export "f") (loop (br 0))) (func (export "g")))'
        '(assert_return (invoke "f")) (assert_return (invoke "g"))',
    )
    found = run_script(parse_script(source), load_model("sc"), 0.05).assertions
    assert [a.passed for a in found] == [Passed.UNKNOWN, Passed.YES]
    assert found[0].message == "time limit reached"
