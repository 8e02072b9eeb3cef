"""Expressions from bytes (core specification 5.4), without recursion: nested blocks are a stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from semantics.binary.opcodes import (
    ACCESS,
    EXCHANGE_ORDERS,
    INDEX,
    NO_IMMEDIATES,
    ONE_MEMORY,
    ORDERED,
    ORDERS,
    PREFIXES,
    SIMD,
)
from semantics.binary.stream import Stream
from semantics.diagnostics import Invalid, Unsupported
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import BlockType, Expr, Instr, MemArg
from semantics.syntax.types import EXTERNREF, F32, F64, FUNCREF, I32, I64, FuncType, Order, RefType, Share, ValType

NESTING = 250
"""How deep blocks may nest: validation and unfolding recurse over them."""

BLOCK, LOOP, IF, ELSE, END = 0x02, 0x03, 0x04, 0x05, 0x0B
VOID = 0x40
VALUES: dict[int, ValType] = {-1: I32, -2: I64, -3: F32, -4: F64, -16: FUNCREF, -17: EXTERNREF}
V128 = -5
_MAX_ALIGN = 32


def value_type(stream: Stream) -> ValType:
    """Takes a value type. Raises Unsupported for v128."""
    at = stream.position
    code = stream.signed(7)
    if code == V128:
        raise Unsupported("the type v128", stream.span(at))
    known = VALUES.get(code)
    if known is None:
        raise stream.malformed("malformed value type", at)
    return known


def reference_type(stream: Stream) -> RefType:
    """Takes a reference type."""
    at = stream.position
    known = VALUES.get(stream.signed(7))
    if not isinstance(known, RefType):
        raise stream.malformed("malformed reference type", at)
    return known


@dataclass(slots=True)
class _Open:
    """A block that has begun: its opcode, where, its type, what stands around it and in it, and before an else."""

    opcode: int
    begin: int
    type: BlockType
    around: list[Instr]
    items: list[Instr] = field(default_factory=list)
    then: Expr | None = None


class Bodies:
    """Reads expressions of one module. `types` is its type section.

    What is well formed but names a type that the section lacks is remembered in `invalid` (nothing can be built then),
    so that a malformedness further on comes first. `segment` is where an instruction first named a data segment.
    """

    def __init__(self, stream: Stream, types: tuple[FuncType, ...]) -> None:
        self.stream = stream
        self.types = types
        self.invalid: Invalid | None = None
        self.segment: int | None = None

    def type(self, index: int, begin: int) -> FuncType:
        """The type of that index."""
        if index < len(self.types):
            return self.types[index]
        if self.invalid is None:
            self.invalid = Invalid(f"unknown type {index}", self.stream.span(begin), rule="type")
        return FuncType(Share.LOCAL, (), ())

    def expression(self) -> Expr:
        """Takes instructions up to the END that closes them, and that."""
        stream = self.stream
        opened: list[_Open] = []
        items: list[Instr] = []
        while True:
            at = stream.position
            opcode = stream.byte()
            if opcode in (BLOCK, LOOP, IF):
                if len(opened) >= NESTING:
                    raise Unsupported(f"blocks that nest more than {NESTING} deep", stream.span(at))
                block = _Open(opcode, at, self._block_type(), items)
                opened.append(block)
                items = block.items
            elif opcode == END:
                if not opened:
                    return tuple(items)
                block = opened.pop()
                items = block.around
                items.append(self._close(block))
            elif opcode == ELSE:
                if not opened or opened[-1].opcode != IF or opened[-1].then is not None:
                    raise stream.malformed("END opcode expected", at)
                block = opened[-1]
                block.then = tuple(items)
                items = block.items = []
            else:
                items.append(self._plain(opcode, at))

    def _close(self, block: _Open) -> Instr:
        items, span = tuple(block.items), self.stream.span(block.begin)
        if block.opcode == BLOCK:
            return ast.Block(block.type, items, span=span)
        if block.opcode == LOOP:
            return ast.Loop(block.type, items, span=span)
        if block.then is None:
            return ast.If(block.type, items, span=span)
        return ast.If(block.type, block.then, items, span=span)

    def _block_type(self) -> BlockType:
        stream = self.stream
        at = stream.position
        first = stream.peek()
        if first == VOID:
            stream.position += 1
            return BlockType()
        if first is not None and first & 0xC0 == 0x40:
            return BlockType((), (value_type(stream),))
        index = stream.signed(33)
        if index < 0:
            raise stream.malformed("malformed block type", at)
        type = self.type(index, at)
        return BlockType(type.params, type.results)

    def _plain(self, opcode: int, at: int) -> Instr:
        """An instruction that holds no others; its first byte is taken."""
        stream = self.stream
        if opcode in PREFIXES:
            number = stream.unsigned()
            if number > 0xFF:
                raise stream.malformed(f"illegal opcode {opcode:02x} {number:02x}", at)
            opcode = PREFIXES[opcode] + number
        elif opcode == SIMD:
            number = stream.unsigned()
            raise Unsupported(f"the SIMD instruction fd {number:02x}", stream.span(at))
        shape = NO_IMMEDIATES.get(opcode)
        if shape is not None:
            return shape[0](*shape[1], span=stream.span(at))  # type: ignore[no-any-return]
        access = ACCESS.get(opcode)
        if access is not None:
            cls, before, behind = access
            memarg, ordered = self._memarg(atomic=bool(behind))
            if ordered:
                behind = (self._order(EXCHANGE_ORDERS if cls in (ast.Rmw, ast.Cmpxchg) else ORDERS),)
            return cls(*before, memarg, *behind, span=stream.span(at))  # type: ignore[no-any-return]
        one = INDEX.get(opcode)
        if one is not None:
            index = stream.unsigned()
            if one is ast.DataDrop:
                self._names_segment(at)
            return one(index, span=stream.span(at))  # type: ignore[no-any-return]
        one = ONE_MEMORY.get(opcode)
        if one is not None:
            stream.expect(0, "zero byte expected")
            return one(span=stream.span(at))  # type: ignore[no-any-return]
        special = _SPECIAL.get(opcode)
        if special is None:
            code = f"{opcode:02x}" if opcode < 0x100 else f"{opcode >> 8:02x} {opcode & 0xFF:02x}"
            raise stream.malformed(f"illegal opcode {code}", at)
        return special(self, at)

    def _memarg(self, *, atomic: bool) -> tuple[MemArg, bool]:
        """The memarg, and whether an order follows: only atomic accesses may have one."""
        stream = self.stream
        at = stream.position
        align = stream.unsigned()
        if align >= _MAX_ALIGN:
            raise stream.malformed("malformed memop flags", at)
        ordered = atomic and bool(align & ORDERED)
        return MemArg(stream.unsigned(), align & ~ORDERED if ordered else align), ordered

    def _order(self, orders: Mapping[int, Order]) -> Order:
        at = self.stream.position
        found = orders.get(self.stream.byte())
        if found is None:
            raise self.stream.malformed("malformed memory order", at)
        return found

    def _names_segment(self, at: int) -> None:
        if self.segment is None:
            self.segment = at

    # --- instructions with immediates of their own ------------------------------------------------
    def _br_table(self, at: int) -> Instr:
        labels = self.stream.vector(self.stream.unsigned)
        default = self.stream.unsigned()
        return ast.BrTable(labels, default, span=self.stream.span(at))

    def _call_indirect(self, at: int) -> Instr:
        type, table = self.stream.unsigned(), self.stream.unsigned()
        return ast.CallIndirect(type, table, span=self.stream.span(at))

    def _select(self, at: int) -> Instr:
        types = self.stream.vector(lambda: value_type(self.stream))
        return ast.Select(types, span=self.stream.span(at))

    def _i32(self, at: int) -> Instr:
        return ast.Const(I32, self.stream.signed(32) & 0xFFFF_FFFF, span=self.stream.span(at))

    def _i64(self, at: int) -> Instr:
        return ast.Const(I64, self.stream.signed(64) & 0xFFFF_FFFF_FFFF_FFFF, span=self.stream.span(at))

    def _f32(self, at: int) -> Instr:
        return ast.Const(F32, int.from_bytes(self.stream.bytes(4), "little"), span=self.stream.span(at))

    def _f64(self, at: int) -> Instr:
        return ast.Const(F64, int.from_bytes(self.stream.bytes(8), "little"), span=self.stream.span(at))

    def _ref_null(self, at: int) -> Instr:
        return ast.RefNull(reference_type(self.stream), span=self.stream.span(at))

    def _fence(self, at: int) -> Instr:
        return ast.Fence(self._order(ORDERS), span=self.stream.span(at))

    def _memory_init(self, at: int) -> Instr:
        data = self.stream.unsigned()
        self.stream.expect(0, "zero byte expected")
        self._names_segment(at)
        return ast.MemoryInit(data, span=self.stream.span(at))

    def _memory_copy(self, at: int) -> Instr:
        self.stream.expect(0, "zero byte expected")
        self.stream.expect(0, "zero byte expected")
        return ast.MemoryCopy(span=self.stream.span(at))

    def _table_init(self, at: int) -> Instr:
        elem, table = self.stream.unsigned(), self.stream.unsigned()
        return ast.TableInit(table, elem, span=self.stream.span(at))

    def _table_copy(self, at: int) -> Instr:
        target, source = self.stream.unsigned(), self.stream.unsigned()
        return ast.TableCopy(target, source, span=self.stream.span(at))


_SPECIAL: dict[int, Callable[[Bodies, int], Instr]] = {
    0x0E: Bodies._br_table,
    0x11: Bodies._call_indirect,
    0x1C: Bodies._select,
    0x41: Bodies._i32,
    0x42: Bodies._i64,
    0x43: Bodies._f32,
    0x44: Bodies._f64,
    0xD0: Bodies._ref_null,
    0xFC08: Bodies._memory_init,
    0xFC0A: Bodies._memory_copy,
    0xFC0C: Bodies._table_init,
    0xFC0E: Bodies._table_copy,
    0xFE03: Bodies._fence,
}
