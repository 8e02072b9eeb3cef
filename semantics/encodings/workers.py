"""X1 (systems.md B.14): fork by the Web's workers, "you could polyfill that with JavaScript"."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.encoding import Encoding
from semantics.encodings.rewriting import (
    FUNC,
    all_code,
    declaring,
    exporting,
    importing,
    instructions,
    modules_of,
    names_of,
    replaced,
    retyped,
    roles,
    translated,
)
from semantics.encodings.styles import FORKS
from semantics.exploration.program import Program, Spawn
from semantics.merging.fields import Space
from semantics.profiles.fork import FORK
from semantics.profiles.web import WEB
from semantics.syntax.instructions import Call, CallIndirect, Expr, Fork, Instantiate, Instr, Wait
from semantics.syntax.modules import ExternKind, Import, Module, SegmentMode
from semantics.syntax.types import FuncType, GlobalType, MemType, NumType, RefType, Share, TableType, ValType
from semantics.validation.spaces import index_spaces

WORKER = "worker"
TABLE = ExternKind.TABLE


def workers(program: Program) -> Program:
    """X1  P5 on F_web -> P1. `fork f` becomes a call of the host's ("worker", NAME), which starts a worker, posts it
    the module, the shared memories and the arguments; the worker instantiates the module again and calls its export
    NAME, which is f. The attributes of functions and globals go.

    Claim (erasure): equal outcomes. By T29 shared code cannot name the local state of its instance, so that nobody can
    tell in which instance it runs. Fragment: `not_of_web`.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    names = names_of(module, _forked(module))
    clean = erased(exporting(module, names))
    spaces = index_spaces(clean)
    imports = [
        Import(WORKER, name, FuncType(Share.LOCAL, spaces.funcs[index].params, ())) for index, name in names.items()
    ]
    first = len(module.imported(FUNC))
    moved = importing(clean, imports)
    call = {(i if i < first else i + len(imports)): first + n for n, i in enumerate(names)}

    def step(e: Instr, _depth: int) -> Expr:
        return (Call(call[e.func], span=e.span),) if isinstance(e, Fork) else (e,)

    return declaring(replaced(moved, step))


def _forked(module: Module) -> list[int]:
    """The functions that some code forks, in the order of the indices."""
    return sorted({e.func for e in all_code(module) if isinstance(e, Fork)})


def erased(module: Module) -> Module:
    """The module without the attribute `shared`, but for memories."""

    def value(t: ValType) -> ValType:
        return replace(t, share=Share.LOCAL) if isinstance(t, RefType) else t

    return retyped(module, value, lambda share: Share.LOCAL if share is Share.SHARED else share)


# --- the fragment ---------------------------------------------------------------------------------
def not_of_web(program: Program) -> str:
    """Why a program is not in F_web: the reason, with the hypothesis that it breaks; "" where it is.

    The module of every forked function has, besides functions of its own, as only shared definitions imported memories
    and immutable numeric globals; the arguments of forks are numeric; no start function, no active segments; shared
    functions use no segments. What the page of designs does not say: nobody starts threads but by fork, nobody
    instantiates, and what the main agent runs does not wait (P1 has block = not-main).
    """
    if any(isinstance(c, Spawn) for c in program.main.commands):
        return "the host starts threads"
    return next(filter(None, (_reason(m) or main_may_wait(m) for m in modules_of(program))), "")


def _reason(module: Module) -> str:
    forked = _forked(module)
    code = list(all_code(module))
    if any(isinstance(e, Instantiate) for e in code):
        return "code instantiates"
    if not forked:
        return ""
    spaces = index_spaces(module)
    if module.start is not None:
        return "a start function"
    if SegmentMode.ACTIVE in {*(d.mode for d in module.datas), *(e.mode for e in module.elems)}:
        return "an active segment"
    if any(not isinstance(t, NumType) for index in forked for t in spaces.funcs[index].params):
        return "an argument that is a reference"
    return _definitions(module) or _segments(module)


def _definitions(module: Module) -> str:
    """Shared definitions that a worker has not, or has anew."""
    types = [i.type for i in module.imports] + [g.type for g in module.globals] + [t.type for t in module.tables]
    for t in types:
        numeric = isinstance(t, GlobalType) and not t.mutable and isinstance(t.type, NumType)
        if t.share is Share.SHARED and not isinstance(t, MemType) and not numeric:
            return f"a shared {'import of a function' if isinstance(t, FuncType) else 'table or global'}"
    if any(m.type.share is Share.SHARED for m in module.memories):
        return "a shared memory that is not imported"
    return ""


def _segments(module: Module) -> str:
    shared = (f for f in module.funcs if f.type.share is Share.SHARED)
    used = (r for f in shared for e in instructions(f.body) for r in roles(type(e)).values())
    return "a shared function that uses a segment" if {Space.DATA, Space.ELEM} & set(used) else ""


def main_may_wait(module: Module, threads: frozenset[str] = frozenset()) -> str:
    """Waiting that the main agent may come to, from what starts the module and what is exported, but for what `threads`
    alone begin with; tables are taken to hold every function."""
    funcs = index_spaces(module).funcs
    calls: dict[int, set[int]] = {}
    waiting: set[int] = set()
    for index, defined in enumerate(module.funcs, len(module.imported(FUNC))):
        body = list(instructions(defined.body))
        called = {e.func for e in body if isinstance(e, Call)}
        wanted = {module.types[e.type] for e in body if isinstance(e, CallIndirect)}
        calls[index] = called | {i for i, t in enumerate(funcs) if t in wanted}
        if any(isinstance(e, Wait) for e in body):
            waiting.add(index)
    reached = {e.index for e in module.exports if e.kind is FUNC and e.name not in threads}
    if module.start is not None:
        reached.add(module.start)
    if any(isinstance(i.type, TableType) for i in module.imports) or any(e.kind is TABLE for e in module.exports):
        reached |= set(range(len(funcs)))
    todo = list(reached)
    while todo:
        new = calls.get(todo.pop(), set()) - reached
        reached |= new
        todo += new
    return "the main agent may wait" if waiting & reached else ""


X1 = Encoding(
    "X1",
    FORK,
    WEB,
    "fork by Web workers that instantiate the module again: equal outcomes",
    "shared: only imported memories and immutable numeric globals; numeric fork arguments; no start function, no "
    "active segments, no segments in shared functions; the main agent does not wait",
    workers,
    not_of_web,
    FORKS,
)
