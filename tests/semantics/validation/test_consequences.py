"""What the rules of Fig. 21 imply: the points (a) to (f) on sharing that users meet first."""

from __future__ import annotations

import pytest

from semantics.syntax.instructions import (
    Call,
    CallIndirect,
    Drop,
    Fork,
    GlobalGet,
    GlobalSet,
    Instantiate,
    Load,
    LocalGet,
    LocalSet,
    MemoryGrow,
    MemorySize,
    RefFunc,
    RefIsNull,
    RefNull,
    Rmw,
    Store,
    TableGet,
    TableGrow,
    TableSet,
    TableSize,
)
from semantics.syntax.modules import Export
from semantics.syntax.types import EXTERNREF, FUNCREF, I32, SHARED_ANYREF, SHARED_FUNCREF, Order
from tests.semantics.validation.building import (
    A4,
    FUNC,
    LOCAL,
    SHARED,
    ZERO,
    accepted,
    ft,
    func,
    glob,
    mem,
    mod,
    refused,
    tab,
)


def test_a_shared_function_cannot_read_an_immutable_local_global():
    """(a) Even a constant is out of reach."""
    body = func(GlobalGet(0), share=SHARED, results=(I32,))
    refused(mod(glob(LOCAL, mutable=False), body), "T29", "shared function 0 may not use local global 0")
    accepted(mod(glob(SHARED, mutable=False), body))


def test_a_shared_function_may_have_local_typed_variables():
    """(b) Only null and what its own `instantiate` yields inhabit them."""
    inner = mod(func(), exports=(Export("f", FUNC, 0),))
    body = (RefNull(FUNCREF), LocalSet(0), Instantiate(inner), LocalSet(0), LocalGet(0), RefIsNull(), Drop())
    accepted(mod(func(*body, share=SHARED, locals=(FUNCREF, EXTERNREF))))


def test_a_shared_function_cannot_be_handed_a_local_reference():
    """(b), the other half: neither parameters nor its definitions bring one in."""
    refused(mod(func(share=SHARED, params=(FUNCREF,))), "T6", "a shared function may not take a local funcref")
    refused(
        mod(func(), func(RefFunc(0), Drop(), share=SHARED)), "T29", "shared function 1 may not use local function 0"
    )


def test_shared_state_cannot_hold_local_functions():
    """(c)"""
    refused(mod(glob(SHARED, FUNCREF, (RefNull(FUNCREF),))), "T7", "a shared global may not hold a local funcref")
    refused(mod(tab(SHARED, FUNCREF)), "T8", "a shared table may not hold a local funcref")


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (FUNCREF, SHARED_FUNCREF),
        (SHARED_FUNCREF, FUNCREF),
        (EXTERNREF, SHARED_ANYREF),
        (SHARED_ANYREF, EXTERNREF),
    ],
)
def test_local_and_shared_references_do_not_convert(have, want):
    """(d) In either direction."""
    bad = refused(mod(func(RefNull(have), results=(want,))), "T30", f"type mismatch: expected {want}, found {have}")
    assert "never convert" in bad.hint
    accepted(mod(func(RefNull(want), results=(want,))))


def test_local_code_uses_shared_things_freely():
    """(e)"""
    use = func(
        Call(0),
        *(GlobalGet(0), GlobalSet(0)),
        *(ZERO, Load(I32, 4, None, A4), Drop()),
        *(ZERO, ZERO, Store(I32, 4, A4)),
        *(ZERO, ZERO, Rmw(I32, "add", 4, A4), Drop()),
        *(MemorySize(), MemoryGrow(), Drop()),
        *(ZERO, RefFunc(0), TableSet()),
        *(ZERO, TableGet(), TableSize(), TableGrow(), Drop()),
        *(ZERO, CallIndirect(0)),
        Fork(0),
    )
    accepted(mod(func(share=SHARED), use, glob(SHARED), mem(SHARED), tab(SHARED), types=(ft(SHARED),)))


def test_orders_and_sharing():
    """(f) seqcst on local state is invalid, unord on shared state is valid."""
    for order, share, good in [
        (Order.UNORD, LOCAL, True),
        (Order.UNORD, SHARED, True),
        (Order.SEQCST, SHARED, True),
        (Order.SEQCST, LOCAL, False),
    ]:
        null = RefNull(SHARED_FUNCREF)
        uses = (
            (glob(share), "global 0", (GlobalGet(0, order), Drop())),
            (glob(share), "global 0", (ZERO, GlobalSet(0, order))),
            (mem(share), "memory 0", (ZERO, Load(I32, 4, None, A4, order), Drop())),
            (mem(share), "memory 0", (ZERO, ZERO, Store(I32, 4, A4, order))),
            (tab(share, SHARED_FUNCREF), "table 0", (ZERO, TableGet(0, order), Drop())),
            (tab(share, SHARED_FUNCREF), "table 0", (ZERO, null, TableSet(0, order))),
            (tab(share, SHARED_FUNCREF), "table 0", (ZERO, CallIndirect(0, 0, order))),
        )
        for part, word, code in uses:
            module = mod(part, func(*code), types=(ft(SHARED),))
            if good:
                accepted(module)
            else:
                refused(module, "T2", f"seqcst access to local {word}: atomics need shared state")
