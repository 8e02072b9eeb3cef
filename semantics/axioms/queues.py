"""Wait queues on one concrete execution: which notify may wake which wait.

Three readings (`model.Waiting`). *React* (Fig. 11, rows 3 to 5; systems.md A.4, G3 to G5): a notify wakes any
suspended waiters of its location, one after another, at most `limit` and as few as it likes. (Row 4 refuses to finish
while a waiter is hb-before the notify; with the least hb no suspended waiter is.) *FIFO* (the proposal's suspensions-
consistent-with; systems.md A.8, S5): the suspension events of a location run a queue: a wait enters at the back, a
timeout leaves from anywhere, a notify removes the oldest and stops early only when the queue is empty. *Sections*
(ECMA-262 since its pull request 1692; systems.md A.9, E4): the queue's events are critical sections of its lock, and
so is a wait that finds another value: it takes its turn and leaves the queue as it is.
"""

from __future__ import annotations

from semantics.axioms.model import Waiting
from semantics.axioms.violation import Violation
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import Event, Fate, Kind
from semantics.runtime.actions import Location
from semantics.terms import evaluate

SUSPENSIONS = (Kind.WAIT, Kind.NOTIFY, Kind.TIMEOUT)
"""The kinds of events that stand in a queue's order. The woken events of a notify would stand right behind it; they
are left out, for all that is before them is before the notify or is the wait."""


def queue_of(event: Event, waiting: Waiting) -> Location | None:
    """The location in whose queue an event takes its turn, if it does in any."""
    takes = event.kind in SUSPENSIONS or (event.kind is Kind.ACCESS and waiting is Waiting.SECTIONS)
    return event.queue if takes else None


def turns(execution: CandidateExecution, waiting: Waiting) -> dict[Location, list[Event]]:
    """The events that exist and take turns, per location."""
    found: dict[Location, list[Event]] = {}
    for e in execution.events:
        event = execution.structure.events[e]
        place = queue_of(event, waiting)
        if place is not None:
            found.setdefault(place, []).append(event)
    return found


def violations(execution: CandidateExecution, waiting: Waiting) -> list[Violation]:
    """Where the wait queues are not as the reading has them, or fates and counts do not agree with them."""
    return react_violations(execution) if waiting is Waiting.REACT else fifo_violations(execution, waiting)


def react_violations(execution: CandidateExecution) -> list[Violation]:
    """Where `wakes` is no matching as Fig. 11 allows, or fates and counts do not agree with it."""
    return [*_matching(execution), *_fates(execution)]


def fifo_violations(execution: CandidateExecution, reading: Waiting = Waiting.FIFO) -> list[Violation]:
    """Where `queues` is no run of FIFO queues that wakes what `wakes` says, or fates and counts do not agree."""
    found = [*_matching(execution), *_fates(execution)]
    events = execution.structure.events
    for location, members in turns(execution, reading).items():
        order = execution.queues.get(location, ())
        if sorted(order) != sorted(e.id for e in members):
            found.append(Violation("queue-order", tuple(e.id for e in members)))
            continue
        waiting: list[int] = []
        for event in (events[e] for e in order):
            if event.kind is Kind.WAIT:
                waiting.append(event.id)
            elif event.kind is Kind.TIMEOUT:
                if event.peer in waiting:
                    waiting.remove(event.peer)
                else:
                    found.append(Violation("queue-timeout", (event.id,)))
            elif event.kind is Kind.NOTIFY:
                limit = evaluate(event.limit, execution.values)
                if {w for w, n in execution.wakes.items() if n == event.id} != set(waiting[:limit]):
                    found.append(Violation("queue-fifo", (event.id, *waiting[:limit])))
                del waiting[:limit]
    return found


def _matching(execution: CandidateExecution) -> list[Violation]:
    """Each woken waiter existed and is woken by a notify of its location; counts and limits are kept."""
    found = []
    events, exist = execution.structure.events, set(execution.events)
    woken: dict[int, int] = {}
    for wait, notify in execution.wakes.items():
        legal = (
            wait in exist
            and notify in exist
            and events[wait].kind is Kind.WAIT
            and events[notify].kind is Kind.NOTIFY
            and events[wait].queue == events[notify].queue
        )
        if not legal:
            found.append(Violation("matching", (wait, notify)))
        woken[notify] = woken.get(notify, 0) + 1
    for event in (events[e] for e in execution.events):
        if event.kind is Kind.NOTIFY:
            number = woken.get(event.id, 0)
            counted = number if event.count is None else execution.values.get(event.count)
            if number > evaluate(event.limit, execution.values) or counted != number:
                found.append(Violation("notify-count", (event.id,)))
    return found


def _fates(execution: CandidateExecution) -> list[Violation]:
    """The fate of each wait: woken iff a notify wakes it, timed out iff its timeout event exists, else blocked."""
    found = []
    events = [execution.structure.events[e] for e in execution.events]
    late = {e.peer for e in events if e.kind is Kind.TIMEOUT}
    for event in events:
        if event.kind is Kind.WAIT and event.fate is not None:
            fate = Fate.WOKEN if event.id in execution.wakes else Fate.TIMEOUT if event.id in late else Fate.BLOCKED
            if execution.values.get(event.fate) != fate.value or (fate is Fate.WOKEN and event.id in late):
                found.append(Violation("wait-fate", (event.id,)))
    return found
