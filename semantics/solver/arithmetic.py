"""Terms as z3 bit-vectors: what every operator of `semantics.terms.numerics.OPERATORS` means to z3.

Used where values are not tabulated (`bitvectors.py`), off the hot path; importing this module imports z3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3

from semantics.solver.floats import FLOAT_OPERATORS, truth
from semantics.terms import App, Sym, Term

BitVector = Any
"""A z3 bit-vector; z3 has no types of its own to check."""


class Translation:
    """Terms as z3 bit-vectors, each translated once; a symbol becomes a variable."""

    def __init__(self) -> None:
        """Nothing is translated yet."""
        self._known: dict[Term, BitVector] = {}

    def bits(self, term: Term, width: int) -> BitVector:
        """A term as a bit-vector; `width` is that of a literal."""
        todo = [term]
        while todo:  # terms share parts and may be deep: a table, no recursion
            part = todo[-1]
            missing = [a for a in _parts(part) if a not in self._known]
            if missing:
                todo += missing
                continue
            todo.pop()
            if isinstance(part, Sym):
                self._known[part] = z3.BitVec(f"s{part.id}", part.width)
            elif isinstance(part, App) and part not in self._known:
                self._known[part] = self._apply(part)
        return self._operand(term, width)

    def _operand(self, term: Term, width: int) -> BitVector:
        return z3.BitVecVal(term, width) if isinstance(term, int) else self._known[term]

    def _apply(self, term: App) -> BitVector:
        """An application, whose operands are known."""
        w, r, args = term.arg_width, term.width, term.args
        match term.op:
            case "ite":
                operands = [self._operand(a, width) for a, width in zip(args, (1, r, r), strict=True)]
            case "extract":
                operands = [self._operand(args[0], w), args[1]]
            case _:
                operands = [self._operand(a, w) for a in args]
        return OPERATORS[term.op](w, r, *operands)


def _parts(term: Term) -> list[Sym | App]:
    """The operands of a term that are no literals."""
    return [a for a in term.args if not isinstance(a, int)] if isinstance(term, App) else []


def _amount(w: int, b: BitVector) -> BitVector:
    """A shift's amount, modulo the width."""
    return z3.URem(b, z3.BitVecVal(w, w)) if w & (w - 1) else b & (w - 1)


def _ones(w: int, a: BitVector) -> BitVector:
    total = z3.BitVecVal(0, w)
    for i in range(w):
        total = total + z3.ZeroExt(w - 1, z3.Extract(i, i, a))
    return total


def _zeros(w: int, a: BitVector, *, leading: bool) -> BitVector:
    """The zero bits before the first one from the top or from the bottom."""
    result = z3.BitVecVal(w, w)
    for i in range(w) if leading else reversed(range(w)):
        at = z3.Extract(i, i, a) == 1
        result = z3.If(at, z3.BitVecVal(w - 1 - i if leading else i, w), result)
    return result


def _concat(_w: int, _r: int, *parts: BitVector) -> BitVector:
    return parts[0] if len(parts) == 1 else z3.Concat(*reversed(parts))


OPERATORS: dict[str, Callable[..., BitVector]] = {
    "add": lambda _w, _r, a, b: a + b,
    "sub": lambda _w, _r, a, b: a - b,
    "mul": lambda _w, _r, a, b: a * b,
    "div_s": lambda _w, _r, a, b: a / b,
    "div_u": lambda _w, _r, a, b: z3.UDiv(a, b),
    "rem_s": lambda _w, _r, a, b: z3.SRem(a, b),
    "rem_u": lambda _w, _r, a, b: z3.URem(a, b),
    "and": lambda _w, _r, a, b: a & b,
    "or": lambda _w, _r, a, b: a | b,
    "xor": lambda _w, _r, a, b: a ^ b,
    "not": lambda _w, _r, a: ~a,
    "shl": lambda w, _r, a, b: a << _amount(w, b),
    "shr_u": lambda w, _r, a, b: z3.LShR(a, _amount(w, b)),
    "shr_s": lambda w, _r, a, b: a >> _amount(w, b),
    "rotl": lambda w, _r, a, b: z3.RotateLeft(a, _amount(w, b)),
    "rotr": lambda w, _r, a, b: z3.RotateRight(a, _amount(w, b)),
    "clz": lambda w, _r, a: _zeros(w, a, leading=True),
    "ctz": lambda w, _r, a: _zeros(w, a, leading=False),
    "popcnt": lambda w, _r, a: _ones(w, a),
    "eq": lambda _w, _r, a, b: truth(a == b),
    "ne": lambda _w, _r, a, b: truth(a != b),
    "lt_u": lambda _w, _r, a, b: truth(z3.ULT(a, b)),
    "gt_u": lambda _w, _r, a, b: truth(z3.UGT(a, b)),
    "le_u": lambda _w, _r, a, b: truth(z3.ULE(a, b)),
    "ge_u": lambda _w, _r, a, b: truth(z3.UGE(a, b)),
    "lt_s": lambda _w, _r, a, b: truth(a < b),
    "gt_s": lambda _w, _r, a, b: truth(a > b),
    "le_s": lambda _w, _r, a, b: truth(a <= b),
    "ge_s": lambda _w, _r, a, b: truth(a >= b),
    "zext": lambda w, r, a: z3.ZeroExt(r - w, a),
    "sext": lambda w, r, a: z3.SignExt(r - w, a),
    "extract": lambda _w, r, a, low: z3.Extract(low + r - 1, low, a),
    "concat": _concat,
    "ite": lambda _w, _r, c, a, b: z3.If(c == 1, a, b),
    **FLOAT_OPERATORS,
}
"""Name -> function (arg_width, width, *operands): the table of `semantics.terms.numerics` on bit-vectors. The low bit
of extract is a number."""
