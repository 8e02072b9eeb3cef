"""Memory instructions: T20 to T26, the atomics of the threads proposal, and core 3.3.7. Deployed operand order."""

from __future__ import annotations

from semantics.syntax.instructions import (
    Cmpxchg,
    DataDrop,
    Fence,
    Load,
    MemArg,
    MemoryCopy,
    MemoryFill,
    MemoryGrow,
    MemoryInit,
    MemorySize,
    Node,
    Notify,
    Rmw,
    Store,
    Wait,
)
from semantics.syntax.types import I32, I64, MemType, NumType, Order, Share
from semantics.validation.context import MEMORY, Context, refuse
from semantics.validation.formation import check_order
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

MEMORIES = "3.3.7 Memory Instructions"
THREADS_ROW = "Atomic Memory Instructions"
RMW_OPS = frozenset({"add", "sub", "and", "or", "xor", "xchg"})
WIDTHS = (1, 2, 4, 8)

_LOAD = {t: Arrow((I32,), (t,)) for t in NumType}
_STORE = {t: Arrow((I32, t)) for t in NumType}
_RMW = {t: Arrow((I32, t), (t,)) for t in NumType}
_CMPXCHG = {t: Arrow((I32, t, t), (t,)) for t in NumType}
_WAIT = {t: Arrow((I32, t, I64), (I32,)) for t in NumType}
_NOTIFY = Arrow((I32, I32), (I32,))
_SIZE = Arrow((), (I32,))
_GROW = Arrow((I32,), (I32,))
_BULK = Arrow((I32, I32, I32))
_NOTHING = Arrow(())


def _check_alignment(e: Node, memarg: MemArg, size: int, atomic: bool) -> None:
    """2^a <= sz; and 2^a = sz for atomics, which the printed rules leave out (threads proposal)."""
    alignment = 1 << memarg.align
    if atomic and alignment != size:
        raise refuse(e, f"atomic alignment must be natural: expected {size}, found {alignment}")
    if alignment > size:
        raise refuse(e, f"alignment must not be larger than natural: at most {size}, found {alignment}")


def _check_size(e: Node, t: NumType, size: int, *, integer: bool = False) -> None:
    """sz <= |nt|, and sz = |nt| or nt = im; `integer`: nt = im without a choice."""
    if size not in WIDTHS or size > t.bytes or (size < t.bytes and not t.is_integer):
        raise refuse(e, f"{t} has no access of {size} bytes")
    if integer and not t.is_integer:
        raise refuse(e, f"type mismatch: expected an integer type, found {t}")


def _shared_memory(c: Context, e: Node, index: int, what: str) -> MemType:
    """C.memory = shared [n]; any memory where the discipline has atomics on local state."""
    mt = c.memory(e, index)
    if mt.share is not Share.SHARED and not c.discipline.seqcst_on_local:
        raise refuse(e, f"{what} needs a shared memory: memory {c.name(MEMORY, index)} is local")
    return mt


@typing_rule("T20", Load, fig=21, row="Instructions: load")
def load(c: Context, e: Load, _operands: Operands) -> Arrow:
    """
    C.memory = sh [n]    |- ord : sh    2^a <= sz <= |nt|    sz = |nt| or nt = im    sx? = eps iff sz = |nt|
    --------------------------------------------------------------------------------------------------------
    C |- nt.load.ord sz_sx? a o : i32 -> nt

    If ord = seqcst: 2^a = sz (threads proposal).
    """
    memarg = e.memarg
    mt = c.memory(e, memarg.memory)
    check_order(c, e, e.order, mt.share, MEMORY, memarg.memory)
    _check_size(e, e.type, e.size)
    if (e.signed is None) != (e.size == e.type.bytes):
        raise refuse(e, f"a load of {e.size} bytes into {e.type} {'needs' if e.signed is None else 'has no'} sign")
    _check_alignment(e, memarg, e.size, e.order is not Order.UNORD)
    return _LOAD[e.type]


@typing_rule("T21", Store, fig=21, row="Instructions: store")
def store(c: Context, e: Store, _operands: Operands) -> Arrow:
    """
    C.memory = sh [n]    |- ord : sh    2^a <= sz <= |nt|    sz = |nt| or nt = im
    -----------------------------------------------------------------------------
    C |- nt.store.ord sz a o : i32 nt -> eps

    If ord = seqcst: 2^a = sz (threads proposal).
    """
    memarg = e.memarg
    mt = c.memory(e, memarg.memory)
    check_order(c, e, e.order, mt.share, MEMORY, memarg.memory)
    _check_size(e, e.type, e.size)
    _check_alignment(e, memarg, e.size, e.order is not Order.UNORD)
    return _STORE[e.type]


