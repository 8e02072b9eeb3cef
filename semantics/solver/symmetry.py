"""Interchangeable threads: threads whose trees are equal up to the names of their own events and symbols.

Swapping two of them is an automorphism of the event structure, so it maps consistent executions to consistent ones, and
one outcome of every orbit stands for all. The test is syntactic: a thread that it does not understand is like no other.
Threads may be told apart only by the place of their SPAWN events in one uninterrupted run of such events, and that only
where the model cannot see it (`blind`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from semantics.execution.structure import Event, EventStructure, Kind, Origin, PathNode
from semantics.runtime.actions import Action, Fill, Image, read_value, reading, writing, written
from semantics.solver.plans import Plan
from semantics.solver.spawning import blind
from semantics.terms import Sym, Term, symbols

LEAST = 3
"""So many threads must be alike before orders among them are worth their clauses."""

Key = Callable[[Term], Hashable]
"""What stands for a term in a form."""


def interchangeable(structure: EventStructure, plan: Plan) -> list[list[int]]:
    """Classes of at least `LEAST` threads, ascending, any two of which may be swapped."""
    sizes: dict[tuple[int, int], list[int]] = {}
    events: dict[int, list[int]] = {thread.id: [] for thread in structure.threads}
    for event in structure.events:
        events[event.thread].append(event.id)
    nodes: dict[int, int] = dict.fromkeys(events, 0)
    for node in structure.nodes:
        nodes[node.thread] += 1
    for thread in structure.threads:
        if not thread.hidden:
            sizes.setdefault((len(events[thread.id]), nodes[thread.id]), []).append(thread.id)
    candidates = [threads for threads in sizes.values() if len(threads) >= LEAST]
    if not candidates or not blind(plan):
        return []
    forms = _Forms(structure)
    found: dict[Hashable, list[int]] = {}
    for thread_id in sorted(t for threads in candidates for t in threads):
        form = forms.of(thread_id)
        if form is not None:
            found.setdefault(form, []).append(thread_id)
    return [threads for threads in found.values() if len(threads) >= LEAST]


class _Forms:
    """Canonical forms of threads."""

    def __init__(self, structure: EventStructure) -> None:
        self.structure = structure
        self._interned: dict[Hashable, int] = {}
        self._users: dict[Sym, set[int]] = {}  # symbol -> the threads that mention it
        for node in structure.nodes:
            for term in _terms(structure, node):
                for symbol in symbols(term):
                    self._users.setdefault(symbol, set()).add(node.thread)
        self._unlike: set[int] = set()  # threads of which others speak
        for symbol, users in self._users.items():
            info = structure.symbols[symbol]
            if info.thread is not None:
                self._unlike.add(info.thread)
            if info.event is not None and users != {owner := structure.events[info.event].thread}:
                self._unlike.add(owner)
        self._edges: dict[int, list[tuple[int, int]]] = {}  # event -> its asw edges
        entered = set()
        for edge in structure.asw:
            entered.add(edge[1])
            for end in set(edge):
                self._edges.setdefault(end, []).append(edge)
        self._run: dict[int, tuple[int, int]] = {}  # SPAWN event -> the run of such events that it belongs to
        for node in structure.nodes:
            run = 0
            for event in node.events:
                if structure.events[event].kind is Kind.SPAWN and event not in entered:
                    self._run[event] = (node.id, run)
                else:
                    run += 1

    def of(self, thread_id: int) -> Hashable | None:
        """Equal for threads that may be swapped; None for a thread that is like no other."""
        structure = self.structure
        thread = structure.threads[thread_id]
        spawn = thread.spawn
        if thread_id in self._unlike:
            return None
        if spawn is not None and spawn not in self._run:
            return None
        if spawn is None and structure.nodes[thread.root].parent is not None:
            return None
        order: list[PathNode] = []
        stack = [thread.root]
        while stack:
            node = structure.nodes[stack.pop()]
            order.append(node)
            stack += reversed(node.children)
        number = {event: i for i, event in enumerate(e for node in order for e in node.events)}
        if any(structure.events[e].kind in (Kind.SPAWN, Kind.JOIN, Kind.INIT) for e in number):
            return None
        names: dict[Sym, Hashable] = {}
        body = tuple(self._node(node, thread_id, number, names) for node in order)
        edges: set[Hashable] = set()
        for event in (*number, *(() if spawn is None else (spawn,))):
            for a, b in self._edges.get(event, ()):
                edges.add((self._end(a, number, spawn), self._end(b, number, spawn)))
        return body, frozenset(edges), None if spawn is None else self._run[spawn]

    @staticmethod
    def _end(event: int, number: dict[int, int], spawn: int | None) -> Hashable:
        return "spawn" if event == spawn else ("own", number[event]) if event in number else event

    def _node(self, node: PathNode, thread: int, number: dict[int, int], names: dict[Sym, Hashable]) -> Hashable:
        def key(term: Term) -> Hashable:
            return self._term(term, thread, number, names)

        events = tuple(self._event(self.structure.events[e], number, key) for e in node.events)
        conditions = tuple(map(key, node.condition))
        leaf: Hashable = None
        if node.leaf is not None:
            registers = tuple((name, key(term)) for name, term in sorted(node.leaf.registers.items()))
            leaf = node.leaf.status, node.leaf.ends, registers
        return len(node.children), conditions, events, leaf

    def _event(self, event: Event, number: dict[int, int], key: Key) -> Hashable:
        peer: Hashable = event.peer
        if event.peer is not None and event.kind in (Kind.WOKEN, Kind.TIMEOUT):
            peer = number[event.peer]  # its wait, of the same thread
        return (
            event.kind,
            tuple(_action(action, key) for action in event.actions),
            event.queue,
            None if event.fate is None else key(event.fate),
            key(event.limit),
            None if event.count is None else key(event.count),
            event.notears,
            peer,
        )

    def _term(self, term: Term, thread: int, number: dict[int, int], names: dict[Sym, Hashable]) -> Hashable:
        """A number that equal terms share; a thread's own symbols are named by their first occurrence."""
        done: dict[Term, Hashable] = {}
        stack = [term]
        while stack:  # terms may be deep: no recursion
            at = stack[-1]
            if at in done:
                stack.pop()
            elif isinstance(at, int):
                done[at] = ("int", at)
            elif isinstance(at, Sym):
                done[at] = names[at] if at in names else self._name(at, thread, number, names)
            elif missing := [arg for arg in at.args if arg not in done]:
                stack += reversed(missing)
            else:
                form = (at.op, tuple(done[arg] for arg in at.args), at.width, at.arg_width)
                done[at] = ("app", self._interned.setdefault(form, len(self._interned)))
        return done[term]

    def _name(self, symbol: Sym, thread: int, number: dict[int, int], names: dict[Sym, Hashable]) -> Hashable:
        info = self.structure.symbols[symbol]
        if info.event is not None and info.event in number:
            where: Hashable = number[info.event]
        elif info.origin is Origin.CHOICE and info.event is None and self._users[symbol] == {thread}:
            where = "free"
        else:
            return ("other", symbol.id)
        names[symbol] = ("own", len(names), symbol.width, info.origin, info.region, where)
        return names[symbol]


def _action(action: Action, key: Key) -> Hashable:
    parts: list[Hashable] = [action.__class__.__name__, action.order, action.location, action.size]
    if reading(action):
        parts.append(key(read_value(action)))
    if writing(action):
        payload = written(action)
        match payload:
            case Fill():
                parts.append(("fill", key(payload.value), payload.count))
            case Image():
                parts.append(payload)
            case _:
                parts.append(key(payload))
    return tuple(parts)


def _terms(structure: EventStructure, node: PathNode) -> Iterator[Term]:
    """All terms of a node."""
    yield from node.condition
    if node.leaf is not None:
        yield from node.leaf.registers.values()
    for e in node.events:
        event = structure.events[e]
        yield event.limit
        yield from (s for s in (event.fate, event.count) if s is not None)
        for action in event.actions:
            if reading(action):
                yield read_value(action)
            if writing(action):
                payload = written(action)
                if isinstance(payload, Fill):
                    yield payload.value
                elif not isinstance(payload, Image):
                    yield payload
