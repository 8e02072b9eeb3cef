"""Values that operators leave of unknown symbols."""

from __future__ import annotations

from semantics.exploration.ranges import possible_values
from semantics.terms import Sym, apply
from tests.semantics.exploration.programs import SHARED, func, outline, unfolded

X = Sym(1, 32)


def test_masks_remainders_and_narrow_symbols():
    masked = apply("and", 32, X, 0b1010)
    assert possible_values(masked) == {0, 2, 8, 10}
    assert possible_values(apply("add", 32, apply("shl", 32, masked, 2), 100)) == {100, 108, 132, 140}
    assert possible_values(apply("rem_u", 32, X, 3)) == {0, 1, 2}
    assert possible_values(apply("zext", 32, Sym(2, 8), arg_width=8)) == frozenset(range(256))
    assert possible_values(apply("eq", 1, X, 7, arg_width=32)) == {0, 1}
    assert possible_values(apply("ite", 32, Sym(3, 1), 4, 12)) == {4, 12}


def test_unbounded_terms():
    assert possible_values(X) is None
    assert possible_values(apply("add", 32, X, 1)) is None
    assert possible_values(apply("and", 32, X, 0xFFFF)) is None
    deep = apply("and", 32, X, 1)
    for k in range(20):
        deep = apply("xor", 32, apply("mul", 32, deep, 3), Sym(k + 9, 1) and k)
    assert possible_values(deep) is None


def test_a_masked_index_is_complete_whatever_the_value():
    """The index is on a value cycle without synchronisation, but has two values."""
    racy = "(i32.store (i32.const 0) (i32.add (i32.const 4) (i32.load (i32.const 0))))"
    s = unfolded(
        SHARED,
        func("P0", racy),
        func("P1", racy, "(i32.store offset=8 (i32.and (i32.load (i32.const 0)) (i32.const 4)) (i32.const 1))"),
    )
    assert s.incomplete == []
    assert [line.split(":(")[1] for line in outline(s, "P1")[1:]] == [
        "w mem[8:12] 1) => done",
        "w mem[12:16] 1) => done",
    ]
