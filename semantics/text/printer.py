"""Syntax -> text: single instructions for reports, and whole modules that read back as the same syntax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from semantics.diagnostics import InternalError
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import BlockType, Expr, Instr, MemArg
from semantics.syntax.modules import (
    Data,
    Elem,
    Function,
    Global,
    Import,
    Module,
    Opaque,
    SegmentMode,
    Table,
)
from semantics.syntax.types import FuncType, GlobalType, MemType, Order, Share, TableType, ValType, quoted
from semantics.terms.floats import FORMATS
from semantics.text.literals import read_float

_FIXED: dict[type, str] = {
    ast.Unreachable: "unreachable",
    ast.Nop: "nop",
    ast.Return: "return",
    ast.Drop: "drop",
    ast.RefIsNull: "ref.is_null",
}


def print_instr(instr: Instr) -> str:
    """One instruction in plain form with numeric indices; of a block, loop or if the first line alone."""
    fixed = _FIXED.get(type(instr))
    if fixed is not None:
        return fixed
    match instr:
        case ast.Block(type=type_) | ast.Loop(type=type_) | ast.If(type=type_):
            return type(instr).__name__.lower() + _block_type(type_)
        case ast.Br(label):
            return f"br {label}"
        case ast.BrIf(label):
            return f"br_if {label}"
        case ast.BrTable(labels, default):
            return " ".join(["br_table", *map(str, labels), str(default)])
        case ast.Call(func):
            return f"call {func}"
        case ast.CallIndirect(index, table, order):
            return f"call_indirect{_order(order)}{_unless_zero(table)} (type {index})"
        case ast.Select(types):
            return "select" if types is None else f"select {_group('result', types)}"
        case ast.Const(number, value):
            if not number.is_integer:
                return f"{number}.const {print_float(value, number.bits)}"
            return f"{number}.const {value - (1 << number.bits) if value >> (number.bits - 1) else value}"
        case ast.Unary(number, op) | ast.Binary(number, op) | ast.Test(number, op) | ast.Compare(number, op):
            return f"{number}.{op}"
        case ast.Convert(op, to, source):
            kind, _, sign = op.rpartition("_")
            return f"{to}.{kind}_{source}_{sign}" if kind else f"{to}.{op}_{source}"
        case ast.Fork(func):
            return f"fork {func}"
        case ast.DesignInstr():
            return " ".join([instr.opcode, *map(_immediate, ast.immediates(instr))])
        case ast.Instantiate(module):
            return f"instantiate {module.binding or '(module)'}"
    return _variable(instr) or _table(instr) or _memory(instr)


def _immediate(value: object) -> str:
    if isinstance(value, Order):
        return {Order.SEQCST: "seq_cst", Order.ACQREL: "acq_rel"}[value]
    return value.binding or "(module)" if isinstance(value, Module) else str(value)


def print_float(bits: int, width: int) -> str:
    """A float literal for a bit pattern: hexadecimal, so that it is exact."""
    form = FORMATS[width]
    sign, magnitude = "-" if bits & form.sign else "", bits & ~form.sign
    if form.is_nan(bits):
        payload = magnitude - form.infinity
        return f"{sign}nan" if magnitude == form.canonical else f"{sign}nan:{payload:#x}"
    return f"{sign}inf" if magnitude == form.infinity else sign + form.number(magnitude).hex()


def show_float(bits: int, width: int) -> str:
    """A float as people write it: the shortest decimal that reads as the bit pattern."""
    form = FORMATS[width]
    if bits & ~form.sign >= form.infinity:
        return print_float(bits, width)
    for digits in range(1, 18):  # 17 digits tell all binary64 apart
        text = f"{form.number(bits):.{digits}g}"
        if read_float(text, width) == bits:
            break
    return text if "." in text or "e" in text else f"{text}.0"


def _variable(instr: Instr) -> str:
    match instr:
        case ast.LocalGet(index):
            return f"local.get {index}"
        case ast.LocalSet(index):
            return f"local.set {index}"
        case ast.LocalTee(index):
            return f"local.tee {index}"
        case ast.GlobalGet(index, order):
            return f"global.get{_order(order)} {index}"
        case ast.GlobalSet(index, order):
            return f"global.set{_order(order)} {index}"
    return ""


def _table(instr: Instr) -> str:
    match instr:
        case ast.RefNull(reference):
            return f"ref.null {reference.heap}"
        case ast.RefFunc(func):
            return f"ref.func {func}"
        case ast.TableGet(table, order):
            return f"table.get{_order(order)}{_unless_zero(table)}"
        case ast.TableSet(table, order):
            return f"table.set{_order(order)}{_unless_zero(table)}"
        case ast.TableSize(table):
            return f"table.size{_unless_zero(table)}"
        case ast.TableGrow(table):
            return f"table.grow{_unless_zero(table)}"
        case ast.TableFill(table):
            return f"table.fill{_unless_zero(table)}"
        case ast.TableCopy(target, source):
            return f"table.copy {target} {source}" if target or source else "table.copy"
        case ast.TableInit(table, elem):
            return f"table.init{_unless_zero(table)} {elem}"
        case ast.ElemDrop(elem):
            return f"elem.drop {elem}"
    return ""


def _memory(instr: Instr) -> str:
    match instr:
        case ast.Load(number, size, signed, memarg, order):
            width = "" if signed is None else f"{8 * size}{'_s' if signed else '_u'}"
            return f"{number}.{_atomic(order)}load{width}{_access_order(order)}{_memarg(memarg, size)}"
        case ast.Store(number, size, memarg, order):
            width = "" if size == number.bytes else str(8 * size)
            return f"{number}.{_atomic(order)}store{width}{_access_order(order)}{_memarg(memarg, size)}"
        case ast.Rmw(number, op, size, memarg, order):
            width, unsigned = ("", "") if size == number.bytes else (str(8 * size), "_u")
            return f"{number}.atomic.rmw{width}.{op}{unsigned}{_access_order(order)}{_memarg(memarg, size)}"
        case ast.Cmpxchg(number, size, memarg, order):
            width, unsigned = ("", "") if size == number.bytes else (str(8 * size), "_u")
            return f"{number}.atomic.rmw{width}.cmpxchg{unsigned}{_access_order(order)}{_memarg(memarg, size)}"
        case ast.Fence(order):
            return f"atomic.fence{_access_order(order)}"
        case ast.Wait(number, memarg):
            return f"memory.atomic.wait{number.bits}{_memarg(memarg, number.bytes)}"
        case ast.Notify(memarg):
            return f"memory.atomic.notify{_memarg(memarg, 4)}"
        case ast.MemorySize(memory):
            return f"memory.size{_unless_zero(memory)}"
        case ast.MemoryGrow(memory):
            return f"memory.grow{_unless_zero(memory)}"
        case ast.MemoryFill(memory):
            return f"memory.fill{_unless_zero(memory)}"
        case ast.MemoryCopy(target, source):
            return f"memory.copy {target} {source}" if target or source else "memory.copy"
        case ast.MemoryInit(data, memory):
            return f"memory.init{_unless_zero(memory)} {data}"
        case ast.DataDrop(data):
            return f"data.drop {data}"
    raise InternalError(f"an instruction without a printed form: {instr!r}", instr.span)


def _unless_zero(index: int) -> str:
    return f" {index}" if index else ""


def _order(order: Order) -> str:
    return "" if order is Order.UNORD else f".{order.value}"


def _atomic(order: Order) -> str:
    return "" if order is Order.UNORD else "atomic."


def _access_order(order: Order) -> str:
    """The order immediate of an atomic access of memory, which is seqcst where none is written."""
    return " acqrel" if order is Order.ACQREL else ""


def _memarg(memarg: MemArg, size: int) -> str:
    offset = f" offset={memarg.offset}" if memarg.offset else ""
    align = f" align={1 << memarg.align}" if 1 << memarg.align != size else ""
    return _unless_zero(memarg.memory) + offset + align


def _group(head: str, types: Iterable[ValType]) -> str:
    return " ".join([f"({head}", *map(str, types)]) + ")"


def _block_type(type: BlockType) -> str:
    params = f" {_group('param', type.params)}" if type.params else ""
    return params + (f" {_group('result', type.results)}" if type.results else "")


# --- modules ------------------------------------------------------------------------------------
def print_module(module: Module) -> str:
    """The module as text: `parse_module` of it gives an equal module, if `module.types` has every type it uses."""
    return "\n".join(_module(module, ""))


def _module(module: Module, indent: str) -> Iterator[str]:
    flag = " shared" if module.shared else ""
    yield f"{indent}(module{_name(module.binding)}{flag}"
    inner = indent + "  "
    for type in module.types:
        yield f"{inner}(type {_defined_type(type)})"
    for nested in module.modules:
        yield from _module(nested, inner)
    for opaque in module.opaques:
        attribute = _shared(opaque.share)
        yield f"{inner}{_imported(opaque)} (type{_name(opaque.binding)}{attribute} opaque))"
    for imported in module.imports:
        yield inner + _import(imported, module)
    for func in module.funcs:
        yield from _function(func, module, inner)
    for table in module.tables:
        yield inner + _table_field(table, module)
    for memory in module.memories:
        yield f"{inner}(memory{_name(memory.binding)} {memory.type})"
    for variable in module.globals:
        yield inner + _global(variable, module)
    for export in module.exports:
        yield f"{inner}(export {quoted(export.name.encode())} ({export.kind.value} {export.index}))"
    if module.start is not None:
        yield f"{inner}(start {module.start})"
    for elem in module.elems:
        yield inner + _elem(elem, module)
    for data in module.datas:
        yield inner + _data(data, module)
    yield f"{indent})"


def _name(binding: str | None) -> str:
    return f" {binding}" if binding else ""


def _shared(share: Share) -> str:
    return {Share.LOCAL: "", Share.SHARED: " shared", Share.TLS: " thread_local"}[share]


def _signature(type: FuncType) -> str:
    return _block_type(BlockType(type.params, type.results))


def _defined_type(type: FuncType) -> str:
    function = f"(func{_signature(type)})"
    return f"(shared {function})" if type.share is Share.SHARED else function


def _type_use(type: FuncType, module: Module) -> str:
    return f" (type {module.types.index(type)})" if type in module.types else _shared(type.share)


def _import(imported: Import, module: Module) -> str:
    name, type = _name(imported.binding), imported.type
    match type:
        case FuncType():
            what = f"(func{name}{_type_use(type, module)}{_signature(type)})"
        case GlobalType():
            what = f"(global{name} {type})"
        case TableType():
            what = f"(table{name} {type})"
        case MemType():
            what = f"(memory{name} {type})"
    return f"{_imported(imported)} {what})"


def _imported(item: Import | Opaque) -> str:
    return f"(import {quoted(item.module.encode())} {quoted(item.name.encode())}"


def _function(func: Function, module: Module, indent: str) -> Iterator[str]:
    names = func.local_names or (None,) * (len(func.type.params) + len(func.locals))
    count = len(func.type.params)
    params = "".join(f" (param{_name(n)} {t})" for n, t in zip(names, func.type.params, strict=False))
    results = f" {_group('result', func.type.results)}" if func.type.results else ""
    locals = "".join(f" (local{_name(n)} {t})" for n, t in zip(names[count:], func.locals, strict=False))
    head = f"{indent}(func{_name(func.binding)}{_type_use(func.type, module)}{params}{results}{locals}"
    if not func.body:
        yield head + ")"
        return
    yield head
    yield from _body(func.body, module, indent + "  ")
    yield f"{indent})"


def _body(body: Expr, module: Module, indent: str) -> Iterator[str]:
    for instr in body:
        if (nested := getattr(instr, "module", None)) is not None:
            word = instr.opcode if isinstance(instr, ast.DesignInstr) else "instantiate"
            yield f"{indent}{word} {module.modules.index(nested)}"
            continue
        yield indent + print_instr(instr)
        match instr:
            case ast.Block(body=inner) | ast.Loop(body=inner):
                yield from _body(inner, module, indent + "  ")
                yield f"{indent}end"
            case ast.If(then=then, orelse=orelse):
                yield from _body(then, module, indent + "  ")
                if orelse:
                    yield f"{indent}else"
                    yield from _body(orelse, module, indent + "  ")
                yield f"{indent}end"


def _constant(expr: Expr, module: Module) -> str:
    return "".join(f" {line.strip()}" for line in _body(expr, module, ""))


def _table_field(table: Table, module: Module) -> str:
    init = "" if table.init is None else _constant(table.init, module)
    return f"(table{_name(table.binding)} {table.type}{init})"


def _global(variable: Global, module: Module) -> str:
    return f"(global{_name(variable.binding)} {variable.type}{_constant(variable.init, module)})"


def _offset(segment: Data | Elem, space: str, index: int, module: Module) -> str:
    return f" ({space} {index}) (offset{_constant(segment.offset, module)})"


def _elem(elem: Elem, module: Module) -> str:
    mode = {
        SegmentMode.PASSIVE: "",
        SegmentMode.DECLARATIVE: " declare",
        SegmentMode.ACTIVE: _offset(elem, "table", elem.table, module),
    }[elem.mode]
    items = "".join(f" (item{_constant(item, module)})" for item in elem.items)
    return f"(elem{_name(elem.binding)}{mode}{_shared(elem.share)} {elem.type}{items})"


def _data(data: Data, module: Module) -> str:
    offset = _offset(data, "memory", data.memory, module) if data.mode is SegmentMode.ACTIVE else ""
    return f"(data{_name(data.binding)}{offset}{_shared(data.share)} {quoted(data.content)})"
