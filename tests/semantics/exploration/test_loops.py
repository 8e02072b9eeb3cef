"""Loops: pure iterations are dropped, others count for the bound, silent ones do not."""

from __future__ import annotations

from collections import Counter

from semantics.execution.structure import Status
from semantics.exploration.program import Bounds
from semantics.profiles.fork import FORK_PAPER
from tests.semantics.exploration.programs import SHARED, func, leaves, outline, statuses, unfolded

FLAG = func("P0", "(i32.store (i32.const 0) (i32.const 1)) (i32.atomic.store (i32.const 4) (i32.const 1))")


def test_a_spin_unfolds_to_its_last_iteration():
    s = unfolded(
        SHARED,
        FLAG,
        func(
            "P1",
            "(local $r i32) (local $s i32)",
            "(loop (local.set $r (i32.atomic.load (i32.const 4))) (br_if 0 (i32.eqz (local.get $r))))",
            "(local.set $s (i32.load (i32.const 0)))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r! mem[4:8] v7)",
        "3 P1 <2 [ne(v7, 0)] 8:(r mem[0:4] v8) => done r=v7 s=v8",
    ]


def test_a_spinlock_needs_no_bound():
    s = unfolded(
        SHARED,
        "(func $lock (loop (br_if 0 (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))))",
        "(func $unlock (i32.atomic.store (i32.const 0) (i32.const 0)))",
        *(
            func(p, "(call $lock) (i32.store (i32.const 4) (i32.add (i32.const 1) (i32.load (i32.const 4))))")
            for p in ("P0", "P1")
        ),
        func("P2", "(call $lock) (call $unlock)"),
        threads=("P0", "P1", "P2"),
    )
    assert outline(s, "P1", "P2") == [
        "2 P1 <0 4:(start ~0)",
        "3 P2 <0 6:(start ~0)",
        "5 P1 <2 [eq(v10, 0)] 10:(u mem[0:4] v10 1) 11:(r mem[4:8] v11) 12:(w mem[4:8] add(v11, 1)) => done",
        "6 P2 <3 [eq(v13, 0)] 13:(u mem[0:4] v13 1) 14:(w! mem[0:4] 0) => done",
    ]


def test_a_cas_loop_keeps_the_iteration_that_succeeds():
    body = (
        "(local $r i32)",
        "(loop (local.set $r (i32.load (i32.const 4)))",
        "(br_if 0 (i32.ne (local.get $r) (i32.atomic.rmw.cmpxchg (i32.const 4) (local.get $r)",
        "(i32.add (i32.const 1) (local.get $r))))))",
    )
    s = unfolded(SHARED, func("P0", *body), func("P1", *body))
    assert outline(s, "P0") == [
        "1 P0 <0 2:(start ~0) 5:(r mem[4:8] v5)",
        "3 P0 <1 [eq(v6, v5)] 6:(u mem[4:8] v6 add(v5, 1)) => done r=v5",
    ]


def test_a_failing_cmpxchg_that_writes_is_no_pure_iteration():
    """In the letter's profile a failing cmpxchg writes back what it read."""
    lock = "(loop (br_if 0 (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))"
    s = unfolded(SHARED, func("P0", lock), func("P1", lock), bounds=Bounds(loop=2), profile=FORK_PAPER)
    assert Counter(statuses(s, "P0")) == {Status.DONE: 2, Status.CUT: 1}


def test_a_loop_that_remembers_what_it_read_is_bounded():
    s = unfolded(
        SHARED,
        FLAG,
        func(
            "P1",
            "(local $r i32)",
            "(loop (local.set $r (i32.add (local.get $r) (i32.load (i32.const 0))))",
            "(br_if 0 (i32.lt_u (local.get $r) (i32.const 2))))",
        ),
        bounds=Bounds(loop=3),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7)",
        "3 P1 <2 [lt_u(v7, 2)] 8:(r mem[0:4] v8)",
        "4 P1 <3 [lt_u(add(v7, v8), 2)] 9:(r mem[0:4] v9)",
        "5 P1 <3 [ge_u(add(v7, v8), 2)] => done r=add(v7, v8)",
        "6 P1 <4 [lt_u(add(add(v7, v8), v9), 2)] => cut r=add(add(v7, v8), v9)",
        "7 P1 <4 [ge_u(add(add(v7, v8), v9), 2)] => done r=add(add(v7, v8), v9)",
    ]
    assert leaves(s, "P1")[1].reason == "loop bound 3 reached at test.wat:1"


def test_a_loop_that_writes_is_bounded():
    s = unfolded(
        SHARED,
        FLAG,
        func("P1", "(loop (i32.store (i32.const 8) (i32.const 1)) (br_if 0 (i32.eqz (i32.load (i32.const 0)))))"),
        bounds=Bounds(loop=4),
    )
    assert Counter(statuses(s, "P1")) == {Status.DONE: 4, Status.CUT: 1}


def test_a_loop_that_writes_to_what_it_keeps_to_itself_is_bounded():
    s = unfolded(
        SHARED,
        FLAG,
        "(global $count (mut i32) (i32.const 0))",
        func(
            "P1",
            "(local $r i32)",
            "(loop (global.set $count (i32.add (global.get $count) (i32.const 1)))",
            "(br_if 0 (i32.eqz (i32.load (i32.const 0))))) (local.set $r (global.get $count))",
        ),
        bounds=Bounds(loop=3),
    )
    assert [leaf.registers for leaf in leaves(s, "P1") if leaf.status is Status.DONE] == [{"r": 1}, {"r": 2}, {"r": 3}]


