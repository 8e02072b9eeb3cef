"""Random executions of random structures, consistent and not, for comparing the text of a model with its referee."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from semantics.axioms.acquire_release import accesses
from semantics.axioms.brute import candidates
from semantics.axioms.linear import static_order
from semantics.axioms.model import Waiting
from semantics.axioms.trace import Trace
from semantics.execution.candidate import CandidateExecution
from semantics.execution.structure import EventStructure, Kind


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


def random_lists(execution: CandidateExecution, rng: random.Random) -> dict[str, tuple[int, ...]]:
    """Random orders of the fences and of the atomic writes, as some models have them."""
    fences = [e.id for e in Trace(execution).events if e.kind is Kind.FENCE]
    listed = accesses(Trace(execution))
    return {"fences": tuple(rng.sample(fences, len(fences))), "listed": tuple(rng.sample(listed, len(listed)))}


def random_executions(
    structure: EventStructure, rng: random.Random, *, waiting: Waiting, each: int = 12, orders: int = 3
) -> Iterator[CandidateExecution]:
    """Executions of one structure, with reads-from that program order may forbid."""
    found: list[CandidateExecution] = []
    for number, execution in enumerate(
        candidates(structure, waiting=waiting, prune=rng.random() < 0.5, universe=(0, 1))
    ):
        if number > 400:
            break
        found.append(execution)
    for execution in rng.sample(found, min(each, len(found))):
        for _ in range(orders):
            yield replace(execution, tot=random_order(execution, rng), orders=random_lists(execution, rng))
