"""Scripts decided under a model, and the audit of what they assert on racing values."""

from __future__ import annotations

import pytest

from litmus.checking.limits import Limits
from litmus.checking.result import AuditResult, Passed, ScriptResult
from litmus.checking.scripts import check_script
from litmus.language.script import parse_script
from semantics.axioms import load_model
from semantics.diagnostics import Source

MEMORY = '(module $Mem (memory (export "shared") 1 1 shared)) (register "mem")'
IMPORT = '(memory (import "mem" "shared") 1 1 shared)'


def decide(text: str, model: str = "wasm-threads", limits: Limits | None = None) -> ScriptResult:
    return check_script(parse_script(Source("s.wast", text)), load_model(model), limits or Limits())


def passed(text: str, model: str = "wasm-threads") -> list[Passed]:
    return [a.passed for a in decide(text, model).assertions]


def thread(name: str, body: str, command: str = '(invoke "run")', results: str = "") -> str:
    return f"""(thread ${name} (shared (module $Mem)) (register "mem" $Mem)
      (module {IMPORT} (func (export "run") {results} {body})) {command})"""


def racing(order: str, check: str) -> str:
    """Store buffering: each thread's read is kept beyond the race; `check` says what may be seen."""
    load, store = (f"i32.{order}load", f"i32.{order}store")

    def body(mine: int, other: int, kept: int) -> str:
        return f"""({store} (i32.const {mine}) (i32.const 1))
          (i32.store (i32.const {kept}) ({load} (i32.const {other})))"""

    return f"""{MEMORY} {thread("T1", body(0, 4, 24))} {thread("T2", body(4, 0, 32))} (wait $T1) (wait $T2)
      (module $Check {IMPORT} (func (export "check") (result i32) (local i32 i32)
        (local.set 0 (i32.load (i32.const 24))) (local.set 1 (i32.load (i32.const 32))) {check}))
      (assert_return (invoke $Check "check") (i32.const 1))"""


SOME_ONE = "(i32.or (local.get 0) (local.get 1))"  # not both 0
BOTH_ONE = "(i32.and (local.get 0) (local.get 1))"
ANY = "(i32.and (i32.lt_u (local.get 0) (i32.const 2)) (i32.lt_u (local.get 1) (i32.const 2)))"


def audit(text: str, model: str = "wasm-threads") -> tuple[Passed, AuditResult]:
    result = decide(text, model)
    (found,) = result.audits
    return result.assertions[-1].passed, found


@pytest.mark.parametrize(
    ("order", "check", "model", "fares", "verdict"),
    [
        ("atomic.", SOME_ONE, "wasm-threads", Passed.YES, "exact"),
        ("", ANY, "wasm-threads", Passed.YES, "exact"),
        ("atomic.", ANY, "wasm-threads", Passed.YES, "too weak"),
        ("", SOME_ONE, "wasm-threads", Passed.NO, "too strong"),
        ("", SOME_ONE, "sc", Passed.YES, "exact"),
        ("", ANY, "sc", Passed.YES, "too weak"),
        ("atomic.", BOTH_ONE, "wasm-threads", Passed.NO, "too strong"),
    ],
)
def test_the_audit_of_store_buffering(order: str, check: str, model: str, fares: Passed, verdict: str) -> None:
    fared, found = audit(racing(order, check), model)
    assert fared is fares
    assert found.verdict == verdict
    assert len(found.reads) == 2
    assert set(found.possible) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_the_audit_lists_what_is_wrong() -> None:
    _, weak = audit(racing("atomic.", ANY))
    assert weak.too_weak == ((0, 0),)
    assert weak.too_strong == ()
    _, strong = audit(racing("", SOME_ONE))
    assert (strong.too_weak, strong.too_strong) == ((), ((0, 0),))


def test_the_audit_follows_branches() -> None:
    branching = """(if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.eq (local.get 1) (i32.const 1))))"""
    fared, found = audit(racing("atomic.", branching))
    assert (fared, found.verdict) == (Passed.YES, "exact")


def test_an_assertion_on_what_no_other_thread_touches_is_not_audited() -> None:
    text = '(module (func (export "f") (param i32) (result i32) (local.get 0)))'
    result = decide(text + '(assert_return (invoke "f" (i32.const 3)) (i32.const 3))')
    assert [a.passed for a in result.assertions] == [Passed.YES]
    assert result.audits == ()


