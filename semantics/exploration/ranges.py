"""Values that the operators of a term leave, whatever its symbols are: masked indices, remainders, narrow reads."""

from __future__ import annotations

from itertools import product
from math import prod

from semantics.terms import App, Term
from semantics.terms.numerics import OPERATORS

FEW = 256
"""At most so many values are listed."""

DEPTH = 8
"""Operators that are looked into, one below the other."""


def possible_values(term: Term, depth: int = DEPTH) -> frozenset[int] | None:
    """All values of a term over all values of its symbols; None where there may be more than `FEW`."""
    if isinstance(term, int):
        return frozenset((term,))
    if 1 << term.width <= FEW:
        return frozenset(range(1 << term.width))
    if not isinstance(term, App) or depth == 0:
        return None
    last = term.args[-1]
    if term.op == "and" and isinstance(last, int) and 1 << last.bit_count() <= FEW:
        return _submasks(last)
    if term.op == "rem_u" and isinstance(last, int) and 0 < last <= FEW:
        return frozenset(range(last))
    parts = [possible_values(a, depth - 1) for a in term.args]
    known = [p for p in parts if p is not None]
    if len(known) < len(parts) or prod(map(len, known)) > FEW * FEW:
        return None
    function = OPERATORS[term.op].function
    values = frozenset(function(term.arg_width, term.width, *choice) for choice in product(*known))
    return values if len(values) <= FEW else None


def _submasks(mask: int) -> frozenset[int]:
    """All numbers whose bits are among those of `mask`."""
    found = {0}
    for bit in range(mask.bit_length()):
        if mask >> bit & 1:
            found |= {value | 1 << bit for value in found}
    return frozenset(found)
