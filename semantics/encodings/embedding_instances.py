"""X11 (systems.md B.14, B.6): P6(D) = D, for designs whose threads have instances of their own: P1, P4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from semantics.encodings.embedding import Ask, asking
from semantics.encodings.embedding_styles import CREATIONS, WORKERS
from semantics.encodings.encoding import Encoding
from semantics.encodings.instantiation import TYPE as CODE
from semantics.encodings.instantiation import instantiating, named_code, not_hosted
from semantics.encodings.nesting import everywhere
from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    defining,
    function,
    importing,
    instructions,
    modules_of,
    referred,
    replaced,
    retyped,
    roles,
    translated,
)
from semantics.encodings.workers import WORKER
from semantics.exploration.program import Program
from semantics.merging.fields import Part
from semantics.profiles.create_module import CREATE_MODULE, RefModule, ThreadCreateMod
from semantics.profiles.embed import EMBED_CREATE_MODULE, EMBED_WEB
from semantics.profiles.fork_refs import RefGlobal, RefMemory, RefTable
from semantics.profiles.handle import TYPE
from semantics.profiles.web import WEB
from semantics.runtime.discipline import PAPER
from semantics.syntax.instructions import (
    Call,
    DesignInstr,
    Drop,
    Expr,
    GlobalGet,
    Instantiate,
    Instr,
    LocalGet,
    RefFunc,
    RefNull,
)
from semantics.syntax.modules import Function, Import, Module, Opaque, with_nested
from semantics.syntax.types import EXTERNREF, FUNCREF, MODULEREF, FuncType, HeapKind, RefType, Share, ValType
from semantics.validation.spaces import index_spaces, interface
from semantics.validation.threads import reference_to


# --- workers ------------------------------------------------------------------------------------------
def embedded_workers(program: Program) -> Program:
    """X11  D -> P6(D), for D = P1. A call of the host's ("worker", NAME) hands the export NAME and the arguments to the
    embedder's ("thread", "spawn_func"), and drops the handle.

    Claim: equal outcomes. Fragment: `not_of_own_functions`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    workers = _workers(module)
    exported = {e.name: e.index for e in module.exports if e.kind is FUNC}
    total = len(index_spaces(module).funcs)
    stands = {index: total + n for n, index in enumerate(workers)}

    def step(e: Instr, _depth: int) -> Expr:
        return (replace(e, func=stands[e.func]),) if isinstance(e, Call) and e.func in stands else (e,)

    def asked(i: Import) -> Import:
        if i.module != WORKER or not isinstance(i.type, FuncType):
            return i
        return Import("thread", "spawn_func", FuncType(Share.LOCAL, (FUNCREF, *i.type.params), (EXTERNREF,)), i.binding)

    functions = []
    for index, i in workers.items():
        type = index_spaces(module).funcs[index]
        body: Expr = (RefFunc(exported[i.name]), *map(LocalGet, range(len(type.params))), Call(index), Drop())
        functions.append(Function(type, (), body, f"$worker.{i.name}"))
    return defining(replace(replaced(module, step), imports=tuple(map(asked, module.imports))), *functions)


def _workers(module: Module) -> dict[int, Import]:
    """The functions that start workers, by index."""
    return {n: i for n, i in enumerate(module.imported(FUNC)) if i.module == WORKER}


def not_of_own_functions(program: Program) -> str:
    """Why a program is outside the fragment: a worker runs a function of the module itself, for spawn_func makes again
    the instance whose function it gets; that function has no results; who starts workers is called by its index."""
    return next(filter(None, map(_reason, modules_of(program))), "")


def _reason(module: Module) -> str:
    workers = _workers(module)
    exported = {e.name: e.index for e in module.exports if e.kind is FUNC}
    for i in workers.values():
        run = function(module, exported[i.name])
        if run is None:
            return "a worker that runs a function of another module"
        if run.type.results:
            return "a worker that runs a function with results"
    elsewhere = {module.start, *referred(module), *exported.values()}
    return "a function that starts workers is not called by index" if elsewhere & workers.keys() else ""


# --- modules ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _CreateMod(DesignInstr):
    """thread.create_mod, with the types of the externals."""

    opcode: ClassVar[str] = ThreadCreateMod.opcode
    feature: ClassVar[str] = ThreadCreateMod.feature
    types: tuple[ValType, ...]


