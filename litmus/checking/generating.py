"""All programs of a vocabulary of a size, each once: how many there are, and one after the other.

The size of a program is the number of its statements. Left out are programs that say what a smaller or another one
says: where a function has no statement, nothing names it; a function that nothing reaches has none; neighbours that
swap stand in one order, and not twice; and programs without a second thread. So are programs whose functions name each
other, or themselves, in a circle: nothing decides there when to stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from litmus.checking.assembly import Assembly, Bodies
from litmus.checking.grammar import MAIN

Says = tuple[frozenset[str], bool]
"""What a body says that matters for the others: the open functions that it names, and whether it may start a thread."""


@dataclass
class Generator:
    """The programs of an assembly."""

    assembly: Assembly
    _inner: dict[tuple[str, int], dict[Says, tuple[tuple[int, ...], ...]]] = field(default_factory=dict)

    @property
    def functions(self) -> tuple[str, ...]:
        """The open functions."""
        return self.assembly.words.functions

    def generated(self, size: int) -> int:
        """How many programs there are, well typed or not."""
        every = frozenset(range(len(self.assembly.words.statements)))
        return self._count(size, dict.fromkeys(self.functions, every))

    def well_typed(self, size: int) -> int:
        """How many of them are well typed."""
        return self._count(size, self.assembly.well_typed)

    def programs(self, size: int) -> Iterator[Bodies]:
        """The well-typed ones."""
        for lengths in _lengths(len(self.functions), size):
            inner = [self._grouped(f, n) for f, n in zip(self.functions[1:], lengths[1:], strict=True)]
            combinations = list(product(*(group.items() for group in inner)))
            for main in self._bodies(MAIN, lengths[0]):
                says = self._says(main)
                for rest in combinations:
                    if _sensible(self.functions, lengths, (says, *(s for s, _ in rest))):
                        for bodies in product(*(b for _, b in rest)):
                            yield dict(zip(self.functions, (main, *bodies), strict=True))

    # --- bodies -----------------------------------------------------------------------------------
    def _bodies(self, function: str, length: int) -> Iterator[tuple[int, ...]]:
        """The well-typed bodies of a length."""
        if length == 0:
            yield ()
            return
        statements = self.assembly.words.statements
        allowed = sorted(self.assembly.well_typed[function])
        for before in self._bodies(function, length - 1):
            for n in allowed:
                last = before[-1] if before else n
                if n > last or not (before and statements[n].swaps and statements[last].swaps):
                    yield (*before, n)

    def _grouped(self, function: str, length: int) -> Mapping[Says, tuple[tuple[int, ...], ...]]:
        found = self._inner.get((function, length))
        if found is None:
            groups: dict[Says, list[tuple[int, ...]]] = {}
            for body in self._bodies(function, length):
                groups.setdefault(self._says(body), []).append(body)
            found = self._inner[function, length] = {says: tuple(group) for says, group in groups.items()}
        return found

    def _says(self, body: tuple[int, ...]) -> Says:
        said = [self.assembly.words.statements[n] for n in body]
        return frozenset().union(*(s.mentions for s in said)), any(s.starts for s in said)

    # --- counting ---------------------------------------------------------------------------------
    def _count(self, size: int, allowed: Mapping[str, frozenset[int]]) -> int:
        total = 0
        for lengths in _lengths(len(self.functions), size):
            counts = [self._counted(n, allowed[f]) for f, n in zip(self.functions, lengths, strict=True)]
            for groups in product(*(c.items() for c in counts)):
                if _sensible(self.functions, lengths, tuple(says for says, _ in groups)):
                    number = 1
                    for _, count in groups:
                        number *= count
                    total += number
        return total

    def _counted(self, length: int, allowed: frozenset[int]) -> Counter[Says]:
        """How many bodies of a length there are, by what they say; without writing them down."""
        statements = self.assembly.words.statements
        states: Counter[tuple[Says, int]] = Counter({((frozenset(), False), -1): 1})
        for _ in range(length):
            following: Counter[tuple[Says, int]] = Counter()
            for ((names, starts), last), count in states.items():
                for n in allowed:
                    statement = statements[n]
                    if statement.swaps and n <= last:
                        continue
                    says = names | statement.mentions, starts or statement.starts
                    following[says, n if statement.swaps else -1] += count
            states = following
        found: Counter[Says] = Counter()
        for (says, _), count in states.items():
            found[says] += count
        return found


def _lengths(functions: int, size: int) -> Iterator[tuple[int, ...]]:
    """The ways to give `size` statements to the functions; the main thread has one at least."""
    if functions == 1:
        yield (size,)
        return
    for first in range(1, size + 1):
        for rest in _shares(functions - 1, size - first):
            yield (first, *rest)


def _shares(parts: int, total: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _shares(parts - 1, total - first):
            yield (first, *rest)


def _sensible(functions: tuple[str, ...], lengths: tuple[int, ...], says: tuple[Says, ...]) -> bool:
    """Whether what is named has statements, what has statements is reached, nothing is named in a circle, and a thread
    may be started."""
    names = {f: named for f, (named, _) in zip(functions, says, strict=True)}
    full = {f for f, n in zip(functions, lengths, strict=True) if n}
    reached: set[str] = set()

    def ends(function: str, above: frozenset[str]) -> bool:
        reached.add(function)
        return function not in above and all(ends(f, above | {function}) for f in names[function] & names.keys())

    return ends(MAIN, frozenset()) and reached == full and any(starts for _, starts in says)
