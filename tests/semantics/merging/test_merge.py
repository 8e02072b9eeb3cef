"""Merging step by step (systems.md B.8): index spaces, starts, initialisers, names, and what is refused."""

from __future__ import annotations

import pytest

from semantics.binary import decode_module, encode_module
from semantics.diagnostics import Invalid, LinkError
from semantics.merging import ImportRef, Merged, merge
from semantics.syntax.instructions import Call, Const, DataDrop, GlobalGet, Instantiate, MemoryInit, RefFunc
from semantics.syntax.modules import ExternKind, Module, SegmentMode
from semantics.syntax.types import I32, FuncType, Share
from semantics.validation import PAPER, THREADS, validate
from semantics.validation.spaces import index_spaces
from tests.semantics.merging.pairs import linked, merged_world, parsed, trace


def merged(first: str, second: str) -> Merged:
    """Two valid modules merged; imports from "A" and "B" are those of the first and of the second."""
    modules = parsed(first), parsed(second)
    links = {
        ImportRef(side, p): i.name
        for side, module in enumerate(modules)
        for p, i in enumerate(module.imports)
        if i.module == "BA"[side]
    }
    found = merge(modules, links)
    validate(found.module, PAPER)
    return found


def export_type(module: Module, name: str) -> object:
    """The type of an export."""
    export = next(e for e in module.exports if e.name == name)
    return index_spaces(module).of(export.kind)[export.index]


def test_8a_both_export_types_stay() -> None:
    found = merged(
        '(module (func $f (export "f") shared))',
        '(module (memory 1) (func (export "g") (drop (i32.load (i32.const 0)))))',
    ).module
    assert export_type(found, "f") == FuncType(Share.SHARED, (), ())
    assert export_type(found, "g") == FuncType(Share.LOCAL, (), ())


def test_8b_shared_and_local_in_one_module() -> None:
    """What a merge makes is no more than what one module may hold."""
    one = parsed('(module (func (export "f") shared) (global $g (mut i32) (i32.const 0)) (func (export "g")))')
    found = merge((one, parsed("(module)")), {})
    assert found.module == one


def test_nothing_to_link() -> None:
    found = merged('(module $a (memory (export "m") 1))', '(module $b (memory (export "m") 2))')
    assert [m.type.limits.min for m in found.module.memories] == [1, 2]
    assert [(e.name, e.index) for e in found.module.exports] == [("m", 0), ("m.1", 1)]
    assert [(r.side, r.what, r.old, r.new) for r in found.renamed] == [(1, "export", "m", "m.1")]
    assert found.module.binding == "$a"


def test_imports_that_stay_open_come_first() -> None:
    found = merged(
        '(module (import "e" "f" (func $f)) (import "B" "g" (func $g)) (func $h call $f call $g call $h))',
        '(module (import "e" "x" (func $x)) (func $g (export "g") call $x call $g))',
    ).module
    assert [(i.module, i.name) for i in found.imports] == [("e", "x"), ("e", "f")]
    assert [f.body for f in found.funcs] == [(Call(0), Call(2)), (Call(1), Call(2), Call(3))]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_provider_starts_first(swapped: bool) -> None:
    importer = '(module (import "{}" "f" (func $f)) (func $s call $f) (start $s))'
    provider = '(module (func $f (export "f")) (func $s nop) (start $s))'
    texts = (provider, importer.format("A")) if swapped else (importer.format("B"), provider)
    module = merged(*texts).module
    assert module.start == 3
    assert module.funcs[3].body == (Call(1), Call(2))
    assert module.funcs[3].binding == "$start"


def test_one_start_needs_no_wrapper() -> None:
    assert merged("(module (func) (func $s) (start $s))", "(module (func))").module.start == 1
    assert merged("(module (func))", "(module (func) (func $s) (start $s))").module.start == 2


EARLY = (
    '(module (import "B" "m" (memory 1)) (data (i32.const 0) "\\07"))',
    """(module (memory (export "m") 1) (global $g (export "g") (mut i32) (i32.const 0))
      (func $s (global.set $g (i32.load (i32.const 0)))) (start $s)
      (func (export "get") (result i32) (global.get $g)))""",
)


def test_segments_of_the_importer_wait_for_the_provider() -> None:
    found = merged(*EARLY)
    assert found.module.datas[0].mode is SegmentMode.PASSIVE
    const = tuple(Const(I32, n) for n in (0, 0, 1))
    assert found.module.funcs[-1].body == (Call(0), *const, MemoryInit(0), DataDrop(0))
    importer, provider = map(parsed, EARLY)
    assert trace(merged_world(found), 1) == trace(linked_as_n(importer, provider), 1)


