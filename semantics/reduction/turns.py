"""Threads that take turns (systems.md B.12, P12c): a lock around every slice, from one switch of threads to the next.

A slice begins with (rmw turn FREE TAKEN) and ends with (wr_seqcst turn FREE), or with (wr_seqcst turn to n) where the
turn goes to thread n and nobody else. So the slices of a component are totally ordered by happens-before, and its
threads may share what is local to it. Both events also say what state their thread is in then.
"""

from __future__ import annotations

from semantics.reduction.access import item_of, value_of
from semantics.reduction.operands import COUNT
from semantics.runtime.actions import Action, Field, Location, Rmw, Write
from semantics.runtime.configuration import Doing, TakeTurn
from semantics.runtime.store import Store
from semantics.syntax.types import Order
from semantics.terms import Term, apply

FREE, TAKEN, TO = range(3)
"""What the lock holds: TO + n where the turn is thread n's."""
TURN_BITS = 32
STATE_BITS = 8
THREADS = 1 << 16
"""So many threads have a state."""

COUNT[TakeTurn] = 0


def state_of(store: Store, number: int) -> Location:
    """Where the state of a thread is kept."""
    return item_of(store.states, Field.DATA, number)


def taking(store: Store, number: int, turn: Term, was: Doing) -> tuple[Action, ...]:
    """What begins a slice of a thread, where the lock holds `turn`. Whom others resume is ready by then."""
    place = state_of(store, number)
    ready = Rmw(place, 1, Doing.READY, Doing.RUNNING)
    waited = was in (Doing.NONE, Doing.WAITING)
    return Rmw(value_of(store.turn), 1, turn, TAKEN), Write(Order.SEQCST, place, 1, Doing.RUNNING) if waited else ready


def may_take(turn: Term, number: int) -> Term:
    """Whether what the lock holds lets a thread begin a slice."""
    return apply("or", 1, _is(turn, FREE), _is(turn, TO + number))


def passing(store: Store, number: int, doing: Doing, to: Term = FREE) -> tuple[Action, ...]:
    """What ends a slice of a thread, which is in that state then."""
    turn = Write(Order.SEQCST, value_of(store.turn), 1, to)
    return turn, Write(Order.SEQCST, state_of(store, number), 1, doing)


def _is(turn: Term, value: int) -> Term:
    return apply("eq", 1, turn, value, arg_width=TURN_BITS)
