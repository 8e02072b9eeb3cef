"""Parametric instructions and local variables of the base language."""

from __future__ import annotations

from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import Drop, LocalGet, LocalSet, LocalTee, Select
from semantics.terms import apply


@local_rule("drop-ok", fig="core", instr=Drop, pure=True)
def drop_ok(frame: Frame, operands: tuple[Value, ...], instr: Drop, oracle: Oracle) -> Step:
    """v drop  -->  eps"""
    return Step()


@local_rule("select-ok", fig="core", instr=Select, pure=True)
def select_ok(frame: Frame, operands: tuple[Value, ...], instr: Select, oracle: Oracle) -> Step:
    """v1 v2 (i32.const c) select  -->  v1  if c != 0

    v1 v2 (i32.const c) select  -->  v2  if c = 0
    """
    first, second, condition = operands
    chosen = apply("ne", 1, condition.term, 0, arg_width=32)
    if isinstance(chosen, int):
        return Step((first if chosen else second,))
    return Step((Value(first.type, apply("ite", first.type.bits, chosen, first.term, second.term)),))


@local_rule("local-get-ok", fig="core", instr=LocalGet, pure=True)
def local_get_ok(frame: Frame, operands: tuple[Value, ...], instr: LocalGet, oracle: Oracle) -> Step:
    """f; (local.get x)  -->  f_local(x)"""
    return Step((frame.locals[instr.index],))


@local_rule("local-set-ok", fig="core", instr=LocalSet, pure=True)
def local_set_ok(frame: Frame, operands: tuple[Value, ...], instr: LocalSet, oracle: Oracle) -> Step:
    """f; v (local.set x)  -->  f'; eps  with f' = f[local(x) := v]"""
    return Step((), None, (), (), _assigned(frame, instr.index, operands[0]))


@local_rule("local-tee-ok", fig="core", instr=LocalTee, pure=True)
def local_tee_ok(frame: Frame, operands: tuple[Value, ...], instr: LocalTee, oracle: Oracle) -> Step:
    """f; v (local.tee x)  -->  f'; v  with f' = f[local(x) := v]"""
    return Step(operands, None, (), (), _assigned(frame, instr.index, operands[0]))


def _assigned(frame: Frame, index: int, value: Value) -> Frame:
    instance, values, func = frame
    return Frame(instance, (*values[:index], value, *values[index + 1 :]), func)
