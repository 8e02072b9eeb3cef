"""Fig. 4: local reduction, globals."""

from __future__ import annotations

from semantics.reduction.access import cell, read_value
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Write
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import GlobalGet, GlobalSet


@local_rule("global-set-ok", fig=4, row=1, page=10, instr=GlobalSet)
def global_set_ok(frame: Frame, operands: tuple[Value, ...], instr: GlobalSet, oracle: Oracle) -> Step:
    """s; f; v (global.set.ord i)  -->(wr_ord a.val v)  eps

    if a = f_global(i). a.val is the thread's own where the global is thread-local (systems.md B.0, cell).
    """
    address = frame.instance.globals[instr.index]
    return Step((), None, (Write(instr.order, cell(oracle, address), 1, operands[0].term),))


@local_rule("global-get-ok", fig=4, row=2, page=10, instr=GlobalGet)
def global_get_ok(frame: Frame, operands: tuple[Value, ...], instr: GlobalGet, oracle: Oracle) -> Step:
    """s; f; (global.get.ord i)  -->(rd_ord a.val v)  v

    if s |- v : t and type(s(a)) = sh mut t and a = f_global(i)
    """
    address = frame.instance.globals[instr.index]
    found = oracle.store.global_(address).type.type
    action = read_value(oracle, cell(oracle, address), found.bits, instr.order)
    return Step((Value(found, action.value),), None, (action,))
