"""Whether a model's text orders every read after the write that it reads from."""

from __future__ import annotations

from semantics.axioms.model import Base, BigUnion, Check, CheckKind, Expr, Model, Ref, Sequence, Union


def causal(model: Model) -> bool:
    """Whether the model's text puts po and rf into one acyclic relation: `irreflexive tot ; rf@b` for a tot that
    contains po, or `acyclic po | union b. rf@b`. Other ways of saying so are not recognised."""
    ordered = {lin.name for lin in model.linearisations if "po" in _parts(model, lin.order)}
    return any(_forbids_cycles(model, check, ordered) for check in model.checks if not check.flag and not check.negated)


def _forbids_cycles(model: Model, check: Check, ordered: set[str]) -> bool:
    if check.kind is CheckKind.ACYCLIC:
        return {"po", "rf"} <= _parts(model, check.expr)
    match check.expr:
        case Sequence(args=(Ref(name=name), Base(name="rf"))):
            return check.kind is CheckKind.IRREFLEXIVE and name in ordered
    return False


def _parts(model: Model, expr: Expr) -> set[str]:
    """The base relations that a union is made of, definitions opened."""
    match expr:
        case Base(name=name):
            return {name}
        case Union(args=args):
            return set().union(*(_parts(model, a) for a in args))
        case BigUnion(body=body):
            return _parts(model, body)
        case Ref(name=name):
            bodies = [d.body for d in model.definitions if d.name == name and not d.recursive]
            return set().union(*(_parts(model, b) for b in bodies))
    return set()
