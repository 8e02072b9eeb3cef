"""A sequential program unfolds to what it computes: one leaf, with the registers of the concrete run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from semantics.execution.structure import Kind, Status
from semantics.exploration import explore
from semantics.exploration.program import Bounds, HostThread, Instantiate, Invoke, Program, Spawn
from semantics.reduction.run import Sequential
from semantics.runtime.configuration import Trap
from tests.semantics.exploration.programs import module

RESULTS = ("r0", "r1", "r2")
CONSTANTS = st.sampled_from((0, 1, 2, 3, 8, 255, 65533, 65535, 65536, 2**31, 2**32 - 1))
OPERATORS = st.sampled_from(("add", "sub", "mul", "and", "xor", "shl", "shr_s", "div_u", "rem_s", "lt_s", "eq", "ge_u"))
LOADS = st.sampled_from(("i32.load", "i32.load8_s", "i32.load16_u", "i32.atomic.load", "i32.atomic.load8_u"))
STORES = st.sampled_from(("i32.store", "i32.store8", "i32.store16", "i32.atomic.store"))
UPDATES = st.sampled_from(("add", "xchg", "sub"))

ADDRESSES = st.integers(0, 5).map(lambda k: f"(i32.const {4 * k})") | st.just("(local.get 0)")


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.tuples(OPERATORS, inner, inner).map(lambda t: f"(i32.{t[0]} {t[1]} {t[2]})")
        | st.tuples(LOADS, ADDRESSES).map(lambda t: f"({t[0]} {t[1]})")
        | st.tuples(UPDATES, ADDRESSES, inner).map(lambda t: f"(i32.atomic.rmw.{t[0]} {t[1]} {t[2]})")
        | st.tuples(inner, inner, inner).map(lambda t: f"(select {t[0]} {t[1]} {t[2]})")
        | st.tuples(ADDRESSES, inner, inner).map(lambda t: f"(i32.atomic.rmw.cmpxchg {t[0]} {t[1]} {t[2]})")
    )


LEAVES = CONSTANTS.map(lambda c: f"(i32.const {c})") | st.sampled_from(
    (
        "(local.get 0)",
        "(local.get 1)",
        "(local.get 2)",
        "(global.get $g)",
        "(call $twice (local.get 1))",
        "(memory.size)",
    )
)
EXPRESSIONS = st.recursive(LEAVES, _expressions, max_leaves=4)


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.lists(inner, max_size=3).map(" ".join)
    return (
        st.tuples(EXPRESSIONS, block, block).map(lambda t: f"(if {t[0]} (then {t[1]}) (else {t[2]}))")
        | st.tuples(st.integers(1, 4), block).map(lambda t: _counted(*t))
        | st.tuples(EXPRESSIONS, block).map(lambda t: f"(block (br_if 0 {t[0]}) {t[1]})")
    )


def _counted(rounds: int, body: str) -> str:
    """A loop with a counter that only loops of as many rounds use: nested, the outer one ends after the inner one."""
    counter = 2 + rounds
    again = f"(i32.lt_u (local.tee {counter} (i32.add (local.get {counter}) (i32.const 1))) (i32.const {rounds}))"
    return f"(local.set {counter} (i32.const 0)) (loop {body} (br_if 0 {again}))"


SIMPLE = (
    st.tuples(st.integers(0, 2), EXPRESSIONS).map(lambda t: f"(local.set {t[0]} {t[1]})")
    | st.tuples(STORES, ADDRESSES, EXPRESSIONS).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    | EXPRESSIONS.map(lambda e: f"(global.set $g {e})")
    | st.just("(memory.fill (i32.const 2) (local.get 1) (i32.const 3))")
    | st.just("(memory.copy (i32.const 4) (i32.const 1) (i32.const 6))")
)
BODIES = st.lists(st.recursive(SIMPLE, _statements, max_leaves=6), max_size=6).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(BODIES, st.booleans())
def test_the_leaf_is_the_result_of_the_run(body, spawned):
    """Run by the main thread alone (the initial store), or by a thread that shares nothing (confinement)."""
    m = module(
        '(memory 1 1 shared) (global $g shared (mut i32) (i32.const 7)) (data (i32.const 4) "\\01\\02\\03\\84")',
        "(func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))",
        f'(func (export "f") (result i32 i32 i32) (local i32 i32 i32 i32 i32 i32 i32) {body}',
        "(local.get 0) (i32.load (i32.const 4)) (i32.add (local.get 1) (global.get $g)))",
    )
    world = Sequential()
    instance, _ = world.instantiate(m)
    expected = world.call(instance, "f")
    command = Invoke("m", "f", (), RESULTS)
    rest = (Spawn(HostThread("a", (command,))),) if spawned else (command,)
    s = explore(Program("test", HostThread("main", (Instantiate("m", m), *rest))), Bounds(loop=1000))
    (leaf,) = [n.leaf for n in s.nodes if n.thread == len(s.threads) - 1 and n.leaf is not None]
    assert not any(e.actions for e in s.events if e.kind is not Kind.INIT)
    if isinstance(expected, Trap):
        assert (leaf.status, leaf.reason) == (Status.TRAP, expected.reason)
    else:
        assert leaf.status is Status.DONE
        assert [leaf.registers[r] for r in RESULTS] == [v.term for v in expected]
