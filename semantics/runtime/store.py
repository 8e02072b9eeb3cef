"""The store s and its objects (Fig. 3): functions, globals, tables, memories, segments, module instances.

Objects are immutable: what changes lives in the regions `a.fld` and is known only through actions. The store is
append-only, so every path of an unfolding may use one store: an address means one object for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from semantics.diagnostics import InternalError
from semantics.runtime.actions import Field, Payload, Region
from semantics.syntax.modules import ExternKind, Function, Module
from semantics.syntax.types import ExternType, FuncType, GlobalType, MemType, RefType, Share, TableType


@dataclass(slots=True, eq=False)
class ModuleInst:
    """m ::= {func a*, global a*, table a*, mem a*}, with types, segments and exports. Compared by identity."""

    types: tuple[FuncType, ...] = ()
    funcs: tuple[int, ...] = ()
    globals: tuple[int, ...] = ()
    tables: tuple[int, ...] = ()
    mems: tuple[int, ...] = ()
    datas: tuple[int, ...] = ()
    elems: tuple[int, ...] = ()
    exports: Mapping[str, tuple[ExternKind, int]] = field(default_factory=dict)
    module: Module | None = None
    """The code that it was made from; None for the host's own."""
    imports: tuple[int, ...] = ()
    """X: the addresses that it was linked with, in the order of the module's imports."""


@dataclass(frozen=True, slots=True, eq=False)
class FuncInst:
    """func m f: a function closed over its module instance; `index` in that instance."""

    type: FuncType
    instance: ModuleInst
    code: Function
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class GlobalInst:
    """global gt; its value is the region a.val."""

    type: GlobalType


@dataclass(frozen=True, slots=True, eq=False)
class TableInst:
    """table tt; its size is a.len (entries), its entries a.elem."""

    type: TableType


@dataclass(frozen=True, slots=True, eq=False)
class MemInst:
    """mem mt; its size is a.len (bytes), its bytes a.data."""

    type: MemType


@dataclass(frozen=True, slots=True, eq=False)
class DataInst:
    """A data segment; a.val is 1 once it is dropped (systems.md B.11)."""

    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class ElemInst:
    """An element segment, its references evaluated; a.val is 1 once it is dropped."""

    type: RefType
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CodeInst:
    """Code that is not instantiated: what a module reference denotes (systems.md B.4)."""

    module: Module


@dataclass(frozen=True, slots=True, eq=False)
class HandleInst:
    """hd: what shows a thread's end and takes requests to cancel it (systems.md B.7). a.st is the state, a.cn whether
    somebody asked; `results` are the addresses of globals that take its results, as an event acts once on a region."""

    results: tuple[int, ...]


HOST = ModuleInst()
"""The instance of host functions: such a function runs in its caller's instance."""

Object = FuncInst | GlobalInst | TableInst | MemInst | DataInst | ElemInst | CodeInst | HandleInst


@dataclass(slots=True)
class Store:
    """s: addresses (from 1) to objects. `initial` is the content of every region when its object was created;
    `creator` says of an address who created it (whatever the caller of `allocate` gave), `owner` which instance has
    it as a definition of its own."""

    objects: list[Object] = field(default_factory=list)
    initial: dict[Region, Payload] = field(default_factory=dict)
    creator: dict[int, object] = field(default_factory=dict)
    turn: int = 0
    """The lock of threads that take turns; 0 where they do not (systems.md B.12)."""
    states: int = 0
    """Bytes: the states of these threads, by their numbers."""
    contexts: tuple[int, ...] = ()
    """Thread-local globals that the embedder keeps."""
    owner: dict[int, ModuleInst] = field(default_factory=dict)
    _codes: dict[int, int] = field(default_factory=dict)  # id of a module -> the address of its code

    def allocate(self, created: Object, creator: object = None) -> int:
        """A fresh address for an object."""
        self.objects.append(created)
        address = len(self.objects)
        if creator is not None:
            self.creator[address] = creator
        return address

    def __getitem__(self, address: int) -> Object:
        """s(a). Raises InternalError for an address that was never allocated."""
        if 0 < address <= len(self.objects):
            return self.objects[address - 1]
        raise InternalError(f"address {address} is not in the store")

    def func(self, address: int) -> FuncInst:
        """s(a), a function."""
        found = self[address]
        if isinstance(found, FuncInst):
            return found
        raise InternalError(f"the object at address {address} is not a function")

    def table(self, address: int) -> TableInst:
        """s(a), a table."""
        found = self[address]
        if isinstance(found, TableInst):
            return found
        raise InternalError(f"the object at address {address} is not a table")

    def global_(self, address: int) -> GlobalInst:
        """s(a), a global."""
        found = self[address]
        if isinstance(found, GlobalInst):
            return found
        raise InternalError(f"the object at address {address} is not a global")

    def memory(self, address: int) -> MemInst:
        """s(a), a memory."""
        found = self[address]
        if isinstance(found, MemInst):
            return found
        raise InternalError(f"the object at address {address} is not a memory")

    def data(self, address: int) -> DataInst:
        """s(a), a data segment."""
        found = self[address]
        if isinstance(found, DataInst):
            return found
        raise InternalError(f"the object at address {address} is not a data segment")

    def elem(self, address: int) -> ElemInst:
        """s(a), an element segment."""
        found = self[address]
        if isinstance(found, ElemInst):
            return found
        raise InternalError(f"the object at address {address} is not an element segment")

    def code(self, module: Module) -> int:
        """The address of a module's code: the same one every time."""
        if id(module) not in self._codes:
            self._codes[id(module)] = self.allocate(CodeInst(module))
        return self._codes[id(module)]

    def module(self, address: int) -> Module:
        """The code at an address."""
        found = self[address]
        if isinstance(found, CodeInst):
            return found.module
        raise InternalError(f"the object at address {address} is not code")

    def handle(self, address: int) -> HandleInst:
        """s(a), a thread handle."""
        found = self[address]
        if isinstance(found, HandleInst):
            return found
        raise InternalError(f"the object at address {address} is not a thread handle")

    def type(self, address: int) -> ExternType:
        """type(s(a)) of the four kinds that modules import and export."""
        found = self[address]
        if isinstance(found, FuncInst | GlobalInst | TableInst | MemInst):
            return found.type
        raise InternalError(f"the object at address {address} is no definition")

    def is_local(self, address: int) -> bool:
        """Whether the object at an address is local: element segments are as their type, data segments, code and
        thread handles shared."""
        found = self[address]
        return not isinstance(found, DataInst | CodeInst | HandleInst) and found.type.share is Share.LOCAL

    def addresses(self) -> range:
        """All addresses so far."""
        return range(1, len(self.objects) + 1)

    def regions(self, address: int) -> tuple[Region, ...]:
        """The regions of the object at an address; none for a function and for code."""
        match self[address]:
            case FuncInst() | CodeInst():
                return ()
            case HandleInst():
                return (Region(address, Field.STATE), Region(address, Field.CANCEL))
            case TableInst():
                return (Region(address, Field.LEN), Region(address, Field.ELEM))
            case MemInst():
                return (Region(address, Field.LEN), Region(address, Field.DATA))
            case _:
                return (Region(address, Field.VAL),)
