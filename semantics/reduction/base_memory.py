"""Segments and the fence: memory.init, data.drop, table.init, elem.drop (systems.md B.11), atomic.fence (S13).

The drop state of a segment is the region sg.val, 0 or 1. Profile `seg` says how it is accessed (DEC 20): with which
order; under a lock (`semantics.exploration.locks` adds its edges); not at all (nop); in a cell for each thread (inst).
"""

from __future__ import annotations

from semantics.reduction.access import (
    OOB_MEMORY,
    OOB_TABLE,
    beyond,
    concrete,
    item_of,
    read_length,
    read_value,
    value_of,
    within,
)
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field, Location, Read, Region, Write
from semantics.runtime.configuration import Frame, Move, Step, Trap, Value
from semantics.syntax.instructions import DataDrop, ElemDrop, Fence, MemoryInit, TableInit
from semantics.syntax.types import Order
from semantics.terms import Term, apply

Init = MemoryInit | TableInit

ORDERS = {order.value: order for order in Order}
"""The options of `seg` that are orders; every other one that accesses the drop state does so seqcst."""


@local_rule("segment-init-oob", fig="core", instr=(MemoryInit, TableInit))
def segment_init_oob(frame: Frame, operands: tuple[Value, ...], instr: Init, oracle: Oracle) -> tuple[Step, ...]:
    """(i32.const d) (i32.const s) (i32.const n) (memory.init x)  -->(rd_o sg.val v) (rd a.len L)  trap

    if s + n > (0 if v else |w*|) or d + n > L [SG1, SG3; o by profile seg, no read under nop]
    """
    return _initialised(frame, operands, instr, oracle, inside=False)


@local_rule("segment-init-ok", fig="core", instr=(MemoryInit, TableInit))
def segment_init_ok(frame: Frame, operands: tuple[Value, ...], instr: Init, oracle: Oracle) -> tuple[Step, ...]:
    """(i32.const d) (i32.const s) (i32.const n) (memory.init x)  -->(rd_o sg.val v) (rd a.len L)  move' w*[s:n]

    if s + n <= (0 if v else |w*|) and d + n <= L [SG1, SG3; o by profile seg, no read under nop]
    """
    return _initialised(frame, operands, instr, oracle, inside=True)


@local_rule("segment-drop-ok", fig="core", instr=(DataDrop, ElemDrop))
def segment_drop_ok(frame: Frame, operands: tuple[Value, ...], instr: DataDrop | ElemDrop, oracle: Oracle) -> Step:
    """(data.drop x)  -->(wr_o sg.val 1)  eps  [SG2, SG3; o by profile seg; nop: no action]"""
    if oracle.profile.seg == "nop":
        return Step()
    instance = frame.instance
    segment = instance.datas[instr.data] if isinstance(instr, DataDrop) else instance.elems[instr.elem]
    order = ORDERS.get(oracle.profile.seg, Order.SEQCST)
    return Step((), None, (Write(order, _drop_state(oracle, segment), 1, 1),))


@local_rule("fence-ok", fig="core", instr=Fence)
def fence_ok(frame: Frame, operands: tuple[Value, ...], instr: Fence, oracle: Oracle) -> Step:
    """atomic.fence  -->(fence)  eps: an event without memory actions [S13]; none if it is acqrel [DEC 7]"""
    return Step()


def _drop_state(oracle: Oracle, segment: int) -> Location:
    """sg.val; (sg, th).val under `inst`."""
    return (
        Location(Region(segment, Field.VAL, 1 + oracle.thread)) if oracle.profile.seg == "inst" else value_of(segment)
    )


def _initialised(
    frame: Frame, operands: tuple[Value, ...], instr: Init, oracle: Oracle, *, inside: bool
) -> tuple[Step, ...]:
    """One step for each drop state that is possible and with which the bounds check ends as `inside` says."""
    target, source, count = (concrete(v.term) for v in operands)
    instance, store = frame.instance, oracle.store
    content: tuple[Term, ...]
    if isinstance(instr, MemoryInit):
        segment, address, field, reason = (
            instance.datas[instr.data],
            instance.mems[instr.memory],
            Field.DATA,
            OOB_MEMORY,
        )
        content = tuple(store.data(segment).content)
    else:
        segment, address, field, reason = (
            instance.elems[instr.elem],
            instance.tables[instr.table],
            Field.ELEM,
            OOB_TABLE,
        )
        content = store.elem(segment).items
    steps = []
    seg = oracle.profile.seg
    for dropped in (0,) if seg == "nop" else (0, 1):
        fits = source + count <= (0 if dropped else len(content))
        if inside and not fits:
            continue
        states: tuple[Read, ...] = ()
        same: Term = 1
        if seg != "nop":
            states = (read_value(oracle, _drop_state(oracle, segment), 1, ORDERS.get(seg, Order.SEQCST)),)
            same = apply("eq", 1, states[0].value, dropped, arg_width=1)
        if same == 0:
            continue
        length = read_length(oracle, address)
        if inside:
            bound = within(target + count, length.value)
            taken, checked = content[source : source + count], oracle.profile.bulk == "recheck"
            move = Move(item_of(address, field, target), taken, 0, count, False, checked) if count else None
            steps.append(Step((), move, (*states, length), (same, bound)))
        else:
            bound = beyond(target + count, length.value) if fits else 1
            steps.append(Step((), Trap(reason), (*states, length), (same, bound)))
    return tuple(steps)