def embedded_modules(program: Program) -> Program:
    """X11  D -> P6(D), for D = P4. `thread.create_mod n` hands the code and the externals to the embedder's
    ("thread", "spawn_module"), and drops the handle; `ref.module` is a call of ("module", NAME); `instantiate` as
    in X2.

    Claim: equal outcomes. Fragment: `not_of_code`.
    """

    def value(t: ValType) -> ValType:
        return CODE.type if t == MODULEREF else t

    def change(module: Module) -> Module:
        typed = replace(module, funcs=tuple(replace(f, body=_typed(module, f, f.body)) for f in module.funcs))
        made = instantiating(_referring(asking(typed, _creations)))
        opaques = (*made.opaques, CODE, Opaque(*TYPE, Share.SHARED))
        return replace(retyped(made, value, lambda share: share), opaques=tuple(dict.fromkeys(opaques)))

    return translated(program, lambda module: everywhere(module, change))


def _typed(module: Module, f: Function, code: Expr) -> Expr:
    """The code, where thread.create_mod has the types of its externals."""
    found: list[Instr] = []
    for e in code:
        inner: dict[str, Any] = {
            n: _typed(module, f, getattr(e, n)) for n, r in roles(type(e)).items() if r is Part.CODE
        }
        found.append(replace(e, **inner) if inner else e)
        if isinstance(e, ThreadCreateMod):
            given = found[-1 - e.count : -1]
            found[-1] = _CreateMod(tuple(t for g in given if (t := _gives(module, f, g)) is not None), span=e.span)
    return tuple(found)


def _gives(module: Module, f: Function, e: Instr) -> ValType | None:
    """The type of what an instruction gives that takes nothing; None for any other."""
    match e:
        case LocalGet(index):
            return (*f.type.params, *f.locals)[index]
        case GlobalGet(index):
            return index_spaces(module).globals[index].type
        case RefFunc(func):
            return RefType(index_spaces(module).funcs[func].share, HeapKind.FUNC)
        case RefNull(type):
            return type
        case Instantiate(nested):
            imports, exports = interface(nested)
            alone = (len(imports), len(exports)) == (0, 1) and not _asks(nested)
            return reference_to(exports[0], PAPER) if alone else None
    return None


def _asks(module: Module) -> bool:
    """Whether a module needs functions of the embedder."""
    return any(isinstance(e, Instantiate | RefModule | ThreadCreateMod) for e in all_code(module))


def _creations(e: Instr) -> Ask | None:
    if not isinstance(e, _CreateMod):
        return None
    type = FuncType(Share.SHARED, (MODULEREF, *e.types), ())
    handle = RefType(Share.SHARED, HeapKind.OPAQUE, TYPE)
    return Ask(
        type, tuple(map(LocalGet, range(len(type.params)))), "spawn_module", replace(type, results=(handle,)), (Drop(),)
    )


def _referring(module: Module) -> Module:
    """The module, whose references to code are what the embedder gives."""
    wanted = list(dict.fromkeys(e.module for e in all_code(module) if isinstance(e, RefModule)))
    named, codes = named_code(module, wanted)
    first = len(module.imported(FUNC))

    def step(e: Instr, _depth: int) -> Expr:
        return (Call(first + wanted.index(e.module), span=e.span),) if isinstance(e, RefModule) else (e,)

    return replaced(importing(named, codes), step)


def not_of_code(program: Program) -> str:
    """Why a program is outside the fragment: that of X2; what runs as a thread neither instantiates nor starts threads
    itself, for who starts it has a reference to code, and does not know what it needs of the embedder; nobody makes
    references to memories, tables and globals of its own, which P6 lacks (D4); each external of thread.create_mod is
    what one instruction gives, so that its type is plain."""
    for module in (n for m in modules_of(program) for n in with_nested(m)):
        code = list(all_code(module))
        if any(isinstance(e, RefModule) and _asks(e.module) for e in code):
            return "a thread whose module instantiates or starts threads"
        if any(isinstance(e, RefGlobal | RefTable | RefMemory) for e in code):
            return "a reference to a definition of its own"
        typed = [e for f in module.funcs for e in instructions(_typed(module, f, f.body))]
        given = [len(e.types) for e in typed if isinstance(e, _CreateMod)]
        if given != [e.count for e in code if isinstance(e, ThreadCreateMod)]:
            return "an external whose type is not plain"
    return not_hosted(program)


X11_CREATE_MODULE = Encoding(
    "X11-create-module",
    CREATE_MODULE,
    EMBED_CREATE_MODULE,
    "thread.create_mod and instantiate by imports from an embedder that does so: equal outcomes",
    "as X2; what runs as a thread does neither itself, externals are what one instruction gives, not ref.memory, "
    "ref.table or ref.global",
    embedded_modules,
    not_of_code,
    CREATIONS,
)

X11_WEB = Encoding(
    "X11-web",
    WEB,
    EMBED_WEB,
    "workers by a spawn_func of an embedder that makes the thread an instance of its own: equal outcomes",
    "a worker runs a function of the module itself, which has no results; who starts workers is called by index",
    embedded_workers,
    not_of_own_functions,
    WORKERS,
)
