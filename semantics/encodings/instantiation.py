"""X2 (systems.md B.14, B.5, B.6): instantiate by functions of the embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from semantics.encodings.embedding_styles import INSTANCES
from semantics.encodings.encoding import Encoding
from semantics.encodings.nesting import everywhere
from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    defining,
    importing,
    instructions,
    modules_of,
    replaced,
    translated,
)
from semantics.exploration.program import Program
from semantics.profiles.embed import CODE, FORK_HOSTED
from semantics.profiles.fork import FORK
from semantics.runtime.discipline import PAPER
from semantics.syntax.instructions import Call, Expr, Instantiate, Instr, LocalGet
from semantics.syntax.modules import Function, Import, Module, Opaque, with_nested
from semantics.syntax.types import FuncType, Share
from semantics.validation.formation import sharable
from semantics.validation.spaces import index_spaces, interface
from semantics.validation.threads import reference_to

TYPE = Opaque(*CODE, Share.SHARED)
"""The embedder's type of code: code is immutable, hence always shared (B.4)."""


def hosted(program: Program) -> Program:
    """X2  P5 -> P5 without `instantiate`. `instantiate mod` calls a function that hands the embedder's
    ("module", NAME), the code of mod, and the operands to its ("thread", "instantiate").

    Claim: equal outcomes, traps included: our embedder's failure is a trap. Fragment: `not_hosted`.
    """
    return translated(program, lambda module: everywhere(module, instantiating))


def instantiating(module: Module) -> Module:
    """The module, whose own code instantiates by the embedder."""
    wanted = list(dict.fromkeys(e.module for e in all_code(module) if isinstance(e, Instantiate)))
    if not wanted:
        return module
    named, codes = named_code(module, wanted)
    types = list(map(_type, wanted))
    makes = (Import("thread", "instantiate", replace(t, params=(TYPE.type, *t.params))) for t in types)
    first = len(module.imported(FUNC))
    moved = importing(named, (*codes, *makes))
    made = len(index_spaces(moved).funcs)

    def step(e: Instr, _depth: int) -> Expr:
        return (Call(made + wanted.index(e.module), span=e.span),) if isinstance(e, Instantiate) else (e,)

    bodies = (
        _making(t, first + n, first + len(wanted) + n, f"$instantiate.{code.name}")
        for n, (t, code) in enumerate(zip(types, codes, strict=True))
    )
    opaques = tuple(dict.fromkeys((*moved.opaques, TYPE)))
    return defining(replace(replaced(moved, step), opaques=opaques), *bodies)


def named_code(module: Module, wanted: Iterable[Module]) -> tuple[Module, tuple[Import, ...]]:
    """The module, with a name for each that is nested in it, and the embedder's ("module", NAME) for those wanted."""
    taken = {m.binding for m in module.modules}
    free = (name for n in count() if (name := f"$module{n}") not in taken)
    nested = tuple(replace(m, binding=m.binding or next(free)) for m in module.modules)
    names = ((nested[module.modules.index(m)].binding or "").removeprefix("$") for m in wanted)
    type = FuncType(Share.SHARED, (), (TYPE.type,))
    return replace(module, modules=nested), tuple(Import("module", name, type) for name in names)


def _type(module: Module) -> FuncType:
    """ref(et1)^n -> ref(et2)^m, which is shared where it may be: all code can call it then."""
    params, results = (tuple(reference_to(et, PAPER) for et in side) for side in interface(module))
    shared = all(sharable(t, Share.SHARED) for t in (*params, *results))
    return FuncType(Share.SHARED if shared else Share.LOCAL, params, results)


def _making(type: FuncType, code: int, make: int, name: str) -> Function:
    body: Expr = (Call(code), *map(LocalGet, range(len(type.params))), Call(make))
    return Function(type, (), body, name)


def not_hosted(program: Program, change: Callable[[Module], Module] = instantiating) -> str:
    """Why a program is outside the fragment. The page of designs says "any P5 program"; but a shared function may hold
    references to local definitions, if it has made the instance that they are of, and no function that it calls can
    take or give them: what shared code instantiates has shared imports and exports only, and so has all that this code
    instantiates, for which it gets the embedder's functions. `change`: how modules are translated."""
    nested = (n for module in modules_of(program) for n in with_nested(module))
    shared = (f for module in nested for f in module.funcs if f.type.share is Share.SHARED)
    asked = {e.module for f in shared for e in instructions(f.body) if isinstance(e, Instantiate)}
    local = any(_type(everywhere(module, change)).share is Share.LOCAL for module in asked)
    return "shared code instantiates a module with a local import or export" if local else ""


X2 = Encoding(
    "X2",
    FORK,
    FORK_HOSTED,
    "instantiate by imports from the embedder: equal outcomes, for its failure is a trap",
    "what shared code instantiates has shared imports and exports only, and so has what that code instantiates",
    hosted,
    not_hosted,
    INSTANCES,
)
