"""Fig. 22: what instantiation allocates, writes, links, and leaves to be run."""

from __future__ import annotations

import pytest

from semantics.diagnostics import LinkError, Source, StuckConfiguration
from semantics.profiles.fork import FORK, FORK_PAPER
from semantics.reduction.fig22_instantiation import LINK_MISMATCH, instantiate
from semantics.reduction.machine import Stop, run_pure, successors
from semantics.reduction.run import Sequential
from semantics.runtime.actions import Image, Read, Write
from semantics.runtime.configuration import Activate, Configuration, Trap, Value
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store
from semantics.syntax import instructions as w
from semantics.syntax.modules import Module
from semantics.syntax.types import PAGE, SHARED_FUNCREF, HeapKind, Order, RefType, Share
from semantics.terms import Sym, negate
from semantics.text import parse_module
from semantics.validation import validate
from tests.semantics.reduction.worlds import (
    F_UNARY,
    LOCAL_MEMORY,
    MEMORY,
    STORE,
    TABLE,
    Answers,
    at,
    data,
    elem,
    length,
    ref,
    val,
)

ANYREF = RefType(Share.SHARED, HeapKind.ANY)
LOCAL_ANYREF = RefType(Share.LOCAL, HeapKind.ANY)


def module(text: str) -> Module:
    return validated(parse_module(Source("test.wat", f"(module {text})")))


def validated(found: Module) -> Module:
    validate(found)
    return found


def test_objects_and_their_initial_writes() -> None:
    store = Store()
    made = instantiate(
        store,
        module("""
            (global $k i32 (i32.const 7)) (global (mut i64) (i64.const -1))
            (table 3 funcref) (memory 1 2)
            (func $f (export "f")) (func (export "g"))
            (elem (i32.const 1) func $f) (elem declare func $f) (elem func $f)
            (data (i32.const 2) "ab") (data "cd")"""),
        (),
        creator="me",
    )
    m = made.instance
    (f, g), (k, h), (t,), (mem,) = m.funcs, m.globals, m.tables, m.mems
    assert made.exports == (f, g)
    assert {n: a for n, (_, a) in m.exports.items()} == {"f": f, "g": g}
    init = Order.INIT
    segments = (*m.elems, *m.datas)
    assert made.writes == (
        Write(init, val(k), 1, 7),
        Write(init, val(h), 1, 2**64 - 1),
        Write(init, length(t), 1, 3),
        Write(init, elem(0, t), 3, Image(3, ((1, f),))),
        Write(init, length(mem), 1, PAGE),
        Write(init, data(0, mem), PAGE, Image(PAGE, ((2, 97), (3, 98)))),
        *(Write(init, val(s), 1, dropped) for s, dropped in zip(segments, (1, 1, 0, 1, 0), strict=True)),
    )
    assert made.code == ()
    assert {store.creator[a] for a in store.addresses()} == {"me"}
    regions = [w_.location.region for w_ in made.writes]
    assert len(regions) == len(set(regions))


def test_constants_see_imported_globals_and_functions() -> None:
    store = Store()
    one = instantiate(store, module('(global (export "k") i32 (i32.const 40))'), ())
    two = instantiate(
        store,
        module("""
            (import "m" "k" (global $k i32)) (global $j i32 (global.get $k))
            (memory 1) (data (global.get $k) "x") (table 1 funcref) (elem (i32.const 0) func 0) (func)"""),
        one.exports,
    )
    assert store.initial[val(two.instance.globals[1]).region] == 40
    assert store.initial[data(0, two.instance.mems[0]).region] == Image(PAGE, ((40, ord("x")),))
    assert store.initial[elem(0, two.instance.tables[0]).region] == Image(1, ((0, two.instance.funcs[0]),))


def test_later_segments_overwrite_earlier_ones_and_defaults_are_left_out() -> None:
    store = Store()
    made = instantiate(store, module('(memory 1) (data (i32.const 0) "abc") (data (i32.const 1) "\\00z")'), ())
    assert store.initial[data(0, made.instance.mems[0]).region] == Image(PAGE, ((0, 97), (2, ord("z"))))


def test_imported_objects_are_initialised_by_code_and_start_comes_last() -> None:
    made = instantiate(
        STORE,
        module(
            """
            (import "m" "memory" (memory 1 3 shared)) (func $s) (start $s)
            (data (i32.const 8) "ab") (data (i32.const PAGE) "")""".replace("PAGE", str(PAGE))
        ),
        (MEMORY,),
    )
    kinds = [type(i) for i in made.code]
    one = [w.Const, w.Const, w.Const, w.MemoryInit, w.DataDrop]
    assert kinds == one + one + [w.Call]
    assert [i.value for i in made.code[:3] if isinstance(i, w.Const)] == [8, 0, 2]
    assert all(STORE.initial[val(d).region] == 0 for d in made.instance.datas)


