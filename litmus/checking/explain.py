"""Why a condition's outcome is allowed or forbidden: the witness drawn, or the axioms and events that refuse it."""

from __future__ import annotations

from litmus.checking.check import Prepared, check
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.result import Axiom, Explanation
from litmus.checking.verdict import Allowed, Forbidden
from litmus.checking.witness import drawing
from semantics.axioms.evaluate import check as violations_of
from semantics.axioms.evaluate import flags
from semantics.axioms.model import Check, Linearisation, Model


def explain(prepared: Prepared, model: Model, limits: Limits = UNLIMITED) -> Explanation:
    """Decides the condition and says why."""
    result = check(prepared, model, limits, why=True)
    match result.verdict:
        case Allowed(_, witness) if witness is not None:
            raised = {v.name: v.events for v in flags(model, witness)}
            drawn = drawing(model, witness, [e for events in raised.values() for e in events])
            labels = {n.id: n.label for n in drawn.nodes}
            shown = tuple((name, tuple(labels[e] for e in events)) for name, events in raised.items())
            return Explanation(result, drawn, flags=shown)
        case Forbidden(core, nearest) if nearest is not None:
            violated = {v.name: v.events for v in violations_of(model, nearest)}
            drawn = drawing(model, nearest, [e for events in violated.values() for e in events])
            labels = {n.id: n.label for n in drawn.nodes}
            parts: list[Check | Linearisation] = [*model.checks, *model.linearisations]
            axioms = [
                _axiom(part, tuple(labels[e] for e in violated.get(part.name, ())))
                for part in parts
                if part.name in core
            ]
            return Explanation(result, drawn, tuple(axioms))
    return Explanation(result, None)


def _axiom(part: Check | Linearisation, events: tuple[str, ...]) -> Axiom:
    span = part.span
    return Axiom(part.name, span.source.line(span.line).strip() if span else "", str(span) if span else "", events)
