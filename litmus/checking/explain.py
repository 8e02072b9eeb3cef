"""Why a condition's outcome is allowed or forbidden: the witness drawn, or the axioms and events that refuse it."""

from __future__ import annotations

from litmus.checking.check import UNLIMITED, Limits, Prepared, check
from litmus.checking.graph import describe
from litmus.checking.result import Axiom, Explanation
from litmus.checking.verdict import Allowed, Forbidden
from litmus.checking.witness import drawing
from semantics.axioms.model import Model
from semantics.diagnostics import Span


def explain(prepared: Prepared, model: Model, limits: Limits = UNLIMITED) -> Explanation:
    """Decides the condition and says why."""
    result = check(prepared, model, limits)
    match result.verdict:
        case Allowed(_, witness) if witness is not None:
            return Explanation(result, drawing(model, witness))
        case Forbidden(core, events):
            named = set(core)
            axioms = [Axiom(c.name, str(c.span or ""), _line(c.span)) for c in model.checks if c.name in named]
            known = {a.name for a in axioms}
            axioms += [Axiom(name, "", "") for name in core if name not in known]
            return Explanation(result, None, tuple(axioms), describe(prepared.structure, events))
    return Explanation(result, None)


def _line(span: Span | None) -> str:
    return span.source.line(span.line).strip() if span is not None else ""
