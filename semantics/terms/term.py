"""The three forms of a term."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Sym:
    """A symbol of `width` bits. `id` identifies it within one event structure; `hint` is for people.

    The width takes part in equality: caches of terms outlive a structure, and the next one gives ids anew.
    """

    id: int
    width: int
    hint: str = ""

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sym) and other.id == self.id and other.width == self.width)


@dataclass(frozen=True, slots=True, eq=False)
class App:
    """`op` applied to `args`; `width` is that of the result, `arg_width` that of the operands.

    Operators are listed in `semantics.terms.numerics.OPERATORS`. Terms share parts: the hash is computed once.
    """

    op: str
    args: tuple[Term, ...]
    width: int
    arg_width: int
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.op, self.args, self.width, self.arg_width)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, App)
            and self._hash == other._hash
            and self.op == other.op
            and self.width == other.width
            and self.arg_width == other.arg_width
            and self.args == other.args
        )

    def __reduce__(self) -> tuple[type[App], tuple[str, tuple[Term, ...], int, int]]:
        # hashes of strings differ between processes: build anew
        return App, (self.op, self.args, self.width, self.arg_width)


Term = int | Sym | App


@lru_cache(maxsize=65536)
def symbols(term: Term) -> frozenset[Sym]:
    """The symbols that occur in a term."""
    if isinstance(term, int):
        return frozenset()
    if isinstance(term, Sym):
        return frozenset((term,))
    return frozenset().union(*(symbols(a) for a in term.args))