@typing_rule("T22", Rmw, fig=21, row="Instructions: rmw")
def rmw(c: Context, e: Rmw, _operands: Operands) -> Arrow:
    """
    C.memory = shared [n]    2^a = sz <= |nt|    nt = im
    ----------------------------------------------------
    C |- nt.rmw.binop sz a o : i32 nt -> nt

    Printed with 2^a <= sz, any nt if sz = |nt|, and a sign; deployed rmw extends by zero.
    """
    _shared_memory(c, e, e.memarg.memory, "rmw")
    _check_size(e, e.type, e.size, integer=True)
    if e.op not in RMW_OPS:
        raise refuse(e, f"unknown operator {e.type}.rmw.{e.op}")
    _check_alignment(e, e.memarg, e.size, atomic=True)
    return _RMW[e.type]


@typing_rule("cmpxchg", Cmpxchg, row=THREADS_ROW, source="threads")
def cmpxchg(c: Context, e: Cmpxchg, _operands: Operands) -> Arrow:
    """
    C.memory = shared [n]    2^a = sz <= |nt|    nt = im
    ----------------------------------------------------
    C |- nt.rmw.cmpxchg sz a o : i32 nt nt -> nt
    """
    _shared_memory(c, e, e.memarg.memory, "cmpxchg")
    _check_size(e, e.type, e.size, integer=True)
    _check_alignment(e, e.memarg, e.size, atomic=True)
    return _CMPXCHG[e.type]


@typing_rule("T23", Wait, fig=21, row="Instructions: wait")
def wait(c: Context, e: Wait, _operands: Operands) -> Arrow:
    """
    C.memory = shared [n]    [nt = im]    [2^a = |nt|]
    --------------------------------------------------
    C |- nt.wait a o : i32 nt i64 -> i32

    Printed with the operands the other way round, and without a and o.
    """
    _shared_memory(c, e, e.memarg.memory, "wait")
    _check_size(e, e.type, e.type.bytes, integer=True)
    _check_alignment(e, e.memarg, e.type.bytes, atomic=True)
    return _WAIT[e.type]


@typing_rule("T24", Notify, fig=21, row="Instructions: notify")
def notify(c: Context, e: Notify, _operands: Operands) -> Arrow:
    """
    C.memory = shared [n]    [2^a = 4]
    ----------------------------------
    C |- notify a o : i32 i32 -> i32
    """
    _shared_memory(c, e, e.memarg.memory, "notify")
    _check_alignment(e, e.memarg, 4, atomic=True)
    return _NOTIFY


@typing_rule("atomic.fence", Fence, row=THREADS_ROW, source="threads")
def fence(_c: Context, _e: Fence, _operands: Operands) -> Arrow:
    """
    ------------------------------
    C |- atomic.fence : eps -> eps
    """
    return _NOTHING


@typing_rule("T25", MemorySize, fig=21, row="Instructions: memory.size")
def memory_size(c: Context, e: MemorySize, _operands: Operands) -> Arrow:
    """
    C.memory = mt
    -----------------------------
    C |- memory.size : eps -> i32
    """
    c.memory(e, e.memory)
    return _SIZE


@typing_rule("T26", MemoryGrow, fig=21, row="Instructions: memory.grow")
def memory_grow(c: Context, e: MemoryGrow, _operands: Operands) -> Arrow:
    """
    C.memory = mt
    -----------------------------
    C |- memory.grow : i32 -> i32
    """
    c.memory(e, e.memory)
    return _GROW


@typing_rule("memory.fill", MemoryFill, row=MEMORIES, source="core")
def memory_fill(c: Context, e: MemoryFill, _operands: Operands) -> Arrow:
    """
    C.memory(x) = mt
    ---------------------------------------
    C |- memory.fill x : i32 i32 i32 -> eps
    """
    c.memory(e, e.memory)
    return _BULK


@typing_rule("memory.copy", MemoryCopy, row=MEMORIES, source="core")
def memory_copy(c: Context, e: MemoryCopy, _operands: Operands) -> Arrow:
    """
    C.memory(x) = mt1    C.memory(y) = mt2
    -----------------------------------------
    C |- memory.copy x y : i32 i32 i32 -> eps
    """
    c.memory(e, e.target)
    c.memory(e, e.source)
    return _BULK


@typing_rule("memory.init", MemoryInit, row=MEMORIES, source="core")
def memory_init(c: Context, e: MemoryInit, _operands: Operands) -> Arrow:
    """
    C.memory(x) = mt    C.data(y) = ok
    -----------------------------------------
    C |- memory.init x y : i32 i32 i32 -> eps
    """
    c.memory(e, e.memory)
    c.data(e, e.data)
    return _BULK


@typing_rule("data.drop", DataDrop, row=MEMORIES, source="core")
def data_drop(c: Context, e: DataDrop, _operands: Operands) -> Arrow:
    """
    C.data(x) = ok
    -----------------------------
    C |- data.drop x : eps -> eps
    """
    c.data(e, e.data)
    return _NOTHING
