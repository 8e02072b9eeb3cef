"""The base sets and relations that a model may mention. Their meaning is fixed here; models combine them.

Sets:        E (events that exist), R, W, RMW, SC, INIT (kind), MARK (events without actions), F (seqcst fences)
with index:  R@b W@b (a reading, writing action on b's region that covers cell b; for a region index: any action on it)
             SC@r (the action on r is seqcst), AR@r (is acqrel), TF@r (tearfree, Fig. 15), NT@r (the proposal's no-tear
             flag, S6), REF@r (any action on r, if the values of r are references)
Relations:   po, id, asw (spawn -> start, end -> join, initial event -> all other events, all -> OBSERVE)
             create (initial or instantiate event -> every other event with an action on an object that it created:
             the creator is an event of kind INIT, the objects are the addresses that its writes mention)
             init-overlap (an event with an INIT-kind write -> every other event that overlaps it in some region;
             INIT-kind: the event is of kind INIT, or the write's order is init, S2)
             susp (WAIT -> the NOTIFY that wakes it), wake (NOTIFY -> the WOKEN event of a waiter that it wakes)
             queue (total order, existential, per location, on WAIT, NOTIFY and TIMEOUT events; the FIFO rules of
             systems.md A.8 S5 hold of it: see semantics.axioms.queues)
             section (the same of WAIT, NOTIFY, TIMEOUT and ACCESS events with a queue, those of waits that found
             another value: the critical sections of a waiter list, A.9 E4; its part on the first three is queue)
with index:  rf@b (write -> read), same-range@r, overlap@r (Fig. 15; symmetric, on distinct events)
             create@r, init-overlap@r (the pairs that the write on r alone makes), grow@r (an event that grows r, which
             is one with an rmw of the object's length and a write on r -> every other event that overlaps that write)
"""

from __future__ import annotations

from dataclasses import dataclass

from semantics.axioms.model import IndexSort, Sort


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """Sort and index of a base name; `meaning` is shown by --help and in errors."""

    sort: Sort
    index: IndexSort | None
    meaning: str


_S, _R = Sort.SET, Sort.RELATION
_CELL, _REGION = IndexSort.CELL, IndexSort.REGION

PLAIN: dict[str, BaseInfo] = {
    "E": BaseInfo(_S, None, "events that exist"),
    "R": BaseInfo(_S, None, "events that read some region"),
    "W": BaseInfo(_S, None, "events that write some region"),
    "RMW": BaseInfo(_S, None, "events with an rmw action"),
    "SC": BaseInfo(_S, None, "events with a seqcst action"),
    "INIT": BaseInfo(_S, None, "the initial event and instantiations"),
    "MARK": BaseInfo(_S, None, "events without actions"),
    "F": BaseInfo(_S, None, "sequentially consistent fences"),
    "id": BaseInfo(_R, None, "identity"),
    "po": BaseInfo(_R, None, "program order"),
    "asw": BaseInfo(_R, None, "spawn -> start, end -> join, initial event -> all others, all -> final observation"),
    "create": BaseInfo(_R, None, "creation of an object -> every other event on it"),
    "init-overlap": BaseInfo(_R, None, "initialising event -> every other event that overlaps it"),
    "susp": BaseInfo(_R, None, "wait -> the notify that wakes it"),
    "wake": BaseInfo(_R, None, "notify -> woken thread's next event"),
    "queue": BaseInfo(_R, None, "order of the suspension events of one location, FIFO"),
    "section": BaseInfo(_R, None, "order of the critical sections of one location's waiter list"),
}

INDEXED: dict[str, BaseInfo] = {
    "R": BaseInfo(_S, _CELL, "reads cell b, or some cell of region r"),
    "W": BaseInfo(_S, _CELL, "writes cell b, or some cell of region r"),
    "SC": BaseInfo(_S, _REGION, "the action on the region is seqcst"),
    "AR": BaseInfo(_S, _REGION, "the action on the region is acqrel"),
    "REF": BaseInfo(_S, _REGION, "has an action on the region, whose values are references"),
    "TF": BaseInfo(_S, _REGION, "the action on the region is tearfree (Fig. 15)"),
    "NT": BaseInfo(_S, _REGION, "the action on the region has the no-tear flag (proposal)"),
    "rf": BaseInfo(_R, _CELL, "reads-from, of cell b (or of any cell of region r)"),
    "create": BaseInfo(_R, _REGION, "creation of the region -> every other event on it"),
    "init-overlap": BaseInfo(_R, _REGION, "initialising write of the region -> every other event that overlaps it"),
    "grow": BaseInfo(_R, _REGION, "growth of the region -> every other event that overlaps the fresh part"),
    "same-range": BaseInfo(_R, _REGION, "same range in the region, distinct events"),
    "overlap": BaseInfo(_R, _REGION, "overlapping ranges in the region, distinct events"),
}
