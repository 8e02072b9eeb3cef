"""Orderings and types (Fig. 21, sections "Orderings" and "Types"): |- ord : sh, |- t : sh, |- et ok."""

from __future__ import annotations

from semantics.diagnostics import Invalid, NotExpressible
from semantics.runtime.discipline import Discipline, Sort
from semantics.syntax.instructions import Node
from semantics.syntax.modules import ExternKind
from semantics.syntax.types import (
    FuncType,
    GlobalType,
    HeapKind,
    Limits,
    MemType,
    NumType,
    Order,
    RefType,
    Share,
    TableType,
    ValType,
)
from semantics.validation.context import Context, refuse
from semantics.validation.registry import typing_rule

LOCAL, SHARED, TLS = Share.LOCAL, Share.SHARED, Share.TLS
MAX_PAGES = 65536
MAX_ENTRIES = 2**32 - 1


# --- orderings ----------------------------------------------------------------------------------
@typing_rule("T1", fig=21, row="Orderings: unord")
def unord(order: Order, _share: Share, _discipline: Discipline) -> bool:
    """
    -------------
    |- unord : sh
    """
    return order is Order.UNORD


@typing_rule("T2", fig=21, row="Orderings: seqcst")
def seqcst(order: Order, share: Share, discipline: Discipline) -> bool:
    """
    ------------------
    |- seqcst : shared

    Where the discipline has atomics on local state (threads proposal): |- seqcst : local. On thread-local state (B.10)
    they are valid in B.12 only. The acquire-release proposal's order likewise: |- acqrel : shared.
    """
    if order not in (Order.SEQCST, Order.ACQREL):
        return False
    return share is SHARED or (discipline.tls_seqcst if share is TLS else discipline.seqcst_on_local)


def check_order(c: Context, e: Node, order: Order, share: Share, kind: ExternKind, index: int) -> None:
    """The premise |- ord : sh of the access `e` to a definition. Raises Invalid (rule T2)."""
    if unord(order, share, c.discipline) or seqcst(order, share, c.discipline):
        return
    if order in (Order.SEQCST, Order.ACQREL):
        word = f"{share.value} {kind.value} {c.name(kind, index)}"
        raise Invalid(f"{order.value} access to {word}: atomics need shared state", e.span, rule="T2")
    raise Invalid(f"no instruction has the order {order.value}", e.span, rule="T2")


def check_atomic(c: Context, e: Node, order: Order, t: ValType) -> None:
    """The premise of an atomic access that values of type t have one (B.12). Raises Invalid."""
    if order is Order.UNORD or c.discipline.atomics == "any":
        return
    if isinstance(t, RefType) and t.kind is not HeapKind.ANY:
        raise refuse(e, f"invalid type: atomic accesses of references are of subtypes of anyref, found {t}")
    if isinstance(t, NumType) and not t.is_integer:
        raise refuse(e, f"invalid type: atomic accesses are of i32, i64 and references, found {t}")


# --- sharability --------------------------------------------------------------------------------
@typing_rule("T3", fig=21, row="Types: numbers")
def number_shared(t: ValType, share: Share) -> bool:
    """
    --------------
    |- nt : shared
    """
    return share is SHARED and isinstance(t, NumType)


@typing_rule("T4", fig=21, row="Types: references")
def reference_own(t: ValType, share: Share) -> bool:
    """
    ----------------
    |- (sh rt') : sh
    """
    return isinstance(t, RefType) and t.share is share


@typing_rule("T5", fig=21, row="Types: shared is local")
def shared_is_local(t: ValType, share: Share) -> bool:
    """
    |- t : shared
    -------------
    |- t : local
    """
    return share is LOCAL and (number_shared(t, SHARED) or reference_own(t, SHARED))


def sharable(t: ValType, share: Share) -> bool:
    """|- t : sh: values of type t may live in an object whose attribute is sh. |- t : shared => |- t : tls (B.10)."""
    if share is TLS:
        share = SHARED
    return number_shared(t, share) or reference_own(t, share) or shared_is_local(t, share)


# --- types --------------------------------------------------------------------------------------
REFERENCES: dict[HeapKind, str] = {
    HeapKind.MODULE: "module references",
    HeapKind.THREAD: "thread references",
    HeapKind.GLOBAL: "definition references",
    HeapKind.TABLE: "definition references",
    HeapKind.MEMORY: "definition references",
    HeapKind.OPAQUE: "imported types",
}
"""What a design must have for the types of references that Fig. 2 lacks: entries of `Discipline.features`."""
RESULTS = "results of threads"
"""What it must have for a threadref that says results."""


