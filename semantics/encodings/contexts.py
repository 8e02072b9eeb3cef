"""X7 (systems.md B.14, B.9): contexts by workers, under EQ-9, and by thread-local globals."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.encoding import Encoding
from semantics.encodings.rewriting import (
    FUNC,
    GONE,
    all_code,
    as_block,
    defining,
    escapes,
    exporting,
    folded,
    function,
    imported,
    importing,
    modules_of,
    names_of,
    sequences,
    translated,
)
from semantics.encodings.styles import CONTEXTS, ONE_INSTANCE
from semantics.encodings.workers import WORKER, main_may_wait
from semantics.exploration.program import Program, Spawn
from semantics.profiles.create import CREATE_TLS, CREATE_TLS_INHERIT, ThreadCreate
from semantics.profiles.wavm import ENTRY, WAVM, WAVM_CLONE
from semantics.profiles.web import WEB
from semantics.syntax.instructions import (
    Call,
    Const,
    DataDrop,
    Drop,
    ElemDrop,
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
from semantics.syntax.modules import Function, Import, Module, SegmentMode
from semantics.syntax.types import I32, I64, FuncType, GlobalType, MemType, NumType, Share
from semantics.validation.spaces import index_spaces

CREATE = ("wavm", "createThread")
_MUTATES = TableSet, TableGrow, TableFill, TableCopy, TableInit


def reinstantiated(program: Program) -> Program:
    """X7  P9-init -> P1. `(ref.func f) v createThread` posts v to a worker, which instantiates the module once and
    calls f: its globals are new, as those of a new context are; the id is 0.

    Claim (EQ-9): equal outcomes. Fragment: `not_equivalent`.
    """
    return translated(program, _posted)


def annotated(program: Program) -> Program:
    """X7  P9 -> P3u + tls. Every mutable global is thread-local, the imported ones too, whose attribute must match;
    `(ref.func f) v createThread` is thread.create of f without its result; the id is 0.

    Claim: equal outcomes, for new contexts and for cloned ones. Fragment: `not_annotable`.
    """
    return translated(program, _annotated)


def _posted(module: Module) -> Module:
    create = imported(module, CREATE)
    if create is None:
        return module
    names = names_of(module, _created(module, create))
    type = FuncType(Share.LOCAL, (I32,), ())
    moved = importing(exporting(module, names), [Import(WORKER, name, type) for name in names.values()], create)
    first = len(moved.imported(FUNC)) - len(names)
    workers = iter(range(first, first + len(names)))
    return _creating(moved, {f: Call(next(workers)) for f in _created(moved, GONE)})


def _annotated(module: Module) -> Module:
    create = imported(module, CREATE)
    moved = module if create is None else importing(module, (), create)
    entries = _created(moved, GONE)
    first = len(index_spaces(moved).funcs)
    made = _creating(moved, {f: ThreadCreate(first + n) for n, f in enumerate(entries)})
    made = defining(made, *(_entry(found) for f in entries if (found := function(made, f)) is not None))
    return replace(
        made,
        imports=tuple(replace(i, type=_cell(i.type)) if isinstance(i.type, GlobalType) else i for i in made.imports),
        globals=tuple(replace(g, type=_cell(g.type)) for g in made.globals),
    )


def _entry(found: Function) -> Function:
    """The function without its result; it has its locals, so that people find them at the root of the thread."""
    body = as_block(found.body, found.type.results), Drop()
    return replace(found, type=replace(found.type, results=()), body=body)


def _cell(type: GlobalType) -> GlobalType:
    return replace(type, share=Share.TLS) if type.mutable else type


def _creating(module: Module, start: dict[int, Instr]) -> Module:
    """`start` of a function stands for its reference and the call of createThread; the argument is between the two."""

    def fold(found: list[Instr]) -> None:
        match found[-3:]:
            case [RefFunc(f), argument, Call(func)] if func == GONE:
                found[-3:] = argument, start[f], Const(I64, 0)

    return replace(module, funcs=tuple(replace(f, body=folded(f.body, fold)) for f in module.funcs))


def _created(module: Module, create: int) -> list[int]:
    """The functions that threads are made of, where they are given by index; in the order of the indices."""
    found = (
        one.func
        for code in sequences(module)
        for one, _, three in zip(code, code[1:], code[2:], strict=False)
        if isinstance(one, RefFunc) and three == Call(create)
    )
    return sorted(set(found))


# --- the fragments --------------------------------------------------------------------------------
def not_equivalent(program: Program) -> str:
    """Why a program does not satisfy the hypotheses of EQ-9: no start function, no active segments, no segment is
    dropped, tables are not changed, the memory is imported, no mutable global is, and threads are entered by function
    index, their ids not used. What EQ-9 does not say: the host starts no threads, and what the main agent runs does not
    wait (P1 has block = not-main).
    """
    if any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads"
    return next(filter(None, (_not_equivalent(m) or main_may_wait(m) for m in modules_of(program))), "")


def not_annotable(program: Program) -> str:
    """Why a program is outside the fragment: threads are entered by function index, their ids not used. What the page
    does not say: mutable globals are numeric, for a thread-local one holds no local reference (T7)."""
    return next(filter(None, map(_not_annotable, modules_of(program))), "")


def _not_equivalent(module: Module) -> str:
    if all(i.module != CREATE[0] for i in module.imports):
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
    return _not_by_index(module)


def _not_annotable(module: Module) -> str:
    if any(g.mutable and not isinstance(g.type, NumType) for g in index_spaces(module).globals):
        return "a mutable global that holds references"
    return _not_by_index(module)


def _not_by_index(module: Module) -> str:
    """Threads that are not made as in (drop (call $createThread (ref.func f) simple)), f : [i32] -> [i64]."""
    if [(i.module, i.name) for i in module.imports if i.module == CREATE[0]] not in ([], [CREATE]):
        return "threads are joined or detached, or exit"
    create = imported(module, CREATE)
    if create is None:
        return ""
    funcs = index_spaces(module).funcs
    by_index = sum(
        isinstance(a, RefFunc)
        and funcs[a.func] == ENTRY
        and isinstance(b, Const | LocalGet | GlobalGet)
        and c == Call(create)
        and d == Drop()
        for code in sequences(module)
        for a, b, c, d in zip(code, code[1:], code[2:], code[3:], strict=False)
    )
    if escapes(module, create) or sum(e == Call(create) for e in all_code(module)) != by_index:
        return "a thread that is entered by reference, or whose id is used"
    return ""


X7 = Encoding(
    "X7",
    WAVM,
    WEB,
    "contexts by Web workers that instantiate the module once (EQ-9): equal outcomes",
    "no start function, no active segments, no segment dropped, no table changed, the memory imported, no "
    "mutable global imported, threads entered by function index, ids unused; the main agent does not wait",
    reinstantiated,
    not_equivalent,
    CONTEXTS,
)

X7_TLS = Encoding(
    "X7-tls",
    WAVM,
    CREATE_TLS,
    "contexts by thread-local globals, with their initial values (P3u + tls): equal outcomes",
    "threads entered by function index, ids unused; mutable globals are numeric",
    annotated,
    not_annotable,
    ONE_INSTANCE,
)

X7_CLONE = Encoding(
    "X7-clone",
    WAVM_CLONE,
    CREATE_TLS_INHERIT,
    "cloned contexts by thread-local globals that are inherited: equal outcomes",
    "as X7-tls",
    annotated,
    not_annotable,
    ONE_INSTANCE,
)
