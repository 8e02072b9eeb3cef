"""What the threads proposal types differently from the paper, and the single switches."""

from __future__ import annotations

from dataclasses import replace

from semantics.syntax.instructions import CallIndirect, Drop, Fork, Instantiate, Load, MemArg, Notify, Rmw, Wait
from semantics.syntax.types import I32, I64, Order
from semantics.validation import PAPER, THREADS
from tests.semantics.validation.building import (
    A4,
    LOCAL,
    SHARED,
    ZERO,
    accepted,
    const,
    ft,
    func,
    glob,
    inexpressible,
    mem,
    mod,
    refused,
    tab,
)

LOAD = func(ZERO, Load(I32, 4, None, A4, Order.SEQCST), Drop())
RMW = func(ZERO, ZERO, Rmw(I32, "or", 4, A4), Drop())
WAIT = func(ZERO, ZERO, const(I64), Wait(I32, A4), Drop())
NOTIFY = func(ZERO, ZERO, Notify(A4), Drop())


def test_atomics_on_unshared_memory():
    for f, rule in ((LOAD, "T2"), (RMW, "T22"), (WAIT, "T23"), (NOTIFY, "T24")):
        accepted(mod(mem(LOCAL), f), THREADS)
        refused(mod(mem(LOCAL), f), rule, "", PAPER)
        accepted(mod(mem(SHARED), f), THREADS)


def test_atomic_alignment_is_exact_in_both():
    bad = mod(mem(SHARED), func(ZERO, Load(I32, 4, None, MemArg(0, 1), Order.SEQCST), Drop()))
    for discipline in (PAPER, THREADS):
        refused(bad, "T20", "atomic alignment must be natural: expected 4, found 2", discipline)


def test_only_memories_carry_the_attribute():
    for part, word in ((func(share=SHARED), "functions"), (glob(SHARED), "globals"), (tab(SHARED), "tables")):
        inexpressible(mod(part), f"shared {word}", THREADS)
        accepted(mod(part), PAPER)
    inexpressible(mod(types=(ft(SHARED),)), "shared functions", THREADS)
    accepted(mod(mem(SHARED)), THREADS)


def test_there_is_no_fork_and_no_instantiate():
    inexpressible(mod(func(), func(Fork(0))), "fork", THREADS)
    inexpressible(mod(func(Instantiate(mod()))), "instantiate", THREADS)


def test_several_memories():
    refused(mod(mem(), mem()), "module", "multiple memories: found 2", THREADS)
    accepted(mod(mem(), mem()), PAPER)


def test_literal_call_indirect():
    """As printed, sh' of T13 is free."""
    module = mod(tab(), func(ZERO, CallIndirect(0)), types=(ft(SHARED),))
    refused(module, "T13", "type mismatch: the table holds local functions, the type is that of a shared one")
    accepted(module, replace(PAPER, literal_call_indirect=True))


def test_nested_modules_follow_the_same_discipline():
    inner = mod(mem(LOCAL), LOAD)
    refused(mod(func(Instantiate(inner))), "T2", "seqcst access to local memory 0")
    accepted(mod(func(Instantiate(inner))), replace(PAPER, seqcst_on_local=True))
