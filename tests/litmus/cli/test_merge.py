"""weft merge: which imports are resolved, what is reported, and the statuses of the check."""

from __future__ import annotations

import re

import pytest

from litmus.checking.merging import DEPLOYED
from litmus.cli import main
from litmus.cli.status import BAD_INPUT, FAILED, OK, UNDECIDED
from semantics.diagnostics import Source
from semantics.merging.names import Naming
from semantics.text import parse_module
from semantics.validation import validate

LIB = """(module $lib (global $k shared (mut i32) (i32.const 0))
  (func $inc (export "inc") shared (result i32)
    (global.set $k (i32.add (global.get $k) (i32.const 1))) (global.get $k)))"""
APP = """(module (import "lib" "inc" (func $inc shared (result i32))) (func (export "inc") (result i32) (call $inc)))"""


def test_merged_by_name(weft, tmp_path) -> None:
    ran = weft("merge", "app.wat", "lib.wat", "-o", "whole.wat", app__wat=APP, lib__wat=LIB)
    assert ran.status == OK
    assert "merged from app and lib, lib instantiated first" in ran.out
    assert 'resolved  import "lib" "inc" of app  by export "inc" of lib' in ran.out
    assert "renamed   export inc of lib          to inc.1" in ran.out
    module = parse_module(Source("whole.wat", (tmp_path / "whole.wat").read_text()))
    validate(module)
    assert not module.imports
    assert [e.name for e in module.exports] == ["inc", "inc.1"]


@pytest.mark.parametrize("stem", ["lib", "other"])
def test_a_module_is_known_by_its_file_or_its_name(weft, stem: str) -> None:
    ran = weft("merge", "app.wat", f"{stem}.wat", "--check", app__wat=APP, **{f"{stem}__wat": LIB})
    assert ran.status == OK
    assert "resolved" in ran.out


def test_either_may_import(weft) -> None:
    ran = weft("merge", "lib.wat", "app.wat", "-o", "whole.wat", app__wat=APP, lib__wat=LIB)
    assert ran.status == OK
    assert "lib instantiated first" in ran.out
    assert "renamed   export inc of app" in ran.out


def test_explicit_links(weft, tmp_path) -> None:
    app = '(module (import "env" "a.b" (func $f)) (import "lib" "g" (func $g)) (func (export "h") call $f call $g))'
    lib = '(module (func (export "x=y")) (func (export "g")))'
    ran = weft("merge", "app.wat", "lib.wat", "--link", "env.a.b=x=y", "-o", "out.wasm", app__wat=app, lib__wat=lib)
    assert ran.status == OK
    assert 'resolved  import "env" "a.b" of app  by export "x=y" of lib' in ran.out
    assert 'open      import "lib" "g" of app    no --link names it' in ran.out
    assert (tmp_path / "out.wasm").read_bytes().startswith(b"\0asm")


def test_names_that_are_not_exported_are_pointed_out(weft) -> None:
    app = '(module (import "lib" "incr" (func)) (import "env" "x" (global i32)))'
    ran = weft("merge", "app.wat", "lib.wat", "-o", "out.wat", app__wat=app, lib__wat=LIB)
    assert ran.status == OK
    assert 'open  import "lib" "incr" of app  lib exports no such name' in ran.out
    assert 'open  import "env" "x" of app\n' in ran.out


def test_binaries(weft, tmp_path) -> None:
    """Today's modules use atomics on local memories; a merge of two has two memories."""
    text = '(module (memory (export "m") 1) (func (export "f") (i32.atomic.store (i32.const 0) (i32.const 1))))'
    assert weft("convert", "a.wat", "a.wasm", a__wat=text).status == OK
    binary = (tmp_path / "a.wasm").read_bytes() + b"\0\x04\x03abc"
    files = {"a__wasm": binary, "b__wasm": binary}
    ran = weft("merge", "a.wasm", "b.wasm", "-o", "c.wat", "--check", "--contexts", "3", **files)
    assert ran.status == OK
    assert f"typing rules: {DEPLOYED.name}" in ran.out
    assert "left out  custom sections of a  abc" in ran.out
    assert "MG-single: holds on 3 contexts; 11 more of such a size were not tried" in ran.out
    ran = weft("merge", "a.wasm", "b.wasm", "-o", "c.wasm")
    assert ran.status == BAD_INPUT
    assert "unsupported: an access to memory 1 in the binary format" in ran.err


