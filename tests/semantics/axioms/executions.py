"""Random executions of random structures, consistent and not, for comparing the text of a model with its referee."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from semantics.axioms.brute import candidates, static_order
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import EventStructure


def random_order(execution: CandidateExecution, rng: random.Random, *, wild: float = 0.1) -> tuple[int, ...]:
    """A random total order: mostly one that contains program order."""
    if rng.random() < wild:
        return tuple(rng.sample(execution.events, len(execution.events)))
    after = static_order(execution)
    rest, order = list(execution.events), []
    while rest:
        first = [e for e in rest if not any(after[o] >> e & 1 for o in rest)]
        order.append(rng.choice(first))
        rest.remove(order[-1])
    return tuple(order)


def random_executions(
    structure: EventStructure, rng: random.Random, *, queue: bool, each: int = 12, orders: int = 3
) -> Iterator[CandidateExecution]:
    """Executions of one structure, with reads-from that program order may forbid."""
    found: list[CandidateExecution] = []
    for number, execution in enumerate(candidates(structure, queue=queue, prune=rng.random() < 0.5, universe=(0, 1))):
        if number > 400:
            break
        found.append(execution)
    for execution in rng.sample(found, min(each, len(found))):
        for _ in range(orders):
            yield replace(execution, tot=random_order(execution, rng))
