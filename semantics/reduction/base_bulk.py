"""Bulk operations: one event that checks, then one event for each byte or entry that is read or written (S10).

By default the sizes are checked once (DEC 19); profile bulk = "recheck" reads them again with every unit.
"""

from __future__ import annotations

from semantics.diagnostics import InternalError
from semantics.reduction.access import (
    OOB_MEMORY,
    OOB_TABLE,
    beyond,
    concrete,
    item_of,
    read_length,
    trap_unless,
    within,
)
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Field, Location, Read, Write
from semantics.runtime.actions import Fill as Units
from semantics.runtime.configuration import Frame, Move, Step, Trap, Value
from semantics.syntax.instructions import MemoryCopy, MemoryFill, TableCopy, TableFill
from semantics.syntax.types import Order
from semantics.terms import Term, extract

Fill = MemoryFill | TableFill
Copy = MemoryCopy | TableCopy

REASON = {Field.DATA: OOB_MEMORY, Field.ELEM: OOB_TABLE}
UNIT_BITS = {Field.DATA: 8, Field.ELEM: 32}


@local_rule("fill-oob", fig="core", instr=(MemoryFill, TableFill))
def fill_oob(frame: Frame, operands: tuple[Value, ...], instr: Fill, oracle: Oracle) -> Step | None:
    """(i32.const d) v (i32.const n) memory.fill  -->(rd a.len L)  trap  if d + n > L"""
    address, field = _object(frame, instr)
    return trap_unless(oracle, address, concrete(operands[0].term) + concrete(operands[2].term), REASON[field])


@local_rule("fill-ok", fig="core", instr=(MemoryFill, TableFill))
def fill_ok(frame: Frame, operands: tuple[Value, ...], instr: Fill, oracle: Oracle) -> Step | None:
    """(i32.const d) v (i32.const n) memory.fill  -->(rd a.len L)  move' v^n  if d + n <= L"""
    (address, field), start, count = _object(frame, instr), concrete(operands[0].term), concrete(operands[2].term)
    length = read_length(oracle, address)
    inside = within(start + count, length.value)
    if inside == 0:
        return None
    value: Term = operands[1].term if field is Field.ELEM else extract(operands[1].term, 0, 8)
    checked = oracle.profile.bulk == "recheck"
    move = Move(item_of(address, field, start), Units(value, count), 0, count, False, checked) if count else None
    return Step((), move, (length,), (inside,))


@local_rule("copy-oob", fig="core", instr=(MemoryCopy, TableCopy))
def copy_oob(frame: Frame, operands: tuple[Value, ...], instr: Copy, oracle: Oracle) -> tuple[Step, ...]:
    """(i32.const d) (i32.const s) (i32.const n) memory.copy  -->(rd a.len L) (rd a'.len L')  trap

    if d + n > L or s + n > L'
    """
    target, source, start, begin, count = _ranges(frame, operands, instr)
    field = Field.DATA if isinstance(instr, MemoryCopy) else Field.ELEM
    if target == source:
        step = trap_unless(oracle, target, max(start, begin) + count, REASON[field])
        return (step,) if step is not None else ()
    steps = []
    for target_fits in (False, True):
        lengths = (read_length(oracle, target), read_length(oracle, source))
        first = (within if target_fits else beyond)(start + count, lengths[0].value)
        second = beyond(begin + count, lengths[1].value) if target_fits else 1
        steps.append(Step((), Trap(REASON[field]), lengths, (first, second)))
    return tuple(steps)


@local_rule("copy-ok", fig="core", instr=(MemoryCopy, TableCopy))
def copy_ok(frame: Frame, operands: tuple[Value, ...], instr: Copy, oracle: Oracle) -> Step | None:
    """(i32.const d) (i32.const s) (i32.const n) memory.copy  -->(rd a.len L) (rd a'.len L')  move' a'.data[s..]

    if d + n <= L and s + n <= L'; upwards if d <= s, else downwards. One read where a = a'.
    """
    target, source, start, begin, count = _ranges(frame, operands, instr)
    field = Field.DATA if isinstance(instr, MemoryCopy) else Field.ELEM
    lengths = tuple(read_length(oracle, a) for a in dict.fromkeys((target, source)))
    condition = (within(start + count, lengths[0].value), within(begin + count, lengths[-1].value))
    if 0 in condition:
        return None
    checked = oracle.profile.bulk == "recheck"
    down = start > begin
    first = count - 1 if down else 0
    move = Move(item_of(target, field, start), item_of(source, field, begin), first, count, down, checked)
    if count == 0:
        return Step((), None, lengths, condition)
    return Step((), move, lengths, condition)


@local_rule("move-oob", fig="core", instr=Move)
def move_oob(frame: Frame, operands: tuple[Value, ...], instr: Move, oracle: Oracle) -> Step | None:
    """move' w  -->(rd a.len L)  trap  if the unit is out of bounds [only where sizes are read again, S10]"""
    if not instr.checked:
        return None
    here = _here(instr)
    return trap_unless(oracle, here.region.addr, here.offset + 1, REASON[here.region.field])


@local_rule("move-ok", fig="core", instr=Move)
def move_ok(frame: Frame, operands: tuple[Value, ...], instr: Move, oracle: Oracle) -> Step:
    """move' w w*  -->(wr a.data[d] w)  move' w*   or, where the source is a location,

    move' a'.data[s..]  -->(rd a'.data[s] w)  move' w a'.data[s+1..]
    """
    here = _here(instr)
    checks: tuple[Action, ...] = ()
    condition: tuple[Term, ...] = ()
    if instr.checked:
        length = read_length(oracle, here.region.addr)
        checks, condition = (length,), (within(here.offset + 1, length.value),)
    flag = True if here.region.field is Field.DATA else None
    if instr.loaded is None and isinstance(instr.source, Location):
        width = UNIT_BITS[here.region.field]
        read = Read(Order.UNORD, here, 1, oracle.read(here, 1, width))
        return Step((), instr._replace(loaded=read.value), (*checks, read), condition, None, flag)
    value: Term | None
    match instr.source:
        case Units(value=value):
            pass
        case Location():
            value = instr.loaded
        case units:
            value = units[instr.at]
    if value is None:
        raise InternalError("a bulk operation stores a unit that it did not load")
    write = Write(Order.UNORD, here, 1, value)
    following = instr.at - 1 if instr.descending else instr.at + 1
    rest = instr._replace(at=following, left=instr.left - 1, loaded=None)
    return Step((), rest if rest.left else None, (*checks, write), condition, None, flag)


def _object(frame: Frame, instr: Fill) -> tuple[int, Field]:
    if isinstance(instr, MemoryFill):
        return frame.instance.mems[instr.memory], Field.DATA
    return frame.instance.tables[instr.table], Field.ELEM


def _ranges(frame: Frame, operands: tuple[Value, ...], instr: Copy) -> tuple[int, int, int, int, int]:
    """Target and source address, where they start, how many units go."""
    space = frame.instance.mems if isinstance(instr, MemoryCopy) else frame.instance.tables
    start, begin, count = (concrete(v.term) for v in operands)
    return space[instr.target], space[instr.source], start, begin, count


def _here(instr: Move) -> Location:
    """The location of the next read or write."""
    reading = isinstance(instr.source, Location) and instr.loaded is None
    base = instr.source if reading and isinstance(instr.source, Location) else instr.target
    return item_of(base.region.addr, base.region.field, base.offset + instr.at)
