"""No witness is shown before readers that share no code with the solver have accepted it, and how it is drawn then."""

from __future__ import annotations

from collections.abc import Iterable

from litmus.checking.graph import Graph, graph
from semantics.axioms.candidates import ill_formed
from semantics.axioms.evaluate import Evaluation, check
from semantics.axioms.model import Model
from semantics.axioms.referees import referee_for
from semantics.axioms.violation import Violation
from semantics.diagnostics import InternalError
from semantics.execution.candidate import CandidateExecution

DRAWN = ("sw", "hb")
"""Relations that are drawn where the model defines them, besides those that it asks to show."""


def vouch(model: Model, execution: CandidateExecution) -> None:
    """Raises InternalError unless the execution is a candidate (values, sources and wait queues agree), the model's own
    text accepts it, and so does the referee, where it knows the model."""
    referee = referee_for(model.name)
    readers: list[tuple[str, list[Violation]]] = [
        ("the definition of candidate executions", ill_formed(execution, waiting=model.waiting)),
        ("the model's text", check(model, execution)),
        ("the referee", referee.late(execution) if referee is not None else []),
    ]
    for reader, violations in readers:
        if violations:
            found = ", ".join(f"{v.name} {list(v.events)}" for v in violations)
            raise InternalError(f"a witness under {model.name} is refused by {reader}: {found}")


def drawing(model: Model, execution: CandidateExecution, also: Iterable[int] = ()) -> Graph:
    """An execution as a graph, with the relations that the model shows, its sw and hb, and the events `also`."""
    plain = {d.name for d in model.definitions if d.index is None}
    names = dict.fromkeys([*model.shown, *(n for n in DRAWN if n in plain)])
    work = Evaluation(model, execution)
    pairs = {name: [(m[0], m[1]) for m in work.members(name) if len(m) == 2] for name in names}
    return graph(execution, pairs, also)
