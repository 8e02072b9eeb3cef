"""Branches on symbols, and symbolic addresses: how paths fork and which children are left out."""

from __future__ import annotations

from tests.semantics.exploration.programs import SHARED, func, outline, unfolded


def test_a_branch_forks_the_path():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (local.set $r (i32.load (i32.const 0)))",
            "(if (local.get $r) (then (local.set $s (i32.load (i32.const 4)))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6)",
        "3 P1 <2 [ne(v6, 0)] 7:(r mem[4:8] v7) => done r=v6 s=v7",
        "4 P1 <2 [eq(v6, 0)] => done r=v6 s=0",
    ]


def test_what_a_path_has_decided_stays_decided():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (local.set $r (i32.load (i32.const 0)))",
            "(if (local.get $r) (then (local.set $s (i32.const 1))))",
            "(if (i32.eqz (local.get $r)) (then (local.set $s (i32.add (local.get $s) (i32.const 2)))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6)",
        "3 P1 <2 [ne(v6, 0)] => done r=v6 s=1",
        "4 P1 <2 [eq(v6, 0)] => done r=v6 s=2",
    ]


def test_select_does_not_fork():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32)",
            "(local.set $r (select (i32.const 5) (i32.const 6) (i32.load (i32.const 0))))",
        ),
    )
    assert outline(s, "P1") == ["2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6) => done r=ite(ne(v6, 0), 5, 6)"]


def test_a_value_that_nobody_writes_is_refuted():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1))"),
        func(
            "P1",
            "(if (i32.eq (i32.const 2) (i32.load (i32.const 0))) (then (i32.store (i32.const 4) (i32.const 1))))",
        ),
    )
    assert outline(s) == [
        "0 host 0:(init w mem[0:65536] 0..) 1:(spawn ~1) 3:(spawn ~2) => done",
        "1 P0 <0 2:(start ~0) 5:(w mem[0:4] 1) => done",
        "2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6)",
        "3 P1 <2 [ne(v6, 2)] => done",
    ]


def test_refuting_a_write_refutes_what_reads_it():
    """P0 writes 1 only after reading 7, which nobody writes; so P1 cannot read 1."""
    s = unfolded(
        SHARED,
        func(
            "P0", "(if (i32.eq (i32.const 7) (i32.load (i32.const 0))) (then (i32.store (i32.const 4) (i32.const 1))))"
        ),
        func("P1", "(if (i32.load (i32.const 4)) (then (i32.store (i32.const 8) (i32.const 1))))"),
    )
    assert outline(s, "P0", "P1") == [
        "1 P0 <0 2:(start ~0) 5:(r mem[0:4] v5)",
        "2 P1 <0 4:(start ~0) 6:(r mem[4:8] v6)",
        "3 P0 <1 [ne(v5, 7)] => done",
        "4 P1 <2 [eq(v6, 0)] => done",
    ]


def test_out_of_thin_air_branches_stay():
    """LB+ctrl: each write justifies the other, and the axioms do not mind."""
    s = unfolded(
        SHARED,
        func(
            "P0", "(if (i32.eq (i32.const 1) (i32.load (i32.const 0))) (then (i32.store (i32.const 4) (i32.const 1))))"
        ),
        func("P1", "(if (i32.load (i32.const 4)) (then (i32.store (i32.const 0) (i32.const 1))))"),
    )
    assert outline(s, "P0", "P1") == [
        "1 P0 <0 2:(start ~0) 5:(r mem[0:4] v5)",
        "2 P1 <0 4:(start ~0) 7:(r mem[4:8] v7)",
        "3 P0 <1 [eq(v5, 1)] 6:(w mem[4:8] 1) => done",
        "4 P0 <1 [ne(v5, 1)] => done",
        "5 P1 <2 [ne(v7, 0)] 8:(w mem[0:4] 1) => done",
        "6 P1 <2 [eq(v7, 0)] => done",
    ]


