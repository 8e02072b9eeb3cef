"""Threads: fork, host spawn and join, how threads end, and the registers that show."""

from __future__ import annotations

import pytest

from semantics.diagnostics import TextError
from semantics.execution.structure import EventStructure, Kind
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Command, Get, HostThread, Instantiate, Invoke, Join, Program, Spawn
from semantics.syntax.types import I32, I64
from semantics.terms import symbols
from tests.semantics.exploration.programs import SHARED, func, leaves, module, outline, unfolded

CHILD = "(func $c shared (param $p i32) (i32.store (i32.const 4) (local.get $p)))"
M = module(
    SHARED,
    '(global $g (export "g") i64 (i64.const 7))',
    func("st", "(param $v i32) (i32.store (i32.const 0) (local.get $v))"),
    func("ld", "(result i32) (i32.load (i32.const 0))"),
    func("boom", "(local $l i32) (local.set $l (i32.const 5)) unreachable"),
    func("await", "(result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))"),
)


def run(*commands: Command) -> EventStructure:
    return explore(Program("test", HostThread("main", (Instantiate("m", M), *commands))))


def call(name: str, *arguments: int, **more) -> Invoke:
    return Invoke("m", name, tuple((I32, a) for a in arguments), **more)


def spawn(name: str, *commands: Command) -> Spawn:
    return Spawn(HostThread(name, commands))


def test_fork():
    s = unfolded(
        SHARED,
        CHILD,
        func(
            "P0",
            "(local $r i32) (fork $c (i32.const 1)) (fork $c (i32.const 2)) (local.set $r (i32.load (i32.const 4)))",
        ),
        threads=("P0",),
    )
    assert outline(s) == [
        "0 host 0:(init w mem[0:65536] 0..) 1:(spawn ~1) => done",
        "1 P0 <0 2:(start ~0) 3:(spawn ~2) 5:(spawn ~3) 7:(r mem[4:8] v7) => done r=v7",
        "2 c <1 4:(start ~1) 8:(w mem[4:8] 1) => done p=1",
        "3 c#2 <1 6:(start ~1) 9:(w mem[4:8] 2) => done p=2",
    ]
    assert s.asw == [(1, 2), (3, 4), (5, 6)]
    assert [t.spawn for t in s.threads] == [None, 1, 3, 5]
    assert s.threads[2].register_types == {"p": I32}


def test_forked_threads_fork():
    s = unfolded(
        SHARED,
        "(func $leaf shared (i32.store (i32.const 0) (i32.const 1)))",
        "(func shared (fork $leaf) (fork $leaf))",
        func("P0", "(fork 1) (drop (i32.load (i32.const 0)))"),
        threads=("P0",),
    )
    assert [t.name for t in s.threads] == ["host", "P0", "fork", "leaf", "leaf#2"]
    assert [s.nodes[t.root].parent for t in s.threads] == [None, 0, 1, 2, 2]


@pytest.mark.parametrize("inner", ["(fork $f)", "(instantiate $twice (ref.func $f))"])
def test_code_that_is_instantiated_forks_what_it_imports(inner: str):
    """So that the function's accesses are those of another thread, though the text forks it nowhere."""
    twice = '(module $twice (import "" "f" (func $f shared)) (func $go (fork $f)) (start $go))'
    s = unfolded(
        SHARED,
        f'(module $once {twice} (import "" "f" (func $f shared)) (func $go {inner}) (start $go))',
        "(func $c shared (i32.store (i32.const 4) (i32.const 1)))",
        func("P0", "(local $r i32) (instantiate $once (ref.func $c)) (local.set $r (i32.load (i32.const 4)))"),
        threads=("P0",),
    )
    assert any("(r mem[4:8]" in line for line in outline(s))
    assert any("(w mem[4:8] 1)" in line for line in outline(s))


def test_alternative_forks_share_names():
    """The first thread that P0 forks is c on either path; the one of P1, which may exist beside them, is another."""
    s = unfolded(
        SHARED,
        CHILD,
        func(
            "P0",
            "(if (i32.load (i32.const 0)) (then (fork $c (i32.const 1)))",
            "(else (fork $c (i32.const 2)) (fork $c (i32.const 3))))",
        ),
        func("P1", "(i32.store (i32.const 0) (i32.const 1)) (fork $c (i32.const 4))"),
    )
    assert [(t.name, s.nodes[t.root].parent) for t in s.threads[3:]] == [("c", 3), ("c", 4), ("c#2", 4), ("c#3", 2)]


def test_a_trap_ends_only_its_thread():
    s = unfolded(
        SHARED, "(func $c shared unreachable)", func("P0", "(fork $c) (drop (i32.load (i32.const 0)))"), threads=("P0",)
    )
    assert [leaf.status.value for leaf in leaves(s, "P0") + leaves(s, "c")] == ["done", "trap"]
    assert leaves(s, "c")[0].reason == "unreachable"


