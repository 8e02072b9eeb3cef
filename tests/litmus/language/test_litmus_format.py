"""The .litmus format: what the parts of a file become."""

from __future__ import annotations

import pytest

from litmus.language import Expectation, Quantifier, Test, load, load_tests, parse_litmus, show_condition
from litmus.language.condition import observables
from semantics.diagnostics import Source, TextError
from semantics.execution.outcomes import And, Equals, HasStatus, Not, Or, Same
from semantics.execution.structure import Status
from semantics.exploration.program import Cell, Instantiate, Invoke, Spawn
from semantics.syntax.instructions import (
    Binary,
    Block,
    BlockType,
    BrIf,
    Call,
    Const,
    Drop,
    Fork,
    GlobalGet,
    GlobalSet,
    If,
    Load,
    LocalGet,
    LocalSet,
    MemArg,
    MemoryGrow,
    Notify,
    Rmw,
    Select,
    Store,
    Wait,
)
from semantics.syntax.instructions import (
    Test as Eqz,
)
from semantics.syntax.modules import ExternKind
from semantics.syntax.types import I32, I64, FuncType, Limits, Order, Share

SC = Order.SEQCST
WORD = MemArg(align=2)


def litmus(code: str, state: str = "i32 x; i32 y; i64 z", tail: str = "", module: str = "") -> Test:
    """A test with one thread T0."""
    block = f"module {{ {module} }}" if module else ""
    return parse_litmus(Source("t.litmus", f"WASM t\n{{ {state} }}\n{block}\nthread T0 {{\n{code}\n}}\n{tail}"))


def body(code: str, state: str = "i32 x; i32 y; i64 z", module: str = "") -> tuple[object, ...]:
    return litmus(code, state, module=module).module.funcs[-1].body


def registers(test: Test, function: str = "T0") -> dict[str, object]:
    [found] = [f for f in test.module.funcs if f.binding == "$" + function]
    return dict(
        zip([n and n.removeprefix("$") for n in found.local_names], found.type.params + found.locals, strict=True)
    )


MP = """WASM MP+seqcst
"Message passing."
{ i32 x = 0; i32 y = 0; }
 T0                   | T1                     ;
 i32.store x 1        | r0 = i32.atomic.load y ;
 i32.atomic.store y 1 | r1 = i32.load x        ;
exists (1:r0=1 /\\ T1:r1=0)
expect wasm, wasm-threads: forbidden; sc: forbidden
expect wasm[-dagger,-ddagger]: allowed"""


def test_message_passing_in_ten_lines() -> None:
    assert len(MP.splitlines()) <= 10
    test = load(Source("MP+seqcst.litmus", MP))
    assert isinstance(test, Test)
    assert (test.name, test.description, test.threads) == ("MP+seqcst", "Message passing.", ("T0", "T1"))
    assert test.condition is not None and test.condition.quantifier is Quantifier.EXISTS
    assert test.condition.proposition == And((Equals(("T1", "r0"), 1), Equals(("T1", "r1"), 0)))
    assert test.expectations == {
        "wasm": Expectation.FORBIDDEN,
        "wasm-threads": Expectation.FORBIDDEN,
        "sc": Expectation.FORBIDDEN,
        "wasm[-dagger,-ddagger]": Expectation.ALLOWED,
    }
    writer, reader = test.module.funcs
    assert writer.type == reader.type == FuncType(Share.SHARED, (), ())
    assert writer.body == (
        Const(I32, 0), Const(I32, 1), Store(I32, 4, WORD), Const(I32, 8), Const(I32, 1), Store(I32, 4, WORD, SC),
    )  # fmt: skip
    assert reader.body == (
        Const(I32, 8), Load(I32, 4, None, WORD, SC), LocalSet(0), Const(I32, 0), Load(I32, 4, None, WORD), LocalSet(1),
    )  # fmt: skip


def test_program() -> None:
    test = parse_litmus(Source("t.litmus", MP.replace("1:r0=1", "x=1 /\\ 1:r0=1")))
    make, *spawns = test.program.main.commands
    assert isinstance(make, Instantiate) and make.module is test.module and test.program.main.hidden
    assert all(isinstance(s, Spawn) for s in spawns)
    threads = [s.thread for s in spawns if isinstance(s, Spawn)]
    assert [t.name for t in threads] == ["T0", "T1"]
    assert threads[0].commands == (Invoke(make.instance, "T0"),)
    assert test.program.cells == (Cell("x", make.instance, "memory", 0, 4), Cell("y", make.instance, "memory", 8, 4))
    assert test.program.observed == ("x",)
    [memory] = test.module.memories
    assert memory.type.share is Share.SHARED and memory.type.limits == Limits(1, 1)
    assert ("memory", ExternKind.MEMORY, 0) in [(e.name, e.kind, e.index) for e in test.module.exports]


