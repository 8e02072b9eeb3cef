"""X3 (systems.md B.14, B.2): wasi-threads by the Web's workers, and by fork and instantiate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, pairwise

from semantics.encodings.encoding import Encoding
from semantics.encodings.rewriting import (
    FUNC,
    GONE,
    all_code,
    defining,
    escapes,
    exporting,
    function,
    imported,
    importing,
    instructions,
    modules_of,
    names_of,
    replaced,
    sequences,
    translated,
)
from semantics.encodings.styles import WASI_THREADS
from semantics.encodings.workers import WORKER, main_may_wait
from semantics.exploration.program import Invoke, Program, Spawn
from semantics.profiles.fork_refs import FORK_REFS_ATOMICS, RefGlobal, RefMemory, RefTable
from semantics.profiles.wasi import ENTRY, FAILED, WASI_REACTOR
from semantics.profiles.web import WEB
from semantics.syntax.instructions import (
    Binary,
    Call,
    CallIndirect,
    Const,
    Drop,
    Expr,
    Fork,
    GlobalGet,
    GlobalSet,
    Instantiate,
    Instr,
    LocalGet,
    LocalSet,
    LocalTee,
    RefFunc,
    TableSet,
)
from semantics.syntax.modules import Export, ExternKind, Function, Global, Import, Module, Table
from semantics.syntax.types import (
    FUNCREF,
    I32,
    SHARED_FUNCREF,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    Share,
    TableType,
    ValType,
)
from semantics.validation.spaces import index_spaces

SPAWN = ("wasi", "thread-spawn")
_TWO = FuncType(Share.LOCAL, (I32, I32), ())
_GET = FuncType(Share.SHARED, (), (I32, I32))
_BOOT = FuncType(Share.SHARED, (SHARED_FUNCREF,), ())


def posted(program: Program) -> Program:
    """X3  P2 -> P1. `v thread-spawn` posts a number and v to a worker, which instantiates the module again and calls
    its wasi_thread_start. A thread numbers its children by its own number, a global of its instance, and the site of
    the call: that takes no synchronisation. Numbers differ where no site is passed twice in a thread.

    Claim: equal outcomes where threads make their instances themselves, the main thread's return ends nothing, and
    nothing traps. Fragment: `not_posted`.
    """
    return translated(program, _posting)


def forked(program: Program) -> Program:
    """X3  P2 -> P5 (5b). `v thread-spawn` puts a number, as in `posted`, and v into a fresh cell, and forks $boot with
    the function that reads the cell. $boot is shared, so its instance tells it nothing of threads; it instantiates the
    module again, with that function, the memories and itself, whose start function calls wasi_thread_start.

    A cell is an instance of a module of its own, filled by a function that goes through a local table: code has nothing
    else to hand a number to a fresh instance. Claim: as that of `posted`. Fragment: `not_forked`.
    """
    return translated(program, _forking)


# --- what both share ------------------------------------------------------------------------------
def _entry(module: Module) -> int | None:
    """The index of wasi_thread_start."""
    return next((e.index for e in module.exports if e.kind is ExternKind.FUNC and e.name == ENTRY), None)


def _asking(module: Module, spawn: int, start: Expr, locals_: tuple[ValType, ...] = ()) -> Module:
    """The module with a global, its thread's number, and a function that stands for thread-spawn(v) at a site:
    tid := own * sites + site; start; tid. `start` finds v and tid in locals 0 and 1, and has further ones."""
    spaces = index_spaces(module)
    own, ask = len(spaces.globals), len(spaces.funcs)
    calls = sum(e == Call(spawn) for e in all_code(module))
    sites = iter(range(1, 1 + calls))  # a site is met once

    def step(e: Instr, _depth: int) -> Expr:
        return (Const(I32, next(sites)), Call(ask, span=e.span)) if e == Call(spawn) else (e,)

    number = GlobalGet(own), Const(I32, calls), Binary(I32, "mul"), LocalGet(1), Binary(I32, "add"), LocalSet(1)
    body = *number, *start, LocalGet(1)
    made = defining(replaced(module, step), Function(FuncType(Share.LOCAL, (I32, I32), (I32,)), locals_, body, "$ask"))
    counter = Global(GlobalType(Share.LOCAL, True, I32), (Const(I32, 0),), "$own")
    return replace(made, globals=(*made.globals, counter))


def _replacing(module: Module, spawn: Import) -> Module:
    """The module with that import in place of thread-spawn."""
    return replace(module, imports=tuple(spawn if (i.module, i.name) == SPAWN else i for i in module.imports))


# --- by workers -----------------------------------------------------------------------------------
def _posting(module: Module) -> Module:
    spawn, entry = imported(module, SPAWN), _entry(module)
    if spawn is None or entry is None:
        return module
    own = len(index_spaces(module).globals)
    made = _asking(module, spawn, (LocalGet(1), LocalGet(0), Call(spawn)))
    begin = LocalGet(0), GlobalSet(own), LocalGet(0), LocalGet(1), Call(entry)
    index = len(index_spaces(made).funcs)
    made = defining(made, Function(_TWO, (), begin, "$begin"))
    name = names_of(made, [index])
    return _replacing(exporting(made, name), Import(WORKER, name[index], _TWO))


# --- by fork and instantiate ----------------------------------------------------------------------
def _forking(module: Module) -> Module:
    spawn, entry = imported(module, SPAWN), _entry(module)
    if spawn is None or entry is None:
        return module
    cell, slot, two = _cell(), len(index_spaces(module).tables), module.types.index(_TWO)
    begin = Instantiate(cell), LocalSet(3), LocalSet(2), Const(I32, 0), LocalGet(2), TableSet(slot)
    start = *begin, LocalGet(1), LocalGet(0), Const(I32, 0), CallIndirect(two, slot), LocalGet(3), Fork(spawn)
    made = _asking(module, spawn, start, (FUNCREF, SHARED_FUNCREF))
    made = replace(made, tables=(*made.tables, Table(TableType(Share.LOCAL, Limits(1, 1), FUNCREF), binding="$slot")))
    outer = importing(made, (), spawn)
    boot = len(index_spaces(outer).funcs)

    def step(e: Instr, _depth: int) -> Expr:
        return (Fork(boot, span=e.span),) if e == Fork(GONE) else (e,)

    thread = replace(_thread(made), modules=(cell,))
    body = *_own(made.imports, boot), LocalGet(0), Instantiate(thread)
    outer = defining(replaced(outer, step), Function(_BOOT, (), body, "$boot"))
    return replace(outer, modules=(cell, thread))


def _cell() -> Module:
    """Where a number and an argument are kept: functions that set both and that give them. What was there before is
    -1, no thread's number: exploration takes it for a value that may be read, and should not get far with it."""
    one = Global(GlobalType(Share.SHARED, True, I32), (Const(I32, FAILED),))
    globals_ = replace(one, binding="$tid"), replace(one, binding="$v")
    set_ = Function(_TWO, (), (LocalGet(0), GlobalSet(0), LocalGet(1), GlobalSet(1)), "$set")
    get = Function(_GET, (), (GlobalGet(0), GlobalGet(1)), "$get")
    exports = Export("set", FUNC, 0), Export("get", FUNC, 1)
    return replace(defining(Module(globals=globals_, binding="$cell"), set_, get), exports=exports)


