"""X6 (systems.md B.14, B.7): handles by cells of a memory on which the child notifies and the joiner waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TypeGuard

from semantics.encodings.encoding import Encoding
from semantics.encodings.nesting import nested_code
from semantics.encodings.rewriting import (
    all_code,
    constants,
    defining,
    instructions,
    modules_of,
    referred,
    replaced,
    retyped,
    rewritten,
    translated,
)
from semantics.encodings.styles import HANDLES
from semantics.exploration.program import Invoke, Program
from semantics.profiles.fork import FORK
from semantics.profiles.handle import HANDLE, ForkH, ThreadDetach, ThreadJoin
from semantics.syntax.instructions import (
    Call,
    Const,
    DesignInstr,
    Drop,
    Expr,
    Fork,
    Instr,
    Load,
    LocalGet,
    LocalSet,
    Loop,
    MemArg,
    Notify,
    RefIsNull,
    RefNull,
    Store,
    Wait,
)
from semantics.syntax.modules import Function, Import, Memory, Module
from semantics.syntax.types import (
    I32,
    I64,
    FuncType,
    HeapKind,
    Limits,
    MemType,
    NumType,
    Order,
    RefType,
    Share,
    ValType,
)
from semantics.validation.spaces import index_spaces, interface

WORD = 8
FOREVER = (1 << 64) - 1
ALL = (1 << 32) - 1


def cells(program: Program) -> Program:
    """X6  P7 -> P5. A handle is the address of a cell in a shared memory of its own: each `fork_h f` has one, and forks
    a function that calls f, stores its results behind the cell, then 1 in it (seqcst), and notifies. `thread.join`
    waits while the cell is 0, and loads the results.

    Claim: equal outcomes on programs in which nothing traps and nobody is cancelled. Fragment: `not_joining`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    sites = [e for e in all_code(module) if isinstance(e, ForkH)]
    if not sites:
        return module
    spaces = index_spaces(module)
    memory, first = len(spaces.mems), len(spaces.funcs)
    results = spaces.funcs[sites[0].func].results
    size = WORD * (1 + len(results))
    left = iter(range(len(sites)))  # a site is met once, in the order of the code

    def step(e: Instr, _depth: int) -> Expr:
        if isinstance(e, ForkH):
            number = next(left)
            return Fork(first + number, span=e.span), Const(I32, size * (number + 1))
        if isinstance(e, ThreadJoin):
            return (Call(first + len(sites), span=e.span),)
        if isinstance(e, ThreadDetach):
            return (Drop(),)
        return (Const(I32, 0),) if isinstance(e, RefNull) and e.type.kind is HeapKind.THREAD else (e,)

    bodies = [
        _child(spaces.funcs[e.func], e.func, size * (number + 1), memory, f"$thread{number}")
        for number, e in enumerate(sites)
    ]
    changed = constants(replaced(module, step), lambda code: rewritten(code, step))
    made = defining(changed, *bodies, _join(results, memory))
    made = replace(made, memories=(*made.memories, Memory(MemType(Share.SHARED, Limits(1, 1)))))
    return retyped(made, lambda t: I32 if is_handle(t) else t, lambda share: share)


def is_handle(t: ValType) -> TypeGuard[RefType]:
    """Whether a type is that of handles."""
    return isinstance(t, RefType) and t.kind is HeapKind.THREAD


def _at(memory: int, number: int, type: NumType) -> MemArg:
    """The word of a cell with that number: 0 says whether the thread has ended."""
    return MemArg(WORD * number, 2 if type.bytes == 4 else 3, memory)


def _child(called: FuncType, func: int, cell: int, memory: int, name: str) -> Function:
    """v* := f(t*); store v*; store.seqcst 1; notify"""
    count = len(called.params)
    code: list[Instr] = [*map(LocalGet, range(count)), Call(func)]
    code += [LocalSet(count + i) for i in reversed(range(len(called.results)))]
    for i, t in enumerate(called.results):
        assert isinstance(t, NumType)  # of the fragment
        code += [Const(I32, cell), LocalGet(count + i), Store(t, t.bytes, _at(memory, 1 + i, t))]
    state = _at(memory, 0, I32)
    code += [Const(I32, cell), Const(I32, 1), Store(I32, 4, state, Order.SEQCST)]
    code += [Const(I32, cell), Const(I32, ALL), Notify(state), Drop()]
    return Function(FuncType(Share.SHARED, called.params, ()), called.results, tuple(code), name)


def _join(results: tuple[ValType, ...], memory: int) -> Function:
    """Waits until the cell is 1: as nobody stores anything else, whoever is woken or need not wait has read so."""
    code: list[Instr] = [LocalGet(0), Const(I32, 0), Const(I64, FOREVER), Wait(I32, _at(memory, 0, I32)), Drop()]
    for i, t in enumerate(results):
        assert isinstance(t, NumType)
        code += [LocalGet(0), Load(t, t.bytes, None, _at(memory, 1 + i, t))]
    return Function(FuncType(Share.SHARED, (I32,), results), (), tuple(code), "$join")


def not_joining(program: Program) -> str:
    """Why a program is outside the fragment: threads are forked, joined and detached, every fork_h runs once at most,
    all results have the same numeric types, handles stay in their module, which is not nested. That nothing traps (no
    null handle either) is not checked."""
    if any(isinstance(e, DesignInstr) for e in nested_code(program)):
        return "handles in a nested module"
    if any(map(_gives_handles, modules_of(program))):
        return "a handle that leaves its module"
    if sum(isinstance(c, Invoke) for c in program.main.commands) > 1:
        return "a fork_h that may run twice"
    return next(filter(None, map(_reason, modules_of(program))), "")


def _gives_handles(module: Module) -> bool:
    """Whether imports or exports are of handles: a cell is of one module's memory."""
    found = False

    def value(t: ValType) -> ValType:
        nonlocal found
        found |= is_handle(t)
        return t

    imports, exports = interface(module)
    retyped(Module(imports=tuple(Import("", "", t) for t in (*imports, *exports))), value, lambda share: share)
    return found


def _reason(module: Module) -> str:
    code = list(all_code(module))
    known = ForkH, ThreadJoin, ThreadDetach
    if other := next((e for e in code if isinstance(e, DesignInstr) and not isinstance(e, known)), None):
        return other.opcode
    if any(isinstance(e, RefIsNull) for e in code):
        return "a handle that may be null"
    spaces = index_spaces(module)
    results = {spaces.funcs[e.func].results for e in code if isinstance(e, ForkH)}
    if len(results) > 1 or any(not isinstance(t, NumType) for ts in results for t in ts):
        return "results that are of several types, or references"
    uses = Counter(e.func for e in code if isinstance(e, Call | Fork | ForkH))
    uses.update(e.index for e in module.exports)
    uses.update(dict.fromkeys(referred(module), 2))
    for index, f in enumerate(module.funcs, len(spaces.funcs) - len(module.funcs)):
        forks = [e for e in instructions(f.body) if isinstance(e, ForkH)]
        looped = any(isinstance(e, Loop) for e in instructions(f.body))
        if forks and (uses[index] > 1 or looped):
            return "a fork_h that may run twice"
    return ""


X6 = Encoding(
    "X6",
    HANDLE,
    FORK,
    "handles by wait and notify on cells of a memory: equal outcomes, but for the names of threads",
    "fork_h, join and detach; a fork_h runs once at most; results of one numeric type; nothing traps; handles "
    "stay in their module, which is not nested",
    cells,
    not_joining,
    HANDLES,
    "main",
)
