"""Modules and instructions from text: what is built, and what is said about bad text."""

import pytest

from semantics.diagnostics import Invalid, Source, TextError, Unsupported, WeftError, render
from semantics.syntax import instructions as ast
from semantics.syntax.instructions import BlockType, Const, MemArg
from semantics.syntax.modules import Data, Elem, ExternKind, SegmentMode
from semantics.syntax.types import (
    EXTERNREF,
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
from semantics.text import Context, names_of, parse_fragment, parse_module, parse_module_fields


def module(text):
    return parse_module(Source("test.wat", text))


def body(text, header=""):
    return module(f"(module {header} (func {text}))").funcs[-1].body


def complaint(text):
    with pytest.raises(WeftError) as caught:
        module(text)
    assert caught.value.span is not None
    assert render(caught.value)
    return caught.value


ONE, TWO = Const(I32, 1), Const(I32, 2)


def test_fields_may_stand_without_module():
    assert module("(func)") == module("(module (func))")


def test_index_spaces_list_imports_first_and_names_resolve_forwards():
    m = module(
        """(module $M
          (import "m" "f" (func $f (param i32)))
          (func $g (call $h) (call $f (i32.const 1)))
          (func $h)
          (export "g" (func $g)) (start $h))"""
    )
    assert m.binding == "$M"
    assert [(i.module, i.name, i.binding) for i in m.imports] == [("m", "f", "$f")]
    assert m.funcs[0].body == (ast.Call(2), ONE, ast.Call(0))
    assert (m.exports[0].name, m.exports[0].kind, m.exports[0].index) == ("g", ExternKind.FUNC, 1)
    assert m.start == 2


def test_inline_imports_and_exports():
    m = module('(func $f (export "a") (export "b") (import "m" "n") (param i32)) (memory (export "mem") 1 2 shared)')
    assert [(e.name, e.kind, e.index) for e in m.exports] == [
        ("a", ExternKind.FUNC, 0),
        ("b", ExternKind.FUNC, 0),
        ("mem", ExternKind.MEMORY, 0),
    ]
    assert m.imports[0].type == FuncType(Share.LOCAL, (I32,), ())
    assert m.memories[0].type == MemType(Share.SHARED, Limits(1, 2))


def test_implicit_types_follow_the_explicit_ones_in_order_of_use():
    m = module("(func (param i32)) (type $t (func (result i32))) (func (type $t) (i32.const 1)) (func (param i64))")
    assert m.types == (
        FuncType(Share.LOCAL, (), (I32,)),
        FuncType(Share.LOCAL, (I32,), ()),
        FuncType(Share.LOCAL, (I64,), ()),
    )
    assert m.funcs[1].type == m.types[0]


def test_parameters_and_locals_keep_their_names():
    f = module("(func $f (param $a i32) (param i64 i64) (result i32) (local $b i32) (local.get $b))").funcs[0]
    assert f.local_names == ("$a", None, None, "$b")
    assert f.locals == (I32,)
    assert f.body == (ast.LocalGet(3),)


def test_sharing_attributes():
    m = module(
        """(module
          (type $t (shared (func (param i32))))
          (import "m" "f" (func $i shared (param i64)))
          (func $f shared (param i32) (nop))
          (func $g (type $t) (nop))
          (global $a shared (mut i32) (i32.const 0))
          (global $b (shared mut i64) (i64.const 0))
          (table $c shared 1 (shared funcref))
          (table $d shared 1 2 (ref null (shared any)))
          (global $e (shared funcref) (ref.null (shared func))))"""
    )
    shared = FuncType(Share.SHARED, (I32,), ())
    assert m.types == (shared, FuncType(Share.SHARED, (I64,), ()))
    assert [f.type for f in m.funcs] == [shared, shared]
    assert m.imports[0].type == m.types[1]
    assert [g.type for g in m.globals] == [
        GlobalType(Share.SHARED, True, I32),
        GlobalType(Share.SHARED, True, I64),
        GlobalType(Share.LOCAL, False, SHARED_FUNCREF),
    ]
    assert [t.type for t in m.tables] == [
        TableType(Share.SHARED, Limits(1), SHARED_FUNCREF),
        TableType(Share.SHARED, Limits(1, 2), SHARED_ANYREF),
    ]
    assert m.globals[2].init == (ast.RefNull(SHARED_FUNCREF),)


def test_fork_and_instantiate():
    m = module(
        """(module
          (module $M (memory (export "mem") 1 1 shared))
          (func $f shared (param i32))
          (func (fork $f (i32.const 1)) (instantiate $M) drop))"""
    )
    assert m.modules[0].binding == "$M"
    assert m.funcs[1].body == (ONE, ast.Fork(0), ast.Instantiate(m.modules[0]), ast.Drop())


def test_orders_of_atomic_accesses():
    """The acquire-release proposal's immediate, and its suffix beside the paper's."""
    body = (
        module(
            """(memory 1 1 shared) (global $g shared (mut i32) (i32.const 0)) (func
        (drop (i32.atomic.load acqrel (i32.const 0))) (drop (i32.atomic.load seqcst (i32.const 0)))
        (drop (i32.atomic.load offset=8 acq_rel (i32.const 0))) (i64.atomic.store32 acqrel (i32.const 0) (i64.const 0))
        (drop (i32.atomic.rmw.add acqrel (i32.const 0) (i32.const 1)))
        (drop (i32.atomic.rmw8.cmpxchg_u acqrel (i32.const 0) (i32.const 1) (i32.const 1)))
        (drop (global.get.acqrel $g)) (drop (global.atomic.get acq_rel $g)) (atomic.fence acqrel) (atomic.fence))"""
        )
        .funcs[0]
        .body
    )
    orders = [i.order for i in body if hasattr(i, "order")]
    assert [order.value[0] for order in orders] == [*"asaaaaaaas"]


@pytest.mark.parametrize("text", ["(i32.load acqrel (i32.const 0))", "(memory.atomic.notify acqrel (i32.const 0))"])
def test_only_atomic_accesses_have_an_order(text):
    error = complaint(f"(memory 1 1 shared) (func (drop {text}))")
    assert isinstance(error, TextError) and error.message.startswith("unexpected token")


@pytest.mark.parametrize("kind", ["global", "table"])
@pytest.mark.parametrize("spelling", ["{}.get.seqcst 1", "{}.atomic.get 1", "{}.atomic.get seq_cst 1"])
def test_seqcst_of_globals_and_tables(kind, spelling):
    wanted = {"global": ast.GlobalGet(1, Order.SEQCST), "table": ast.TableGet(1, Order.SEQCST)}[kind]
    assert body(spelling.format(kind)) == (wanted,)
    assert body(f"{kind}.get.unord 1") == body(f"{kind}.get 1")


def test_call_indirect():
    m = module("(type (func)) (table $a 1 funcref) (table $b 1 funcref) (func (call_indirect.seqcst $b (param i32)))")
    assert m.funcs[0].body == (ast.CallIndirect(1, 1, Order.SEQCST),)
    assert m.types[1] == FuncType(Share.LOCAL, (I32,), ())


@pytest.mark.parametrize(
    "plain, folded",
    [
        ("i32.const 1 i32.const 2 i32.add", "(i32.add (i32.const 1) (i32.const 2))"),
        ("block $l br $l end $l", "(block $l (br $l))"),
        ("loop $l block br $l br_if 0 end end", "(loop $l (block (br $l) (br_if 0)))"),
        ("i32.const 1 if $l br $l else nop end", "(if $l (i32.const 1) (then (br $l)) (else (nop)))"),
        ("i32.const 1 if (result i32) i32.const 2 end", "(if (result i32) (i32.const 1) (then (i32.const 2)))"),
        ("block i32.const 1 i32.const 2 br_table 0 1 0 end", "(block (br_table 0 1 0 (i32.const 1) (i32.const 2)))"),
    ],
)
def test_plain_and_folded_are_the_same(plain, folded):
    assert body(plain) == body(folded)


def test_block_types():
    (block,) = body("(block (param i32 i64) (result i64 i32) unreachable)")
    assert block.type == BlockType((I32, I64), (I64, I32))
    m = module("(type $t (func (param i32))) (func (block (type $t) drop) (loop (result i32 i32) unreachable))")
    assert m.funcs[0].body[0].type == BlockType((I32,))
    assert m.types[1:] == (FuncType(Share.LOCAL, (), ()), FuncType(Share.LOCAL, (), (I32, I32)))


def test_labels_count_from_the_innermost():
    (outer,) = body("(block $a (block $b (br $a) (br $b) (br_table $a $b 0)))")
    assert outer.body[0].body == (ast.Br(1), ast.Br(0), ast.BrTable((1, 0), 0))


def test_an_inner_label_shadows():
    (outer,) = body("(block $a (block $a (br $a)) (br $a))")
    assert outer.body[0].body == (ast.Br(0),)
    assert outer.body[1] == ast.Br(0)


def test_the_condition_of_a_folded_if_is_outside_its_label():
    (outer,) = body("(block $l (if $l (block (result i32) (br $l) (i32.const 1)) (then (br $l))))")
    condition, branch = outer.body
    assert condition.body[0] == ast.Br(1)
    assert branch.then == (ast.Br(0),)


@pytest.mark.parametrize(
    "text, instr",
    [
        ("i32.load8_s offset=4", ast.Load(I32, 1, True, MemArg(4, 0))),
        ("i64.load32_u align=2", ast.Load(I64, 4, False, MemArg(0, 1))),
        ("i64.load $m offset=0x1_0 align=8", ast.Load(I64, 8, None, MemArg(16, 3, 1))),
        ("i32.store16 1", ast.Store(I32, 2, MemArg(0, 1, 1))),
        ("i32.atomic.load", ast.Load(I32, 4, None, MemArg(0, 2), Order.SEQCST)),
        ("i64.atomic.load16_u", ast.Load(I64, 2, False, MemArg(0, 1), Order.SEQCST)),
        ("i32.atomic.store8 offset=1", ast.Store(I32, 1, MemArg(1, 0), Order.SEQCST)),
        ("i32.atomic.rmw.add", ast.Rmw(I32, "add", 4, MemArg(0, 2))),
        ("i64.atomic.rmw32.xchg_u", ast.Rmw(I64, "xchg", 4, MemArg(0, 2))),
        ("i32.atomic.rmw8.cmpxchg_u", ast.Cmpxchg(I32, 1, MemArg(0, 0))),
        ("memory.atomic.wait64 offset=8", ast.Wait(I64, MemArg(8, 3))),
        ("memory.atomic.notify", ast.Notify(MemArg(0, 2))),
        ("atomic.fence", ast.Fence()),
        ("memory.copy $m 0", ast.MemoryCopy(1, 0)),
        ("memory.init $m $d", ast.MemoryInit(0, 1)),
        ("memory.init $d", ast.MemoryInit(0, 0)),
        ("memory.fill", ast.MemoryFill(0)),
        ("data.drop $d", ast.DataDrop(0)),
        ("table.init $t $e", ast.TableInit(1, 0)),
        ("table.copy $t 0", ast.TableCopy(1, 0)),
        ("elem.drop $e", ast.ElemDrop(0)),
        ("ref.null extern", ast.RefNull(EXTERNREF)),
        ("ref.func 0", ast.RefFunc(0)),
        ("select (result i32)", ast.Select((I32,))),
        ("select", ast.Select()),
        ("i64.extend_i32_u", ast.Convert("extend_u", I64, I32)),
        ("i32.wrap_i64", ast.Convert("wrap", I32, I64)),
        ("i64.extend32_s", ast.Unary(I64, "extend32_s")),
        ("i32.const -1", Const(I32, 0xFFFFFFFF)),
        ("i64.const 0xFFFF_FFFF_FFFF_FFFF", Const(I64, 2**64 - 1)),
        ("i64.const -9223372036854775808", Const(I64, 2**63)),
    ],
)
def test_single_instructions(text, instr):
    header = '(memory 1) (memory $m 1) (table 1 funcref) (table $t 1 funcref) (data $d "") (elem $e func)'
    assert body(text, header) == (instr,)
    assert body(f"({text})", header) == (instr,)


def test_data_and_elem_segments():
    m = module(
        r"""(module (memory 1) (table $t 2 funcref) (func $f)
          (data $d (i32.const 1) "a\n\"\00\u{e9}" "b") (data "p") (data (memory 0) (offset i32.const 2) "q")
          (elem $e (i32.const 1) $f) (elem func $f) (elem declare func $f)
          (elem (table $t) (i32.const 1) externref (ref.null extern)) (elem funcref (item ref.func $f)))"""
    )
    assert m.datas == (
        Data(b'a\n"\0\xc3\xa9b', SegmentMode.ACTIVE, 0, (ONE,), "$d"),
        Data(b"p", SegmentMode.PASSIVE),
        Data(b"q", SegmentMode.ACTIVE, 0, (TWO,)),
    )
    f = ((ast.RefFunc(0),),)
    assert m.elems == (
        Elem(FUNCREF, f, SegmentMode.ACTIVE, 0, (ONE,), "$e"),
        Elem(FUNCREF, f, SegmentMode.PASSIVE),
        Elem(FUNCREF, f, SegmentMode.DECLARATIVE),
        Elem(EXTERNREF, ((ast.RefNull(EXTERNREF),),), SegmentMode.ACTIVE, 0, (ONE,)),
        Elem(FUNCREF, f, SegmentMode.PASSIVE),
    )


def test_inline_segments_define_sizes_and_count_as_segments():
    m = module('(memory (data "abc")) (table funcref (elem 0 0)) (data $d "x") (func (data.drop $d))')
    assert m.memories[0].type.limits == Limits(1, 1)
    assert m.tables[0].type.limits == Limits(2, 2)
    assert [d.content for d in m.datas] == [b"abc", b"x"]
    assert m.funcs[0].body == (ast.DataDrop(1),)


def test_spans_point_at_what_was_written():
    source = Source("test.wat", "(module\n  (func\n    (i32.store\n      (i32.const 0) i32.const 1))\n")
    with pytest.raises(TextError):
        parse_module(source)
    m = module("(module\n  (func $f\n    (drop\n      (i32.const 7))\n    i32.const 1 drop))")
    spans = [(i.span.line, i.span.column, i.span.end_line, i.span.end_column) for i in m.funcs[0].body]
    assert spans == [(4, 7, 4, 20), (3, 5, 4, 21), (5, 5, 5, 16), (5, 17, 5, 21)]
    assert (m.funcs[0].span.line, m.funcs[0].span.column) == (2, 3)


def test_comments_and_odd_spacing():
    text = '( module ;; line ( "\n (; block (; nested ;) " ;) (; x;)( (;c;) func (;d;)$f ) )'
    assert module(text).funcs[0].binding == "$f"


@pytest.mark.parametrize("depth", [1000, 20000])
def test_deep_folding_needs_no_stack(depth):
    text = "(i32.eqz " * depth + "(i32.const 0)" + ")" * depth
    assert len(body(text)) == depth + 1


def test_too_deep_blocks_are_a_clear_limit():
    error = complaint("(func " + "(block " * 2000 + ")" * 2000 + ")")
    assert isinstance(error, Unsupported)
    assert "deep" in error.message


# --- complaints ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, line, column, message",
    [
        (
            "(module (func (i32.atomc.load (i32.const 0))))",
            1,
            16,
            "unknown operator i32.atomc.load; did you mean i32.atomic.load?",
        ),
        ("(module\n (func $f\n  (nop)\n(memory 1)", 2, 2, '"(func" of line 2 is not closed'),
        ("(module))", 1, 9, '")" closes nothing'),
        ("(func $f) (func $f)", 1, 17, "duplicate func $f"),
        ("(type $t (func)) (type $t (func))", 1, 24, "duplicate type $t"),
        ("(memory $m 1) (memory $m 1)", 1, 23, "duplicate memory $m"),
        ("(func (param $x i32) (local $x i32))", 1, 29, "duplicate local $x"),
        ("(func $good (call $god))", 1, 19, "unknown func $god; did you mean $good?"),
        ("(func (local.get $x))", 1, 18, "unknown local $x"),
        ("(func (br $l))", 1, 11, "unknown label $l"),
        ("(func (instantiate $M))", 1, 20, "unknown module $M"),
        ("(func (i32.const 4294967296))", 1, 18, "constant out of range: 4294967296 is no i32"),
        ("(func i32.const -0x8000_0001)", 1, 17, "constant out of range: -0x8000_0001 is no i32"),
        ("(func i64.const 18446744073709551616)", 1, 17, "constant out of range: 18446744073709551616 is no i64"),
        ("(func i32.const 1_)", 1, 17, "unknown operator 1_"),
        ("(func i32.load align=3)", 1, 16, "alignment must be a power of two, not 3"),
        ("(func i32.load offset=4294967296)", 1, 16, "i32 constant out of range: offset=4294967296"),
        (
            '(func) (import "a" "b" (func))',
            1,
            8,
            "import after function: imports come before the definitions of the module",
        ),
        (
            '(memory 1) (func (import "a" "b"))',
            1,
            18,
            "import after memory: imports come before the definitions of the module",
        ),
        ("(func f32.const 1e39)", 1, 17, "constant out of range: 1e39 is no finite f32 and no payload of a NaN"),
        ("(func f64.const nan:0x0)", 1, 17, "constant out of range: nan:0x0 is no finite f64 and no payload of a NaN"),
        ("(func f64.const nan:canonical)", 1, 17, "unexpected token nan:canonical"),
        ("(func f64.const infinity)", 1, 17, "unknown operator infinity"),
        ("(func f64.const 0x1.8p)", 1, 17, "unknown operator 0x1.8p"),
        ("(func block)", 1, 7, '"block" has no "end"'),
        ("(func end)", 1, 7, '"end" closes no block'),
        ("(func (block end))", 1, 14, '"end" closes no block'),
        ("(func block else end)", 1, 13, '"else" belongs to no "if"'),
        ("(func block $a end $b)", 1, 20, "mismatching label $b: this block is named $a"),
        ("(func (if (i32.const 1)))", 1, 24, "unexpected token: (if ends too early"),
        ("(func (i32.add 1))", 1, 16, "unexpected token 1"),
        ("(func (result i32) (param i32))", 1, 21, "unexpected token param"),
        ("(fun)", 1, 1, "unknown module field fun; did you mean func?"),
        ('(data "abc\\q")', 1, 7, "illegal escape in a string"),
        ('(data "abc', 1, 7, "unclosed string"),
        ('(data "\\u{d800}")', 1, 7, "a code point that is not a Unicode scalar value"),
        ("(; (; ;)", 1, 1, 'unclosed comment "(;"'),
        ("(func ,)", 1, 7, "unexpected character ','"),
        ('(data"a")', 1, 5, "unknown operator: a string and its neighbour need a space between them"),
        ('(export "\\ff" (func 0))', 1, 9, "malformed UTF-8 encoding: names are UTF-8"),
        (
            "(type $t (func (param i32))) (func (type $t) (param i64))",
            1,
            46,
            "inline function type [i64] -> [] is not the type [i32] -> [] that is named before it",
        ),
        ("(type $t (func)) (func shared (type $t))", 1, 31, "a shared function of a type that is not shared"),
        ("(func) (start 0) (start 0)", 1, 18, "multiple start sections"),
        ("(module) (module)", 1, 10, "unexpected token (module"),
        ("(func (call -1))", 1, 13, "unexpected token -1"),
        ("  ", 1, 1, "the text is empty"),
    ],
)
def test_malformed_text(text, line, column, message):
    error = complaint(text)
    assert isinstance(error, TextError)
    assert (error.span.line, error.span.column, error.message) == (line, column, message)