# --- initial state ------------------------------------------------------------------------------
def test_placement() -> None:
    test = litmus("nop", "i32 a; i16 h @ 2; i64 b; i8 c @ 65536; d; memory 1 4")
    assert [(c.name, c.offset, c.size) for c in test.program.cells] == [
        ("a", 8, 4), ("h", 2, 2), ("b", 16, 8), ("c", 65536, 1), ("d", 24, 4),
    ]  # fmt: skip
    assert test.module.memories[0].type.limits == Limits(1, 4)
    assert litmus("nop", "memory 3").module.memories[0].type.limits == Limits(3, 3)


def test_initial_values() -> None:
    test = litmus("nop", "i16 a = -2; i32 b = 0; i64 c = 0x1_0000_0000")
    segments = [(d.offset, d.content) for d in test.module.datas]
    assert segments == [
        ((Const(I32, 0),), b"\xfe\xff"),
        ((Const(I32, 16),), b"\0\0\0\0\1\0\0\0"),
    ]


def test_overlapping_initial_values_agree() -> None:
    litmus("nop", "i32 x @ 0 = 0x20001; i16 h @ 2 = 2")
    with pytest.raises(TextError, match="overlap and their initial values differ"):
        litmus("nop", "i32 x @ 0 = 1; i16 h @ 2 = 2")


def test_initial_registers_are_parameters() -> None:
    test = litmus("i64.store z r1\ni32.store x r0", "i32 x; i64 z; 0:r0 = -1; i64 T0:r1 = 5")
    assert test.module.funcs[0].type.params == (I32, I64)
    spawn = test.program.main.commands[1]
    assert isinstance(spawn, Spawn)
    assert spawn.thread.commands[0] == Invoke("test", "T0", ((I32, 0xFFFFFFFF), (I64, 5)))


# --- short forms --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("short", "native"),
    [
        ("i32.store x 1", "(i32.store (i32.const 0) (i32.const 1))"),
        ("i32.store offset=4 x -1", "(i32.store offset=4 (i32.const 0) (i32.const -1))"),
        ("i64.atomic.store z 5", "(i64.atomic.store (i32.const 16) (i64.const 5))"),
        ("i32.store8 x+1 7", "(i32.store8 (i32.const 1) (i32.const 7))"),
        ("r0 = i32.load y", "(local $r0 i32) (local.set $r0 (i32.load (i32.const 8)))"),
        ("r0=i32.load y", "(local $r0 i32) (local.set $r0 (i32.load (i32.const 8)))"),
        ("(r0 = i32.load y)", "(local $r0 i32) (local.set $r0 (i32.load (i32.const 8)))"),
        ("r0 = i64.load z", "(local $r0 i64) (local.set $r0 (i64.load (i32.const 16)))"),
        ("r0 = 5", "(local $r0 i32) (local.set $r0 (i32.const 5))"),
        ("i64 r0\nr0 = 5", "(local $r0 i64) (local.set $r0 (i64.const 5))"),
        ("i64 r0 = 5", "(local $r0 i64) (local.set $r0 (i64.const 5))"),
        ("r0 = y", "(local $r0 i32) (local.set $r0 (i32.const 8))"),
        ("r0 = i64.load z\nr1 = r0", "(local $r0 i64) (local $r1 i64) (local.set $r0 (i64.load (i32.const 16)))"
         "(local.set $r1 (local.get $r0))"),
        ("r0 = i64.eqz 0", "(local $r0 i32) (local.set $r0 (i64.eqz (i64.const 0)))"),
        ("r0 = i64.extend_i32_u 1", "(local $r0 i64) (local.set $r0 (i64.extend_i32_u (i32.const 1)))"),
        ("r0 = (i32.add 1 (i32.mul 2 3))",
         "(local $r0 i32) (local.set $r0 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))"),
        ("i32.const 1\nr0 = i32.eqz", "(local $r0 i32) i32.const 1 i32.eqz local.set $r0"),
        ("i32.const 0\ni32.const 1\ni32.store", "(i32.store (i32.const 0) (i32.const 1))"),
        ("i32.const 0 i32.const 1 i32.store", "(i32.store (i32.const 0) (i32.const 1))"),
        ("(local.set $k (i64.const 1))", "(local $k i64) (local.set $k (i64.const 1))"),
        ("local.set k 1\nlocal.get k\ndrop", "(local $k i32) (local.set $k (i32.const 1)) (drop (local.get $k))"),
        ("loop $l\n br_if $l (i32.eqz (i32.load x))\nend", "(loop $l (br_if $l (i32.eqz (i32.load (i32.const 0)))))"),
        ("(loop $l (r0 = i32.load x) (br_if $l r0))",
         "(local $r0 i32) (loop $l (local.set $r0 (i32.load (i32.const 0))) (br_if $l (local.get $r0)))"),
        ("r0 = 1\nif r0\n r1 = 2\nelse\n r1 = 3\nend",
         "(local $r0 i32) (local $r1 i32) (local.set $r0 (i32.const 1)) (if (local.get $r0)"
         "(then (local.set $r1 (i32.const 2))) (else (local.set $r1 (i32.const 3))))"),
        ("r0 = 1\n(if r0 (then (i32.store x r0)))",
         "(local $r0 i32) (local.set $r0 (i32.const 1)) (if (local.get $r0)"
         "(then (i32.store (i32.const 0) (local.get $r0))))"),
        ("r0 = (if (result i64) 1 (then (i64.const 1)) (else (i64.const 2)))",
         "(local $r0 i64) (local.set $r0 (if (result i64) (i32.const 1) (then (i64.const 1)) (else (i64.const 2))))"),
        ("r0 = select (i64.const 1) 2 (i32.const 0)",
         "(local $r0 i64) (local.set $r0 (select (i64.const 1) (i64.const 2) (i32.const 0)))"),
        ("i32.store x 1 ;; a comment\n(; another ;) nop", "(i32.store (i32.const 0) (i32.const 1)) nop"),
    ],
)  # fmt: skip
def test_short_form(short: str, native: str) -> None:
    expected = litmus(native, "i32 a; i32 b; i64 c")
    found = litmus(short)
    assert found.module.funcs[0].body == expected.module.funcs[0].body
    assert registers(found) == registers(expected)


