"""Control instructions (core 3.3.8), calls (T12, T13), and the parametric and variable ones (core 3.3.4, 3.3.5)."""

from __future__ import annotations

from semantics.syntax.instructions import (
    Block,
    Br,
    BrIf,
    BrTable,
    Call,
    CallIndirect,
    Drop,
    GlobalGet,
    GlobalSet,
    If,
    LocalGet,
    LocalSet,
    LocalTee,
    Loop,
    Nop,
    Return,
    Select,
    Unreachable,
)
from semantics.syntax.types import I32, HeapKind, NumType
from semantics.validation.context import GLOBAL, TABLE, Context, refuse
from semantics.validation.formation import check_atomic, check_order
from semantics.validation.operands import Arrow, Body, Operands, mismatch
from semantics.validation.registry import typing_rule

CONTROL = "3.3.8 Control Instructions"
NOTHING = Arrow(())


@typing_rule("unreachable", Unreachable, row=CONTROL, source="core")
def unreachable(_c: Context, _e: Unreachable, _operands: Operands) -> Arrow:
    """
    -----------------------------
    C |- unreachable : t1* -> t2*
    """
    return Arrow((), diverges=True)


@typing_rule("nop", Nop, row=CONTROL, source="core")
def nop(_c: Context, _e: Nop, _operands: Operands) -> Arrow:
    """
    ---------------------
    C |- nop : eps -> eps
    """
    return NOTHING


@typing_rule("block", Block, row=CONTROL, source="core")
def block(_c: Context, e: Block, _operands: Operands) -> Arrow:
    """
    bt = t1* -> t2*    C, label (t2*) |- e* : t1* -> t2*
    ----------------------------------------------------
    C |- block bt e* end : t1* -> t2*
    """
    t1, t2 = e.type.params, e.type.results
    return Arrow(t1, t2, bodies=(Body(e.body, t1, t2, t2, e, "block"),))


@typing_rule("loop", Loop, row=CONTROL, source="core")
def loop(_c: Context, e: Loop, _operands: Operands) -> Arrow:
    """
    bt = t1* -> t2*    C, label (t1*) |- e* : t1* -> t2*
    ----------------------------------------------------
    C |- loop bt e* end : t1* -> t2*
    """
    t1, t2 = e.type.params, e.type.results
    return Arrow(t1, t2, bodies=(Body(e.body, t1, t2, t1, e, "loop"),))


@typing_rule("if", If, row=CONTROL, source="core")
def if_(_c: Context, e: If, _operands: Operands) -> Arrow:
    """
    bt = t1* -> t2*    C, label (t2*) |- e1* : t1* -> t2*    C, label (t2*) |- e2* : t1* -> t2*
    -------------------------------------------------------------------------------------------
    C |- if bt e1* else e2* end : t1* i32 -> t2*
    """
    t1, t2 = e.type.params, e.type.results
    return Arrow((*t1, I32), t2, bodies=(Body(e.then, t1, t2, t2, e, "if"), Body(e.orelse, t1, t2, t2, e, "if")))


@typing_rule("br", Br, row=CONTROL, source="core")
def br(c: Context, e: Br, _operands: Operands) -> Arrow:
    """
    C.label(l) = t*
    -------------------------
    C |- br l : t1* t* -> t2*
    """
    return Arrow(c.label(e, e.label), diverges=True)


@typing_rule("br_if", BrIf, row=CONTROL, source="core")
def br_if(c: Context, e: BrIf, _operands: Operands) -> Arrow:
    """
    C.label(l) = t*
    ---------------------------
    C |- br_if l : t* i32 -> t*
    """
    t = c.label(e, e.label)
    return Arrow((*t, I32), t)


@typing_rule("br_table", BrTable, row=CONTROL, source="core")
def br_table(c: Context, e: BrTable, operands: Operands) -> Arrow:
    """
    (|- t* <= C.label(l))*    |- t* <= C.label(l')
    ----------------------------------------------
    C |- br_table l* l' : t1* t* i32 -> t2*
    """
    default = c.label(e, e.default)
    t = tuple(operands.peek(depth) for depth in range(len(default), 0, -1))
    for label in dict.fromkeys(e.labels):
        wanted = c.label(e, label)
        if len(wanted) != len(default):
            arities = f"label {e.default} takes {len(default)} values, label {label} {len(wanted)}"
            raise refuse(e, f"type mismatch: {arities}")
        if any(a is not None and a != b for a, b in zip(t, wanted, strict=True)):
            message, hint = mismatch(wanted, t)
            raise refuse(e, f"{message}, for label {label}", hint=hint)
    return Arrow((*default, I32), diverges=True)


@typing_rule("return", Return, row=CONTROL, source="core")
def return_(c: Context, _e: Return, _operands: Operands) -> Arrow:
    """
    C.return = t*
    ---------------------------
    C |- return : t1* t* -> t2*
    """
    return Arrow(c.results, diverges=True)


