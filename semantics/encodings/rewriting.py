"""Rewriting of modules and programs, for translations between designs.

A translation adds imports and definitions behind those that there are, and replaces instructions, whose indices it
then knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import Any

from semantics.exploration.program import HostThread, Instantiate, Program, Provider, Spawn
from semantics.merging.fields import FIELDS, NAMED, Part, Role, Space
from semantics.merging.renumbering import Renumbering
from semantics.syntax.instructions import (
    Block,
    BlockType,
    Br,
    DesignInstr,
    Expr,
    If,
    Instr,
    Loop,
    RefFunc,
    RefNull,
    Return,
    Select,
)
from semantics.syntax.modules import Elem, Export, ExternKind, Function, Import, Module, SegmentMode
from semantics.syntax.types import FUNCREF, ExternType, FuncType, GlobalType, RefType, Share, TableType, ValType
from semantics.validation.spaces import index_spaces

FUNC = ExternKind.FUNC
GONE = -1
Step = Callable[[Instr, int], Expr]
"""What stands for an instruction, whose own blocks are rewritten already; the number says how many labels of the
function are around it."""
Fold = Callable[[list[Instr]], None]
"""Changes the end of a sequence, where it has come to an instruction that is written otherwise with what is before."""


# --- programs -------------------------------------------------------------------------------------
def modules_of(program: Program) -> tuple[Module, ...]:
    """The modules that the main thread instantiates."""
    return tuple(c.module for c in program.main.commands if isinstance(c, Instantiate))


def translated(program: Program, change: Callable[[Module], Module]) -> Program:
    """Every module changed; imports that are new are the embedder's, and some may be gone."""

    def thread(found: HostThread) -> HostThread:
        return replace(found, commands=tuple(map(command, found.commands)))

    def command(found: Any) -> Any:
        if isinstance(found, Spawn):
            return replace(found, thread=thread(found.thread))
        if not isinstance(found, Instantiate):
            return found
        module = change(found.module)
        left: defaultdict[tuple[str, str], list[Provider | None]] = defaultdict(list)
        for i, provider in zip(found.module.imports, found.providers, strict=True):
            left[i.module, i.name].append(provider)
        kept = (left[i.module, i.name] for i in module.imports)
        return replace(found, module=module, providers=tuple(k.pop(0) if k else None for k in kept))

    return replace(program, main=thread(program.main))


# --- code -----------------------------------------------------------------------------------------
def roles(cls: type) -> Mapping[str, Role]:
    """What the fields of a class of instructions mean."""
    if issubclass(cls, DesignInstr):
        return {f.name: NAMED[f.name] for f in fields(cls) if f.name in NAMED}
    return FIELDS.get(cls, {})


def instructions(code: Expr) -> Iterator[Instr]:
    """Every instruction of a body, those within blocks too."""
    for e in code:
        yield e
        for name, role in roles(type(e)).items():
            if role is Part.CODE:
                yield from instructions(getattr(e, name))


def all_code(module: Module) -> Iterator[Instr]:
    """Every instruction of every function."""
    for function in module.funcs:
        yield from instructions(function.body)


def sequences(module: Module) -> Iterator[Expr]:
    """Every body of a function, and every one within a block."""
    todo = [f.body for f in module.funcs]
    while todo:
        code = todo.pop()
        yield code
        todo += [getattr(e, n) for e in code for n, r in roles(type(e)).items() if r is Part.CODE]


def referred(module: Module) -> set[int]:
    """The functions to which the module makes references."""
    segments = (item for segment in module.elems for item in segment.items)
    initial = (g.init for g in module.globals), (t.init or () for t in module.tables)
    constant = (e for code in chain(segments, *initial) for e in code)
    return {e.func for e in chain(all_code(module), constant) if isinstance(e, RefFunc)}


def rewritten(code: Expr, step: Step, depth: int = 0) -> Expr:
    """A body with every instruction replaced, the innermost first."""
    found: list[Instr] = []
    for e in code:
        inner: dict[str, Any] = {
            n: rewritten(getattr(e, n), step, depth + 1) for n, r in roles(type(e)).items() if r is Part.CODE
        }
        found += step(replace(e, **inner) if inner else e, depth)
    return tuple(found)


