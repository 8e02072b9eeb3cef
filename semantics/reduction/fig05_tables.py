"""Fig. 5: local reduction, table access."""

from __future__ import annotations

from semantics.reduction.access import OOB_TABLE, concrete, item_of, read_entry, read_length, trap_unless, within
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field, Write
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import TableGet, TableSet


@local_rule("table-set-oob", fig=5, row=1, page=11, instr=TableSet)
def table_set_oob(frame: Frame, operands: tuple[Value, ...], instr: TableSet, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) v table.set.ord  -->(rd a.len n)  trap

    if a = f_table and i >= n
    """
    address = frame.instance.tables[instr.table]
    return trap_unless(oracle, address, concrete(operands[0].term) + 1, OOB_TABLE)


@local_rule("table-set-ok", fig=5, row=2, page=11, instr=TableSet)
def table_set_ok(frame: Frame, operands: tuple[Value, ...], instr: TableSet, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) v table.set.ord  -->(rd a.len n) (wr_ord a.elem[i] v)  eps

    if a = f_table and i < n
    """
    address, index = frame.instance.tables[instr.table], concrete(operands[0].term)
    length = read_length(oracle, address)
    inside = within(index + 1, length.value)
    if inside == 0:
        return None
    action = Write(instr.order, item_of(address, Field.ELEM, index), 1, operands[1].term)
    return Step((), None, (length, action), (inside,))


@local_rule("table-get-oob", fig=5, row=3, page=11, instr=TableGet)
def table_get_oob(frame: Frame, operands: tuple[Value, ...], instr: TableGet, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) table.get.ord  -->(rd a.len n)  trap

    if a = f_table and i >= n
    """
    address = frame.instance.tables[instr.table]
    return trap_unless(oracle, address, concrete(operands[0].term) + 1, OOB_TABLE)


@local_rule("table-get-ok", fig=5, row=4, page=11, instr=TableGet)
def table_get_ok(frame: Frame, operands: tuple[Value, ...], instr: TableGet, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) table.get.ord  -->(rd a.len n) (rd_ord a.elem[i] v)  v

    if s |- v : t and type(s(a)) = sh t[n'] and a = f_table and i < n
    """
    address, index = frame.instance.tables[instr.table], concrete(operands[0].term)
    length = read_length(oracle, address)
    inside = within(index + 1, length.value)
    if inside == 0:
        return None
    action = read_entry(oracle, address, index, instr.order)
    result = Value(oracle.store.table(address).type.elem, action.value)
    return Step((result,), None, (length, action), (inside,))
