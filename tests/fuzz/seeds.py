"""Good inputs to damage: small ones of our own, the catalogue, and the modules and scripts of the official suites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from litmus import catalogue
from litmus.language import script as ast
from litmus.language.script import parse_script
from semantics.binary import encode_module
from semantics.diagnostics import Malformed, Source, Span, TextError, Unsupported, load_source
from semantics.syntax.modules import Module
from semantics.text import parse_module
from tests.semantics.binary.test_encoding import EVERYTHING

SMALL = """(module $small (import "spectest" "memory" (memory 1 2)) (global $g (export "g") (mut i32) (i32.const 1))
  (func $spin (export "spin") (param $at i32) (result i32) (local $n i64)
    loop $again
      local.get $at  i32.const 0  i32.const 1  i32.atomic.rmw.cmpxchg offset=4  br_if $again
    end
    local.get $at  if (result i32) i32.const 1 else global.get $g end)
  (func (export "fold") (result f64)
    (f64.add (f64.const 0x1.8p3) (f64.convert_i32_s (call $spin (i32.load offset=8 (i32.const 1000))))))
  (data (i32.const 16) "abc\\00\\ff"))"""
TABLES = """(module (type $t (func (param i32) (result i32))) (table $a 3 20 funcref) (table $b 1 externref)
  (memory (export "m") 1 70) (start $init) (func $init (memory.fill (i32.const 0) (i32.const 7) (i32.const 9)))
  (func $f (export "f") (type $t)
    (block $out (result i32)
      (br_table $out 0 1 (i32.const 1) (local.get 0)))
    (drop (table.grow $a (ref.null func) (i32.const 2))) (drop (memory.grow (i32.const 1)))
    (memory.copy (i32.const 3) (i32.const 4) (i32.const 5)) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 2))
    (call_indirect $a (type $t) (i32.const 1)))
  (elem (table $a) (i32.const 0) func $f $f) (elem declare func $init) (data $d "xy"))"""
SCRIPT = """(module $m (memory 1 1 shared) (func (export "f") (param i32) (result i32)
    (i32.atomic.rmw.add (i32.const 0) (local.get 0)))) (register "mem" $m)
(assert_return (invoke "f" (i32.const 1)) (i32.const 0))
(assert_trap (invoke $m "f" (i32.const 2)) "out of bounds")
(thread $T (shared (module $m)) (assert_return (invoke $m "f" (i32.const 3)) (either (i32.const 1) (i32.const 3))))
(wait $T) (assert_invalid (module (func (result i32) (i64.const 1))) "type mismatch")
(assert_malformed (module quote "(func (i32.const 0x))") "unknown operator")
(assert_malformed (module binary "\\00asm\\01") "unexpected end")"""


class Seeds(NamedTuple):
    """Inputs by the line that they take."""

    binaries: list[bytes]
    modules: list[str]
    scripts: list[str]
    tests: list[str]


def own() -> Seeds:
    """What the project has itself."""
    modules = [EVERYTHING, SMALL, TABLES, "(module)"]
    tests = [path.read_text("utf-8") for path in catalogue.paths() if path.suffix == ".litmus"]
    binaries = [encode_module(parse_module(Source("seed.wat", text))) for text in modules]
    return Seeds(binaries, modules, [SCRIPT], [t for t in tests if 'module "' not in t])


def official(files: Iterable[Path]) -> Seeds:
    """Every module of the scripts, as bytes and where it is text as text; and the scripts, cut into pieces."""
    found = Seeds([], [], [], [])
    for path in files:
        source = load_source(path)
        try:
            commands = parse_script(source).commands
        except (TextError, Malformed, Unsupported):
            continue  # of a later proposal
        for command in _flat(commands):
            _take(found, command)
        found.scripts.append(source.text[:20_000])
    return found


def _take(found: Seeds, command: ast.Command) -> None:
    if isinstance(command, ast.AssertInvalid | ast.AssertUnlinkable | ast.AssertMalformed):
        command = command.module
    if isinstance(command, ast.Thread):
        found.scripts.append(_text(command.span))
    if not isinstance(command, ast.Define):
        return
    if isinstance(command.content, ast.Binary):
        found.binaries.append(command.content.content)
    elif isinstance(command.content, Module):
        found.modules.append(_text(command.span)[:50_000])
        try:
            found.binaries.append(encode_module(command.content))
        except Unsupported:
            return


def _flat(commands: Iterable[ast.Command]) -> Iterator[ast.Command]:
    for command in commands:
        yield command
        if isinstance(command, ast.Thread):
            yield from _flat(command.commands)


def _text(span: Span) -> str:
    lines = span.source.text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)