def as_block(code: Expr, results: tuple[ValType, ...]) -> Block:
    """The body of a function as a block, which `return` leaves."""

    def step(e: Instr, depth: int) -> Expr:
        return (Br(depth, span=e.span),) if isinstance(e, Return) else (e,)

    return Block(BlockType((), results), rewritten(code, step))


def replaced(module: Module, step: Step) -> Module:
    """The module with the instructions of its functions replaced."""
    return replace(module, funcs=tuple(replace(f, body=rewritten(f.body, step)) for f in module.funcs))


def folded(code: Expr, fold: Fold) -> Expr:
    """A body with the ends of every sequence changed after each of its instructions, the innermost first."""
    found: list[Instr] = []
    for e in code:
        inner: dict[str, Any] = {n: folded(getattr(e, n), fold) for n, r in roles(type(e)).items() if r is Part.CODE}
        found.append(replace(e, **inner) if inner else e)
        fold(found)
    return tuple(found)


def constants(module: Module, change: Callable[[Expr], Expr]) -> Module:
    """The module with its constant expressions changed."""

    def constant(node: Any, name: str) -> Any:
        code = getattr(node, name)
        return replace(node, **{name: change(code)}) if code else node

    return replace(
        module,
        globals=tuple(constant(g, "init") for g in module.globals),
        tables=tuple(constant(t, "init") for t in module.tables),
        elems=tuple(replace(constant(e, "offset"), items=tuple(map(change, e.items))) for e in module.elems),
        datas=tuple(constant(d, "offset") for d in module.datas),
    )


# --- definitions ----------------------------------------------------------------------------------
def imported(module: Module, name: tuple[str, str]) -> int | None:
    """The index of the function that is imported under that name; None where none is."""
    funcs = enumerate(module.imported(FUNC))
    return next((n for n, i in funcs if (i.module, i.name) == name), None)


def escapes(module: Module, func: int) -> bool:
    """Whether a function is exported, or is a reference: more may call it than the code shows."""
    return func in referred(module) | {e.index for e in module.exports if e.kind is FUNC}


def importing(module: Module, imports: Iterable[Import], without: int | None = None) -> Module:
    """The module with more imports of functions, behind those that it has: all other functions get new indices. The
    import `without` goes: code that calls it calls GONE."""
    new = tuple(imports)
    gone = None if without is None else module.imported(FUNC)[without]
    old, count = len(module.imported(FUNC)), len(new)
    funcs = [GONE] * (old + len(module.funcs))
    for index, i in enumerate(i for i in range(len(funcs)) if i != without):
        funcs[i] = index if i < old else index + count
    kept = (i for i in module.imports if i is not gone)
    made = typing(module, *(i.type for i in new if isinstance(i.type, FuncType)))
    return _reindexed(replace(made, imports=(*kept, *new)), funcs)


def providing(module: Module, definitions: Mapping[int, int]) -> Module:
    """The module without some imports of functions: index of the import -> index of the definition that stands for it.
    All other functions get new indices."""
    places = [n for n, i in enumerate(module.imports) if isinstance(i.type, FuncType)]
    dropped = {places[index] for index in definitions}
    imports = tuple(i for n, i in enumerate(module.imports) if n not in dropped)
    count = len(places) + len(module.funcs)
    new = {old: n for n, old in enumerate(i for i in range(count) if i not in definitions)}
    funcs = [new[definitions.get(i, i)] for i in range(count)]
    return _reindexed(replace(module, imports=imports), funcs)


def _reindexed(module: Module, funcs: list[int]) -> Module:
    """The module with new indices of functions in its code and fields."""
    spaces = index_spaces(module)
    sizes = {
        Space.TYPE: len(module.types),
        Space.TABLE: len(spaces.tables),
        Space.MEMORY: len(spaces.mems),
        Space.GLOBAL: len(spaces.globals),
        Space.ELEM: len(module.elems),
        Space.DATA: len(module.datas),
    }
    moved = Renumbering({**{space: range(size) for space, size in sizes.items()}, Space.FUNC: funcs})
    return replace(
        constants(module, moved.code),
        funcs=tuple(replace(f, body=moved.code(f.body)) for f in module.funcs),
        exports=tuple(replace(e, index=funcs[e.index]) if e.kind is FUNC else e for e in module.exports),
        start=None if module.start is None else funcs[module.start],
    )


