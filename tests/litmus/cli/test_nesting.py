"""Deep nesting and huge claims, down every line: a verdict or an error that names the limit, never a traceback."""

from __future__ import annotations

import pytest

from litmus.cli.status import BAD_INPUT, OK
from semantics.binary import leb
from tests.fuzz.bounds import bounded_memory
from tests.litmus.cli.conftest import SB

DEEP = 100_000
HEADER = b"\0asm\1\0\0\0"


def binary(body: bytes, locals: bytes = b"\0") -> bytes:
    """A module of one function () -> ()."""
    code = leb.sized(locals + body + b"\x0b")
    return HEADER + b"\1\4\1\x60\0\0" + b"\3\2\1\0" + b"\x0a" + leb.sized(b"\1" + code)


def many_locals(functions: int) -> bytes:
    """A module of so many functions, of 50,000 locals each."""
    body = b"\1" + leb.unsigned(50_000) + b"\x7f\x0b"
    types, code = leb.unsigned(functions) + b"\0" * functions, leb.unsigned(functions) + leb.sized(body) * functions
    return HEADER + b"\1\4\1\x60\0\0" + b"\3" + leb.sized(types) + b"\x0a" + leb.sized(code)


def condition(text: str) -> str:
    return SB.replace("exists (0:r0=0 /\\ 1:r0=0)", text)


def thread(text: str) -> str:
    return SB.replace("i32.store x 1", text)


REFUSED = [
    ("binary blocks", "wasm", binary(b"\2\x40" * DEEP + b"\x0b" * DEEP), "blocks that nest more than 250 deep"),
    ("binary ifs", "wasm", binary(b"\x41\0\4\x40" * DEEP + b"\x0b" * DEEP), "blocks that nest more than 250 deep"),
    ("blocks", "wat", "(module (func " + "block " * DEEP + "end " * DEEP + "))", "blocks that nest more than 250 deep"),
    ("folded blocks", "wat", "(func " + "(block " * 20_000 + ")" * 20_001, "blocks that nest more than 250 deep"),
    ("folded ifs", "wat", "(func " + "(if (i32.const 1) (then " * 9000 + "))" * 9000 + ")", "nest more than 250 deep"),
    ("parentheses", "wat", "(" * DEEP + ")" * DEEP, "unknown module field"),
    ("parentheses in a field", "wat", "(module (func " + "(" * 20_000 + ")" * 20_002, "unexpected token ("),
    ("open parentheses", "wat", "(" * 20_000, "is not closed"),
    ("modules", "wat", "(module " * 20_000 + ")" * 20_000, "modules that nest more than 50 deep"),
    ("open comments", "wat", "(;" * DEEP, "unclosed comment"),
    ("parentheses in a script", "wast", "(" * 20_000 + ")" * 20_000, "unknown command"),
    ("threads in a script", "wast", "(thread $T " * 9000 + ")" * 9000, "threads that nest more than 50 deep"),
    ("negations", "litmus", condition("exists " + "~" * DEEP + "0:r0=0"), "connectives nest more than 100 deep"),
    ("implications", "litmus", condition("forall (" + "0:r0=0 => " * 9000 + "true)"), "nest more than 100 deep"),
    (
        "forms",
        "litmus",
        thread("i32.store x " + "(i32.eqz " * 9000 + "1" + ")" * 9000),
        "forms nest more than 100 deep",
    ),
    ("ifs in a thread", "litmus", thread("(if (i32.load y) (then " * 51 + "))" * 51), "forms nest more than 100 deep"),
    ("too long a br_table", "wasm", binary(b"\x41\0\x0e\xff\xff\xff\xff\x0f\0"), "length out of bounds"),
    ("too many locals", "wasm", binary(b"", b"\1\xff\xff\xff\xff\x0f\x7f"), "more than 50000 locals"),
    ("too many locals together", "wasm", many_locals(1000), "a module of more than 5000000 locals"),
    ("too many types", "wasm", HEADER + b"\1\5\xff\xff\xff\xff\x0f", "length out of bounds"),
    ("endless number", "wasm", HEADER + b"\1" + b"\xff" * DEEP, "integer too large"),
    ("long number", "wat", "(func i32.const " + "9" * DEEP + ")", "constant out of range"),
    ("long name", "litmus", condition("exists (0:" + "r" * DEEP + "=1)"), "unknown register"),
]


