"""X8 (systems.md B.14, B.10): thread-local globals by parameter passing."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.encoding import Encoding
from semantics.encodings.nesting import nested_modules
from semantics.encodings.rewriting import FUNC, all_code, as_block, defining, modules_of, rewritten, translated
from semantics.encodings.styles import CELLS
from semantics.exploration.program import Invoke, Program
from semantics.profiles.fork import FORK
from semantics.profiles.tls import TLS
from semantics.syntax.instructions import (
    Block,
    Call,
    CallIndirect,
    Expr,
    GlobalGet,
    GlobalSet,
    Instr,
    LocalGet,
    LocalSet,
    LocalTee,
    RefFunc,
)
from semantics.syntax.modules import ExternKind, Function, Module
from semantics.syntax.types import FuncType, NumType, Share
from semantics.validation.spaces import index_spaces

Slots = dict[int, int]
"""Index of a thread-local global -> index of the local variable that stands for it."""


def passed(program: Program) -> Program:
    """X8  P10 -> P5. What a thread's cells hold is passed along: every function takes the values as further parameters
    and gives them back as further results; where a thread begins, they are locals with the initial values.

    Claim: equal outcomes. Fragment: `not_passable`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    spaces = index_spaces(module)
    cells = [i for i, g in enumerate(spaces.globals) if g.share is Share.TLS]
    if not cells:
        return module
    imported = len(module.imported(FUNC))
    within = {i: len(module.funcs) + i for i in range(imported, len(spaces.funcs))}
    made = replace(module, funcs=tuple(_entry(module, f, cells, within) for f in module.funcs))
    made = defining(made, *(_inner(module, f, cells, within) for f in module.funcs))
    frozen = (
        replace(g, type=replace(g.type, share=Share.SHARED, mutable=False)) if g.type.share is Share.TLS else g
        for g in made.globals
    )
    return replace(made, globals=tuple(frozen))


def _entry(module: Module, f: Function, cells: list[int], within: dict[int, int]) -> Function:
    """Where a thread begins: the cells are locals behind all others."""
    first = len(f.type.params) + len(f.locals)
    slots = {g: first + n for n, g in enumerate(cells)}
    names = (*f.local_names, *(None,) * (first + len(cells) - len(f.local_names)))
    begin = [e for g in cells for e in (*_initial(module, g), LocalSet(slots[g]))]
    types = tuple(index_spaces(module).globals[g].type for g in cells)
    return replace(f, locals=(*f.locals, *types), body=(*begin, _body(f, slots, within, 0)), local_names=names)


def _inner(module: Module, f: Function, cells: list[int], within: dict[int, int]) -> Function:
    """What other functions call: the cells are parameters behind its own, and results."""
    first = len(f.type.params)
    slots = {g: first + n for n, g in enumerate(cells)}
    types = tuple(index_spaces(module).globals[g].type for g in cells)
    type = FuncType(f.type.share, (*f.type.params, *types), (*f.type.results, *types))
    body: Expr = (_body(f, slots, within, len(cells)), *map(LocalGet, slots.values()))
    binding = None if f.binding is None else f"{f.binding}.inner"
    return Function(type, f.locals, body, binding)


def _initial(module: Module, index: int) -> Expr:
    return module.globals[index - len(module.imported(ExternKind.GLOBAL))].init


def _body(f: Function, slots: Slots, within: dict[int, int], moved: int) -> Block:
    """The body with locals for cells; it is a block, which `return` leaves. Locals behind the parameters have moved."""
    parameters = len(f.type.params)

    def step(e: Instr, _depth: int) -> Expr:
        match e:
            case GlobalGet(index) if index in slots:
                return (LocalGet(slots[index], span=e.span),)
            case GlobalSet(index) if index in slots:
                return (LocalSet(slots[index], span=e.span),)
            case Call(func) if func in within:
                back = tuple(LocalSet(s) for s in reversed(slots.values()))
                return (*map(LocalGet, slots.values()), Call(within[func], span=e.span), *back)
            case LocalGet(index) | LocalSet(index) | LocalTee(index) if index >= parameters:
                return (replace(e, index=index + moved),)
        return (e,)

    return as_block(rewritten(f.body, step), f.type.results)


def not_passable(program: Program) -> str:
    """Why a program is outside the fragment: thread-local globals are numeric, neither imported nor exported, nobody
    calls a function of their module by reference, no nested module has them, and the host calls once."""
    if any(g.type.share is Share.TLS for module in nested_modules(program) for g in module.globals):
        return "a thread-local global of a nested module"
    for module in modules_of(program):
        spaces = index_spaces(module)
        cells = {i for i, g in enumerate(spaces.globals) if g.share is Share.TLS}
        if any(not isinstance(spaces.globals[i].type, NumType) for i in cells):
            return "a thread-local reference"
        exported = {e.index for e in module.exports if e.kind is ExternKind.GLOBAL}
        if cells & (exported | set(range(spaces.imported_globals))):
            return "a thread-local global of several modules"
        if cells and any(isinstance(e, RefFunc | CallIndirect) for e in all_code(module)):
            return "a function that is called by reference"
    if sum(isinstance(c, Invoke) for c in program.main.commands) > 1:
        return "the host calls twice"
    return ""


X8 = Encoding(
    "X8",
    TLS,
    FORK,
    "thread-local globals by further parameters and results of every function: equal outcomes",
    "thread-local globals are numeric and of one module, not nested, no functions by reference, the host calls once",
    passed,
    not_passable,
    CELLS,
)
