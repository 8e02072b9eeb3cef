"""X11 (systems.md B.14, B.6): P6(D) = D, what a design does by an embedder that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from semantics.encodings.embedding_styles import CHECKED, INSTANCES, THREADS, UNCHECKED
from semantics.encodings.encoding import Encoding
from semantics.encodings.handles import is_handle
from semantics.encodings.instantiation import instantiating, not_hosted
from semantics.encodings.nesting import everywhere
from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    defining,
    importing,
    modules_of,
    replaced,
    retyped,
    translated,
)
from semantics.exploration.program import Program
from semantics.profiles.create import CREATE, CREATE_UNCHECKED, ThreadCreate, ThreadCreateRef
from semantics.profiles.embed import EMBED, EMBED_CREATE_UNCHECKED, EMBED_HANDLE
from semantics.profiles.fork import FORK
from semantics.profiles.handle import (
    HANDLE,
    TYPE,
    ForkH,
    ThreadAwait,
    ThreadCancel,
    ThreadDetach,
    ThreadJoin,
    ThreadPollCancel,
)
from semantics.syntax.instructions import Call, Drop, Expr, Fork, Instr, LocalGet, RefFunc
from semantics.syntax.modules import Function, Import, Module, Opaque, with_nested
from semantics.syntax.types import (
    I32,
    I64,
    SHARED_ANYREF,
    FuncType,
    HeapKind,
    RefType,
    Share,
    ValType,
    threadref,
)
from semantics.validation.spaces import index_spaces


@dataclass(frozen=True, slots=True)
class Ask:
    """A function of a module that asks the embedder: its type, what it hands over, the name and the type of the
    embedder's ("thread", name), what it does with what it gets."""

    type: FuncType
    hands: Expr
    name: str
    asked: FuncType
    then: Expr = ()


Asking = Callable[[Instr], Ask | None]
"""What stands for an instruction; None for the instruction itself."""


def asking(module: Module, ask: Asking) -> Module:
    """The module with calls of functions that ask the embedder for instructions."""
    asks = list(dict.fromkeys(a for e in all_code(module) if (a := ask(e)) is not None))
    if not asks:
        return module
    first, total = len(module.imported(FUNC)), len(index_spaces(module).funcs)

    def step(e: Instr, _depth: int) -> Expr:
        found = ask(e)
        return (e,) if found is None else (Call(total + asks.index(found), span=e.span),)

    functions = (Function(a.type, (), a.hands, f"$ask{n}") for n, a in enumerate(asks))
    moved = importing(defining(replaced(module, step), *functions), (Import("thread", a.name, a.asked) for a in asks))
    own = moved.funcs[-len(asks) :]
    ended = (
        replace(f, body=(*f.body, Call(first + n), *a.then)) for n, (f, a) in enumerate(zip(own, asks, strict=True))
    )
    return replace(moved, funcs=(*moved.funcs[: -len(asks)], *ended))


# --- fork, thread.create --------------------------------------------------------------------------
def embedded(program: Program) -> Program:
    """X11  D -> P6(D), for D = P5. `fork f` calls a function that hands f and the arguments to the embedder's
    ("thread", "spawn_func"), and drops the handle; `instantiate` as in X2.

    Claim: equal outcomes: the embedder's operation does what D's rule does (DEC 16). Fragment: that of X2.
    """
    return translated(program, lambda module: everywhere(module, _forking))


def embedded_creations(program: Program) -> Program:
    """X11  D -> P6(D), for D = P3, P3u. `thread.create f` as `fork f` in P5; `thread.create_ref ft` hands over the
    reference. An embedder that does P5 does P3 as well.

    Claim: equal outcomes: for both D and P6(D) a null reference and another type trap where threads are created.
    Fragment: `not_creating`.
    """
    return translated(program, lambda module: everywhere(module, _creating))


def not_creating(program: Program) -> str:
    """Why a program is outside the fragment: that of X2. In P3u a module that creates threads of local functions has
    local imports too, spawn_func's."""
    return not_hosted(program, _creating)


def _forking(module: Module) -> Module:
    funcs = index_spaces(module).funcs
    return instantiating(asking(module, lambda e: _spawn(funcs[e.func], e.func) if isinstance(e, Fork) else None))


def _creating(module: Module) -> Module:
    funcs = index_spaces(module).funcs

    def ask(e: Instr) -> Ask | None:
        match e:
            case ThreadCreate(func):
                return _spawn(funcs[func], func)
            case ThreadCreateRef(type):
                return _spawn(module.types[type])
        return None

    return instantiating(asking(module, ask))


