"""Which regions are constants and which belong to one thread: they need no events.

*Constant.* A region that no code writes after the initial store was built has one write, the initial one, that
happens before every read. Every read yields it, and dropping such reads drops no other constraint: no axiom relates
actions of different regions but through happens-before, to which a read of the initial write adds nothing. So `len` of
a memory that nobody can grow, immutable globals and tables that nobody sets are constants.

*Confined.* The accesses of a region that one thread alone can reach are totally ordered by program order, so that
every read has one consistent source, the last write before it (localisation lemma, systems.md A.6.5; invariant INV-C).

Both are decided before the unfolding, from the text of the code that each thread can reach: the functions that it
invokes, what they call, and, for `call_indirect` and `instantiate`, every function that a reference may denote
(occurs in a `ref.func` or an element segment of any instance). That is coarser than what runs, never finer. All
threads that `fork` starts count as many threads; code that is instantiated may start them with what it imports.
Objects that `instantiate` makes while the program runs are not analysed: all their regions count as shared, and none is
constant, for even a read of a fresh immutable global puts its creation before the reader (Fig. 11, row 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from semantics.reduction.designs import EFFECTS, Touch
from semantics.reduction.relinking import depends_on
from semantics.runtime.actions import Field, Region
from semantics.runtime.store import HOST, FuncInst, ModuleInst, Store
from semantics.syntax import instructions as i
from semantics.syntax.modules import ExternKind, Module, SegmentMode

FORKED = -1
"""The thread class of all threads that `fork` starts: many threads."""


@dataclass(slots=True)
class Footprint:
    """What the code of one body mentions; indices are those of its module. `branches`: it has an instruction that
    may start a thread, suspend, wake, or have two outcomes in a state of known values; `spawns`: it starts
    whatever a reference denotes; `fresh`: it starts threads with instances of their own, made as the one that runs it;
    `reified`: definitions to which it makes references, through which any code may access them."""

    touches: set[Touch] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    forks: set[int] = field(default_factory=set)
    references: set[int] = field(default_factory=set)
    reified: set[tuple[str, int]] = field(default_factory=set)
    indirect: bool = False
    spawns: bool = False
    fresh: bool = False
    branches: bool = False


def _memory(writes: bool) -> Callable[[Any], tuple[Touch, ...]]:
    return lambda e: (("mems", e.memarg.memory, Field.DATA, writes), ("mems", e.memarg.memory, Field.LEN, False))


def _bulk(writes: bool, index: str = "memory") -> Callable[[Any], tuple[Touch, ...]]:
    return lambda e: (("mems", getattr(e, index), Field.DATA, writes), ("mems", getattr(e, index), Field.LEN, False))


def _entries(writes: bool, index: str = "table") -> Callable[[Any], tuple[Touch, ...]]:
    return lambda e: (
        ("tables", getattr(e, index), Field.ELEM, writes),
        ("tables", getattr(e, index), Field.LEN, False),
    )


def _both(*parts: Callable[[Any], tuple[Touch, ...]]) -> Callable[[Any], tuple[Touch, ...]]:
    return lambda e: tuple(touch for part in parts for touch in part(e))


_TOUCHES: dict[type, Callable[[Any], tuple[Touch, ...]]] = {
    i.GlobalGet: lambda e: (("globals", e.index, Field.VAL, False),),
    i.GlobalSet: lambda e: (("globals", e.index, Field.VAL, True),),
    i.Load: _memory(False),
    i.Store: _memory(True),
    i.Rmw: _memory(True),
    i.Cmpxchg: _memory(True),
    i.Wait: _memory(False),
    i.Notify: _memory(False),
    i.MemorySize: lambda e: (("mems", e.memory, Field.LEN, False),),
    i.MemoryGrow: lambda e: (("mems", e.memory, Field.LEN, True), ("mems", e.memory, Field.DATA, True)),
    i.MemoryFill: _bulk(True),
    i.MemoryCopy: _both(_bulk(True, "target"), _bulk(False, "source")),
    i.MemoryInit: _both(_bulk(True), lambda e: (("datas", e.data, Field.VAL, False),)),
    i.DataDrop: lambda e: (("datas", e.data, Field.VAL, True),),
    i.CallIndirect: _entries(False),
    i.TableGet: _entries(False),
    i.TableSet: _entries(True),
    i.TableSize: lambda e: (("tables", e.table, Field.LEN, False),),
    i.TableGrow: lambda e: (("tables", e.table, Field.LEN, True), ("tables", e.table, Field.ELEM, True)),
    i.TableFill: _entries(True),
    i.TableCopy: _both(_entries(True, "target"), _entries(False, "source")),
    i.TableInit: _both(_entries(True), lambda e: (("elems", e.elem, Field.VAL, False),)),
    i.ElemDrop: lambda e: (("elems", e.elem, Field.VAL, True),),
}
_BRANCHES = frozenset((i.MemoryGrow, i.TableGrow, i.Fork, i.Wait, i.Notify, i.Instantiate))


def footprint(code: i.Expr) -> Footprint:
    """What a body mentions, in blocks of any depth."""
    found = Footprint()
    todo = [code]
    while todo:
        for instr in todo.pop():
            kind = instr.__class__
            touches = _TOUCHES.get(kind)
            if touches is not None:
                found.touches.update(touches(instr))
            if kind in _BRANCHES:
                found.branches = True
            if isinstance(instr, i.Block | i.Loop):
                todo.append(instr.body)
            elif isinstance(instr, i.If):
                todo += [instr.then, instr.orelse]
            elif isinstance(instr, i.Call):
                found.calls.add(instr.func)
            elif isinstance(instr, i.Fork):
                found.forks.add(instr.func)
            elif isinstance(instr, i.RefFunc):
                found.references.add(instr.func)
            elif kind is i.CallIndirect:
                found.indirect = True
            elif (effect := EFFECTS.get(kind)) is not None:
                found.touches.update(effect.touches(instr))
                found.calls.update(effect.calls(instr))
                found.forks.update(effect.forks(instr))
                found.reified.update(effect.reifies(instr))
                found.indirect |= effect.indirect
                found.spawns |= effect.spawns
                found.fresh |= effect.fresh
                found.branches |= effect.branches
            elif isinstance(instr, i.Instantiate):
                found.indirect = True
                found.spawns |= _starts_threads(instr.module)
    return found


def _starts_threads(module: Module) -> bool:
    """Whether code of a module starts threads: with functions that it imports, for all that we know."""
    return any(f.forks or f.spawns or f.fresh for f in (footprint(function.body) for function in module.funcs))


class Root(NamedTuple):
    """A function, the instance in which it runs, and whether that stands for a new instance of the same module, linked
    with the same objects: whose own objects are not those of `instance`."""

    function: int
    instance: ModuleInst
    clone: bool


class Running(NamedTuple):
    """Code that may run: what it mentions, and where, as in Root. `elsewhere`: perhaps in another thread."""

    instance: ModuleInst
    footprint: Footprint
    clone: bool
    elsewhere: bool = False


class Reach:
    """The code that threads can reach, over the instances of a program; remembers the footprint of each function."""

    def __init__(self, store: Store, instances: Iterable[ModuleInst]) -> None:
        self._store = store
        self._footprints: dict[int, Footprint] = {}
        self._instances = tuple(instances)
        self._escaped: frozenset[int] | None = None

    def of(self, function: int) -> Footprint:
        """The footprint of the function at an address."""
        found = self._footprints.get(function)
        if found is None:
            found = self._footprints[function] = footprint(self._store.func(function).code.body)
        return found

    def escaped(self) -> frozenset[int]:
        """The addresses of the functions that a reference may denote."""
        if self._escaped is None:
            found: set[int] = set()
            for instance in self._instances:
                for address in instance.funcs:
                    function = self._store.func(address)
                    found.update(function.instance.funcs[r] for r in self.of(address).references)
                for address in instance.elems:
                    found.update(r for r in self._store.elem(address).items if r)
                for address in (*instance.globals, *instance.tables):
                    for region in self._store.regions(address):
                        found.update(self._function_addresses(self._store.initial.get(region)))
            self._escaped = frozenset(found)
        return self._escaped

    def _function_addresses(self, payload: object) -> Iterable[int]:
        """Function addresses that an initial value may hold: any number that is one."""
        value = getattr(payload, "value", payload)
        count = len(self._store.objects)
        if isinstance(value, int) and 0 < value <= count and isinstance(self._store[value], FuncInst):
            yield value

    def closure(self, roots: Iterable[Root]) -> tuple[list[Running], set[Root]]:
        """(code that may run in a thread that runs `roots`, functions that it may start in other threads)."""
        seen: set[Root] = set()
        running: list[Running] = []
        forked: set[Root] = set()
        todo = list(roots)
        while todo:
            root = todo.pop()
            if root in seen:
                continue
            seen.add(root)
            mentioned, instance = self.of(root.function), root.instance
            running.append(Running(instance, mentioned, root.clone))
            todo += [self.root(instance.funcs[f], root) for f in mentioned.calls]
            forked.update(self.root(instance.funcs[f], root) for f in mentioned.forks)
            if mentioned.indirect:
                todo += self.references()
            if mentioned.spawns:
                forked.update(self.references())
            if mentioned.fresh and instance.module is not None:
                code = [a for kind, a in instance.exports.values() if kind is ExternKind.FUNC]
                forked.update(Root(f, instance, True) for f in code if self._store.func(f).instance is instance)
                for again in depends_on(self._store, instance):
                    running.append(Running(again, _segments(again.module), True, True))
                    if again.module is not None and again.module.start is not None:
                        forked.add(self.root(again.funcs[again.module.start], Root(0, again, True)))
        return running, forked

    def root(self, function: int, caller: Root | None = None) -> Root:
        """A function with the instance that it runs in: a host function's is its caller's."""
        found = self._store.func(function).instance
        if caller is None:
            return Root(function, found, False)
        if found is HOST:
            return Root(function, caller.instance, caller.clone)
        return Root(function, found, caller.clone and found is caller.instance)

    def references(self) -> list[Root]:
        """The functions that a reference may denote; a host function may be called from every instance."""
        found = []
        for function in self.escaped():
            instance = self._store.func(function).instance
            found += [Root(function, i, False) for i in (self._instances if instance is HOST else (instance,))]
        return found


class Confinement:
    """Who touches which region once the initial store stands. Filled with `add`, then asked."""

    def __init__(self, store: Store, reach: Reach) -> None:
        self._store = store
        self._reach = reach
        self._owner: dict[Region, int] = {}  # FORKED: more than one thread
        self._written: set[Region] = set()
        self._forked: set[Root] = set()

    def add(self, thread: int, roots: Iterable[int], extra: Iterable[tuple[ModuleInst, Footprint]] = ()) -> None:
        """Thread class `thread` may run the functions `roots`, and code of the given footprints."""
        found = [self._reach.root(function) for function in roots]
        for instance, mentioned in extra:
            self._touch(thread, Running(instance, mentioned, False))
            found += [self._reach.root(instance.funcs[f]) for f in mentioned.calls]
            if mentioned.indirect:
                found += self._reach.references()
        while found:
            running, forked = self._reach.closure(found)
            for code in running:
                self._touch(FORKED if code.elsewhere else thread, code)
            fresh = forked - self._forked
            thread, found = FORKED, sorted(fresh, key=lambda root: (root.function, root.clone))
            self._forked |= forked

    def read(self, thread: int, region: Region) -> None:
        """Thread class `thread` reads a region."""
        if self._owner.setdefault(region, thread) != thread:
            self._owner[region] = FORKED

    def share(self, region: Region) -> None:
        """Any thread may read and write a region."""
        self.read(FORKED, region)
        self._written.add(region)

    def _touch(self, thread: int, code: Running) -> None:
        instance = code.instance
        for space, index, fld, writes in code.footprint.touches:
            if code.clone and not _imported(instance, space, index):
                continue  # the new instance's own
            if index >= len(getattr(instance, space)):
                continue  # a function of the embedder, called from an instance that has nothing for it
            region = Region(getattr(instance, space)[index], fld)
            self.read(thread, region)
            if writes:
                self._written.add(region)
        for space, index in code.footprint.reified:
            for region in self._store.regions(getattr(instance, space)[index]):
                self.share(region)

    def constant(self, region: Region) -> bool:
        """Whether nobody writes the region."""
        return region not in self._written

    def owner(self, region: Region) -> int:
        """The one thread class that touches the region; FORKED if there may be several threads."""
        return self._owner.get(region, 0)


def _segments(module: Module | None) -> Footprint:
    """What the active segments of a module touch, where they are code."""
    if module is None:
        return Footprint()
    active = SegmentMode.ACTIVE
    data = [i.MemoryInit(x, d.memory) for x, d in enumerate(module.datas) if d.mode is active]
    elem = [i.TableInit(e.table, x) for x, e in enumerate(module.elems) if e.mode is active]
    return footprint((*data, *elem))


_KIND = {"globals": ExternKind.GLOBAL, "tables": ExternKind.TABLE, "mems": ExternKind.MEMORY}


def _imported(instance: ModuleInst, space: str, index: int) -> bool:
    """Whether a definition of an instance is one that it was linked with."""
    if instance.module is None or space not in _KIND:
        return False
    return index < len(instance.module.imported(_KIND[space]))
