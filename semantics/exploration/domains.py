"""Which values a symbol may have: a domain analysis over the part of the event structure that exists so far.

A read may have the value of any write that can overlap it, assembled byte by byte where sizes differ or where tearing
is allowed. The analysis ignores conditions and the total order, so that a domain has every value that any consistent
execution over these events gives, and perhaps more. Two cautions:

- *Value cycles.* A read may depend on itself through what it makes others write. Where every reads-from edge of such
  a cycle synchronises (same range, both seqcst), the cycle would be one of happens-before, so that no execution closes
  it: a value is then built by a chain that uses each read once: as many rounds as the cycle has reads give them all.
  Any other cycle is out-of-thin-air: its values are unbounded, and the domain is *open*.
- *Size.* Domains larger than `CAP` are open.

An open domain lists values that are possible; there may be more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice, product
from math import prod
from typing import NamedTuple

from semantics.execution.structure import Event, Kind, Origin, PathNode, SymbolInfo, Thread, deciding
from semantics.exploration.ranges import possible_values
from semantics.runtime.actions import (
    BYTE,
    Action,
    Field,
    Fill,
    Image,
    Location,
    Payload,
    Read,
    Region,
    Write,
    reading,
    unit,
    writing,
    written,
)
from semantics.syntax.types import Order
from semantics.terms import Sym, Term, evaluate, symbols

CAP = 4096
SAMPLE = 64  # of more combinations than CAP


class Domain(NamedTuple):
    """The values that a term may have; `open`: and perhaps others."""

    values: frozenset[int]
    open: bool


class Loose(NamedTuple):
    """A write whose address is not decided yet: it may go anywhere in its region (aligned). After `node`."""

    thread: int
    node: int
    write: Write
    notears: bool


_BIT = Domain(frozenset((0, 1)), False)
_FATES = Domain(frozenset((0, 2, 3)), False)
_UNNOTIFIED = Domain(frozenset((2, 3)), False)
_Sources = tuple[Event, Action, list[tuple[Event, Action]]]
"""An event, its reading action, and the writes that may give it a unit."""
_NOTHING = Domain(frozenset(), False)


class Domains:
    """Domains over the given events. Symbols are analysed on demand; `of` and `satisfiable` are the questions.

    `init` is the initial event; lists are those of the structure under construction and must not grow meanwhile. The
    domains of reads on value cycles of more than `patience` reads are open without a look. `loose` writes count too:
    an address may come, out of thin air, from what is written there.
    """

    def __init__(
        self,
        events: list[Event],
        nodes: list[PathNode],
        threads: list[Thread],
        symbols_of: dict[Sym, SymbolInfo],
        init: int,
        patience: int = CAP,
        loose: Sequence[Loose] = (),
    ) -> None:
        self._events = events
        self._nodes = nodes
        self._threads = threads
        self._infos = symbols_of
        self._init = init
        self._patience = patience
        self._loose = loose
        self._known: dict[Sym, Domain] = {}
        self._chains: dict[int, dict[int, int]] = {}
        self._writers: dict[Region, list[tuple[Event, Action]]] = {}
        for event in events:
            for action in event.actions:
                if writing(action):
                    self._writers.setdefault(action.location.region, []).append((event, action))

    def of(self, term: Term, conditions: Iterable[Term] = ()) -> Domain:
        """The values that a term may have where `conditions` hold, of which those count that speak of its symbols
        only."""
        if isinstance(term, int):
            return Domain(frozenset((term,)), False)
        names = symbols(term)
        self._analyse(names)
        about = [c for c in conditions if symbols(c) <= names]
        if any(self._known[s].open for s in names):
            every = possible_values(term)
            if every is not None:
                return Domain(every, False)
        if not about:
            return self._evaluate(term, self._known.__getitem__)
        order = sorted(names, key=lambda s: s.id)
        domains = [self._known[s] for s in order]
        values = set()
        for choice in _choices(domains):
            env = dict(zip(order, choice, strict=True))
            if all(evaluate(c, env) for c in about):
                values.add(evaluate(term, env))
        is_open = any(d.open for d in domains) or prod(len(d.values) for d in domains) > CAP
        return Domain(frozenset(values), is_open)

    def at(self, location: Location, thread: int, node: int) -> Domain:
        """The values that a read of one unit that is no byte may have after the events of `node`."""
        action = Read(Order.UNORD, location, 1, 0)
        event = Event(len(self._events), thread, node, Kind.ACCESS, (action,))
        sources = self._writes(event, action)
        for _, write in sources:
            payload = written(write)
            if not isinstance(payload, Fill | Image):
                self._analyse(symbols(payload))
        return self._unit_values(action, sources, self._known.__getitem__)

    def satisfiable(self, names: frozenset[Sym], conditions: Sequence[Term]) -> bool:
        """Whether some values of the symbols `names` make all conditions, which speak of no others, hold; True where
        the domains are not `small`."""
        if not self.small(names):
            return True
        order = sorted(names, key=lambda s: s.id)
        domains = [self._known[s] for s in order]
        for values in product(*(d.values for d in domains)):
            env = dict(zip(order, values, strict=True))
            if all(evaluate(c, env) for c in conditions):
                return True
        return False

    def small(self, names: frozenset[Sym]) -> bool:
        """Whether the symbols have few values together, all of them known."""
        self._analyse(names)
        domains = [self._known[s] for s in names]
        return not any(d.open for d in domains) and prod(len(d.values) for d in domains) <= CAP

    # --- who may be read ------------------------------------------------------------------------
    def _chain(self, node: int) -> dict[int, int]:
        """For each thread on the way from the outermost spawner to `node`, the last node of it on that way."""
        found = self._chains.get(node)
        if found is None:
            found = {}
            at: int | None = node
            while at is not None:
                found.setdefault(self._nodes[at].thread, at)
                at = self._nodes[at].parent
            self._chains[node] = found
        return found

    def _reaches(self, ancestor: int, node: int) -> bool:
        """Whether `ancestor` stands on the path of its own thread to `node`, or is it."""
        at: int | None = node
        while at is not None and at > ancestor:  # parents have smaller ids
            at = self._nodes[at].parent
        return at == ancestor

    def _visible(self, read: Event, write: Event) -> bool:
        """Whether both events can exist in one execution without the read happening before the write."""
        if write.id == self._init:
            return True
        if write.id == read.id:
            return False
        if read.thread == write.thread:
            return write.id < read.id and self._reaches(write.node, read.node)
        ours, theirs = self._chain(read.node), self._chain(write.node)
        for thread, node in ours.items():
            other = theirs.get(thread)
            if other is not None and not (self._reaches(node, other) or self._reaches(other, node)):
                return False
        if read.thread in theirs:  # our thread spawned theirs: not before this read
            child = next(t for t in theirs if t != read.thread and self._spawner(t) == read.thread)
            spawn = self._threads[child].spawn
            return spawn is None or spawn < read.id or not self._reaches(read.node, self._events[spawn].node)
        return True

    def _spawner(self, thread: int) -> int | None:
        spawn = self._threads[thread].spawn
        return None if spawn is None else self._events[spawn].thread

    def _sources(self, sym: Sym) -> _Sources:
        """The event and the reading action of a symbol and the writes that may give it a unit."""
        info = self._infos[sym]
        assert info.event is not None and info.region is not None
        event = self._events[info.event]
        action = next(a for a in event.actions if a.location.region == info.region and reading(a))
        return event, action, self._writes(event, action)

    def _writes(self, event: Event, action: Action) -> list[tuple[Event, Action]]:
        """The writes that may give the reading action of an event a unit."""
        low, high = action.location.offset, action.location.offset + action.size
        found = [
            (e, w)
            for e, w in self._writers.get(action.location.region, ())
            if w.location.offset < high and low < w.location.offset + w.size and self._visible(event, e)
        ]
        for loose in self._loose:
            write = loose.write
            if write.location.region == action.location.region and loose.thread != event.thread:
                end = Event(len(self._events), loose.thread, loose.node, Kind.ACCESS, notears=loose.notears)
                if self._visible(event, end):
                    first = low - low % write.size if action.size < write.size else low
                    places = range(first, high, write.size)
                    found += [(end, replace(write, location=replace(write.location, offset=o))) for o in places]
        return found

    # --- the fixed point ------------------------------------------------------------------------
    def _analyse(self, wanted: Iterable[Sym]) -> None:
        """Fills `_known` for the symbols and for all on which they depend."""
        sources: dict[Sym, _Sources] = {}
        edges: dict[Sym, dict[Sym, bool]] = {}  # symbol -> what its values are built from -> always synchronising
        todo = [s for s in wanted if s not in self._known]
        while todo:
            sym = todo.pop()
            if sym in self._known or sym in edges:
                continue
            simple = self._simple(sym)
            if simple is not None:
                self._known[sym] = simple
                continue
            _, action, writes = sources[sym] = self._sources(sym)
            needed = edges[sym] = {}
            for _, write in writes:
                payload = written(write)
                if isinstance(payload, Fill | Image):
                    continue
                sync = _synchronise(action, write)
                for used in symbols(payload):
                    needed[used] = needed.get(used, True) and sync
                    todo.append(used)
        for component in _components(edges):
            self._solve(component, sources, edges)

    def _simple(self, sym: Sym) -> Domain | None:
        """The domain of a symbol that is no read."""
        info = self._infos[sym]
        if info.origin is Origin.READ:
            return None
        if info.origin is Origin.FATE:
            assert info.event is not None
            wait = self._events[info.event]
            notified = any(e.kind is Kind.NOTIFY and e.queue == wait.queue and e.limit != 0 for e in self._events)
            return _FATES if notified else _UNNOTIFIED
        if info.origin is Origin.COUNT:
            assert info.event is not None
            return self._counts(self._events[info.event])
        if info.origin is Origin.ENDED:
            ends = {n.id for n in deciding(self._nodes, self._events, info)}
            leaves = [n.id for n in self._nodes if n.thread == info.thread and n.leaf is not None]
            return Domain(frozenset(int(n in ends) for n in leaves), False)
        if info.origin is Origin.OVER or info.origin is Origin.WRITTEN:
            return _BIT if deciding(self._nodes, self._events, info) else Domain(frozenset((0,)), False)
        return _BIT

    def _counts(self, notify: Event) -> Domain:
        """0 .. min(limit, the waits of that location that may be suspended then)."""
        waits = sum(e.kind is Kind.WAIT and e.queue == notify.queue and self._visible(notify, e) for e in self._events)
        most = min(waits, notify.limit) if isinstance(notify.limit, int) else waits
        return Domain(frozenset(range(most + 1)), False)

    def _solve(
        self,
        component: list[Sym],
        sources: dict[Sym, _Sources],
        edges: dict[Sym, dict[Sym, bool]],
    ) -> None:
        inside = frozenset(component)
        cyclic = len(component) > 1 or component[0] in edges[component[0]]
        if not cyclic:
            sym = component[0]
            self._known[sym] = self._read(*sources[sym], self._known.__getitem__)
            return
        bounded = all(sync for s in component for t, sync in edges[s].items() if t in inside)
        if len(component) > self._patience:
            self._known.update((s, Domain(frozenset(), True)) for s in component)
            return
        current = dict.fromkeys(component, _NOTHING)
        for _ in range(self._chain_length(component)):
            look = {**self._known, **current}.__getitem__
            after = {s: self._read(*sources[s], look) for s in component}
            if after == current:
                break
            current = after
        for sym, domain in current.items():
            self._known[sym] = domain if bounded else Domain(domain.values, True)

    def _chain_length(self, component: list[Sym]) -> int:
        """How many reads of a cycle one execution can have: a chain of values uses each at most once."""
        own: dict[int, int] = {}
        for sym in component:
            event = self._infos[sym].event
            assert event is not None
            node = self._events[event].node
            own[node] = own.get(node, 0) + 1
        sums: dict[int, int] = {}  # over the path of the thread to a node
        most: dict[int, int] = {}
        for n in self._nodes:  # parents precede children
            inner = n.parent is not None and self._nodes[n.parent].thread == n.thread
            sums[n.id] = own.get(n.id, 0) + (sums[n.parent] if inner and n.parent is not None else 0)
            most[n.thread] = max(most.get(n.thread, 0), sums[n.id])
        return sum(most.values())

    def _read(
        self, event: Event, action: Action, writes: list[tuple[Event, Action]], look: Callable[[Sym], Domain]
    ) -> Domain:
        """The values of an event's reading action, given those of the writes' symbols."""
        region = action.location.region
        if region.field is not Field.DATA:
            return self._unit_values(action, writes, look)
        low, size = action.location.offset, action.size
        whole: list[tuple[Domain, bool]] = []  # values of writes of this range that cannot be mixed with one another
        pieces: list[set[int]] = [set() for _ in range(size)]  # what else each byte may be ...
        first: list[set[int]] = [set() for _ in range(size)]  # ... and what the initial event left in it
        is_open = False
        for other, write in writes:
            payload, at = written(write), write.location.offset
            same = at == low and write.size == size
            if isinstance(payload, Fill | Image):
                target = first if other.id == self._init else pieces
                for i in range(max(0, at - low), min(size, at + write.size - low)):
                    byte = unit(region, payload, low + i - at)
                    target[i].add(byte if isinstance(byte, int) else 0)
                continue
            domain = self._evaluate(payload, look)
            is_open |= domain.open
            if same and _tear_free(event, action) and _tear_free(other, write):
                whole.append((domain, _synchronise(action, write)))
                continue
            for i in range(max(0, at - low), min(size, at + write.size - low)):
                shift = BYTE * (low + i - at)
                pieces[i].update(v >> shift & 0xFF for v in domain.values)
        values: set[int] = set()
        mixed = [p | f for p, f in zip(pieces, first, strict=True)]
        if all(mixed):
            is_open |= _assemble(mixed, values)
        for domain, sync in whole:
            rest = pieces if sync else mixed  # a synchronising write hides the initial bytes
            for value in domain.values:
                choice = [{value >> BYTE * i & 0xFF} | rest[i] for i in range(size)]
                is_open |= _assemble(choice, values)
                if len(values) > CAP:
                    return Domain(frozenset(values), True)
        return Domain(frozenset(values), is_open)

    def _unit_values(self, action: Action, writes: list[tuple[Event, Action]], look: Callable[[Sym], Domain]) -> Domain:
        values: set[int] = set()
        is_open = False
        for _, write in writes:
            index = action.location.offset - write.location.offset
            domain = self._evaluate(_whole(unit(action.location.region, written(write), index)), look)
            values |= domain.values
            is_open |= domain.open
        return Domain(frozenset(values), is_open or len(values) > CAP)

    def _evaluate(self, term: Term, look: Callable[[Sym], Domain]) -> Domain:
        if isinstance(term, int):
            return Domain(frozenset((term,)), False)
        if isinstance(term, Sym):
            return look(term)
        names = sorted(symbols(term), key=lambda s: s.id)
        domains = [look(s) for s in names]
        values = frozenset(evaluate(term, dict(zip(names, v, strict=True))) for v in _choices(domains))
        return Domain(values, any(d.open for d in domains) or prod(len(d.values) for d in domains) > CAP)


def _choices(domains: list[Domain]) -> Iterable[tuple[int, ...]]:
    """A value of each domain, in all ways; a few of these where there are too many."""
    total = prod(len(d.values) for d in domains)
    return islice(product(*(sorted(d.values) for d in domains)), CAP if total <= CAP else SAMPLE)


def _whole(payload: Payload) -> Term:
    """A unit of a region that is no byte: a store value."""
    assert not isinstance(payload, Fill | Image)
    return payload


def _tear_free(event: Event, action: Action) -> bool:
    """tearfree(act) in every model: by the instruction (S6), which implies that of Fig. 15."""
    return action.order is Order.SEQCST or bool(event.notears)


def _synchronise(read: Action, write: Action) -> bool:
    """sync (Fig. 16): both seqcst, of the same range."""
    return (
        read.order is Order.SEQCST
        and write.order is Order.SEQCST
        and read.location == write.location
        and read.size == write.size
    )


def _assemble(choices: list[set[int]], values: set[int]) -> bool:
    """Adds every value with byte i from `choices[i]`; True where there are too many to list."""
    for parts in islice(product(*choices), CAP):
        values.add(int.from_bytes(parts, "little"))
    return prod(map(len, choices)) > CAP


def _components(edges: dict[Sym, dict[Sym, bool]]) -> list[list[Sym]]:
    """Strongly connected components, those that others depend on first (Tarjan, without recursion)."""
    index: dict[Sym, int] = {}
    low: dict[Sym, int] = {}
    active: list[Sym] = []
    on: set[Sym] = set()
    found: list[list[Sym]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        active.append(root)
        on.add(root)
        while work:
            sym, rest = work[-1]
            for used in rest:
                if used not in edges:
                    continue
                if used not in index:
                    index[used] = low[used] = len(index)
                    active.append(used)
                    on.add(used)
                    work.append((used, iter(edges[used])))
                    break
                if used in on:
                    low[sym] = min(low[sym], index[used])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[sym])
                if low[sym] == index[sym]:
                    component = []
                    while True:
                        top = active.pop()
                        on.discard(top)
                        component.append(top)
                        if top == sym:
                            break
                    found.append(component)
    return found