@pytest.mark.parametrize(
    "text, construct",
    [
        ("(func (v128.const i32x4 0 0 0 0))", "the SIMD instruction v128.const"),
        ("(func (i8x16.add))", "the SIMD instruction i8x16.add"),
        ("(func (param v128))", "the type v128"),
        ("(func (return_call 0))", "the instruction return_call"),
        ("(tag $t)", "the module field (tag ...)"),
        ("(memory i64 1)", "an index type of a memory or table"),
        ("(type (struct))", "types made with struct"),
        ("(func (table.atomic.rmw.cmpxchg seq_cst 0))", "the instruction table.atomic.rmw.cmpxchg"),
        ("(func (param (shared eqref)))", "the type (shared eqref)"),
        ("(table 1 (ref func))", "a reference type that is not nullable"),
    ],
)
def test_outside_the_fragment(text, construct):
    error = complaint(text)
    assert isinstance(error, Unsupported)
    assert error.message == construct


# --- fragments of larger files ------------------------------------------------------------------
LITMUS = """thread P0
  (i32.store (i32.const 0) (local.get $r))  ;; x
  call $f
end
"""


def test_a_fragment_keeps_the_positions_of_the_file():
    source = Source("MP.litmus", LITMUS)
    begin, end = LITMUS.index("("), LITMUS.rindex("end")
    context = Context(funcs={"$f": 3}, locals={"$r": 1})
    instrs = parse_fragment(source, begin, end, context)
    assert instrs == (Const(I32, 0), ast.LocalGet(1), ast.Store(I32, 4, MemArg(0, 2)), ast.Call(3))
    assert [str(i.span) for i in instrs] == ["MP.litmus:2:14", "MP.litmus:2:28", "MP.litmus:2:3", "MP.litmus:3:3"]
    with pytest.raises(TextError, match=r"unknown local \$r") as caught:
        parse_fragment(source, begin, end, Context(funcs={"$f": 3}))
    assert (caught.value.span.line, caught.value.span.column) == (2, 39)


def test_a_fragment_ends_where_it_is_told():
    source = Source("x", "nop nop) drop")
    assert parse_fragment(source, 0, 7, Context()) == (ast.Nop(), ast.Nop())
    with pytest.raises(TextError, match="closes nothing"):
        parse_fragment(source, 0, 8, Context())


def test_a_module_inside_a_file_and_its_names():
    text = 'title\n(module (type $t (func)) (import "m" "g" (func $g)) (func $f) (memory $x 1))\nmore'
    source = Source("a.litmus", text)
    m, context = parse_module_fields(source, text.index("("), text.rindex("\n"))
    assert m.funcs[0].span.line == 2
    assert (context.types, context.funcs, context.memories) == ({"$t": 0}, {"$g": 0, "$f": 1}, {"$x": 0})
    names = names_of(m)
    assert (names.funcs, names.memories, names.signatures) == (context.funcs, context.memories, list(m.types))


def test_a_type_index_out_of_range_is_invalid_and_not_malformed():
    error = complaint("(func (call_indirect (type 3)))")
    assert isinstance(error, Invalid)
    assert (error.message, error.rule, error.span.column) == ("unknown type 3", "type", 22)
