"""Linearisations and acyclicity: one Boolean per undecided pair that somebody mentions, never a total order.

An `Order` is a strict partial order that some total order extends: static pairs (`must`), pairs that hold under
conditions (`steps`), and pairs that checks mention. The graph of these pairs is made chordal (minimum degree) and
every triangle gets two clauses: then no cycle remains.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from semantics.solver.closures import Demands
from semantics.solver.cnf import FALSE, TRUE, Clauses, Dnf, bits
from semantics.solver.frame import Frame, Rows, transpose
from semantics.solver.relations import Relation, closed

Pairs = dict[tuple[int, int], int]


class Order:
    """A total order on the events of `domain` that contains `given`, or only the claim that `given` is acyclic."""

    def __init__(self, name: str, frame: Frame, demands: Demands, domain: int, given: Relation) -> None:
        """The static part of the order; pairs come when they are mentioned."""
        self.name = name
        self.frame = frame
        self.demands = demands
        self.clauses: Clauses = demands.clauses
        self.domain = domain
        self.given = given
        inside: Rows = {x: m for x, mask in given.sure(frame).items() if domain >> x & 1 and (m := mask & domain)}
        self.must: Rows = closed(inside)
        self.loops = [x for x, mask in self.must.items() if mask >> x & 1]
        self.steps: Rows = {}
        for x, mask in given.may.items():
            rest = mask & domain & ~self.must.get(x, 0) if domain >> x & 1 else 0
            if rest:
                self.steps[x] = rest
        self.pairs: Pairs = {}  # (x, y) with x < y -> literal of "x before y"
        columns = transpose(self.must)
        may: Rows = {x: m for x in bits(domain) if (m := domain & frame.together[x] & ~columns.get(x, 0) & ~(1 << x))}
        self.relation = Relation(self.must, may, self._when)

    def _when(self, x: int, y: int) -> Dnf:
        literal = self.literal(x, y)
        if self.steps.get(x, 0) >> y & 1 and literal not in self.demands.supports:
            self.demands.supports[literal] = list(self.given.when(x, y))
        return (frozenset((literal,)),)

    def literal(self, x: int, y: int) -> int:
        """The literal of "x before y"."""
        if self.must.get(x, 0) >> y & 1:
            return TRUE
        if self.must.get(y, 0) >> x & 1:
            return FALSE
        key = (x, y) if x < y else (y, x)
        literal = self.pairs.get(key)
        if literal is None:
            literal = self.pairs[key] = self.clauses.fresh()
        return literal if x < y else -literal

    def mentioned(self, x: int, y: int) -> int | None:
        """The literal of "x before y" if it is static or was asked for."""
        if self.must.get(x, 0) >> y & 1:
            return TRUE
        key = (x, y) if x < y else (y, x)
        literal = self.pairs.get(key)
        if literal is None:
            return None
        return literal if x < y else -literal

    def finish(self, emit: Callable[[list[int]], None]) -> None:
        """Adds the clauses, through `emit`."""
        frame = self.frame
        for x in self.loops:
            emit([-guard for guard in frame.missing(1 << x, 0)])
        for x, mask in self.steps.items():
            for y in bits(mask):
                for conj in self.given.when(x, y):
                    self.demands.need(conj)
                    guards = frame.missing(1 << x | 1 << y, frame.present(conj))
                    refused = [-literal for literal in conj] + [-guard for guard in guards]
                    emit(refused if x == y else [*refused, self.literal(x, y)])
        self._triangles(emit)

    def _graph(self) -> dict[int, int]:
        """Neighbours of each event: mentioned pairs, and the static order between their events, reduced."""
        vertices, frame = 0, self.frame
        graph: dict[int, int] = {}
        for x, y in self.pairs:
            graph[x] = graph.get(x, 0) | 1 << y
            graph[y] = graph.get(y, 0) | 1 << x
        for x in graph:
            vertices |= 1 << x
        for x in list(graph):
            after = self.must.get(x, 0) & vertices
            covered = 0  # what follows from a step in between that exists whenever both ends do
            for y in bits(after):
                certain = -1 if frame.entails[x] >> y & 1 else frame.entailed_by[y]
                covered |= self.must.get(y, 0) & certain
            for y in bits(after & ~covered):
                graph[x] |= 1 << y
                graph[y] |= 1 << x
        return graph

    def _triangles(self, emit: Callable[[list[int]], None]) -> None:
        graph, together = self._graph(), self.frame.together
        literal = self.literal
        heap = [(mask.bit_count(), x) for x, mask in graph.items()]
        heapify(heap)
        while heap:
            degree, v = heappop(heap)
            if v not in graph or graph[v].bit_count() != degree:
                continue  # an entry that a later one replaced
            around = bits(graph.pop(v))
            for i, a in enumerate(around):
                graph[a] &= ~(1 << v)
                for b in around[:i]:
                    if not together[a] >> b & 1:
                        continue  # no execution has a cycle through both
                    graph[a] |= 1 << b
                    graph[b] |= 1 << a
                    va, ab, bv = literal(v, a), literal(a, b), literal(b, v)
                    emit([-va, -ab, -bv])
                    emit([va, ab, bv])
            for a in around:
                heappush(heap, (graph[a].bit_count(), a))