def test_every_family_takes_bare_operands() -> None:
    assert body("r0 = i32.atomic.rmw.add x 1")[:3] == (Const(I32, 0), Const(I32, 1), Rmw(I32, "add", 4, WORD))
    assert [type(i) for i in body("r0 = i64.atomic.rmw.cmpxchg z 1 2")[:3]] == [Const] * 3
    assert body("r0 = memory.atomic.wait32 x 0 -1")[:4] == (
        Const(I32, 0), Const(I32, 0), Const(I64, (1 << 64) - 1), Wait(I32, WORD),
    )  # fmt: skip
    assert body("r0 = memory.atomic.wait64 z 0 -1")[1] == Const(I64, 0)
    assert body("r0 = memory.atomic.notify x 1")[1:3] == (Const(I32, 1), Notify(WORD))
    assert body("r0 = memory.grow 1") == (Const(I32, 1), MemoryGrow(0), LocalSet(0))
    assert body("drop 1") == (Const(I32, 1), Drop())
    assert body("r0 = select 1 2 0")[3:] == (Select(), LocalSet(0))
    assert body("block $b\n br_if $b 1\nend") == (Block(BlockType(), (Const(I32, 1), BrIf(0))),)


MODULE = """(global $g shared (mut i64) (i64.const 1))
            (func $f shared (param $a i32) (param $b i64) (result i64)
              (r0 = i32.load x) i32.store x (i32.add a r0) (local.get b))
            (func $child shared (param $n i32) i32.store y n)"""


def test_module_block() -> None:
    test = litmus("r0 = call $f 1 2\nfork $child 3\nglobal.set $g 4\nr1 = global.get $g", module=MODULE)
    f, child, thread = test.module.funcs
    assert thread.body == (
        Const(I32, 1), Const(I64, 2), Call(0), LocalSet(0), Const(I32, 3), Fork(1),
        Const(I64, 4), GlobalSet(0), GlobalGet(0), LocalSet(1),
    )  # fmt: skip
    assert registers(test) == {"r0": I64, "r1": I64}
    assert registers(test, "f") == {"a": I32, "b": I64, "r0": I32}
    assert child.body == (Const(I32, 8), LocalGet(0), Store(I32, 4, WORD))
    assert f.body[3:] == (
        Const(I32, 0), LocalGet(0), LocalGet(2), Binary(I32, "add"), Store(I32, 4, WORD), LocalGet(1),
    )  # fmt: skip