def test_early_segments_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin that concatenates segments, though the provider's start function runs before the importer's."""
    monkeypatch.setattr("semantics.merging.merger._passive", lambda module, importer: (module, []))
    importer, provider = map(parsed, EARLY)
    assert trace(merged_world(merged(*EARLY)), 1) != trace(linked_as_n(importer, provider), 1)


def linked_as_n(importer: Module, provider: Module) -> object:
    """Two instances, of modules that call each other B."""
    from dataclasses import replace

    renamed = tuple(replace(i, module="N") for i in importer.imports)
    return linked(replace(importer, imports=renamed), provider)


def test_equal_imports_are_fused_where_asked() -> None:
    """Same names and type: one import. Another type stays apart; nothing is fused unasked."""
    text = """(module (import "e" "m" (memory ${n} 1)) (import "e" "g" (global {g}))
      (func (drop (i32.load (i32.const 0))) (drop (global.get 0))))"""
    modules = parsed(text.format(n="a", g="i32")), parsed(text.format(n="b", g="i64"))
    found = merge(modules, {}, fuse=True)
    validate(found.module, PAPER)
    assert [(i.name, i.binding) for i in found.module.imports] == [("m", "$a"), ("g", None), ("g", None)]
    assert found.fused == {ImportRef(1, 0): ImportRef(0, 0)}
    assert [f.body[3] for f in found.module.funcs] == [GlobalGet(0), GlobalGet(1)]
    loads = [f.body[1] for f in found.module.funcs]
    assert loads[0] == loads[1]
    assert len(merge(modules, {}).module.imports) == 4


# --- initialisers -------------------------------------------------------------------------------
def test_resolved_globals_are_inlined() -> None:
    found = merged(
        """(module (import "B" "base" (global $b i32)) (import "B" "f" (global $f funcref)) (memory 1) (table 1 funcref)
          (global i32 (global.get $b)) (global funcref (global.get $f)) (data (global.get $b) "x")
          (elem (i32.const 0) funcref (item (global.get $f))))""",
        """(module (import "e" "base" (global $b i32)) (func) (func $f) (global (export "f") funcref (ref.func $f))
          (global (export "base") i32 (global.get $b)))""",
    ).module
    assert [g.init for g in found.globals] == [(RefFunc(1),), (GlobalGet(0),), (GlobalGet(0),), (RefFunc(1),)]
    assert found.datas[0].offset == (GlobalGet(0),)
    assert found.elems[0].items == ((RefFunc(1),),)


def test_initialisers_back_and_forth() -> None:
    """Each module reads a global of the other: acyclic, though no host could link them."""
    first = (
        '(module (import "B" "y" (global $y i32)) (global (export "x") i32 (i32.const 1)) (global i32 (global.get $y)))'
    )
    second = '(module (import "A" "x" (global $x i32)) (global (export "y") i32 (global.get $x)))'
    assert [g.init for g in merged(first, second).module.globals] == [(Const(I32, 1),)] * 3


def test_initialisers_in_a_circle() -> None:
    first = '(module (import "B" "y" (global $y i32)) (global (export "x") i32 (global.get $y)))'
    second = '(module (import "A" "x" (global $x i32)) (global (export "y") i32 (global.get $x)))'
    with pytest.raises(LinkError, match=r"circle: global 1 of the (first|second) module, global 1 of the"):
        merged(first, second)


def test_imports_in_a_circle() -> None:
    first = '(module (import "B" "y" (func $y)) (export "x" (func $y)))'
    second = '(module (import "A" "x" (func $x)) (export "y" (func $x)))'
    with pytest.raises(LinkError, match=r'import "[AB]" "[xy]" .* in a circle'):
        merged(first, second)


def test_functions_may_call_each_other() -> None:
    found = merged(
        '(module (import "B" "odd" (func $odd)) (func (export "even") call $odd))',
        '(module (import "A" "even" (func $even)) (func (export "odd") call $even))',
    ).module
    assert not found.imports
    assert [f.body for f in found.funcs] == [(Call(1),), (Call(0),)]


def test_a_passed_on_import_stays_open() -> None:
    found = merged(
        '(module (import "B" "m" (memory $m 1)) (func (drop (i32.load $m (i32.const 0)))))',
        '(module (import "e" "m" (memory 1)) (export "m" (memory 0)))',
    )
    assert found.imports == (ImportRef(1, 0),)
    assert not found.module.memories


# --- step 1 ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wanted", "given", "message"),
    [
        ("(func (param i32))", '(func (export "x"))', r"it is func \[\] -> \[\], wanted is func \[i32\] -> \[\]"),
        ("(func)", '(func (export "x") shared)', r"it is func shared \[\] -> \[\]"),
        ("(memory 2)", '(memory (export "x") 1)', "it is memory 1, wanted is memory 2"),
        ("(memory 1 2 shared)", '(memory (export "x") 1 2)', "wanted is memory 1 2 shared"),
        ("(global i32)", '(global (export "x") (mut i32) (i32.const 0))', r"it is global \(mut i32\)"),
        ("(table 1 2 funcref)", '(table (export "x") 1 funcref)', "wanted is table 1 2 funcref"),
        ("(func)", '(memory (export "x") 1)', r"it is memory 1, wanted is func \[\] -> \[\]"),
        ("(func)", '(func (export "z"))', 'export "x" of the second: no such export'),
    ],
)
def test_pairs_that_do_not_match(wanted: str, given: str, message: str) -> None:
    with pytest.raises(LinkError, match=message) as error:
        merged(f'(module (import "B" "x" {wanted}))', f"(module {given})")
    assert 'import "B" "x" of the first module from export "x" of the second' in error.value.message
    assert "no such export" in message or error.value.message.startswith("step 1")
    assert error.value.span is not None


# --- names and the rest ---------------------------------------------------------------------------
def test_bindings_are_unique() -> None:
    found = merged(
        '(module (import "B" "g" (func $g)) (func $f (param $x i32) (local $y i32)) (global $v i32 (i32.const 0)))',
        '(module (func $f (export "g")) (func $f.1) (global $v i32 (i32.const 1)) (data $d "") (memory $m 1))',
    )
    assert [f.binding for f in found.module.funcs] == ["$f.2", "$f.1", "$f"]
    assert found.module.funcs[2].local_names == ("$x", "$y")
    assert [g.binding for g in found.module.globals] == ["$v.1", "$v"]
    assert [(r.what, r.old, r.new) for r in found.renamed] == [
        ("function", "$f", "$f.2"),
        ("global", "$v", "$v.1"),
    ]


def test_names_of_imports_are_kept() -> None:
    """A definition without a name takes that of an import that it resolves; one with a name keeps it."""
    importer = '(module (import "B" "f" (func $f)) (import "B" "g" (func $h)) (func $own call $f call $h))'
    found = merged(importer, '(module (func (export "f")) (func $g (export "g")))')
    assert [f.binding for f in found.module.funcs] == ["$f", "$g", "$own"]
    assert not found.renamed


def test_nested_modules() -> None:
    inner = '(module $inner (func (export "f")))'
    text = f"(module {inner} (func instantiate $inner drop))"
    found = merged(text, text.replace('"f"', '"g"')).module
    assert [m.binding for m in found.modules] == ["$inner", "$inner.1"]
    bodies = [f.body[0] for f in found.funcs]
    assert [e.module.exports[0].name for e in bodies if isinstance(e, Instantiate)] == ["f", "g"]


def test_equal_types_are_one() -> None:
    text = (
        "(module (type $a (func)) (type $b (func (param i32))) (table 1 funcref) (func (call_indirect (type {}) {})))"
    )
    found = merged(text.format("$b", "(i32.const 0) (i32.const 0)"), text.format("$a", "(i32.const 0)")).module
    assert len(found.types) == 2
    calls = [f.body[-1] for f in found.funcs]
    assert [(c.type, c.table) for c in calls] == [(1, 0), (0, 1)]  # type: ignore[union-attr]


def test_the_binary_of_a_merge() -> None:
    found = merged(
        """(module (import "B" "m" (memory 1)) (data $d "x")
          (func $f (export "f") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))))""",
        '(module (memory (export "m") 1) (func $s) (start $s) (data $d (i32.const 0) "y"))',
    ).module
    validate(found, THREADS)
    assert decode_module(encode_module(found), "merged.wasm") == found


def test_today_s_rules_know_one_memory() -> None:
    found = merged("(module (memory 1))", "(module (memory 1))").module
    with pytest.raises(Invalid, match="multiple memories"):
        validate(found, THREADS)


# --- LM -------------------------------------------------------------------------------------------
LM_N = """(module (global $k {share} (mut i32) (i32.const 0))
  (func (export "inc") {share} (result i32) (global.set $k (i32.add (global.get $k) (i32.const 1))) (global.get $k)))"""
LM_M = """(module (import "B" "inc" (func $inc {share} (result i32))) (func $f {fork} (drop (call $inc)))
  (func (export "main") (result i32) (call $inc) (fork $f)))"""


def test_lm_needs_a_shared_counter() -> None:
    """With k local, what a fork may reach cannot reach it: in N, in M, or in both."""
    with pytest.raises(Invalid, match="may not use local global \\$k"):
        parsed("(module (global $k (mut i32) (i32.const 0)) (func shared (drop (global.get $k))))")
    with pytest.raises(Invalid, match="may not use local function \\$inc"):
        parsed(LM_M.format(share="", fork="shared"))
    found = merged(LM_M.format(share="shared", fork="shared"), LM_N.format(share="shared"))
    assert {e.name for e in found.module.exports if e.kind is ExternKind.FUNC} == {"inc", "main"}
