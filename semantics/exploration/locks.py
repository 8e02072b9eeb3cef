"""The reader-writer lock of a segment (systems.md B.11, option `lock`), as edges of an event structure.

Every operation on a segment holds its lock: *.init shared, *.drop exclusively. So a drop is happens-before or
happens-after every other operation on its segment, while two inits are unordered. The lock is one with a place for each
reader: thread th takes (sg, th).lk for an init, and all of these and sg.lk for a drop, each time with a
read-modify-write that leaves the 0 that it finds. The memory model then orders whoever meets at a place, as it does all
read-modify-writes.
"""

from __future__ import annotations

from dataclasses import replace

from semantics.exploration.builder import Builder
from semantics.runtime.actions import Action, Field, Location, Region, Rmw, Write
from semantics.runtime.store import DataInst, ElemInst, Store
from semantics.syntax.types import Order


def hold_locks(builder: Builder, store: Store) -> None:
    """Adds the actions on locks to the events that read or write the drop state of a segment."""
    readers: dict[int, set[int]] = {}  # of a segment: threads
    users: list[tuple[int, int, Action]] = []
    for event in builder.events:
        for action in event.actions:
            region = action.location.region
            if region.field is Field.VAL and isinstance(store[region.addr], DataInst | ElemInst):
                users.append((event.id, region.addr, action))
                if not isinstance(action, Write):
                    readers.setdefault(region.addr, set()).add(event.thread)
    for number, segment, action in users:
        event = builder.events[number]
        numbers = (0, *(1 + thread for thread in sorted(readers.get(segment, ()))))
        places = [Location(Region(segment, Field.LOCK, n)) for n in numbers]
        added: tuple[Action, ...]
        if not isinstance(action, Write):
            added = (Rmw(Location(Region(segment, Field.LOCK, 1 + event.thread)), 1, 0, 0),)
        elif action.order is Order.INIT:
            added = tuple(Write(Order.INIT, place, 1, 0) for place in places)
        else:
            added = tuple(Rmw(place, 1, 0, 0) for place in places)
        builder.events[number] = replace(event, actions=(*event.actions, *added))
