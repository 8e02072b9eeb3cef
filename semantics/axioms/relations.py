"""The base sets and relations of `base` on one concrete execution.

Events are numbered by their place in `execution.events`; a set is a bit mask, a relation a list of rows: bit j of
row i says that i is related to j.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from semantics.axioms.queues import SUSPENSIONS
from semantics.execution.candidate import CandidateExecution, Cell
from semantics.execution.structure import Event, Kind
from semantics.runtime.actions import Action, Field, Region, Rmw, Write, reading, writing
from semantics.syntax.types import Order

Rows = list[int]
Index = Cell | Region | None

TEARFREE_SIZE = 4
"""Fig. 15: an aligned plain access of at most so many units is tearfree."""


def bits(mask: int) -> Iterator[int]:
    """The members of a set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def closure(rows: Rows) -> Rows:
    """The transitive closure."""
    rows = list(rows)
    for k in range(len(rows)):
        reach, bit = rows[k], 1 << k
        if reach:
            for i, row in enumerate(rows):
                if row & bit:
                    rows[i] = row | reach
    return rows


def region_of(index: Cell | Region) -> Region:
    """A cell stands for its region where a region is wanted."""
    return index if isinstance(index, Region) else index[0]


def tearfree(action: Action) -> bool:
    """tearfree(act) :<=> ord(act) = seqcst \\/ (aligned(act) /\\ size(act) <= 4) (Fig. 15)."""
    if action.order is Order.SEQCST:
        return True
    return action.size <= TEARFREE_SIZE and action.location.offset % action.size == 0