def _thread(made: Module) -> Module:
    """The module for a thread: it imports $boot in place of thread-spawn, and what gives its number and argument, and
    starts with: (own, v) := get; the start function that there was; wasi_thread_start(own, v)"""
    own = len(index_spaces(made).globals) - 1
    inner = importing(_replacing(made, Import("", "boot", _BOOT)), [Import("", "get", _GET)])
    get, begin, entry = len(inner.imported(FUNC)) - 1, len(index_spaces(inner).funcs), _entry(inner)
    assert entry is not None
    before = () if inner.start is None else (Call(inner.start),)
    body = Call(get), LocalSet(0), GlobalSet(own), *before, GlobalGet(own), LocalGet(0), Call(entry)
    inner = defining(inner, Function(FuncType(Share.LOCAL, (), ()), (I32,), body, "$begin"))
    return replace(inner, exports=(), start=begin, binding="$thread")


def _own(imports: tuple[Import, ...], boot: int) -> Iterator[Instr]:
    """References to what a module imports, and to $boot in place of thread-spawn."""
    kinds: dict[type, Callable[[int], Instr]]
    kinds = {FuncType: RefFunc, GlobalType: RefGlobal, TableType: RefTable, MemType: RefMemory}
    left = {kind: map(reference, count()) for kind, reference in kinds.items()}
    for i in imports:
        yield RefFunc(boot) if (i.module, i.name) == SPAWN else next(left[type(i.type)])


# --- the fragment ---------------------------------------------------------------------------------
def not_posted(program: Program) -> str:
    """Why a program is outside the fragment: the module of the threads imports shared memories alone, nobody uses a
    thread's number or calls proc_exit, the host starts no threads, and what the main agent runs does not wait. That
    nothing traps is not checked.
    """
    modules = modules_of(program)
    called = {c.export for c in program.main.commands if isinstance(c, Invoke)}
    called |= {i.name for m in modules for i in m.imports}
    threads = frozenset((ENTRY,)) - called
    return _outside(program) or next(filter(None, (main_may_wait(m, threads) for m in modules)), "")


def not_forked(program: Program) -> str:
    """As `not_posted`, but main may wait."""
    return _outside(program)


def _outside(program: Program) -> str:
    modules = modules_of(program)
    if any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads"
    if any(i.name == "proc_exit" for m in modules for i in m.imports):
        return "proc_exit"
    return next(filter(None, map(_reason, modules)), "")


def _reason(module: Module) -> str:
    spawn, entry = imported(module, SPAWN), _entry(module)
    if spawn is None:
        return ""
    body = None if entry is None else function(module, entry)
    if body is None:
        return "no wasi_thread_start of its own"
    memories = [i for i in module.imports if isinstance(i.type, MemType) and i.type.share is Share.SHARED]
    if len(module.imports) != 1 + len(memories):
        return "an import that is no shared memory"
    dropped = sum(pair == (Call(spawn), Drop()) for code in sequences(module) for pair in pairwise(code))
    calls = sum(e == Call(spawn) for e in all_code(module))
    read = any(e in (LocalGet(0), LocalTee(0)) for e in instructions(body.body))
    if escapes(module, spawn) or calls != dropped or read:
        return "a thread's number is used"
    return ""


X3 = Encoding(
    "X3",
    WASI_REACTOR,
    WEB,
    "thread-spawn by Web workers that number their children: equal outcomes, but for the names of threads",
    "the module of threads imports shared memories alone; numbers of threads are unused; no proc_exit, nothing "
    "traps; the main agent does not wait",
    posted,
    not_posted,
    WASI_THREADS,
    "main",
)

X3_FORK = Encoding(
    "X3-fork",
    WASI_REACTOR,
    FORK_REFS_ATOMICS,
    "thread-spawn by fork of a function that instantiates the module: equal outcomes, but for the names of threads",
    "as X3, but the main thread may wait",
    forked,
    not_forked,
    replace(WASI_THREADS, threads=2),
    "main",
)
