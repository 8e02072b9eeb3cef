"""Decoding: a module of every kind of section, and the messages of malformedness with their offsets."""

from __future__ import annotations

import pytest

from semantics.binary import decode_module, encode_module
from semantics.diagnostics import Invalid, Malformed, Unsupported, render
from semantics.syntax import instructions as w
from semantics.syntax.modules import Custom, ExternKind
from semantics.syntax.types import I32, I64, FuncType, Limits, MemType, Order, Share

HEADER = b"\0asm\1\0\0\0"
TYPE = b"\x01\x04\x01\x60\x00\x00"
FUNC = b"\x03\x02\x01\x00"


def code(body: bytes, locals: bytes = b"\0") -> bytes:
    """A module of one function of type [] -> []."""
    content = locals + body
    sized = bytes((len(content),)) + content
    return HEADER + TYPE + FUNC + b"\x0a" + bytes((len(sized) + 1, 1)) + sized


def section(id: int, content: bytes) -> bytes:
    return bytes((id, len(content))) + content


def test_a_small_module() -> None:
    module = decode_module(
        HEADER
        + section(1, b"\x01\x60\x02\x7f\x7e\x01\x7f")
        + section(2, b"\x01\x03env\x03mem\x02\x03\x01\x02")
        + section(3, b"\x01\x00")
        + section(7, b"\x01\x01f\x00\x00")
        + section(10, b"\x01\x0a\x01\x02\x7e\x20\x00\xfe\x10\x02\x04\x0b"),
        "small.wasm",
    )
    [function] = module.funcs
    assert function.type == FuncType(Share.LOCAL, (I32, I64), (I32,))
    assert function.locals == (I64, I64)
    assert function.body == (w.LocalGet(0), w.Load(I32, 4, None, w.MemArg(4, 2), Order.SEQCST))
    assert function.local_names == (None,) * 4
    assert module.imports[0].type == MemType(Share.SHARED, Limits(1, 2))
    assert module.exports[0].kind is ExternKind.FUNC
    assert str(function.body[0].span) == "small.wasm:0x32"


def test_nested_blocks() -> None:
    body = b"\x41\x01\x04\x7f\x03\x40\x0b\x41\x02\x05\x41\x03\x0b\x1a\x0b"
    [function] = decode_module(code(body), "x").funcs
    loop = w.Loop(w.BlockType(), ())
    choice = w.If(w.BlockType((), (I32,)), (loop, w.Const(I32, 2)), (w.Const(I32, 3),))
    assert function.body == (w.Const(I32, 1), choice, w.Drop())