def defining(module: Module, *functions: Function) -> Module:
    """The module with more functions, behind those that it has."""
    return replace(typing(module, *(f.type for f in functions)), funcs=(*module.funcs, *functions))


def typing(module: Module, *types: FuncType) -> Module:
    """The module with these types in its type section; those that it has keep their indices."""
    new = dict.fromkeys(t for t in types if t not in module.types)
    return replace(module, types=(*module.types, *new))


def function(module: Module, index: int) -> Function | None:
    """The function with that index; None where it is an import."""
    defined = index - len(module.imported(FUNC))
    return module.funcs[defined] if defined >= 0 else None


def names_of(module: Module, indices: Iterable[int]) -> dict[int, str]:
    """A name of each of some functions among the exports: what it is exported as, else one that is free."""
    exported = {e.index: e.name for e in reversed(module.exports) if e.kind is FUNC}
    taken = {e.name for e in module.exports}
    found: dict[int, str] = {}
    for index in indices:
        defined = function(module, index)
        base = (defined.binding if defined is not None else None) or f"func {index}"
        name = exported.get(index) or base.removeprefix("$")
        while index not in exported and name in taken:
            name += "'"
        taken.add(name)
        found[index] = name
    return found


def exporting(module: Module, names: dict[int, str]) -> Module:
    """The module with these functions among its exports, under these names."""
    known = {(e.name, e.index) for e in module.exports if e.kind is FUNC}
    new = (Export(name, FUNC, index) for index, name in names.items() if (name, index) not in known)
    return replace(module, exports=(*module.exports, *new))


def declaring(module: Module) -> Module:
    """The module with a declarative segment for the functions that its code takes references of: the base language asks
    for one, the paper does not."""
    taken = dict.fromkeys(e.func for e in all_code(module) if isinstance(e, RefFunc))
    if not taken:
        return module
    items = tuple((RefFunc(index),) for index in taken)
    return replace(module, elems=(*module.elems, Elem(FUNCREF, items, SegmentMode.DECLARATIVE)))


# --- types ----------------------------------------------------------------------------------------
def retyped(module: Module, value: Callable[[ValType], ValType], share: Callable[[Share], Share]) -> Module:
    """The module with other types of values and other attributes, but for those of memories."""

    def values(types: Iterable[ValType]) -> tuple[ValType, ...]:
        return tuple(map(value, types))

    def func(t: FuncType) -> FuncType:
        return FuncType(share(t.share), values(t.params), values(t.results))

    def global_(t: GlobalType) -> GlobalType:
        return replace(t, share=share(t.share), type=value(t.type))

    def table(t: TableType) -> TableType:
        return replace(t, share=share(t.share), elem=reference(t.elem))

    def extern(t: ExternType) -> ExternType:
        match t:
            case FuncType():
                return func(t)
            case GlobalType():
                return global_(t)
            case TableType():
                return table(t)
        return t

    def reference(t: RefType) -> RefType:
        found = value(t)
        assert isinstance(found, RefType)
        return found

    def step(e: Instr, _depth: int) -> Expr:
        if isinstance(e, Block | Loop | If):
            return (replace(e, type=BlockType(values(e.type.params), values(e.type.results))),)
        if isinstance(e, RefNull):
            return (replace(e, type=reference(e.type)),)
        if isinstance(e, Select) and e.types is not None:
            return (replace(e, types=values(e.types)),)
        return (e,)

    module = constants(module, lambda code: rewritten(code, step))
    return replace(
        module,
        types=tuple(map(func, module.types)),
        imports=tuple(replace(i, type=extern(i.type)) for i in module.imports),
        funcs=tuple(
            replace(f, type=func(f.type), locals=values(f.locals), body=rewritten(f.body, step)) for f in module.funcs
        ),
        globals=tuple(replace(g, type=global_(g.type)) for g in module.globals),
        tables=tuple(replace(t, type=table(t.type)) for t in module.tables),
        elems=tuple(replace(e, type=reference(e.type), share=share(e.share)) for e in module.elems),
        datas=tuple(replace(d, share=share(d.share)) for d in module.datas),
    )
