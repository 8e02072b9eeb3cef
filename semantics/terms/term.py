"""The three forms of a term."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Sym:
    """A symbol of `width` bits. `id` identifies it within one event structure; `hint` is for people."""

    id: int
    width: int
    hint: str = ""

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sym) and other.id == self.id)


@dataclass(frozen=True, slots=True)
class App:
    """`op` applied to `args`; `width` is that of the result, `arg_width` that of the operands.

    Operators are listed in `semantics.terms.numerics.OPERATORS`.
    """

    op: str
    args: tuple[Term, ...]
    width: int
    arg_width: int


Term = int | Sym | App


@lru_cache(maxsize=65536)
def symbols(term: Term) -> frozenset[Sym]:
    """The symbols that occur in a term."""
    if isinstance(term, int):
        return frozenset()
    if isinstance(term, Sym):
        return frozenset((term,))
    return frozenset().union(*(symbols(a) for a in term.args))