@pytest.mark.parametrize(("suffix", "content", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_too_deep_or_too_large_is_refused(weft, suffix: str, content: str | bytes, says: str) -> None:
    ran = weft("check", f"t.{suffix}", **{f"t__{suffix}": content})
    assert ran.status == BAD_INPUT
    assert says in ran.err
    assert f"t.{suffix}:" in ran.err
    assert len(ran.err) < 3000


TAKEN = [
    ("folded operands", "wat", "(func (drop " + "(i32.eqz " * 20_000 + "(i32.const 0)" + ")" * 20_002),
    ("comments", "wat", "(;" * DEEP + ";)" * DEEP + "(module)"),
    ("blocks at the limit", "wat", "(func " + "block " * 250 + "end " * 250 + ")"),
    ("binary blocks at the limit", "wasm", binary(b"\2\x40" * 250 + b"\x0b" * 250)),
    ("whole memory", "wat", '(memory (export "m") 65536) (func (i32.store8 (i32.const -1) (i32.const 1)))'),
    ("whole table", "wat", "(table 4294967295 funcref)"),
    ("grouped condition", "litmus", condition("exists " + "(" * 9000 + "0:r0=0" + ")" * 9000)),
    ("condition at the limit", "litmus", condition("exists " + "~" * 100 + "0:r0=0")),
    ("implications at the limit", "litmus", condition("forall (" + "0:r0=0 => " * 99 + "true)")),
    ("alternation", "litmus", condition("exists (" + "0:r0=0 /\\ (0:r0=1 \\/ (" * 49 + "~true" + "))" * 49 + ")")),
    ("disjuncts", "litmus", condition("exists (" + " \\/ ".join(f"0:r0={n}" for n in range(3000)) + ")")),
    ("forms at the limit", "litmus", thread("i32.store x " + "(i32.sub 0 " * 99 + "(i32.load y)" + ")" * 99)),
    ("ifs at the limit", "litmus", thread("(if (i32.load y) (then " * 50 + "i32.store x 1" + "))" * 50)),
]


@pytest.mark.parametrize(("suffix", "content"), [t[1:] for t in TAKEN], ids=[t[0] for t in TAKEN])
def test_what_is_within_the_limits_has_a_verdict(weft, suffix: str, content: str | bytes) -> None:
    for verb in (("run", "--json"), ("run", "--format", "herd")) if suffix == "litmus" else (("run",),):
        with bounded_memory(1000):
            ran = weft(*verb, f"t.{suffix}", "--model", "sc", **{f"t__{suffix}": content})
        assert ran.status == OK
        assert not ran.err


CHAIN = "".join(f"let a{n + 1} = a{n} | po\n" for n in range(400))

MODELS = [
    ("closures", "let a = po" + "^+" * 5000 + "\nacyclic a as x\n"),
    ("unions", "let a = " + "(" * 3000 + "po" + " ; po | po)" * 3000 + "\nacyclic a as x\n"),
    (
        "definitions",
        "let a0 = po\n" + "".join(f"let a{n + 1} = a{n} | po\n" for n in range(400)) + "acyclic a400 as x\n",
    ),
]


@pytest.mark.parametrize("text", [m[1] for m in MODELS], ids=[m[0] for m in MODELS])
def test_models_that_are_too_deep_are_refused(weft, text: str) -> None:
    ran = weft("run", "t.litmus", "--model", "m.cat", t__litmus=SB, m__cat=text)
    assert ran.status == BAD_INPUT
    assert "nest more than 200 deep" in ran.err
    assert "m.cat:" in ran.err


def test_models_at_the_limit(weft) -> None:
    for text in (
        "let a = po" + "^+" * 198 + "\nacyclic a as x\n",
        "let a0 = po\n" + "".join(f"let a{n + 1} = a{n} | po\n" for n in range(98)) + "acyclic a98 as x\n",
    ):
        assert weft("run", "t.litmus", "--model", "m.cat", t__litmus=SB, m__cat=text).status == OK


def test_a_long_string_costs_little_more_than_itself(weft) -> None:
    megabytes = "a" * 3_000_000
    for content in (f'(memory 99) (data (i32.const 0) "{megabytes}")', f"(; {megabytes} ;) (module)"):
        with bounded_memory(150):
            assert weft("check", "t.wat", t__wat=content).status == OK


def test_a_long_line_is_shown_in_part(weft) -> None:
    content = "(func " + "nop " * 5000 + "i32.cont 1 " + "nop " * 5000 + ")"
    ran = weft("check", "t.wat", t__wat=content)
    assert ran.status == BAD_INPUT
    assert "t.wat:1:20007: syntax error: unknown operator i32.cont; did you mean i32.const?" in ran.err
    line, carets = ran.err.splitlines()[1:3]
    assert line.startswith("  | ... ") and line.endswith(" ...") and len(line) < 200
    assert line[carets.index("^") : carets.rindex("^") + 1] == "i32.cont"