class BaseRelations:
    """Base sets and relations, each computed when it is first asked for."""

    def __init__(self, execution: CandidateExecution) -> None:
        """Numbers the events and computes nothing else yet."""
        self.execution = execution
        structure = execution.structure
        self.ids = execution.events
        self.events: list[Event] = [structure.events[e] for e in self.ids]
        self.count = len(self.events)
        self.place = {e: i for i, e in enumerate(self.ids)}
        self.all = (1 << self.count) - 1
        self._plain: dict[str, int | Rows] = {}
        self._indexed: dict[tuple[str, Cell | Region], int | Rows] = {}

    @cached_property
    def accesses(self) -> dict[Region, list[tuple[int, Action]]]:
        """access_r(ev) for every region (Fig. 15): the events with an action on it, with that action."""
        found: dict[Region, list[tuple[int, Action]]] = {}
        for i, event in enumerate(self.events):
            for action in event.actions:
                found.setdefault(action.location.region, []).append((i, action))
        return found

    @cached_property
    def sources(self) -> dict[Cell, list[tuple[int, int]]]:
        """For each cell that is read: the pairs (write, read) of its reads-from."""
        found: dict[Cell, list[tuple[int, int]]] = {}
        for (read, region, i), write in self.execution.rf.items():
            at, source = self.place.get(read), self.place.get(write)
            if at is None or source is None:
                continue
            action = next((a for a in self.events[at].actions if a.location.region == region), None)
            if action is not None:
                found.setdefault((region, action.location.offset + i), []).append((source, at))
        return found

    @cached_property
    def cells(self) -> list[Cell]:
        """One cell for each class of cells that no base name tells apart."""
        found: list[Cell] = []
        for region, accesses in self.accesses.items():
            bounds = {a.location.offset for _, a in accesses} | {a.location.offset + a.size for _, a in accesses}
            edges = sorted(bounds)
            for low, high in pairwise(edges):
                if not any(a.location.offset <= low < a.location.offset + a.size for _, a in accesses):
                    continue
                read = sorted(k for r, k in self.sources if r == region and low <= k < high)
                alike = {tuple(self.sources[region, k]): k for k in read}  # cells with the same sources are alike
                found.extend((region, k) for k in alike.values())
                if len(read) < high - low:
                    found.append((region, next(k for k in range(low, high) if k not in read)))
        return found

    def plain(self, name: str) -> int | Rows:
        """The value of a base name without index."""
        found = self._plain.get(name)
        if found is None:
            found = self._plain[name] = getattr(self, "_" + name.replace("-", "_"))()
        return found

    def indexed(self, name: str, index: Cell | Region) -> int | Rows:
        """The value of a base name at a cell or region."""
        if name not in ("R", "W", "rf"):
            index = region_of(index)
        found = self._indexed.get((name, index))
        if found is None:
            found = self._indexed[name, index] = getattr(self, "_at_" + name.replace("-", "_"))(index)
        return found

    # -- sets

    def _set(self, chosen: Iterable[int]) -> int:
        mask = 0
        for i in chosen:
            mask |= 1 << i
        return mask

    def _E(self) -> int:
        return self.all

    def _R(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if any(map(reading, e.actions)))

    def _W(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if any(map(writing, e.actions)))

    def _RMW(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if any(isinstance(a, Rmw) for a in e.actions))

    def _SC(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if any(a.order is Order.SEQCST for a in e.actions))

    def _INIT(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if e.kind is Kind.INIT)

    def _F(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if e.kind is Kind.FENCE)

    def _MARK(self) -> int:
        return self._set(i for i, e in enumerate(self.events) if not e.actions)

    # -- relations

    def _rows(self, pairs: Iterable[tuple[int, int]]) -> Rows:
        rows = [0] * self.count
        for i, j in pairs:
            rows[i] |= 1 << j
        return rows

    def _named(self, pairs: Iterable[tuple[int, int]]) -> Rows:
        """Rows of pairs of event ids; pairs with an event that does not exist fall away."""
        place = self.place
        return self._rows((place[a], place[b]) for a, b in pairs if a in place and b in place)

    def _id(self) -> Rows:
        return [1 << i for i in range(self.count)]

    def _po(self) -> Rows:
        threads: dict[int, list[int]] = {}
        for i, event in enumerate(self.events):
            threads.setdefault(event.thread, []).append(i)
        structure, rows = self.execution.structure, [0] * self.count
        for members in threads.values():
            rank: dict[int, int] = {}
            for node in structure.path(self.execution.leaves.get(self.events[members[0]].thread, -1)):
                for e in structure.nodes[node].events:
                    rank[e] = len(rank)
            later = 0
            for i in sorted(members, key=lambda i: rank[self.ids[i]], reverse=True):
                rows[i] = later
                later |= 1 << i
        return rows

    def _asw(self) -> Rows:
        structure = self.execution.structure
        rows = self._named(structure.asw)
        observe = self._set(i for i, e in enumerate(self.events) if e.kind is Kind.OBSERVE)
        for i in bits(self.all & ~observe):
            rows[i] |= observe
        init = self.place.get(structure.init)
        if init is not None:
            rows[init] |= self.all & ~(1 << init)
        return rows

    def _create(self) -> Rows:
        rows = [0] * self.count
        for i, creator in enumerate(self.events):
            if creator.kind is Kind.INIT:
                made = {a.location.region.addr for a in creator.actions if isinstance(a, Write)}
                for region, accesses in self.accesses.items():
                    if region.addr in made:
                        rows[i] |= self._set(j for j, _ in accesses if j != i)
        return rows

    def _init_overlap(self) -> Rows:
        rows = [0] * self.count
        for i, event in enumerate(self.events):
            if any(self._initial(i, a) for a in event.actions):
                for region in {a.location.region for a in event.actions}:
                    overlap = self.indexed("overlap", region)
                    assert isinstance(overlap, list)
                    rows[i] |= overlap[i]
        return rows

    def _susp(self) -> Rows:
        return self._named(self.execution.wakes.items())

    def _wake(self) -> Rows:
        wakes = self.execution.wakes
        return self._named(
            (wakes[e.peer], e.id)
            for e in self.events
            if e.kind is Kind.WOKEN and e.peer is not None and e.peer in wakes
        )

    def _section(self) -> Rows:
        return self._named(
            (a, b) for order in self.execution.queues.values() for n, a in enumerate(order) for b in order[n + 1 :]
        )

    def _queue(self) -> Rows:
        suspended = self._set(i for i, e in enumerate(self.events) if e.kind in SUSPENSIONS)
        return [row & suspended if suspended >> i & 1 else 0 for i, row in enumerate(self._section())]

    # -- with an index

    def _at(self, index: Cell | Region) -> Iterator[tuple[int, Action]]:
        """The accesses of a region, or of one cell."""
        if isinstance(index, Region):
            yield from self.accesses.get(index, ())
            return
        region, k = index
        for i, action in self.accesses.get(region, ()):
            if action.location.offset <= k < action.location.offset + action.size:
                yield i, action

    def _at_R(self, index: Cell | Region) -> int:
        return self._set(i for i, a in self._at(index) if reading(a))

    def _at_W(self, index: Cell | Region) -> int:
        return self._set(i for i, a in self._at(index) if writing(a))

    def _at_SC(self, region: Region) -> int:
        return self._set(i for i, a in self._at(region) if a.order is Order.SEQCST)

    def _at_AR(self, region: Region) -> int:
        return self._set(i for i, a in self._at(region) if a.order is Order.ACQREL)

    def _at_REF(self, region: Region) -> int:
        return self._set(i for i, _ in self._at(region)) if region in self.execution.structure.references else 0

    def _at_TF(self, region: Region) -> int:
        return self._set(i for i, a in self._at(region) if tearfree(a))

    def _at_NT(self, region: Region) -> int:
        if region.field is not Field.DATA:
            return 0
        return self._set(i for i, _ in self._at(region) if self.events[i].notears)

    def _at_rf(self, index: Cell | Region) -> Rows:
        if isinstance(index, Region):
            return self._rows(pair for (region, _), pairs in self.sources.items() if region == index for pair in pairs)
        return self._rows(self.sources.get(index, ()))

    def _at_same_range(self, region: Region) -> Rows:
        groups: dict[tuple[int, int], int] = {}
        for i, a in self._at(region):
            key = (a.location.offset, a.size)
            groups[key] = groups.get(key, 0) | 1 << i
        rows = [0] * self.count
        for mask in groups.values():
            for i in bits(mask):
                rows[i] = mask & ~(1 << i)
        return rows

    def _at_overlap(self, region: Region) -> Rows:
        accesses = list(self._at(region))
        return self._rows(
            (i, j)
            for i, a in accesses
            for j, b in accesses
            if i != j
            and a.location.offset < b.location.offset + b.size
            and b.location.offset < a.location.offset + a.size
        )

    def _at_create(self, region: Region) -> Rows:
        accesses = self._set(i for i, _ in self._at(region))
        rows = [0] * self.count
        for i, a in self._at(region):
            if self.events[i].kind is Kind.INIT and isinstance(a, Write):
                rows[i] = accesses & ~(1 << i)
        return rows

    def _at_init_overlap(self, region: Region) -> Rows:
        return self._overlapping(region, (i for i, a in self._at(region) if self._initial(i, a)))

    def _initial(self, i: int, action: Action) -> bool:
        """Whether an event's action is an initialising write."""
        return writing(action) and (self.events[i].kind is Kind.INIT or action.order is Order.INIT)

    def _at_grow(self, region: Region) -> Rows:
        length = Region(region.addr, Field.LEN)
        grown = {i for i, a in self._at(length) if isinstance(a, Rmw)}
        return self._overlapping(region, (i for i, a in self._at(region) if i in grown and isinstance(a, Write)))

    def _overlapping(self, region: Region, first: Iterable[int]) -> Rows:
        """Those of the pairs of `overlap` that begin in some events."""
        overlap = self.indexed("overlap", region)
        assert isinstance(overlap, list)
        rows = [0] * self.count
        for i in first:
            rows[i] = overlap[i]
        return rows
