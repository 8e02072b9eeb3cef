"""What table.grow (Fig. 6) and memory.grow (Fig. 9) have in common. Growth honours the maximum (DEC 25)."""

from __future__ import annotations

from collections.abc import Callable

from semantics.reduction.access import LENGTH_BITS, concrete, item_of, length_of, read_length
from semantics.reduction.registry import Oracle
from semantics.runtime.actions import Action, Field, Payload, Rmw, Write
from semantics.runtime.configuration import Step, Value
from semantics.syntax.types import I32, Order
from semantics.terms import Term, apply, negate

FAILED = Value(I32, 2**32 - 1)


def _granted(oracle: Oracle) -> Term:
    """Whether a growth that may succeed does: the environment's choice, unless the profile settles it."""
    return 1 if oracle.profile.growth == "granted" else oracle.choice()


def failing(oracle: Oracle, address: int, count: Term, unit: int, limit: int) -> Step | None:
    """-->(rd_seqcst a.len n)  i32.const (-1); `count` and `limit` are in steps of `unit` units of the region.

    Where growth is possible the oracle chooses whether it fails.
    """
    room = (limit - concrete(count)) * unit
    length = read_length(oracle, address, Order.SEQCST)
    full: Term = 1 if room < 0 else apply("gt_u", 1, length.value, room, arg_width=LENGTH_BITS)
    if full == 1:
        return Step((FAILED,), None, (length,))
    refused = apply("or", 1, full, negate(_granted(oracle)))
    return None if refused == 0 else Step((FAILED,), None, (length,), (refused,))


def growing(
    oracle: Oracle,
    address: int,
    field: Field,
    count: Term,
    unit: int,
    limit: int,
    fresh: Callable[[int], Payload],
) -> tuple[Step, ...]:
    """-->(rmw a.len n (n+k)) (wr a.field[n] fresh)  i32.const n/unit, once for every possible old length n."""
    units = concrete(count) * unit
    location = length_of(address)
    steps = []
    for n in oracle.possible(location):
        if n + units > limit * unit:
            continue
        allowed = _granted(oracle)
        if allowed == 0:
            continue
        old = oracle.read(location, 1, LENGTH_BITS)
        actions: tuple[Action, ...] = (Rmw(location, 1, old, n + units),)
        if units:
            actions += (Write(Order.UNORD, item_of(address, field, n), units, fresh(units)),)
        same = apply("eq", 1, old, n, arg_width=LENGTH_BITS)
        steps.append(Step((Value(I32, n // unit),), None, actions, (same, allowed)))
    return tuple(steps)
