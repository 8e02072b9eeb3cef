"""Modules to bytes, with the shortest encodings. What the format cannot say is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from semantics.binary import leb
from semantics.binary.bodies import BLOCK, ELSE, END, IF, LOOP, VOID
from semantics.binary.decoding import (
    CODE,
    CUSTOM,
    DATA,
    DATA_COUNT,
    ELEM,
    EXPORT,
    FUNC,
    FUNCTION_TYPE,
    GLOBAL,
    IMPORT,
    KINDS,
    MAGIC,
    MEMORY,
    ORDER,
    START,
    TABLE,
    TYPE,
    VERSION,
)
from semantics.binary.names import SECTION, write_names
from semantics.binary.opcodes import (
    ACCESS,
    EXCHANGE_ORDERS,
    INDEX,
    NO_IMMEDIATES,
    ONE_MEMORY,
    ORDERED,
    ORDERS,
    opcode_bytes,
)
from semantics.diagnostics import Span, Unsupported
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import BlockType, Expr, Instr, MemArg, Node
from semantics.syntax.modules import Data, Elem, ExternKind, Function, Module, SegmentMode
from semantics.syntax.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    NumType,
    Order,
    Share,
    TableType,
    ValType,
)

_VALUES: dict[ValType, int] = {I32: 0x7F, I64: 0x7E, F32: 0x7D, F64: 0x7C, FUNCREF: 0x70, EXTERNREF: 0x6F}
_CONST = {I32: 0x41, I64: 0x42, F32: 0x43, F64: 0x44}
_PLAIN: dict[Instr, bytes] = {cls(*args): opcode_bytes(opcode) for opcode, (cls, args) in NO_IMMEDIATES.items()}
_ACCESS: dict[Instr, bytes] = {
    cls(*before, MemArg(), *behind): opcode_bytes(opcode) for opcode, (cls, before, behind) in ACCESS.items()
}
_INDEX = {cls: (opcode_bytes(opcode), fields(cls)[1].name) for opcode, cls in INDEX.items()}
_MEMORY = {cls: opcode_bytes(opcode) for opcode, cls in ONE_MEMORY.items()}


def encode_module(module: Module) -> bytes:
    """The binary of a module; its bindings become the name section, its custom sections keep their places.

    Raises Unsupported for what has no binary form: shared definitions other than memories, `fork`, `instantiate`,
    nested modules, segments and modules with an attribute, seqcst globals and tables, tables with an initial value,
    and accesses to other memories than 0.
    """
    return _Encoder(module).module()


class _Encoder:
    """Writes one module. `types` grows by the types that the type section lacks."""

    def __init__(self, module: Module) -> None:
        self.source = module
        self.types = list(module.types)
        self.places = {type: index for index, type in reversed(list(enumerate(module.types)))}
        self.segments = False

    def module(self) -> bytes:
        """Everything; the types last, when all are known."""
        module = self.source
        if module.opaques:
            raise _no_form("an imported type", module.opaques[0].span or module.span)
        if module.modules:
            raise Unsupported("a module in a module in the binary format", module.modules[0].span or module.span)
        if module.shared:
            raise _no_form("a module with the attribute", module.span)
        segments: tuple[Elem | Data, ...] = (*module.elems, *module.datas)
        for segment in segments:
            if segment.share is Share.SHARED:
                raise _no_form("a segment with an attribute", segment.span)
        vectors: dict[int, Sequence[bytes]] = {
            IMPORT: [self._import(i.module, i.name, i.type, i) for i in module.imports],
            FUNC: [self._type(f.type, f) for f in module.funcs],
            TABLE: [self._table(t.type, t, t.init) for t in module.tables],
            MEMORY: [self._memory_type(m.type) for m in module.memories],
            GLOBAL: [self._global_type(g.type, g) + self._expression(g.init) for g in module.globals],
            EXPORT: [leb.name(e.name) + bytes((KINDS.index(e.kind),)) + leb.unsigned(e.index) for e in module.exports],
            ELEM: [self._elem(e) for e in module.elems],
            CODE: [leb.sized(self._code(f)) for f in module.funcs],
            DATA: [self._data(d) for d in module.datas],
        }
        vectors[TYPE] = [self._function_type(t) for t in self.types]
        contents = {section: leb.vector(items) for section, items in vectors.items() if items}
        if module.start is not None:
            contents[START] = leb.unsigned(module.start)
        if self.segments:
            contents[DATA_COUNT] = leb.unsigned(len(module.datas))
        out = bytearray(MAGIC + VERSION)
        for section in (CUSTOM, *ORDER):
            if section in contents:
                out += bytes((section,)) + leb.sized(contents[section])
            for custom in module.customs:
                if custom.after == section:
                    out += _custom(custom.name, custom.content)
        names = write_names(module)
        if names:
            out += _custom(SECTION, names)
        return bytes(out)

    # --- types -----------------------------------------------------------------------------------
    def _value(self, type: ValType, span: Span | None) -> bytes:
        code = _VALUES.get(type)
        if code is None:
            raise _no_form(f"the type {type}", span)
        return bytes((code,))

    def _function_type(self, type: FuncType) -> bytes:
        return bytes((FUNCTION_TYPE & 0x7F,)) + self._values(type.params) + self._values(type.results)

    def _values(self, types: Sequence[ValType]) -> bytes:
        return leb.vector([self._value(t, self.source.span) for t in types])

    def _type(self, type: FuncType, at: Node) -> bytes:
        """The index of a type, unsigned."""
        return leb.unsigned(self._place(type, at))

    def _place(self, type: FuncType, at: Node) -> int:
        if type.share is Share.SHARED:
            raise _no_form("a shared function", at.span)
        if type not in self.places:
            self.places[type] = len(self.types)
            self.types.append(type)
        return self.places[type]

    def _limits(self, limits: Limits, shared: bool) -> bytes:
        flags = (limits.max is not None) | shared << 1
        most = b"" if limits.max is None else leb.unsigned(limits.max)
        return bytes((flags,)) + leb.unsigned(limits.min) + most

    def _memory_type(self, type: MemType) -> bytes:
        return self._limits(type.limits, type.share is Share.SHARED)

    def _table(self, type: TableType, at: Node, init: Expr | None = None) -> bytes:
        if type.share is Share.SHARED:
            raise _no_form("a shared table", at.span)
        if init is not None:
            raise _no_form("a table with an initial value", at.span)
        return self._value(type.elem, at.span) + self._limits(type.limits, False)

    def _global_type(self, type: GlobalType, at: Node) -> bytes:
        if type.share is not Share.LOCAL:
            raise _no_form(f"a {type.share.value} global", at.span)
        return self._value(type.type, at.span) + bytes((type.mutable,))

    # --- definitions -----------------------------------------------------------------------------
    def _import(self, module: str, name: str, type: ExternType, at: Node) -> bytes:
        match type:
            case FuncType():
                kind, content = ExternKind.FUNC, self._type(type, at)
            case TableType():
                kind, content = ExternKind.TABLE, self._table(type, at)
            case MemType():
                kind, content = ExternKind.MEMORY, self._memory_type(type)
            case GlobalType():
                kind, content = ExternKind.GLOBAL, self._global_type(type, at)
        return leb.name(module) + leb.name(name) + bytes((KINDS.index(kind),)) + content

    def _code(self, function: Function) -> bytes:
        runs: list[tuple[int, ValType]] = []
        for type in function.locals:
            if runs and runs[-1][1] == type:
                runs[-1] = (runs[-1][0] + 1, type)
            else:
                runs.append((1, type))
        locals = leb.vector([leb.unsigned(n) + self._value(t, function.span) for n, t in runs])
        return locals + self._expression(function.body)

    def _elem(self, elem: Elem) -> bytes:
        functions = [e[0].func for e in elem.items if len(e) == 1 and isinstance(e[0], ast.RefFunc)]
        plain = elem.type == FUNCREF and len(functions) == len(elem.items)
        kind = b"\0" if plain else self._value(elem.type, elem.span)
        flags, head = 0, b""
        if elem.mode is not SegmentMode.ACTIVE:
            flags, head = (1 if elem.mode is SegmentMode.PASSIVE else 3), kind
        elif elem.table or elem.type != FUNCREF:
            flags, head = 2, leb.unsigned(elem.table) + self._expression(elem.offset) + kind
        else:
            head = self._expression(elem.offset)
        if plain:
            return bytes((flags,)) + head + leb.vector([leb.unsigned(f) for f in functions])
        return bytes((flags | 4,)) + head + leb.vector([self._expression(e) for e in elem.items])

    def _data(self, data: Data) -> bytes:
        if data.mode is SegmentMode.PASSIVE:
            head = b"\1"
        else:
            head = (b"\2" + leb.unsigned(data.memory) if data.memory else b"\0") + self._expression(data.offset)
        return head + leb.sized(data.content)

    # --- expressions -----------------------------------------------------------------------------
    def _expression(self, body: Expr) -> bytes:
        """Instructions and the END that closes them; without recursion."""
        out = bytearray()
        work: list[Instr | int] = [END, *reversed(body)]
        while work:
            item = work.pop()
            match item:
                case int():
                    out.append(item)
                case ast.Block(type=type, body=inner) | ast.Loop(type=type, body=inner):
                    out.append(BLOCK if isinstance(item, ast.Block) else LOOP)
                    out += self._block_type(type, item)
                    work += (END, *reversed(inner))
                case ast.If(type=type, then=then, orelse=orelse):
                    out.append(IF)
                    out += self._block_type(type, item)
                    work.append(END)
                    if orelse:
                        work += (*reversed(orelse), ELSE)
                    work += reversed(then)
                case _:
                    out += self._plain(item)
        return bytes(out)

    def _block_type(self, type: BlockType, at: Node) -> bytes:
        if not type.params and not type.results:
            return bytes((VOID,))
        if not type.params and len(type.results) == 1:
            return self._value(type.results[0], at.span)
        return leb.signed(self._place(FuncType(Share.LOCAL, type.params, type.results), at))

    def _plain(self, instr: Instr) -> bytes:
        match instr:
            case ast.Const(number, value):
                return bytes((_CONST[number],)) + _constant(number, value)
            case ast.BrTable(labels, default):
                return b"\x0e" + leb.vector([leb.unsigned(label) for label in labels]) + leb.unsigned(default)
            case ast.CallIndirect(type_index, table, order):
                _require_unordered(order, "call_indirect", instr)
                return b"\x11" + leb.unsigned(type_index) + leb.unsigned(table)
            case ast.Select(types) if types is not None:
                return b"\x1c" + leb.vector([self._value(t, instr.span) for t in types])
            case ast.GlobalGet(_, order) | ast.GlobalSet(_, order) | ast.TableGet(_, order) | ast.TableSet(_, order):
                _require_unordered(order, "an access to a global or table", instr)
            case ast.RefNull(reference):
                return b"\xd0" + self._value(reference, instr.span)
            case ast.Fence(order):
                return b"\xfe\x03" + _order(ORDERS, order)
            case ast.MemoryInit(data, memory):
                self.segments = True
                return b"\xfc\x08" + leb.unsigned(data) + _zero(memory, instr)
            case ast.DataDrop():
                self.segments = True
            case ast.MemoryCopy(target, origin):
                return b"\xfc\x0a" + _zero(target, instr) + _zero(origin, instr)
            case ast.TableInit(table, elem):
                return b"\xfc\x0c" + leb.unsigned(elem) + leb.unsigned(table)
            case ast.TableCopy(target, origin):
                return b"\xfc\x0e" + leb.unsigned(target) + leb.unsigned(origin)
            case ast.MemorySize(memory) | ast.MemoryGrow(memory) | ast.MemoryFill(memory):
                return _MEMORY[type(instr)] + _zero(memory, instr)
            case ast.Fork():
                raise _no_form("fork", instr.span)
            case ast.Instantiate():
                raise _no_form("instantiate", instr.span)
            case ast.DesignInstr():
                raise _no_form(instr.opcode, instr.span)
        return self._by_shape(instr)

    def _by_shape(self, instr: Instr) -> bytes:
        """What the tables of opcodes know."""
        index = _INDEX.get(type(instr))
        if index is not None:
            opcode, attribute = index
            return opcode + leb.unsigned(getattr(instr, attribute))
        match instr:
            case ast.Load() | ast.Store() | ast.Rmw() | ast.Cmpxchg() | ast.Wait() | ast.Notify():
                memarg = instr.memarg
                _zero(memarg.memory, instr)
                flags, order = memarg.align, b""
                if not isinstance(instr, ast.Wait | ast.Notify) and instr.order is Order.ACQREL:
                    orders = EXCHANGE_ORDERS if isinstance(instr, ast.Rmw | ast.Cmpxchg) else ORDERS
                    flags, order = flags | ORDERED, _order(orders, instr.order)
                    instr = replace(instr, order=Order.SEQCST)
                opcode = _ACCESS[replace(instr, memarg=MemArg())]
                return opcode + leb.unsigned(flags) + leb.unsigned(memarg.offset) + order
        return _PLAIN[instr]


def _order(orders: Mapping[int, Order], order: Order) -> bytes:
    """The order immediate."""
    return bytes(code for code, known in orders.items() if known is order)


def _constant(type: NumType, value: int) -> bytes:
    if not type.is_integer:
        return value.to_bytes(type.bytes, "little")
    return leb.signed(value - (1 << type.bits) if value >> (type.bits - 1) else value)


def _require_unordered(order: Order, what: str, instr: Instr) -> None:
    if order is not Order.UNORD:
        raise _no_form(f"{what} with the order {order.value}", instr.span)


def _zero(memory: int, instr: Instr) -> bytes:
    """The place that later proposals gave to the index of a memory."""
    if memory:
        raise _no_form(f"an access to memory {memory}", instr.span)
    return b"\0"


def _custom(name: str, content: bytes) -> bytes:
    return bytes((CUSTOM,)) + leb.sized(leb.name(name) + content)


def _no_form(what: str, span: Span | None) -> Unsupported:
    return Unsupported(f"{what} in the binary format", span)
