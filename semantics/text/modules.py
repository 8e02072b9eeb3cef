"""Modules in text: fields in any order, every name bound before any body is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from semantics.diagnostics import Unsupported
from semantics.syntax.instructions import Const, Expr, RefFunc
from semantics.syntax.modules import (
    Data,
    Elem,
    Export,
    ExternKind,
    Function,
    Global,
    Import,
    Memory,
    Module,
    Opaque,
    SegmentMode,
    Table,
)
from semantics.syntax.types import (
    FUNCREF,
    I32,
    PAGE,
    SHARED_FUNCREF,
    ExternType,
    Limits,
    MemType,
    Share,
    TableType,
)
from semantics.text.context import Context, Names, suggestion, take_index
from semantics.text.cursor import Cursor
from semantics.text.instructions import read_sequence
from semantics.text.sexpr import Form
from semantics.text.types import (
    at_reference_type,
    defined_type,
    global_type,
    memory_type,
    reference_type,
    table_type,
    take_attribute,
    take_locals,
    take_share,
    type_use,
)

NESTING = 50
"""How deep modules may nest: readers and later passes recurse over them."""

_KINDS = {kind.value: kind for kind in ExternKind}
FIELDS = frozenset(("type", "import", "func", "table", "memory", "global", "export", "start", "elem", "data", "module"))
"""The heads of the fields of a module."""


@dataclass(slots=True)
class _Definition:
    """A func, table, memory or global while it is read: the cursor stands behind name, exports and inline import."""

    cursor: Cursor
    kind: ExternKind
    name: str | None
    index: int
    share: Share
    source: tuple[str, str] | None  # module and name, where it is imported


def read_module(cursor: Cursor, depth: int = 0) -> tuple[Module, Context]:
    """Reads the fields that are left in a form as a module, and gives the names that it binds.

    `depth` counts the modules around it. Raises TextError for what is not of the grammar, unknown and duplicate names,
    and Unsupported.
    """
    return _Reader(cursor, depth).read()


class _Reader:
    """One module while it is read: names first, then every field in the order of the text."""

    def __init__(self, cursor: Cursor, depth: int) -> None:
        self.cursor = cursor
        self.depth = depth
        self.context = Context()
        self.counts = dict.fromkeys(ExternKind, 0)
        self.segments = {"data": 0, "elem": 0}
        self.defined: ExternKind | None = None
        self.imports: list[Import] = []
        self.opaques: list[Opaque] = []
        self.funcs: list[Function] = []
        self.globals: list[Global] = []
        self.tables: list[Table] = []
        self.memories: list[Memory] = []
        self.exports: list[Export] = []
        self.datas: list[Data] = []
        self.elems: list[Elem] = []
        self.start: int | None = None
        self.shared = False

    def read(self) -> tuple[Module, Context]:
        """Reads all fields."""
        cursor = self.cursor
        cursor.opaque = {}
        binding = cursor.name()
        self.shared = cursor.keyword("shared")
        readers: list[Callable[[], None]] = []
        types: list[Cursor] = []
        while not cursor.at_end:
            field = self._field()
            if field.form.head == "type":
                self._bind(self.context.types, field, "type", len(types))
                types.append(field)
            else:
                readers.append(self._prepare(field))
        if clash := next((n for n in cursor.opaque if n in self.context.types), None):
            raise cursor.text.error(f"duplicate type {clash}", cursor.form.begin, cursor.form.end)
        for field in types:
            self.context.signatures.append(defined_type(field))
            field.finish('")"')
        for reader in readers:
            reader()
        module = Module(
            types=tuple(self.context.signatures),
            imports=tuple(self.imports),
            funcs=tuple(self.funcs),
            globals=tuple(self.globals),
            tables=tuple(self.tables),
            memories=tuple(self.memories),
            exports=tuple(self.exports),
            datas=tuple(self.datas),
            elems=tuple(self.elems),
            start=self.start,
            modules=tuple(self.context.nested),
            opaques=tuple(self.opaques),
            shared=self.shared,
            binding=binding,
            span=cursor.span(),
        )
        return module, self.context

    def _field(self) -> Cursor:
        head = self.cursor.peek_head()
        if head is None:
            raise self.cursor.unexpected("a module field such as (func ...)")
        if head in ("tag", "rec", "@custom"):
            raise self.cursor.unsupported(f"the module field ({head} ...)")
        if head not in FIELDS:
            raise self.cursor.error(
                f"unknown module field {head}{suggestion(head, FIELDS)}", expected=tuple(sorted(FIELDS))
            )
        return self.cursor.take_form()

    # --- names, in one pass over the heads -------------------------------------------------------
    def _prepare(self, field: Cursor) -> Callable[[], None]:
        """Binds the names of a field; gives what reads the rest of it."""
        head = field.form.head
        if head in _KINDS:
            definition = self._define(field, _KINDS[head])
            return lambda: self._read_definition(definition)
        if head == "import":
            imported = self._define_import(field)
            return lambda: self._read_definition(imported) if imported is not None else None
        if head == "module":
            return self._nested_module(field)
        if head in self.segments:
            name = self._bind_segment(field, head)
            return lambda: (self._read_data if head == "data" else self._read_elem)(field, name)
        return lambda: (self._read_export if head == "export" else self._read_start)(field)

    def _bind(self, names: Names, cursor: Cursor, kind: str, index: int) -> str | None:
        name = cursor.name()
        if name is not None:
            if name in names:
                cursor.index -= 1
                raise cursor.error(f"duplicate {kind} {name}")
            names[name] = index
        return name

    def _names(self, kind: ExternKind) -> Names:
        context = self.context
        return {
            ExternKind.FUNC: context.funcs,
            ExternKind.TABLE: context.tables,
            ExternKind.MEMORY: context.memories,
            ExternKind.GLOBAL: context.globals,
        }[kind]

    def _bind_segment(self, field: Cursor, head: str) -> str | None:
        names = self.context.datas if head == "data" else self.context.elems
        name = self._bind(names, field, f"{head} segment", self.segments[head])
        self.segments[head] += 1
        return name

    def _define(self, field: Cursor, kind: ExternKind) -> _Definition:
        index = self.counts[kind]
        self.counts[kind] += 1
        name = self._bind(self._names(kind), field, kind.value, index)
        share = take_share(field) if kind is ExternKind.FUNC else Share.LOCAL
        while field.peek_head() == "export":
            export = field.take_form()
            self.exports.append(Export(export.utf8("the name of the export"), kind, index, span=export.span()))
            export.finish('")"')
        source = None
        if inline := field.nested("import"):
            source = inline.utf8("the name of a module"), inline.utf8("the name of an import")
            inline.finish('")"')
            self._require_imports_first(inline, kind)
        elif self.defined is None:
            self.defined = kind
        if kind is ExternKind.FUNC and (field.keyword("shared") or (self.shared and source is None)):
            share = Share.SHARED
        if self._has_inline_segment(field, kind) and source is None:
            self.segments["data" if kind is ExternKind.MEMORY else "elem"] += 1
        return _Definition(field, kind, name, index, share, source)

    def _define_import(self, field: Cursor) -> _Definition | None:
        """An import; None for that of a type, which is read at once: the readers of types ask for its name."""
        source = field.utf8("the name of a module"), field.utf8("the name of an import")
        head = field.peek_head()
        if head == "type":
            self._import_type(field.take_form(), source)
            field.finish('")"')
            return None
        if head not in _KINDS:
            if head == "tag":
                raise field.unsupported("the import of a tag")
            raise field.unexpected("(func ...), (table ...), (memory ...), (global ...) or (type opaque)")
        kind = _KINDS[head]
        self._require_imports_first(field, kind)
        inner = field.take_form()
        field.finish('")"')
        index = self.counts[kind]
        self.counts[kind] += 1
        name = self._bind(self._names(kind), inner, kind.value, index)
        share = take_share(inner) if kind is ExternKind.FUNC else Share.LOCAL
        return _Definition(inner, kind, name, index, share, source)

    def _import_type(self, cursor: Cursor, source: tuple[str, str]) -> None:
        name = cursor.name()
        share = take_share(cursor)
        if not cursor.keyword("opaque"):
            raise cursor.unexpected("opaque")
        cursor.finish('")"')
        found = Opaque(*source, share, name, span=cursor.span())
        self.opaques.append(found)
        known = cursor.opaque
        if name in known:
            raise cursor.text.error(f"duplicate type {name}", cursor.form.begin, cursor.form.end)
        known[name or f"({len(known)})"] = found.type  # no word is written so: a type without a name

    def _require_imports_first(self, cursor: Cursor, kind: ExternKind) -> None:
        if self.defined is not None:
            form = cursor.form
            word = "function" if self.defined is ExternKind.FUNC else self.defined.value
            raise cursor.text.error(
                f"import after {word}: imports come before the definitions of the module",
                form.begin,
                form.end,
            )

    def _has_inline_segment(self, field: Cursor, kind: ExternKind) -> bool:
        if kind is ExternKind.MEMORY:
            return field.peek_head() == "data"
        return kind is ExternKind.TABLE and any(isinstance(i, Form) and i.head == "elem" for i in field.items)

    def _nested_module(self, field: Cursor) -> Callable[[], None]:
        names, nested = self.context.modules, self.context.nested
        if field.peek() in ("binary", "quote"):
            raise field.unsupported(f"a module in a module given as {field.peek()}")
        name = self._bind(names, field, "module", len(nested))
        if name is not None:
            field.index -= 1  # read_module takes it as the module's own name
        if self.depth >= NESTING:
            raise Unsupported(f"modules that nest more than {NESTING} deep", field.span())
        nested.append(read_module(field, self.depth + 1)[0])
        return lambda: None

    # --- definitions -----------------------------------------------------------------------------
    def _read_definition(self, definition: _Definition) -> None:
        if definition.source is not None:
            self._read_import(definition, *definition.source)
        elif definition.kind is ExternKind.FUNC:
            self._read_function(definition)
        elif definition.kind is ExternKind.GLOBAL:
            self._read_global(definition)
        elif definition.kind is ExternKind.TABLE:
            self._read_table(definition)
        else:
            self._read_memory(definition)

    def _read_import(self, definition: _Definition, module: str, name: str) -> None:
        cursor = definition.cursor
        type: ExternType
        if definition.kind is ExternKind.FUNC:
            type = type_use(cursor, self.context, definition.share, [])[1]
        elif definition.kind is ExternKind.GLOBAL:
            type = global_type(cursor)
        elif definition.kind is ExternKind.TABLE:
            type = table_type(cursor)
        else:
            type = memory_type(cursor)
        cursor.finish('")": an import has a type and no more')
        self.imports.append(Import(module, name, type, definition.name, span=cursor.span()))

    def _read_function(self, definition: _Definition) -> None:
        cursor = definition.cursor
        names: list[str | None] = []
        type = type_use(cursor, self.context, definition.share, names)[1]
        names += [None] * (len(type.params) - len(names))
        locals = take_locals(cursor, names)
        context = self.context.within({name: i for i, name in enumerate(names) if name is not None})
        body = read_sequence(cursor, context)
        self.funcs.append(Function(type, locals, body, definition.name, tuple(names), span=cursor.span()))

    def _read_global(self, definition: _Definition) -> None:
        cursor = definition.cursor
        type = global_type(cursor)
        self.globals.append(Global(type, self._sequence(cursor), definition.name, span=cursor.span()))

    def _sequence(self, cursor: Cursor) -> Expr:
        return read_sequence(cursor, self.context.within({}))

    def _read_table(self, definition: _Definition) -> None:
        cursor = definition.cursor
        begin = cursor.index
        share = take_attribute(cursor)
        if not at_reference_type(cursor):
            cursor.index = begin
            table_of = table_type(cursor)
            init = self._sequence(cursor) if not cursor.at_end else None
            self.tables.append(Table(table_of, init, definition.name, span=cursor.span()))
            return
        elem = reference_type(cursor)
        inline = cursor.nested("elem")
        if inline is None:
            raise cursor.unexpected("(elem ...)")
        cursor.finish('")"')
        items = self._items(inline) if inline.peek_head() is not None else self._func_items(inline)
        size = len(items)
        limits = Limits(size, size)
        self.tables.append(Table(TableType(share, limits, elem), None, definition.name, span=cursor.span()))
        offset = (Const(I32, 0, span=inline.span()),)
        self.elems.append(Elem(elem, items, SegmentMode.ACTIVE, definition.index, offset, span=inline.span()))

    def _read_memory(self, definition: _Definition) -> None:
        cursor = definition.cursor
        begin = cursor.index
        shared = cursor.keyword("shared")
        inline = cursor.nested("data")
        if inline is None:
            cursor.index = begin
            self.memories.append(Memory(memory_type(cursor), definition.name, span=cursor.span()))
            cursor.finish('"shared" or ")"')
            return
        content = self._strings(inline)
        shared = cursor.keyword("shared") or shared
        cursor.finish('")"')
        pages = -(-len(content) // PAGE)
        type = MemType(Share.SHARED if shared else Share.LOCAL, Limits(pages, pages))
        self.memories.append(Memory(type, definition.name, span=cursor.span()))
        offset = (Const(I32, 0, span=inline.span()),)
        self.datas.append(Data(content, SegmentMode.ACTIVE, definition.index, offset, span=inline.span()))

    # --- segments --------------------------------------------------------------------------------
    def _read_data(self, cursor: Cursor, name: str | None) -> None:
        memory, offset = self._target(cursor, "memory", self.context.memories)
        share = take_share(cursor)
        content = self._strings(cursor)
        mode = SegmentMode.PASSIVE if offset is None else SegmentMode.ACTIVE
        self.datas.append(Data(content, mode, memory, offset or (), name, share, span=cursor.span()))

    def _strings(self, cursor: Cursor) -> bytes:
        parts = []
        while not cursor.at_end:
            parts.append(cursor.string())
        return b"".join(parts)

    def _target(self, cursor: Cursor, kind: str, names: Names) -> tuple[int, Expr | None]:
        """Takes where an active segment goes: (memory x)? (offset e), or e folded; None for a passive one."""
        index, explicit = 0, False
        if inner := cursor.nested(kind):
            index, explicit = take_index(inner, names, kind), True
            inner.finish('")"')
        elif cursor.at_index:
            index, explicit = take_index(cursor, names, kind), True
        head = cursor.peek_head()
        if head == "offset":
            inner = cursor.take_form()
            return index, self._sequence(inner)
        if head is not None and head not in ("item", "shared") and not at_reference_type(cursor):
            begin, end = cursor.place()
            alone = Form(begin, end, [cursor.items[cursor.index]])
            cursor.index += 1
            return index, self._sequence(cursor.inside(alone))
        if explicit:
            raise cursor.unexpected("(offset ...)")
        return index, None

    def _read_elem(self, cursor: Cursor, name: str | None) -> None:
        declarative = cursor.keyword("declare")
        table, offset = (0, None) if declarative else self._target(cursor, "table", self.context.tables)
        share = take_share(cursor)
        if inner := None if at_reference_type(cursor) else cursor.nested("shared"):  # (shared t), t of another form
            share, type = Share.SHARED, reference_type(inner)
            inner.finish('")"')
            items = self._items(cursor)
        elif at_reference_type(cursor):
            type = reference_type(cursor)
            items = self._items(cursor)
        else:
            type = FUNCREF if share is Share.LOCAL else SHARED_FUNCREF
            if not cursor.keyword("func") and (offset is None or not (cursor.at_end or cursor.at_index)):
                raise cursor.unexpected("func, a reference type", "an offset")
            items = self._func_items(cursor)
        mode = SegmentMode.DECLARATIVE if declarative else SegmentMode.PASSIVE if offset is None else SegmentMode.ACTIVE
        self.elems.append(Elem(type, items, mode, table, offset or (), name, share, span=cursor.span()))

    def _items(self, cursor: Cursor) -> tuple[Expr, ...]:
        """Takes (item e)*, or each e as one folded instruction."""
        items: list[Expr] = []
        while not cursor.at_end:
            if inner := cursor.nested("item"):
                items.append(self._sequence(inner))
                continue
            if cursor.peek_head() is None:
                raise cursor.unexpected("(item ...) or a folded instruction")
            begin, end = cursor.place()
            items.append(self._sequence(cursor.inside(Form(begin, end, [cursor.items[cursor.index]]))))
            cursor.index += 1
        return tuple(items)

    def _func_items(self, cursor: Cursor) -> tuple[Expr, ...]:
        items: list[Expr] = []
        while not cursor.at_end:
            span = cursor.text.span(*cursor.place())
            items.append((RefFunc(take_index(cursor, self.context.funcs, "func"), span=span),))
        return tuple(items)

    # --- exports and start -----------------------------------------------------------------------
    def _read_export(self, cursor: Cursor) -> None:
        name = cursor.utf8("the name of the export")
        head = cursor.peek_head()
        if head not in _KINDS:
            raise cursor.unexpected("(func x), (table x), (memory x) or (global x)")
        kind = _KINDS[head]
        inner = cursor.take_form()
        index = take_index(inner, self._names(kind), kind.value)
        inner.finish('")"')
        cursor.finish('")"')
        self.exports.append(Export(name, kind, index, span=cursor.span()))

    def _read_start(self, cursor: Cursor) -> None:
        if self.start is not None:
            raise cursor.text.error("multiple start sections", cursor.form.begin, cursor.form.end)
        self.start = take_index(cursor, self.context.funcs, "func")
        cursor.finish('")"')
