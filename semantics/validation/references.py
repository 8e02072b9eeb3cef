"""References (T10, T11) and tables (T16 to T19, core 3.3.2 and 3.3.6). Operands stand in deployed order."""

from __future__ import annotations

from semantics.syntax.instructions import (
    ElemDrop,
    RefFunc,
    RefIsNull,
    RefNull,
    TableCopy,
    TableFill,
    TableGet,
    TableGrow,
    TableInit,
    TableSet,
    TableSize,
)
from semantics.syntax.types import I32, HeapKind, RefType
from semantics.validation.context import FUNC, TABLE, Context, refuse
from semantics.validation.formation import check_atomic, check_order, reftype_ok
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule

TABLES = "3.3.6 Table Instructions"


@typing_rule("T10", RefNull, fig=21, row="Instructions: ref.null")
def ref_null(c: Context, e: RefNull, _operands: Operands) -> Arrow:
    """
    -------------------------
    C |- ref.null : eps -> rt

    Deployed ref.null names its rt.
    """
    reftype_ok(e.type, e, c.discipline)
    return Arrow((), (e.type,))


@typing_rule("T11", RefFunc, fig=21, row="Instructions: ref.func")
def ref_func(c: Context, e: RefFunc, _operands: Operands) -> Arrow:
    """
    C.func(i) = sh t1* -> t2*
    -------------------------------------
    C |- ref.func i : eps -> (sh funcref)

    Base language, where the discipline asks for it: i in C.refs.
    """
    ft = c.func(e, e.func)
    if c.discipline.declared_refs and e.func not in c.spaces.refs:
        raise refuse(
            e,
            f"undeclared function reference: {c.name(FUNC, e.func)}",
            hint="export the function or name it in an element segment: (elem declare func ...)",
        )
    return Arrow((), (RefType(ft.share, HeapKind.FUNC),))


@typing_rule("ref.is_null", RefIsNull, row="3.3.2 Reference Instructions", source="core")
def ref_is_null(_c: Context, e: RefIsNull, operands: Operands) -> Arrow:
    """
    ----------------------------
    C |- ref.is_null : rt -> i32
    """
    found = operands.peek(0)
    if found is not None and not isinstance(found, RefType):
        raise refuse(e, f"type mismatch: expected a reference, found {found}")
    return Arrow((found,), (I32,))


# --- tables -------------------------------------------------------------------------------------
@typing_rule("T16", TableGet, fig=21, row="Instructions: table.get")
def table_get(c: Context, e: TableGet, _operands: Operands) -> Arrow:
    """
    C.table = sh rt[n]    |- ord : sh
    ---------------------------------
    C |- table.get.ord : i32 -> rt
    """
    tt = c.table(e, e.table)
    check_order(c, e, e.order, tt.share, TABLE, e.table)
    check_atomic(c, e, e.order, tt.elem)
    return Arrow((I32,), (tt.elem,))


@typing_rule("T17", TableSet, fig=21, row="Instructions: table.set")
def table_set(c: Context, e: TableSet, _operands: Operands) -> Arrow:
    """
    C.table = sh rt[n]    |- ord : sh
    ----------------------------------
    C |- table.set.ord : i32 rt -> eps
    """
    tt = c.table(e, e.table)
    check_order(c, e, e.order, tt.share, TABLE, e.table)
    check_atomic(c, e, e.order, tt.elem)
    return Arrow((I32, tt.elem))


@typing_rule("T18", TableSize, fig=21, row="Instructions: table.size")
def table_size(c: Context, e: TableSize, _operands: Operands) -> Arrow:
    """
    C.table = tt
    ----------------------------
    C |- table.size : eps -> i32
    """
    c.table(e, e.table)
    return Arrow((), (I32,))


@typing_rule("T19", TableGrow, fig=21, row="Instructions: table.grow")
def table_grow(c: Context, e: TableGrow, _operands: Operands) -> Arrow:
    """
    C.table = sh rt[n]
    -------------------------------
    C |- table.grow : rt i32 -> i32

    Printed with the operands the other way round.
    """
    return Arrow((c.table(e, e.table).elem, I32), (I32,))


@typing_rule("table.fill", TableFill, row=TABLES, source="core")
def table_fill(c: Context, e: TableFill, _operands: Operands) -> Arrow:
    """
    C.table(x) = sh rt[n]
    -------------------------------------
    C |- table.fill x : i32 rt i32 -> eps
    """
    return Arrow((I32, c.table(e, e.table).elem, I32))


@typing_rule("table.copy", TableCopy, row=TABLES, source="core")
def table_copy(c: Context, e: TableCopy, _operands: Operands) -> Arrow:
    """
    C.table(x) = sh1 rt[n]    C.table(y) = sh2 rt[m]
    ------------------------------------------------
    C |- table.copy x y : i32 i32 i32 -> eps
    """
    target, source = c.table(e, e.target), c.table(e, e.source)
    if target.elem != source.elem:
        raise refuse(e, f"type mismatch: expected a table of {target.elem}, found one of {source.elem}")
    return Arrow((I32, I32, I32))


@typing_rule("table.init", TableInit, row=TABLES, source="core")
def table_init(c: Context, e: TableInit, _operands: Operands) -> Arrow:
    """
    C.table(x) = sh rt[n]    C.elem(y) = rt
    ----------------------------------------
    C |- table.init x y : i32 i32 i32 -> eps
    """
    table, segment = c.table(e, e.table), c.elem(e, e.elem)
    if table.elem != segment.type:
        raise refuse(e, f"type mismatch: expected a segment of {table.elem}, found one of {segment.type}")
    return Arrow((I32, I32, I32))


@typing_rule("elem.drop", ElemDrop, row=TABLES, source="core")
def elem_drop(c: Context, e: ElemDrop, _operands: Operands) -> Arrow:
    """
    C.elem(x) = rt
    -----------------------------
    C |- elem.drop x : eps -> eps
    """
    c.elem(e, e.elem)
    return Arrow(())
