"""Encoding: what is decoded again is the same module, binding by binding; what has no binary form is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantics.binary import decode_module, encode_module, leb
from semantics.binary.opcodes import ACCESS, INDEX, NO_IMMEDIATES, ONE_MEMORY
from semantics.binary.stream import Stream
from semantics.diagnostics import Source, Unsupported
from semantics.syntax import instructions as w
from semantics.syntax.modules import Function, Module
from semantics.syntax.types import F32, F64, FUNCREF, I32, I64, FuncType, Order, Share, ValType
from semantics.text import parse_module
from semantics.text.printer import print_module

EVERYTHING = """(module $m
  (type $t (func (param i32 i64) (result f32)))
  (type (func (param f64) (result i32 i32)))
  (import "a" "f" (func $imported (type $t)))
  (import "a" "t" (table $there 1 externref))
  (import "a" "m" (memory $shared 1 4 shared))
  (import "a" "g" (global $base i32))
  (func $f (type $t) (local $x i32) (local i32 i64 i64) (local $y funcref)
    block $l (result i32) loop (param) br 1 end i32.const -1 end
    if (result i32 i64) i32.const 0x7fffffff i64.const 0x8000000000000000 else unreachable end
    drop br_table 0 0 0 br_if 0 return call $f call_indirect 1 (type 1)
    local.get $x local.set 0 local.tee 1 global.get $base global.set 1 select select (result i64)
    ref.null func ref.is_null ref.func $f table.get 1 table.set $there table.size table.grow 1 table.fill
    table.copy 1 0 table.init 1 $e elem.drop $e
    i32.load8_s offset=4294967295 align=1 i64.load32_u i64.store16 align=1 i32.atomic.load i64.atomic.store8
    i32.atomic.rmw16.xchg_u i64.atomic.rmw.cmpxchg memory.atomic.wait64 memory.atomic.notify offset=8 atomic.fence
    memory.size memory.grow memory.fill memory.copy memory.init $d data.drop 1 i64.extend32_s i32.wrap_i64 nop)
  (func)
  (table $here 2 3 funcref)
  (global $own (mut i64) (i64.const 5))
  (export "f" (func $f)) (export "" (memory 0)) (export "\\u{e9}" (table 1))
  (start 2)
  (elem $e func $f 2) (elem (table 1) (i32.const 0) func 0) (elem (table 1) (i32.const 0) funcref (ref.null func))
  (elem declare func 2) (elem (i32.const 1) externref (ref.null extern)) (elem externref)
  (data $d "passive\\00") (data (global.get $base) "active"))"""


def parsed(text: str) -> Module:
    return parse_module(Source("m.wat", text))


def test_text_to_binary_to_text_to_binary() -> None:
    module = parsed(EVERYTHING)
    binary = encode_module(module)
    again = decode_module(binary, "m.wasm")
    assert again == module
    assert again.binding == "$m"
    text = print_module(again)
    assert parsed(text) == module
    assert encode_module(parsed(text)) == binary


def test_every_opcode_has_one_instruction_and_back() -> None:
    memarg = w.MemArg(3, 0)
    instrs: list[w.Instr] = [cls(*args) for cls, args in NO_IMMEDIATES.values()]
    instrs += [cls(*before, memarg, *behind) for cls, before, behind in ACCESS.values()]
    instrs += [cls(7) for cls in INDEX.values()] + [cls() for cls in ONE_MEMORY.values()]
    instrs += [w.Const(F32, 0x7FC00001), w.Const(F64, 1 << 63), w.Const(I32, 2**32 - 1), w.Const(I64, 2**63)]
    assert len(set(instrs)) == len(instrs)
    function = FuncType(Share.LOCAL, (), ())
    module = Module(types=(function,), funcs=(Function(function, (), tuple(instrs)),))
    assert decode_module(encode_module(module), "x") == module


def test_orders_of_atomic_accesses() -> None:
    """The acquire-release proposal's bit of the flags and its immediate; seqcst stays as it was."""

    def body(text: str) -> bytes:
        binary = encode_module(parsed(f"(module (memory 1 1 shared) (func {text}))"))
        return binary[binary.index(b"\x0a") + 5 : -1]

    assert body("(drop (i32.atomic.load (i32.const 0)))") == b"\x41\x00\xfe\x10\x02\x00\x1a"
    assert body("(drop (i32.atomic.load seqcst (i32.const 0)))") == b"\x41\x00\xfe\x10\x02\x00\x1a"
    assert body("(drop (i32.atomic.load acqrel (i32.const 0)))") == b"\x41\x00\xfe\x10\x12\x00\x01\x1a"
    assert body("(drop (i32.atomic.rmw.add acqrel (i32.const 0) (i32.const 1)))")[4:] == b"\xfe\x1e\x12\x00\x11\x1a"
    assert body("atomic.fence") == b"\xfe\x03\x00" and body("atomic.fence acqrel") == b"\xfe\x03\x01"


