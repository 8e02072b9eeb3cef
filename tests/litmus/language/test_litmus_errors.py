"""What is wrong in a .litmus file is told with its place and what was expected, never by a traceback."""

from __future__ import annotations

from random import Random

import pytest

from litmus.language import parse_litmus
from semantics.diagnostics import Source, TextError, WeftError, render

TABLE = "WASM t\n{ i32 x; i32 y; }\n T0 | T1 ;\n i32.store x 1 | r0 = i32.load y ;\n"
BLOCK = "WASM t\n{ i32 x; i64 z; }\nthread T0 {\n"


def error(text: str) -> WeftError:
    with pytest.raises(WeftError) as caught:
        parse_litmus(Source("t.litmus", text))
    assert render(caught.value).startswith("t.litmus:")
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", "is empty"),
        ("\n \n", "1:1", "is empty"),
        ("X86 SB\n{ }", "1:1", "X86 is not an architecture"),
        ("WASM", "1:5", "ends too early"),
        ("WASM t", "1:7", "ends too early"),
        ('WASM t\n"no end\n{ }', "2:1", "unclosed string"),
        ("WASM t\n{ i32 x; ", "2:9", "ends too early"),
        ("WASM t\n{ f16 x; }", "2:7", "unexpected x"),
        ("WASM t\n{ i32 x = 1.5; }\nthread T0 { }", "2:11", "1.5 is no integer"),
        ("WASM t\n{ i32 x = nan; }\nthread T0 { }", "2:11", "nan is no integer"),
        ("WASM t\n{ f32 x = 1e39; }\nthread T0 { }", "2:11", "1e39 is no f32"),
        ("WASM t\n{ f32 x = nan:0x800000; }\nthread T0 { }", "2:11", "is no f32"),
        ("WASM t\n{ f32 x; }\nthread T0 { }\nexists x=nans", "4:10", "unknown location nans"),
        (TABLE + "exists x=1.5", "5:10", "1.5 is no integer"),
        ("WASM t\n{ exists; }", "2:3", "unexpected exists (a reserved word)"),
        ("WASM t\n{ i32 x = ; }", "2:11", "unexpected ;"),
        ("WASM t (* open", "1:8", 'unclosed comment "(*"'),
        ("WASM t\n{ ? }", "2:3", "unexpected character '?'"),
        ("WASM t\n{ i32 x; i64 x; }\nthread T0 { }", "2:14", "duplicate location x"),
        ("WASM t\n{ i8 x = 256; }\nthread T0 { }", "2:10", "256 does not fit in 8 bits"),
        ("WASM t\n{ i8 x = -129; }\nthread T0 { }", "2:10", "-129 does not fit in 8 bits"),
        ("WASM t\n{ i32 x @ -4; }\nthread T0 { }", "2:11", "-4 is not an address"),
        ("WASM t\n{ memory 2 1; }\nthread T0 { }", "2:12", "1 is not a maximum number of pages"),
        ("WASM t\n{ memory 1; memory 2; }\nthread T0 { }", "2:13", "a second memory"),
        ("WASM t\n{ memory 1 2; i32 x @ 65536 = 1; }\nthread T0 { }", "2:19", "x lies beyond the initial memory"),
        ("WASM t\n{ i32 block; }\nthread T0 { }", "2:7", "a location cannot be called block"),
        ("WASM t\n{ 1:r0 = 3; }\nthread T0 { }", "2:3", "unknown thread 1"),
        ("WASM t\n{ 0:r0; 0:r0; }\nthread T0 { }", "2:11", "duplicate register r0 of T0"),
        ("WASM t\n{ i8 0:r0; }\nthread T0 { }", "2:3", "a register cannot be i8"),
        ("WASM t\n{ }\n T0 | T0 ;\n nop | nop ;", "3:7", "duplicate thread T0"),
        ("WASM t\n{ }\n T0 | 1 ;\n nop | nop ;", "3:7", "'1' is not a thread name"),
        ("WASM t\n{ }\n T0 | ;\n nop | nop ;", "3:7", "a thread name is missing"),
        ("WASM t\n{ }\n T0 | T1 ;\n nop | nop | nop ;", "4:2", "a row with 3 cells in a table of 2 threads"),
        ("WASM t\n{ }\n T0 | T1 ;\n nop | nop", "4:8", "a row of the thread table is not closed"),
        ("WASM t\n{ }\nthread T0 {\n nop\n", "3:11", '"{" is not closed'),
        ("WASM t\n{ }\nthread {\n nop }\n", "3:8", "unexpected {"),
        (BLOCK + "i32.store x (i32.const 1\n}", "4:13", '"(i32.const" of line 4 is not closed'),
        (BLOCK + "i32.store x 1)\n}", "4:14", '")" closes nothing'),
        (BLOCK + "i32.sotre x 1\n}", "4:1", "did you mean i32.store?"),
        (BLOCK + "i32.store q 1\n}", "4:11", "q is neither a register of T0 nor a location"),
        (BLOCK + "r0 = i32.load x\ni32.store x r1\n}", "5:13", "did you mean r0?"),
        (BLOCK + "i32.store x\n}", "4:11", "i32.store takes 2 operands"),
        (BLOCK + "i32.store x 1 2\n}", "4:15", "i32.store takes 2 operands"),
        (BLOCK + "r0 = i32.load\n}", "4:6", "type mismatch"),
        (BLOCK + "r0 =\n}", "4:1", "nothing is assigned to r0"),
        (BLOCK + "x = i32.load z\n}", "4:1", "x is a location and cannot be a register of T0"),
        (BLOCK + "5 = i32.load x\n}", "4:1", "5 is not a register"),
        (BLOCK + "i32 r0\ni64 r0\n}", "5:5", "duplicate register r0"),
        (BLOCK + "i32 r0\nr0 = i64.load z\n}", "5:1", "type mismatch"),
        (BLOCK + "r0 = i32.add 1 x-y\n}", "4:16", "x-y is no operand"),
        (BLOCK + "r0 = i32.const 0x1_0000_0000\n}", "4:16", "constant out of range"),
        (BLOCK + "i32.store x 4294967296\n}", "4:13", "constant out of range"),
        (BLOCK + "br_if $l 1\n}", "4:7", "unknown label $l"),
        (BLOCK + "call $f 1\n}", "4:6", "unknown func $f"),
        (BLOCK + "loop $l\n}", "4:1", '"loop" has no "end"'),
        (BLOCK + "i32.atomic.load align=2 x drop\n}", "4:1", "alignment"),
        ("WASM t\n{ }\nmodule { (import \"a\" \"b\" (func)) }\nthread T0 { }", "3:10", "a test imports nothing"),
        ("WASM t\n{ }\nmodule { (func $f shared) (func $f shared) }\nthread T0 { }", "3:33", "duplicate func $f"),
        ("WASM t\n{ }\nmodule { (func $f) }\nthread T0 { call $f }", "4:13", "may not use local function $f"),
        (TABLE + "exists 0:r7=1", "5:10", "unknown register of T0 r7"),
        (TABLE + "exists 1:r1=1", "5:10", "unknown register of T1 r1; did you mean r0?"),
        (TABLE + "exists 2:r0=1", "5:8", "unknown thread 2"),
        (TABLE + "exists T2:r0=1", "5:8", "unknown thread T2; did you mean"),
        (TABLE + "exists z=1", "5:8", "unknown location z"),
        (TABLE + "exists [z]=1", "5:9", "unknown location z"),
        (TABLE + "exists 0:dead", "5:10", "unknown status dead"),
        (TABLE + "exists x=0x100000000", "5:10", "does not fit in 32 bits"),
        (TABLE + "exists (x=1 /\\ y=2", "5:19", "ends too early"),
        (TABLE + "exists x=1 y=2", "5:12", "unexpected y"),
        (TABLE + "exists x=1\nexists y=1", "6:1", "a second condition"),
        (TABLE + "bound 1\nbound 2", "6:1", "a second bound"),
        (TABLE + "bound 0", "5:7", "0 is not a bound"),
        (TABLE + "locations [q;]", "5:12", "unknown location q"),
        (TABLE + "expect wasm: allowed", "5:14", "an expectation without a condition"),
        (TABLE + "exists x=1\nexpect wasm: maybe", "6:14", "maybe is no verdict"),
        (TABLE + "exists x=1\nexpect wasm: holds", "6:14", "holds is no verdict after exists"),
        (TABLE + "forall x=1\nexpect wasm: allowed", "6:14", "allowed is no verdict after forall"),
        (TABLE + "exists x=1\nexpect wasm: allowed\nexpect wasm: allowed", "7:8", "a second expectation for wasm"),
        ("WASM t\n{ memory 1 2; i32 x @ 65536; }\nthread T0 { }\nexists x=0", "2:19", "cannot be observed"),
    ],
)  # fmt: skip
def test_place_and_message(text: str, place: str, message: str) -> None:
    found = error(text)
    assert message in found.message
    assert str(found.span) == f"t.litmus:{place}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X86 SB", '"WASM"'),
        ("WASM t\n{ i32 x", '"="'),
        ("WASM t\n{ }\n", "a table of threads"),
        (TABLE + "exists 1:r1=1", "r0"),
        (TABLE + "exists z=1", "x"),
        (TABLE + "exists 0:dead", "trap"),
        (TABLE + "exists (x=1", '")"'),
        (TABLE + "exists x=0x100000000", "-2147483648 to 4294967295"),
        (TABLE + "exists x=1\nexpect wasm: maybe", "forbidden"),
        (BLOCK + "i32.store q 1\n}", "z"),
    ],
)
def test_expected(text: str, expected: str) -> None:
    assert any(expected in one for one in error(text).expected)


