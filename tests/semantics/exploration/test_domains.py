"""The domain analysis: which values a register may have."""

from __future__ import annotations

from semantics.execution.structure import EventStructure
from semantics.exploration.domains import Domain, Domains
from semantics.terms import apply, negate, symbols
from tests.semantics.exploration.programs import SHARED, func, leaves, statuses, unfolded


def domain(s: EventStructure, thread: str = "P1", register: str = "r") -> Domain:
    (leaf,) = leaves(s, thread)
    return Domains(s.events, s.nodes, s.threads, s.symbols, s.init).of(leaf.registers[register])


def loads(instruction: str) -> str:
    return func("P1", f"(local $r i64) (local.set $r ({instruction} (i32.const 0)))")


def test_a_read_has_the_values_of_the_writes():
    s = unfolded(
        SHARED,
        func("P0", "(i64.atomic.store (i32.const 0) (i64.const 5)) (i64.atomic.store (i32.const 0) (i64.const 6))"),
        loads("i64.atomic.load"),
    )
    assert domain(s) == Domain(frozenset((0, 5, 6)), False)


def test_initial_bytes_mix_unless_the_read_synchronises():
    """No-tear speaks of writes of the same range only, and the initial write has another."""
    s = unfolded(SHARED, func("P0", "(i32.store16 (i32.const 0) (i32.const 0x102))"), loads("i64.load16_u"))
    assert domain(s) == Domain(frozenset((0, 2, 0x100, 0x102)), False)
    s = unfolded(
        SHARED, func("P0", "(i32.atomic.store16 (i32.const 0) (i32.const 0x102))"), loads("i64.atomic.load16_u")
    )
    assert domain(s) == Domain(frozenset((0, 0x102)), False)


def test_two_writes_mix_where_the_read_may_tear():
    writer = " ".join(f"(i64.store (i32.const 0) (i64.const {value}))" for value in (0x100000001, 0x200000002))
    s = unfolded(SHARED, func("P0", writer), loads("i64.load"))
    found = domain(s)
    assert {0x0000000200000001, 0x0000000100000002, 0x0000000200000002} <= found.values
    s = unfolded(SHARED, func("P0", writer), loads("i64.load32_u"))
    assert domain(s) == Domain(frozenset((0, 1, 2)), False)


def test_sizes_assemble():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store8 (i32.const 1) (i32.const 3)) (i32.store (i32.const 0) (i32.const 0x80000000))"),
        loads("i64.load16_u"),
    )
    assert domain(s) == Domain(frozenset((0, 0x300)), False)
    s = unfolded(
        SHARED, func("P0", "(i64.store (i32.const 0) (i64.const 0x0000000700000009))"), loads("i64.load8_u offset=4")
    )
    assert domain(s) == Domain(frozenset((0, 7)), False)


def test_operations_apply_to_every_value():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store8 (i32.const 0) (i32.const 4)) (i32.store8 (i32.const 8) (i32.const 2))"),
        func("P1", "(local $r i32) (local.set $r (i32.mul (i32.load8_u (i32.const 0)) (i32.load8_u (i32.const 8))))"),
    )
    assert domain(s) == Domain(frozenset((0, 8)), False)


def test_own_later_writes_do_not_count():
    s = unfolded(
        SHARED,
        func("P0", "nop"),
        func(
            "P1",
            "(local $r i32) (i32.store8 (i32.const 0) (i32.const 1)) (local.set $r (i32.load8_u (i32.const 0)))",
            "(i32.store8 (i32.const 0) (i32.const 2))",
        ),
        func("P2", "(drop (i32.load8_u (i32.const 0)))"),
        threads=("P0", "P1", "P2"),
    )
    assert domain(s) == Domain(frozenset((0, 1)), False)


def test_counters_that_synchronise_are_bounded_by_the_events():
    add = "(local $r i32) (local.set $r (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"
    s = unfolded(SHARED, func("P0", add), func("P1", add), func("P2", add), threads=("P0", "P1", "P2"))
    assert domain(s) == Domain(frozenset((0, 1, 2)), False)


def test_values_out_of_thin_air_are_open():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 4) (i32.load (i32.const 0)))"),
        func("P1", "(local $r i32) (local.set $r (i32.load (i32.const 4))) (i32.store (i32.const 0) (local.get $r))"),
    )
    assert domain(s) == Domain(frozenset((0,)), True)
    s = unfolded(
        SHARED,
        func("P0", "(i32.atomic.store (i32.const 4) (i32.atomic.load (i32.const 0)))"),
        func(
            "P1",
            "(local $r i32) (local.set $r (i32.atomic.load (i32.const 4)))",
            "(i32.atomic.store (i32.const 0) (local.get $r))",
        ),
    )
    assert domain(s) == Domain(frozenset((0,)), False)  # the cycle would be one of happens-before


def test_conditions_narrow():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 0) (i32.const 2))"),
        func("P1", "(local $r i32) (local.set $r (i32.load8_u (i32.const 0)))"),
    )
    (leaf,) = leaves(s, "P1")
    r = leaf.registers["r"]
    domains = Domains(s.events, s.nodes, s.threads, s.symbols, s.init)
    zero = apply("eq", 1, r, 0, arg_width=32)
    assert domains.of(r, (negate(zero),)) == Domain(frozenset((1, 2)), False)
    names = symbols(r)
    assert domains.satisfiable(names, (zero,))
    assert not domains.satisfiable(names, (zero, negate(zero)))
    assert not domains.satisfiable(names, (apply("eq", 1, r, 3, arg_width=32),))


def test_a_call_out_of_bounds_of_a_table_that_grows() -> None:
    """Nobody ever writes the entry: no value of it turns up, and the trap is there all the same."""
    structure = unfolded(
        "(type $v (shared (func))) (table $t shared 0 (shared funcref)) (func $f shared)",
        '(func $P0 (export "P0") shared (call_indirect $t (type $v) (i32.const -1)))',
        '(func $P1 (export "P1") shared (drop (table.grow $t (ref.func $f) (i32.const 1))))',
    )
    assert [s.value for s in statuses(structure, "P0")] == ["trap"]


def test_an_address_may_come_from_torn_floats() -> None:
    """Aligned floats have no no-tear flag: a model may mix two of them, and so their mixture is an address too."""
    stores = [func(f"P{n}", f"(f32.store (i32.const 0) (f32.const 0x1p-{k}))") for n, k in ((0, 147), (1, 141))]
    last = func("P2", "(drop (i32.load8_u (i32.load (i32.const 0))))")
    s = unfolded(SHARED, *stores, last, threads=("P0", "P1", "P2"))
    assert {e.actions[0].location.offset for e in s.events if e.text == "i32.load8_u"} == {0, 4, 0x100, 0x104}
