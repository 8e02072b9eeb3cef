"""Operators on z3 bit-vectors mean what they mean on numbers: corner cases and random operands, for every operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from random import Random
from typing import Any, NamedTuple

import pytest
import z3

from semantics.solver import arithmetic, floats
from semantics.solver.arithmetic import Translation
from semantics.terms import App, Sym, Term, evaluate
from semantics.terms.floats import F32, F64, FORMATS, Format
from semantics.terms.numerics import OPERATORS
from tests.semantics.terms.test_terms import SYMS, number, pair

WIDTHS = (8, 16, 32, 64)
COMPARISONS = ("eq", "ne", "lt", "gt", "le", "ge")


class Signature(NamedTuple):
    """Widths at which an operator is used: of its result, of its operands (`arg_width`), of each operand."""

    width: int
    arg_width: int
    operands: tuple[int, ...]


def signatures(op: str) -> list[Signature]:
    """The signatures at which the semantics applies an operator."""
    match op:
        case "ite":
            return [Signature(w, w, (1, w, w)) for w in (1, *WIDTHS)]
        case "concat":
            return [Signature(8 * n, 8, (8,) * n) for n in (1, 2, 3, 8)]
        case "extract":
            return [Signature(8, w, (w,)) for w in WIDTHS]
        case "zext" | "sext":
            return [Signature(r, w, (w,)) for w in (1, *WIDTHS) for r in WIDTHS if w < r]
    arity = OPERATORS[op].arity
    assert arity is not None
    if "." not in op:
        compares = op.rpartition("_")[0] in COMPARISONS or op in COMPARISONS
        widths = (1, *WIDTHS) if op in ("and", "or", "xor", "not", "eq", "ne") else WIDTHS
        return [Signature(1 if compares else w, w, (w,) * arity) for w in widths]
    target, _, name = op.partition(".")
    w = int(target[1:])
    source = next((int(part[1:]) for part in name.split("_")[1:] if part[1:].isdigit()), w)
    return [Signature(1 if name in COMPARISONS else w, source, (source,) * arity)]


def special(form: Format) -> list[int]:
    """Bit patterns of a format whose every combination is tried; both signs of each."""
    inf = form.infinity
    found = [0, 1, inf - 1, inf, form.canonical, form.canonical | 5, inf | 0x123, form.bits(1.0)]
    return [x | sign for x in found for sign in (0, form.sign)]


def corners(form: Format) -> list[int]:
    """Bit patterns of a format around which its operators change what they do; both signs of each."""
    least_normal = 1 << (form.precision - 1)
    around = [0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 2.0**23, 2.0**24, 2.0**52, 2.0**53]
    limits = [2.0**k for k in (31, 32, 63, 64, 127, 128, -126, -149, -150)]
    near = [form.bits(x) + k for x in (*around, *limits) for k in (-1, 0, 1)]
    found = [x | sign for x in (2, least_normal - 1, least_normal, *near) if x >= 0 for sign in (0, form.sign)]
    return sorted({*special(form), *found})


def integers(width: int) -> list[int]:
    """Integers of a width around which operators change what they do."""
    top = 1 << width
    around = (0, width, top // 2, top, 1 << 24, 1 << 53, 0x80000080_00000000)
    return sorted({(x + k) % top for x in around for k in (-1, 0, 1)})


def operands(op: str, signature: Signature, rng: Random, most: int) -> Iterator[tuple[int, ...]]:
    """Operands to try: every combination of special ones, then `most` from corner cases and at random."""
    on_floats = (op.startswith("f") and "convert" not in op) or "trunc_sat" in op
    if on_floats:
        yield from product(*(special(FORMATS[w]) for w in signature.operands))
    columns = [corners(FORMATS[w]) if on_floats else integers(w) for w in signature.operands]
    if len(columns) == 1:
        yield from product(*columns)
    for _ in range(most):
        drawn = zip(signature.operands, columns, strict=True)
        yield tuple(rng.choice((rng.choice(column), rng.randrange(1 << w))) for w, column in drawn)


def application(op: str, signature: Signature, rng: Random) -> tuple[App, list[Sym]]:
    """The operator applied to symbols, not folded."""
    names = [Sym(i, w) for i, w in enumerate(signature.operands)]
    args: tuple[Term, ...] = tuple(names)
    if op == "extract":
        args = (*names, rng.randrange(signature.arg_width - signature.width + 1))
    return App(op, args, signature.width, signature.arg_width), names


def variable(symbol: Sym) -> Any:
    """The z3 variable of a symbol."""
    return z3.BitVec(f"s{symbol.id}", symbol.width)


def differs(op: str, most: int = 150) -> str | None:
    """Operands on which z3 computes something else than `evaluate`; None where none are found."""
    rng = Random(op)
    for signature in signatures(op):
        term, names = application(op, signature, rng)
        symbolic = Translation().bits(term, signature.width)
        for values in operands(op, signature, rng, most):
            expected = evaluate(term, dict(zip(names, values, strict=True)))
            pinned = [(variable(s), z3.BitVecVal(v, s.width)) for s, v in zip(names, values, strict=True)]
            found = z3.simplify(z3.substitute(symbolic, *pinned))
            if not z3.is_bv_value(found) or found.size() != term.width or found.as_long() != expected:
                return f"{op}({', '.join(map(hex, values))}) at {signature} = {expected:#x}, not {found}"
    return None


def circuit_differs(op: str, most: int) -> str | None:
    """As `differs`, but decided by the solver on the circuit of the operator, made before the operands are known."""
    rng = Random(op)
    for signature in signatures(op):
        term, names = application(op, signature, rng)
        result = z3.BitVec("result", term.width)
        solver = z3.Solver()
        solver.add(result == Translation().bits(term, term.width))
        for values in rng.sample(list(operands(op, signature, rng, 150)), most):
            expected = evaluate(term, dict(zip(names, values, strict=True)))
            pinned = [variable(s) == v for s, v in zip(names, values, strict=True)]
            if solver.check(*pinned, result != expected) != z3.unsat:
                return f"{op}({', '.join(map(hex, values))}) at {signature} = {expected:#x}"
            assert solver.check(*pinned) == z3.sat
    return None


def test_every_operator_has_a_meaning() -> None:
    assert arithmetic.OPERATORS.keys() == OPERATORS.keys()
    assert all(signatures(op) for op in OPERATORS)


@pytest.mark.parametrize("op", OPERATORS)
def test_meanings_agree(op: str) -> None:
    assert differs(op) is None


COSTLY = ("f64.sqrt", "f64.div", "f32.sqrt", "f32.div")


@pytest.mark.parametrize("op", [pytest.param(op, marks=pytest.mark.slow) if op in COSTLY else op for op in OPERATORS])
def test_circuits_agree(op: str) -> None:
    assert circuit_differs(op, 3) is None


def test_composed_terms_agree() -> None:
    rng = Random(5)
    pins = {s: number(rng, s.width) for s in SYMS.values()}
    substitution = [(variable(s), z3.BitVecVal(v, s.width)) for s, v in pins.items()]
    for _ in range(200):
        term = pair(rng, rng.choice((1, *WIDTHS)))[0]
        width = 64 if isinstance(term, int) else term.width
        found = z3.simplify(z3.substitute(Translation().bits(term, width), *substitution))
        assert found.as_long() == evaluate(term, pins)


def test_deep_terms_are_translated() -> None:
    x = Sym(1, 32)
    term: Term = x
    for _ in range(2000):
        term = App("add", (term, x), 32, 32)
    assert Translation().bits(term, 32).size() == 32


# -- the property can fail

Operator = Callable[..., Any]


def unguarded(integer: Callable[..., Any]) -> Operator:
    return lambda _w, r, a: integer(z3.RTZ(), z3.fpBVToFP(a, z3.Float32()), z3.BitVecSort(r))


def on_numbers(function: Callable[..., Any]) -> Operator:
    """An operator on binary32 whose NaN results are as z3 likes them."""
    return lambda _w, _r, *args: z3.fpToIEEEBV(function(*(z3.fpBVToFP(a, z3.Float32()) for a in args)))


BROKEN: dict[str, tuple[str, Operator]] = {
    "min of two zeros is either": ("f32.min", floats._extremum(F32, z3.fpLT, lambda a, b: b)),
    "max of two zeros is either": ("f32.max", floats._extremum(F32, z3.fpGT, lambda a, b: a)),
    "min as in z3": ("f32.min", on_numbers(z3.fpMin)),
    "NaNs as in z3": ("f32.add", on_numbers(lambda a, b: z3.fpAdd(z3.RNE(), a, b))),
    "ties away from 0": ("f64.nearest", floats._integral(F64, z3.RNA)),
    "rounding towards 0": ("f32.mul", floats._rounded(F32, lambda _mode, a, b: z3.fpMul(z3.RTZ(), a, b))),
    "twice rounded": (
        "f32.convert_i64_u",
        lambda w, r, a: floats._resize(F64, F32)(64, r, floats._convert(F64, False)(w, 64, a)),
    ),
    "truncation does not saturate": ("i32.trunc_sat_f32_s", unguarded(z3.fpToSBV)),
    "unsigned truncation does not saturate": ("i64.trunc_sat_f32_u", unguarded(z3.fpToUBV)),
    "a NaN is equal to itself": ("f32.eq", lambda _w, _r, a, b: floats.truth(a == b)),
    "demote forgets payloads": (
        "f32.demote_f64",
        lambda _w, _r, a: z3.fpToIEEEBV(z3.fpFPToFP(z3.RNE(), z3.fpBVToFP(a, z3.Float64()), z3.Float32())),
    ),
    "shift beyond the width": ("shl", lambda _w, _r, a, b: a << b),
    "remainder with the sign of the divisor": ("rem_s", lambda _w, _r, a, b: a % b),
    "unsigned quotient": ("div_s", lambda _w, _r, a, b: z3.UDiv(a, b)),
}


@pytest.mark.parametrize("defect", BROKEN)
def test_a_wrong_meaning_is_noticed(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, wrong = BROKEN[defect]
    monkeypatch.setitem(arithmetic.OPERATORS, op, wrong)
    assert differs(op) is not None
