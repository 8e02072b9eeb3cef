"""Instruction sequences (core 3.3.9): the checker that runs the rules over nested code, and constant expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from semantics.diagnostics import Invalid
from semantics.syntax.instructions import Const, Expr, GlobalGet, Instr, Node, RefFunc, RefNull
from semantics.syntax.types import RefType, Share, ValType
from semantics.validation.context import Context
from semantics.validation.formation import sharable
from semantics.validation.operands import Body, Operands, Slot, mismatch
from semantics.validation.registry import RULE_OF, typing_rule


class _Frame:
    """A body being typed: its context, the code that is left, the operands so far."""

    __slots__ = ("body", "code", "context", "operands")

    def __init__(self, c: Context, body: Body) -> None:
        self.body = body
        self.context = c if body.label is None else c.under(body.label)
        self.code: Iterator[Instr] = iter(body.code)
        self.operands = Operands(body.params)


@typing_rule("sequence", row="3.3.9 Instruction Sequences", source="core")
def check_body(c: Context, body: Body) -> None:
    """
    C |- e1* : t1* -> t0* t*    C |- e : t* -> t3*
    ----------------------------------------------
    C |- e1* e : t1* -> t0* t3*

    Nested code is worked off with a stack of frames, in source order: depth of nesting is bounded by memory only.
    """
    frames = [_Frame(c, body)]
    rules = RULE_OF
    while frames:
        frame = frames[-1]
        context, operands = frame.context, frame.operands
        for e in frame.code:
            rule = rules[type(e)]
            arrow = rule.function(context, e, operands)
            if not operands.apply(arrow):
                message, hint = mismatch(arrow.ins, operands.top(len(arrow.ins)))
                raise Invalid(message, e.span, rule=rule.name, hint=hint)
            if context.strict:
                _check_shared(e, arrow.ins + arrow.outs, rule.name)
            if arrow.bodies:
                frames.extend(_Frame(context, inner) for inner in reversed(arrow.bodies))
                break
        else:
            _check_end(frame)
            frames.pop()


def _check_shared(e: Node, types: Iterable[Slot], rule: str) -> None:
    """The operands and results of an instruction of a strict body are of shared types (B.12)."""
    for t in types:
        if isinstance(t, RefType) and not sharable(t, Share.SHARED):
            raise Invalid(f"a shared function may not hold a local {t}", e.span, rule=rule)


def _check_end(frame: _Frame) -> None:
    """The operands at the end of a body are its results, no more and no less."""
    wanted, operands = frame.body.results, frame.operands
    if len(operands.values) > len(wanted) or not operands.matches(wanted):
        message, hint = mismatch(wanted, operands.values)
        owner = frame.body.owner
        raise Invalid(f"{message} at the end", owner.span, rule=frame.body.rule, hint=hint)


@typing_rule("constant", row="3.3.10 Constant Expressions", source="core")
def check_constant(c: Context, code: Expr, t: ValType, owner: Node, rule: str) -> None:
    """
    e in t.const c, ref.null, ref.func i, global.get i with C.global(i) = sh const t    C |- e* : eps -> t
    ------------------------------------------------------------------------------------------------------
    C |- e* : eps -> t const

    C.global holds the imported globals only. `rule` is blamed when the result is not of type t.
    """
    for e in code:
        if isinstance(e, GlobalGet):
            constant = not c.global_(e, e.index).mutable
        else:
            constant = isinstance(e, Const | RefNull | RefFunc)
        if not constant:
            raise Invalid("constant expression required", e.span, rule="constant")
    check_body(c, Body(code, (), (t,), None, owner, rule))
