"""Functions of the embedder for modules that code instantiates: who makes an instance gives it what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from semantics.encodings.rewriting import FUNC, all_code, importing, modules_of, replaced
from semantics.exploration.program import Program
from semantics.profiles.create_module import RefModule
from semantics.syntax.instructions import Expr, Instantiate, Instr, RefFunc
from semantics.syntax.modules import Module, with_nested


def everywhere(module: Module, change: Callable[[Module], Module]) -> Module:
    """A module and those that are nested in it changed. The imports that a nested one then has besides its own are of
    functions of the embedder: who instantiates it imports them as well, and gives them on."""
    nested = tuple(everywhere(m, change) for m in module.modules)
    made = dict(zip(module.modules, nested, strict=True))
    used = dict.fromkeys(e.module for e in all_code(module) if isinstance(e, Instantiate))
    needs = {old: made[old].imports[len(old.imports) :] for old in used}
    wanted = list(dict.fromkeys(i for imports in needs.values() for i in imports))
    first = len(module.imported(FUNC))

    def step(e: Instr, _depth: int) -> Expr:
        if isinstance(e, Instantiate):
            return (*(RefFunc(first + wanted.index(i)) for i in needs[e.module]), replace(e, module=made[e.module]))
        return (replace(e, module=made[e.module]),) if isinstance(e, RefModule) else (e,)

    return change(replace(replaced(importing(module, wanted), step), modules=nested))


def nested_modules(program: Program) -> Iterator[Module]:
    """The modules that are nested in those that the host instantiates."""
    return (n for module in modules_of(program) for m in module.modules for n in with_nested(m))


def nested_code(program: Program) -> Iterator[Instr]:
    """Their instructions."""
    return (e for module in nested_modules(program) for e in all_code(module))
