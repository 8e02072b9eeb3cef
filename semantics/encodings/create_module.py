"""X4 (systems.md B.14, B.4), from P4 to P5b: a thread with an instance of its own by fork and instantiate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from semantics.encodings.encoding import Encoding
from semantics.encodings.operands import operands, reference_pushed
from semantics.encodings.rewriting import all_code, defining, folded, modules_of, retyped, translated
from semantics.encodings.styles import BOOTS
from semantics.exploration.program import Program
from semantics.profiles.create_module import CREATE_MODULE, RefModule, ThreadCreateMod
from semantics.profiles.fork_refs import FORK_REFS_UNTYPED
from semantics.syntax.instructions import Drop, Expr, Fork, Instantiate, Instr, LocalGet, Unreachable
from semantics.syntax.modules import Function, Module
from semantics.syntax.types import MODULEREF, FuncType, Share, ValType
from semantics.validation.spaces import index_spaces, interface
from semantics.validation.threads import reference_to


def booting(program: Program) -> Program:
    """X4  P4 -> P5b. `thread.create_mod n` of `ref.module x` forks a function that takes the n externals, instantiates
    x with them and drops what that gives; where they can be no imports of x it traps, as the thread does.

    Claim: equal outcomes, but for the names of threads. Fragment: `not_in_place`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    spaces = index_spaces(module)
    boots: dict[tuple[Module, tuple[ValType, ...]], int] = {}

    def booted(f: Function) -> Function:
        def fold(found: list[Instr]) -> None:
            e = found[-1]
            if isinstance(e, Instantiate):
                found[-1] = replace(e, module=_module(e.module))
            if not isinstance(e, ThreadCreateMod):
                return
            places = operands(found[:-1], 1 + e.count, spaces)
            if places is None or not isinstance(code := found[places[0]], RefModule):
                return
            last = (found[end - 1] for end in (*places[2:], len(found) - 1)[: e.count])
            types = tuple(reference_pushed(x, f, spaces, CREATE_MODULE.typing) for x in last)
            boot = boots.setdefault((code.module, types), len(spaces.funcs) + len(boots))
            found[places[0] :] = [*found[places[0] + 1 : -1], Fork(boot, span=e.span)]

        return replace(f, body=folded(f.body, fold))

    made = replace(module, funcs=tuple(map(booted, module.funcs)), modules=tuple(map(_module, module.modules)))
    return defining(made, *(_boot(_module(code), types) for code, types in boots))


def _boot(code: Module, types: tuple[ValType, ...]) -> Function:
    imports, exports = interface(code)
    fits = types == tuple(reference_to(t, FORK_REFS_UNTYPED.typing) for t in imports)
    making: Expr = (*map(LocalGet, range(len(types))), Instantiate(code), *(Drop() for _ in exports))
    body = making if fits else (Unreachable(),)
    return Function(FuncType(Share.SHARED, types, ()), (), body, "$boot")


# --- the fragment ---------------------------------------------------------------------------------
def not_in_place(program: Program) -> str:
    """Why a program is outside the fragment: a module reference is `ref.module x` below the externals of a
    `thread.create_mod`, and nothing else is of its type."""
    for module in modules_of(booting(program)):
        for each in _with_nested(module):
            if any(isinstance(e, RefModule | ThreadCreateMod) for e in all_code(each)) or _keeps(each):
                return "a module reference that is not in place"
    return ""


def _with_nested(module: Module) -> Iterator[Module]:
    yield module
    for nested in module.modules:
        yield from _with_nested(nested)


def _keeps(module: Module) -> bool:
    """Whether something of a module is of the type of module references."""
    types: list[ValType] = []

    def note(t: ValType) -> ValType:
        types.append(t)
        return t

    retyped(module, note, lambda share: share)
    return MODULEREF in types


X4 = Encoding(
    "X4",
    CREATE_MODULE,
    FORK_REFS_UNTYPED,
    "thread.create_mod by fork of a function that instantiates: equal outcomes, but for the names of threads",
    "a module reference is one in place, below the externals",
    booting,
    not_in_place,
    BOOTS,
    "main",
)
