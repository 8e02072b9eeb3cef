"""Terms: folding keeps the meaning, the operators are those of the standard."""

from __future__ import annotations

import copy
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantics.terms import App, Sym, Term, apply, concat, evaluate, extract, negate, symbols
from semantics.terms.numerics import OPERATORS, signed

WIDTHS = (8, 16, 32, 64)
BINARY = (
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor",
    "shl", "shr_s", "shr_u", "rotl", "rotr",
)  # fmt: skip
COMPARISONS = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
UNARY = ("clz", "ctz", "popcnt", "not")
SYMS = {(w, i): Sym(100 * w + i, w) for w in (1, *WIDTHS) for i in range(2)}


def interesting(width: int) -> st.SearchStrategy[int]:
    top = 1 << width
    return st.one_of(
        st.sampled_from([0, 1, 2, width - 1, width, top - 1, top // 2, top // 2 - 1]), st.integers(0, top - 1)
    ).map(lambda v: v % top)


def raw(op: str, width: int, arg_width: int, *args: Term) -> Term:
    """The application as it is, not folded."""
    return App(op, args, width, arg_width)


def pair(rng: random.Random, width: int, depth: int = 4) -> tuple[Term, Term]:
    """A random term built without folding, and the same one built with it."""
    shapes = ["leaf", "leaf"]
    if depth:
        shapes += ["ite", "extend", "extract", "binary", "binary", "unary"]
        shapes += ["compare"] * 4 if width == 1 else ["concat"] if width > 8 else []

    def part(w: int) -> tuple[Term, Term]:
        return pair(rng, w, depth - 1)

    shape = rng.choice(shapes)
    wider = [w for w in WIDTHS if w > width]
    narrower = [w for w in (1, *WIDTHS) if w < width]
    if shape == "binary":
        return both(rng.choice(BINARY if width > 1 else ("and", "or", "xor")), width, width, (part(width), part(width)))
    if shape == "unary":
        return both(rng.choice(UNARY if width > 1 else ("not",)), width, width, (part(width),))
    if shape == "ite":
        return both("ite", width, width, (part(1), part(width), part(width)))
    if shape == "compare":
        w = rng.choice(WIDTHS)
        left = part(w)
        return both(rng.choice(COMPARISONS), 1, w, (left, left if rng.random() < 0.1 else part(w)))
    if shape == "extend" and narrower:
        w = rng.choice(narrower)
        return both(rng.choice(("zext", "sext")), width, w, (part(w),))
    if shape == "extract" and wider:
        w = rng.choice(wider)
        low = rng.choice([k for k in range(w - width + 1) if k % 8 == 0 or rng.random() < 0.1])
        return both("extract", width, w, (part(w), (low, low)))
    if shape == "concat":
        whole = part(width)
        if rng.random() < 0.3:
            cut = [both("extract", 8, width, (whole, (k, k))) for k in range(0, width, 8)]
            return both("concat", width, 8, tuple(cut))
        return both("concat", width, 8, tuple(part(8) for _ in range(width // 8)))
    term: Term = rng.choice([SYMS[width, 0], SYMS[width, 1], number(rng, width)])
    return term, term


def number(rng: random.Random, width: int) -> int:
    top = 1 << width
    return rng.choice([0, 1, 2, width - 1, width, top - 1, top // 2, top // 2 - 1, rng.randrange(top)]) % top


def both(op: str, width: int, arg_width: int, args: tuple[tuple[Term, Term], ...]) -> tuple[Term, Term]:
    return raw(op, width, arg_width, *(a for a, _ in args)), apply(
        op, width, *(b for _, b in args), arg_width=arg_width
    )


def size(term: Term) -> int:
    return 1 + sum(map(size, term.args)) if isinstance(term, App) else 1


@given(st.integers(0, 2**32))
@settings(max_examples=500, deadline=None)
def test_folding_keeps_the_meaning(seed: int) -> None:
    rng = random.Random(seed)
    plain, folded = pair(rng, rng.choice((1, *WIDTHS)))
    for _ in range(4):
        env = {s: number(rng, s.width) for s in SYMS.values()}
        assert evaluate(folded, env) == evaluate(plain, env)
    assert symbols(folded) <= symbols(plain)
    assert size(folded) <= size(plain)


@given(st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_negation_and_extraction(seed: int) -> None:
    rng = random.Random(seed)
    width = rng.choice((1, *WIDTHS))
    term = pair(rng, width)[1]
    env = {s: number(rng, s.width) for s in SYMS.values()}
    value = evaluate(term, env)
    low = rng.randrange(width)
    taken = rng.randint(1, width - low)
    assert evaluate(extract(term, low, taken), env) == (value >> low) % (1 << taken)
    if width == 1:
        assert evaluate(negate(term), env) == 1 - value


def plain_binary(op: str, w: int, a: int, b: int) -> int | None:
    """The standard's definition, by other means; None where it traps."""
    x, y = signed(a, w), signed(b, w)
    bits = [a >> i & 1 for i in range(w)]
    k = b % w

    def pattern(found: list[int]) -> int:
        return sum(bit << i for i, bit in enumerate(found))

    match op:
        case "add" | "sub" | "mul" | "and" | "or" | "xor":
            exact = {"add": a + b, "sub": a - b, "mul": a * b, "and": a & b, "or": a | b, "xor": a ^ b}[op]
            return exact % 2**w
        case "div_u":
            return None if b == 0 else next(q for q in (a // b,) if q * b <= a < (q + 1) * b)
        case "rem_u":
            return None if b == 0 else a - b * (a // b)
        case "div_s" | "rem_s":
            if y == 0 or (op == "div_s" and (x, y) == (-(2 ** (w - 1)), -1)):
                return None
            quotient = (-1 if (x < 0) != (y < 0) else 1) * (abs(x) // abs(y))
            return (quotient if op == "div_s" else x - y * quotient) % 2**w
        case "shl":
            return pattern([0] * k + bits[: w - k])
        case "shr_u":
            return pattern(bits[k:] + [0] * k)
        case "shr_s":
            return pattern(bits[k:] + [bits[-1]] * k)
        case "rotl":
            return pattern(bits[w - k :] + bits[: w - k])
        case "rotr":
            return pattern(bits[k:] + bits[:k])
    raise AssertionError(op)


@pytest.mark.parametrize("op", BINARY)
@given(st.sampled_from(WIDTHS).flatmap(lambda w: st.tuples(st.just(w), interesting(w), interesting(w))))
@settings(max_examples=60, deadline=None)
def test_binary_operators_are_the_standards(op: str, case: tuple[int, int, int]) -> None:
    width, a, b = case
    expected = plain_binary(op, width, a, b)
    if expected is not None:
        assert apply(op, width, a, b) == expected


@pytest.mark.parametrize("op", COMPARISONS)
@given(st.sampled_from(WIDTHS).flatmap(lambda w: st.tuples(st.just(w), interesting(w), interesting(w))))
@settings(max_examples=40, deadline=None)
def test_comparisons_are_the_standards(op: str, case: tuple[int, int, int]) -> None:
    width, a, b = case
    if op.endswith("_s"):
        half = 1 << (width - 1)  # order-preserving shift from signed to unsigned
        a_, b_ = (a + half) % (2 * half), (b + half) % (2 * half)
    else:
        a_, b_ = a, b
    expected = {"eq": a_ == b_, "ne": a_ != b_, "lt": a_ < b_, "gt": a_ > b_, "le": a_ <= b_, "ge": a_ >= b_}[op[:2]]
    assert apply(op, 1, a, b, arg_width=width) == int(expected)


@given(st.sampled_from(WIDTHS).flatmap(lambda w: st.tuples(st.just(w), interesting(w))))
@settings(max_examples=100, deadline=None)
def test_bit_counting_and_extension(case: tuple[int, int]) -> None:
    width, a = case
    digits = format(a, f"0{width}b")
    assert apply("clz", width, a) == len(digits) - len(digits.lstrip("0"))
    assert apply("ctz", width, a) == len(digits) - len(digits.rstrip("0"))
    assert apply("popcnt", width, a) == digits.count("1")
    assert apply("zext", 64, a, arg_width=width) == a
    assert apply("sext", 64, a, arg_width=width) == int(digits[0] * (64 - width) + digits, 2)


x, y = SYMS[32, 0], SYMS[32, 1]
c = apply("lt_u", 1, x, y, arg_width=32)
b0 = Sym(1, 8)
b1 = Sym(2, 8)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (apply("add", 32, x, 0), x),
        (apply("add", 32, 0, x), x),
        (apply("add", 32, apply("add", 32, x, 5), 2**32 - 5), x),
        (apply("and", 32, x, 0), 0),
        (apply("or", 32, x, 0), x),
        (apply("and", 32, apply("shl", 32, x, 2), 3), 0),
        (apply("and", 32, apply("shl", 32, x, 32), 3), raw("and", 32, 32, raw("shl", 32, 32, x, 32), 3)),
        (apply("and", 32, apply("or", 32, apply("shl", 32, x, 2), 5), 3), 1),
        (apply("xor", 32, x, x), 0),
        (apply("eq", 1, x, x, arg_width=32), 1),
        (apply("ne", 1, apply("zext", 32, c, arg_width=1), 0, arg_width=32), c),
        (apply("eq", 1, apply("zext", 32, c, arg_width=1), 0, arg_width=32), negate(c)),
        (apply("eq", 1, apply("zext", 32, c, arg_width=1), 2, arg_width=32), 0),
        (negate(negate(c)), c),
        (negate(c), App("ge_u", (x, y), 1, 32)),
        (extract(concat(b0, b1), 8, 8), b1),
        (extract(apply("zext", 64, x, arg_width=32), 0, 32), x),
        (extract(apply("zext", 64, x, arg_width=32), 32, 8), 0),
        (extract(extract(x, 8, 16), 8, 8), extract(x, 16, 8)),
        (concat(extract(x, 0, 8), extract(x, 8, 8), extract(x, 16, 8), extract(x, 24, 8)), x),
        (concat(1, 2), 0x201),
        (apply("ite", 32, c, x, x), x),
        (apply("ite", 32, 0, x, y), y),
        (apply("eq", 1, apply("ite", 32, c, 3, 4), 4, arg_width=32), negate(c)),
        (apply("ne", 1, apply("ite", 32, c, 3, 4), 5, arg_width=32), 1),
    ],
)
def test_identities(found: Term, expected: Term) -> None:
    assert found == expected


def test_terms_compare_by_structure() -> None:
    again = apply("lt_u", 1, Sym(x.id, 32), Sym(y.id, 32), arg_width=32)
    assert again == c
    assert hash(again) == hash(c)
    assert again is not c
    assert c != apply("lt_u", 1, y, x, arg_width=32)
    assert pickle.loads(pickle.dumps(c)) == copy.deepcopy(c) == c


def test_shared_parts_are_evaluated_once() -> None:
    term: Term = x
    for _ in range(200):  # a tree of 2^200 leaves
        term = apply("mul", 32, term, term)
    assert evaluate(term, {x: 3}) == pow(3, 2**200, 2**32)


def test_every_operator_says_what_it_means() -> None:
    assert all(operator.doc for operator in OPERATORS.values())
    with pytest.raises(KeyError):
        apply("nand", 32, 1, 2)
    with pytest.raises(KeyError):
        evaluate(x, {})