def test_types_of_functions_by_name() -> None:
    module = "(type $t (shared (func (param i64) (result i64)))) (func $f shared (type $t) (local.get 0))"
    test = litmus("r0 = call $f 7", module=module)
    assert test.module.funcs[1].body[0] == Const(I64, 7)
    assert registers(test) == {"r0": I64}


def test_memories_behind_the_first() -> None:
    test = litmus("r0 = i32.load $other 0\nr1 = memory.size $other", module="(memory $other 2 2 shared)")
    assert [m.type.limits.min for m in test.module.memories] == [1, 2]
    assert test.module.funcs[0].body[1] == Load(I32, 4, None, MemArg(align=2, memory=1))


def test_spans_point_into_the_file() -> None:
    test = parse_litmus(Source("t.litmus", MP))
    load = test.module.funcs[1].body[1]
    assert isinstance(load, Load) and load.span is not None
    assert (load.span.line, load.span.column) == (5, MP.splitlines()[4].index("i32.atomic.load") + 1)
    assert load.span.end_column == MP.splitlines()[4].index("load y") + len("load y") + 1


def test_if_with_operands_on_the_stack() -> None:
    [one, branch] = body("i32.const 1\nif\n nop\nend")
    assert one == Const(I32, 1) and isinstance(branch, If)
    assert body("r0 = i32.eqz (i32.const 0)")[1] == Eqz(I32, "eqz")


# --- conditions ---------------------------------------------------------------------------------
def condition(text: str, state: str = "i32 x; i16 h; i64 z") -> object:
    test = litmus("r0 = i32.load x\nr1 = i64.load z", state, tail=text)
    assert test.condition is not None
    return test.condition.proposition


X, H, R0, R1 = ("", "x"), ("", "h"), ("T0", "r0"), ("T0", "r1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exists x=1", Equals(X, 1)),
        ("exists [x]=1", Equals(X, 1)),
        ("exists (0:r0=-1)", Equals(R0, 0xFFFFFFFF)),
        ("exists T0:r1=-1", Equals(R1, (1 << 64) - 1)),
        ("exists h=-1", Equals(H, 0xFFFF)),
        ("exists 0:r0=x", Same(R0, X)),
        ("exists 0:r0=0:r1", Same(R0, R1)),
        ("exists x!=1", Not(Equals(X, 1))),
        ("exists 0:r0!=0:r1", Not(Same(R0, R1))),
        ("exists 0:trap", HasStatus("T0", Status.TRAP)),
        ("exists T0:blocked", HasStatus("T0", Status.BLOCKED)),
        ("exists x=1 /\\ h=2 /\\ 0:r0=3", And((Equals(X, 1), Equals(H, 2), Equals(R0, 3)))),
        ("exists x=1 \\/ h=2 /\\ 0:r0=3", Or((Equals(X, 1), And((Equals(H, 2), Equals(R0, 3)))))),
        ("exists (x=1 \\/ h=2) /\\ 0:done", And((Or((Equals(X, 1), Equals(H, 2))), HasStatus("T0", Status.DONE)))),
        ("exists ~x=1 /\\ ~(h=2)", And((Not(Equals(X, 1)), Not(Equals(H, 2))))),
        ("exists x=1 => h=2 => true", Or((Not(Equals(X, 1)), Or((Not(Equals(H, 2)), And(())))))),
    ],
)
def test_proposition(text: str, expected: object) -> None:
    assert condition(text) == expected


def test_quantifiers() -> None:
    for text, kind in [
        ("exists", Quantifier.EXISTS),
        ("~exists", Quantifier.NOT_EXISTS),
        ("~ exists", Quantifier.NOT_EXISTS),
        ("forall", Quantifier.FORALL),
    ]:
        found = litmus("nop", tail=f"{text} (x=1)").condition
        assert found is not None and found.quantifier is kind
        assert found.query == (Not(Equals(X, 1)) if kind is Quantifier.FORALL else Equals(X, 1))
        assert found.validated(True) is (kind is Quantifier.EXISTS)
        assert found.verdict(True).reachable and not found.verdict(False).reachable