def test_types_that_the_section_lacks_are_added() -> None:
    module = Module(funcs=(Function(FuncType(Share.LOCAL, (I32,), ()), (), (), None, (None,)),))
    assert decode_module(encode_module(module), "x").types == (FuncType(Share.LOCAL, (I32,), ()),)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("(module (func shared))", "a shared function"),
        ("(module (global shared i32 (i32.const 0)))", "a shared global"),
        ("(module (table shared 1 (shared funcref)))", "a shared table"),
        ("(module (func (local (shared funcref))))", "the type (shared funcref)"),
        ("(module (func fork 0))", "fork"),
        ("(module (module $n) (func instantiate $n))", "a module in a module"),
        ("(module (func global.get.seqcst 0))", "seqcst"),
        ("(module (func table.set.seqcst 0))", "seqcst"),
        ("(module (func call_indirect.seqcst (type 0)))", "seqcst"),
        ("(module (func i32.load 1))", "an access to memory 1"),
        ("(module (func memory.copy 0 1))", "an access to memory 1"),
        ("(module (table 1 funcref (ref.null func)))", "a table with an initial value"),
    ],
)
def test_what_has_no_binary_form(text: str, what: str) -> None:
    with pytest.raises(Unsupported) as raised:
        encode_module(parsed(text))
    assert what in raised.value.message
    assert raised.value.span is not None


# --- random -------------------------------------------------------------------------------------
@given(st.integers(0, 2**32 - 1))
def test_unsigned_numbers(value: int) -> None:
    encoded = leb.unsigned(value)
    assert Stream(encoded, Source("x", "")).unsigned() == value
    assert len(encoded) == max(1, -(-value.bit_length() // 7))


@given(st.integers(-(2**63), 2**63 - 1))
def test_signed_numbers(value: int) -> None:
    encoded = leb.signed(value)
    assert Stream(encoded, Source("x", "")).signed(64) == value
    assert len(encoded) == (value.bit_length() if value >= 0 else (~value).bit_length()) // 7 + 1


VALUES = st.sampled_from([I32, I64, F32, F64, FUNCREF])
TYPES = st.builds(w.BlockType, st.just(()), st.lists(VALUES, max_size=1).map(tuple))
SHAPES = st.sampled_from(list(ACCESS.values()))
PLAIN: st.SearchStrategy[w.Instr] = st.one_of(
    st.sampled_from([cls(*args) for cls, args in NO_IMMEDIATES.values()]),
    st.builds(
        lambda shape, offset, align, order: shape[0](
            *shape[1], w.MemArg(offset, align % 16 if shape[2] else align), *(shape[2] and (order,))
        ),
        SHAPES,
        st.integers(0, 2**32 - 1),
        st.integers(0, 31),  # the flags of an atomic access have a bit less for it
        st.sampled_from([Order.SEQCST, Order.ACQREL]),
    ),
    st.builds(lambda cls, index: cls(index), st.sampled_from(list(INDEX.values())), st.integers(0, 300)),
    st.builds(w.Const, st.just(I64), st.integers(0, 2**64 - 1)),
    st.builds(w.BrTable, st.lists(st.integers(0, 200), max_size=4).map(tuple), st.integers(0, 200)),
)
INSTRS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.builds(w.Block, TYPES, st.lists(inner, max_size=3).map(tuple)),
        st.builds(w.Loop, TYPES, st.lists(inner, max_size=3).map(tuple)),
        st.builds(w.If, TYPES, st.lists(inner, max_size=3).map(tuple), st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)
NOTHING = FuncType(Share.LOCAL, (), ())


@settings(max_examples=60, deadline=None)
@given(st.lists(INSTRS, max_size=6), st.lists(VALUES, max_size=5))
def test_random_bodies(body: list[w.Instr], locals: list[ValType]) -> None:
    names = tuple(f"$l{i}" if i % 2 else None for i in range(len(locals)))
    function = Function(NOTHING, tuple(locals), tuple(body), "$f", names)
    module = Module(types=(NOTHING,), funcs=(function,))
    assert decode_module(encode_module(module), "x") == module