@typing_rule("reftype", row="B.4, B.5, B.6, B.7: references to more than functions", source="design")
def reftype_ok(t: ValType, at: Node, discipline: Discipline) -> None:
    """
    |- gt : ok
    ---------------------------------------------------------------------------------------------------------------
    |- sh (global gt) : ok    |- sh (table rt) : ok    |- sh (memory) : ok    |- sh threadref [t*] : ok    ... : ok

    where sh is that of gt; rt and t* are sharable; the design has such references. The rt of Fig. 2 are well-formed.
    """
    if not isinstance(t, RefType) or t.kind not in REFERENCES:
        return
    if REFERENCES[t.kind] not in discipline.features:
        raise NotExpressible(discipline.name, REFERENCES[t.kind], at.span)
    if isinstance(t.of, GlobalType):
        globaltype_ok(t.of, at, discipline)
        if t.share is TLS:
            raise Invalid("a thread-local global has no reference", at.span, rule="reftype")
    elif isinstance(t.of, RefType):
        tabletype_ok(TableType(t.share, Limits(0), t.of), at, discipline)
    elif t.kind is HeapKind.THREAD and isinstance(t.of, tuple):
        if t.of and RESULTS not in discipline.features:
            raise NotExpressible(discipline.name, RESULTS, at.span)
        for result in t.of:
            assert not isinstance(result, str)
            valtype_ok(result, t.share, at, discipline, "a {share} thread may not have the result {type}", "reftype")


def valtype_ok(t: ValType, share: Share, at: Node, discipline: Discipline, message: str, rule: str) -> None:
    """That t is well-formed and |- t : sh. Raises Invalid with `message`, or NotExpressible."""
    reftype_ok(t, at, discipline)
    if not sharable(t, share):
        raise Invalid(message.format(share=share.value, type=f"local {t}"), at.span, rule=rule)


@typing_rule("T6", fig=21, row="Types: functions")
def functype_ok(ft: FuncType, at: Node, discipline: Discipline) -> None:
    """
    (|- t1 : sh)*    (|- t2 : sh)*
    ------------------------------
    |- sh t1* -> t2* : ok
    """
    check_attribute(ft.share, Sort.FUNC, at, discipline)
    for t in ft.params:
        valtype_ok(t, ft.share, at, discipline, "a {share} function may not take a {type}", "T6")
    for t in ft.results:
        valtype_ok(t, ft.share, at, discipline, "a {share} function may not return a {type}", "T6")


@typing_rule("T7", fig=21, row="Types: globals")
def globaltype_ok(gt: GlobalType, at: Node, discipline: Discipline) -> None:
    """
    |- t : sh
    ----------------
    |- sh mut t : ok
    """
    check_attribute(gt.share, Sort.GLOBAL, at, discipline)
    valtype_ok(gt.type, gt.share, at, discipline, "a {share} global may not hold a {type}", "T7")


@typing_rule("T8", fig=21, row="Types: tables")
def tabletype_ok(tt: TableType, at: Node, discipline: Discipline) -> None:
    """
    |- rt : sh    |- [n] : ok
    -------------------------
    |- sh rt[n] : ok
    """
    check_attribute(tt.share, Sort.TABLE, at, discipline)
    valtype_ok(tt.elem, tt.share, at, discipline, "a {share} table may not hold a {type}", "T8")
    limits_ok(tt.limits, MAX_ENTRIES, "table size must be at most 2^32-1", at)


@typing_rule("T9", fig=21, row="Types: memories")
def memtype_ok(mt: MemType, at: Node, _discipline: Discipline) -> None:
    """
    |- [n] : ok    [sh = shared => n has a maximum: threads proposal]
    -----------------------------------------------------------------
    |- sh [n] : ok
    """
    limits_ok(mt.limits, MAX_PAGES, "memory size must be at most 65536 pages (4GiB)", at)
    if mt.share is SHARED and mt.limits.max is None:
        raise Invalid("shared memory must have maximum", at.span, rule="T9")


@typing_rule("limits", row="3.2.1 Limits", source="core")
def limits_ok(limits: Limits, bound: int, too_big: str, at: Node) -> None:
    """
    n <= k    (m <= k)?    (n <= m)?
    --------------------------------
    |- {min n, max m?} : k
    """
    for size in (limits.min, limits.max):
        if size is not None and size > bound:
            raise Invalid(f"{too_big}: found {size}", at.span, rule="limits")
    if limits.max is not None and limits.min > limits.max:
        raise Invalid(
            f"size minimum must not be greater than maximum: found {limits.min} and {limits.max}",
            at.span,
            rule="limits",
        )


def check_attribute(share: Share, sort: Sort, at: Node, discipline: Discipline) -> None:
    """That the design may write this attribute on a definition of that sort. Raises NotExpressible."""
    if share is SHARED and sort not in discipline.shared:
        raise NotExpressible(discipline.name, f"shared {sort.value}s", at.span)
    if share is TLS and not (discipline.tls and sort is Sort.GLOBAL):
        raise NotExpressible(discipline.name, f"thread-local {sort.value}s", at.span)
