"""Instructions in the words of the text format, for the events that they cause."""

from __future__ import annotations

from functools import lru_cache

from semantics.syntax import instructions as i
from semantics.syntax.types import NumType, Order

_PLAIN: dict[type, str] = {
    i.MemorySize: "memory.size", i.MemoryGrow: "memory.grow", i.MemoryFill: "memory.fill",
    i.MemoryCopy: "memory.copy", i.MemoryInit: "memory.init", i.DataDrop: "data.drop", i.TableGet: "table.get",
    i.TableSet: "table.set", i.TableSize: "table.size", i.TableGrow: "table.grow", i.TableFill: "table.fill",
    i.TableCopy: "table.copy", i.TableInit: "table.init", i.ElemDrop: "elem.drop", i.CallIndirect: "call_indirect",
    i.GlobalGet: "global.get", i.GlobalSet: "global.set", i.Fork: "fork",
    i.Instantiate: "instantiate",
}  # fmt: skip


def mnemonic(instr: i.Instr | None) -> str:
    """The instruction with its static offset, without operands and indices; "" for what no text has."""
    if instr is None:
        return ""
    match instr:
        case i.Load(type_, size, signed, memarg, order):
            return _access("load", type_, size, signed, order, memarg.offset)
        case i.Store(type_, size, memarg, order):
            return _access("store", type_, size, None, order, memarg.offset)
        case i.Rmw(type_, op, size, memarg, order):
            return _modify(str(type_), op, size, type_.bytes, order, memarg.offset)
        case i.Cmpxchg(type_, size, memarg, order):
            return _modify(str(type_), "cmpxchg", size, type_.bytes, order, memarg.offset)
        case i.Fence(order):
            return f"atomic.fence{_immediate(order)}"
        case i.Wait(type_, memarg):
            return f"memory.atomic.wait{type_.bits}{_offset(memarg.offset)}"
        case i.Notify(memarg):
            return f"memory.atomic.notify{_offset(memarg.offset)}"
    own = instr.opcode if isinstance(instr, i.DesignInstr) else instr.__class__.__name__.lower()
    word = _PLAIN.get(instr.__class__, own)
    order = getattr(instr, "order", Order.UNORD)
    return word if order is Order.UNORD else f"{word}.{order.value}"


def _immediate(order: Order) -> str:
    return " acqrel" if order is Order.ACQREL else ""


def _offset(offset: int) -> str:
    return f" offset={offset}" if offset else ""


@lru_cache(maxsize=1024)
def _access(word: str, type_: NumType, size: int, signed: bool | None, order: Order, offset: int) -> str:
    atomic = "" if order is Order.UNORD else ".atomic"
    narrow = "" if size == type_.bytes else str(8 * size)
    sign = "" if signed is None else "_s" if signed else "_u"
    return f"{type_}{atomic}.{word}{narrow}{sign}{_immediate(order)}{_offset(offset)}"


@lru_cache(maxsize=1024)
def _modify(type_: str, op: str, size: int, full: int, order: Order, offset: int) -> str:
    narrow, sign = ("", "") if size == full else (str(8 * size), "_u")
    return f"{type_}.atomic.rmw{narrow}.{op}{sign}{_immediate(order)}{_offset(offset)}"
