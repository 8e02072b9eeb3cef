"""Waits and notifies: which notify wakes which suspended thread, and the order of wait queues.

Without queues (Fig. 11) any matching will do that respects the notifies' limits. With queues (systems.md A.8, S5) the
suspension events of one location are totally ordered and run a FIFO queue: a wait enters at the back, a timeout
leaves, a notify removes the oldest and stops early only when the queue is empty. With critical sections (A.9, E4) the
waits that find another value have a place in that order too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from semantics.axioms.model import Waiting
from semantics.axioms.queues import SUSPENSIONS, queue_of
from semantics.execution.structure import Event, Fate, Kind
from semantics.runtime.actions import Location
from semantics.solver.closures import Demands
from semantics.solver.cnf import FALSE, TRUE, Clauses
from semantics.solver.frame import Frame, Rows
from semantics.solver.orders import Order
from semantics.solver.relations import NOTHING, Relation
from semantics.solver.values import Literals
from semantics.terms import Sym, Term


class SuspensionValues(Protocol):
    """What suspensions ask of values."""

    def symbol(self, symbol: Sym) -> Literals:
        """The value literals of a FATE or COUNT symbol."""

    def term(self, term: Term) -> Literals:
        """The value literals of a limit."""


class Suspensions:
    """`wakes[wait, notify]`, the literals of the matching; `queues`, per location the order of its events."""

    def __init__(self, frame: Frame, demands: Demands, waiting: Waiting, given: Relation = NOTHING) -> None:
        """Literals of the matching; unless `waiting` has no queues an order for each, which contains `given`."""
        self.frame = frame
        self.demands = demands
        self.fifo = fifo = waiting is not Waiting.REACT
        self.clauses: Clauses = demands.clauses
        self.wakes: dict[tuple[int, int], int] = {}
        self.queues: dict[Location, Order] = {}
        self.members: dict[Location, list[Event]] = {}
        events = frame.structure.events
        for event in events:
            place = queue_of(event, waiting) if frame.alive >> event.id & 1 else None
            if place is not None:
                self.members.setdefault(place, []).append(event)
        for place, members in self.members.items():
            if fifo:
                domain = sum(1 << e.id for e in members)
                self.queues[place] = Order(f"queue {place}", frame, demands, domain, given)
            for wait in members:
                for notify in members:
                    if wait.kind is Kind.WAIT and notify.kind is Kind.NOTIFY:
                        self._wake(place, wait, notify)

    def _wake(self, place: Location, wait: Event, notify: Event) -> None:
        frame = self.frame
        if not frame.together[wait.id] >> notify.id & 1:
            return
        if self.fifo and self.queues[place].must.get(notify.id, 0) >> wait.id & 1:
            return
        literal = self.wakes[wait.id, notify.id] = self.clauses.fresh()
        for event in (wait.id, notify.id):
            if frame.guards[event] != TRUE:
                self.clauses.add([-literal, frame.guards[event]])
        if frame.branching:
            frame.presence[literal] = frame.entails[wait.id] | frame.entails[notify.id]

    def relations(self) -> Mapping[str, Relation]:
        """The base relations susp, wake, queue and section."""
        if not self.members:
            return dict.fromkeys(("susp", "wake", "queue", "section"), NOTHING)
        susp: dict[tuple[int, int], int] = self.wakes
        wake: dict[tuple[int, int], int] = {}
        together = self.frame.together
        for woken in self.frame.by_kind(Kind.WOKEN):
            peer = self.frame.structure.events[woken].peer
            for (wait, notify), literal in self.wakes.items():
                if wait == peer and together[notify] >> woken & 1:
                    wake[notify, woken] = literal
        suspended = sum(1 << e for e in self.frame.by_kind(*SUSPENSIONS))
        queue, section = self._turns(suspended), self._turns(-1)
        return {"susp": _chosen(susp), "wake": _chosen(wake), "queue": queue, "section": section}

    def _turns(self, among: int) -> Relation:
        """The orders of the queues, on some events."""
        rows: Rows = {}
        must: Rows = {}
        for order in self.queues.values():
            for result, part in (rows, order.relation.may), (must, order.relation.must):
                result.update({x: m for x, mask in part.items() if among >> x & 1 and (m := mask & among)})
        orders = list(self.queues.values())

        def before(x: int, y: int) -> tuple[frozenset[int], ...]:
            return next(o.relation.when(x, y) for o in orders if o.domain >> x & 1)

        return Relation(must, rows, before, causal=must)

    def emit(self, values: SuspensionValues) -> None:
        """Adds the clauses: fates and counts agree with the matching, queues are FIFO."""
        for place, members in self.members.items():
            waits = [e for e in members if e.kind is Kind.WAIT]
            notifies = [e for e in members if e.kind is Kind.NOTIFY]
            for wait in waits:
                self._fate(wait, [self.wakes[wait.id, n.id] for n in notifies if (wait.id, n.id) in self.wakes], values)
            for notify in notifies:
                self._count(notify, waits, values)
            if self.fifo:
                self._queue(self.queues[place], members)
                for notify in notifies:
                    self._fifo(self.queues[place], notify, members, values)

    def finish(self) -> None:
        """Adds the orders of the queues, when everything that mentions their pairs is known."""
        for order in self.queues.values():
            order.finish(self.clauses.add)

    def _fate(self, wait: Event, wakes: list[int], values: SuspensionValues) -> None:
        """A wait is woken by at most one notify; its fate says whether, or whether it timed out."""
        frame, clauses = self.frame, self.clauses
        if wakes:
            clauses.at_most_one(wakes)
        late = [frame.guards[t] for t in frame.by_kind(Kind.TIMEOUT) if frame.structure.events[t].peer == wait.id]
        here = frame.guards[wait.id]
        if wait.fate is None:
            return
        fate = values.symbol(wait.fate)
        woken, timeout = fate[Fate.WOKEN.value], fate[Fate.TIMEOUT.value]
        for wake in wakes:
            clauses.add([-wake, woken])
        clauses.add([-here, -woken, *wakes])
        for guard in late:
            clauses.add([-guard, timeout])
        clauses.add([-here, -timeout, *late])

    def _count(self, notify: Event, waits: list[Event], values: SuspensionValues) -> None:
        """The number of waiters that a notify wakes is its count, and no more than its limit."""
        clauses = self.clauses
        here = self.frame.guards[notify.id]
        counts: list[int] = [TRUE]  # counts[k]: exactly k so far
        for wait in waits:
            wake = self.wakes.get((wait.id, notify.id), FALSE)
            if wake == FALSE:
                continue
            counts = [
                clauses.any_of(
                    [
                        clauses.all_of([counts[k], -wake]) if k < len(counts) else FALSE,
                        clauses.all_of([counts[k - 1], wake]) if k else FALSE,
                    ]
                )
                for k in range(len(counts) + 1)
            ]
        shown = values.symbol(notify.count) if notify.count is not None else {}
        for k, literal in enumerate(counts):
            if notify.count is not None:
                clauses.add([-here, -literal, shown.get(k, FALSE)])
            for limit, chosen in values.term(notify.limit).items():
                if 0 <= limit < k:
                    clauses.add([-here, -literal, -chosen])

    def _fifo(self, order: Order, notify: Event, members: list[Event], values: SuspensionValues) -> None:
        """A notify removes the oldest waiters, and leaves one behind only at its limit."""
        clauses, here = self.clauses, self.frame.guards[notify.id]
        waiting: dict[int, int] = {}
        for wait in members:
            if (wait.id, notify.id) in self.wakes:
                waiting[wait.id] = self._waiting(order, wait, notify, members)
        limits = values.term(notify.limit)
        number = max((limit for limit in limits if limit <= len(waiting)), default=0)
        for w, inside in waiting.items():
            wake = self.wakes[w, notify.id]
            clauses.add([-wake, inside])
            others = self.frame.together[w] & ~(1 << w)
            older = [clauses.all_of([x, order.literal(v, w)]) for v, x in waiting.items() if others >> v & 1]
            rank: list[int] = [TRUE, *[FALSE] * number]  # rank[k]: at least k older waiters
            for literal in older:
                rank = [
                    TRUE if k == 0 else clauses.any_of([rank[k], clauses.all_of([rank[k - 1], literal])])
                    for k in range(number + 1)
                ]
            for limit, chosen in limits.items():
                if limit < 0:
                    continue
                too_many = rank[limit] if limit <= number else FALSE
                clauses.add([-here, -inside, -chosen, too_many, wake])
                clauses.add([-here, -inside, -chosen, -too_many, -wake])

    def _waiting(self, order: Order, wait: Event, notify: Event, members: list[Event]) -> int:
        """The literal of "the wait is still queued when the notify takes its turn"."""
        frame, clauses = self.frame, self.clauses
        parts = [frame.guards[wait.id], frame.guards[notify.id], order.literal(wait.id, notify.id)]
        for other in members:
            if other.kind is Kind.TIMEOUT and other.peer == wait.id and frame.together[other.id] >> notify.id & 1:
                parts.append(-clauses.all_of([frame.guards[other.id], order.literal(other.id, notify.id)]))
            earlier = other.kind is Kind.NOTIFY and other.id != notify.id and (wait.id, other.id) in self.wakes
            if earlier and frame.together[other.id] >> notify.id & 1:
                parts.append(-clauses.all_of([self.wakes[wait.id, other.id], order.literal(other.id, notify.id)]))
        return clauses.all_of(parts)

    def _queue(self, order: Order, members: list[Event]) -> None:
        """A timeout takes an entry away that is there: it comes after its wait."""
        for timeout in members:
            if timeout.kind is Kind.TIMEOUT and timeout.peer is not None:
                guard = self.frame.guards[timeout.id]
                self.clauses.add([-guard, order.literal(timeout.peer, timeout.id)])


def _chosen(pairs: Mapping[tuple[int, int], int]) -> Relation:
    rows: Rows = {}
    for x, y in pairs:
        rows[x] = rows.get(x, 0) | 1 << y
    return Relation({}, rows, lambda x, y: (frozenset((pairs[x, y],)),))