MALFORMED = {
    "empty": (b"", "unexpected end", 0),
    "magic": (b"wasm\1\0\0\0", "magic header not detected", 0),
    "version": (b"\0asm\2\0\0\0", "unknown binary version", 4),
    "section id": (HEADER + b"\x0d\x00", "malformed section id", 8),
    "section order": (HEADER + FUNC[:1] + b"\x01\x00" + b"\x01\x01\x00", "unexpected content after last section", 11),
    "section too long": (HEADER + b"\x01\x02\x00\x00", "section size mismatch", 10),
    "section too short": (HEADER + b"\x01\x00\x00", "section size mismatch", 10),
    "section at the end": (HEADER + b"\x01", "unexpected end of section or function", 9),
    "length": (HEADER + b"\x01\x7f\x00", "length out of bounds", 9),
    "long integer": (HEADER + b"\x01\x80\x80\x80\x80\x80\x00", "integer representation too long", 14),
    "large integer": (HEADER + b"\x01\xff\xff\xff\xff\x1f", "integer too large", 13),
    "large signed integer": (code(b"\x41\xff\xff\xff\xff\x4f\x1a\x0b"), "integer too large", 28),
    "function type": (HEADER + section(1, b"\x01\x5f"), "malformed function type", 11),
    "value type": (HEADER + section(1, b"\x01\x60\x01\x01\x00"), "malformed value type", 13),
    "utf8": (HEADER + section(2, b"\x01\x01\xff\x00\x00\x00"), "malformed UTF-8 encoding", 11),
    "custom utf8": (HEADER + b"\x00\x02\x01\xff", "malformed UTF-8 encoding", 10),
    "custom too short": (HEADER + b"\x00\x00\x01a", "unexpected end", 12),
    "import kind": (HEADER + section(2, b"\x01\x00\x00\x04"), "malformed import kind", 13),
    "export kind": (HEADER + section(7, b"\x01\x00\x04\x00"), "malformed export kind", 12),
    "limits": (HEADER + section(5, b"\x01\x04\x00"), "malformed limits flags", 11),
    "mutability": (HEADER + section(6, b"\x01\x7f\x02\x41\x00\x0b"), "malformed mutability", 12),
    "shared table": (HEADER + section(4, b"\x01\x70\x03\x00\x00"), "tables cannot be shared (yet)", 12),
    "reference type": (HEADER + section(4, b"\x01\x7f\x00\x00"), "malformed reference type", 11),
    "element kind": (HEADER + section(9, b"\x01\x01\x01\x00"), "malformed element kind", 12),
    "element flags": (HEADER + section(9, b"\x01\x08\x00\x00"), "malformed elements segment kind", 11),
    "data flags": (HEADER + section(11, b"\x01\x03\x00\x00"), "malformed data segment kind", 11),
    "no code": (HEADER + TYPE + FUNC, "function and code section have inconsistent lengths", 18),
    "data count": (HEADER + section(12, b"\x01"), "data count and data section have inconsistent lengths", 11),
    "no data count": (code(b"\xfc\x09\x00\x0b"), "data count section required", 23),
    "locals": (code(b"\x0b", b"\x02\xff\xff\xff\xff\x0f\x7f\x01\x7f"), "too many locals", 22),
    "opcode": (code(b"\x06\x0b"), "illegal opcode 06", 23),
    "prefixed opcode": (code(b"\xfe\x05\x0b"), "illegal opcode fe 05", 23),
    "no end": (code(b"\x01"), "unexpected end of section or function", 24),
    "else": (code(b"\x05\x0b"), "END opcode expected", 23),
    "two elses": (code(b"\x41\x00\x04\x40\x05\x05\x0b\x0b"), "END opcode expected", 28),
    "memory index": (code(b"\x3f\x01\x1a\x0b"), "zero byte expected", 24),
    "fence": (code(b"\xfe\x03\x02\x0b"), "malformed memory order", 25),
    "order of a store": (code(b"\x41\x00\x41\x00\xfe\x17\x12\x00\x11\x0b"), "malformed memory order", 31),
    "orders of an exchange": (code(b"\x41\x00\x41\x00\xfe\x1e\x12\x00\x01\x1a\x0b"), "malformed memory order", 31),
    "alignment": (code(b"\x41\x00\x28\x20\x00\x1a\x0b"), "malformed memop flags", 26),
    "block type": (code(b"\x02\x80\x7f\x0b\x0b"), "malformed block type", 24),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    data, message, offset = MALFORMED[case]
    with pytest.raises(Malformed) as raised:
        decode_module(data, "bad.wasm")
    assert raised.value.message.startswith(message)
    assert str(raised.value.span) == f"bad.wasm:{offset:#x}"


def test_an_error_is_shown_with_its_offset() -> None:
    with pytest.raises(Malformed) as raised:
        decode_module(b"\0asm", "bad.wasm")
    assert render(raised.value) == "bad.wasm:0x4: malformed: unexpected end"


def test_a_type_that_the_section_lacks_comes_after_malformedness() -> None:
    with pytest.raises(Invalid, match="unknown type 0"):
        decode_module(HEADER + FUNC + section(10, b"\x01\x02\x00\x0b"), "x")
    with pytest.raises(Malformed, match="inconsistent lengths"):
        decode_module(HEADER + FUNC, "x")


@pytest.mark.parametrize("body", [b"\xfd\x0c\x0b", b"\x02\x7b\x0b\x0b"])
def test_simd_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(Unsupported, match=r"SIMD instruction fd 0c|v128"):
        decode_module(code(body), "x")


def test_limits_of_ours() -> None:
    with pytest.raises(Unsupported, match="more than 50000 locals"):
        decode_module(code(b"\x0b", b"\x01\xff\xff\xff\x7f\x7f"), "x")
    content = b"\0" + b"\x02\x40" * 251 + b"\x0b" * 252
    module = HEADER + TYPE + FUNC + b"\x0a\xf6\x05\x01\xf3\x05" + content
    with pytest.raises(Unsupported, match="nest more than 250 deep"):
        decode_module(module, "x")


# --- custom sections ----------------------------------------------------------------------------
def test_custom_sections_keep_their_places() -> None:
    data = HEADER + b"\0\x03\x01ax" + TYPE + b"\0\x02\x01b" + FUNC + section(10, b"\x01\x02\x00\x0b") + b"\0\x01\0"
    module = decode_module(data, "x")
    assert module.customs == (Custom("a", b"x"), Custom("b", b"", 1), Custom("", b"", 10))
    assert encode_module(module) == data


def named(payload: bytes) -> bytes:
    two = HEADER + TYPE + section(3, b"\x02\x00\x00") + section(10, b"\x02\x04\x01\x01\x7f\x0b\x02\x00\x0b")
    return two + section(0, b"\x04name" + payload)


def test_names_become_bindings() -> None:
    payload = b"\x00\x02\x01m" + b"\x01\x09\x02\x00\x01f\x01\x03a b" + b"\x02\x06\x01\x00\x01\x00\x01x"
    module = decode_module(named(payload), "x")
    assert module.binding == "$m"
    assert [f.binding for f in module.funcs] == ["$f", "$a_b"]
    assert module.funcs[0].local_names == ("$x",)
    assert module.customs == ()


def test_equal_names_are_told_apart() -> None:
    module = decode_module(named(b"\x01\x07\x02\x00\x01f\x01\x01f"), "x")
    assert [f.binding for f in module.funcs] == ["$f", "$f.1"]


@pytest.mark.parametrize("payload", [b"\x01\x07\x02\x00\x01f", b"\x01\x03\x01\x00\x01", b"\x01\x01\x00\x00"])
def test_a_broken_name_section_says_nothing(payload: bytes) -> None:
    assert [f.binding for f in decode_module(named(payload), "x").funcs] == [None, None]
