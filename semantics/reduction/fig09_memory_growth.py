"""Fig. 9: local reduction, memory growth. Lengths are in bytes, operands and results in pages of 64Ki."""

from __future__ import annotations

from semantics.reduction.access import read_length
from semantics.reduction.growth import failing, growing
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Field, Fill, Payload
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import MemoryGrow, MemorySize
from semantics.syntax.types import I32, PAGE, Order
from semantics.terms import extract

MAX_PAGES = 65536
_PAGE_BITS = PAGE.bit_length() - 1


@local_rule("memory-size-ok", fig=9, row=1, page=12, instr=MemorySize)
def memory_size_ok(frame: Frame, operands: tuple[Value, ...], instr: MemorySize, oracle: Oracle) -> Step:
    """f; memory.size  -->(rd_seqcst a.len n)  i32.const n/64Ki

    if a = f_mem
    """
    length = read_length(oracle, frame.instance.mems[instr.memory], Order.SEQCST)
    return Step((Value(I32, extract(length.value, _PAGE_BITS, 32)),), None, (length,))


@local_rule("memory-grow-fail", fig=9, row=2, page=12, instr=MemoryGrow)
def memory_grow_fail(frame: Frame, operands: tuple[Value, ...], instr: MemoryGrow, oracle: Oracle) -> Step | None:
    """f; (i32.const k/64Ki) memory.grow  -->(rd_seqcst a.len n)  i32.const (-1)

    if a = f_mem
    """
    address = frame.instance.mems[instr.memory]
    limit = oracle.store.memory(address).type.limits.max
    return failing(oracle, address, operands[0].term, PAGE, MAX_PAGES if limit is None else limit)


@local_rule("memory-grow-ok", fig=9, row=3, page=12, instr=MemoryGrow)
def memory_grow_ok(frame: Frame, operands: tuple[Value, ...], instr: MemoryGrow, oracle: Oracle) -> tuple[Step, ...]:
    """f; (i32.const k/64Ki) memory.grow  -->(rmw a.len n (n+k)) (wr a.data[n] (0)^k)  i32.const n/64Ki

    if a = f_mem [and n + k <= max]
    """
    address = frame.instance.mems[instr.memory]
    limit = oracle.store.memory(address).type.limits.max
    return growing(oracle, address, Field.DATA, operands[0].term, PAGE, MAX_PAGES if limit is None else limit, _zeros)


def _zeros(count: int) -> Payload:
    return Fill(0, count)
