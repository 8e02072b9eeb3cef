"""What no execution enters: refuted nodes, and the structure without them.

A child is refuted where the domains leave its conditions, with those of its ancestors that speak of the same symbols,
no values. Every symbol keeps at least the values of all consistent executions, so that only impossible paths go; a
path that goes takes its writes along, which may refute others. That starts from *all* paths and takes away, and so
keeps the out-of-thin-air executions that the axioms admit.
"""

from __future__ import annotations

from dataclasses import replace

from semantics.execution.structure import Event, Kind, PathNode
from semantics.exploration.builder import Builder
from semantics.exploration.domains import Domains
from semantics.terms import Term, symbols

PATIENCE = 12
"""Longer value cycles are left to the solver: their domains are large and refute little."""

PEER_IS_THREAD = (Kind.SPAWN, Kind.START, Kind.END, Kind.JOIN)


def refute(builder: Builder, init: int) -> None:
    """Empties the nodes that the domains refute, until there are no more, and then leaves out what is empty."""
    changed = any(not n.children and n.leaf is None and n.parent is not None for n in builder.nodes)
    while True:
        domains = Domains(builder.events, builder.nodes, builder.threads, builder.symbols, init, PATIENCE)
        gone = [n for n in builder.nodes if n.condition and not _possible(builder.nodes, n, domains)]
        if not gone and not changed:
            return
        for node in gone:
            node.leaf, node.children = None, []
        _leave_out(builder, {n.id for n in gone})
        changed = False


def _possible(nodes: list[PathNode], node: PathNode, domains: Domains) -> bool:
    names = frozenset().union(*(symbols(c) for c in node.condition))
    if not domains.small(names):
        return True
    terms: list[Term] = list(node.condition)
    at = node.parent
    while at is not None:
        terms += [c for c in nodes[at].condition if symbols(c) <= names]
        at = nodes[at].parent
    return domains.satisfiable(names, terms)


def _leave_out(builder: Builder, gone: set[int]) -> None:
    """Removes nodes with all that hangs on them, nodes that lead to no leaf, and gives new ids to the rest.

    The root of a thread that can exist stays, even where none of its paths ends.
    """
    nodes = builder.nodes
    dead = set(gone)
    for node in nodes:  # parents precede children
        if node.parent is not None and node.parent in dead:
            dead.add(node.id)
    for node in reversed(nodes):
        inner = node.parent is not None and nodes[node.parent].thread == node.thread
        if inner and node.leaf is None and all(c in dead for c in node.children):
            dead.add(node.id)
    for node in nodes:  # threads that were spawned in a node that leads nowhere
        if node.parent is not None and node.parent in dead:
            dead.add(node.id)
    if not dead:
        return
    node_ids = _renumbered([n.id for n in nodes if n.id not in dead])
    event_ids = _renumbered([e.id for e in builder.events if e.node not in dead])
    thread_ids = _renumbered([t.id for t in builder.threads if t.root not in dead])
    builder.nodes = [
        PathNode(
            node_ids[n.id],
            thread_ids[n.thread],
            None if n.parent is None else node_ids[n.parent],
            n.condition,
            [event_ids[e] for e in n.events],
            [node_ids[c] for c in n.children if c not in dead],
            n.leaf,
        )
        for n in nodes
        if n.id not in dead
    ]
    builder.events = [_moved(e, node_ids, event_ids, thread_ids) for e in builder.events if e.id in event_ids]
    builder.threads = [
        replace(
            t,
            id=thread_ids[t.id],
            root=node_ids[t.root],
            spawn=None if t.spawn is None else event_ids[t.spawn],
        )
        for t in builder.threads
        if t.id in thread_ids
    ]
    builder.asw = [(event_ids[a], event_ids[b]) for a, b in builder.asw if a in event_ids and b in event_ids]
    builder.symbols = {
        s: replace(
            i,
            event=None if i.event is None else event_ids[i.event],
            thread=None if i.thread is None else thread_ids[i.thread],
        )
        for s, i in builder.symbols.items()
        if (i.event is None or i.event in event_ids) and (i.thread is None or i.thread in thread_ids)
    }


def _renumbered(ids: list[int]) -> dict[int, int]:
    return {old: new for new, old in enumerate(ids)}


def _moved(event: Event, nodes: dict[int, int], events: dict[int, int], threads: dict[int, int]) -> Event:
    peer = event.peer
    if peer is not None:
        peer = (threads if event.kind in PEER_IS_THREAD else events).get(peer)
    return replace(event, id=events[event.id], node=nodes[event.node], thread=threads[event.thread], peer=peer)
