"""Modules and their definitions (Fig. 2). Index spaces list imports first, as in the standard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from semantics.syntax.instructions import Expr, Node
from semantics.syntax.types import (
    ExternType,
    FuncType,
    GlobalType,
    HeapKind,
    MemType,
    RefType,
    Share,
    TableType,
    ValType,
)


class ExternKind(Enum):
    """The four kinds of definition that can be imported and exported."""

    FUNC = "func"
    TABLE = "table"
    MEMORY = "memory"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Import(Node):
    """im ::= import "module" "name", with the type that is asked for."""

    module: str
    name: str
    type: ExternType
    binding: str | None = None  # the $name in text


@dataclass(frozen=True, slots=True)
class Opaque(Node):
    """An imported type, im (type opaque): no structure, no equality, only a test for null (systems.md B.6). Two of the
    same module and name are one type, whichever modules import it: the embedder gives a name one type."""

    module: str
    name: str
    share: Share = Share.LOCAL
    binding: str | None = None

    @property
    def type(self) -> RefType:
        """References to it."""
        return RefType(self.share, HeapKind.OPAQUE, (self.module, self.name))


@dataclass(frozen=True, slots=True)
class Export(Node):
    """ex ::= export "name" of the definition with that index."""

    name: str
    kind: ExternKind
    index: int


@dataclass(frozen=True, slots=True)
class Function(Node):
    """func ft local t* e*; `local_names` names parameters then locals, None where the text has no name."""

    type: FuncType
    locals: tuple[ValType, ...]
    body: Expr
    binding: str | None = None
    local_names: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Global(Node):
    """global gt e*"""

    type: GlobalType
    init: Expr
    binding: str | None = None


@dataclass(frozen=True, slots=True)
class Table(Node):
    """table tt; initial entries are null, or `init` where given."""

    type: TableType
    init: Expr | None = None
    binding: str | None = None


@dataclass(frozen=True, slots=True)
class Memory(Node):
    """memory mt"""

    type: MemType
    binding: str | None = None


class SegmentMode(Enum):
    """Active segments are copied at instantiation, passive ones by *.init, declarative ones never."""

    ACTIVE = "active"
    PASSIVE = "passive"
    DECLARATIVE = "declarative"


@dataclass(frozen=True, slots=True)
class Data(Node):
    """A data segment; `share` is its attribute where the design has one (systems.md B.11)."""

    content: bytes
    mode: SegmentMode
    memory: int = 0
    offset: Expr = ()
    binding: str | None = None
    share: Share = Share.LOCAL


@dataclass(frozen=True, slots=True)
class Elem(Node):
    """An element segment; each item is a constant expression; `share` as for data."""

    type: RefType
    items: tuple[Expr, ...]
    mode: SegmentMode
    table: int = 0
    offset: Expr = ()
    binding: str | None = None
    share: Share = Share.LOCAL


@dataclass(frozen=True, slots=True)
class Custom:
    """A custom section of a binary; `after` is the id of the section that it follows, 0 at the beginning."""

    name: str
    content: bytes
    after: int = 0


@dataclass(frozen=True, slots=True)
class Module(Node):
    """mod ::= module ...; `types` is the type section. Nested modules (for `instantiate`) stand in `modules`, imported
    types in `opaques`. `shared` is the flag of the whole module (systems.md B.8)."""

    types: tuple[FuncType, ...] = ()
    imports: tuple[Import, ...] = ()
    funcs: tuple[Function, ...] = ()
    globals: tuple[Global, ...] = ()
    tables: tuple[Table, ...] = ()
    memories: tuple[Memory, ...] = ()
    exports: tuple[Export, ...] = ()
    datas: tuple[Data, ...] = ()
    elems: tuple[Elem, ...] = ()
    start: int | None = None
    modules: tuple[Module, ...] = ()
    opaques: tuple[Opaque, ...] = ()
    shared: bool = False
    binding: str | None = field(default=None, compare=False)
    customs: tuple[Custom, ...] = field(default=(), compare=False)

    def imported(self, kind: ExternKind) -> tuple[Import, ...]:
        """The imports of one kind, in order: they come first in that index space."""
        wanted = {
            ExternKind.FUNC: FuncType,
            ExternKind.TABLE: TableType,
            ExternKind.MEMORY: MemType,
            ExternKind.GLOBAL: GlobalType,
        }[kind]
        return tuple(i for i in self.imports if isinstance(i.type, wanted))


def with_nested(module: Module) -> Iterator[Module]:
    """A module and all that are nested in it."""
    yield module
    for nested in module.modules:
        yield from with_nested(nested)
