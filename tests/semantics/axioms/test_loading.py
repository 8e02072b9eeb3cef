"""The model language: what is read, and what is refused with which words at which place."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantics.axioms import load_model, shipped_models
from semantics.axioms.model import (
    Base,
    CheckKind,
    Difference,
    IndexSort,
    Intersection,
    Plus,
    Ref,
    Sequence,
    Sort,
    Union,
    Waiting,
)
from semantics.diagnostics import Malformed, TextError, WeftError, render

CHECK = "acyclic po as c\n"


def load(folder: Path, text: str, name: str = "m.cat") -> object:
    path = folder / name
    path.write_text(text, "utf-8")
    return load_model(str(path))


def test_shipped_models_load() -> None:
    assert shipped_models() == ("js", "js-es2018", "paper-dag", "sc", "wasm", "wasm-acqrel", "wasm-threads")
    for name in shipped_models():
        model = load_model(name)
        assert model.name == name
        assert model.title != name
        assert model.checks


def test_options() -> None:
    switched_on = {"wasm": {"dagger", "ddagger"}, "wasm-threads": {"fifo-cs", "notears"}, "wasm-acqrel": {"fence"}}
    for name, on in switched_on.items():
        assert {option for option, is_on in load_model(name).options.items() if is_on} == on
    off = load_model("wasm[-dagger,-ddagger]")
    dag = load_model("paper-dag")
    assert off.checks == dag.checks
    assert {c.name for c in load_model("wasm").checks} - {c.name for c in dag.checks} == {
        "sc-last-visible-2",
        "sc-last-visible-3",
    }
    assert load_model("wasm[ -dagger ]").name == "wasm[-dagger]"


def test_aliases() -> None:
    assert load_model("paper").name == "wasm"
    assert load_model("threads-text").name == "wasm-threads"


def test_uses_tell_the_kind_of_wait_queue() -> None:
    kinds = {name: load_model(name).waiting for name in shipped_models()}
    assert {n for n, waiting in kinds.items() if waiting is Waiting.REACT} == {"wasm", "paper-dag"}
    assert {n for n, waiting in kinds.items() if waiting is Waiting.SECTIONS} == {"js"}
    assert load_model("wasm[+fifo-cs]").waiting is load_model("wasm-threads[-js-cs]").waiting is Waiting.FIFO
    assert load_model("js[-js-cs,-fifo-cs]").waiting is Waiting.REACT


def test_an_option_chooses_an_expression(tmp_path: Path) -> None:
    text = (
        "option o off\nlet a = if o then po else asw\nlet b = susp\nlet c = if o then b else 0 | id\nacyclic a | c as d"
    )
    (tmp_path / "m.cat").write_text(text)
    off, on = load_model(str(tmp_path / "m.cat")), load_model(f"{tmp_path / 'm.cat'}[+o]")
    assert off.uses == {"asw", "id"} and on.uses == {"po", "susp"}
    assert not off.definitions and {d.name for d in on.definitions} == {"b"}  # the others only stand for something


def test_linearisations_may_build_on_each_other(tmp_path: Path) -> None:
    text = (
        "option o on\nwhen o with s from linearisations(F, 0)\nwith t from linearisations(E, po | (if o then s else 0))"
    )
    (tmp_path / "m.cat").write_text(text + "\nirreflexive t ; asw as c")
    on, off = load_model(str(tmp_path / "m.cat")), load_model(f"{tmp_path / 'm.cat'}[-o]")
    assert [[x.name for x in m.linearisations] for m in (on, off)] == [["s", "t"], ["t"]]


def test_loading_is_memoised_until_a_file_changes(tmp_path: Path) -> None:
    first = load(tmp_path, CHECK)
    assert load_model(str(tmp_path / "m.cat")) is first
    (tmp_path / "m.cat").write_text("acyclic po | asw as c\n")
    assert load_model(str(tmp_path / "m.cat")) is not first
    assert load_model("wasm") is load_model("wasm")


def test_precedences(tmp_path: Path) -> None:
    model = load(tmp_path, "empty po | asw ; id \\ create & susp^+ as c")
    expr = model.checks[0].expr  # type: ignore[attr-defined]
    assert isinstance(expr, Union) and isinstance(expr.args[1], Sequence)
    difference = expr.args[1].args[1]
    assert isinstance(difference, Difference) and isinstance(difference.right, Intersection)
    assert isinstance(difference.right.args[1], Plus)


def test_sorts_of_indices(tmp_path: Path) -> None:
    text = "let a@x = SC@x\nlet c@x = W@x\nlet d@x: region = W@x\nforall b. empty [a@b] | [c@b] | [d@b] as c"
    model = load(tmp_path, text)
    sorts = {d.name: d.index_sort for d in model.definitions}  # type: ignore[attr-defined]
    assert sorts == {"a": IndexSort.REGION, "c": IndexSort.CELL, "d": IndexSort.REGION}


def test_zero_takes_the_sort_that_is_wanted(tmp_path: Path) -> None:
    model = load(tmp_path, "empty 0 & E as a\nempty po | 0 as b")
    assert [c.expr.sort for c in model.checks] == [Sort.SET, Sort.RELATION]  # type: ignore[attr-defined]


def test_what_an_option_turns_off_is_gone(tmp_path: Path) -> None:
    text = "option strong off\nlet extra = susp\nwhen strong acyclic extra as s\n~empty po as c\nflag empty queue as f"
    model = load(tmp_path, text)
    assert model.definitions == ()  # type: ignore[attr-defined]
    assert model.uses == {"po", "queue"}  # type: ignore[attr-defined]
    assert [(c.name, c.negated, c.flag) for c in model.checks] == [  # type: ignore[attr-defined]
        ("c", True, False),
        ("f", False, True),
    ]


def test_recursion(tmp_path: Path) -> None:
    model = load(tmp_path, "let rec a = po | b and b = a ; a\nacyclic a as c")
    assert [(d.name, d.recursive) for d in model.definitions] == [("a", True), ("b", True)]  # type: ignore[attr-defined]
    assert model.definitions[1].body == Sequence(  # type: ignore[attr-defined]
        (Ref("a", sort=Sort.RELATION), Ref("a", sort=Sort.RELATION)), sort=Sort.RELATION
    )


def test_an_include_stands_where_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "lib.cat").write_text('"Library"\nlet base = po | asw\nlet spare = susp\nacyclic base as lib\n')
    model = load(tmp_path, '"Mine"\ninclude "lib.cat"\nempty base & susp as mine')
    assert [c.name for c in model.checks] == ["lib", "mine"]  # type: ignore[attr-defined]
    assert model.title == "Mine"  # type: ignore[attr-defined]


def test_comments(tmp_path: Path) -> None:
    model = load(tmp_path, "(* one\n two *) // three\nacyclic (* four *) po as c // five")
    assert model.checks[0].expr == Base("po", sort=Sort.RELATION)  # type: ignore[attr-defined]
    assert model.checks[0].kind is CheckKind.ACYCLIC  # type: ignore[attr-defined]


REFUSED = {
    "unknown relation": ("acyclic pos as c", "1:9", "unknown set or relation pos", "did you mean po?"),
    "unknown keyword": ("acylic po as c", "1:1", "unexpected acylic", "did you mean acyclic?"),
    "set for relation": ("acyclic R as c", "1:9", "a relation is wanted here, R is a set", "[R]"),
    "relation for set": ("empty [po] as c", "1:8", "a set is wanted here, po is a relation", ""),
    "sequence for set": ("empty [po;po] as c", "1:8", "a set is wanted here", ""),
    "index missing": ("acyclic rf as c", "1:9", "rf takes an index", "union b. (rf@b)"),
    "index too much": ("forall b. acyclic po@b as c", "1:19", "po takes no index", ""),
    "index unknown": ("forall b. empty W@c as c", "1:17", "unknown index variable c", ""),
    "cell wanted": ("let w@b = W@b\nforall r: region. empty w@r as c", "2:25", "w wants a cell, r is a region", ""),
    "unused definition": ("let a = po\n" + CHECK, "1:5", "a is never used", ""),
    "unused linearisation": ("with t from linearisations(E, po)\n" + CHECK, "1:1", "t is never used", ""),
    "unused option": ("option o on\n" + CHECK, "1:1", "option o is never used", ""),
    "unknown option": ("when o acyclic po as c", "1:6", "unknown option o", ""),
    "option twice": ("option o on\noption o off\nwhen o " + CHECK, "2:1", "set twice", ""),
    "defined twice": ("let a = po\nlet a = asw\nacyclic a as c", "2:5", "a is defined twice", ""),
    "base name": ("let po = asw\nacyclic po as c", "1:5", "cannot be defined anew", ""),
    "defined later": ("acyclic a as c\nlet a = po", "1:9", "only further down", ""),
    "check name twice": (CHECK + CHECK, "2:15", "two checks are named c", ""),
    "missing include": ('include "no.cat"', "1:9", "cannot find the included model no.cat", ""),
    "include of itself": ('include "m.cat"\n' + CHECK, "1:9", "a cycle of includes", ""),
    "included twice": ('include "sc.cat" include "sc.cat"', "1:26", "included twice", ""),
    "empty file": ("  \n", "1:1", "the model file is empty", ""),
    "no check": ("(* nothing *)", "1:1", "no check", ""),
    "unfinished": ("acyclic po", "1:11", "ends too early", ""),
    "odd character": ("acyclic po $ as c", "1:12", "unexpected character '$'", ""),
    "name missing": ("acyclic po\nacyclic asw as c", "2:1", "unexpected acyclic", ""),
    "linearisation that is off": (
        "option o off when o with s from linearisations(E, po) acyclic s as c",
        "1:1",
        "s is not there: option o is off",
        "",
    ),
    "negated linearisation": (
        "with t from linearisations(E, po)\nempty po \\ (asw & t) as c",
        "2:13",
        "may not depend on a linearisation",
        "",
    ),
    "negated through a name": (
        "with t from linearisations(E, po)\nlet u = t ; t\nempty po \\ u as c",
        "3:12",
        "may not depend on a linearisation",
        "",
    ),
    "negated recursion": ("let rec a = po \\ a\nacyclic a as c", "1:18", "or on a recursive definition", ""),
    "indexed recursion": ("let rec a@b = rf@b\nforall b. acyclic a@b as c", "1:9", "takes no index", ""),
    "shown with an index": ("let a@b = rf@b\nforall b. acyclic a@b as c\nshow a", "3:6", "a takes an index", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_place(case: str, tmp_path: Path) -> None:
    text, place, message, hint = REFUSED[case]
    with pytest.raises(WeftError) as caught:
        load(tmp_path, text)
    error = caught.value
    assert f"{error.span}".endswith(f"m.cat:{place}"), render(error)
    assert message in error.message
    assert hint in error.hint


def test_a_cycle_of_includes(tmp_path: Path) -> None:
    (tmp_path / "b.cat").write_text('include "a.cat"\n')
    with pytest.raises(TextError, match="cycle of includes") as caught:
        load(tmp_path, 'include "b.cat"\n' + CHECK, "a.cat")
    assert str(caught.value.span).endswith("b.cat:1:9")


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "m.cat").write_bytes(b"acyclic \xff as c")
    with pytest.raises(Malformed, match="not UTF-8"):
        load_model(str(tmp_path / "m.cat"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("wasn", "unknown model wasn"),
        ("", "not a model"),
        ("wasm[dagger]", "not a switch"),
        ("wasm[]", "not a switch"),
        ("wasm[-daggr]", "model wasm has no option daggr"),
        ("wasm[-dagger,+dagger]", "switched twice"),
        ("sc[-dagger]", "model sc has no option dagger"),
        ("missing/x.cat", "cannot read"),
        ("wasm[-dagger", "not a model"),
    ],
)
def test_refused_names(spec: str, message: str) -> None:
    with pytest.raises(TextError) as caught:
        load_model(spec)
    assert message in caught.value.message


def test_expected_words_are_listed(tmp_path: Path) -> None:
    with pytest.raises(TextError) as caught:
        load(tmp_path, "option dagger maybe")
    assert caught.value.expected == ("off", "on")