def _spawn(type: FuncType, func: int | None = None, handle: RefType | None = None) -> Ask:
    """spawn_func for functions of that type: this one, or one of which the reference lies on the arguments. Who gets
    no handle drops it."""
    reference = RefType(type.share, HeapKind.FUNC)
    count = len(type.params)
    params = type.params if func is not None else (*type.params, reference)
    code: Instr = RefFunc(func) if func is not None else LocalGet(count)
    asked = FuncType(type.share, (reference, *type.params), (handle or SHARED_ANYREF,))
    results, then = ((handle,), ()) if handle is not None else ((), (Drop(),))
    return Ask(FuncType(type.share, params, results), (code, *map(LocalGet, range(count))), "spawn_func", asked, then)


# --- handles --------------------------------------------------------------------------------------
def embedded_handles(program: Program) -> Program:
    """X11  D -> P6(D), for D = P7. As for P5; handles are of the embedder's type, and each operation on them is one of
    its functions, of the same name.

    Claim: equal outcomes. Fragment: `not_of_one_type`.
    """

    def value(t: ValType) -> ValType:
        return RefType(t.share, HeapKind.OPAQUE, TYPE) if is_handle(t) else t

    def change(module: Module) -> Module:
        made = retyped(instantiating(asking(module, _handles(module))), value, lambda share: share)
        opaque = Opaque(*TYPE, Share.SHARED)
        return replace(made, opaques=(*made.opaques, opaque))

    return translated(program, lambda module: everywhere(module, change))


def _handles(module: Module) -> Asking:
    funcs = index_spaces(module).funcs
    handle = next(iter(_handle_types(module)), threadref(()))
    assert isinstance(handle.of, tuple)
    given = tuple(t for t in handle.of if not isinstance(t, str))

    def same(name: str, params: tuple[ValType, ...], results: tuple[ValType, ...]) -> Ask:
        type = FuncType(Share.SHARED, params, results)
        return Ask(type, tuple(map(LocalGet, range(len(params)))), name, type)

    def ask(e: Instr) -> Ask | None:
        match e:
            case Fork(func):
                return _spawn(funcs[func], func)
            case ForkH(func):
                return _spawn(funcs[func], func, handle)
            case ThreadJoin():
                return same("join", (handle,), given)
            case ThreadAwait():
                return same("await", (handle, I64), (I32,))
            case ThreadCancel():
                return same("cancel", (handle,), ())
            case ThreadDetach():
                return same("detach", (handle,), ())
            case ThreadPollCancel():
                return same("poll_cancel", (), (I32,))
        return None

    return ask


def _handle_types(module: Module) -> list[RefType]:
    """Of the handles that the module makes or names."""
    funcs = index_spaces(module).funcs
    found = {threadref(funcs[e.func].results): None for e in all_code(module) if isinstance(e, ForkH)}

    def value(t: ValType) -> ValType:
        if is_handle(t):
            found[t] = None
        return t

    retyped(module, value, lambda share: share)
    return list(found)


def not_of_one_type(program: Program) -> str:
    """Why a program is outside the fragment: that of X2, and the handles of a module have one type, which is shared. An
    embedder's handle does not say what its thread gives, and a join does not say whose it is: the types of the
    operands would have to be found."""
    for module in (n for m in modules_of(program) for n in with_nested(m)):
        types = _handle_types(module)
        if len(types) > 1 or any(t.share is not Share.SHARED for t in types):
            return "handles of several types"
    return not_hosted(program)


X11 = Encoding(
    "X11",
    FORK,
    EMBED,
    "fork and instantiate by imports from an embedder that does so (P6(D) = D): equal outcomes",
    "as X2",
    embedded,
    not_hosted,
    INSTANCES,
)

X11_CREATE = Encoding(
    "X11-create",
    CREATE,
    EMBED,
    "thread.create and instantiate by imports from an embedder that forks and instantiates: equal outcomes",
    "as X2",
    embedded_creations,
    not_creating,
    CHECKED,
)

X11_CREATE_UNCHECKED = Encoding(
    "X11-create-unchecked",
    CREATE_UNCHECKED,
    EMBED_CREATE_UNCHECKED,
    "thread.create and instantiate by imports from an embedder that does so: equal outcomes",
    "as X2",
    embedded_creations,
    not_creating,
    UNCHECKED,
)

X11_HANDLE = Encoding(
    "X11-handle",
    HANDLE,
    EMBED_HANDLE,
    "threads with handles, and instantiate, by imports from an embedder that has them: equal outcomes",
    "as X2; the handles of a module have one type",
    embedded_handles,
    not_of_one_type,
    THREADS,
)
