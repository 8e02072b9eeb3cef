"""The store, payloads of actions, configurations as values."""

from __future__ import annotations

import pytest

from semantics.diagnostics import InternalError
from semantics.runtime.actions import (
    Field,
    Fill,
    Image,
    Location,
    Payload,
    Read,
    Region,
    Rmw,
    Write,
    read_value,
    reading,
    unit,
    writing,
    written,
)
from semantics.runtime.store import DataInst, FuncInst, GlobalInst, MemInst, ModuleInst, Store
from semantics.syntax.modules import Function
from semantics.syntax.types import I32, FuncType, GlobalType, Limits, MemType, Order, Share
from semantics.terms import Sym, Term, extract

X = Sym(1, 32)
DATA, ELEM = Region(1, Field.DATA), Region(2, Field.ELEM)


@pytest.mark.parametrize(
    ("region", "payload", "units"),
    [
        (DATA, 0x030201, [1, 2, 3]),
        (DATA, X, [extract(X, 0, 8), extract(X, 8, 8)]),
        (DATA, Fill(7, 2), [7, 7]),
        (DATA, Image(3, ((1, 9),), 5), [5, 9, 5]),
        (ELEM, X, [X]),
        (Region(3, Field.LEN), 65536, [65536]),
    ],
)
def test_units_of_a_payload(region: Region, payload: Payload, units: list[Term]) -> None:
    assert [unit(region, payload, i) for i in range(len(units))] == units


def test_what_actions_read_and_write() -> None:
    at = Location(DATA, 4)
    read, write, rmw = Read(Order.UNORD, at, 1, 5), Write(Order.SEQCST, at, 1, 6), Rmw(at, 1, 7, 8)
    assert [reading(a) for a in (read, write, rmw)] == [True, False, True]
    assert [writing(a) for a in (read, write, rmw)] == [False, True, True]
    assert (read_value(read), read_value(rmw), written(write), written(rmw)) == (5, 7, 6, 8)
    assert rmw.order is Order.SEQCST
    assert str(at) == "1.data[4]"
    with pytest.raises(TypeError):
        read_value(write)
    with pytest.raises(TypeError):
        written(read)


def test_addresses_count_from_1_and_mean_one_object() -> None:
    store = Store()
    of = FuncType(Share.LOCAL, (), ())
    f = store.allocate(FuncInst(of, ModuleInst(), Function(of, (), ()), 0), creator="T0")
    g = store.allocate(GlobalInst(GlobalType(Share.LOCAL, False, I32)))
    m = store.allocate(MemInst(MemType(Share.LOCAL, Limits(1))))
    d = store.allocate(DataInst(b""))
    assert list(store.addresses()) == [f, g, m, d] == [1, 2, 3, 4]
    assert store.func(f).type is of
    assert store.type(g) == GlobalType(Share.LOCAL, False, I32)
    assert store.creator == {f: "T0"}
    assert [len(store.regions(a)) for a in store.addresses()] == [0, 1, 2, 1]
    for wrong in (store.func, store.table, store.data, store.elem, store.global_):
        with pytest.raises(InternalError):
            wrong(m)
    with pytest.raises(InternalError):
        store.memory(g)
    with pytest.raises(InternalError):
        store.type(d)
    for nowhere in (0, 5):
        with pytest.raises(InternalError):
            store[nowhere]


def test_instances_are_compared_by_identity() -> None:
    assert ModuleInst() != ModuleInst()
