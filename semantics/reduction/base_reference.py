"""Reference instructions of the base language (ref.func is in Fig. 7)."""

from __future__ import annotations

from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import RefIsNull, RefNull
from semantics.syntax.types import I32
from semantics.terms import apply


@local_rule("ref-null-ok", fig="core", instr=RefNull, pure=True)
def ref_null_ok(frame: Frame, operands: tuple[Value, ...], instr: RefNull, oracle: Oracle) -> Step:
    """ref.null rt is a value."""
    return Step((Value(instr.type, 0),))


@local_rule("ref-is-null-ok", fig="core", instr=RefIsNull, pure=True)
def ref_is_null_ok(frame: Frame, operands: tuple[Value, ...], instr: RefIsNull, oracle: Oracle) -> Step:
    """v ref.is_null  -->  i32.const (v = ref.null)"""
    null = apply("eq", 1, operands[0].term, 0, arg_width=32)
    return Step((Value(I32, apply("zext", 32, null, arg_width=1)),))
