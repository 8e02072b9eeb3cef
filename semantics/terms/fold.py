"""Building terms: applications to literals are computed, and the identities that programs run into are used.

The rewriting keeps meaning (`evaluate` agrees before and after) and never grows a term.
"""

from __future__ import annotations

from semantics.terms.numerics import OPERATORS
from semantics.terms.term import App, Term

_COMMUTATIVE = frozenset(("add", "mul", "and", "or", "xor", "eq", "ne"))
_OPPOSITE = {
    "eq": "ne", "lt_u": "ge_u", "gt_u": "le_u", "lt_s": "ge_s", "gt_s": "le_s",
    "ne": "eq", "ge_u": "lt_u", "le_u": "gt_u", "ge_s": "lt_s", "le_s": "gt_s",
}  # fmt: skip
_SAME_OPERANDS = {
    "eq": 1, "le_u": 1, "ge_u": 1, "le_s": 1, "ge_s": 1,
    "ne": 0, "lt_u": 0, "gt_u": 0, "lt_s": 0, "gt_s": 0, "sub": 0, "xor": 0,
}  # fmt: skip
_ZERO_RIGHT_IS_LEFT = frozenset(("add", "sub", "or", "xor", "shl", "shr_u", "shr_s", "rotl", "rotr"))


def apply(op: str, width: int, *args: Term, arg_width: int | None = None) -> Term:
    """`op` applied to `args`, folded. `width` is that of the result, `arg_width` (default: the same) of the operands.

    Raises KeyError for an operator that `OPERATORS` does not list.
    """
    if arg_width is None:
        arg_width = width
    for arg in args:
        if arg.__class__ is not int:
            break
    else:
        return OPERATORS[op].function(arg_width, width, *args)
    if len(args) == 2:
        a, b = args
        if isinstance(a, int) and op in _COMMUTATIVE:
            a, b = b, a
        return _binary(op, width, arg_width, a, b)
    if len(args) == 1:
        return _unary(op, width, arg_width, args[0])
    if op == "ite":
        return _ite(width, *args)
    if op == "concat":
        return concat(*args, arg_width=arg_width)
    raise KeyError(op)


def negate(condition: Term) -> Term:
    """The negation of a condition (width 1)."""
    return _unary("not", 1, 1, condition)


def extract(term: Term, low: int, width: int) -> Term:
    """`width` bits of a term from bit `low` upwards. The bits must lie within the term."""
    if isinstance(term, int):
        return (term >> low) & ((1 << width) - 1)
    if low == 0 and width == term.width:
        return term
    if isinstance(term, App):
        op, args, inner = term.op, term.args, term.arg_width
        if op == "extract" and isinstance(args[1], int):
            return extract(args[0], low + args[1], width)
        if op == "concat":
            first, last = low // inner, (low + width - 1) // inner
            if first == last:
                return extract(args[first], low - first * inner, width)
            if low % inner == 0 and width % inner == 0:
                return concat(*args[first : last + 1], arg_width=inner)
        elif op in ("zext", "sext"):
            if low + width <= inner:
                return extract(args[0], low, width)
            if op == "zext" and low >= inner:
                return 0
            if low == 0:
                return apply(op, width, args[0], arg_width=inner)
        elif op in ("and", "or", "xor"):
            mask = args[1]
            if isinstance(mask, int):
                return apply(op, width, extract(args[0], low, width), extract(mask, low, width))
    return App("extract", (term, low), width, term.width)


def concat(*parts: Term, arg_width: int = 8) -> Term:
    """Parts of `arg_width` bits each (bytes by default), the least significant first."""
    if len(parts) == 1:
        return parts[0]
    value = 0
    for i, part in enumerate(parts):
        if not isinstance(part, int):
            break
        value |= part << (i * arg_width)
    else:
        return value
    whole = _whole(parts, arg_width)
    if whole is not None:
        return whole
    return App("concat", parts, len(parts) * arg_width, arg_width)


def _whole(parts: tuple[Term, ...], w: int) -> Term | None:
    """The term of which `parts` are consecutive pieces, if they are."""
    first = parts[0]
    if not (isinstance(first, App) and first.op == "extract"):
        return None
    origin, low = first.args
    if isinstance(low, int) and all(
        isinstance(p, App) and p.op == "extract" and p.args[1] == low + i * w and p.args[0] == origin
        for i, p in enumerate(parts)
    ):
        return extract(origin, low, len(parts) * w)
    return None