@typing_rule("T12", Call, fig=21, row="Instructions: call")
def call(c: Context, e: Call, _operands: Operands) -> Arrow:
    """
    C.func(i) = sh t1* -> t2*
    -------------------------
    C |- call i : t1* -> t2*
    """
    ft = c.func(e, e.func)
    return Arrow(ft.params, ft.results)


@typing_rule("T13", CallIndirect, fig=21, row="Instructions: call_indirect")
def call_indirect(c: Context, e: CallIndirect, _operands: Operands) -> Arrow:
    """
    ft = sh' t1* -> t2*    C.table = sh (sh'' funcref)[n]    |- ord : sh    [|- ft : ok]    [sh' = sh'']
    ----------------------------------------------------------------------------------------------------
    C |- call_indirect.ord ft : t1* i32 -> t2*

    As printed sh' is free, and a call with sh' =/= sh'' always traps (D13). |- ft : ok holds of every C.type.
    """
    tt = c.table(e, e.table)
    if tt.elem.kind is not HeapKind.FUNC:
        raise refuse(e, f"type mismatch: call_indirect needs a table of functions, found {tt.elem}")
    check_order(c, e, e.order, tt.share, TABLE, e.table)
    ft = c.type(e, e.type)
    if ft.share is not tt.elem.share and not c.discipline.literal_call_indirect:
        sides = f"the table holds {tt.elem.share.value} functions, the type is that of a {ft.share.value} one"
        raise refuse(e, f"type mismatch: {sides}", hint="such a call would always trap")
    return Arrow((*ft.params, I32), ft.results)


# --- parametric and variables -------------------------------------------------------------------
@typing_rule("drop", Drop, row="3.3.4 Parametric Instructions", source="core")
def drop(_c: Context, _e: Drop, operands: Operands) -> Arrow:
    """
    --------------------
    C |- drop : t -> eps
    """
    return Arrow((operands.peek(0),))


@typing_rule("select", Select, row="3.3.4 Parametric Instructions", source="core")
def select(_c: Context, e: Select, operands: Operands) -> Arrow:
    """
    t given, or t a number type
    -----------------------------
    C |- select t? : t t i32 -> t
    """
    if e.types is not None:
        if len(e.types) != 1:
            raise refuse(e, f"invalid result arity: select has one result, found {len(e.types)}")
        t = e.types[0]
        return Arrow((t, t, I32), (t,))
    first, second = operands.peek(2), operands.peek(1)
    found = first if second is None else second
    if found is not None and not isinstance(found, NumType):
        raise refuse(e, f"type mismatch: select without a type needs numbers, found {found}")
    return Arrow((found, found, I32), (found,))


@typing_rule("local.get", LocalGet, row="3.3.5 Variable Instructions", source="core")
def local_get(c: Context, e: LocalGet, _operands: Operands) -> Arrow:
    """
    C.local(x) = t
    ---------------------------
    C |- local.get x : eps -> t
    """
    return Arrow((), (c.local(e, e.index),))


@typing_rule("local.set", LocalSet, row="3.3.5 Variable Instructions", source="core")
def local_set(c: Context, e: LocalSet, _operands: Operands) -> Arrow:
    """
    C.local(x) = t
    ---------------------------
    C |- local.set x : t -> eps
    """
    return Arrow((c.local(e, e.index),))


@typing_rule("local.tee", LocalTee, row="3.3.5 Variable Instructions", source="core")
def local_tee(c: Context, e: LocalTee, _operands: Operands) -> Arrow:
    """
    C.local(x) = t
    -------------------------
    C |- local.tee x : t -> t
    """
    t = (c.local(e, e.index),)
    return Arrow(t, t)


@typing_rule("T14", GlobalGet, fig=21, row="Instructions: global.get")
def global_get(c: Context, e: GlobalGet, _operands: Operands) -> Arrow:
    """
    C.global(i) = sh mut t    |- ord : sh
    -------------------------------------
    C |- global.get.ord i : eps -> t
    """
    gt = c.global_(e, e.index)
    check_order(c, e, e.order, gt.share, GLOBAL, e.index)
    check_atomic(c, e, e.order, gt.type)
    return Arrow((), (gt.type,))


@typing_rule("T15", GlobalSet, fig=21, row="Instructions: global.set")
def global_set(c: Context, e: GlobalSet, _operands: Operands) -> Arrow:
    """
    C.global(i) = sh var t    |- ord : sh
    -------------------------------------
    C |- global.set.ord i : t -> eps
    """
    gt = c.global_(e, e.index)
    if not gt.mutable:
        raise refuse(e, f"global is immutable: {c.name(GLOBAL, e.index)}")
    check_order(c, e, e.order, gt.share, GLOBAL, e.index)
    check_atomic(c, e, e.order, gt.type)
    return Arrow((gt.type,))