def test_out_of_thin_air_values_are_not_refuted():
    """LB+data: 42 may come from nowhere; a branch on it stays."""
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 4) (i32.load (i32.const 0)))"),
        func(
            "P1",
            "(local $r i32) (local.set $r (i32.load (i32.const 4))) (i32.store (i32.const 0) (local.get $r))",
            "(if (i32.eq (i32.const 42) (local.get $r)) (then (i32.store (i32.const 8) (i32.const 1))))",
        ),
    )
    assert outline(s, "P1")[1:] == [
        "3 P1 <2 [eq(v7, 42)] 9:(w mem[8:12] 1) => done r=v7",
        "4 P1 <2 [ne(v7, 42)] => done r=v7",
    ]


def test_a_symbolic_address_forks_on_its_values():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 8) (i32.const 1)) (i32.store (i32.const 0) (i32.const 8))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (local.set $r (i32.load (i32.const 0)))",
            "(local.set $s (i32.add (i32.load (local.get $r)) (i32.load offset=4 (local.get $r))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7)",
        "3 P1 <2 [eq(v7, 0)] 8:(r mem[0:4] v8) 9:(r mem[4:8] v9) => done r=v7 s=add(v8, v9)",
        "4 P1 <2 [eq(v7, 8)] 10:(r mem[8:12] v10) 11:(r mem[12:16] v11) => done r=v7 s=add(v10, v11)",
    ]


def test_addresses_of_addresses():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 8) (i32.const 16))"),
        func("P1", "(local $r i32) (local.set $r (i32.load (i32.load (i32.load (i32.const 0)))))"),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 7:(r mem[0:4] v7)",
        "3 P1 <2 [eq(v7, 0)] 8:(r mem[0:4] v8)",
        "4 P1 <2 [eq(v7, 8)] 9:(r mem[8:12] v9)",
        "5 P1 <3 [eq(v8, 0)] 10:(r mem[0:4] v10) => done r=v10",
        "6 P1 <3 [eq(v8, 8)] 11:(r mem[8:12] v11) => done r=v11",
        "7 P1 <4 [eq(v9, 0)] 12:(r mem[0:4] v12) => done r=v12",
        "8 P1 <4 [eq(v9, 16)] 13:(r mem[16:20] v13) => done r=v13",
    ]
    assert s.incomplete == []


def test_an_address_out_of_bounds_traps():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 65536))"),
        func("P1", "(local $r i32) (local.set $r (i32.load (i32.load (i32.const 0))))"),
    )
    assert outline(s, "P1")[1:] == [
        "3 P1 <2 [eq(v6, 0)] 7:(r mem[0:4] v7) => done r=v7",
        "4 P1 <2 [eq(v6, 65536)] => trap r=0",
    ]


def test_an_address_may_be_justified_by_the_store_to_it():
    """P0 stores 4 where x points; if that is 4, then P1 copies it to x: out of thin air."""
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.load (i32.const 0)) (i32.const 4))"),
        func("P1", "(i32.store (i32.const 0) (i32.load (i32.const 4)))"),
    )
    assert outline(s, "P0") == [
        "1 P0 <0 2:(start ~0) 5:(r mem[0:4] v5)",
        "3 P0 <1 [eq(v5, 0)] 8:(w mem[0:4] 4) => done",
        "4 P0 <1 [eq(v5, 4)] 9:(w mem[4:8] 4) => done",
    ]


def test_path_conditions_narrow_addresses():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 8))"),
        func(
            "P1",
            "(local $r i32) (local.set $r (i32.load (i32.const 0)))",
            "(if (local.get $r) (then (i32.store (local.get $r) (i32.const 1))))",
        ),
    )
    assert outline(s, "P1") == [
        "2 P1 <0 4:(start ~0) 6:(r mem[0:4] v6)",
        "3 P1 <2 [ne(v6, 0)]",
        "4 P1 <2 [eq(v6, 0)] => done r=v6",
        "5 P1 <3 [eq(v6, 8)] 7:(w mem[8:12] 1) => done r=v6",
    ]


def test_addresses_without_bound_are_noted():
    """Every store makes a further address: by racy increments, which are on a value cycle without synchronisation."""
    racy = "(i32.store (i32.const 0) (i32.add (i32.const 4) (i32.load (i32.const 0))))"
    s = unfolded(SHARED, func("P0", racy), func("P1", racy, "(i32.store (i32.load (i32.const 0)) (i32.const 1))"))
    assert s.incomplete == ["not all values of an address are known at test.wat:1"]
