"""Instructions (Fig. 2 and the base language). Indices are resolved; spans do not take part in equality.

Numeric operators are the standard's names without the type: `Binary(I32, "add")`, `Compare(I32, "lt_s")`,
`Convert("extend_s", I64, I32)`. Memory sizes are in bytes (the paper's grammar has bits, D12).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar

from semantics.diagnostics import Span
from semantics.syntax.types import NumType, Order, RefType, ValType

if TYPE_CHECKING:
    from semantics.syntax.modules import Module


@dataclass(frozen=True, slots=True)
class Node:
    """A syntax node: `span` is where it was written, None for nodes that no text has."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class BlockType:
    """The type of a block: parameters and results."""

    params: tuple[ValType, ...] = ()
    results: tuple[ValType, ...] = ()


@dataclass(frozen=True, slots=True)
class MemArg:
    """Static part of an address: memory index, offset in bytes, alignment as a power of two."""

    offset: int = 0
    align: int = 0
    memory: int = 0


# --- control ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Unreachable(Node):
    """unreachable"""


@dataclass(frozen=True, slots=True)
class Nop(Node):
    """nop"""


@dataclass(frozen=True, slots=True)
class Block(Node):
    """block bt e* end"""

    type: BlockType
    body: tuple[Instr, ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """loop bt e* end"""

    type: BlockType
    body: tuple[Instr, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """if bt e* else e* end"""

    type: BlockType
    then: tuple[Instr, ...]
    orelse: tuple[Instr, ...] = ()


@dataclass(frozen=True, slots=True)
class Br(Node):
    """br l (relative depth)"""

    label: int


@dataclass(frozen=True, slots=True)
class BrIf(Node):
    """br_if l"""

    label: int


@dataclass(frozen=True, slots=True)
class BrTable(Node):
    """br_table l* l"""

    labels: tuple[int, ...]
    default: int


@dataclass(frozen=True, slots=True)
class Return(Node):
    """return"""


@dataclass(frozen=True, slots=True)
class Call(Node):
    """call i"""

    func: int


@dataclass(frozen=True, slots=True)
class CallIndirect(Node):
    """call_indirect.ord ft; `type` is a type index."""

    type: int
    table: int = 0
    order: Order = Order.UNORD


# --- parametric and variables -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Drop(Node):
    """drop"""


@dataclass(frozen=True, slots=True)
class Select(Node):
    """select t?"""

    types: tuple[ValType, ...] | None = None


@dataclass(frozen=True, slots=True)
class LocalGet(Node):
    """local.get x"""

    index: int


@dataclass(frozen=True, slots=True)
class LocalSet(Node):
    """local.set x"""

    index: int


@dataclass(frozen=True, slots=True)
class LocalTee(Node):
    """local.tee x"""

    index: int


@dataclass(frozen=True, slots=True)
class GlobalGet(Node):
    """global.get.ord i"""

    index: int
    order: Order = Order.UNORD


@dataclass(frozen=True, slots=True)
class GlobalSet(Node):
    """global.set.ord i"""

    index: int
    order: Order = Order.UNORD


# --- numerics -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Const(Node):
    """t.const c; c is the unsigned bit pattern."""

    type: NumType
    value: int


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """t.clz, t.ctz, t.popcnt, t.extend8_s, t.extend16_s, t.extend32_s"""

    type: NumType
    op: str


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """t.add ... t.rotr"""

    type: NumType
    op: str


@dataclass(frozen=True, slots=True)
class Test(Node):
    """t.eqz"""

    type: NumType
    op: str


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """t.eq ... t.ge_u"""

    type: NumType
    op: str


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """to.op_from, as i64.extend_i32_s: Convert("extend_s", I64, I32); i32.wrap_i64: Convert("wrap", I32, I64)"""

    op: str
    to: NumType
    source: NumType


# --- references and tables ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RefNull(Node):
    """ref.null rt"""

    type: RefType


@dataclass(frozen=True, slots=True)
class RefFunc(Node):
    """ref.func i"""

    func: int


@dataclass(frozen=True, slots=True)
class RefIsNull(Node):
    """ref.is_null"""


@dataclass(frozen=True, slots=True)
class TableGet(Node):
    """table.get.ord"""

    table: int = 0
    order: Order = Order.UNORD


@dataclass(frozen=True, slots=True)
class TableSet(Node):
    """table.set.ord"""

    table: int = 0
    order: Order = Order.UNORD


@dataclass(frozen=True, slots=True)
class TableSize(Node):
    """table.size"""

    table: int = 0


@dataclass(frozen=True, slots=True)
class TableGrow(Node):
    """table.grow: operands value, count (deployed order)"""

    table: int = 0


@dataclass(frozen=True, slots=True)
class TableFill(Node):
    """table.fill"""

    table: int = 0


@dataclass(frozen=True, slots=True)
class TableCopy(Node):
    """table.copy"""

    target: int = 0
    source: int = 0


@dataclass(frozen=True, slots=True)
class TableInit(Node):
    """table.init"""

    table: int
    elem: int


@dataclass(frozen=True, slots=True)
class ElemDrop(Node):
    """elem.drop"""

    elem: int


# --- memory -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Load(Node):
    """t.load.ord pt a o; `size` bytes are read; `signed` is None iff size = |t|."""

    type: NumType
    size: int
    signed: bool | None
    memarg: MemArg
    order: Order = Order.UNORD


@dataclass(frozen=True, slots=True)
class Store(Node):
    """t.store.ord sz a o; `size` bytes are written."""

    type: NumType
    size: int
    memarg: MemArg
    order: Order = Order.UNORD


@dataclass(frozen=True, slots=True)
class Rmw(Node):
    """t.rmw.op pt a o, op in add sub and or xor xchg; zero-extending; seqcst, or acqrel (proposal)."""

    type: NumType
    op: str
    size: int
    memarg: MemArg
    order: Order = Order.SEQCST


@dataclass(frozen=True, slots=True)
class Cmpxchg(Node):
    """t.rmw.cmpxchg: operands address, expected, replacement (proposal; not in the paper)"""

    type: NumType
    size: int
    memarg: MemArg
    order: Order = Order.SEQCST


@dataclass(frozen=True, slots=True)
class Wait(Node):
    """memory.atomic.wait32/64: operands address, expected, timeout (deployed order)"""

    type: NumType
    memarg: MemArg


@dataclass(frozen=True, slots=True)
class Notify(Node):
    """memory.atomic.notify: operands address, count (deployed order)"""

    memarg: MemArg


@dataclass(frozen=True, slots=True)
class Fence(Node):
    """atomic.fence, seqcst or acqrel (proposal)"""

    order: Order = Order.SEQCST


@dataclass(frozen=True, slots=True)
class MemorySize(Node):
    """memory.size"""

    memory: int = 0


@dataclass(frozen=True, slots=True)
class MemoryGrow(Node):
    """memory.grow"""

    memory: int = 0


@dataclass(frozen=True, slots=True)
class MemoryFill(Node):
    """memory.fill"""

    memory: int = 0


@dataclass(frozen=True, slots=True)
class MemoryCopy(Node):
    """memory.copy"""

    target: int = 0
    source: int = 0


@dataclass(frozen=True, slots=True)
class MemoryInit(Node):
    """memory.init"""

    data: int
    memory: int = 0


@dataclass(frozen=True, slots=True)
class DataDrop(Node):
    """data.drop"""

    data: int


# --- threads ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Fork(Node):
    """fork i"""

    func: int


@dataclass(frozen=True, slots=True)
class Instantiate(Node):
    """instantiate mod: one reference per import, one per export; `module` is closed."""

    module: Module


@dataclass(frozen=True, slots=True)
class DesignInstr(Node):
    """An instruction that a thread-creation design adds (semantics.profiles). Its fields are its immediates in the
    order of the text; a field that is an index is named after its space: func, type, table, memory, global_, elem."""

    opcode: ClassVar[str]
    """Its name in text."""
    feature: ClassVar[str]
    """What a design must have for it: an entry of `Discipline.features`."""
    after: ClassVar[Expr] = ()
    """Where it is the body of a function of the embedder: the code behind it."""


Instr = (
    Unreachable | Nop | Block | Loop | If | Br | BrIf | BrTable | Return | Call | CallIndirect
    | Drop | Select | LocalGet | LocalSet | LocalTee | GlobalGet | GlobalSet
    | Const | Unary | Binary | Test | Compare | Convert
    | RefNull | RefFunc | RefIsNull | TableGet | TableSet | TableSize | TableGrow | TableFill | TableCopy
    | TableInit | ElemDrop
    | Load | Store | Rmw | Cmpxchg | Wait | Notify | Fence | MemorySize | MemoryGrow | MemoryFill | MemoryCopy
    | MemoryInit | DataDrop | Fork | Instantiate | DesignInstr
)  # fmt: skip
"""e, the instructions of Fig. 2 and of the base language."""

Expr = tuple[Instr, ...]


def immediates(instr: DesignInstr) -> tuple[object, ...]:
    """The immediates of a design's instruction, in the order of the text."""
    return tuple(getattr(instr, f.name) for f in fields(instr) if f.name != "span")
