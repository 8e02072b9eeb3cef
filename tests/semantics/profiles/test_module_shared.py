"""The attribute on modules (systems.md B.8): requirement, elaboration, program 8a (typing), 8b."""

from __future__ import annotations

import pytest

from semantics.diagnostics import Invalid, LinkError, NotExpressible, Source
from semantics.exploration import explore
from semantics.exploration.program import HostThread, Instantiate, Program, Provider
from semantics.profiles.fork import FORK
from semantics.profiles.module_shared import MODULE_SHARED
from semantics.syntax.modules import Module
from semantics.syntax.types import Share
from semantics.text import parse_module
from semantics.text.printer import print_module
from semantics.validation import validate
from tests.semantics.exploration.programs import func
from tests.semantics.profiles.running import results

A = '(func $f (export "f"))'
B = '(memory 1) (func (export "g") (drop (i32.load (i32.const 0))))'


def valid(fields: str, *, flag: bool) -> Module:
    made = parse_module(Source("t.wat", f"(module {'shared' if flag else ''} {fields})"))
    validate(made, MODULE_SHARED.typing)
    return made


def refused(fields: str, words: str, *, flag: bool, rule: str = "module flag") -> None:
    with pytest.raises(Invalid, match=words) as found:
        valid(fields, flag=flag)
    assert found.value.rule == rule


def test_the_flag_in_text():
    made = parse_module(Source("t.wat", f"(module $m shared {A})"))
    assert made.shared and made.binding == "$m" and made.funcs[0].type.share is Share.SHARED
    assert parse_module(Source("t.wat", print_module(made))) == made
    assert print_module(made).startswith("(module $m shared")
    assert not parse_module(Source("t.wat", f"(module $m {A})")).shared


def test_other_designs_have_no_flag():
    with pytest.raises(NotExpressible, match="not expressible under fork: needs a module with the attribute"):
        validate(parse_module(Source("t.wat", f"(module shared {A})")), FORK.typing)


def test_the_requirement():
    """Everything must be shared."""
    shared = (
        '(import "m" "f" (func shared)) (import "m" "g" (global shared i32)) (memory 1 1 shared)'
        ' (table shared 1 (shared funcref)) (global shared i32 (i32.const 0)) (data "a") (elem (shared funcref))'
    )
    valid(shared, flag=True)
    for fields, words in {
        '(import "m" "f" (func))': 'local import "m" "f" in a module with the attribute',
        '(import "m" "t" (table 1 funcref))': 'local import "m" "t"',
        "(memory 1)": "local memory",
        "(table 1 funcref)": "local table",
        "(global i32 (i32.const 0))": "local global",
        "(elem funcref)": "local elem segment",
    }.items():
        refused(fields, words, flag=True)
        valid(fields, flag=False)


def test_without_the_flag():
    """Functions, tables and globals are local; a memory may be shared, and so may be what is imported."""
    valid("(memory 1 1 shared) (func)", flag=False)
    valid('(import "m" "f" (func $f shared)) (func (fork $f)) (elem (shared funcref) (ref.func $f))', flag=False)
    refused("(func shared)", "shared function in a module without the attribute", flag=False)
    refused("(global shared i32 (i32.const 0))", "shared global in a module without", flag=False)
    refused("(func $f) (func (fork $f))", "fork needs a shared function", flag=False, rule="T27")
    valid("(func $f) (func (fork $f))", flag=True)


def test_bodies_are_checked_by_elaboration():
    """T27 to T30 see functions with the attribute."""
    refused(
        '(import "m" "f" (func $f shared)) (type $t (func)) (table $t shared 1 (shared funcref))'
        " (func (call_indirect (type $t) (i32.const 0)))",
        "type mismatch: the table holds shared functions",
        flag=True,
        rule="T13",
    )


def test_8a_no_flag_is_right_for_the_merge():
    valid(A, flag=True)
    valid(B, flag=False)
    refused(A + B, "local memory in a module with the attribute", flag=True)
    valid(A + B, flag=False)
    refused(A + B + "(func (fork $f))", "fork needs a shared function", flag=False, rule="T27")
    importer = valid('(import "a" "f" (func $f shared)) (func (fork $f))', flag=False)
    for flag in (True, False):
        made = Instantiate("a", valid(A if flag else A + B, flag=flag))
        main = HostThread("main", (made, Instantiate("m", importer, (Provider("a", "f"),))))
        program = Program("test", main)
        if flag:
            explore(program, profile=MODULE_SHARED)
        else:
            with pytest.raises(LinkError, match="incompatible import type"):
                explore(program, profile=MODULE_SHARED)
    both = parse_module(Source("t.wat", f'(module (func $f (export "f") shared) {B})'))
    validate(both, FORK.typing)
    assert [f.type.share for f in both.funcs] == [Share.SHARED, Share.LOCAL]


def test_8b_both_kinds_of_function_in_one_module():
    both = "(func shared) (func)"
    validate(parse_module(Source("t.wat", f"(module {both})")), FORK.typing)
    refused(both, "shared function in a module without the attribute", flag=False)
    flagged = parse_module(Source("t.wat", f"(module shared {both})"))
    assert {f.type.share for f in flagged.funcs} == {Share.SHARED}


def test_it_runs_as_fork():
    memory = '(memory (export "mem") 1 1 shared)'
    child = "(func $c {} (local $r i32) (local.set $r (i32.load (i32.const 0))))"
    main = func("P0", "(i32.store (i32.const 0) (i32.const 1)) (fork $c)")
    assert results(FORK, memory, child.format("shared"), main, show=("c.r",)) == {(1,)}
    assert results(MODULE_SHARED, "shared", memory, child.format(""), main, show=("c.r",)) == {(1,)}
