"""An event structure with other registers: what an outcome shows is what somebody wants to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from semantics.execution.structure import EventStructure, Leaf, PathNode
from semantics.terms import Term

Chooser = Callable[[str, PathNode, Leaf], Mapping[str, Term]]
"""Thread name, node and its leaf -> the registers that the leaf shall have."""


def observing(structure: EventStructure, choose: Chooser) -> EventStructure:
    """The same executions, with the registers that `choose` gives. Final values of cells are those of thread ""."""
    nodes = [node if node.leaf is None else _with(structure, node, node.leaf, choose) for node in structure.nodes]
    return replace(structure, nodes=nodes)


def _with(structure: EventStructure, node: PathNode, leaf: Leaf, choose: Chooser) -> PathNode:
    registers = choose(structure.threads[node.thread].name, node, leaf)
    return replace(node, leaf=replace(leaf, registers=registers))
