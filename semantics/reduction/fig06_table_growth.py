"""Fig. 6: local reduction, table growth. Operands of table.grow stand in deployed order: value, count (T4)."""

from __future__ import annotations

from semantics.reduction.access import read_length
from semantics.reduction.growth import failing, growing
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field, Fill, Payload
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import TableGrow, TableSize
from semantics.syntax.types import I32, Order
from semantics.terms import extract

MAX_ENTRIES = 2**32 - 1


@local_rule("table-size-ok", fig=6, row=1, page=11, instr=TableSize)
def table_size_ok(frame: Frame, operands: tuple[Value, ...], instr: TableSize, oracle: Oracle) -> Step:
    """f; table.size  -->(rd_seqcst a.len n)  i32.const n

    if a = f_table
    """
    length = read_length(oracle, frame.instance.tables[instr.table], Order.SEQCST)
    return Step((Value(I32, extract(length.value, 0, 32)),), None, (length,))


@local_rule("table-grow-fail", fig=6, row=2, page=11, instr=TableGrow)
def table_grow_fail(frame: Frame, operands: tuple[Value, ...], instr: TableGrow, oracle: Oracle) -> Step | None:
    """f; v (i32.const k) table.grow  -->(rd_seqcst a.len n)  i32.const (-1)

    if a = f_table
    """
    address = frame.instance.tables[instr.table]
    limit = oracle.store.table(address).type.limits.max
    return failing(oracle, address, operands[1].term, 1, MAX_ENTRIES if limit is None else limit)


@local_rule("table-grow-ok", fig=6, row=3, page=11, instr=TableGrow)
def table_grow_ok(frame: Frame, operands: tuple[Value, ...], instr: TableGrow, oracle: Oracle) -> tuple[Step, ...]:
    """f; v (i32.const k) table.grow  -->(rmw a.len n (n+k)) (wr a.elem[n] v^k)  i32.const n

    if a = f_table [and n + k <= max]
    """
    address, value = frame.instance.tables[instr.table], operands[0].term
    limit = oracle.store.table(address).type.limits.max

    def entries(count: int) -> Payload:
        return Fill(value, count)

    return growing(oracle, address, Field.ELEM, operands[1].term, 1, MAX_ENTRIES if limit is None else limit, entries)
