"""What an event structure says before anything is chosen: existence, alternatives, regions, segments of cells.

Sets of events are bit masks, relations are rows {event: mask of its successors}. A pair of a relation always
speaks of two events that exist together; a literal is needed only for what remains to be chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from semantics.execution.structure import EventStructure, Kind
from semantics.runtime.actions import Action, Field, Read, Region, Write
from semantics.solver.cnf import FALSE, TRUE, Clauses, bits
from semantics.syntax.types import Order

NO_GUARDS: frozenset[int] = frozenset()

Rows = dict[int, int]
"""A relation: {event: bit mask of its successors}; events without successors may be missing."""


@dataclass(eq=False, slots=True)
class Segment:
    """Units [low, high) of a region that exactly the same actions read and write."""

    region: Region
    low: int
    high: int
    readers: int  # mask
    writers: int  # mask
    cells: list[Cell] = field(default_factory=list)
    sources: dict[int, int] = field(default_factory=dict)  # reader -> mask of the writes it may read from


@dataclass(eq=False, slots=True)
class Cell:
    """A cell b = (region, offset) that stands for itself and for the cells that behave alike.

    `rf[writer, reader]` is the literal of "reader reads this cell from writer"; for a pair in `forced` it is
    implied by the reader's existence.
    """

    region: Area
    offset: int
    segment: Segment
    rf: dict[tuple[int, int], int] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Area:
    """A region with all actions on it: {event: action}, masks of events by what their action is."""

    region: Region
    actions: dict[int, Action] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    seqcst: int = 0
    acqrel: int = 0
    tearfree: int = 0
    notears: int = 0
    segments: list[Segment] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def read_by(self, reader: int) -> list[Segment]:
        """The segments that a read consists of, ascending."""
        return [segment for segment in self.segments if segment.readers >> reader & 1]


class Frame:
    """The static facts of one event structure, and the guards: literals that say which path nodes are chosen."""

    def __init__(self, structure: EventStructure, clauses: Clauses) -> None:
        """Computes everything; the clauses say that every chosen node has one chosen child."""
        self.structure = structure
        self.clauses = clauses
        self.count = len(structure.events)
        self.guard_of_node = self._guards()
        guard = self.guard_of_node
        self.guards = [guard[e.node] for e in structure.events]
        self.branching = any(g != TRUE for g in guard)
        everything = (1 << self.count) - 1
        self.alive = everything
        self.together = [everything] * self.count  # events that may exist together with this one
        self.entails = [everything] * self.count  # events that exist whenever this one does
        self.entailed_by = [everything] * self.count
        if self.branching:
            self._existence()
        self.presence: dict[int, int] = {}  # literal -> mask of the events that exist where it holds
        if self.branching:
            for node, literal in enumerate(guard):
                if literal not in (TRUE, FALSE) and structure.nodes[node].events:
                    first = structure.nodes[node].events[0]
                    self.presence[literal] = self.presence.get(literal, 0) | self.entails[first]
        self.areas: dict[Region, Area] = {}
        self._areas()

    def _guards(self) -> list[int]:
        """A literal for every node: exactly one child of a chosen node is chosen, none of another."""
        nodes, clauses = self.structure.nodes, self.clauses
        viable = [False] * len(nodes)
        for node in reversed(nodes):
            viable[node.id] = node.leaf is not None or any(viable[child] for child in node.children)
        guards = [FALSE] * len(nodes)
        roots = {thread.root for thread in self.structure.threads}
        for node in nodes:
            if node.id in roots:
                above = TRUE if node.parent is None else guards[node.parent]
                if viable[node.id]:
                    guards[node.id] = above
                else:
                    clauses.add((-above,))
            here = guards[node.id]
            children = [child for child in node.children if viable[child]]
            if here == FALSE or not children:
                continue
            if len(children) == 1:
                guards[children[0]] = here
            elif here == TRUE and len(children) == 2:
                guards[children[0]] = clauses.fresh()
                guards[children[1]] = -guards[children[0]]
            else:
                chosen = [clauses.fresh() for _ in children]
                for child, literal in zip(children, chosen, strict=True):
                    guards[child] = literal
                    clauses.add((-literal, here))
                clauses.add((-here, *chosen))
                clauses.at_most_one(chosen)
        self._one_end(guards)
        return guards

    def _one_end(self, guards: list[int]) -> None:
        """At most one thread ends the program: it is over then."""
        ends: dict[int, list[int]] = {}
        for node in self.structure.nodes:
            if node.leaf is not None and node.leaf.ends and guards[node.id] != FALSE:
                ends.setdefault(node.thread, []).append(guards[node.id])
        if len(ends) > 1:
            self.clauses.at_most_one([self.clauses.any_of(leaves) for leaves in ends.values()])

    def _existence(self) -> None:
        """Fills `alive`, `together` and `entails` from the trees."""
        nodes = self.structure.nodes
        own = [sum(1 << e for e in node.events) for node in nodes]
        above = [0] * len(nodes)  # events of a node and of the nodes that it entails
        below = list(own)  # events that entail the node
        for node in nodes:
            above[node.id] = own[node.id] | (above[node.parent] if node.parent is not None else 0)
        always = 0
        for thread in self.structure.threads:
            at = thread.root
            while self.guard_of_node[at] == TRUE:
                always |= own[at]
                onward = [c for c in nodes[at].children if self.guard_of_node[c] == TRUE]
                if not onward:
                    break
                at = onward[0]
        for node in reversed(nodes):
            if node.parent is not None:
                below[node.parent] |= below[node.id]
        self.alive = sum(mask for mask, g in zip(own, self.guard_of_node, strict=True) if g != FALSE)
        conflict = [0] * len(nodes)
        for node in nodes:
            for child in node.children:
                conflict[child] |= sum(below[other] for other in node.children if other != child)
        for node in nodes:
            if node.parent is not None:
                conflict[node.id] |= conflict[node.parent]
        for node in nodes:
            for event in node.events:
                self.together[event] = self.alive & ~conflict[node.id]
                self.entails[event] = above[node.id] | always
        self.entailed_by = [0] * self.count
        for event in range(self.count):
            for other in bits(self.entails[event]):
                self.entailed_by[other] |= 1 << event

    def _areas(self) -> None:
        """Collects the actions of every region and cuts the regions into segments."""
        for event in self.structure.events:
            if not self.alive >> event.id & 1:
                continue
            bit = 1 << event.id
            for action in event.actions:
                region = action.location.region
                area = self.areas.get(region)
                if area is None:
                    area = self.areas[region] = Area(region)
                area.actions[event.id] = action
                kind = action.__class__
                if kind is not Write:
                    area.reads |= bit
                if kind is not Read:
                    area.writes |= bit
                if action.order is Order.SEQCST:
                    area.seqcst |= bit
                    area.tearfree |= bit
                elif action.order is Order.ACQREL:
                    area.acqrel |= bit
                if action.order is not Order.SEQCST and action.size <= 4 and action.location.offset % action.size == 0:
                    area.tearfree |= bit
                if event.notears and (region.field is Field.DATA):
                    area.notears |= bit
        for area in self.areas.values():
            self._segments(area)

    def _segments(self, area: Area) -> None:
        spans = [(e, a.location.offset, a.location.offset + a.size) for e, a in area.actions.items()]
        cuts = sorted({low for _, low, _ in spans} | {high for _, _, high in spans})
        for low, high in pairwise(cuts):
            covering = 0
            for event, start, end in spans:
                if start <= low and high <= end:
                    covering |= 1 << event
            if covering:
                segment = Segment(area.region, low, high, covering & area.reads, covering & area.writes)
                area.segments.append(segment)
                for reader in bits(segment.readers):
                    segment.sources[reader] = segment.writers & self.together[reader] & ~(1 << reader)
                cell = Cell(area, low, segment)
                segment.cells.append(cell)
                area.cells.append(cell)

    def recut(self) -> None:
        """Refreshes the areas' lists of cells after segments were split into several."""
        for area in self.areas.values():
            area.cells = [cell for segment in area.segments for cell in segment.cells]

    def same_range(self, area: Area) -> Rows:
        """same_r: equal ranges, distinct events (Fig. 15)."""
        groups: dict[tuple[int, int], int] = {}
        for event, action in area.actions.items():
            key = (action.location.offset, action.size)
            groups[key] = groups.get(key, 0) | 1 << event
        rows: Rows = {}
        for event, action in area.actions.items():
            mask = groups[action.location.offset, action.size] & self.together[event] & ~(1 << event)
            if mask:
                rows[event] = mask
        return rows

    def overlap(self, area: Area) -> Rows:
        """overlap_r: ranges that meet, distinct events (Fig. 15)."""
        rows: Rows = {}
        for segment in area.segments:
            both = segment.readers | segment.writers
            for event in bits(both):
                rows[event] = rows.get(event, 0) | both & self.together[event] & ~(1 << event)
        return rows

    def missing(self, needed: int, given: int) -> frozenset[int]:
        """Guards that make the events of mask `needed` exist, where those of `given` and all that they entail do."""
        needed &= ~given
        if not needed or not self.branching:
            return NO_GUARDS
        guards = {self.guards[e] for e in bits(needed)}
        guards.discard(TRUE)
        return frozenset(guards)

    def present(self, literals: Iterable[int]) -> int:
        """Mask of events that exist where all the literals hold."""
        mask = 0
        for literal in literals:
            mask |= self.presence.get(literal, 0)
        return mask

    def by_kind(self, *kinds: Kind) -> list[int]:
        """Ids of the events of some kinds that may exist."""
        return [e.id for e in self.structure.events if e.kind in kinds and self.alive >> e.id & 1]


def transpose(rows: Mapping[int, int]) -> Rows:
    """The inverse relation."""
    columns: Rows = {}
    for x, mask in rows.items():
        bit = 1 << x
        while mask:
            low = mask & -mask
            y = low.bit_length() - 1
            columns[y] = columns.get(y, 0) | bit
            mask ^= low
    return columns
