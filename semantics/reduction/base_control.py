"""Control instructions of the base language: unchanged from sequential Wasm. The context performs br and return."""

from __future__ import annotations

from semantics.reduction.access import trap
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Break, Enter, Frame, Leave, Step, Value
from semantics.syntax.instructions import Block, Br, BrIf, BrTable, If, Loop, Nop, Return, Unreachable
from semantics.terms import apply, negate


@local_rule("unreachable-ok", fig="core", instr=Unreachable, pure=True)
def unreachable_ok(frame: Frame, operands: tuple[Value, ...], instr: Unreachable, oracle: Oracle) -> Step:
    """unreachable  -->  trap"""
    return trap("unreachable")


@local_rule("nop-ok", fig="core", instr=Nop, pure=True)
def nop_ok(frame: Frame, operands: tuple[Value, ...], instr: Nop, oracle: Oracle) -> Step:
    """nop  -->  eps"""
    return Step()


@local_rule("block-ok", fig="core", instr=Block, pure=True)
def block_ok(frame: Frame, operands: tuple[Value, ...], instr: Block, oracle: Oracle) -> Step:
    """v^m (block (t1^m -> t2^n) e* end)  -->  label_n{eps} v^m e* end

    label_n{e*} v* end --> v* when the body is at its end.
    """
    return Step((), Enter(instr, instr.body, len(instr.type.results), len(instr.type.params)))


@local_rule("loop-ok", fig="core", instr=Loop, pure=True)
def loop_ok(frame: Frame, operands: tuple[Value, ...], instr: Loop, oracle: Oracle) -> Step:
    """v^m (loop (t1^m -> t2^n) e* end)  -->  label_m{loop (t1^m -> t2^n) e* end} v^m e* end"""
    inputs = len(instr.type.params)
    return Step((), Enter(instr, instr.body, inputs, inputs))


@local_rule("if-ok", fig="core", instr=If, pure=True)
def if_ok(frame: Frame, operands: tuple[Value, ...], instr: If, oracle: Oracle) -> tuple[Step, ...] | Step:
    """(i32.const c) (if bt e1* else e2* end)  -->  block bt e1* end  if c != 0

    (i32.const c) (if bt e1* else e2* end)  -->  block bt e2* end  if c = 0
    """
    arity, inputs = len(instr.type.results), len(instr.type.params)
    taken = apply("ne", 1, operands[0].term, 0, arg_width=32)
    if isinstance(taken, int):
        return Step((), Enter(instr, instr.then if taken else instr.orelse, arity, inputs))
    return (
        Step((), Enter(instr, instr.then, arity, inputs), (), (taken,)),
        Step((), Enter(instr, instr.orelse, arity, inputs), (), (negate(taken),)),
    )


@local_rule("br-ok", fig="core", instr=Br, pure=True)
def br_ok(frame: Frame, operands: tuple[Value, ...], instr: Br, oracle: Oracle) -> Step:
    """label_n{e*} B^l[v^n (br l)] end  -->  v^n e*"""
    return Step((), Break(instr.label))


@local_rule("br-if-ok", fig="core", instr=BrIf, pure=True)
def br_if_ok(frame: Frame, operands: tuple[Value, ...], instr: BrIf, oracle: Oracle) -> tuple[Step, ...] | Step:
    """(i32.const c) (br_if l)  -->  br l  if c != 0

    (i32.const c) (br_if l)  -->  eps  if c = 0
    """
    taken = apply("ne", 1, operands[0].term, 0, arg_width=32)
    if isinstance(taken, int):
        return Step((), Break(instr.label)) if taken else Step()
    return (Step((), Break(instr.label), (), (taken,)), Step((), None, (), (negate(taken),)))


@local_rule("br-table-ok", fig="core", instr=BrTable, pure=True)
def br_table_ok(frame: Frame, operands: tuple[Value, ...], instr: BrTable, oracle: Oracle) -> tuple[Step, ...] | Step:
    """(i32.const i) (br_table l* l_N)  -->  br l*[i]  if i < |l*|

    (i32.const i) (br_table l* l_N)  -->  br l_N  if i >= |l*|
    """
    index, labels = operands[0].term, instr.labels
    if isinstance(index, int):
        return Step((), Break(labels[index] if index < len(labels) else instr.default))
    cases = [Step((), Break(label), (), (apply("eq", 1, index, i, arg_width=32),)) for i, label in enumerate(labels)]
    beyond = apply("ge_u", 1, index, len(labels), arg_width=32)
    return (*cases, Step((), Break(instr.default), (), (beyond,)))


@local_rule("return-ok", fig="core", instr=Return, pure=True)
def return_ok(frame: Frame, operands: tuple[Value, ...], instr: Return, oracle: Oracle) -> Step:
    """frame_n{f} B[v^n return] end  -->  v^n

    frame_n{f} v^n end --> v^n when the body is at its end.
    """
    return Step((), Leave())
