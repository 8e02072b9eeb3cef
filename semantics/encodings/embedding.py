"""X11 (systems.md B.14, B.6): fork by an embedder that forks."""

from __future__ import annotations

from semantics.encodings.rewriting import FUNC, all_code, defining, importing, modules_of, replaced, translated
from semantics.exploration.program import Program
from semantics.syntax.instructions import Call, Drop, Expr, Fork, Instantiate, Instr, LocalGet, RefFunc
from semantics.syntax.modules import Function, Import, Module
from semantics.syntax.types import SHARED_ANYREF, SHARED_FUNCREF, FuncType, Share
from semantics.validation.spaces import index_spaces


def embedded(program: Program) -> Program:
    """X11  D -> P6(D), for D = P5. `fork f` calls a function that hands f and the arguments to the embedder's
    ("thread", "spawn_func"), and drops the handle.

    Claim: equal outcomes, for every valid program that does not instantiate: the embedder's operation does what D's
    rule does (DEC 16).
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    forked = sorted({e.func for e in all_code(module) if isinstance(e, Fork)})
    types = [index_spaces(module).funcs[f] for f in forked]
    asks = (FuncType(Share.SHARED, (SHARED_FUNCREF, *t.params), (SHARED_ANYREF,)) for t in types)
    count = len(module.imported(FUNC))
    moved = importing(module, [Import("thread", "spawn_func", t) for t in asks])
    new = {f + len(forked) if f >= count else f: n for n, f in enumerate(forked)}
    first = len(index_spaces(moved).funcs)

    def step(e: Instr, _depth: int) -> Expr:
        return (Call(first + new[e.func], span=e.span),) if isinstance(e, Fork) else (e,)

    made = replaced(moved, step)
    return defining(made, *(_spawning(f, t, count + n) for (f, n), t in zip(new.items(), types, strict=True)))


def _spawning(func: int, type: FuncType, spawn: int) -> Function:
    body: Expr = (RefFunc(func), *map(LocalGet, range(len(type.params))), Call(spawn), Drop())
    return Function(FuncType(Share.SHARED, type.params, ()), (), body, f"$spawn{spawn}")


def instantiates(program: Program) -> str:
    """Why a program is outside the fragment: its code instantiates, for which the embedder has another operation."""
    found = any(isinstance(e, Instantiate) for module in modules_of(program) for e in all_code(module))
    return "code instantiates" if found else ""
