"""When a concrete execution is a candidate at all, whatever the model: the traces rule and value-consistent of Fig. 16.

One leaf for every thread that exists, conditions that hold, one write for every item that is read, values that agree,
legal wait queues, an outcome that the leaves show.
"""

from __future__ import annotations

from collections.abc import Mapping

from semantics.axioms.model import Waiting
from semantics.axioms.queues import violations
from semantics.axioms.violation import Violation
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure, Kind, Origin, Status
from semantics.runtime.actions import Action, Field, Region, read_value, reading, unit, writing, written
from semantics.terms import Sym, evaluate, extract

ENDED = (Status.DONE, Status.TRAP, Status.CANCELLED)
"""How a thread ends that others may join."""


def ill_formed(execution: CandidateExecution, *, waiting: Waiting) -> list[Violation]:
    """Why an execution is no candidate; () events where a whole thread is meant. `waiting`: the model's wait queues."""
    found = _paths(execution)
    if found:
        return found
    found = [*_conditions(execution), *_sources(execution), *violations(execution, waiting)]
    if execution.outcome is not None:
        outcome = outcome_of(execution.structure, execution.leaves, execution.values)
        if outcome != execution.outcome:
            found.append(Violation("outcome"))
    return found


def existing(structure: EventStructure, leaves: Mapping[int, int]) -> list[int]:
    """The nodes that the chosen leaves make exist: their paths from the roots."""
    return [node for leaf in leaves.values() for node in structure.path(leaf)]


def outcome_of(structure: EventStructure, leaves: Mapping[int, int], values: Mapping[Sym, int]) -> Outcome:
    """The final state that the chosen leaves show.

    Registers of a hidden thread, as the values of the final observation, are observables without a thread name;
    its status is not part of the outcome.
    """
    shown, statuses = [], []
    for thread, node in leaves.items():
        leaf = structure.nodes[node].leaf
        if leaf is None:
            continue
        info = structure.threads[thread]
        name = "" if info.hidden else info.name
        shown += [((name, register), evaluate(term, values)) for register, term in leaf.registers.items()]
        if not info.hidden:
            statuses.append((info.name, leaf.status))
    return Outcome(tuple(sorted(shown)), tuple(sorted(statuses, key=lambda s: s[0])))


def _paths(execution: CandidateExecution) -> list[Violation]:
    """One leaf for each thread that exists, and no other events than those on the paths to them."""
    structure, leaves = execution.structure, execution.leaves
    for thread, node in leaves.items():
        if structure.nodes[node].thread != thread or structure.nodes[node].leaf is None:
            return [Violation("leaf")]
    on_paths = sorted(e for node in existing(structure, leaves) for e in structure.nodes[node].events)
    if on_paths != sorted(execution.events):
        return [Violation("events", tuple(sorted(set(on_paths) ^ set(execution.events))))]
    if over(execution) > 1:
        return [Violation("ends")]
    exist = set(on_paths)
    for info in structure.threads:
        if (info.spawn is None or info.spawn in exist) != (info.id in leaves):
            return [Violation("thread", () if info.spawn is None else (info.spawn,))]
    return []


def _conditions(execution: CandidateExecution) -> list[Violation]:
    """Path conditions hold; what a thread knows of another's end is so."""
    structure, values = execution.structure, execution.values
    found = []
    for node in existing(structure, execution.leaves):
        for condition in structure.nodes[node].condition:
            if evaluate(condition, values) != 1:
                found.append(Violation("path-condition", tuple(structure.nodes[node].events)))
    for symbol, info in structure.symbols.items():
        if info.origin is Origin.ENDED and symbol in values and values[symbol] != ended(execution, info.thread):
            found.append(Violation("join"))
        if info.origin is Origin.OVER and symbol in values and values[symbol] != over(execution):
            found.append(Violation("killed"))
        if info.origin is Origin.WRITTEN and symbol in values and values[symbol] != done(execution, info.region):
            found.append(Violation("done"))
    return found


def ended(execution: CandidateExecution, thread: int | None) -> int:
    """1 if the thread exists and came to its end, else 0."""
    if thread is None or thread not in execution.leaves:
        return 0
    leaf = execution.structure.nodes[execution.leaves[thread]].leaf
    return int(leaf is not None and leaf.status in ENDED and not leaf.ends)


def done(execution: CandidateExecution, region: Region | None) -> int:
    """1 if some event but an initial one writes the region, else 0."""
    events = (execution.structure.events[e] for e in execution.events)
    late = (a for e in events if e.kind is not Kind.INIT for a in e.actions)
    return int(any(writing(a) and a.location.region == region for a in late))


def over(execution: CandidateExecution) -> int:
    """How many threads end the program."""
    leaves = (execution.structure.nodes[node].leaf for node in execution.leaves.values())
    return sum(leaf is not None and leaf.ends for leaf in leaves)


def _sources(execution: CandidateExecution) -> list[Violation]:
    """value-consistent: read_r(eR)[i] = write_r(eW)[j], k = offset_r(eR) + i = offset_r(eW) + j, eR and eW distinct."""
    structure, values, rf = execution.structure, execution.values, execution.rf
    exist = set(execution.events)
    found, items = [], 0
    for read in execution.events:
        for action in filter(reading, structure.events[read].actions):
            region = action.location.region
            items += action.size
            value = evaluate(read_value(action), values)
            for i in range(action.size):
                write = rf.get((read, region, i))
                source = access(structure, write, region) if write in exist and write != read else None
                if write is None or source is None or not writing(source):
                    found.append(Violation("source", (read,)))
                    continue
                j = action.location.offset + i - source.location.offset
                if not 0 <= j < source.size or item(region, value, i) != evaluate(
                    unit(region, written(source), j), values
                ):
                    found.append(Violation("value-consistent", (write, read)))
    if len(rf) != items:
        found.append(Violation("source", tuple(sorted({r for r, _, _ in rf}))))
    return found


def access(structure: EventStructure, event: int | None, region: Region) -> Action | None:
    """access_r(ev): the one action of an event on a region (Fig. 15)."""
    if event is None:
        return None
    return next((a for a in structure.events[event].actions if a.location.region == region), None)


def item(region: Region, value: int, i: int) -> int:
    """w*[i] of a value that was read: a byte of `data`, else the whole store value."""
    if region.field is not Field.DATA:
        return value
    byte = extract(value, 8 * i, 8)
    assert isinstance(byte, int)
    return byte
