"""The event structure under construction: nodes, events, threads and symbols with consecutive ids.

Ids are given in the order of creation, so that parents precede children and an event the events after it on its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from semantics.diagnostics import Span
from semantics.execution.structure import Event, Kind, Leaf, Origin, PathNode, Status, SymbolInfo, Thread, Touch
from semantics.runtime.actions import Action, Location, Region, Rmw, Write
from semantics.syntax.types import ValType
from semantics.terms import Sym, Term


class Builder:
    """Appends to the lists that make an EventStructure."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.nodes: list[PathNode] = []
        self.threads: list[Thread] = []
        self.symbols: dict[Sym, SymbolInfo] = {}
        self.asw: list[tuple[int, int]] = []
        self.incomplete: dict[str, None] = {}  # an ordered set
        self.rules: dict[str, int] = {}
        self.names: dict[tuple[str, int, str], str] = {}
        self._taken: set[str] = set()
        self._numbers: dict[tuple[str, int], int] = {}
        self._symbols = 0

    def symbol(self, width: int, hint: str = "") -> Sym:
        """A fresh symbol. Symbols that no event mentions are never registered."""
        self._symbols += 1
        return Sym(self._symbols, width, hint)

    def introduce(
        self,
        sym: Sym,
        origin: Origin,
        event: int | None = None,
        thread: int | None = None,
        region: Region | None = None,
    ) -> None:
        """Registers a symbol that is no read."""
        self.symbols[sym] = SymbolInfo(origin, event, region, thread)

    def count_rule(self, rule: str) -> None:
        """A rule has fired."""
        self.rules[rule] = self.rules.get(rule, 0) + 1

    def node(self, thread: int, parent: int | None, condition: tuple[Term, ...] = ()) -> PathNode:
        """A fresh node; with a parent of the same thread it becomes its child."""
        made = PathNode(len(self.nodes), thread, parent, condition)
        self.nodes.append(made)
        if parent is not None and self.nodes[parent].thread == thread:
            self.nodes[parent].children.append(made.id)
        return made

    def event(
        self,
        thread: int,
        node: int,
        kind: Kind,
        actions: tuple[Action, ...] = (),
        rule: str = "",
        span: Span | None = None,
        text: str = "",
        queue: Location | None = None,
        fate: Sym | None = None,
        limit: Term = 0,
        count: Sym | None = None,
        peer: int | None = None,
        notears: bool | None = None,
    ) -> int:
        """Appends an event to a node; registers the symbols that its reading actions introduce."""
        made = len(self.events)
        self.events.append(
            Event(made, thread, node, kind, actions, rule, span, text, queue, fate, limit, count, peer, notears)
        )
        self.nodes[node].events.append(made)
        for action in actions:
            if action.__class__ is Write:
                continue
            value = action.old if action.__class__ is Rmw else action.value  # type: ignore[union-attr]
            if value.__class__ is Sym:
                self.symbols[value] = SymbolInfo(Origin.READ, made, action.location.region)
        return made

    def thread(
        self, name: str, parent: int | None, spawn: int | None, types: dict[str, ValType], hidden: bool = False
    ) -> Thread:
        """A fresh thread with its root below the spawning node."""
        number = len(self.threads)
        root = self.node(number, parent)
        made = Thread(number, name, root.id, spawn, types, hidden)
        self.threads.append(made)
        return made

    def leaf(
        self,
        node: int,
        status: Status,
        registers: dict[str, Term],
        reason: str = "",
        traps: dict[str, str] | None = None,
        ends: bool = False,
        touched: Mapping[int, Touch] = MappingProxyType({}),
    ) -> None:
        """Ends a path, and the program where it `ends`."""
        self.nodes[node].leaf = Leaf(status, registers, reason, traps or {}, ends, touched)

    def thread_name(self, parent: str, ordinal: int, base: str) -> str:
        """The name of the `ordinal`-th thread that thread `parent` forks on a path: `base`, or `base#2` and so on
        where it is taken. Alternative paths of one thread share names: their threads never exist together."""
        key = (parent, ordinal, base)
        found = self.names.get(key)
        if found is None:
            found, count = base, 1
            while found in self._taken:
                count += 1
                found = f"{base}#{count}"
            self.reserve(found)
            self.names[key] = found
        return found

    def thread_number(self, parent: int, ordinal: int) -> int:
        """The host's number of the `ordinal`-th thread that thread `parent` forks on a path: alternative paths share
        it, as they share names."""
        key = (self.threads[parent].name, ordinal)
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def typed(self, thread: int, register: str, type: ValType) -> None:
        """A register of a thread that no command names."""
        found = self.threads[thread]
        self.threads[thread] = replace(found, register_types={**found.register_types, register: type})

    def reserve(self, name: str) -> None:
        """Takes a name that a fork must not get."""
        self._taken.add(name)