def test_join():
    s = run(spawn("a", call("st", 1)), call("ld", results=("x",)), Join("a"), call("ld", results=("y",)))
    assert outline(s) == [
        "0 main 0:(init w mem[0:65536] 0..) 1:(spawn ~1) 3:(r mem[0:4] v3)",
        "1 a <0 2:(start ~0) 6:(w mem[0:4] 1) 7:(end) => done v=1",
        "2 main <0 [ended] 4:(join ~1) 5:(r mem[0:4] v5) => done x=v3 y=v5",
    ]
    assert s.asw == [(1, 2), (7, 4)]


def test_nested_spawn_and_join():
    s = run(spawn("a", spawn("b", call("st", 1)), Join("b")), Join("a"), call("ld", results=("y",)))
    assert outline(s) == [
        "0 main 0:(init w mem[0:65536] 0..) 1:(spawn ~1)",
        "1 a <0 2:(start ~0) 5:(spawn ~2)",
        "2 main <0 [ended] 3:(join ~1) 4:(r mem[0:4] v4) => done y=v4",
        "3 b <1 6:(start ~1) 9:(w mem[0:4] 1) 10:(end) => done v=1",
        "4 a <1 [ended] 7:(join ~2) 8:(end) => done",
    ]
    assert s.asw == [(1, 2), (5, 6), (8, 3), (10, 7)]


def test_a_join_blocks_where_the_thread_does():
    s = run(spawn("a", call("await", results=("q",))), spawn("n", call("st", 0)), Join("a"))
    blocked = [leaf for leaf in leaves(s, "main") if leaf.status.value == "blocked"]
    assert [leaf.reason for leaf in blocked] == ["join of a"]
    assert not any(e.kind is Kind.JOIN for e in s.events)  # nobody notifies: a cannot end


def test_joining_a_trapped_thread():
    s = run(spawn("a", call("boom")), Join("a"))
    assert outline(s) == [
        "0 main 0:(init) 1:(spawn ~1)",
        "1 a <0 2:(start ~0) 4:(end) => trap l=5",
        "2 main <0 [ended] 3:(join ~1) => done",
    ]


def test_registers_of_calls_in_sequence():
    """Named locals with the prefix; results; the trap register, with which the thread goes on after a trap."""
    s = run(
        call("boom", trap_register="t", prefix="1:"),
        call("st", 3, trap_register="u", prefix="2:"),
        spawn("a", call("boom"), call("st", 9)),
        call("ld", results=("y",)),
        Get("m", "g", "z"),
    )
    assert outline(s) == [
        "0 main 0:(init w mem[0:65536] {0: 3}..) 1:(spawn ~1) 3:(r mem[0:4] v3) => done 1:l=5 t=1 2:v=3 u=0 y=v3 z=7",
        "1 a <0 2:(start ~0) => trap l=5",
    ]
    types = {"1:l": I32, "t": I32, "2:v": I32, "u": I32, "y": I32, "z": I64}
    assert s.threads[0].register_types == types


def test_unknown_names_say_what_is_near():
    with pytest.raises(TextError, match="unknown exported func boon") as found:
        run(call("boon"))
    assert found.value.hint == "did you mean boom?"
    with pytest.raises(TextError, match="unknown instance n"):
        run(Invoke("n", "ld"))
    with pytest.raises(TextError, match="unknown thread b"):
        run(spawn("a"), Join("b"))
    with pytest.raises(TextError, match="a second thread a"):
        run(spawn("a"), spawn("a"))
    with pytest.raises(TextError, match="takes other arguments"):
        run(call("ld", 1))


STARTS = module(SHARED, CHILD, "(func $s (i32.const 9) (fork $c) (drop (i32.load (i32.const 0)))) (start $s)")


def test_an_instance_is_initialised_once_even_where_its_start_function_forks():
    """The initial store has the regions of instances that were made; the others are written as they are made."""
    s = explore(Program("test", HostThread("main", (Instantiate("m", STARTS),))))
    written = [a.location.region for e in s.events if e.kind is Kind.INIT for a in e.actions]
    assert len(written) == len(set(written)) == 1


def test_a_bound_on_events():
    fill = func("P0", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 200))")
    other = func("P1", "(i32.store (i32.const 0) (i32.const 1))")
    s = unfolded(SHARED, fill, other, bounds=Bounds(events=50))
    assert len(s.events) <= 55
    assert [leaf.reason for leaf in leaves(s, "P0")] == ["bound of 50 events reached"]


@pytest.mark.parametrize("events", range(1, 8))
def test_a_bound_on_events_where_a_value_decides(events: int):
    """No path is left with a condition on what a read that is not there has read."""
    swap = func("P0", "(drop (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))" * 2)
    other = func("P1", "(i32.atomic.store (i32.const 0) (i32.const 1))")
    s = unfolded(SHARED, swap, other, bounds=Bounds(events=events))
    assert {x for n in s.nodes for c in n.condition for x in symbols(c)} <= set(s.symbols)