def _unary(op: str, width: int, arg_width: int, a: Term) -> Term:
    if isinstance(a, int):
        return OPERATORS[op].function(arg_width, width, a)
    if op in ("zext", "sext"):
        if width == arg_width:
            return a
        if isinstance(a, App) and a.op == "zext" and a.arg_width < a.width:
            return apply("zext", width, a.args[0], arg_width=a.arg_width)  # the sign bit of a zext is 0
        if isinstance(a, App) and a.op == op == "sext":
            return apply("sext", width, a.args[0], arg_width=a.arg_width)
    elif op == "not" and isinstance(a, App):
        if a.op == "not":
            return a.args[0]
        if a.op in _OPPOSITE:
            return App(_OPPOSITE[a.op], a.args, 1, a.arg_width)
    return App(op, (a,), width, arg_width)


def _binary(op: str, width: int, arg_width: int, a: Term, b: Term) -> Term:
    if a == b and op not in ("extract", "concat"):
        if op in _SAME_OPERANDS:
            return _SAME_OPERANDS[op]
        if op in ("and", "or"):
            return a
    if op == "concat":
        return concat(a, b, arg_width=arg_width)
    if isinstance(b, int):
        return extract(a, b, width) if op == "extract" else _literal_right(op, width, arg_width, a, b)
    return App(op, (a, b), width, arg_width)


def _literal_right(op: str, width: int, arg_width: int, a: Term, b: int) -> Term:
    """a op b where b is a literal and a is not."""
    ones = (1 << arg_width) - 1
    if op in ("eq", "ne") and isinstance(a, App):
        found = _compare_literal(op, a, b)
        if found is not None:
            return found
    if b == 0:
        if op in _ZERO_RIGHT_IS_LEFT:
            return a
        if op in ("and", "mul", "lt_u"):
            return 0
        if op == "ge_u":
            return 1
        if op == "gt_u":
            return apply("ne", 1, a, 0, arg_width=arg_width)
        if op == "le_u":
            return apply("eq", 1, a, 0, arg_width=arg_width)
    if b == ones:
        if op == "and":
            return a
        if op == "or":
            return ones
    if b == 1 and op in ("mul", "div_u", "div_s"):
        return a
    if op == "sub":
        op, b = "add", -b & ones  # so that chains of additions meet
    if op in ("add", "and", "or", "xor") and isinstance(a, App) and a.op == op:
        inner = a.args[1]
        if isinstance(inner, int):
            return _literal_right(op, width, arg_width, a.args[0], OPERATORS[op].function(arg_width, width, inner, b))
    if op == "and" and isinstance(a, App) and a.op in ("shl", "or"):
        found = _low_bits(a, b)
        if found is not None:
            return found
    return App(op, (a, b), width, arg_width)


def _low_bits(a: App, mask: int) -> int | None:
    """a & mask, where it is a literal: of fields that were packed into a word, the lowest."""
    left, right = a.args
    if not isinstance(right, int):
        return None
    if a.op == "shl":
        return None if mask >> (right % a.width) else 0
    rest = apply("and", a.width, left, mask)
    return rest | right & mask if isinstance(rest, int) else None


def _compare_literal(op: str, a: App, b: int) -> Term | None:
    """a = b or a != b for a literal b; None where nothing simpler is known."""
    if a.width == 1:
        return a if (op == "eq") == (b == 1) else negate(a)
    if a.op == "zext":
        if b >> a.arg_width:
            return int(op == "ne")
        return apply(op, 1, a.args[0], b, arg_width=a.arg_width)
    if a.op == "ite" and isinstance(a.args[1], int) and isinstance(a.args[2], int):
        return _ite(1, a.args[0], int((a.args[1] == b) == (op == "eq")), int((a.args[2] == b) == (op == "eq")))
    if a.op == "add" and isinstance(a.args[1], int):
        return apply(op, 1, a.args[0], (b - a.args[1]) & ((1 << a.width) - 1), arg_width=a.width)
    if a.op == "xor" and isinstance(a.args[1], int):
        return apply(op, 1, a.args[0], b ^ a.args[1], arg_width=a.width)
    return None


def _ite(width: int, condition: Term, a: Term, b: Term) -> Term:
    if isinstance(condition, int):
        return a if condition else b
    if a == b:
        return a
    if width == 1 and a == 1 and b == 0:
        return condition
    if width == 1 and a == 0 and b == 1:
        return negate(condition)
    if isinstance(condition, App) and condition.op == "not":
        return App("ite", (condition.args[0], b, a), width, width)
    return App("ite", (condition, a, b), width, width)
