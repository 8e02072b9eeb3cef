"""Classic shapes, and what holds of every structure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semantics.execution.structure import Event, Kind, Leaf, Origin, PathNode, Status, SymbolInfo, Thread
from semantics.exploration import explore
from semantics.exploration.program import Cell
from semantics.runtime.actions import Field, Image, Location, Read, Region, Write
from semantics.syntax.types import I32, PAGE, Order
from semantics.terms import Sym
from tests.semantics.exploration.programs import SHARED, func, outline, program, unfolded

SB = (
    SHARED,
    func("P0", "(local $r i32) (i32.store (i32.const 0) (i32.const 1)) (local.set $r (i32.load (i32.const 4)))"),
    func("P1", "(local $r i32) (i32.store (i32.const 4) (i32.const 1)) (local.set $r (i32.load (i32.const 0)))"),
)
ROOT = "0 host 0:(init w mem[0:65536] 0..) 1:(spawn ~1) 3:(spawn ~2) => done"


def test_store_buffering_whole():
    """Every field of the structure of SB with an observed cell, but for spans."""
    s = explore(program(*SB, threads=("P0", "P1"), observed=(Cell("x", "m", "mem", 0),)))
    data = Region(3, Field.DATA)

    def at(offset):
        return Location(data, offset)

    def sym(k):
        return Sym(k, 32)

    events = [
        Event(0, 0, 0, Kind.INIT, (Write(Order.INIT, at(0), PAGE, Image(PAGE, ())),), "instantiate-ok"),
        Event(1, 0, 0, Kind.SPAWN, text="thread", peer=1),
        Event(2, 1, 1, Kind.START, peer=0),
        Event(3, 0, 0, Kind.SPAWN, text="thread", peer=2),
        Event(4, 2, 2, Kind.START, peer=0),
        Event(5, 1, 1, Kind.ACCESS, (Write(Order.UNORD, at(0), 4, 1),), "store-ok", None, "i32.store", notears=True),
        Event(6, 1, 1, Kind.ACCESS, (Read(Order.UNORD, at(4), 4, sym(1)),), "load-ok", None, "i32.load", notears=True),
        Event(7, 2, 2, Kind.ACCESS, (Write(Order.UNORD, at(4), 4, 1),), "store-ok", None, "i32.store", notears=True),
        Event(8, 2, 2, Kind.ACCESS, (Read(Order.UNORD, at(0), 4, sym(2)),), "load-ok", None, "i32.load", notears=True),
        Event(9, 3, 3, Kind.OBSERVE, (Read(Order.SEQCST, at(0), 4, sym(3)),), "observe", None, "x", notears=True),
    ]
    assert [replace(e, span=None) for e in s.events] == events
    assert [e.span.line for e in s.events if e.kind is Kind.ACCESS] == [1, 1, 1, 1]
    assert s.nodes == [
        PathNode(0, 0, None, (), [0, 1, 3], [], Leaf(Status.DONE, {})),
        PathNode(1, 1, 0, (), [2, 5, 6], [], Leaf(Status.DONE, {"r": sym(1)})),
        PathNode(2, 2, 0, (), [4, 7, 8], [], Leaf(Status.DONE, {"r": sym(2)})),
        PathNode(3, 3, None, (), [9], [], Leaf(Status.DONE, {"x": sym(3)})),
    ]
    assert s.threads == [
        Thread(0, "host", 0, None, {}, True),
        Thread(1, "P0", 1, 1, {"r": I32}),
        Thread(2, "P1", 2, 3, {"r": I32}),
        Thread(3, "", 3, None, {"x": I32}, True),
    ]
    assert s.symbols == {
        sym(1): SymbolInfo(Origin.READ, 6, data),
        sym(2): SymbolInfo(Origin.READ, 8, data),
        sym(3): SymbolInfo(Origin.READ, 9, data),
    }
    assert s.asw == [(1, 2), (3, 4), *((e, 9) for e in range(9))]
    assert s.init == 0
    assert s.cells == {"x": (at(0), 4)}
    assert s.region_names[data] == "mem"
    assert s.incomplete == []
    assert s.rules["store-ok"] == s.rules["load-ok"] == 2


def test_message_passing():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1)) (i32.atomic.store (i32.const 4) (i32.const 1))"),
        func(
            "P1",
            "(local $r i32) (local $s i32) (local.set $r (i32.atomic.load (i32.const 4)))",
            "(local.set $s (i32.load (i32.const 0)))",
        ),
    )
    assert outline(s) == [
        ROOT,
        "1 P0 <0 2:(start ~0) 5:(w mem[0:4] 1) 6:(w! mem[4:8] 1) => done",
        "2 P1 <0 4:(start ~0) 7:(r! mem[4:8] v7) 8:(r mem[0:4] v8) => done r=v7 s=v8",
    ]


def test_load_buffering_with_narrow_data():
    s = unfolded(
        SHARED,
        func("P0", "(local $r i32) (local.set $r (i32.load (i32.const 0))) (i32.store (i32.const 4) (local.get $r))"),
        func(
            "P1",
            "(local $r i32) (local.set $r (i32.load8_u (i32.const 4)))",
            "(i32.store8 (i32.const 0) (i32.add (local.get $r) (i32.const 1)))",
        ),
    )
    assert outline(s) == [
        ROOT,
        "1 P0 <0 2:(start ~0) 5:(r mem[0:4] v5) 6:(w mem[4:8] v5) => done r=v5",
        "2 P1 <0 4:(start ~0) 7:(r mem[4:5] v7) 8:(w mem[0:1] extract(add(zext(v7), 1), 0)) => done r=zext(v7)",
    ]


def test_fences_are_events_without_actions():
    s = unfolded(
        SHARED,
        func("P0", "(i32.store (i32.const 0) (i32.const 1)) (atomic.fence)"),
        func("P1", "(drop (i32.load (i32.const 0)))"),
    )
    assert outline(s, "P0") == ["1 P0 <0 2:(start ~0) 5:(w mem[0:4] 1) 6:(fence) => done"]


@pytest.mark.parametrize("fields", [SB])
def test_the_same_every_time(fields):
    first, second = (explore(program(*fields, threads=("P0", "P1"))) for _ in range(2))
    assert first == second


def test_ids_follow_the_order_of_the_tree():
    s = unfolded(
        SHARED,
        func("P0", "(if (i32.load (i32.const 0)) (then (i32.store (i32.const 4) (i32.load (i32.const 8)))))"),
        func("P1", "(i32.store (i32.const 0) (i32.load (i32.load (i32.const 4))))"),
    )
    assert len(s.nodes) > 4
    for node in s.nodes:
        assert s.nodes[node.id] is node
        assert node.events == sorted(node.events)
        if node.parent is not None:
            assert node.parent < node.id
            if s.nodes[node.parent].thread == node.thread:
                assert node.id in s.nodes[node.parent].children
                earlier = s.nodes[node.parent].events
                assert not earlier or not node.events or earlier[-1] < node.events[0]
        for event in node.events:
            assert s.events[event].node == node.id
            assert s.events[event].thread == node.thread
