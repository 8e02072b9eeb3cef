"""Modules in files: converted, checked, and refused as tests in words that help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from litmus.cli import main
from litmus.cli.status import BAD_INPUT, FAILED, OK

TEXT = """(module $m
  (import "env" "memory" (memory 1 2 shared))
  (func $add (export "add") (param $n i32) (result i32)
    i32.const 8
    local.get $n
    i32.atomic.rmw.add))
"""
Run = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.wat").write_text(TEXT)
    return tmp_path


def test_to_binary_and_back(here: Path, capsys: Run) -> None:
    assert main(["convert", "m.wat", "m.wasm"]) == OK
    assert main(["convert", "m.wasm", "again.wat"]) == OK
    assert main(["convert", "again.wat", "again.wasm"]) == OK
    assert "again.wasm: " in capsys.readouterr().out
    assert (here / "m.wasm").read_bytes() == (here / "again.wasm").read_bytes()
    assert "(param $n i32)" in (here / "again.wat").read_text()


def test_custom_sections_stay_in_binaries_only(here: Path, capsys: Run) -> None:
    (here / "c.wasm").write_bytes(b"\0asm\1\0\0\0" + b"\0\x04\x03abc")
    assert main(["convert", "c.wasm", "d.wasm"]) == OK
    assert (here / "d.wasm").read_bytes() == (here / "c.wasm").read_bytes()
    capsys.readouterr()
    assert main(["convert", "c.wasm", "c.wat"]) == OK
    assert "without its custom sections (abc)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["m.wat", "m.txt"], "m.txt names no format of modules"),
        (["m.txt", "m.wat"], "m.txt is no module"),
        (["none.wasm", "m.wat"], "cannot read none.wasm"),
        (["none.wat", "m.wasm"], "cannot read none.wat"),
        (["m.wat", "none/m.wasm"], "cannot write none/m.wasm"),
        (["text.wasm", "m.wat"], "text.wasm:0x0: malformed: magic header not detected"),
        (["fork.wat", "m.wasm"], "unsupported: a shared function in the binary format"),
    ],
)
def test_bad_conversions(here: Path, capsys: Run, arguments: list[str], message: str) -> None:
    (here / "text.wasm").write_text(TEXT)
    (here / "fork.wat").write_text("(module (func $f shared) (func fork $f))")
    assert main(["convert", *arguments]) == BAD_INPUT
    assert message in capsys.readouterr().err


def test_binaries_are_checked(here: Path, capsys: Run) -> None:
    assert main(["convert", "m.wat", "m.wasm"]) == OK
    assert main(["check", "m.wasm", "m.wat"]) == OK
    assert "m.wasm: a valid module" in capsys.readouterr().out
    (here / "bad.wasm").write_bytes(
        b"\0asm\1\0\0\0\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x05\x01\x03\x00\x1a\x0b"
    )
    assert main(["check", "bad.wasm"]) == BAD_INPUT
    assert "bad.wasm:0x17: invalid:" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "outcomes", "explain"])
def test_what_a_module_imports_is_provided_by_a_test(here: Path, capsys: Run, verb: str) -> None:
    main(["convert", "m.wat", "m.wasm"])
    for file, place in (("m.wasm", ":0x13: "), ("m.wat", ":2:26: ")):
        assert main([verb, file]) == BAD_INPUT
        captured = capsys.readouterr()
        shown = captured.out + captured.err
        assert f'{file}{place}link error: unknown import "env" "memory"' in shown
        assert f'module "{file}"' in shown
        assert 'it exports func "add"' in shown


GLOBALS = """(module $m (global $g (export "g") (mut i32) (i32.const 1)) (global (export "k") i64 (i64.const -1))
  (func $s (global.set $g (i32.const 7))) (start $s))"""
TRAPS = "(module (func $divide (drop (i32.div_u (i32.const 1) (i32.const 0)))) (start $divide))"
FORKS = """(module (global $g (export "g") (mut i32) (i32.const 1)) (memory 1 1 shared)
  (func $child shared (i32.atomic.store (i32.const 0) (i32.const 5)))
  (func $s (fork $child) (global.set $g (i32.atomic.load (i32.const 0)))) (start $s))"""
SPECTEST = (
    """(module (import "spectest" "print_i32" (func $p (param i32))) (func $s (call $p (i32.const 1))) (start $s))"""
)


def test_a_module_alone_is_instantiated(here: Path, capsys: Run) -> None:
    (here / "g.wat").write_text(GLOBALS)
    (here / "s.wat").write_text(SPECTEST)
    assert main(["convert", "g.wat", "g.wasm"]) == OK
    capsys.readouterr()
    for file in ("g.wat", "g.wasm", "s.wat"):
        assert main(["run", file]) == OK
        assert "holds" in capsys.readouterr().out
    for file in ("g.wat", "g.wasm"):
        assert main(["outcomes", file]) == OK
        shown = capsys.readouterr().out
        assert "g: forall (host:done)" in shown
        assert re.search(r"host:g +host:k +host ends +wasm-threads\n +7 +18446744073709551615 +done", shown)
        assert "1 outcome under wasm-threads; complete" in shown


def test_a_module_that_traps_fails(here: Path, capsys: Run) -> None:
    (here / "t.wat").write_text(TRAPS)
    assert main(["convert", "t.wat", "t.wasm"]) == OK
    for file in ("t.wat", "t.wasm"):
        assert main(["run", file]) == FAILED
        assert "UNEXPECTED: host:status=trap" in capsys.readouterr().out


def test_a_module_whose_start_function_forks(here: Path, capsys: Run) -> None:
    (here / "f.wat").write_text(FORKS)
    assert main(["run", "f.wat"]) == OK
    capsys.readouterr()
    assert main(["outcomes", "f.wat", "--model", "wasm", "--model", "sc"]) == OK
    assert "2 outcomes under wasm; complete" in capsys.readouterr().out


def test_the_name_section_names_functions_in_reports(here: Path, capsys: Run) -> None:
    (here / "t.wat").write_text(
        '(module (import "env" "memory" (memory 1 1 shared)) (func (nop))'
        ' (func $write (export "write") (i32.store (i32.const 0) (i32.const 1)))'
        ' (func (export "read") (result i32) (i32.load (i32.const 0))))'
    )
    (here / "t.litmus").write_text(
        'WASM T\n{ i32 x @ 0; }\nmodule "t.wasm"\n P           | Q                ;\n'
        " call $write | r0 = call $read ;\nexists (1:r0=1)\n"
    )
    assert main(["convert", "t.wat", "t.wasm"]) == OK
    assert main(["explain", "t.litmus"]) == OK
    shown = capsys.readouterr().out
    assert re.search(r"i32.store +t.wasm:0x[0-9a-f]+ in [$]write\n", shown)
    assert re.search(r"i32.load +t.wasm:0x[0-9a-f]+\n", shown)  # has no name
    data = (here / "t.wasm").read_bytes()
    (here / "bad.wasm").write_bytes(data.replace(b"\x41\0\x41\1\x36", b"\x01\1\x41\1\x36"))
    assert main(["check", "bad.wasm"]) == BAD_INPUT
    assert re.match(r"bad.wasm:0x[0-9a-f]+ in [$]write: invalid: type mismatch", capsys.readouterr().err)