def test_no_traceback_on_damaged_files() -> None:
    """Cutting, doubling and swapping pieces of a good file gives a test or a WeftError."""
    text = (
        TABLE
        + "locations [x; 1:r0;]\nexists (1:r0=1 /\\ ~(x=2) \\/ 0:trap)\nexpect wasm, sc: allowed; x[-y]: forbidden"
    )
    text = text.replace("\n T0", "\nmodule { (func $f shared (param $a i32) (r = i32.load a)) }\n T0")
    random = Random(7)
    good = 0
    for _ in range(1500):
        a, b = sorted(random.choices(range(len(text)), k=2))
        damaged = random.choice(
            [text[:a] + text[b:], text[:b] + text[a:], text[:a] + random.choice('(){}|;:=~"$@ ') + text[a:], text[:a]]
        )
        try:
            parse_litmus(Source("t.litmus", damaged))
            good += 1
        except WeftError as found:
            assert render(found)
            assert found.family not in ("internal error", "stuck configuration")
    assert good  # some damage is harmless


def test_a_register_of_a_compound_type() -> None:
    text = "WASM l\n{ x; }\nthread T0 {\n (local $v (shared funcref))\n r0 = i32.load x\n}\n"
    with pytest.raises(TextError, match="the type of register v is no single word"):
        parse_litmus(Source("l.litmus", text))
