"""One concrete candidate execution: chosen paths, values, reads-from, matchings of wait and notify, total order.

The solver's witnesses decode to this; brute force enumerates it; the referee judges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure
from semantics.runtime.actions import Location, Region
from semantics.terms import Sym

Cell = tuple[Region, int]
"""b = (region, absolute offset): one unit of the store."""


@dataclass(frozen=True, slots=True)
class CandidateExecution:
    """tr of Fig. 16, spelled out.

    `events` are the ids of the events that exist; `leaves` the chosen leaf node per thread id;
    `values` gives every symbol that occurs in them; `rf[read, region, i]` is the write that item i (counted from
    the read's own offset) of event `read` on `region` reads from; `wakes[wait]` the NOTIFY event that wakes it;
    `queues` lists per location the suspension events (WAIT, NOTIFY, TIMEOUT) in queue order, and the waits that were
    over at once, for the models that order them; `tot` is the total order of `events`, where the model has one: its
    last linearisation; `orders` has the ones before it, by name.
    """

    structure: EventStructure
    events: tuple[int, ...]
    leaves: Mapping[int, int]
    values: Mapping[Sym, int]
    rf: Mapping[tuple[int, Region, int], int]
    wakes: Mapping[int, int] = field(default_factory=dict)
    queues: Mapping[Location, tuple[int, ...]] = field(default_factory=dict)
    tot: tuple[int, ...] = ()
    outcome: Outcome | None = None
    orders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
