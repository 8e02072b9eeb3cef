"""What the rules are told when they ask for values: the unfolding's oracle."""

from __future__ import annotations

from collections.abc import Iterable

from semantics.exploration.builder import Builder
from semantics.exploration.held import Content, content, load
from semantics.exploration.path import Path
from semantics.runtime.actions import Location, Region
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store
from semantics.terms import Sym, Term


class Undecided(Exception):
    """A row needs every value that a shared unit may have."""

    def __init__(self, location: Location) -> None:
        super().__init__(str(location))
        self.location = location


class Oracle:
    """Answers the rules for the path that is under way: what is known, or a fresh symbol."""

    def __init__(self, store: Store, profile: Profile, builder: Builder) -> None:
        self.store = store
        self.profile = profile
        self.builder = builder
        self.constants: dict[Region, Content] = {}
        self.held: dict[Region, Content] = {}
        self.thread = 0
        self.forks = 0  # threads that it has spawned
        self.handle = 0
        self.number = 0
        self.answers: dict[Location, tuple[int, ...]] = {}
        self.choices: set[Sym] = set()  # given out as choices

    def read(self, location: Location, size: int, width: int) -> Term:
        """The known content, or a fresh symbol."""
        region = location.region
        known = self.held.get(region)
        if known is None:
            known = self.constants.get(region)
            if known is None:
                if region.of:  # a cell of the thread's own, which nobody has written
                    return load(region, content(self.store.initial[Region(region.addr, region.field)]), 0, 1)
                return self.builder.symbol(width)
        return load(region, known, location.offset, size)

    def ask_for(self, path: Path) -> None:
        """Answers for this path from here on."""
        self.held, self.thread, self.forks = path.held, path.thread, path.forks
        self.handle = path.ending.handle if path.ending is not None else 0
        self.number = path.number

    def possible(self, location: Location) -> Iterable[int]:
        """The known content; what the domain analysis found; or a postponement."""
        region = location.region
        known = self.held.get(region)
        if known is None:
            known = self.constants.get(region)
        if known is not None:
            value = load(region, known, location.offset, 1)
            if isinstance(value, int):
                return (value,)
        found = self.answers.get(location)
        if found is None:
            raise Undecided(location)
        return found

    def spawned(self) -> int:
        """The number of the next thread: one for each parent and ordinal, so that it depends on nothing else."""
        return self.builder.thread_number(self.thread, self.forks + 1)

    def choice(self) -> Term:
        """A free condition."""
        sym = self.builder.symbol(1, "choice")
        self.choices.add(sym)
        return sym
