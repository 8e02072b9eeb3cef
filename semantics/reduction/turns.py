"""Threads that take turns (systems.md B.12, P12c): a lock around every slice, from one switch of threads to the next.

A slice begins with (rmw turn 0 1) and ends with (wr_seqcst turn 0). So the slices of a component are totally ordered by
happens-before, and its threads may share what is local to it.
"""

from __future__ import annotations

from semantics.reduction.access import value_of
from semantics.reduction.operands import COUNT
from semantics.runtime.actions import Action, Rmw, Write
from semantics.runtime.configuration import TakeTurn
from semantics.runtime.store import Store
from semantics.syntax.types import Order

FREE, TAKEN = range(2)

COUNT[TakeTurn] = 0


def taking(store: Store) -> Action:
    """What begins a slice: the turn is free. (That is all it can read: whoever took it has passed it on.)"""
    return Rmw(value_of(store.turn), 1, FREE, TAKEN)


def passing(store: Store) -> Action:
    """What ends a slice."""
    return Write(Order.SEQCST, value_of(store.turn), 1, FREE)
