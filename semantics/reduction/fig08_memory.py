"""Fig. 8: local reduction, memory access. Sizes are bytes (the print mixes bits and bytes, T5, D12).

Three rows are added: an atomic access that is not naturally aligned traps (D14, S8; profile unaligned_atomics), and
cmpxchg of the threads proposal, which the paper lacks.
"""

from __future__ import annotations

from semantics.reduction.access import (
    OOB_MEMORY,
    UNALIGNED,
    effective,
    item_of,
    memory_of,
    misaligned,
    read_bytes,
    read_length,
    trap,
    trap_unless,
    within,
)
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Field, Rmw, Write
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax import instructions as syntax
from semantics.syntax.instructions import Cmpxchg, Load
from semantics.syntax.types import NumType, Order
from semantics.terms import Term, apply, extract, negate

Access = Load | syntax.Store | syntax.Rmw | Cmpxchg


@local_rule("access-unaligned", fig=8, instr=(Load, syntax.Store, syntax.Rmw, Cmpxchg))
def access_unaligned(frame: Frame, operands: tuple[Value, ...], instr: Access, oracle: Oracle) -> Step | None:
    """f; (i32.const k) ... (atomic access pt a o)  -->  trap

    if k + o mod |pt| != 0 [not printed; S8]
    """
    if _refused(instr, effective(operands[0].term, instr.memarg), oracle):
        return trap(UNALIGNED)
    return None


@local_rule("load-oob", fig=8, row=1, page=11, instr=Load)
def load_oob(frame: Frame, operands: tuple[Value, ...], instr: Load, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.load.ord pt a o)  -->(rd a.len n)  trap

    if a = f_mem and k + o + |pt| > n
    """
    return _out_of_bounds(frame, operands, instr, oracle)


@local_rule("load-ok", fig=8, row=2, page=11, instr=Load)
def load_ok(frame: Frame, operands: tuple[Value, ...], instr: Load, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.load.ord pt a o)  -->(rd a.len n) (rd_ord a.data[k+o] bits(c))  t.const c

    if a = f_mem and k + o + |pt| <= n
    """
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.size
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0 or _refused(instr, at, oracle):
        return None
    data = read_bytes(oracle, address, at, size, instr.order)
    op = "sext" if instr.signed else "zext"
    result = apply(op, instr.type.bits, data.value, arg_width=8 * size)
    return Step((Value(instr.type, result),), None, (length, data), (inside,), None, notears(instr.type, size, at))