def test_a_failure_says_what_happens_instead_and_where() -> None:
    text = '(module (func (export "f") (result i32) (i32.const 4)))\n(assert_return (invoke "f") (i32.const 3))'
    (found,) = decide(text).assertions
    assert found.passed is Passed.NO
    assert found.line == 2
    assert "i32.const 4" in found.message


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ('(assert_trap (invoke "div" (i32.const 0)) "integer divide by zero")', Passed.YES),
        ('(assert_trap (invoke "div" (i32.const 0)) "integer divide")', Passed.YES),  # a prefix
        ('(assert_trap (invoke "div" (i32.const 0)) "unreachable")', Passed.NO),
        ('(assert_trap (invoke "div" (i32.const 1)) "integer divide by zero")', Passed.NO),
        ('(assert_return (invoke "div" (i32.const 0)) (i32.const 1))', Passed.NO),
        ('(assert_return (invoke "div" (i32.const 2)) (either (i32.const 9) (i32.const 3)))', Passed.YES),
        ('(assert_return (invoke "div" (i32.const 2)) (i64.const 3))', Passed.NO),
        ('(assert_return (get "g") (i32.const 5))', Passed.YES),
        ('(assert_return (get "g") (i32.const 6))', Passed.NO),
        ('(invoke "div" (i32.const 0))', Passed.NO),
        ('(invoke "div" (i32.const 1))', Passed.YES),
    ],
)
def test_assertions_about_actions(assertion: str, expected: Passed) -> None:
    module = """(module (global (export "g") i32 (i32.const 5))
      (func (export "div") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0))))"""
    assert passed(module + assertion) == [expected]


def test_a_thread_goes_on_after_a_trap_that_was_expected() -> None:
    text = """(module (func (export "t") unreachable) (func (export "f") (result i32) (i32.const 1)))
      (assert_trap (invoke "t") "unreachable") (assert_return (invoke "f") (i32.const 1))
      (assert_return (invoke "f") (i32.const 2))"""
    assert passed(text) == [Passed.YES, Passed.YES, Passed.NO]


WAIT = "(memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))"
LOOPING = "(loop (br_if 0 (i32.ne (i32.const 1) (memory.atomic.notify (i32.const 0) (i32.const 1)))))"
WOKEN = '(assert_return (invoke "run") (i32.const 0))'


@pytest.mark.parametrize("model", ["wasm", "wasm-threads", "sc"])
def test_a_looping_notify_wakes_the_waiter(model: str) -> None:
    text = f"""{MEMORY} {thread("T1", WAIT, WOKEN, "(result i32)")} {thread("T2", LOOPING)} (wait $T1) (wait $T2)"""
    assert passed(text, model) == [Passed.YES, Passed.YES]


def test_a_wait_that_nobody_ends_fails_where_it_stands_and_nowhere_else() -> None:
    text = f"""{MEMORY} {thread("T1", WAIT, WOKEN, "(result i32)")} (wait $T1)
      (module (func (export "f"))) (assert_return (invoke "f"))"""
    result = decide(text)
    assert [a.passed for a in result.assertions] == [Passed.NO, Passed.UNKNOWN]
    assert "blocked" in result.assertions[0].message
    assert "no execution" in result.assertions[1].message


def test_one_notify_may_come_too_early() -> None:
    once = "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))"
    text = f"""{MEMORY} {thread("T1", WAIT, WOKEN, "(result i32)")} {thread("T2", once)} (wait $T1) (wait $T2)"""
    assert passed(text) == [Passed.NO, Passed.YES]


def test_a_bound_leaves_assertions_undecided() -> None:
    spin = "(loop (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (br 0))"
    other = "(i32.store (i32.const 0) (i32.const 7))"
    text = f"""{MEMORY} {thread("T1", spin)} {thread("T2", other)}
      (wait $T1) (module (func (export "f"))) (assert_return (invoke "f"))"""
    result = decide(text, limits=Limits(loop=2))
    assert result.gaps
    assert Passed.UNKNOWN in [a.passed for a in result.assertions]
    assert Passed.YES not in [a.passed for a in result.assertions]
