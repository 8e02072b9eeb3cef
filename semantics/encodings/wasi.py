"""X3 (systems.md B.14, B.2): wasi-threads by the Web's workers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from semantics.encodings.rewriting import (
    all_code,
    defining,
    escapes,
    exporting,
    function,
    imported,
    instructions,
    modules_of,
    names_of,
    replaced,
    sequences,
    translated,
)
from semantics.encodings.workers import WORKER, main_may_wait
from semantics.exploration.program import Invoke, Program, Spawn
from semantics.profiles.wasi import ENTRY
from semantics.syntax.instructions import (
    Binary,
    Call,
    Const,
    Drop,
    Expr,
    GlobalGet,
    GlobalSet,
    Instr,
    LocalGet,
    LocalTee,
)
from semantics.syntax.modules import ExternKind, Function, Global, Import, Module
from semantics.syntax.types import I32, FuncType, GlobalType, MemType, Share
from semantics.validation.spaces import index_spaces

SPAWN = ("wasi", "thread-spawn")
_TWO = FuncType(Share.LOCAL, (I32, I32), ())


def posted(program: Program) -> Program:
    """X3  P2 -> P1. `v thread-spawn` posts a number and v to a worker, which instantiates the module again and calls
    its wasi_thread_start. A thread numbers its children by its own number, a global of its instance, and the site of
    the call: that takes no synchronisation. Numbers differ where no site is passed twice in a thread.

    Claim: equal outcomes where threads make their instances themselves, the main thread's return ends nothing, and
    nothing traps. Fragment: `not_posted`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    spawn, entry = imported(module, SPAWN), _entry(module)
    if spawn is None or entry is None:
        return module
    spaces = index_spaces(module)
    own, begin, ask = len(spaces.globals), len(spaces.funcs), len(spaces.funcs) + 1
    calls = [e for e in all_code(module) if e == Call(spawn)]
    sites = iter(range(1, 1 + len(calls)))  # a site is met once, in the order of the code

    def step(e: Instr, _depth: int) -> Expr:
        return (Const(I32, next(sites)), Call(ask, span=e.span)) if e == Call(spawn) else (e,)

    made = defining(replaced(module, step), _begin(own, entry), _ask(own, len(calls), spawn))
    name = names_of(made, [begin])
    made = exporting(made, name)
    worker = Import(WORKER, name[begin], _TWO)
    return replace(
        made,
        imports=tuple(worker if (i.module, i.name) == SPAWN else i for i in made.imports),
        globals=(*made.globals, Global(GlobalType(Share.LOCAL, True, I32), (Const(I32, 0),), "$own")),
    )


def _entry(module: Module) -> int | None:
    """The index of wasi_thread_start."""
    return next((e.index for e in module.exports if e.kind is ExternKind.FUNC and e.name == ENTRY), None)


def _begin(own: int, entry: int) -> Function:
    """What a worker runs: own := tid; wasi_thread_start(tid, v)"""
    return Function(_TWO, (), (LocalGet(0), GlobalSet(own), LocalGet(0), LocalGet(1), Call(entry)), "$begin")


def _ask(own: int, sites: int, worker: int) -> Function:
    """thread-spawn(v) at a site: tid := own * sites + site; post (tid, v); tid"""
    number = GlobalGet(own), Const(I32, sites), Binary(I32, "mul"), LocalGet(1), Binary(I32, "add")
    body: Expr = (*number, LocalTee(1), LocalGet(0), Call(worker), LocalGet(1))
    return Function(FuncType(Share.LOCAL, (I32, I32), (I32,)), (), body, "$ask")


# --- the fragment ---------------------------------------------------------------------------------
def not_posted(program: Program) -> str:
    """Why a program is outside the fragment: the module of the threads imports shared memories alone, nobody uses a
    thread's number or calls proc_exit, and what the main agent runs does not wait. That nothing traps is not checked.
    """
    modules = modules_of(program)
    if any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads"
    if any(i.name == "proc_exit" for m in modules for i in m.imports):
        return "proc_exit"
    called = {c.export for c in program.main.commands if isinstance(c, Invoke)}
    called |= {i.name for m in modules for i in m.imports}
    threads = frozenset((ENTRY,)) - called
    return next(filter(None, (_reason(m) or main_may_wait(m, threads) for m in modules)), "")


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
