"""What is printed reads back as the same syntax."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantics.diagnostics import Source, TextError, Unsupported
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import BlockType, Const, MemArg
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
    SegmentMode,
    Table,
)
from semantics.syntax.types import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    SHARED_ANYREF,
    SHARED_FUNCREF,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    Order,
    Share,
    TableType,
)
from semantics.text import Context, parse_fragment, parse_module
from semantics.text.literals import read_float
from semantics.text.opcodes import ROWS
from semantics.text.printer import print_float, print_instr, print_module, show_float


@pytest.mark.parametrize(
    "instr, text",
    [
        (ast.Store(I32, 4, MemArg(4, 2), Order.SEQCST), "i32.atomic.store offset=4"),
        (ast.Load(I64, 2, False, MemArg(0, 0, 3)), "i64.load16_u 3 align=1"),
        (ast.Rmw(I64, "add", 1, MemArg(1, 0)), "i64.atomic.rmw8.add_u offset=1"),
        (Const(I32, 2**32 - 1), "i32.const -1"),
        (ast.Convert("extend_u", I64, I32), "i64.extend_i32_u"),
        (ast.Convert("wrap", I32, I64), "i32.wrap_i64"),
        (ast.GlobalGet(2, Order.SEQCST), "global.get.seqcst 2"),
        (ast.Block(BlockType((I32,), (I64, SHARED_FUNCREF)), ()), "block (param i32) (result i64 (shared funcref))"),
        (ast.RefNull(SHARED_ANYREF), "ref.null (shared extern)"),
        (ast.Instantiate(Module(binding="$M")), "instantiate $M"),
    ],
)
def test_single_instructions(instr, text):
    assert print_instr(instr) == text


IMMEDIATES = ("", "1", "(type 0)", "func", "1 2")


@pytest.mark.parametrize("name", ROWS)
def test_every_instruction_of_the_table_survives(name):
    context = Context(signatures=[FuncType(Share.LOCAL, (), ())], nested=[Module(), Module(binding="$N")])
    context.modules["$N"] = 1
    read = {}
    for immediates in IMMEDIATES:
        source = Source("row", f"{name} {immediates}")
        try:
            read[immediates] = parse_fragment(source, 0, len(source.text), context)
        except (TextError, Unsupported):
            continue
    assert read, "no immediates fit"
    for (instr,) in read.values():
        printed = Source("printed", print_instr(instr))
        assert parse_fragment(printed, 0, len(printed.text), context) == (instr,)


@pytest.mark.parametrize(
    "type, bits, printed",
    [
        (F32, 0x3FC00000, "0x1.8000000000000p+0"),
        (F32, 0x80000000, "-0x0.0p+0"),
        (F32, 0x7F800000, "inf"),
        (F32, 0xFFC00000, "-nan"),
        (F32, 0x7F800001, "nan:0x1"),
        (F32, 1, "0x1.0000000000000p-149"),
        (F64, 1, "0x0.0000000000001p-1022"),
        (F64, 0xFFF0000000000000, "-inf"),
    ],
)
def test_floats_are_printed_exactly(type, bits, printed):
    assert print_instr(Const(type, bits)) == f"{type}.const {printed}"
    source = Source("printed", print_instr(Const(type, bits)))
    assert parse_fragment(source, 0, len(source.text), Context()) == (Const(type, bits),)


# --- whole modules ------------------------------------------------------------------------------
shares = st.sampled_from((Share.LOCAL, Share.SHARED))
references = st.sampled_from([FUNCREF, EXTERNREF, SHARED_FUNCREF, SHARED_ANYREF])
values = st.one_of(st.sampled_from([I32, I64, F32, F64]), references)
value_lists = st.lists(values, max_size=3).map(tuple)
function_types = st.builds(FuncType, shares, value_lists, value_lists)
limits = st.builds(Limits, st.integers(0, 9), st.none() | st.integers(0, 9))
memory_types = st.builds(MemType, shares, limits)
table_types = st.builds(TableType, shares, limits, references)
global_types = st.builds(GlobalType, st.sampled_from(Share), st.booleans(), values)
small = st.integers(0, 2)
orders = st.sampled_from([Order.UNORD, Order.SEQCST])
memargs = st.builds(MemArg, st.integers(0, 2**32 - 1), st.integers(0, 3), small)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)

leaves = st.one_of(
    st.builds(Const, st.just(I32), st.integers(0, 2**32 - 1)),
    st.builds(Const, st.just(I64), st.integers(0, 2**64 - 1)),
    st.builds(ast.Binary, st.sampled_from([I32, I64]), st.sampled_from(["add", "rotl", "div_s"])),
    st.builds(ast.Load, st.just(I64), st.just(2), st.booleans(), memargs, st.just(Order.UNORD)),
    st.builds(ast.Store, st.just(I32), st.sampled_from([1, 2, 4]), memargs, orders),
    st.builds(ast.Rmw, st.just(I64), st.just("xchg"), st.sampled_from([1, 2, 4, 8]), memargs),
    st.builds(ast.Cmpxchg, st.just(I32), st.sampled_from([1, 2, 4]), memargs),
    st.builds(ast.Wait, st.sampled_from([I32, I64]), memargs),
    st.builds(ast.Notify, memargs),
    st.builds(ast.BrTable, st.lists(small, max_size=3).map(tuple), small),
    st.builds(ast.GlobalSet, small, orders),
    st.builds(ast.TableGet, small, orders),
    st.builds(ast.TableInit, small, small),
    st.builds(ast.MemoryInit, small, small),
    st.builds(ast.MemoryCopy, small, small),
    st.builds(ast.Select, st.none() | value_lists),
    st.builds(ast.RefNull, references),
    st.builds(ast.Fork, small),
    st.just(ast.Drop()),
)
single_results = st.builds(BlockType, st.just(()), st.lists(values, max_size=1).map(tuple))


def bodies(children):
    sequences = st.lists(children, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ast.Block, single_results, sequences),
        st.builds(ast.Loop, single_results, sequences),
        st.builds(ast.If, single_results, sequences, sequences),
    )


instructions = st.recursive(leaves, bodies, max_leaves=8)
expressions = st.lists(instructions, max_size=4).map(tuple)
constants = st.builds(lambda n: (Const(I32, n),), small)


@st.composite
def modules(draw, depth=1):
    types = tuple(draw(st.lists(function_types, min_size=1, max_size=3)))
    nested = tuple(draw(st.lists(modules(depth=0), max_size=1))) if depth else ()

    def function(position, type, locals, named):
        count = len(type.params) + len(locals)
        local_names = tuple(f"$x{i}" if named else None for i in range(count))
        body = draw(expressions) + tuple(ast.Instantiate(m) for m in nested)
        return Function(type, locals, body, f"$f{position}" if named else None, local_names)

    imported = st.one_of(st.sampled_from(types), memory_types, table_types, global_types)
    shapes = draw(st.lists(st.tuples(st.sampled_from(types), value_lists, st.booleans()), max_size=3))
    tables = draw(st.lists(st.tuples(table_types, st.none() | constants), max_size=2))
    segments = st.tuples(st.sampled_from(SegmentMode), small, constants)
    elems = draw(st.lists(st.tuples(references, segments, st.lists(constants, max_size=2)), max_size=2))
    datas = draw(st.lists(st.tuples(st.binary(max_size=6), segments), max_size=2))

    def place(mode, index, offset):
        return (mode, index, offset) if mode is SegmentMode.ACTIVE else (mode, 0, ())

    return Module(
        types=types,
        imports=tuple(draw(st.lists(st.builds(Import, names, names, imported), max_size=2))),
        funcs=tuple(function(i, *shape) for i, shape in enumerate(shapes)),
        globals=tuple(draw(st.lists(st.builds(Global, global_types, constants), max_size=2))),
        tables=tuple(Table(type, init) for type, init in tables),
        memories=tuple(Memory(t, f"$m{i}") for i, t in enumerate(draw(st.lists(memory_types, max_size=2)))),
        exports=tuple(draw(st.lists(st.builds(Export, names, st.sampled_from(ExternKind), small), max_size=2))),
        datas=tuple(Data(b, *place(*s)) for b, s in datas if s[0] is not SegmentMode.DECLARATIVE),
        elems=tuple(Elem(type, tuple(items), *place(*s)) for type, s, items in elems),
        start=draw(st.none() | small),
        modules=nested,
        binding=draw(st.sampled_from([None, "$M"])),
    )


@settings(max_examples=150, deadline=None)
@given(modules())
def test_modules_survive(module):
    printed = print_module(module)
    again = parse_module(Source("printed.wat", printed))
    assert again == module
    assert again.binding == module.binding


def test_a_wrong_print_would_be_noticed():
    one = parse_module(Source("a.wat", "(memory 1) (func (i32.store offset=4 (i32.const 0) (i32.const 1)))"))
    printed = print_module(one)
    assert "offset=4" in printed
    assert parse_module(Source("b.wat", printed.replace("offset=4", "offset=8"))) != one


@pytest.mark.parametrize(
    ("bits", "width", "shown"),
    [
        (0, 32, "0.0"),
        (0x80000000, 32, "-0.0"),
        (0x3FC00000, 32, "1.5"),
        (0x3DCCCCCD, 32, "0.1"),
        (1, 32, "1e-45"),
        (0x7F7FFFFF, 32, "3.4028235e+38"),
        (0xFF800000, 32, "-inf"),
        (0x7FC00000, 32, "nan"),
        (0xFFA00000, 32, "-nan:0x200000"),
        (0x3FF0000000000001, 64, "1.0000000000000002"),
    ],
)
def test_floats_as_people_write_them(bits: int, width: int, shown: str) -> None:
    assert show_float(bits, width) == shown and read_float(shown, width) == bits


@pytest.mark.parametrize("width", (32, 64))
def test_shown_floats_read_back(width: int) -> None:
    rng = random.Random(width)
    for _ in range(500):
        bits = rng.randrange(1 << width)
        assert read_float(show_float(bits, width), width) == read_float(print_float(bits, width), width) == bits
