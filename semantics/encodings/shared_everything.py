"""X10 (systems.md B.14, B.12): shared-everything-threads by fork, thread-local globals and X5's function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from semantics.encodings.atomics import not_without, without_atomics
from semantics.encodings.encoding import Encoding
from semantics.encodings.operands import operands
from semantics.encodings.references import SLOTS, auxiliary_function, grows
from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    defining,
    folded,
    instructions,
    modules_of,
    providing,
    sequences,
    translated,
    typing,
)
from semantics.encodings.styles import COMPONENTS
from semantics.exploration.program import Program, Spawn
from semantics.profiles.shared_everything import SHARED_EVERYTHING
from semantics.profiles.tls import TLS_GROWING
from semantics.syntax.instructions import (
    Call,
    Const,
    Drop,
    Expr,
    Fork,
    GlobalGet,
    GlobalSet,
    Instr,
    LocalGet,
    RefFunc,
    TableGet,
)
from semantics.syntax.modules import Function, Global, Module
from semantics.syntax.types import I32, SHARED_FUNCREF, FuncType, GlobalType, Share
from semantics.validation.spaces import index_spaces

COMPONENT = "component"
REF, INDIRECT = "thread.spawn-ref", "thread.spawn-indirect"
SPAWNS = (REF, INDIRECT)
ENTRY = FuncType(Share.SHARED, (I32,), ())
INDEX = Const(I32, 1)
"""Stands for the index of a new thread."""
ZERO = Global(GlobalType(Share.TLS, True, I32), (Const(I32, 0),))


def preemptive(program: Program) -> Program:
    """X10  P12 -> P5 + P10. The component's functions become the module's: spawn-ref of `ref.func f` is `fork f`; of
    another reference, and spawn-indirect with what is in the table, `fork aux` (X5); the context is two thread-local
    globals, available-parallelism a constant. Attributes of segments go, and the atomics that P10 lacks (`atomics`).

    Claim: equal outcomes, but for the names of threads. Fragment: `not_preemptive`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    made = replace(
        module,
        datas=tuple(replace(d, share=Share.LOCAL) for d in module.datas),
        elems=tuple(replace(e, share=Share.LOCAL) for e in module.elems),
    )
    return _with_builtins(_forking(without_atomics(made)))


def _builtins(module: Module) -> dict[int, str]:
    """The component's functions among the imports: their indices and names."""
    return {n: i.name for n, i in enumerate(module.imported(FUNC)) if i.module == COMPONENT}


def _named(module: Module, *names: str) -> list[int]:
    return [index for index, name in _builtins(module).items() if name in names]


def _forking(module: Module) -> Module:
    """spawn-ref of `ref.func f` is `fork f`."""
    spaces, spawn = index_spaces(module), _named(module, REF)

    def fold(found: list[Instr]) -> None:
        if not (isinstance(e := found[-1], Call) and e.func in spawn):
            return
        match operands(found[:-1], 2, spaces):
            case reference, argument if isinstance(entry := found[reference], RefFunc):
                found[reference:] = [*found[argument:-1], Fork(entry.func, span=e.span), INDEX]

    return replace(module, funcs=tuple(replace(f, body=folded(f.body, fold)) for f in module.funcs))


def _with_builtins(module: Module) -> Module:
    """The module with functions of its own for those of the component."""
    found = _builtins(module)
    spaces = index_spaces(module)
    context, first = len(spaces.globals), len(spaces.funcs)
    bodies: dict[str, Expr] = {
        REF: (LocalGet(1), LocalGet(0), Fork(first), INDEX),
        INDIRECT: (LocalGet(1), LocalGet(0), TableGet(0), Fork(first), INDEX),
        "thread.available-parallelism": (Const(I32, SHARED_EVERYTHING.parallelism),),
        **{f"context.get {n}": (GlobalGet(context + n),) for n in (0, 1)},
        **{f"context.set {n}": (LocalGet(0), GlobalSet(context + n)) for n in (0, 1)},
    }
    known = {index: name for index, name in found.items() if name in bodies}
    made = module
    if set(SPAWNS) & set(known.values()):
        made = typing(made, ENTRY)
        made = defining(made, auxiliary_function(ENTRY, made.types.index(ENTRY), len(spaces.tables)))
        made = replace(made, tables=(*made.tables, SLOTS))
    last = len(index_spaces(made).funcs)
    made = defining(made, *(Function(spaces.funcs[i], (), bodies[name], f"${name}") for i, name in known.items()))
    if any(name.startswith("context") for name in known.values()):
        made = replace(made, globals=(*made.globals, ZERO, ZERO))
    return providing(made, {index: last + n for n, index in enumerate(known)})


# --- the fragment ---------------------------------------------------------------------------------
def not_preemptive(program: Program) -> str:
    """Why a program is outside the fragment: nobody uses the index of a thread, or asks for the own one; threads are
    made by reference, or of a table, by the main thread alone (X5); no code grows memories or tables, for growth is
    granted in the target; one module has a context; atomics are as in `not_without`. That nothing traps is not checked.
    """
    modules = modules_of(program)
    reasons: Iterable[str] = (reason for m in modules for reason in (_reason(m), not_without(m), grows(m)))
    if reason := next(filter(None, reasons), ""):
        return reason
    by_reference = any(_by_reference(f, m) for m in map(_forking, modules) for f in m.funcs)
    if by_reference and any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads, and some are made by reference"
    contexts = [m for m in modules if any(n.startswith("context") for n in _builtins(m).values())]
    return "several modules with a context" if len(contexts) > 1 else ""


def _reason(module: Module) -> str:
    builtins = _builtins(module)
    if "thread.index" in builtins.values():
        return "thread.index"
    taken = {e.func for e in all_code(module) if isinstance(e, RefFunc)}
    taken |= {e.func for s in module.elems for item in s.items for e in item if isinstance(e, RefFunc)}
    taken |= {e.index for e in module.exports if e.kind is FUNC}
    if taken & set(builtins):
        return "a reference to a function of the component"
    spawns = _named(module, *SPAWNS)
    for code in sequences(module):
        for e, then in zip(code, (*code[1:], None), strict=False):
            if isinstance(e, Call) and e.func in spawns and not isinstance(then, Drop):
                return "the index of a thread is used"
    tables = index_spaces(module).tables
    if _named(module, INDIRECT) and not (
        tables and tables[0].share is Share.SHARED and tables[0].elem == SHARED_FUNCREF
    ):
        return "thread.spawn-indirect without a shared table of functions"
    made = _forking(module)
    if any(f.type.share is Share.SHARED and _by_reference(f, made) for f in made.funcs):
        return "threads create threads by reference"
    return ""


def _by_reference(f: Function, module: Module) -> bool:
    """Whether a function, in which spawns in place are forks, makes threads otherwise."""
    spawns = _named(module, *SPAWNS)
    return any(isinstance(e, Call) and e.func in spawns for e in instructions(f.body))


X10 = Encoding(
    "X10",
    SHARED_EVERYTHING,
    TLS_GROWING,
    "the component's threads by fork, thread-local globals and an auxiliary function: equal outcomes, but for "
    "the names of threads",
    "nothing traps or grows; indices are unused, one module has a context; the main thread alone spawns by "
    "reference or of a table; no exchanges in tables",
    preemptive,
    not_preemptive,
    COMPONENTS,
    "main",
)
