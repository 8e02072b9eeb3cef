"""X4 (systems.md B.14, B.4), from P5b to P4: fork by a module for each forked function, lambda lifting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from semantics.encodings.rewriting import (
    all_code,
    function,
    instructions,
    modules_of,
    replaced,
    roles,
    translated,
    typing,
)
from semantics.exploration.program import Program, Spawn
from semantics.merging.fields import Part, Space
from semantics.merging.renumbering import Renumbering
from semantics.profiles.create_module import RefModule, ThreadCreateMod
from semantics.profiles.fork_refs import RefGlobal, RefMemory, RefTable
from semantics.syntax.instructions import (
    Call,
    Const,
    DataDrop,
    Expr,
    Fork,
    GlobalGet,
    GlobalSet,
    Instantiate,
    Instr,
    LocalSet,
    RefFunc,
    RefNull,
)
from semantics.syntax.modules import Export, ExternKind, Function, Global, Import, Module, SegmentMode
from semantics.syntax.types import ExternType, FuncType, GlobalType, NumType, Share, ValType
from semantics.validation.spaces import index_spaces

REIFIED = (Space.MEMORY, Space.TABLE, Space.GLOBAL)
"""What a thread's module imports, in this order."""


def lifted(program: Program) -> Program:
    """X4  P5b -> P4. `fork f` creates a thread of a module that imports every shared definition that f's code reaches;
    it has copies of the functions that this code names, and its start function is a copy of f, which first reads the
    arguments from fresh shared globals. Those the creator makes by an instance that copies them from globals of his:
    as he alone runs his instance, nobody else writes there.

    Claim: equal outcomes. Fragment: `not_liftable`, outside of which there may be no such modules.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    threads = {f: _thread(module, f) for f in sorted(_forks(all_code(module)))}
    first = len(index_spaces(module).globals)
    slots: dict[int, range] = {}
    for f, thread in threads.items():
        slots[f] = range(first, first := first + len(thread.params))

    def step(e: Instr, _depth: int) -> Expr:
        if not isinstance(e, Fork):
            return (e,)
        thread, mine = threads[e.func], slots[e.func]
        fresh: Expr = (*map(RefGlobal, mine), Instantiate(_copying(thread.params))) if mine else ()
        create = ThreadCreateMod(len(thread.module.imports), span=e.span)
        return (*map(GlobalSet, reversed(mine)), RefModule(thread.module), *thread.externals, *fresh, create)

    params = tuple(t for thread in threads.values() for t in thread.params)
    made = replaced(replace(module, globals=(*module.globals, *map(_variable, params))), step)
    named = (e.module for e in all_code(made) if isinstance(e, RefModule | Instantiate))
    return replace(made, modules=tuple(dict.fromkeys((*module.modules, *named))))


@dataclass(frozen=True, slots=True)
class _Thread:
    """What stands for a forked function: its module, the references that its creator gives it, in front of those to the
    arguments, and the types of these."""

    module: Module
    externals: Expr
    params: tuple[ValType, ...]


def _thread(module: Module, root: int) -> _Thread:
    """The thread of a function, whose own forks are written likewise."""
    f = function(module, root)
    assert f is not None  # of the fragment
    copied = sorted(_reached(module, root))
    functions = [d for d in (function(module, i) for i in copied) if d is not None]
    used = _used((f, *functions))
    spaces = index_spaces(module)
    types: dict[Space, tuple[ExternType, ...]] = {
        Space.MEMORY: spaces.mems,
        Space.TABLE: spaces.tables,
        Space.GLOBAL: spaces.globals,
    }
    moved = Renumbering(
        {
            Space.TYPE: range(len(module.types)),
            Space.FUNC: _positions(copied),
            **{space: _positions(used[space]) for space in (*REIFIED, Space.DATA)},
        }
    )
    reify = {Space.MEMORY: RefMemory, Space.TABLE: RefTable, Space.GLOBAL: RefGlobal}
    params, values = f.type.params, len(used[Space.GLOBAL])
    entry: Expr = tuple(e for i in range(len(params)) for e in (GlobalGet(values + i), LocalSet(i)))
    start = Function(
        FuncType(Share.SHARED, (), ()), (*params, *f.locals), (*entry, *moved.code(f.body)), f.binding, f.local_names
    )
    imported = (types[space][i] for space in REIFIED for i in used[space])
    made = Module(
        types=module.types,
        imports=tuple(Import("", "", t) for t in (*imported, *(_variable(t).type for t in params))),
        funcs=(*(replace(d, body=moved.code(d.body)) for d in functions), start),
        datas=tuple(module.datas[i] for i in used[Space.DATA]),
        start=len(functions),
        binding=f.binding,
    )
    externals = tuple(reify[space](i) for space in REIFIED for i in used[space])
    return _Thread(_module(typing(made, start.type)), externals, params)


def _copying(types: tuple[ValType, ...]) -> Module:
    """The module that copies variables into fresh ones, which it exports."""
    count = len(types)
    copy: Expr = tuple(e for i in range(count) for e in (GlobalGet(i), GlobalSet(count + i)))
    start = FuncType(Share.SHARED, (), ())
    return Module(
        types=(start,),
        imports=tuple(Import("", "", _variable(t).type) for t in types),
        funcs=(Function(start, (), copy),),
        globals=tuple(map(_variable, types)),
        exports=tuple(Export(str(i), ExternKind.GLOBAL, count + i) for i in range(count)),
        start=0,
    )


def _variable(t: ValType) -> Global:
    return Global(GlobalType(Share.SHARED, True, t), (Const(t, 0) if isinstance(t, NumType) else RefNull(t),))


# --- what code names ------------------------------------------------------------------------------
def _forks(code: Iterable[Instr]) -> set[int]:
    return {e.func for e in code if isinstance(e, Fork)}


def _body(module: Module, index: int) -> Iterator[Instr]:
    """The instructions of a function; none of an import."""
    f = function(module, index)
    return iter(()) if f is None else instructions(f.body)


def _reached(module: Module, root: int, *, forks: bool = True) -> set[int]:
    """The functions that the code of one names, calls only or forks too, and theirs; itself where one of them does."""
    found: set[int] = set()
    todo = [root]
    while todo:
        code = _body(module, todo.pop())
        new = {e.func for e in code if isinstance(e, Call | RefFunc) or (forks and isinstance(e, Fork))} - found
        found |= new
        todo += new
    return found


def _used(functions: Iterable[Function]) -> dict[Space, list[int]]:
    """The definitions that the code of functions names, of each space."""
    found: dict[Space, set[int]] = {space: set() for space in Space}
    nodes = [e for f in functions for e in instructions(f.body)]
    for node in nodes:
        for name, role in roles(type(node)).items():
            if isinstance(role, Space):
                found[role].add(getattr(node, name))
            elif role is Part.NODE:
                nodes.append(getattr(node, name))
    return {space: sorted(indices) for space, indices in found.items()}


def _positions(indices: list[int]) -> list[int]:
    """At each of the indices its new one."""
    found = [-1] * (max(indices, default=-1) + 1)
    for new, old in enumerate(indices):
        found[old] = new
    return found


# --- the fragment ---------------------------------------------------------------------------------
def not_liftable(program: Program) -> str:
    """Why a program is outside the fragment: no thread forks, in the end, one like itself, as modules are closed. Only
    one thread runs an instance that forks: the host starts none, functions that are known by reference do not fork.
    Forked code calls no imported functions, uses no segments but passive data that nobody drops, and no code
    instantiates what forks."""
    if any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads"
    return next(filter(None, map(_reason, modules_of(program))), "")


def _reason(module: Module) -> str:
    code = list(all_code(module))
    if any(_forks(all_code(e.module)) for e in code if isinstance(e, Instantiate)):
        return "code instantiates a module that forks"
    imported = len(module.imported(ExternKind.FUNC))
    dropped = {e.data for e in code if isinstance(e, DataDrop)}
    for root in _forks(code):
        reached = {root} | _reached(module, root)
        if any(i < imported for i in reached):
            return "a thread that calls an imported function"
        if any(i in {g} | _reached(module, g) for i in reached for g in _forks(_body(module, i))):
            return "a thread that forks its like"
        used = _used(module.funcs[i - imported] for i in reached)
        kept = all(module.datas[i].mode is SegmentMode.PASSIVE for i in used[Space.DATA])
        if used[Space.ELEM] or not kept or dropped & set(used[Space.DATA]):
            return "a thread that uses a segment which is not passive data, or which is dropped"
    constants = [*(g.init for g in module.globals), *(t.init for t in module.tables if t.init is not None)]
    constants += [item for elem in module.elems for item in elem.items]
    for e in (*code, *chain.from_iterable(constants)):
        if isinstance(e, RefFunc) and any(
            i < imported or _forks(_body(module, i)) for i in {e.func} | _reached(module, e.func, forks=False)
        ):
            return "a function that is known by reference and forks, or may do so"
    return ""
