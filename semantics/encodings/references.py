"""X5 (systems.md B.14, B.3): thread.create_ref by fork and an auxiliary function."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from semantics.encodings.encoding import Encoding
from semantics.encodings.nesting import everywhere, nested_code
from semantics.encodings.rewriting import all_code, defining, instructions, modules_of, replaced, translated
from semantics.encodings.styles import REFERENCES
from semantics.exploration.program import Program, Spawn
from semantics.profiles.create import CREATE, ThreadCreate, ThreadCreateRef
from semantics.profiles.fork import FORK_GROWING
from semantics.syntax.instructions import (
    CallIndirect,
    Const,
    Expr,
    Fork,
    Instr,
    LocalGet,
    MemoryGrow,
    RefFunc,
    TableGrow,
)
from semantics.syntax.modules import Function, Module, Table
from semantics.syntax.types import I32, SHARED_FUNCREF, FuncType, Limits, Share, TableType
from semantics.validation.spaces import index_spaces

SLOTS = Table(TableType(Share.SHARED, Limits(0), SHARED_FUNCREF))
"""The table of an auxiliary function."""


def auxiliary(program: Program) -> Program:
    """X5  P3 -> P5. `thread.create_ref ft` forks aux : t* (shared funcref) -> [], which stores the reference in a fresh
    slot of a shared table and calls it from there; `thread.create f` is `fork f`.

    Claim: equal outcomes, up to the place of a trap and the growth of the table. Growing is an rmw: it orders threads
    of several creators, which create_ref does not. Fragment: `not_from_main`.
    """
    return translated(program, lambda module: everywhere(module, _module))


def _module(module: Module) -> Module:
    wanted = sorted({e.type for e in all_code(module) if isinstance(e, ThreadCreateRef)})
    spaces = index_spaces(module)
    table = len(spaces.tables)
    aux = {type: len(spaces.funcs) + n for n, type in enumerate(wanted)}

    def step(e: Instr, _depth: int) -> Expr:
        if isinstance(e, ThreadCreateRef):
            return (Fork(aux[e.type], span=e.span),)
        return (Fork(e.func, span=e.span),) if isinstance(e, ThreadCreate) else (e,)

    made = replaced(module, step)
    made = defining(made, *(auxiliary_function(module.types[type], type, table) for type in wanted))
    return replace(made, tables=(*made.tables, SLOTS)) if wanted else made


def auxiliary_function(wanted: FuncType, type: int, table: int) -> Function:
    """aux : t* (shared funcref) -> [] for functions of a type, given also as its index, with the table of the slots."""
    count = len(wanted.params)
    arguments = tuple(LocalGet(i) for i in range(count))
    slot = (LocalGet(count), Const(I32, 1), TableGrow(table))
    body: Expr = (*arguments, *slot, CallIndirect(type, table))
    return Function(FuncType(Share.SHARED, (*wanted.params, SHARED_FUNCREF), ()), (), body, "$aux")


def not_from_main(program: Program) -> str:
    """Why a program is outside the fragment: only local functions, which the main thread alone runs, use create_ref,
    and its reference is that of a function of the type, so that nothing traps; nested modules use it not; no code grows
    memories or tables."""
    if any(isinstance(e, ThreadCreateRef) for e in nested_code(program)):
        return "a nested module that uses create_ref"
    for module in modules_of(program):
        if reason := grows(module):
            return reason
        funcs = index_spaces(module).funcs
        for f in module.funcs:
            code = list(instructions(f.body))
            for before, e in pairwise([*code[:1], *code]):
                if not isinstance(e, ThreadCreateRef):
                    continue
                if f.type.share is Share.SHARED or any(isinstance(c, Spawn) for c in program.main.commands):
                    return "threads create threads"
                if not (isinstance(before, RefFunc) and funcs[before.func] == module.types[e.type]):
                    return "a reference that may be null or of another type"
    return ""


def grows(module: Module) -> str:
    """Why a module is outside fragments whose target grants growth: its code grows, which in the source may fail."""
    found = any(isinstance(e, MemoryGrow | TableGrow) for e in all_code(module))
    return "growth that may fail" if found else ""


X5 = Encoding(
    "X5",
    CREATE,
    FORK_GROWING,
    "thread.create_ref by fork of an auxiliary function: equal outcomes, but for the names of threads",
    "only the main thread uses create_ref, in no nested module, on a reference that is a function of the type; "
    "tables can grow, the program does not",
    auxiliary,
    not_from_main,
    REFERENCES,
    "main",
)
