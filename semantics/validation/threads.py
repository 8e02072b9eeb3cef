"""fork (T27) and instantiate (T28)."""

from __future__ import annotations

from semantics.syntax.instructions import Fork, Instantiate
from semantics.syntax.types import ExternType, FuncType, HeapKind, RefType, Share
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
    return Arrow(tuple(map(reference_to, imports)), tuple(map(reference_to, exports)))


def reference_to(et: ExternType) -> RefType:
    """ref(sh t1* -> t2*) = sh funcref; ref(gt) = ref(tt) = ref(mt) = sh anyref, sh that of the type.

    The paper's anyref is local or shared like any reference.
    """
    return RefType(et.share, HeapKind.FUNC if isinstance(et, FuncType) else HeapKind.ANY)
