"""Modules from bytes (core specification 5.5): the sections in their order, and what they must agree on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from semantics.binary.bodies import Bodies, reference_type, value_type
from semantics.binary.names import SECTION, bind, read_names
from semantics.binary.stream import Stream
from semantics.diagnostics import Malformed, Source, Unsupported
from semantics.syntax.instructions import Expr, RefFunc
from semantics.syntax.modules import (
    Custom,
    Data,
    Elem,
    Export,
    ExternKind,
    Function,
    Global,
    Import,
    Memory,
    Module,
    SegmentMode,
    Table,
)
from semantics.syntax.types import (
    FUNCREF,
    ExternType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    Share,
    TableType,
    ValType,
)

T = TypeVar("T")

MAGIC, VERSION = b"\0asm", b"\1\0\0\0"
MAX_LOCALS = 50_000
"""Locals of one function, as in browsers: a few bytes can ask for 2^32."""
ALL_LOCALS = 5_000_000
"""Locals of all functions together."""

CUSTOM, TYPE, IMPORT, FUNC, TABLE, MEMORY, GLOBAL, EXPORT, START, ELEM, CODE, DATA, DATA_COUNT = range(13)
ORDER = (TYPE, IMPORT, FUNC, TABLE, MEMORY, GLOBAL, EXPORT, START, ELEM, DATA_COUNT, CODE, DATA)
KINDS = (ExternKind.FUNC, ExternKind.TABLE, ExternKind.MEMORY, ExternKind.GLOBAL)
FUNCTION_TYPE = -0x20


def decode_module(data: bytes, name: str) -> Module:
    """The module of a binary; `name` is what errors call it.

    Raises Malformed, in the words of the specification's tests and with the offset; Unsupported for SIMD and for what
    exceeds our limits; Invalid where an index of a type has no type, for nothing can be built then.
    """
    return _Decoder(Stream(data, Source(name, "", binary=True))).module()


class _Decoder:
    """Reads one module."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.customs: list[Custom] = []
        self.last = CUSTOM  # the section before
        self.locals = 0  # of the functions so far
        self.bodies = Bodies(stream, ())

    def module(self) -> Module:
        """Takes everything."""
        stream = self.stream
        self._header()
        types = self._section(TYPE, self._function_type)
        self.bodies.types = types
        imports = self._section(IMPORT, self._import)
        signatures = self._section(FUNC, self._type_use)
        tables = self._section(TABLE, self._table)
        memories = self._section(MEMORY, self._memory)
        globals = self._section(GLOBAL, self._global)
        exports = self._section(EXPORT, self._export)
        start = self._single(START)
        elems = self._section(ELEM, self._elem)
        count = self._single(DATA_COUNT)
        remaining = iter(signatures)
        funcs = self._section(CODE, lambda: self._function(next(remaining, None)))
        datas = self._section(DATA, self._data)
        self._custom_sections()
        if stream.position < stream.end:
            raise stream.malformed("unexpected content after last section", stream.position)
        if len(signatures) != len(funcs):
            raise stream.malformed("function and code section have inconsistent lengths", stream.end)
        if count not in (None, len(datas)):
            raise stream.malformed("data count and data section have inconsistent lengths", stream.end)
        if count is None and self.bodies.segment is not None:
            raise stream.malformed("data count section required", self.bodies.segment)
        if self.bodies.invalid is not None:
            raise self.bodies.invalid
        module = Module(
            types=types,
            imports=imports,
            funcs=funcs,
            globals=globals,
            tables=tables,
            memories=memories,
            exports=exports,
            datas=datas,
            elems=elems,
            start=start,
            customs=tuple(c for c in self.customs if c.name != SECTION),
            span=stream.span(0),
        )
        for custom in self.customs:
            if custom.name == SECTION and (names := read_names(custom.content)) is not None:
                module = bind(module, names)
                stream.source.functions.extend(_stretches(module))
                break
        return module

    def _header(self) -> None:
        for expected, message in ((MAGIC, "magic header not detected"), (VERSION, "unknown binary version")):
            at = self.stream.position
            try:
                found = self.stream.bytes(4)
            except Malformed:
                raise self.stream.malformed("unexpected end", self.stream.end) from None
            if found != expected:
                raise self.stream.malformed(message, at)

    # --- sections --------------------------------------------------------------------------------
    def _at_section(self, wanted: int) -> bool:
        """Whether that section comes next; takes the custom sections before it."""
        stream = self.stream
        self._custom_sections()
        following = stream.peek()
        if following is not None and following > DATA_COUNT:
            raise stream.malformed("malformed section id", stream.position)
        if following != wanted:
            return False
        stream.position += 1
        self.last = wanted
        return True

    def _custom_sections(self) -> None:
        while self.stream.peek() == CUSTOM:
            self.stream.position += 1
            self._sized(self._custom)

    def _section(self, wanted: int, item: Callable[[], T]) -> tuple[T, ...]:
        """Takes a section that is a vector of items; it is empty where it is missing."""
        return self._sized(lambda _: self.stream.vector(item)) if self._at_section(wanted) else ()

    def _single(self, wanted: int) -> int | None:
        """Takes a section that is one number."""
        return self._sized(lambda _: self.stream.unsigned()) if self._at_section(wanted) else None

    def _sized(self, read: Callable[[int], T]) -> T:
        """Takes a size and what has that size; `read` is told where it ends."""
        stream = self.stream
        size = stream.length()
        begin = stream.position
        content = read(begin + size)
        if stream.position != begin + size:
            raise stream.malformed("section size mismatch", begin)
        return content

    def _custom(self, end: int) -> None:
        name = self.stream.name()
        content = self.stream.bytes(end - self.stream.position)
        self.customs.append(Custom(name, content, self.last))

    # --- types -----------------------------------------------------------------------------------
    def _value_type(self) -> ValType:
        return value_type(self.stream)

    def _function_type(self) -> FuncType:
        at = self.stream.position
        if self.stream.signed(7) != FUNCTION_TYPE:
            raise self.stream.malformed("malformed function type", at)
        params = self.stream.vector(self._value_type)
        return FuncType(Share.LOCAL, params, self.stream.vector(self._value_type))

    def _type_use(self) -> FuncType:
        at = self.stream.position
        return self.bodies.type(self.stream.unsigned(), at)

    def _limits(self) -> tuple[Limits, int]:
        """Takes limits; also gives their flags: 1 has a maximum, 2 is shared."""
        flags = self.stream.byte()
        if flags > 3:
            raise self.stream.malformed("malformed limits flags", self.stream.position - 1)
        least = self.stream.unsigned()
        return Limits(least, self.stream.unsigned() if flags & 1 else None), flags

    def _table_type(self) -> TableType:
        elem = reference_type(self.stream)
        at = self.stream.position
        limits, flags = self._limits()
        if flags & 2:
            raise self.stream.malformed("tables cannot be shared (yet)", at)
        return TableType(Share.LOCAL, limits, elem)

    def _memory_type(self) -> MemType:
        limits, flags = self._limits()
        return MemType(Share.SHARED if flags & 2 else Share.LOCAL, limits)

    def _global_type(self) -> GlobalType:
        type = value_type(self.stream)
        mutability = self.stream.byte()
        if mutability > 1:
            raise self.stream.malformed("malformed mutability", self.stream.position - 1)
        return GlobalType(Share.LOCAL, mutability == 1, type)

    # --- definitions -----------------------------------------------------------------------------
    def _import(self) -> Import:
        at = self.stream.position
        module, name = self.stream.name(), self.stream.name()
        kind = self.stream.byte()
        readers: tuple[Callable[[], ExternType], ...] = (
            self._type_use, self._table_type, self._memory_type, self._global_type,
        )  # fmt: skip
        if kind >= len(readers):
            raise self.stream.malformed("malformed import kind", self.stream.position - 1)
        type = readers[kind]()
        return Import(module, name, type, span=self.stream.span(at))

    def _table(self) -> Table:
        at = self.stream.position
        return Table(self._table_type(), span=self.stream.span(at))

    def _memory(self) -> Memory:
        at = self.stream.position
        return Memory(self._memory_type(), span=self.stream.span(at))

    def _global(self) -> Global:
        at = self.stream.position
        type = self._global_type()
        return Global(type, self.bodies.expression(), span=self.stream.span(at))

    def _export(self) -> Export:
        at = self.stream.position
        name = self.stream.name()
        kind = self.stream.byte()
        if kind >= len(KINDS):
            raise self.stream.malformed("malformed export kind", self.stream.position - 1)
        return Export(name, KINDS[kind], self.stream.unsigned(), span=self.stream.span(at))

    def _function(self, type: FuncType | None) -> Function:
        """Takes the code of a function; `type` is None where the function section ended too early."""
        at = self.stream.position
        return self._sized(lambda _: self._code(type or FuncType(Share.LOCAL, (), ()), at))

    def _code(self, type: FuncType, at: int) -> Function:
        begin = self.stream.position
        runs = self.stream.vector(lambda: (self.stream.unsigned(), value_type(self.stream)))
        count = len(type.params) + sum(n for n, _ in runs)
        if count >= 1 << 32:
            raise self.stream.malformed("too many locals", begin)
        if count > MAX_LOCALS:
            raise Unsupported(f"a function of more than {MAX_LOCALS} locals", self.stream.span(begin))
        self.locals += count
        if self.locals > ALL_LOCALS:
            raise Unsupported(f"a module of more than {ALL_LOCALS} locals", self.stream.span(begin))
        locals = tuple(t for n, t in runs for _ in range(n))
        body = self.bodies.expression()
        return Function(type, locals, body, None, (None,) * count, span=self.stream.span(at))

    # --- segments --------------------------------------------------------------------------------
    def _elem(self) -> Elem:
        """Flags: 1 is not active; 2 has a table (active) or is declarative (not active); 4 has expressions."""
        stream = self.stream
        at = stream.position
        flags = stream.unsigned()
        if flags > 7:
            raise stream.malformed("malformed elements segment kind", at)
        mode = SegmentMode.DECLARATIVE if flags & 2 else SegmentMode.PASSIVE
        table = 0
        offset: Expr = ()
        if not flags & 1:
            mode = SegmentMode.ACTIVE
            table = stream.unsigned() if flags & 2 else 0
            offset = self.bodies.expression()
        type = FUNCREF
        if flags & 3 and flags & 4:
            type = reference_type(stream)
        elif flags & 3:
            stream.expect(0, "malformed element kind")
        items = stream.vector(self.bodies.expression if flags & 4 else self._function_item)
        return Elem(type, items, mode, table, offset, span=stream.span(at))

    def _function_item(self) -> Expr:
        at = self.stream.position
        return (RefFunc(self.stream.unsigned(), span=self.stream.span(at)),)

    def _data(self) -> Data:
        stream = self.stream
        at = stream.position
        flags = stream.unsigned()
        if flags > 2:
            raise stream.malformed("malformed data segment kind", at)
        memory = stream.unsigned() if flags == 2 else 0
        offset: Expr = () if flags == 1 else self.bodies.expression()
        content = stream.bytes(stream.length())
        mode = SegmentMode.PASSIVE if flags == 1 else SegmentMode.ACTIVE
        return Data(content, mode, memory, offset, span=stream.span(at))


def _stretches(module: Module) -> Iterator[tuple[int, int, str]]:
    for function in module.funcs:
        if function.binding is not None and function.span is not None:
            yield function.span.column - 1, function.span.end_column - 1, function.binding