@local_rule("store-oob", fig=8, row=3, page=11, instr=syntax.Store)
def store_oob(frame: Frame, operands: tuple[Value, ...], instr: syntax.Store, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (t.store.ord sz a o)  -->(rd a.len n)  trap

    if a = f_mem and k + o + sz > n
    """
    return _out_of_bounds(frame, operands, instr, oracle)


@local_rule("store-ok", fig=8, row=4, page=11, instr=syntax.Store)
def store_ok(frame: Frame, operands: tuple[Value, ...], instr: syntax.Store, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c) (t.store.ord sz a o)  -->(rd a.len n) (wr_ord a.data[k+o] bits(c))  eps

    if a = f_mem and k + o + sz <= n
    """
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.size
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0 or _refused(instr, at, oracle):
        return None
    value = extract(operands[1].term, 0, 8 * size)
    data = Write(instr.order, item_of(address, Field.DATA, at), size, value)
    return Step((), None, (length, data), (inside,), None, notears(instr.type, size, at))


@local_rule("rmw-oob", fig=8, row=5, page=11, instr=(syntax.Rmw, Cmpxchg))
def rmw_oob(frame: Frame, operands: tuple[Value, ...], instr: syntax.Rmw | Cmpxchg, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c_2) (t.rmw.op pt a o)  -->(rd a.len n)  trap

    if a = f_mem and k + o + |pt| > n [and for cmpxchg, whose operands are c_2 c_3]
    """
    return _out_of_bounds(frame, operands, instr, oracle)


@local_rule("rmw-ok", fig=8, row=6, page=11, instr=syntax.Rmw)
def rmw_ok(frame: Frame, operands: tuple[Value, ...], instr: syntax.Rmw, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c_2) (t.rmw.op pt a o)

    -->(rd a.len n) (rmw a.data[k+o] bits(c_1) bits(op(c_1, c_2)))  t.const c_1
    if a = f_mem and k + o + |pt| <= n [t.const is missing in print, T5]
    """
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.size
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0 or _refused(instr, at, oracle):
        return None
    old = read_bytes(oracle, address, at, size, instr.order).value
    operand = extract(operands[1].term, 0, 8 * size)
    new = operand if instr.op == "xchg" else apply(instr.op, 8 * size, old, operand)
    return _exchanged(
        instr, old, (length, Rmw(item_of(address, Field.DATA, at), size, old, new, instr.order)), (inside,), at
    )


@local_rule("cmpxchg-equal", fig="core", instr=Cmpxchg)
def cmpxchg_equal(frame: Frame, operands: tuple[Value, ...], instr: Cmpxchg, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c_2) (t.const c_3) (t.rmw.cmpxchg pt a o)

    -->(rd a.len n) (rmw a.data[k+o] bits(c_1) bits(c_3))  t.const c_1
    if a = f_mem and k + o + |pt| <= n and c_1 = c_2
    """
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.size
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0 or _refused(instr, at, oracle):
        return None
    old = read_bytes(oracle, address, at, size, instr.order).value
    equal = _expected(instr, old, operands[1].term)
    if equal == 0:
        return None
    new = extract(operands[2].term, 0, 8 * size)
    return _exchanged(
        instr, old, (length, Rmw(item_of(address, Field.DATA, at), size, old, new, instr.order)), (inside, equal), at
    )


@local_rule("cmpxchg-unequal", fig="core", instr=Cmpxchg)
def cmpxchg_unequal(frame: Frame, operands: tuple[Value, ...], instr: Cmpxchg, oracle: Oracle) -> Step | None:
    """f; (i32.const k) (t.const c_2) (t.const c_3) (t.rmw.cmpxchg pt a o)

    -->(rd a.len n) (rd_seqcst a.data[k+o] bits(c_1))  t.const c_1
    if a = f_mem and k + o + |pt| <= n and c_1 != c_2 [S9; profile failing_cmpxchg: an rmw that writes c_1 back]
    """
    address, at, size = memory_of(frame, instr.memarg), effective(operands[0].term, instr.memarg), instr.size
    length = read_length(oracle, address)
    inside = within(at + size, length.value)
    if inside == 0 or _refused(instr, at, oracle):
        return None
    read = read_bytes(oracle, address, at, size, instr.order)
    old = read.value
    unequal = negate(_expected(instr, old, operands[1].term))
    if unequal == 0:
        return None
    data: Action = read if oracle.profile.failing_cmpxchg == "read" else Rmw(read.location, size, old, old, instr.order)
    return _exchanged(instr, old, (length, data), (inside, unequal), at)


def notears(kind: NumType, size: int, at: int) -> bool:
    """The threads proposal's no-tear flag of an access (S6)."""
    return kind.is_integer and size <= 4 and at % size == 0


def _refused(instr: Access, at: int, oracle: Oracle) -> bool:
    """Whether the access is atomic and misaligned, in a profile where that traps."""
    if instr.order is Order.UNORD:
        return False
    return misaligned(at, instr.size) and oracle.profile.unaligned_atomics == "trap"


def _out_of_bounds(frame: Frame, operands: tuple[Value, ...], instr: Access, oracle: Oracle) -> Step | None:
    at = effective(operands[0].term, instr.memarg)
    if _refused(instr, at, oracle):
        return None
    return trap_unless(oracle, memory_of(frame, instr.memarg), at + instr.size, OOB_MEMORY)


def _expected(instr: Cmpxchg, old: Term, expected: Term) -> Term:
    """c_1 = c_2: what was read against the operand, wrapped to the width of the access."""
    width = 8 * instr.size
    return apply("eq", 1, old, extract(expected, 0, width), arg_width=width)


def _exchanged(
    instr: syntax.Rmw | Cmpxchg, old: Term, actions: tuple[Action, ...], condition: tuple[Term, ...], at: int
) -> Step:
    result = apply("zext", instr.type.bits, old, arg_width=8 * instr.size)
    return Step((Value(instr.type, result),), None, actions, condition, None, notears(instr.type, instr.size, at))
