"""Operators on bit patterns: the one table that folding, evaluation and the solver's encoding share.

Every function takes the width of its operands, the width of its result, then the operands as unsigned bit
patterns, and returns an unsigned bit pattern of the result's width. All are total: division by zero and overflow
are as in SMT-LIB's bit-vectors; the reduction rules keep them out of reach with side conditions. Those on floats
(`floats.py`) are named after their instructions, as f32.add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from semantics.terms.floats import FLOAT_OPERATORS
from semantics.terms.term import App, Sym, Term


class Operator(NamedTuple):
    """An operator: number of operands (None: any), its function (arg_width, width, *args) -> int, its meaning."""

    arity: int | None
    function: Callable[..., int]
    doc: str


def signed(value: int, width: int) -> int:
    """The two's complement reading of a bit pattern."""
    return value - (1 << width) if value >> (width - 1) & 1 else value


def _div_s(w: int, _r: int, a: int, b: int) -> int:
    x, y = signed(a, w), signed(b, w)
    if y == 0:
        return 1 if x < 0 else (1 << w) - 1
    quotient = abs(x) // abs(y)
    return (quotient if (x < 0) == (y < 0) else -quotient) & ((1 << w) - 1)


def _rem_s(w: int, _r: int, a: int, b: int) -> int:
    x, y = signed(a, w), signed(b, w)
    if y == 0:
        return a
    remainder = abs(x) % abs(y)
    return (-remainder if x < 0 else remainder) & ((1 << w) - 1)


def _rotl(w: int, _r: int, a: int, b: int) -> int:
    k = b % w
    return ((a << k) | (a >> (w - k))) & ((1 << w) - 1)


def _concat(w: int, _r: int, *parts: int) -> int:
    return sum(part << (w * i) for i, part in enumerate(parts))


OPERATORS: dict[str, Operator] = {
    "add": Operator(2, lambda w, _r, a, b: (a + b) & ((1 << w) - 1), "sum modulo 2^w"),
    "sub": Operator(2, lambda w, _r, a, b: (a - b) & ((1 << w) - 1), "difference modulo 2^w"),
    "mul": Operator(2, lambda w, _r, a, b: (a * b) & ((1 << w) - 1), "product modulo 2^w"),
    "div_s": Operator(2, _div_s, "signed quotient, truncated; x/0 = 1 if x < 0 else -1"),
    "div_u": Operator(2, lambda w, _r, a, b: a // b if b else (1 << w) - 1, "unsigned quotient; x/0 = 2^w - 1"),
    "rem_s": Operator(2, _rem_s, "signed remainder, sign of the dividend; x rem 0 = x"),
    "rem_u": Operator(2, lambda _w, _r, a, b: a % b if b else a, "unsigned remainder; x rem 0 = x"),
    "and": Operator(2, lambda _w, _r, a, b: a & b, "bitwise and"),
    "or": Operator(2, lambda _w, _r, a, b: a | b, "bitwise or"),
    "xor": Operator(2, lambda _w, _r, a, b: a ^ b, "bitwise exclusive or"),
    "not": Operator(1, lambda w, _r, a: a ^ ((1 << w) - 1), "bitwise complement; negation at width 1"),
    "shl": Operator(2, lambda w, _r, a, b: (a << (b % w)) & ((1 << w) - 1), "shift left by b mod w"),
    "shr_u": Operator(2, lambda w, _r, a, b: a >> (b % w), "logical shift right by b mod w"),
    "shr_s": Operator(
        2, lambda w, _r, a, b: (signed(a, w) >> (b % w)) & ((1 << w) - 1), "arithmetic shift right by b mod w"
    ),
    "rotl": Operator(2, _rotl, "rotation left by b mod w"),
    "rotr": Operator(2, lambda w, r, a, b: _rotl(w, r, a, -b), "rotation right by b mod w"),
    "clz": Operator(1, lambda w, _r, a: w - a.bit_length(), "leading zero bits; w for 0"),
    "ctz": Operator(1, lambda w, _r, a: (a & -a).bit_length() - 1 if a else w, "trailing zero bits; w for 0"),
    "popcnt": Operator(1, lambda _w, _r, a: a.bit_count(), "number of one bits"),
    "eq": Operator(2, lambda _w, _r, a, b: int(a == b), "a = b"),
    "ne": Operator(2, lambda _w, _r, a, b: int(a != b), "a != b"),
    "lt_u": Operator(2, lambda _w, _r, a, b: int(a < b), "a < b, unsigned"),
    "gt_u": Operator(2, lambda _w, _r, a, b: int(a > b), "a > b, unsigned"),
    "le_u": Operator(2, lambda _w, _r, a, b: int(a <= b), "a <= b, unsigned"),
    "ge_u": Operator(2, lambda _w, _r, a, b: int(a >= b), "a >= b, unsigned"),
    "lt_s": Operator(2, lambda w, _r, a, b: int(signed(a, w) < signed(b, w)), "a < b, signed"),
    "gt_s": Operator(2, lambda w, _r, a, b: int(signed(a, w) > signed(b, w)), "a > b, signed"),
    "le_s": Operator(2, lambda w, _r, a, b: int(signed(a, w) <= signed(b, w)), "a <= b, signed"),
    "ge_s": Operator(2, lambda w, _r, a, b: int(signed(a, w) >= signed(b, w)), "a >= b, signed"),
    "zext": Operator(1, lambda _w, _r, a: a, "zero extension from arg_width to width"),
    "sext": Operator(1, lambda w, r, a: signed(a, w) & ((1 << r) - 1), "sign extension from arg_width to width"),
    "extract": Operator(
        2, lambda _w, r, a, low: (a >> low) & ((1 << r) - 1), "`width` bits from bit `low` (a literal) upwards"
    ),
    "concat": Operator(None, _concat, "operands of arg_width bits each, the least significant first"),
    "ite": Operator(3, lambda _w, _r, c, a, b: a if c else b, "a if the condition c (width 1) holds, else b"),
    **{name: Operator(*row) for name, row in FLOAT_OPERATORS.items()},
}
"""Name -> operator. Operands have `arg_width` bits, but for the low bit of extract and the condition of ite."""


def evaluate(term: Term, env: Mapping[Sym, int]) -> int:
    """The value of a term where `env` gives its symbols. Raises KeyError for a symbol without a value."""
    if isinstance(term, int):
        return term
    if isinstance(term, Sym):
        return env[term]
    return _evaluate(term, env, {})


def _evaluate(term: App, env: Mapping[Sym, int], known: dict[int, int]) -> int:
    todo = [term]
    while todo:  # terms share parts and may be deep: a table, no recursion
        part = todo[-1]
        missing = [a for a in part.args if isinstance(a, App) and id(a) not in known]
        if missing:
            todo += missing
            continue
        todo.pop()
        if id(part) not in known:
            args = [a if isinstance(a, int) else env[a] if isinstance(a, Sym) else known[id(a)] for a in part.args]
            known[id(part)] = OPERATORS[part.op].function(part.arg_width, part.width, *args)
    return known[id(term)]
