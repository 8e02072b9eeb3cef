"""shared-everything-threads without objects of the GC proposal (systems.md B.12, P12), and the component builtins.

Sharing is written on every kind of definition, segments included; a shared body may name and hold shared things only
(Discipline.body = strict); globals may be thread-local. Atomic accesses of globals and tables are seqcst or acqrel, of
integers and, but for arithmetic, references below anyref. Not here, because there is no type for it: struct, array and
i31 accesses, wait queue objects, and `table.atomic.rmw.cmpxchg`, which takes subtypes of eqref only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles import component, cooperative
from semantics.profiles.designs import instruction
from semantics.reduction.access import (
    OOB_TABLE,
    cell,
    concrete,
    item_of,
    read_entry,
    read_length,
    read_value,
    trap_unless,
    within,
)
from semantics.reduction.designs import Effect
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.actions import Action, Field, Rmw
from semantics.runtime.configuration import Frame, Step, Value
from semantics.runtime.discipline import EVERY, PAPER, Sort
from semantics.runtime.profile import DEFAULT
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import I32, NumType, Order, ValType
from semantics.terms import Term, apply, negate
from semantics.validation.context import GLOBAL, TABLE, Context, refuse
from semantics.validation.formation import check_atomic, check_order
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

ATOMICS = "atomic read-modify-writes of globals and tables"

SHARED_EVERYTHING = replace(
    DEFAULT,
    name="shared-everything",
    summary="sharing written on everything, shared bodies hold shared values only; the component's spawn builtins",
    typing=replace(
        PAPER,
        name="shared-everything",
        shared=EVERY | {Sort.DATA, Sort.ELEM},
        tls=True,
        tls_seqcst=True,
        tls_default=True,
        seqcst_on_local=True,
        features=frozenset((ATOMICS,)),
        body="strict",
        segments="explicit",
        atomics="integers",
    ),
    model="wasm-acqrel[+alloc-first,+grow-first]",
    spawn="thread.spawn-ref",
    host=component.PREEMPTIVE,
    contexts=2,
    trap="all",
)
"""DEC 5 and 6: alloc = first, grow = first."""

COOPERATIVE = replace(
    SHARED_EVERYTHING,
    name="shared-everything-coop",
    summary="as shared-everything, with the threads of one component, which take turns and share what is local",
    typing=replace(SHARED_EVERYTHING.typing, name="shared-everything-coop", entry="none"),
    spawn="thread.spawn-ref (cooperative)",
    host=cooperative.COOPERATIVE,
    turns=True,
    own="component",
)
"""P12c"""


# --- syntax ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class GlobalRmw(DesignInstr):
    """global.atomic.rmw.op o x"""

    feature: ClassVar[str] = ATOMICS
    op: ClassVar[str]
    order: Order
    global_: int


@dataclass(frozen=True, slots=True)
class GlobalCmpxchg(DesignInstr):
    """global.atomic.rmw.cmpxchg o x"""

    opcode: ClassVar[str] = "global.atomic.rmw.cmpxchg"
    feature: ClassVar[str] = ATOMICS
    order: Order
    global_: int


@dataclass(frozen=True, slots=True)
class TableXchg(DesignInstr):
    """table.atomic.rmw.xchg o x"""

    opcode: ClassVar[str] = "table.atomic.rmw.xchg"
    feature: ClassVar[str] = ATOMICS
    order: Order
    table: int = 0


GLOBAL_RMW: dict[str, type[GlobalRmw]] = {
    op: type(
        f"Global{op.capitalize()}",
        (GlobalRmw,),
        {"__slots__": (), "opcode": f"global.atomic.rmw.{op}", "op": op, "__doc__": f"global.atomic.rmw.{op} o x"},
    )
    for op in ("add", "sub", "and", "or", "xor", "xchg")
}
"""By operator."""
_RMW = tuple(GLOBAL_RMW.values())

_writes = Effect(touches=lambda e: (("globals", e.global_, Field.VAL, True),), branches=False)
for _kind in _RMW:
    instruction(_kind, 1, effect=_writes)
instruction(GlobalCmpxchg, 2, effect=_writes._replace(branches=True))
instruction(
    TableXchg,
    2,
    concrete=(0,),
    effect=Effect(
        touches=lambda e: (("tables", e.table, Field.ELEM, True), ("tables", e.table, Field.LEN, False)), branches=False
    ),
)


# --- typing ---------------------------------------------------------------------------------------
@typing_rule("global.atomic.rmw", *_RMW, row="B.12 global.atomic.rmw.op o x", source="design")
def global_rmw(c: Context, e: GlobalRmw, _operands: Operands) -> Arrow:
    """
    C.global(x) = sh var t    |- o : sh    t in i32, i64 [op = xchg: or t <= anyref]
    --------------------------------------------------------------------------------
    C |- global.atomic.rmw.op o x : t -> t
    """
    gt = _global(c, e, e.order, e.global_)
    if e.op != "xchg" and not (isinstance(gt, NumType) and gt.is_integer):
        raise refuse(e, f"invalid type: {e.opcode} takes i32 or i64, found {gt}")
    return Arrow((gt,), (gt,))


@typing_rule("global.atomic.rmw.cmpxchg", GlobalCmpxchg, row="B.12 global.atomic.rmw.cmpxchg o x", source="design")
def global_cmpxchg(c: Context, e: GlobalCmpxchg, _operands: Operands) -> Arrow:
    """
    C.global(x) = sh var t    |- o : sh    t in i32, i64 [or t <= eqref, which is not here]
    ---------------------------------------------------------------------------------------
    C |- global.atomic.rmw.cmpxchg o x : t t -> t
    """
    gt = _global(c, e, e.order, e.global_)
    if not (isinstance(gt, NumType) and gt.is_integer):
        raise refuse(e, f"invalid type: {e.opcode} takes i32 or i64, found {gt}")
    return Arrow((gt, gt), (gt,))


@typing_rule("table.atomic.rmw.xchg", TableXchg, row="B.12 table.atomic.rmw.xchg o x", source="design")
def table_xchg(c: Context, e: TableXchg, _operands: Operands) -> Arrow:
    """
    C.table(x) = sh rt[n]    |- o : sh    rt <= anyref
    --------------------------------------------------
    C |- table.atomic.rmw.xchg o x : i32 rt -> rt
    """
    c.require(e, e.feature)
    tt = c.table(e, e.table)
    check_order(c, e, e.order, tt.share, TABLE, e.table)
    check_atomic(c, e, e.order, tt.elem)
    return Arrow((I32, tt.elem), (tt.elem,))


def _global(c: Context, e: DesignInstr, order: Order, index: int) -> ValType:
    """The type of a global that an instruction changes."""
    c.require(e, e.feature)
    gt = c.global_(e, index)
    if not gt.mutable:
        raise refuse(e, f"global is immutable: {c.name(GLOBAL, index)}")
    check_order(c, e, order, gt.share, GLOBAL, index)
    check_atomic(c, e, order, gt.type)
    return gt.type


# --- rules ----------------------------------------------------------------------------------------
@local_rule("global-rmw-ok", fig="B.12", instr=_RMW)
def global_rmw_ok(frame: Frame, operands: tuple[Value, ...], instr: GlobalRmw, oracle: Oracle) -> Step:
    """s; f; (t.const c2) (global.atomic.rmw.op o x)  -->(rmw_o a.val c1 op(c1, c2))  t.const c1

    if a = f_global(x)
    """
    address = frame.instance.globals[instr.global_]
    type = oracle.store.global_(address).type.type
    old = read_value(oracle, cell(oracle, address), type.bits, instr.order)
    value = operands[0].term
    new = value if instr.op == "xchg" else apply(instr.op, type.bits, old.value, value)
    return Step((Value(type, old.value),), None, (Rmw(old.location, 1, old.value, new, instr.order),))


@local_rule("global-cmpxchg-equal", fig="B.12", instr=GlobalCmpxchg)
def global_cmpxchg_equal(
    frame: Frame, operands: tuple[Value, ...], instr: GlobalCmpxchg, oracle: Oracle
) -> Step | None:
    """s; f; (t.const c2) (t.const c3) (global.atomic.rmw.cmpxchg o x)  -->(rmw_o a.val c1 c3)  t.const c1

    if c1 = c2
    """
    return _compared(frame, operands, instr, oracle, equal=True)


@local_rule("global-cmpxchg-unequal", fig="B.12", instr=GlobalCmpxchg)
def global_cmpxchg_unequal(
    frame: Frame, operands: tuple[Value, ...], instr: GlobalCmpxchg, oracle: Oracle
) -> Step | None:
    """s; f; (t.const c2) (t.const c3) (global.atomic.rmw.cmpxchg o x)  -->(rd_o a.val c1)  t.const c1

    if c1 != c2 [S9; profile failing_cmpxchg: an rmw that writes c1 back]
    """
    return _compared(frame, operands, instr, oracle, equal=False)


def _compared(
    frame: Frame, operands: tuple[Value, ...], instr: GlobalCmpxchg, oracle: Oracle, *, equal: bool
) -> Step | None:
    address = frame.instance.globals[instr.global_]
    type = oracle.store.global_(address).type.type
    read = read_value(oracle, cell(oracle, address), type.bits, instr.order)
    same: Term = apply("eq", 1, read.value, operands[0].term, arg_width=type.bits)
    condition = same if equal else negate(same)
    if condition == 0:
        return None
    action: Action = read
    if equal or oracle.profile.failing_cmpxchg == "rmw":
        new = operands[1].term if equal else read.value
        action = Rmw(read.location, 1, read.value, new, instr.order)
    return Step((Value(type, read.value),), None, (action,), (condition,))


@local_rule("table-xchg-oob", fig="B.12", instr=TableXchg)
def table_xchg_oob(frame: Frame, operands: tuple[Value, ...], instr: TableXchg, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) v (table.atomic.rmw.xchg o x)  -->(rd a.len n)  trap  if a = f_table(x) and i >= n"""
    return trap_unless(oracle, frame.instance.tables[instr.table], concrete(operands[0].term) + 1, OOB_TABLE)


@local_rule("table-xchg-ok", fig="B.12", instr=TableXchg)
def table_xchg_ok(frame: Frame, operands: tuple[Value, ...], instr: TableXchg, oracle: Oracle) -> Step | None:
    """s; f; (i32.const i) v (table.atomic.rmw.xchg o x)  -->(rd a.len n) (rmw_o a.elem[i] v1 v)  v1

    if a = f_table(x) and i < n
    """
    address, index = frame.instance.tables[instr.table], concrete(operands[0].term)
    length = read_length(oracle, address)
    inside = within(index + 1, length.value)
    if inside == 0:
        return None
    old = read_entry(oracle, address, index, instr.order).value
    swapped = Rmw(item_of(address, Field.ELEM, index), 1, old, operands[1].term, instr.order)
    return Step((Value(oracle.store.table(address).type.elem, old),), None, (length, swapped), (inside,))
