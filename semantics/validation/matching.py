"""Subtyping of definitions, used when a module is linked: by hosts (imports) and by `instantiate` (Fig. 22)."""

from __future__ import annotations

from semantics.syntax.types import ExternType, FuncType, GlobalType, Limits, MemType, TableType
from semantics.validation.registry import typing_rule


@typing_rule("match limits", row="3.4.9 Imports: limits", source="core")
def match_limits(actual: Limits, wanted: Limits) -> bool:
    """
    n1 >= n2    m2 = eps or (m1 =/= eps and m1 <= m2)
    -------------------------------------------------
    |- {min n1, max m1?} <= {min n2, max m2?}

    The paper leaves maxima out (footnote 6).
    """
    if actual.min < wanted.min:
        return False
    return wanted.max is None or (actual.max is not None and actual.max <= wanted.max)


@typing_rule("match func", row="3.4.9 Imports: functions", source="core")
def match_func(actual: FuncType, wanted: FuncType) -> bool:
    """
    --------
    ft <= ft
    """
    return actual == wanted


@typing_rule("match global", row="3.4.9 Imports: globals", source="core")
def match_global(actual: GlobalType, wanted: GlobalType) -> bool:
    """
    --------
    gt <= gt
    """
    return actual == wanted


@typing_rule("match table", row="3.4.9 Imports: tables", source="core")
def match_table(actual: TableType, wanted: TableType) -> bool:
    """
    |- [n] <= [n']
    ---------------------
    sh rt[n] <= sh rt[n']
    """
    return actual.share is wanted.share and actual.elem == wanted.elem and match_limits(actual.limits, wanted.limits)


@typing_rule("match memory", row="3.4.9 Imports: memories", source="core")
def match_memory(actual: MemType, wanted: MemType) -> bool:
    """
    |- [n] <= [n']
    -----------------
    sh [n] <= sh [n']
    """
    return actual.share is wanted.share and match_limits(actual.limits, wanted.limits)


def match_extern(actual: ExternType, wanted: ExternType) -> bool:
    """Whether a definition of type `actual` may stand where `wanted` is imported."""
    match actual, wanted:
        case FuncType(), FuncType():
            return match_func(actual, wanted)
        case GlobalType(), GlobalType():
            return match_global(actual, wanted)
        case TableType(), TableType():
            return match_table(actual, wanted)
        case MemType(), MemType():
            return match_memory(actual, wanted)
    return False