def test_an_instance_that_is_published_early_is_initialised_step_by_step() -> None:
    text = """
        (import "m" "t" (table 1 funcref)) (memory 1) (func $f)
        (elem (table 0) (i32.const 0) func $f) (data (i32.const 0) "ab")"""
    made = instantiate(STORE, module(text), (TABLE,))
    assert [type(i) for i in made.code if not isinstance(i, w.Const)] == [
        w.TableInit, w.ElemDrop, w.MemoryInit, w.DataDrop,
    ]  # fmt: skip
    assert STORE.initial[data(0, made.instance.mems[0]).region] == Image(PAGE, ())


def test_a_segment_that_does_not_fit_traps_after_those_before_it() -> None:
    machine = Sequential()
    host, _ = machine.instantiate(module('(memory (export "m") 1)'))
    late = module("""
        (import "m" "m" (memory 1)) (data (i32.const 0) "a") (data (i32.const 65536) "b")""")
    instance, result = machine.instantiate(late, host.mems)
    assert result == Trap("out of bounds memory access")
    assert machine.oracle.read(data(0, host.mems[0]), 1, 8) == ord("a")
    own, result = machine.instantiate(module('(memory 1) (data (i32.const 65536) "b")'))
    assert result == Trap("out of bounds memory access")
    assert own is not instance


NEEDS = module(
    '(import "m" "f" (func (param i32) (result i32))) (func) (export "again" (func 0)) (export "new" (func 1))'
)


def instantiating(code: Module, *operands: Value) -> Configuration:
    return at(w.Instantiate(code), operands=operands)


def test_the_instruction_returns_a_reference_for_each_export() -> None:
    (found,) = successors(instantiating(NEEDS, ref(F_UNARY)), Answers())
    assert found.rule == "instantiate-ok"
    again, new = found.after.operands
    assert again == ref(F_UNARY)
    assert new.type == RefType(Share.LOCAL, HeapKind.FUNC)
    assert new.term in STORE.addresses()
    assert all(isinstance(a, Write) and a.order is Order.INIT for a in found.step.actions)
    assert run_pure(found.after, Answers())[1] is Stop.VALUES


def test_shared_exports_give_shared_references() -> None:
    code = module('(func (export "f") (type 0)) (type (shared (func))) (memory (export "m") 1 1 shared)')
    (found,) = successors(instantiating(code), Answers())
    assert [v.type for v in found.after.operands] == [SHARED_FUNCREF, ANYREF]


def test_start_runs_after_the_step_in_the_new_instance() -> None:
    code = module("(func $s unreachable) (start $s)")
    (found,) = successors(instantiating(code), Answers())
    assert isinstance(found.step.then, Activate)
    assert run_pure(found.after, Answers())[1] is Stop.TRAP
    (literal,) = successors(instantiating(code), Answers({}, FORK_PAPER))
    assert literal.step.then is None
    assert run_pure(literal.after, Answers())[1] is Stop.VALUES


@pytest.mark.parametrize("operand", [ref(0), Value(LOCAL_ANYREF, LOCAL_MEMORY)], ids=["null", "another type"])
def test_operands_that_do_not_match(operand: Value) -> None:
    (found,) = successors(instantiating(NEEDS, operand), Answers())
    assert found.rule == "instantiate-mismatch"
    assert found.after.pending == Trap(LINK_MISMATCH)
    with pytest.raises(StuckConfiguration):
        successors(instantiating(NEEDS, operand), Answers({}, FORK_PAPER))


WIDE = module('(import "m" "m" (memory 2 3 shared))')


@pytest.mark.parametrize(
    ("size", "profile", "rules"),
    [
        (PAGE, FORK, ["instantiate-mismatch"]),
        (2 * PAGE, FORK, ["instantiate-ok"]),
        (2 * PAGE, Profile("minimum", import_size="minimum"), ["instantiate-mismatch"]),
    ],
)
def test_imports_are_measured_by_their_current_size(size: int, profile: Profile, rules: list[str]) -> None:
    config = instantiating(WIDE, Value(ANYREF, MEMORY))
    found = successors(config, Answers({length(): size}, profile))
    assert [t.rule for t in found] == rules


def test_a_size_that_is_not_known_gives_both() -> None:
    n = Sym(90, 64)
    ok, bad = successors(instantiating(WIDE, Value(ANYREF, MEMORY)), Answers({length(): n}))
    action = Read(Order.SEQCST, length(), 1, n)
    assert (ok.rule, bad.rule) == ("instantiate-ok", "instantiate-mismatch")
    assert ok.step.actions == bad.step.actions == (action,)
    assert bad.step.condition == (negate(ok.step.condition[0]),)


def test_a_host_gets_a_link_error() -> None:
    with pytest.raises(LinkError):
        Sequential().instantiate(NEEDS, (0,))
