"""Scripts as programs: registries, instances, threads, and assertions about modules."""

from __future__ import annotations

import pytest

from litmus.language.script import AssertReturn, parse_script
from litmus.language.script_lowering import Claim, Decided, Lowered, lower
from semantics.diagnostics import Invalid, LinkError, Source, TextError
from semantics.exploration import program as target

MEMORY = '(module $Mem (memory (export "shared") 1 1 shared))'
USER = """(module (memory (import "mem" "shared") 1 1 shared)
  (func (export "f") (result i32) (i32.load (i32.const 0))))"""


def lowered(text: str) -> Lowered:
    return lower(parse_script(Source("s.wast", text)), "s")


def test_a_thread_has_a_registry_of_its_own_and_sees_only_what_is_shared_with_it() -> None:
    found = lowered(
        f"""{MEMORY} (register "mem")
        (thread $T1 (shared (module $Mem)) (register "mem" $Mem) {USER}
           (assert_return (invoke "f") (i32.const 0)))
        (wait $T1)
        (thread $T2 (assert_unlinkable {USER} "unknown import"))"""
    )
    made, spawn, join, second = found.program.main.commands
    assert isinstance(made, target.Instantiate)
    assert isinstance(spawn, target.Spawn)
    assert join == target.Join("T1")
    inner, call = spawn.thread.commands
    assert isinstance(inner, target.Instantiate)
    assert inner.providers == (target.Provider(made.instance, "shared"),)
    assert isinstance(call, target.Invoke)
    assert call.instance == inner.instance
    assert isinstance(second, target.Spawn)
    assert second.thread.commands == ()
    assert [c.passed for c in found.claims if isinstance(c, Decided)] == [True]


def test_a_claim_knows_its_registers_and_what_came_before() -> None:
    found = lowered(
        f"""{MEMORY} (register "mem") {USER} (thread $T) (wait $T)
        (assert_return (invoke "f") (either (i32.const 1) (i32.const 2)))
        (assert_return (invoke "f") (i32.const 3))"""
    )
    first, second = (c for c in found.claims if isinstance(c, Claim))
    assert first.kind is AssertReturn
    assert [e.values for e in first.expected] == [(1, 2)]
    assert (first.previous, first.joined) == (None, ("T",))
    assert (second.previous, second.joined) == (first.marker, ())
    assert first.text == 'assert_return (invoke "f") (either (i32.const 1) (i32.const 2))'


def test_modules_go_by_name_and_the_last_is_the_current_one() -> None:
    a = '(module $A (func (export "a")))'
    b = '(module $B (func (export "b")))'
    found = lowered(f'{a} {b} (invoke "b") (invoke $A "a")')
    one, two, first, second = found.program.main.commands
    assert isinstance(one, target.Instantiate)
    assert isinstance(two, target.Instantiate)
    assert isinstance(first, target.Invoke)
    assert isinstance(second, target.Invoke)
    assert (first.instance, second.instance) == (two.instance, one.instance)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ('(assert_invalid (module (func (result i32))) "type mismatch")', True),
        ('(assert_invalid (module (func (result i32))) "unknown memory")', False),
        ('(assert_invalid (module (func)) "type mismatch")', False),
        ('(assert_malformed (module quote "(func (") "")', True),
        ('(assert_malformed (module quote "(func)") "")', False),
        ('(assert_invalid (module quote "(func (") "")', False),
        ('(assert_unlinkable (module (func (import "a" "b"))) "unknown import")', True),
        ('(assert_unlinkable (module) "unknown import")', False),
    ],
)
def test_assertions_about_modules_are_decided(text: str, passed: bool) -> None:
    (claim,) = lowered(text).claims
    assert isinstance(claim, Decided)
    assert claim.passed is passed
    assert bool(claim.message) is not passed


def test_an_import_of_the_wrong_type_is_unlinkable() -> None:
    (claim,) = lowered(
        f"""{MEMORY} (register "mem")
        (assert_unlinkable (module (memory (import "mem" "shared") 2 2 shared)) "incompatible import type")"""
    ).claims
    assert isinstance(claim, Decided)
    assert claim.passed


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('(invoke "f")', TextError, "no module"),
        ('(module (func (export "flag"))) (invoke "flog")', TextError, "flog"),
        ('(module) (register "m" $M)', TextError, r"unknown module \$M"),
        ("(wait $T)", TextError, r"unknown thread \$T"),
        ("(thread $T) (thread $T)", TextError, r"second thread \$T"),
        ('(module (func (import "a" "b")))', LinkError, "unknown import"),
        ("(module (func (result i32)))", Invalid, "type mismatch"),
        ('(module (func (export "f") (param i32))) (invoke "f")', TextError, "takes other arguments"),
        ('(module (func (export "f"))) (assert_return (invoke "f") (i32.const 0))', TextError, "1 results"),
        ('(module (func (export "f"))) (get "f")', TextError, "no global"),
    ],
)
def test_what_cannot_be_lowered_is_told_with_its_place(text: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        lowered(text)
    assert caught.value.span is not None