def test_the_bound_counts_each_entry_anew():
    """An inner loop of two iterations, entered three times, with a bound of three."""
    s = unfolded(
        SHARED,
        FLAG,
        func(
            "P1",
            "(local $i i32) (local $j i32)",
            "(loop (local.set $j (i32.const 0))",
            "(loop (i32.store (i32.const 8) (local.get $j))",
            "(br_if 0 (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 2))))",
            "(br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))",
        ),
        bounds=Bounds(loop=3),
    )
    assert statuses(s, "P1") == [Status.DONE]
    assert sum("mem[8:12]" in line for line in outline(s, "P1")) == 1
    assert outline(s, "P1")[0].count("mem[8:12]") == 6


def test_silent_iterations_do_not_count():
    s = unfolded(
        SHARED,
        FLAG,
        func(
            "P1",
            "(local $i i32)",
            "(loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))",
        ),
    )
    assert outline(s, "P1") == ["2 P1 <0 4:(start ~0) => done i=500"]


def test_a_silent_loop_for_ever_ends_in_nothing():
    s = unfolded(SHARED, FLAG, func("P1", "(loop (br 0))"))
    assert outline(s, "P1") == ["2 P1 <0 4:(start ~0)"]


def test_a_silent_loop_is_cut_by_the_bound_on_steps():
    s = unfolded(
        SHARED,
        FLAG,
        func("P1", "(local $i i32) (loop (local.set $i (i32.add (local.get $i) (i32.const 1))) (br 0))"),
        bounds=Bounds(steps=1000),
    )
    assert [leaf.reason for leaf in leaves(s, "P1")] == ["bound of 1000 steps reached"]


def test_nested_spins():
    """while (load 0 == 0); r := load 0, until r = load 4: only the last round of both loops is left."""
    s = unfolded(
        SHARED,
        FLAG,
        func(
            "P1",
            "(local $r i32)",
            "(loop (loop (br_if 0 (i32.eqz (local.tee $r (i32.load (i32.const 0))))))",
            "(br_if 0 (i32.ne (local.get $r) (i32.load (i32.const 4)))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7)",
        "3 P1 <2 [ne(v7, 0)] 8:(r mem[4:8] v8)",
        "4 P1 <3 [eq(v7, v8)] => done r=v7",
    ]


def test_a_spin_in_a_callee_inside_a_loop_of_the_caller():
    s = unfolded(
        SHARED,
        FLAG,
        "(func $await (loop (br_if 0 (i32.eqz (i32.load (i32.const 0))))))",
        func(
            "P1",
            "(local $i i32) (loop (call $await) (local.set $i (i32.add (local.get $i) (i32.const 1)))",
            "(br_if 0 (i32.lt_u (local.get $i) (i32.const 2))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7)",
        "3 P1 <2 [ne(v7, 0)] 8:(r mem[0:4] v8)",
        "4 P1 <3 [ne(v8, 0)] => done i=2",
    ]


def test_a_trap_shows_the_register_of_the_iteration_before():
    """The load may trap before it assigns r: then r is 0 or what the iteration before read. One more iteration, of
    which only the trap is new, gives that."""
    s = unfolded(
        '(memory (export "mem") 1 2 shared)',
        func("P0", "(drop (memory.grow (i32.const 1)))"),
        func(
            "P1",
            "(local $r i32) (loop (local.set $r (i32.load (i32.const 65536))) (br_if 0 (i32.eqz (local.get $r))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0)",
        "3 P1 <2 [gt_u(65540, n5)] 5:(r mem.len n5) => trap r=0",
        "4 P1 <2 [le_u(65540, n6)] 6:(r mem.len n6; r mem[65536:65540] v6)",
        "5 P1 <4 [eq(v6, 0)]",
        "8 P1 <5 [gt_u(65540, n9)] 9:(r mem.len n9) => trap r=v6",
    ]


def test_deep_recursion_is_cut():
    s = unfolded(SHARED, FLAG, "(func $f (call $f))", func("P1", "(drop (i32.load (i32.const 0))) (call $f)"))
    assert outline(s, "P1") == ["2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7) => cut"]


def test_the_bound_on_nodes_cuts():
    body = "(drop (if (result i32) (i32.load (i32.const 0)) (then (i32.const 1)) (else (i32.const 2))))"
    s = unfolded(
        SHARED, func("P0", "(i32.store (i32.const 0) (i32.const 1))"), func("P1", body * 20), bounds=Bounds(nodes=40)
    )
    assert Status.CUT in statuses(s, "P1")
    assert len(s.nodes) <= 40
    assert any(leaf.reason == "bound of 40 path nodes reached" for leaf in leaves(s, "P1"))


def test_deeply_nested_blocks_do_not_recurse():
    s = unfolded(SHARED, FLAG, func("P1", "(block " * 150 + "(drop (i32.load (i32.const 0)))" + ")" * 150))
    assert statuses(s, "P1") == [Status.DONE]


def test_forks_without_end_are_cut():
    s = unfolded(SHARED, "(func $child shared (fork $child))", func("P0", "(fork $child)"), func("P1", ""))
    assert len(s.threads) == Bounds().threads
    assert Status.CUT in {n.leaf.status for n in s.nodes if n.leaf is not None}
