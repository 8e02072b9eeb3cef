"""Host scripts: what agents do, in litmus tests (FORMAT.md, "Host scripts")."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litmus.language import parse_litmus
from semantics.axioms import load_model
from semantics.diagnostics import LinkError, NotExpressible, Source, TextError, Unsupported, WeftError
from semantics.exploration import explore
from semantics.exploration.program import Bounds
from semantics.profiles import PROFILES
from semantics.profiles.web import WEB
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from tests.semantics.profiles.hosted import shown

M = """
module M {
  (memory (import "page" "memory") 1 1 shared)
  (global $g (export "g") (mut i32) (i32.const 0))
  (table (export "t") 1 funcref)
  (func (export "set") (param $v i32) (global.set $g (local.get $v)) (i32.store x (local.get $v)))
  (func (export "get") (result i32 i32) (i32.load x) (global.get $g))
  (func (export "wide") (result i64) (i64.const 7))
  (func (export "trap") unreachable)
}
"""


def written(page: str, worker: str = "", state: str = "i32 x; i32 y;", modules: str = M) -> str:
    scripts = f"script page {{\n{page}\n}}\n" + (f"script W {{\n{worker}\n}}\n" if worker else "")
    return f"WASM test\n{{ {state} }}\n{modules}\n{scripts}\nexists (true)\nlocations [x; y;]\nprofile web\n"


def outcomes(page: str, worker: str = "", profile: Profile = WEB, **rest: str) -> set[object]:
    test = parse_litmus(Source("test", written(page, worker, **rest)), profile)
    problem = Problem(explore(test.program, Bounds(), profile), load_model("wasm-threads"))
    found = problem.outcomes()
    assert found.complete
    return set(found)


def error(page: str, worker: str = "", **rest: str) -> WeftError:
    with pytest.raises(WeftError) as caught:
        outcomes(page, worker, **rest)
    assert caught.value.span is not None
    return caught.value


START = "i = instantiate M memory\nworker W\n"


def test_calls_results_and_messages() -> None:
    page = START + "call i.set 5\na b = call i.get\npost W M memory a 9\nreceive W c d"
    worker = "receive page m mem v n\nj = instantiate m mem\ncall j.set n\np q = call j.get\npost page p v"
    found = outcomes(page, worker)
    assert shown(found, "page:a", "page:b", "W:p", "W:q", "page:c", "page:d", "x") == {(5, 5, 9, 9, 9, 5, 9)}


def test_a_number_of_64_bits() -> None:
    found = outcomes("i = instantiate M memory\nworker W\nr = call i.wide\npost W r", "receive page v")
    assert shown(found, "W:v") == {(7,)}


def test_an_exception_ends_the_script() -> None:
    found = outcomes(START + "call i.trap\ncall i.set 3", "receive page")
    assert shown(found, "page", "W", "x") == {("trap", "blocked", 0)}


@pytest.mark.parametrize("thing", ("i", "i.t", "i.g", "i.set", "own"))
def test_what_cannot_be_cloned(thing: str) -> None:
    found = outcomes("own = memory 1\n" + START + f"post W {thing}\ncall i.set 3", "receive page a")
    assert shown(found, "page", "W", "x") == {("trap", "blocked", 0)}


def test_memories_can_be_cloned_or_not() -> None:
    page = "mem = memory 1 1 shared\n" + START + "post W mem"
    worker = "receive page mem\nAtomics.store mem 0 1"
    assert shown(outcomes(page, worker), "page", "W") == {("done", "done")}
    assert shown(outcomes(page, worker, replace(WEB, clone="data")), "page", "W") == {("trap", "blocked")}


def test_a_memory_out_of_an_instance_is_the_one_that_went_in() -> None:
    modules = M.replace("(memory ", '(memory (export "mem") ')
    found = outcomes(START + "post W i.mem", "receive page m\nAtomics.store m y 4", modules=modules)
    assert shown(found, "y") == {(4,)}


def test_memories_are_distinct() -> None:
    page = (
        "a = memory 1 1 shared\nb = memory 1 1 shared\nAtomics.store a 0 1\nr = Atomics.load b 0\ns = Atomics.load a 0"
    )
    assert shown(outcomes(page, modules=""), "page:r", "page:s") == {(0, 1)}


def test_atomics() -> None:
    page = """worker W
      post W memory
      r = Atomics.exchange memory x 3
      s = Atomics.compareExchange memory x 3 4
      t = Atomics.add memory x 1
      receive W v"""
    worker = "receive page m\nw = Atomics.wait m y 1 -1\nv = Atomics.wait m y 0 5\npost page v"
    assert shown(outcomes(page, worker, modules=""), "page:r", "page:s", "page:t", "page:v", "W:w", "x") == {
        (0, 3, 4, 2, 1, 5)
    }


def test_messages_of_two_workers() -> None:
    text = written("worker W\nworker V\nreceive V a\nreceive W b", "post page 1", modules="")
    text = text.replace("exists", "script V {\npost page 2\n}\nexists")
    test = parse_litmus(Source("test", text), WEB)
    found = Problem(explore(test.program, Bounds(), WEB), load_model("wasm")).outcomes()
    assert shown(set(found), "page:a", "page:b") == {(2, 1)}


def test_an_inbox() -> None:
    """Who posts is not known; objects are, where all messages carry the same."""
    page = "worker W\nworker V\npost W memory\npost V memory\nreceive * a m\nreceive * b n\nr = Atomics.load n x"
    worker = "receive page mem\nAtomics.add mem x {0}\npost page {0} mem"
    text = written(page, worker.format(1), modules="")
    text = text.replace("\nexists", f"\nscript V {{\n{worker.format(2)}\n}}\nexists")
    test = parse_litmus(Source("test", text), WEB)
    found = set(Problem(explore(test.program, Bounds(), WEB), load_model("wasm-threads")).outcomes())
    assert shown(found, "page:a", "page:b", "page:r") == {(1, 2, 3), (2, 1, 3)}


def test_an_inbox_after_ports() -> None:
    worker = "post page 1\npost page 2"
    found = outcomes("worker W\nreceive W a\nreceive * b\nreceive * c", worker, modules="")
    assert shown(found, "page", "page:a", "page:b", "page:c") == {("blocked", 1, 2, None)}


def test_messages_that_an_inbox_cannot_have() -> None:
    same = "worker W\nreceive * a\nreceive * b"
    assert "the messages that may come differ" in str(error(same, "post page 1\npost page M"))
    assert "a message to page has 1 parts" in str(error("worker W\nreceive * a b", "post page 1"))
    after = "worker W\nreceive * a\nreceive W b"
    assert "only receive * may follow on receive *" in str(error(after, "post page 1\npost page 2"))


def test_scripts_that_wait_for_each_other() -> None:
    found = outcomes("worker W\nreceive W a\npost W 1", "receive page b\npost page 1", modules="")
    assert shown(found, "page", "W") == {("blocked", "blocked")}


def test_designs_without_scripts() -> None:
    source = Source("test", written("worker W", "post page 1"))
    for profile in PROFILES.values():
        if profile.scripts:
            parse_litmus(source, profile)
        else:
            with pytest.raises(NotExpressible, match="host scripts"):
                parse_litmus(source, profile)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("instantate M memory", "instantate is no statement of a script"),
        ("i = instantiate N memory", "unknown name N"),
        ("i = instantiate M", 'nothing is given for the import "page" "memory"'),
        ("i = instantiate M memory memory", "M has no more imports"),
        ("i = instantiate M M", "M cannot be imported"),
        ("m = compile N", "unknown module N"),
        ("i = instantiate M memory\ncall i.st 1", "i has no export st"),
        ("i = instantiate M memory\ncall i.t 1", "i.t is no function"),
        ("i = instantiate M memory\ncall i.set", "i.set takes other arguments"),
        ("i = instantiate M memory\ncall i.set M", "M is no i32"),
        ("i = instantiate M memory\nr = call i.wide\ncall i.set r", "r is no i32"),
        ("i = instantiate M memory\nr = call i.set 1", "i.set yields 0 values"),
        ("i = instantiate M memory\na b = call i.get\na = call i.wide", "a holds i32 elsewhere"),
        ("i = instantiate M memory\n1a = call i.wide", "1a is not a name"),
        ("worker V", "unknown script V"),
        ("worker page", "script page is started twice"),
        ("post V 1", "unknown script V"),
        ("terminate page", "the main agent is no worker"),
        ("m = memory 70000 70000 shared", "these are no sizes of a memory"),
        ("m = memory 1 shared", "these are no sizes of a memory"),
        ("r = Atomics.load x 0", "unknown name x"),
        ("r = Atomics.load memory", "Atomics.load takes other arguments"),
        ("a = b = compile M", "unexpected ="),
        ("post page 99999999999", "unknown name 99999999999"),
    ],
)
def test_errors(page: str, message: str) -> None:
    found = error(page)
    assert isinstance(found, TextError) and message in str(found)


def test_errors_of_several_scripts() -> None:
    assert "script W is never started" in str(error("post W 1", "receive page a"))
    assert "script W is started twice" in str(error("worker W\nworker W", "receive page a"))
    assert "has 2 parts" in str(error("worker W\npost W 1 2", "receive page a"))
    assert isinstance(error("b = memory 2 2\ni = instantiate M b"), LinkError)
    modules = 'module M { (memory (export "m") 1 1 shared) }'
    assert isinstance(error("worker W\ni = instantiate M\npost W i.m", "receive page a", modules=modules), Unsupported)


def test_scripts_stand_alone() -> None:
    text = written("worker W", "post page 1")
    with pytest.raises(TextError, match="no other threads"):
        parse_litmus(Source("test", text.replace("script W", "thread W")), WEB)
    with pytest.raises(TextError, match="by name"):
        parse_litmus(Source("test", text.replace("script page", "module { }\nscript page")), WEB)
