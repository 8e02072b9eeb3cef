"""fork with first-class memories, tables and globals, and no first-class instances (systems.md B.5, P5b)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from semantics.profiles.designs import instruction
from semantics.profiles.fork import FORK
from semantics.reduction.designs import Effect
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Frame, Step, Value
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import ExternType, Share
from semantics.validation.context import GLOBAL, Context, refuse
from semantics.validation.operands import Arrow, Operands
from semantics.validation.registry import typing_rule
from semantics.validation.threads import reference_to

REIFIES = "references to own definitions"
"""The feature that ref.global, ref.table and ref.memory need."""

FORK_REFS = replace(
    FORK,
    name="fork-refs",
    summary="fork and instantiate with typed references to memories, tables and globals",
    typing=replace(
        FORK.typing,
        name="fork-refs",
        features=FORK.typing.features | {REIFIES, "definition references"},
        externals="typed",
    ),
)
FORK_REFS_ATOMICS = replace(
    FORK_REFS,
    name="fork-refs-atomics",
    summary="fork-refs where atomics on local state are valid, as today",
    typing=replace(FORK_REFS.typing, name="fork-refs-atomics", seqcst_on_local=True),
)
"""DEC 24: what programs of today's designs are translated to."""

FORK_REFS_UNTYPED = replace(
    FORK_REFS,
    name="fork-refs-untyped",
    summary="fork-refs where references to definitions are anyref: instantiate checks them as it runs",
    typing=replace(
        FORK_REFS.typing,
        name="fork-refs-untyped",
        features=FORK.typing.features | {REIFIES},
        externals="untyped",
    ),
)
"""What a polyfill in JavaScript does."""


@dataclass(frozen=True, slots=True)
class RefGlobal(DesignInstr):
    """ref.global x"""

    opcode: ClassVar[str] = "ref.global"
    feature: ClassVar[str] = REIFIES
    global_: int


@dataclass(frozen=True, slots=True)
class RefTable(DesignInstr):
    """ref.table x"""

    opcode: ClassVar[str] = "ref.table"
    feature: ClassVar[str] = REIFIES
    table: int = 0


@dataclass(frozen=True, slots=True)
class RefMemory(DesignInstr):
    """ref.memory x"""

    opcode: ClassVar[str] = "ref.memory"
    feature: ClassVar[str] = REIFIES
    memory: int = 0


instruction(RefGlobal, 0, effect=Effect(reifies=lambda e: (("globals", e.global_),), branches=False))
instruction(RefTable, 0, effect=Effect(reifies=lambda e: (("tables", e.table),), branches=False))
instruction(RefMemory, 0, effect=Effect(reifies=lambda e: (("mems", e.memory),), branches=False))


def _reified(c: Context, e: DesignInstr, et: ExternType) -> Arrow:
    c.require(e, e.feature)
    return Arrow((), (reference_to(et, c.discipline),))


@typing_rule("ref.global", RefGlobal, row="B.5 ref.global i", source="design")
def ref_global(c: Context, e: RefGlobal, _operands: Operands) -> Arrow:
    """
    C.global(i) = gt    gt is not thread-local
    ------------------------------------------
    C |- ref.global i : eps -> ref(gt)

    ref(gt) = sh (global gt), or sh anyref where externals are untyped; sh is that of gt.
    """
    gt = c.global_(e, e.global_)
    if gt.share is Share.TLS:
        raise refuse(e, f"a thread-local global has no reference: global {c.name(GLOBAL, e.global_)}")
    return _reified(c, e, gt)


@typing_rule("ref.table", RefTable, row="B.5 ref.table i", source="design")
def ref_table(c: Context, e: RefTable, _operands: Operands) -> Arrow:
    """
    C.table(i) = tt
    ---------------------------------
    C |- ref.table i : eps -> ref(tt)

    ref(sh rt[n]) = sh (table rt), or sh anyref where externals are untyped.
    """
    return _reified(c, e, c.table(e, e.table))


@typing_rule("ref.memory", RefMemory, row="B.5 ref.memory i", source="design")
def ref_memory(c: Context, e: RefMemory, _operands: Operands) -> Arrow:
    """
    C.memory(i) = mt
    ----------------------------------
    C |- ref.memory i : eps -> ref(mt)

    ref(sh [n]) = sh (memory), or sh anyref where externals are untyped.
    """
    return _reified(c, e, c.memory(e, e.memory))


def _reference(oracle: Oracle, address: int) -> Step:
    return Step((Value(reference_to(oracle.store.type(address), oracle.profile.typing), address),))


@local_rule("ref-global-ok", fig="B.5", instr=RefGlobal, pure=True)
def ref_global_ok(frame: Frame, operands: tuple[Value, ...], instr: RefGlobal, oracle: Oracle) -> Step:
    """f; (ref.global i)  -->  ref f_global(i), without an event (D4)"""
    return _reference(oracle, frame.instance.globals[instr.global_])


@local_rule("ref-table-ok", fig="B.5", instr=RefTable, pure=True)
def ref_table_ok(frame: Frame, operands: tuple[Value, ...], instr: RefTable, oracle: Oracle) -> Step:
    """f; (ref.table i)  -->  ref f_table(i), without an event (D4)"""
    return _reference(oracle, frame.instance.tables[instr.table])


@local_rule("ref-memory-ok", fig="B.5", instr=RefMemory, pure=True)
def ref_memory_ok(frame: Frame, operands: tuple[Value, ...], instr: RefMemory, oracle: Oracle) -> Step:
    """f; (ref.memory i)  -->  ref f_mem(i), without an event (D4)"""
    return _reference(oracle, frame.instance.mems[instr.memory])
