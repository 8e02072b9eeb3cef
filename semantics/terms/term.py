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
        if self is other:
            return True
        if not isinstance(other, App) or self._hash != other._hash:
            return False
        todo: list[tuple[Term, Term]] = [(self, other)]
        while todo:  # terms may be deep: no recursion
            a, b = todo.pop()
            if a is b:
                continue
            if isinstance(a, App) and isinstance(b, App):
                if (a._hash, a.op, a.width, a.arg_width, len(a.args)) != (
                    b._hash,
                    b.op,
                    b.width,
                    b.arg_width,
                    len(b.args),
                ):
                    return False
                todo += zip(a.args, b.args, strict=True)
            elif isinstance(a, App) or a != b:
                return False
        return True

    def __reduce__(self) -> tuple[type[App], tuple[str, tuple[Term, ...], int, int]]:
        # hashes of strings differ between processes: build anew
        return App, (self.op, self.args, self.width, self.arg_width)


Term = int | Sym | App


@lru_cache(maxsize=65536)
def symbols(term: Term) -> frozenset[Sym]:
    """The symbols that occur in a term."""
    found: set[Sym] = set()
    seen: set[int] = set()
    todo: list[Term] = [term]
    while todo:  # terms may be deep: no recursion
        part = todo.pop()
        if isinstance(part, Sym):
            found.add(part)
        elif isinstance(part, App) and id(part) not in seen:
            seen.add(id(part))
            todo += part.args
    return frozenset(found)
