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
threads that `fork` starts count as many threads. Objects that `instantiate` makes while the program runs are
not analysed: all their regions count as shared, and none is constant, for even a read of a fresh immutable global
puts its creation before the reader (Fig. 11, row 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from semantics.runtime.actions import Field, Region
from semantics.runtime.store import FuncInst, ModuleInst, Store
from semantics.syntax import instructions as i
from semantics.syntax.modules import Module

Touch = tuple[str, int, Field, bool]
"""(index space of the instance, index, field, whether it is written)"""

FORKED = -1
"""The thread class of all threads that `fork` starts: many threads."""


@dataclass(slots=True)
class Footprint:
    """What the code of one body mentions; indices are those of its module. `branches`: it has an instruction that
    may start a thread, suspend, wake, or have two outcomes in a state of known values."""

    touches: set[Touch] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    forks: set[int] = field(default_factory=set)
    references: set[int] = field(default_factory=set)
    modules: list[Module] = field(default_factory=list)
    indirect: bool = False
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
            elif isinstance(instr, i.Instantiate):
                found.indirect = True
                found.modules.append(instr.module)
    return found


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
                        found.update(self._functions(self._store.initial.get(region)))
            self._escaped = frozenset(found)
        return self._escaped

    def _functions(self, payload: object) -> Iterable[int]:
        """Function addresses that an initial value may hold: any number that is one."""
        value = getattr(payload, "value", payload)
        count = len(self._store.objects)
        if isinstance(value, int) and 0 < value <= count and isinstance(self._store[value], FuncInst):
            yield value

    def closure(self, roots: Iterable[int]) -> tuple[set[int], set[int]]:
        """(functions that may run in a thread that runs `roots`, functions that it may fork)."""
        seen: set[int] = set()
        forked: set[int] = set()
        todo = list(roots)
        while todo:
            address = todo.pop()
            if address in seen:
                continue
            seen.add(address)
            mentioned = self.of(address)
            indices = self._store.func(address).instance.funcs
            todo += [indices[f] for f in mentioned.calls]
            forked.update(indices[f] for f in mentioned.forks)
            if mentioned.indirect:
                todo += self.escaped()
        return seen, forked


class Confinement:
    """Who touches which region once the initial store stands. Filled with `add`, then asked."""

    def __init__(self, store: Store, reach: Reach) -> None:
        self._store = store
        self._reach = reach
        self._owner: dict[Region, int] = {}  # FORKED: more than one thread
        self._written: set[Region] = set()
        self._forked: set[int] = set()

    def add(self, thread: int, roots: Iterable[int], extra: Iterable[tuple[ModuleInst, Footprint]] = ()) -> None:
        """Thread class `thread` may run the functions `roots`, and code of the given footprints."""
        roots = list(roots)
        for instance, mentioned in extra:
            self._touch(thread, instance, mentioned)
            roots += [instance.funcs[f] for f in mentioned.calls]
            if mentioned.indirect:
                roots += self._reach.escaped()
        while roots:
            running, forked = self._reach.closure(roots)
            for address in running:
                self._touch(thread, self._store.func(address).instance, self._reach.of(address))
            thread, roots = FORKED, sorted(forked - self._forked)
            self._forked |= forked

    def read(self, thread: int, region: Region) -> None:
        """Thread class `thread` reads a region."""
        if self._owner.setdefault(region, thread) != thread:
            self._owner[region] = FORKED

    def _touch(self, thread: int, instance: ModuleInst, mentioned: Footprint) -> None:
        for space, index, fld, writes in mentioned.touches:
            region = Region(getattr(instance, space)[index], fld)
            self.read(thread, region)
            if writes:
                self._written.add(region)

    def constant(self, region: Region) -> bool:
        """Whether nobody writes the region."""
        return region not in self._written

    def owner(self, region: Region) -> int:
        """The one thread class that touches the region; FORKED if there may be several threads."""
        return self._owner.get(region, 0)