@pytest.mark.parametrize(
    "text",
    [
        "exists (T0:r0=1 /\\ [x]=2)",
        "~exists (T0:r0=1 /\\ ([x]=2 \\/ [h]!=3))",
        "forall (~(T0:r0=1 /\\ [x]=2) \\/ T0:trap)",
        "exists (T0:r0=[x])",
        "exists ((T0:r0=1 \\/ [x]=1) /\\ (T0:r0=2 \\/ [x]=2))",
        "exists (true)",
    ],
)
def test_conditions_are_shown_as_written(text: str) -> None:
    found = litmus("r0 = i32.load x\nr1 = i64.load z", "i32 x; i16 h; i64 z", tail=text).condition
    assert found is not None
    assert show_condition(found) == text
    assert show_condition(found, lambda thread: "0") == text.replace("T0:", "0:")


def test_observables_in_order() -> None:
    test = litmus("r0 = i32.load x", tail="exists (x=1 /\\ (0:r0=2 \\/ ~y=x))\nlocations [z; 0:r0;]")
    assert test.condition is not None
    assert observables(test.condition.proposition) == (X, R0, ("", "y"))
    assert test.locations == (("", "z"), R0)
    assert test.program.observed == ("z", "x", "y")


def test_forked_functions_are_threads_of_conditions() -> None:
    module = "(func $child shared (r5 = i32.load x))"
    test = litmus("fork $child", module=module, tail="exists (child:r5=1 /\\ child:done)")
    assert test.condition is not None
    assert test.condition.proposition == And((Equals(("child", "r5"), 1), HasStatus("child", Status.DONE)))


def test_second_thread_of_a_function() -> None:
    module = "(func $child shared (r5 = i64.load z))"
    test = litmus("fork $child\nfork $child", module=module, tail="exists (child#2:r5=-1 /\\ ~child#2:trap)")
    assert test.condition is not None
    expected = And((Equals(("child#2", "r5"), (1 << 64) - 1), Not(HasStatus("child#2", Status.TRAP))))
    assert test.condition.proposition == expected


def test_nothing_is_asked() -> None:
    test = litmus("nop", tail="locations [x;]\nbound 7")
    assert test.condition is None and test.expectations == {} and test.bound == 7 and test.program.observed == ("x",)


def test_comments_everywhere() -> None:
    test = parse_litmus(
        Source(
            "t.litmus",
            "(* herd's *) WASM t ;; name\n{ i32 x; (; wasm's ;) }\n T0 ;\n nop ;\n;; end\nexists (* q *) x=0",
        )
    )
    assert test.name == "t" and test.condition is not None


def test_other_suffixes(tmp_path: object) -> None:
    with pytest.raises(TextError, match="no test"):
        load(Source("a.txt", MP))
    from pathlib import Path

    path = Path(str(tmp_path)) / "MP.litmus"
    path.write_text(MP, "utf-8")
    [test] = load_tests(path)
    assert isinstance(test, Test)


FLOATS = """WASM floats
{ f32 x = -0; f64 z = nan:0x1; f32 0:given = inf; }
thread T0 {
  r0 = f32.load x
  r1 = f64.promote_f32 (f32.add r0 1.5)
  f64 r2 = 0x1p-3
  f64.store z r2
  r3 = i32.trunc_f32_s given
  r4 = f32.gt r0 0
}
"""


def test_floats_have_literals_and_registers() -> None:
    found = parse_litmus(
        Source(
            "t.litmus", FLOATS + "exists (0:r0=-0.0 /\\ 0:r1!=1.5 /\\ z=nan:0x1 /\\ 0:given=inf /\\ x=-nan /\\ 0:r3=1)"
        )
    )
    assert found.condition is not None
    assert found.condition.proposition == And(
        (
            Equals(("T0", "r0"), 0x80000000),
            Not(Equals(("T0", "r1"), 0x3FF8000000000000)),
            Equals(("", "z"), 0x7FF0000000000001),
            Equals(("T0", "given"), 0x7F800000),
            Equals(("", "x"), 0xFFC00000),
            Equals(("T0", "r3"), 1),
        )
    )
    assert [str(found.kinds["T0"][f"r{i}"]) for i in range(5)] == ["f32", "f64", "f64", "i32", "i32"]
    assert [d.content for d in found.module.datas] == [bytes((0, 0, 0, 0x80)), bytes((1, 0, 0, 0, 0, 0, 0xF0, 0x7F))]


def test_a_location_called_nan_is_a_location() -> None:
    found = parse_litmus(Source("t.litmus", "WASM t\n{ f32 nan; f32 x; }\nthread T0 { }\nexists x=nan"))
    assert found.condition is not None and found.condition.proposition == Same(("", "x"), ("", "nan"))
