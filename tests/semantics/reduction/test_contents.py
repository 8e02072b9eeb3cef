"""Contents of memories and tables in a concrete run: the same as plain lists of bytes and entries, at any size."""

from __future__ import annotations

from random import Random

import pytest

from semantics.diagnostics import Source, Unsupported
from semantics.reduction.contents import ENTRIES, Bytes, Entries
from semantics.reduction.run import Exhausted, Sequential
from semantics.runtime.actions import Fill, Image
from semantics.runtime.configuration import Value
from semantics.syntax.types import I32, PAGE
from semantics.text import parse_module
from semantics.validation import THREADS, validate
from tests.fuzz.bounds import bounded_memory, bounded_time


def test_bytes_are_those_of_one_array() -> None:
    rng = Random(1)
    memory, plain = Bytes(), bytearray(3 * PAGE)
    places = [0, 1, 7, PAGE - 8, PAGE - 3, PAGE - 1, PAGE, 2 * PAGE - 4, 3 * PAGE - 8]
    for _ in range(2000):
        at, size = rng.choice(places), rng.choice((1, 2, 4, 8))
        if rng.random() < 0.5:
            value = rng.getrandbits(8 * size)
            memory.store(at, value, size)
            plain[at : at + size] = value.to_bytes(size, "little")
        assert memory.load(at, size) == plain[at : at + size]
    assert memory.load(PAGE - 5, PAGE + 10) == plain[PAGE - 5 : 2 * PAGE + 5]
    memory.store(PAGE - 1, Image(3, ((0, 5), (2, 7))), 3)
    assert memory.load(PAGE - 1, 3)[::2] == b"\5\7"
    assert [offset for offset, _ in memory.written()] == [0, PAGE, 2 * PAGE]


def test_entries_are_those_of_one_list() -> None:
    table = Entries(9)
    table.store(0, Image(4, ((1, 3),), 9), 4)
    table.store(4, Fill(5, 2), 2)
    table.store(6, Fill(9, 2), 2)
    table.store(7, 1, 1)
    assert [table.load(i) for i in range(8)] == [9, 3, 9, 9, 5, 5, 9, 1]
    with pytest.raises(Unsupported, match="fills more than"):
        table.store(8, Fill(5, ENTRIES + 1), ENTRIES + 1)


LARGE = """(module (memory 65536) (table $t 4294967295 funcref) (table $u 0 funcref) (func $f) (elem declare func $f)
  (func (export "last") (result i32)
    (i32.store8 (i32.const -1) (i32.const 7)) (i32.load8_u (i32.const -1)))
  (func (export "size") (result i32) (table.size $t))
  (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const -1)))
  (func (export "nulls") (result i32) (table.grow $u (ref.null func) (i32.const 0x7fffffff)))
  (func (export "grow") (result i32) (table.grow $u (ref.func $f) (i32.const 0x7fffffff))))"""


def test_sizes_cost_neither_memory_nor_time() -> None:
    made = parse_module(Source("large.wat", LARGE))
    validate(made, THREADS)
    with bounded_memory(200), bounded_time(5):
        host = Sequential(steps=1000)
        instance, _ = host.instantiate(made)
        assert host.call(instance, "last") == (Value(I32, 7),)
        assert host.call(instance, "size") == (Value(I32, 2**32 - 1),)
        assert host.call(instance, "fill") == Exhausted("step limit reached")
        assert host.call(instance, "nulls") == (Value(I32, 0),)
        with pytest.raises(Unsupported, match="fills more than"):
            host.call(instance, "grow")
