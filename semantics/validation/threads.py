"""fork (T27) and instantiate (T28)."""

from __future__ import annotations

from semantics.runtime.discipline import Discipline
from semantics.syntax.instructions import Fork, Instantiate
from semantics.syntax.types import ExternType, FuncType, GlobalType, HeapKind, MemType, RefType, Share, TableType
from semantics.validation.context import FUNC, Context, refuse
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule
from semantics.validation.spaces import interface


@typing_rule("T27", Fork, fig=21, row="Instructions: fork")
def fork(c: Context, e: Fork, _operands: Operands) -> Arrow:
    """
    C.func(i) = shared t* -> eps
    ----------------------------
    C |- fork i : t* -> eps
    """
    c.require(e, "fork")
    ft = c.func(e, e.func)
    if ft.share is not Share.SHARED:
        raise refuse(
            e,
            f"fork needs a shared function: function {c.name(FUNC, e.func)} is local",
            hint="declare the function shared; its body may then use shared definitions only",
        )
    if ft.results:
        raise refuse(e, f"type mismatch: fork needs a function without results, found {ft}")
    return Arrow(ft.params)


@typing_rule("T28", Instantiate, fig=21, row="Instructions: instantiate")
def instantiate(c: Context, e: Instantiate, _operands: Operands) -> Arrow:
    """
    |- mod : et1^n -> et2^m
    -----------------------------------------------
    C |- instantiate mod : ref(et1)^n -> ref(et2)^m

    mod is closed: the premise is worked off on its own, after the module that contains the instruction.
    """
    c.require(e, "instantiate")
    c.spaces.nested.append(e.module)
    imports, exports = interface(e.module)
    return Arrow(
        tuple(reference_to(et, c.discipline) for et in imports),
        tuple(reference_to(et, c.discipline) for et in exports),
    )


def reference_to(et: ExternType, discipline: Discipline) -> RefType:
    """ref(sh t1* -> t2*) = sh funcref; ref(gt) = ref(tt) = ref(mt) = sh anyref, sh that of the type.

    The paper's anyref is local or shared like any reference. With typed externals (P5b, B.5) ref(gt) = sh (global gt),
    ref(sh rt[n]) = sh (table rt) and ref(sh [n]) = sh (memory): sizes are left to the run.
    """
    match et:
        case FuncType():
            return RefType(et.share, HeapKind.FUNC)
        case GlobalType() if discipline.externals == "typed":
            return RefType(et.share, HeapKind.GLOBAL, et)
        case TableType() if discipline.externals == "typed":
            return RefType(et.share, HeapKind.TABLE, et.elem)
        case MemType() if discipline.externals == "typed":
            return RefType(et.share, HeapKind.MEMORY)
    return RefType(et.share, HeapKind.ANY)