def test_memory_of_the_host_is_fused(weft, tmp_path) -> None:
    """Two of today's modules over one memory: a binary again, and nobody can tell."""
    text = """(module (import "env" "memory" (memory 1 1 shared))
      (func (export "f") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"""
    files = {"a__wat": text, "b__wat": text.replace("rmw.add", "rmw.xchg")}
    for name in "ab":
        assert weft("convert", f"{name}.wat", f"{name}.wasm", **files).status == OK
    ran = weft("merge", "a.wasm", "b.wasm", "--fuse", "-o", "c.wasm", "--check", "--contexts", "8")
    assert ran.status == OK
    assert 'fused    import "env" "memory" of b  with that of a' in ran.out
    assert "compared: results and traps of calls, how threads end, env.memory[0]" in ran.out
    assert "MG-spawn: holds on 8 contexts" in ran.out
    assert weft("check", "c.wasm").status == OK


def test_the_check_lists_contexts_and_can_fail(weft, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"app__wat": APP, "lib__wat": LIB}
    ran = weft("merge", "app.wat", "lib.wat", "--check", "--contexts", "4", **files)
    assert ran.status == OK
    assert "MG-static: holds\n" in ran.out
    assert (
        "MG-single: holds on 4 contexts; 10 more of such a size were not tried\n    tried:\n      app.inc()" in ran.out
    )
    assert "|| T1: lib.inc() }" in ran.out
    monkeypatch.setattr("semantics.merging.merger.Naming.exports", swapped)
    app = APP.replace("(call $inc)", "(i32.const 99)")
    ran = weft("merge", "app.wat", "lib.wat", "--check", "--contexts", "4", **{**files, "app__wat": app})
    assert ran.status == FAILED
    assert "MG-single: fails\n    the context that tells: app.inc()" in ran.out
    assert "outcomes when linked: 1; those that only this has have a *" in ran.out
    assert "*  99" in ran.out


EXPORTS = Naming.exports


def swapped(naming: Naming) -> object:
    """The twin that mixes up who exports what."""
    exports, found = EXPORTS(naming)
    return exports, dict(zip(found, [*found.values()][::-1], strict=True))


def test_what_is_open_is_undecided(weft) -> None:
    app = '(module (import "env" "f" (func)) (func (export "g")))'
    ran = weft("merge", "app.wat", "lib.wat", "--check", app__wat=app, lib__wat=LIB)
    assert ran.status == UNDECIDED
    assert 'MG-spawn: undecided: not closed: import "env" "f" of app is a function' in ran.out


def test_models_are_asked_one_by_one(weft) -> None:
    ran = weft(
        "merge", "app.wat", "lib.wat", "--check", "--contexts", "2", "--model", "sc", "--model", "wasm",
        app__wat=APP, lib__wat=LIB,
    )  # fmt: skip
    assert ran.status == OK
    assert "properties under sc" in ran.out and "properties under wasm" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["app.wat", "lib.wat"], "nothing to do"),
        (["app.wat", "lib.wat", "-o", "x.txt"], "x.txt names no format of modules"),
        (["app.wat", "none.wat", "-o", "x.wat"], "cannot read none.wat"),
        (["app.wat", "lib.wat", "-o", "x.wasm"], "unsupported: "),
        (["app.wat", "bad.wat", "-o", "x.wat"], "bad.wat:1:9: invalid: "),
        (["wrong.wat", "lib.wat", "-o", "x.wat"], "wrong.wat:1:29: link error: step 1 of merging: cannot resolve"),
        (["app.wat", "lib.wat", "-o", "x.wat", "--link", "lib.ink=inc"], "hint: imports: lib.inc; exports: inc, inc"),
        (["app.wat", "lib.wat", "-o", "x.wat", "--link", "lib.inc=ink"], "no such import, or no such export"),
    ],
)
def test_bad_input(weft, arguments: list[str], message: str) -> None:
    files = {
        "app__wat": APP,
        "lib__wat": LIB,
        "bad__wat": "(module (func (result i32) i64.const 1))",
        "wrong__wat": '(module (import "lib" "inc" (func $inc (result i32))))',
    }
    ran = weft("merge", *arguments, **files)
    assert ran.status == BAD_INPUT
    assert message in ran.err


def test_examples_of_the_help_run(weft, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["merge", "--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert "exit status:" in out
    lines = re.findall(r"^  weft (merge\b.*)$", out.split("examples:")[1], re.MULTILINE)
    assert len(lines) == 3
    app = '(module (import "env" "alloc" (func)) (import "lib" "f" (func)) (func (export "main") call 0 call 1))'
    lib = '(module (func (export "malloc")) (func (export "f")) (memory (export "m") 1))'
    for line in lines:
        command = re.split(r"  +", line)[0].split()
        expected = UNDECIDED if "--check" in command else OK  # env.alloc stays open without its --link
        assert weft(*command, app__wat=app, lib__wat=lib).status == expected, line
