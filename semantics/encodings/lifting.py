"""X4 (systems.md B.14, B.4), from P5b to P4: fork by a module for each forked function, lambda lifting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from semantics.encodings.encoding import Encoding
from semantics.encodings.rewriting import (
    all_code,
    function,
    instructions,
    modules_of,
    replaced,
    rewritten,
    roles,
    translated,
    typing,
)
from semantics.encodings.styles import FUNCTIONS
from semantics.exploration.program import Program, Spawn
from semantics.merging.fields import Part, Space
from semantics.merging.renumbering import Renumbering
from semantics.profiles.create_module import CREATE_MODULE, RefModule, ThreadCreateMod
from semantics.profiles.fork_refs import FORK_REFS_UNTYPED, RefGlobal, RefMemory, RefTable
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


def lifted(program: Program) -> Program:
    """X4  P5b -> P4. `fork f` creates a thread of a module that imports every shared definition that f's code reaches;
    it has copies of the functions that this code calls, and its start function is a copy of f, which first reads the
    arguments from fresh shared globals. Those the creator makes by an instance that copies them from globals of his:
    as he alone runs his instance, nobody else writes there.

    Claim: equal outcomes. Fragment: `not_liftable`, outside of which there may be no such modules.
    """
    return translated(program, _module)


def _module(module: Module) -> Module:
    lifting = _Lifting(module)
    made = replaced(replace(module, globals=(*module.globals, *lifting.variables)), lifting.step)
    return _nesting(made, module.modules)


def _nesting(module: Module, others: tuple[Module, ...] = ()) -> Module:
    """The module with those that its code names nested in it."""
    named = (e.module for e in all_code(module) if isinstance(e, RefModule | Instantiate))
    return replace(module, modules=tuple(dict.fromkeys((*others, *named))))


@dataclass(frozen=True, slots=True)
class _Thread:
    """What stands for a forked function: its module, and the references that are its imports behind the arguments."""

    module: Module
    externals: Expr


class _Lifting:
    """The forks of a module. Its globals are followed by variables for the arguments of each forked function."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.spaces = index_spaces(module)
        self.variables: list[Global] = []
        self.slots: dict[int, range] = {}
        for f in sorted(_forks(all_code(module))):
            first = len(self.spaces.globals) + len(self.variables)
            self.variables += map(_variable, self.spaces.funcs[f].params)
            self.slots[f] = range(first, len(self.spaces.globals) + len(self.variables))
        self.threads: dict[int, _Thread] = {}

    def step(self, e: Instr, _depth: int) -> Expr:
        """Code for a fork: the arguments are on the stack."""
        if not isinstance(e, Fork):
            return (e,)
        if e.func not in self.threads:
            self.threads[e.func] = self._thread(e.func)
        thread, mine = self.threads[e.func], self.slots[e.func]
        types = self.spaces.funcs[e.func].params
        fresh: Expr = (*map(RefGlobal, mine), Instantiate(_copying(types))) if mine else ()
        create = ThreadCreateMod(len(thread.module.imports), span=e.span)
        return (*map(GlobalSet, reversed(mine)), RefModule(thread.module), *fresh, *thread.externals, create)

    def _copy(self, index: int) -> Function:
        """A function, its forks replaced."""
        found = function(self.module, index)
        assert found is not None  # of the fragment
        return replace(found, body=rewritten(found.body, self.step))

    def _thread(self, root: int) -> _Thread:
        called = sorted(_reached(self.module, root, forks=False))
        f, copies = self._copy(root), [self._copy(i) for i in called]
        params, used = f.type.params, _used((f, *copies))
        old = len(self.spaces.globals)
        own = [self.variables[i - old] for i in used[Space.GLOBAL] if i >= old]
        reached: list[tuple[ExternType, Instr]] = [
            *((self.spaces.mems[i], RefMemory(i)) for i in used[Space.MEMORY]),
            *((self.spaces.tables[i], RefTable(i)) for i in used[Space.TABLE]),
            *((self.spaces.globals[i], RefGlobal(i)) for i in used[Space.GLOBAL] if i < old),
        ]
        moved = Renumbering(
            {
                Space.TYPE: range(len(self.module.types)),
                Space.FUNC: _positions(called),
                Space.GLOBAL: _positions(used[Space.GLOBAL], len(params)),
                **{space: _positions(used[space]) for space in (Space.MEMORY, Space.TABLE, Space.DATA)},
            }
        )
        entry: Expr = tuple(e for i in range(len(params)) for e in (GlobalGet(i), LocalSet(i)))
        body = (*entry, *moved.code(f.body))
        start = Function(FuncType(Share.SHARED, (), ()), (*params, *f.locals), body, f.binding, f.local_names)
        made = Module(
            types=self.module.types,
            imports=tuple(Import("", "", t) for t in (*(_variable(t).type for t in params), *(t for t, _ in reached))),
            funcs=(*(replace(c, body=moved.code(c.body)) for c in copies), start),
            globals=tuple(own),
            datas=tuple(self.module.datas[i] for i in used[Space.DATA]),
            start=len(copies),
            binding=f.binding,
        )
        return _Thread(_nesting(typing(made, start.type)), tuple(e for _, e in reached))


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


def _positions(indices: list[int], first: int = 0) -> list[int]:
    """At each of the indices its new one, from `first` on."""
    found = [-1] * (max(indices, default=-1) + 1)
    for new, old in enumerate(indices, first):
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


X4_FORK_REFS = Encoding(
    "X4-fork-refs",
    FORK_REFS_UNTYPED,
    CREATE_MODULE,
    "fork by a module for each forked function, whose start function is its copy: equal outcomes",
    "no thread forks its like; the host starts none; functions known by reference do not fork; threads call "
    "nothing imported, and use no segments but passive data that nobody drops",
    lifted,
    not_liftable,
    FUNCTIONS,
)
