"""X7 (systems.md B.14, B.9): contexts by workers, under EQ-9."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    exporting,
    folded,
    importing,
    modules_of,
    names_of,
    sequences,
    translated,
)
from semantics.encodings.workers import WORKER, main_may_wait
from semantics.exploration.program import Program
from semantics.syntax.instructions import (
    Call,
    Const,
    DataDrop,
    Drop,
    ElemDrop,
    Expr,
    GlobalGet,
    Instr,
    LocalGet,
    RefFunc,
    TableCopy,
    TableFill,
    TableGrow,
    TableInit,
    TableSet,
)
from semantics.syntax.modules import Import, Module, SegmentMode
from semantics.syntax.types import I32, I64, FuncType, GlobalType, MemType, Share

CREATE = ("wavm", "createThread")
_MUTATES = TableSet, TableGrow, TableFill, TableCopy, TableInit


def reinstantiated(program: Program) -> Program:
    """X7  P9-init -> P1. `(ref.func f) v createThread` posts v to a worker, which instantiates the module once and
    calls f: its globals are new, as those of a new context are; the id is 0.

    Claim (EQ-9): equal outcomes. Fragment: `not_equivalent`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    create = _create(module)
    if create is None:
        return module
    names = names_of(module, sorted({f for f in _created(module, create)}))
    type = FuncType(Share.LOCAL, (I32,), ())
    first, *others = (Import(WORKER, name, type) for name in names.values())
    count = len(module.imported(FUNC))
    clean = exporting(module, names)
    imports = tuple(first if (i.module, i.name) == CREATE else i for i in clean.imports)
    moved = importing(replace(clean, imports=imports), others)
    call = {f + len(others) if f >= count else f: create if n == 0 else count + n - 1 for n, f in enumerate(names)}
    return replace(moved, funcs=tuple(replace(f, body=_posting(f.body, create, call)) for f in moved.funcs))


def _create(module: Module) -> int | None:
    """The index of createThread."""
    funcs = enumerate(module.imported(FUNC))
    return next((n for n, i in funcs if (i.module, i.name) == CREATE), None)


def _posting(code: Expr, create: int, call: dict[int, int]) -> Expr:
    def fold(found: list[Instr]) -> None:
        match found[-3:]:
            case [RefFunc(f), argument, Call(func)] if func == create:
                found[-3:] = argument, Call(call[f]), Const(I64, 0)

    return folded(code, fold)


def _created(module: Module, create: int) -> Iterator[int]:
    """The functions that threads are made of, where they are given by index."""
    for code in sequences(module):
        for one, _, three in zip(code, code[1:], code[2:], strict=False):
            if isinstance(one, RefFunc) and three == Call(create):
                yield one.func


def not_equivalent(program: Program) -> str:
    """Why a program does not satisfy the hypotheses of EQ-9: no start function, no active segments, no segment is
    dropped, tables are not changed, the memory is imported, no mutable global is, and threads are entered by function
    index, their ids not used. What EQ-9 does not say: what the main agent runs does not wait (P1 has block = not-main).
    """
    return next(filter(None, map(_reason, modules_of(program))), "")


def _reason(module: Module) -> str:
    create = _create(module)
    if create is None:
        return ""
    code = list(all_code(module))
    modes = {*(d.mode for d in module.datas), *(e.mode for e in module.elems)}
    if module.start is not None:
        return "a start function"
    if SegmentMode.ACTIVE in modes:
        return "an active segment"
    if any(isinstance(e, DataDrop | ElemDrop) for e in code):
        return "a segment is dropped"
    if any(isinstance(e, _MUTATES) for e in code):
        return "a table is changed"
    if module.memories or any(isinstance(i.type, MemType) and i.type.share is Share.LOCAL for i in module.imports):
        return "a memory that is not imported, or not shared"
    if any(isinstance(i.type, GlobalType) and i.type.mutable for i in module.imports):
        return "an imported mutable global"
    calls = sum(e == Call(create) for e in code)
    if calls != sum(_by_index(c, create) for c in sequences(module)):
        return "a thread that is entered by reference, or whose id is used"
    return main_may_wait(module)


def _by_index(code: Expr, create: int) -> int:
    """How often createThread is called as in (drop (call $createThread (ref.func f) simple))."""
    return sum(
        isinstance(a, RefFunc) and isinstance(b, Const | LocalGet | GlobalGet) and c == Call(create) and d == Drop()
        for a, b, c, d in zip(code, code[1:], code[2:], code[3:], strict=False)
    )
